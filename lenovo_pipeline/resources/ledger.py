"""Tables that are never replaced: rows are added, or put in place of the one that holds their key, in one transaction.

Belongs here: adding to such tables, and keeping the register that snapshots and checks go by.
Does not belong here: tables that an asset makes anew (warehouse.py), and what is written when (the stages).

The table has its key as a primary key, so that DuckDB itself refuses a second row for it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from lenovo_pipeline.contracts import HASH_COLUMN, Table, conform, digest
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.stored_tables import REGISTER, are_there, to_arrow
from lenovo_pipeline.resources.warehouse import Warehouse, Written

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Ledger:
    """One such table in a warehouse."""

    warehouse: Warehouse
    table: Table

    def rows(self) -> list[dict[str, Any]]:
        """All rows, in the order of the key; none if nothing was ever written."""
        with self.warehouse.read() as connection:
            if not are_there(connection, self.table.qualified_name):
                return []
            self._require_contract(connection)
            names = ", ".join(f'"{name}"' for name in self.table.column_names)
            order = ", ".join(f'"{name}"' for name in self.table.key)
            found = connection.execute(f"SELECT {names} FROM {self.table.qualified_name} ORDER BY {order}").fetchall()
        return [dict(zip(self.table.column_names, row, strict=True)) for row in found]

    def append(self, rows: Iterable[Mapping[str, Any]]) -> Written:
        """Add the rows whose key is not there yet; a row that is there stays as it is."""
        return self._write(rows, keep=True)

    def put(self, rows: Iterable[Mapping[str, Any]], *, remove: Iterable[tuple[Any, ...]] = ()) -> Written:
        """Put each row in the place of the one with its key, and take out those with the keys in `remove`."""
        return self._write(rows, keep=False, remove=remove)

    def _write(self, rows: Iterable[Mapping[str, Any]], *, keep: bool, remove: Iterable[tuple[Any, ...]] = ()) -> Written:
        frame = conform(pd.DataFrame(list(rows), columns=list(self.table.column_names)), self.table)
        with self._transaction() as connection:
            before = self._hashes(connection)
            matches = " AND ".join(f'"{name}" = ?' for name in self.table.key)
            for key in remove:
                connection.execute(f"DELETE FROM {self.table.qualified_name} WHERE {matches}", list(key))
            arrow = to_arrow(frame, self.table)
            connection.register("_incoming", arrow)
            columns = ", ".join(f'"{name}"' for name in arrow.column_names)
            connection.execute(
                f"INSERT OR {'IGNORE' if keep else 'REPLACE'} INTO {self.table.qualified_name} ({columns})"
                f" SELECT {columns} FROM _incoming"
            )
            connection.unregister("_incoming")
            hashes = self._hashes(connection)
            size = int(connection.sql(f"FROM {self.table.qualified_name}").to_arrow_table().nbytes)
            version = digest(hashes)
            known = self.warehouse.described(self.table)
            if known is None or known["digest"] != version:
                connection.execute(
                    "INSERT OR REPLACE INTO pipeline.tables VALUES (?, '', ?, ?, ?, ?, ?)",
                    [
                        self.table.qualified_name,
                        version,
                        self._contract,
                        len(hashes),
                        size,
                        datetime.now(UTC).replace(tzinfo=None),
                    ],
                )
        return Written(rows=len(hashes), bytes=size, digest=version, changed=hashes != before)

    @contextmanager
    def _transaction(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        with self.warehouse.write() as connection:
            connection.execute("CREATE SCHEMA IF NOT EXISTS pipeline")
            connection.execute(REGISTER)
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {self.table.stage}")
            if are_there(connection, self.table.qualified_name):
                self._require_contract(connection)
            else:
                connection.execute(self.table.ddl())
                key = ", ".join(f'"{name}"' for name in self.table.key)
                connection.execute(f"ALTER TABLE {self.table.qualified_name} ADD PRIMARY KEY ({key})")
            yield connection

    @property
    def _contract(self) -> str:
        return digest([self.table.ddl()])

    def _require_contract(self, connection: "duckdb.DuckDBPyConnection") -> None:
        known = self.warehouse.described(self.table)
        if known is not None and known["contract"] != self._contract:
            raise PermanentFailure(
                f"the table {self.table.qualified_name}, which is never replaced, was written with other columns",
                remedy="Keep a copy (make backup); then drop that table, or write a migration for it (resources/store.py).",
            )

    def _hashes(self, connection: "duckdb.DuckDBPyConnection") -> list[str]:
        found = connection.execute(f"SELECT {HASH_COLUMN} FROM {self.table.qualified_name} ORDER BY 1").fetchall()
        return [value for (value,) in found]
