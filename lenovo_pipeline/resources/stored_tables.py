"""How the rows of a contract lie in the warehouse: their types, the register of what was written, and the queries on both.

Belongs here: Arrow types, the register's rows, making room for a table. Does not belong here: transactions (warehouse.py).
"""

from typing import TYPE_CHECKING, Any

import pandas as pd

from lenovo_pipeline.contracts import HASH_COLUMN, Table, digest
from lenovo_pipeline.failures import PermanentFailure

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_MATERIALIZE = "dagster asset materialize -m lenovo_pipeline.definitions --select"

REGISTER = """
CREATE TABLE IF NOT EXISTS pipeline.tables (
  qualified_name VARCHAR NOT NULL, model VARCHAR NOT NULL, digest VARCHAR NOT NULL, contract VARCHAR NOT NULL,
  rows BIGINT NOT NULL, bytes BIGINT NOT NULL, written_at TIMESTAMP NOT NULL, PRIMARY KEY (qualified_name, model)
)
"""


def contract_version(table: Table) -> str:
    """The version of a contract as far as it says how rows are stored."""
    return digest([table.ddl()])


def to_arrow(conformed: pd.DataFrame, table: Table) -> "pa.Table":
    """A conformed frame as an Arrow table whose types follow the contract, not a guess from the first rows."""
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "json": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "text[]": pa.list_(pa.string()),
        "integer[]": pa.list_(pa.int64()),
        "number[]": pa.list_(pa.float64()),
    }
    fields = {column.name: types[column.type] for column in table.columns} | {HASH_COLUMN: pa.string()}
    return pa.table({name: pa.array(conformed[name].tolist(), type=kind) for name, kind in fields.items()})


def from_arrow(arrow: "pa.Table | pa.RecordBatch", table: Table) -> pd.DataFrame:
    """The frame that `to_arrow` was made from. Columns of whole numbers without gaps come back as int64, numbers as float64."""
    columns: dict[str, Any] = {}
    for name in arrow.schema.names:
        kind = "text" if name == HASH_COLUMN else table.column(name).type
        column = arrow.column(name)
        if kind == "number" or (kind in ("integer", "boolean") and column.null_count == 0):
            columns[name] = column.to_pandas()
        else:
            columns[name] = pd.Series(column.to_pylist(), dtype=object)
    return pd.DataFrame(columns, columns=arrow.schema.names)


def are_there(connection: "duckdb.DuckDBPyConnection", *names: str) -> bool:
    """Whether the warehouse has all of these tables, each written `schema.name`."""
    # fetchall throughout: DuckDB 2 refuses other work on a connection while a result is not read to its end.
    ((existing,),) = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database()"
        " AND list_contains(?, schema_name || '.' || table_name)",
        [list(names)],
    ).fetchall()
    return bool(existing == len(names))


def _is_stored(connection: "duckdb.DuckDBPyConnection", table: Table) -> bool:
    return are_there(connection, "pipeline.tables", table.qualified_name)


def selection(connection: "duckdb.DuckDBPyConnection", table: Table, model: str | None) -> tuple[str, list[str]]:
    """The query for a table's rows, once it is sure that it was written, and under this contract."""
    contracts = _contracts(connection, table, model)
    if not contracts:
        raise PermanentFailure(
            f"the table {table.qualified_name} has not been made yet",
            remedy=f"Run: {_MATERIALIZE} '*{table.stage}/{table.name}'",
        )
    if contracts != {contract_version(table)}:
        raise PermanentFailure(
            f"the table {table.qualified_name} was written by another version of the code, with other columns",
            remedy=f"Run: {_MATERIALIZE} '{table.stage}/{table.name}*'",
        )
    columns = ", ".join(f'"{name}"' for name in (*table.column_names, HASH_COLUMN))
    order = ", ".join(f'"{name}"' for name in table.key)
    where, values = (" WHERE model = ?", [model]) if table.partitioned and model else ("", [])
    return f"SELECT {columns} FROM {table.qualified_name}{where} ORDER BY {order}", values


def described(connection: "duckdb.DuckDBPyConnection", table: Table, model: str) -> dict[str, Any] | None:
    """What the register says of a table or one partition of it: see Warehouse.described."""
    if not _is_stored(connection, table):
        return None
    rows = connection.execute(
        "SELECT digest, contract, rows, bytes, written_at FROM pipeline.tables WHERE qualified_name = ? AND model = ?",
        [table.qualified_name, model],
    ).fetchall()
    return dict(zip(("digest", "contract", "rows", "bytes", "written_at"), rows[0], strict=True)) if rows else None


def _contracts(connection: "duckdb.DuckDBPyConnection", table: Table, model: str | None) -> set[str]:
    """The contracts under which the rows of one partition, or of all, were written; none if there are no such rows."""
    if not _is_stored(connection, table):
        return set()
    every = table.partitioned and not model
    rows = connection.execute(
        "SELECT DISTINCT contract FROM pipeline.tables WHERE qualified_name = ? AND (? OR model = ?)",
        [table.qualified_name, every, (model or "") if table.partitioned else ""],
    ).fetchall()
    return {contract for (contract,) in rows}


def make_room(connection: "duckdb.DuckDBPyConnection", table: Table, contract: str, model: str) -> None:
    """An empty place for the incoming rows; a table of an older contract is dropped, since all its rows are made anew."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS pipeline")
    connection.execute(REGISTER)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.stage}")
    ((known, fits),) = connection.execute(
        "SELECT count(*), bool_and(contract = ?) FROM pipeline.tables WHERE qualified_name = ?", [contract, table.qualified_name]
    ).fetchall()
    if not known or not fits or not table.partitioned:
        connection.execute(f"DROP TABLE IF EXISTS {table.qualified_name}")
        connection.execute("DELETE FROM pipeline.tables WHERE qualified_name = ?", [table.qualified_name])
        connection.execute(table.ddl())
    else:
        connection.execute(f"DELETE FROM {table.qualified_name} WHERE model = ?", [model])
