"""The part of the warehouse that retrieval and agents may read: copies of allow-listed tables, in a database of their own.

Belongs here: what is on the list, how the copies are made, and that nothing else can be reached through them.
Does not belong here: what is asked of them.

The copies lie in memory, in a DuckDB that has no file, may open none, and whose settings are locked. So no query, whoever
wrote it, can come to the questions of gold, to what the pipeline notes of itself, or to the disk: they are not there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

ALLOWED_STAGES = frozenset({"enterprise", "uploads", "knowledge"})
"""Stages whose tables may be viewed. What carries answers, scores or decisions is in none of them."""

HIDDEN_COLUMNS = frozenset({"anchor", "template"})
"""Columns by which gold questions are made and split."""

_FOR_TEMPLATES = frozenset({"filter_pushdown", "top_n", "unused_columns"})
"""What DuckDB's optimizer still does for templates: it leaves aside columns that a query does not use, and keeps only the best
rows. Templates are written as they are to be run; all else that it tries takes longer than they do.
"""

_REMEMBERED = 1_000
_REMEDY = "Ask for tables of the stages enterprise, uploads and knowledge."


class Views:
    """Read-only copies of some tables, as they were when `open_views` made them. Not for use by several threads at once."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", tables: Sequence[str]) -> None:
        self._connection = connection
        self.tables = tuple(tables)
        self._parsed: dict[str, duckdb.Statement] = {}

    def rows(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one SELECT. Raises PermanentFailure for anything else, and for what is not among the views."""
        import duckdb

        try:
            statement = self._parsed.get(query) or self._parse(query)
            return self._connection.execute(statement, parameters or None).fetchall()
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            raise PermanentFailure(
                f"the views of the warehouse refused a query ({said})", remedy=f"There are: {', '.join(self.tables)}."
            ) from error

    def records(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Iterator[dict[str, Any]]:
        """The rows of one SELECT as name -> value. Raises as `rows` does."""
        rows = self.rows(query, parameters)
        names = [column[0] for column in self._connection.description or ()]
        return (dict(zip(names, row, strict=True)) for row in rows)

    def close(self) -> None:
        self._connection.close()

    def _parse(self, query: str) -> "duckdb.Statement":
        import duckdb

        statements = self._connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise PermanentFailure("the views of the warehouse take one SELECT at a time", remedy="Ask with a single SELECT.")
        # Templates come again and again; what is asked freely does not, and must not fill the memory.
        if len(self._parsed) >= _REMEMBERED:
            self._parsed.clear()
        self._parsed[query] = statements[0]
        return statements[0]


@contextmanager
def open_views(warehouse: Warehouse, tables: Iterable[Table], *, templates: bool = False) -> Iterator[Views]:
    """Copies of these tables for the length of the block, without HIDDEN_COLUMNS; named `stage.name` as in the warehouse.

    With `templates` they are for short queries written beforehand, which are hardly optimized; joins that anybody may think of
    need the whole optimizer.
    Raises PermanentFailure if a table belongs to no allowed stage, or was not made yet.
    """
    import duckdb

    wanted = list({table.qualified_name: table for table in tables}.values())
    refused = sorted(table.qualified_name for table in wanted if table.stage not in ALLOWED_STAGES)
    if refused:
        raise PermanentFailure(f"{', '.join(refused)} may not be read for retrieval", remedy=_REMEDY)
    # In one thread: what is asked takes less time than waking a second one.
    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        connection.execute("SET enable_external_access = false")
        for table in wanted:
            _copy(warehouse, table, connection)
        if templates:
            _optimize_little(connection)
        connection.execute("SET lock_configuration = true")
        yield Views(connection, [table.qualified_name for table in wanted])
    finally:
        connection.close()


def _optimize_little(connection: "duckdb.DuckDBPyConnection") -> None:
    known = [name for (name,) in connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()]
    connection.execute(f"SET disabled_optimizers = '{','.join(name for name in known if name not in _FOR_TEMPLATES)}'")


def _copy(warehouse: Warehouse, table: Table, connection: "duckdb.DuckDBPyConnection") -> None:
    columns = ", ".join(f'"{name}"' for name in table.column_names if name not in HIDDEN_COLUMNS)
    order = ", ".join(f'"{name}"' for name in table.key)
    if warehouse.described(table) is None:
        raise PermanentFailure(
            f"the table {table.qualified_name} has not been made yet",
            remedy=f"Run: dagster asset materialize -m lenovo_pipeline.definitions --select '*{table.stage}/{table.name}'",
        )
    with warehouse.looking() as source:
        arrow = source.sql(f"SELECT {columns} FROM {table.qualified_name} ORDER BY {order}").to_arrow_table()
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{table.stage}"')
    connection.register("_incoming", arrow)
    connection.execute(f"CREATE TABLE {table.qualified_name} AS SELECT * FROM _incoming")
    connection.unregister("_incoming")
