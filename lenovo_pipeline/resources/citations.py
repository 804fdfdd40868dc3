"""Which artifacts the tables cite: whatever stands in a column `path` and lies in data/store/artifacts is kept.

Belongs here: reading citations from a warehouse. Does not belong here: what is removed, and when (retention.py).
"""

from lenovo_pipeline.resources.warehouse import Warehouse

COLUMN = "path"
_PLACE = "artifacts/"
_TABLES = """
SELECT '"' || replace(schema_name, '"', '""') || '"."' || replace(table_name, '"', '""') || '"' FROM duckdb_columns()
WHERE database_name = current_database() AND column_name = ? AND data_type = 'VARCHAR' ORDER BY ALL
"""


def cited_artifacts(warehouse: Warehouse) -> list[str]:
    """The artifacts `artifacts/<kind>/<name>`, relative to data/store, that any row of any table cites, or a file inside one."""
    found: set[str] = set()
    with warehouse.looking() as connection:
        for (table,) in connection.execute(_TABLES, [COLUMN]).fetchall():
            rows = connection.execute(
                f'SELECT DISTINCT "{COLUMN}" FROM {table} WHERE starts_with("{COLUMN}", ?)', [_PLACE]
            ).fetchall()
            found.update("/".join(path.split("/")[:3]) for (path,) in rows)
    return sorted(found)
