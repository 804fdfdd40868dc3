"""Verdicts of contract checks that passed, so that rows which have not changed since are not judged again.

A verdict is keyed by everything that it follows from. Only passes are kept: what failed is looked at again.
"""

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.resources.warehouse import Warehouse, are_there

_VERDICTS = """
CREATE TABLE IF NOT EXISTS pipeline.verdicts (
  qualified_name VARCHAR PRIMARY KEY, judged VARCHAR NOT NULL, expectations BIGINT NOT NULL
)
"""


def passed_before(warehouse: Warehouse, table: Table, judged: str) -> int | None:
    """How many expectations the table met when exactly this was judged last; None if it was not, or did not pass."""
    with warehouse.read() as connection:
        if not are_there(connection, "pipeline.verdicts"):
            return None
        rows = connection.execute(
            "SELECT expectations FROM pipeline.verdicts WHERE qualified_name = ? AND judged = ?", [table.qualified_name, judged]
        ).fetchall()
    return int(rows[0][0]) if rows else None


def remember_passed(warehouse: Warehouse, table: Table, judged: str, expectations: int) -> None:
    """Keep a pass, in place of the table's last one."""
    with warehouse.write() as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS pipeline")
        connection.execute(_VERDICTS)
        connection.execute(
            "INSERT OR REPLACE INTO pipeline.verdicts VALUES (?, ?, ?)", [table.qualified_name, judged, expectations]
        )
