"""Bringing what was read into the warehouse: the four tables and the typed tables change together or not at all.

Belongs here: SQL on the schema `uploads`. Does not belong here: reading files.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.uploads.reading import Outcome
from lenovo_pipeline.uploads.staging import StagedTable, read_batches
from lenovo_pipeline.uploads.tables import FILES, REJECTS, ROWS, SCHEMA, TABLES, TEXTS

if TYPE_CHECKING:
    import duckdb

    from lenovo_pipeline.resources.warehouse import Warehouse

_MEMORY = "600MB"
"""What DuckDB may keep in memory while uploads are written; beyond it goes to disk. It would take most of the machine."""

_COUNTED = {"rows_loaded": ROWS, "texts": TEXTS, "rows_rejected": REJECTS}


def known_devices(warehouse: "Warehouse") -> pd.DataFrame:
    """device_id, name and brand of the enterprise devices. Raises PermanentFailure if they have not been made."""
    import duckdb

    try:
        return warehouse.frame("SELECT device_id, name, brand FROM enterprise.devices ORDER BY device_id")
    except duckdb.CatalogException as error:
        raise PermanentFailure(
            "the devices that texts may mention have not been made yet",
            remedy="Run: dagster asset materialize -m lenovo_pipeline.definitions --select '*uploads/files'",
        ) from error


def stored_files(warehouse: "Warehouse") -> list[dict[str, Any]]:
    """The inventory of last time, without the files (and archives) whose rows, texts, rejects or tables are not all there.

    Empty if any of the four tables was never written or was written under another contract.
    """
    try:
        lines = warehouse.load(FILES).drop(columns="content_hash").to_dict("records")
    except PermanentFailure:
        return []
    if any(warehouse.described(table) is None for table in TABLES):
        return []
    with warehouse.read() as connection:
        existing = _typed_tables(connection)
        counts = {
            column: dict(connection.execute(f"SELECT file_id, count(*) FROM {table.qualified_name} GROUP BY 1").fetchall())
            for column, table in _COUNTED.items()
        }
    lost = {
        line["container"] or line["path"]
        for line in lines
        if not existing.issuperset(line["table_names"])
        or any(counts[column].get(line["file_id"], 0) != line[column] for column in _COUNTED)
    }
    return [
        {str(name): None if value != value else value for name, value in line.items()}
        for line in lines
        if (line["container"] or line["path"]) not in lost
    ]


def write(warehouse: "Warehouse", outcome: Outcome, work: Path) -> None:
    """Make the warehouse hold what `outcome` says, in one transaction; `work` takes the rows that stay meanwhile.

    Nothing is written if nothing changed and the tables are there.
    """
    if outcome.nothing_changed and all(warehouse.described(table) is not None for table in TABLES):
        known = warehouse.described(FILES)
        # Lines that stored_files left out belong to files that lost rows: if those files are gone too, their rest must go.
        if known is not None and known["rows"] == len(outcome.kept):
            return
    try:
        with warehouse.write() as connection:
            connection.execute(f"SET memory_limit = '{_MEMORY}'")
            _replace(warehouse, connection, outcome, work)
    finally:
        # The limit holds for the file, which the run keeps open.
        with warehouse.read() as connection:
            connection.execute("RESET memory_limit")


def _replace(warehouse: "Warehouse", connection: "duckdb.DuckDBPyConnection", outcome: Outcome, work: Path) -> None:
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    staying = {table.name: _set_aside(warehouse, table, outcome, work) for table in (ROWS, TEXTS, REJECTS)}
    kept_tables = {name for line in outcome.kept for name in line["table_names"]}
    for name in sorted(_typed_tables(connection) - kept_tables):
        connection.execute(f"DROP TABLE {_quoted(name)}")
    for file in outcome.fresh:
        for table in file.tables:
            _make(connection, table)
    warehouse.replace(FILES, pd.DataFrame(outcome.files, columns=list(FILES.column_names)))
    fresh: dict[str, list[Path]] = {
        ROWS.name: [table.path for file in outcome.fresh for table in file.tables],
        TEXTS.name: [file.texts for file in outcome.fresh if file.texts],
        REJECTS.name: [file.rejects for file in outcome.fresh if file.rejects],
    }
    for contract in (ROWS, TEXTS, REJECTS):
        warehouse.replace(contract, _frames(contract, [*staying[contract.name], *fresh[contract.name]]))


def _set_aside(warehouse: "Warehouse", table: Table, outcome: Outcome, work: Path) -> list[Path]:
    """The rows of kept files as a Parquet file, since replacing a table drops it first."""
    if not outcome.kept:
        return []
    path = work / f"kept-{table.name}.parquet"
    ids = pd.DataFrame({"file_id": [line["file_id"] for line in outcome.kept]})
    columns = ", ".join(f'"{name}"' for name in table.column_names)
    with warehouse.read() as connection:
        connection.register("_kept", ids)
        literal = str(path).replace("'", "''")
        rows = f"SELECT {columns} FROM {table.qualified_name} WHERE file_id IN (SELECT file_id FROM _kept)"
        connection.execute(f"COPY ({rows}) TO '{literal}' (FORMAT parquet)")
        connection.unregister("_kept")
    return [path]


def _frames(table: Table, paths: list[Path]) -> Iterator[pd.DataFrame]:
    for path in paths:
        for batch in read_batches(path):
            yield pd.DataFrame({name: pd.Series(batch.column(name).to_pylist(), dtype=object) for name in table.column_names})


def _make(connection: "duckdb.DuckDBPyConnection", table: StagedTable) -> None:
    import pyarrow as pa

    columns = ", ".join(f"{_identifier(name)} {kind}" for name, kind in table.types)
    connection.execute(f"CREATE TABLE {_quoted(table.name)} ({columns})")
    for batch in table.batches():
        connection.register("_typed", pa.Table.from_batches([batch]))
        connection.execute(f"INSERT INTO {_quoted(table.name)} SELECT * FROM _typed")
        connection.unregister("_typed")


def _typed_tables(connection: "duckdb.DuckDBPyConnection") -> set[str]:
    found = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [SCHEMA]).fetchall()
    return {name for (name,) in found} - {table.name for table in TABLES}


def _quoted(name: str) -> str:
    return f"{SCHEMA}.{_identifier(name)}"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
