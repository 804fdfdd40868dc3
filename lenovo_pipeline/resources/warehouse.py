"""The DuckDB warehouse: one file, one writing process, one transaction for each change.

Belongs here: transactions, writing and reading a contract's table, what was read, what the warehouse says of itself.
Does not belong here: opening the file (duckdb_file.py), how rows of a contract lie in it (stored_tables.py), Dagster's view of it
(tables_io.py) and the declarations of tables (each stage's tables.py).
"""

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from lenovo_pipeline.contracts import HASH_COLUMN, Table, conform, digest
from lenovo_pipeline.resources.duckdb_file import connect, roll_back
from lenovo_pipeline.resources.stored_tables import (
    are_there,
    contract_version,
    described,
    from_arrow,
    make_room,
    selection,
    to_arrow,
)

if TYPE_CHECKING:
    import duckdb

ROWS_PER_CHUNK = 1_000_000
"""Frames with more rows are written in slices of this many, so that memory stays bounded."""

# As DuckDB writes the tables of a query: a name that needs quotes is quoted, an alias follows it.
_QUALIFIED = re.compile(r'"?(?P<schema>\w+)"?\."?(?P<table>\w+)"?(?: AS .+)?', re.DOTALL)
# What a query may read beside tables: the catalogue, files, other databases. DuckDB does not list it.
_NO_TABLE = re.compile(
    r"\binformation_schema\b|\bpg_catalog\b|\bsqlite_|\bduckdb_\w+\(|\bpragma|\b(?:\w+_scan|read_\w+|glob)\(", re.IGNORECASE
)


@dataclass(frozen=True)
class Written:
    """What writing a table did. `bytes` is the size of the rows in memory (Arrow); `changed` is False if nothing was written."""

    rows: int
    bytes: int
    digest: str
    changed: bool


@dataclass
class Chunks:
    """The rows of a table in pieces, for tables too large to hold at once."""

    frames: Iterable[pd.DataFrame]


Read: TypeAlias = tuple[str, str]
"""What was read: a table (`stage.name`) and the model partition, empty for all of it."""


@dataclass
class Reads:
    """What was read while it was noted; None once something was read that cannot be noted."""

    tables: set[Read] | None = field(default_factory=set)


@dataclass
class Warehouse:
    """The warehouse at `database` (a path, or a MotherDuck address `md:…`). Connections are short: none outlives its block,
    except inside `kept_open`.
    """

    database: str
    _depth: threading.local = field(default_factory=threading.local, repr=False)
    _kept: ExitStack | None = field(default=None, repr=False)
    _prints: dict[Read, str] | None = field(default=None, repr=False)

    @contextmanager
    def kept_open(self) -> Iterator["Warehouse"]:
        """Keep the file open from its first use to the end of the block: opening it takes longer than most queries.

        For the length of a run, which holds the store's lock; no other process can open the file meanwhile.
        """
        with ExitStack() as kept:
            self._kept = kept
            self._prints = {}
            try:
                yield self
            finally:
                self._kept = self._prints = None

    @contextmanager
    def _connection(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        with connect(self.database) as connection:
            if self._kept is not None:
                # DuckDB shares the open file among a process's connections, so one that stays is all it takes.
                self._kept.enter_context(connect(self.database))
                self._kept = None
            yield connection

    @contextmanager
    def read(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A connection that only reads. Inside `write` it sees what that transaction wrote.

        What is read through it nobody can note (see `noting_reads`); the methods below say it themselves.
        Raises TransientFailure if another process writes, PermanentFailure if the file is no warehouse.
        """
        self._note(None)
        with self.looking() as connection:
            yield connection

    @contextmanager
    def looking(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """As `read`, for those who note themselves what they read, or read only what the warehouse says of itself."""
        current = getattr(self._depth, "connection", None)
        if current is not None:
            yield current
            return
        # The same process may read and write: DuckDB wants equal configurations for one file, so no read_only here.
        with self._connection() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A connection inside one transaction: committed at the end of the block, rolled back on any exception.

        A nested block joins the outer transaction.
        """
        current = getattr(self._depth, "connection", None)
        if current is not None:
            yield current
            return
        with self._connection() as connection:
            connection.execute("BEGIN TRANSACTION")
            self._depth.connection = connection
            self._forget_prints()
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                roll_back(connection)
                raise
            finally:
                self._depth.connection = None
                self._forget_prints()

    @contextmanager
    def noting_reads(self) -> Iterator[Reads]:
        """Note what this thread reads inside the block."""
        outer = self._reads
        self._depth.reads = reads = Reads()
        try:
            yield reads
        finally:
            self._depth.reads = outer

    @property
    def _reads(self) -> Reads | None:
        return getattr(self._depth, "reads", None)

    def _note(self, *found: Read | None) -> None:
        if self._reads is not None:
            known = self._reads.tables
            self._reads.tables = None if known is None or None in found else known | {read for read in found if read is not None}

    def _forget_prints(self) -> None:
        if self._prints is not None:
            self._prints.clear()

    def replace(
        self, table: Table, frames: pd.DataFrame | Iterable[pd.DataFrame], *, model: str = "", anew: bool = False
    ) -> Written:
        """Replace a table's rows (of one model partition, if it is partitioned) by `frames`, in one transaction.

        Rows are written by column name with the contract's types; an empty frame makes an empty table. A frame equal to
        the stored rows, as the register knows them, is not written again, unless `anew`.
        Raises ContractError, leaving the old rows, if a frame does not fit.
        """
        contract = contract_version(table)
        known = self.described(table, model=model)
        stored = None if known is None else (known["digest"], known["contract"])
        if isinstance(frames, pd.DataFrame):
            conformed = conform(frames, table)
            version = digest(conformed[HASH_COLUMN])
            if known is not None and stored == (version, contract) and not anew:
                return Written(rows=known["rows"], bytes=known["bytes"], digest=version, changed=False)
            slices: Iterable[pd.DataFrame] = (
                conformed.iloc[start : start + ROWS_PER_CHUNK] for start in range(0, len(conformed), ROWS_PER_CHUNK)
            )
        else:
            slices = (conform(frame, table) for frame in frames)
        with self.write() as connection:
            make_room(connection, table, contract, model)
            hashes: list[str] = []
            size = 0
            for part in slices:
                arrow = to_arrow(part, table)
                size += arrow.nbytes
                hashes.extend(part[HASH_COLUMN])
                connection.register("_incoming", arrow)
                columns = ", ".join(f'"{name}"' for name in arrow.column_names)
                connection.execute(f"INSERT INTO {table.qualified_name} ({columns}) SELECT {columns} FROM _incoming")
                connection.unregister("_incoming")
            version = digest(hashes)
            connection.execute(
                "INSERT OR REPLACE INTO pipeline.tables VALUES (?, ?, ?, ?, ?, ?, ?)",
                [table.qualified_name, model, version, contract, len(hashes), size, datetime.now(UTC).replace(tzinfo=None)],
            )
        return Written(rows=len(hashes), bytes=size, digest=version, changed=stored != (version, contract))

    def load(self, table: Table, *, model: str | None = None) -> pd.DataFrame:
        """The rows of a table (of one model partition) in the order of its key, `content_hash` included.

        Dates and times are Python objects, missing values None, lists lists.
        Raises PermanentFailure if it was never written or was written under another contract.
        """
        self._note((table.qualified_name, (model or "") if table.partitioned else ""))
        with self.looking() as connection:
            query, values = selection(connection, table, model)
            arrow = connection.sql(query, params=values).to_arrow_table()
        return from_arrow(arrow, table)

    def slices(self, table: Table) -> Iterator[pd.DataFrame]:
        """All rows of a table as frames of at most ROWS_PER_CHUNK rows, in the order of its key; an empty table as one.

        Raises as `load` does.
        """
        self._note((table.qualified_name, ""))
        with self.looking() as connection:
            query, values = selection(connection, table, None)
            reader = connection.sql(query, params=values).to_arrow_reader(ROWS_PER_CHUNK)
            first = next(reader, None)
            yield from_arrow(reader.schema.empty_table() if first is None else first, table)
            for batch in reader:
                yield from_arrow(batch, table)

    def repeated(self, table: Table, columns: Iterable[str]) -> int:
        """How many rows repeat another one's values in these columns; rows with a missing value do not count."""
        names = ", ".join(f'"{name}"' for name in columns)
        missing = " AND ".join(f'"{name}" IS NOT NULL' for name in columns)
        self._note((table.qualified_name, ""))
        with self.looking() as connection:
            ((repeated,),) = connection.execute(
                f"SELECT count(*) - count(DISTINCT ({names})) FROM {table.qualified_name} WHERE {missing}"
            ).fetchall()
        return int(repeated)

    def distinct(self, name: str, column: str) -> set[Any]:
        """The values of a column of a table (`stage.name`), each once."""
        self._note((name, ""))
        with self.looking() as connection:
            rows = connection.execute(f'SELECT DISTINCT "{column}" FROM {name}').fetchall()
        return {value for (value,) in rows}

    def copy_to(self, target: Path) -> None:
        """Write everything that the warehouse holds now into a new DuckDB file, without what was deleted before."""
        with self.read() as connection:
            ((source,),) = connection.execute("SELECT current_database()").fetchall()
            quoted = str(target).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS copied")
            try:
                connection.execute(f'COPY FROM DATABASE "{source}" TO copied')
            finally:
                connection.execute("DETACH copied")

    def fingerprint(self, name: str, *, model: str = "") -> str:
        """A hash over all rows of a table (`stage.name`), or of one model's, as they lie there now, whatever their order.

        DuckDB's own 64-bit row hash, summed: quick, and good against accidents, not against intent. Equal rows, equal text;
        a table that is not there has an empty one. Within `kept_open` it is computed once between two transactions that write.
        """
        known = self._prints if getattr(self._depth, "connection", None) is None else None
        if known is not None and (name, model) in known:
            return known[name, model]
        where, values = (" WHERE t.model = ?", [model]) if model else ("", [])
        rows = self.rows_if_there(name, f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {name} AS t{where}", values)
        if rows is None:
            return ""
        ((count, total),) = rows
        # As whole numbers: a sum of floating-point numbers would depend on the order.
        found = f"{count}/{total}"
        if known is not None:
            known[name, model] = found
        return found

    def rows_if_there(self, name: str, query: str, values: list[Any]) -> list[tuple[Any, ...]] | None:
        """The rows of a query on a table (`stage.name`), None if it is not there. Not noted as a reading."""
        import duckdb

        in_transaction = getattr(self._depth, "connection", None) is not None
        with self.looking() as connection:
            # A failed query ends a transaction; outside of one, asking first takes longer than failing.
            if in_transaction and not are_there(connection, name):
                return None
            try:
                return connection.execute(query, values).fetchall()
            except duckdb.CatalogException:
                return None

    def described(self, table: Table, *, model: str = "") -> dict[str, Any] | None:
        """Digest, contract, rows, bytes and time of the last write of a table; None if it has never been written."""
        self._note(None)
        with self.looking() as connection:
            return described(connection, table, model)

    def frame(self, query: str, parameters: list[Any] | None = None) -> pd.DataFrame:
        """The result of one query as a frame."""
        with self.looking() as connection:
            if self._reads is not None:
                self._note(*_tables_of(connection, query))
            return connection.execute(query, parameters or []).df()


def _tables_of(connection: "duckdb.DuckDBPyConnection", query: str) -> Iterator[Read | None]:
    """The tables that a query reads; None for what is no table of the warehouse, or where DuckDB does not tell."""
    import duckdb

    try:
        names = connection.get_table_names(query, qualified=True)
    except duckdb.Error:
        names = set()
    if not names or _NO_TABLE.search(query):
        yield None
    for found in names:
        name = _QUALIFIED.fullmatch(found)
        yield (f"{name['schema']}.{name['table']}", "") if name else None
