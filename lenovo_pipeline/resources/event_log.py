"""Dagster's SQLite files without a wait for the disk, or for SQLAlchemy, at each of the thousands of events of a run.

Dagster makes an engine for each event, opens a connection, commits, and closes it. At each commit SQLite waits for the disk; and
whenever the last connection to a file is closed, it copies the write-ahead log into the file and waits again. That was up to half
of the time of a run which changes nothing. What is set here (https://www.sqlite.org/wal.html):

- Commits of files with a write-ahead log wait no longer (synchronous = NORMAL). A process that is killed loses nothing; a
  machine that loses power may lose the last events of a run, never the file.
- One idle connection to each file keeps the others from being the last.
- One engine for each file is kept: it knows the statements that it has compiled, which a new one compiles again.

Belongs here: how these connections are set. Does not belong here: where the files lie (dagster.yaml), and what is in them.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any

_MOST = 4
"""Idle connections, and engines: a process writes the index, the runs, the schedules, and the events of one run at a time."""


@cache
def hasten() -> None:
    """Set it for every connection that this process opens from now on."""
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    for module in (sqlite_event_log, sqlite_run_storage):
        vars(module)["create_engine"] = _Engines(vars(module)["create_engine"])
    idle = _Idle()

    @event.listens_for(Engine, "connect")
    def settle(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection) and connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            connection.execute("PRAGMA synchronous = NORMAL")
            idle.beside(connection)


class _Engines:
    """Makes an engine as `create` does, and gives the same one for the same address and arguments again."""

    def __init__(self, create: Callable[..., Any]) -> None:
        self._create = create
        self._lock = Lock()
        self._made: OrderedDict[str, Any] = OrderedDict()

    def __call__(self, address: str, **arguments: Any) -> Any:
        key = f"{address} {sorted(arguments.items(), key=str)}"
        with self._lock:
            if key not in self._made:
                self._made[key] = self._create(address, **arguments)
            self._made.move_to_end(key)
            while len(self._made) > _MOST:
                # Whoever still has it may use it to the end: it holds no connection.
                self._made.popitem(last=False)
            return self._made[key]


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
