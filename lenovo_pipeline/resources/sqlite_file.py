"""Opening a SQLite file to read it, without writing anything beside it.

Belongs here: what every reader of such a file shares. Does not belong here: what is in it, and how a failure is told.
"""

import sqlite3
from pathlib import Path


def opened_to_read(path: Path, busy_s: float) -> sqlite3.Connection:
    """A connection that only reads, waiting `busy_s` where the file is locked; also in a folder that may only be read.

    Raises sqlite3.Error if there is no such file, or it cannot be read.
    """
    where = path.absolute().as_uri()
    connection = sqlite3.connect(f"{where}?mode=ro", uri=True, timeout=busy_s, isolation_level=None)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchall()
    except sqlite3.OperationalError:
        connection.close()
        log = path.with_name(f"{path.name}-wal")
        if not path.exists() or (log.exists() and log.stat().st_size):
            raise
        # SQLite wants to lay its log beside the file. Where it may not, and there is none, the file is all there is.
        connection = sqlite3.connect(f"{where}?immutable=1", uri=True, timeout=busy_s, isolation_level=None)
    return connection
