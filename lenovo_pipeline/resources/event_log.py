"""Dagster's SQLite files without a wait for the disk at each of the thousands of events of a run.

Dagster opens a connection for each event, commits, and closes it. At each commit SQLite waits for the disk; and whenever the last
connection to a file is closed, it copies the write-ahead log into the file and waits again. That was up to half of the time of a
run which changes nothing. What is set here (https://www.sqlite.org/wal.html):

- Commits of files with a write-ahead log wait no longer (synchronous = NORMAL). A process that is killed loses nothing; a
  machine that loses power may lose the last events of a run, never the file.
- One idle connection to each file keeps the others from being the last.

Belongs here: how these connections are set. Does not belong here: where the files lie (dagster.yaml), and what is in them.
"""

import sqlite3
from collections import OrderedDict
from functools import cache
from threading import Lock
from typing import Any

_MOST = 4
"""Idle connections: a process writes the index, the runs, the schedules, and the events of one run at a time."""


@cache
def hasten() -> None:
    """Set it for every connection that this process opens from now on."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    idle = _Idle()

    @event.listens_for(Engine, "connect")
    def settle(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection) and connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            connection.execute("PRAGMA synchronous = NORMAL")
            idle.beside(connection)


class _Idle:
    """Connections that nobody uses, one to each of the files that were opened last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: OrderedDict[str, sqlite3.Connection] = OrderedDict()

    def beside(self, connection: sqlite3.Connection) -> None:
        path = str(connection.execute("PRAGMA database_list").fetchone()[2])
        with self._lock:
            if path not in self._held:
                try:
                    held = sqlite3.connect(path, check_same_thread=False)
                    # Only who has read something counts among those that are open.
                    held.execute("SELECT count(*) FROM sqlite_master").fetchone()
                except sqlite3.Error:
                    # A file that is locked or going away: what was asked for works without.
                    return
                self._held[path] = held
            self._held.move_to_end(path)
            while len(self._held) > _MOST:
                self._held.popitem(last=False)[1].close()
