"""Where writing tools write: a DuckDB file of its own for each attempt, and nothing else.

Belongs here: its tables, what it holds at the beginning, writing a row once and whole, and what it holds at the end.
Does not belong here: what a tool may write (writing.py).

Ids and times come from the order of the writes, not from a clock: the same calls leave the same rows.
"""

import json
import re
import tempfile
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.tools.interface import Effect
from lenovo_pipeline.failures import PermanentFailure

_DDL = {
    "tickets": """
        ticket_id VARCHAR PRIMARY KEY, device_id VARCHAR NOT NULL, customer_id VARCHAR, problem VARCHAR NOT NULL,
        priority VARCHAR NOT NULL, team VARCHAR, status VARCHAR NOT NULL
    """,
    "orders": """
        order_id VARCHAR PRIMARY KEY, component_id VARCHAR NOT NULL, device_id VARCHAR NOT NULL,
        quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 50)
    """,
    "visits": """
        visit_id VARCHAR PRIMARY KEY, customer_id VARCHAR NOT NULL, device_id VARCHAR NOT NULL, day DATE NOT NULL
    """,
    "handovers": "handover_id VARCHAR PRIMARY KEY, reason VARCHAR NOT NULL, about VARCHAR",
    "documents": "document_id VARCHAR PRIMARY KEY, title VARCHAR NOT NULL, text VARCHAR NOT NULL",
    "requests": "request_id VARCHAR PRIMARY KEY, tool VARCHAR NOT NULL, effects VARCHAR NOT NULL, said VARCHAR NOT NULL",
}
KEYS = {
    "tickets": "ticket_id",
    "orders": "order_id",
    "visits": "visit_id",
    "handovers": "handover_id",
    "documents": "document_id",
}
"""Tables that an attempt leaves behind, with their keys; `requests` is the sandbox's own memory of what was done."""

_CREATE = "BEGIN; " + "; ".join(f"CREATE TABLE {table} ({columns})" for table, columns in _DDL.items()) + "; COMMIT"
_READS = re.compile(r"\s*SELECT\b[^;]*;?\s*", re.IGNORECASE)
"""One statement that writes nothing."""

_CONFIG: dict[str, str | bool | int | float | list[str]] = {"threads": 1}
_PREFIX = {"tickets": "TCK-9", "orders": "ORD-9", "visits": "VIS-9", "handovers": "HND-9"}


class Abandoned(Exception):
    """The call that would write was given up before: it writes nothing any more."""


class Sandbox:
    """One attempt's file, or a database in memory where nobody looks at it afterwards. Several threads may use it; one writes at
    a time.

    Raises PermanentFailure when `setup` names a table or a column that there is none of.
    """

    def __init__(
        self,
        folder: Path | None = None,
        setup: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        *,
        in_memory: bool = False,
    ) -> None:
        import duckdb

        self.path: Path | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._turn = threading.RLock()
        self._written: set[str] = set()
        """Tables that may hold anything: of the others, those that most attempts leave alone, nothing need be asked."""
        if not in_memory:
            if folder is None:
                self._temporary = tempfile.TemporaryDirectory(prefix="attempt-")
                folder = Path(self._temporary.name)
            folder.mkdir(parents=True, exist_ok=True)
            # Two attempts at the same task at once never share a file, whatever they are called.
            self.path = folder / f"{uuid.uuid4().hex}.duckdb"
            self.path.write_bytes(_empty())
        self._connection: duckdb.DuckDBPyConnection | None = duckdb.connect(str(self.path or ":memory:"), config=_CONFIG)
        try:
            if in_memory:
                self._connection.execute(_CREATE)
            # No statement, whoever wrote it, reaches another file.
            self._connection.execute(
                "PRAGMA disable_checkpoint_on_shutdown; SET enable_external_access = false; SET lock_configuration = true"
            )
            self._began = self._filled(setup or {})
        except duckdb.Error as error:
            self.close()
            raise PermanentFailure(
                f"the sandbox cannot be set up ({str(error).splitlines()[0]})",
                remedy=f"Give rows of {', '.join(KEYS)} with their columns.",
            ) from error

    def begin_again(self, setup: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Forget everything and hold what another attempt has at its beginning: quicker than opening one in memory."""
        with self._turn:
            for table in self._written:
                self._open().execute(f"DELETE FROM {table}")
            self._written.clear()
            self._began = self._filled(setup)

    def rows(self, query: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query. Raises PermanentFailure for one that fails."""
        import duckdb

        with self._turn:
            if not _READS.fullmatch(query):
                self._written |= _DDL.keys()
            try:
                rows: list[tuple[Any, ...]] = self._open().execute(query, parameters or None).fetchall()
                return rows
            except duckdb.Error as error:
                raise PermanentFailure(
                    f"the sandbox refused a query ({str(error).splitlines()[0]})", remedy=f"There are: {', '.join(KEYS)}."
                ) from error

    def once(
        self, request_id: str, tool: str, write: Callable[["Writer"], str], wanted: Callable[[], bool] = lambda: True
    ) -> tuple[str, tuple[Effect, ...], bool]:
        """Do `write` in one transaction, unless this request was carried out before.

        What it said, the rows that it wrote, and whether it was done before. Raises Abandoned when it is no longer `wanted` as
        it would begin or commit; then, and when `write` raises, nothing is written.
        """
        with self._turn:
            connection = self._open()
            known = connection.execute("SELECT tool, effects, said FROM requests WHERE request_id = ?", [request_id]).fetchone()
            if known is not None:
                if known[0] != tool:
                    raise PermanentFailure(
                        f"the request {request_id} was one of {known[0]}, not of {tool}", remedy="Use another request id."
                    )
                return str(known[2]), _effects(json.loads(known[1])), True
            if not wanted():
                raise Abandoned
            connection.begin()
            try:
                writer = Writer(self, connection)
                said = write(writer)
                told = json.dumps([[each.table, each.key, dict(each.row)] for each in writer.effects], ensure_ascii=False)
                self._written.add("requests")
                connection.execute("INSERT INTO requests VALUES (?, ?, ?, ?)", [request_id, tool, told, said])
                if not wanted():
                    raise Abandoned
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            return said, tuple(writer.effects), False

    def apply(self, effects: Sequence[Effect]) -> None:
        """Write these rows as they are: for a replay."""
        with self._turn:
            connection = self._open()
            connection.begin()
            try:
                for each in effects:
                    self._put(connection, each.table, each.row)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """All rows by table as JSON values, in the order of their keys; empty tables are left out."""
        found: dict[str, list[dict[str, Any]]] = {}
        with self._turn:
            for table, key in KEYS.items():
                if table not in self._written:
                    continue
                result = self._open().execute(f"SELECT * FROM {table} ORDER BY {key}")
                names = [column[0] for column in result.description or ()]
                rows = [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in result.fetchall()]
                if rows:
                    found[table] = rows
        return found

    def changes(self) -> dict[str, list[dict[str, Any]]]:
        """Rows by table that are new or other than at the beginning; a row that is gone is told by its key alone."""
        before = {(table, row[KEYS[table]]): row for table, rows in self._began.items() for row in rows}
        found: dict[str, list[dict[str, Any]]] = {}
        for table, rows in self.state().items():
            for row in rows:
                if before.pop((table, row[KEYS[table]]), None) != row:
                    found.setdefault(table, []).append(row)
        for table, key in before:
            found.setdefault(table, []).append({KEYS[table]: key})
        return found

    def close(self) -> None:
        """Close and delete the file. Calls that still run fail."""
        with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)
        if self._temporary is not None:
            self._temporary.cleanup()

    def _filled(self, setup: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        for table, rows in setup.items():
            for row in rows:
                self._put(self._open(), table, row)
        return self.state() if setup else {}

    def _open(self) -> Any:
        if self._connection is None:
            raise PermanentFailure("the sandbox has been closed", remedy="Open one for each attempt.")
        return self._connection

    def _put(self, connection: Any, table: str, row: Mapping[str, Any]) -> None:
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" for _ in row)
        connection.execute(f'INSERT OR REPLACE INTO "{table}" ({names}) VALUES ({marks})', list(row.values()))
        self._written.add(table)


class Writer:
    """What a writing tool may do within its transaction."""

    def __init__(self, sandbox: Sandbox, connection: Any) -> None:
        self._sandbox, self._connection = sandbox, connection
        self.effects: list[Effect] = []

    def add(self, table: str, **values: Any) -> str:
        """A new row; its id."""
        (count,) = self._connection.execute(
            f"SELECT count(*) FROM {table} WHERE {KEYS[table]} LIKE '{_PREFIX[table]}%'"
        ).fetchone()
        key = f"{_PREFIX[table]}{count + 1:03d}"
        self._write(table, {KEYS[table]: key, **values})
        return key

    def change(self, table: str, key: str, **values: Any) -> None:
        """Other values in a row that there is."""
        result = self._connection.execute(f"SELECT * FROM {table} WHERE {KEYS[table]} = ?", [key])
        names = [column[0] for column in result.description]
        row = {name: _plain(value) for name, value in zip(names, result.fetchone(), strict=True)}
        self._write(table, {**row, **values})

    def _write(self, table: str, row: Mapping[str, Any]) -> None:
        self._sandbox._put(self._connection, table, row)
        self.effects.append(Effect(table, str(row[KEYS[table]]), dict(row)))


@cache
def _empty() -> bytes:
    """A file with the tables and no rows: a copy of it opens in less time than the tables are made."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="attempt-") as folder:
        path = Path(folder) / "empty.duckdb"
        with duckdb.connect(str(path), config=_CONFIG) as connection:
            connection.execute(_CREATE)
        return path.read_bytes()


def _effects(told: list[list[Any]]) -> tuple[Effect, ...]:
    return tuple(Effect(table, key, row) for table, key, row in told)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
