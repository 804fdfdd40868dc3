"""Whether every row is accounted for, and which files could not be read.

Belongs here: questions to the stored tables, each answered with one sentence per violation. What to do about them: checks.py.
"""

from typing import TYPE_CHECKING

from lenovo_pipeline.uploads.tables import SCHEMA

if TYPE_CHECKING:
    import duckdb

_COUNTS = """
SELECT f.path, f.rows_read, f.rows_loaded, f.rows_rejected, f.texts,
       coalesce(r.n, 0) AS stored, coalesce(x.n, 0) AS rejects, coalesce(t.n, 0) AS texts_stored
FROM uploads.files f
LEFT JOIN (SELECT file_id, count(*) AS n FROM uploads.rows GROUP BY 1) r USING (file_id)
LEFT JOIN (SELECT file_id, count(*) AS n FROM uploads.rejects GROUP BY 1) x USING (file_id)
LEFT JOIN (SELECT file_id, count(*) AS n FROM uploads.texts GROUP BY 1) t USING (file_id)
ORDER BY f.path
"""
_STRAY = """
SELECT kind, file_id, count(*) FROM (
  SELECT 'rows' AS kind, file_id FROM uploads.rows
  UNION ALL SELECT 'texts', file_id FROM uploads.texts
  UNION ALL SELECT 'rejects', file_id FROM uploads.rejects
) WHERE file_id NOT IN (SELECT file_id FROM uploads.files) GROUP BY ALL ORDER BY ALL
"""


def unaccounted(connection: "duckdb.DuckDBPyConnection") -> list[str]:
    """Files whose rows read are not rows loaded plus rows rejected, or whose counts differ from what is stored; strays."""
    found = []
    for path, read, loaded, rejected, texts, stored, rejects, texts_stored in connection.execute(_COUNTS).fetchall():
        if read != loaded + rejected:
            found.append(f"{path}: {read} rows read, but {loaded} loaded and {rejected} rejected")
        for what, said, held in (("rows", loaded, stored), ("rejects", rejected, rejects), ("texts", texts, texts_stored)):
            if said != held:
                found.append(f"{path}: the inventory says {said} {what}, uploads.{what} holds {held}")
    strays = connection.execute(_STRAY).fetchall()
    return found + [
        f"uploads.{kind} holds {count} of the file {file_id}, which is not in the inventory" for kind, file_id, count in strays
    ]


def unlike_their_rows(connection: "duckdb.DuckDBPyConnection") -> list[str]:
    """Typed tables that are missing, hold other rows than uploads.rows, or belong to no file."""
    tables = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [SCHEMA]).fetchall()
    existing = {name for (name,) in tables} - {"files", "rows", "texts", "rejects"}
    listed = {
        name: path
        for path, names in connection.execute("SELECT path, table_names FROM uploads.files").fetchall()
        for name in names
    }
    found = [f"{listed[name]}: its table uploads.{name} is missing" for name in sorted(listed.keys() - existing)]
    found += [f"uploads.{name} belongs to no file" for name in sorted(existing - listed.keys())]
    for name in sorted(existing & listed.keys()):
        quoted = f'{SCHEMA}."{name.replace(chr(34), chr(34) * 2)}"'
        rows = "SELECT row_id FROM uploads.rows WHERE table_name = ?"
        ((lost, surplus),) = connection.execute(
            f"SELECT (SELECT count(*) FROM ({rows} EXCEPT SELECT _row_id FROM {quoted})),"
            f" (SELECT count(*) FROM (SELECT _row_id FROM {quoted} EXCEPT {rows}))",
            [name, name],
        ).fetchall()
        if lost or surplus:
            found.append(
                f"uploads.{name}: {lost} rows of uploads.rows are not in it, {surplus} rows of it are not in uploads.rows"
            )
    return found


def failed_files(connection: "duckdb.DuckDBPyConnection") -> list[str]:
    """Files that could not be read, lost rows, or hold the same content as another one, with the remedy."""
    rows = connection.execute("SELECT path, problem, remedy FROM uploads.files WHERE status <> 'loaded' ORDER BY path").fetchall()
    return [f"{path}: {problem}. {remedy}" for path, problem, remedy in rows]
