"""Dagster's SQLite files without a wait for the disk, or for SQLAlchemy, at each of the thousands of events of a run.

Dagster makes an engine for each event, opens a connection, commits, and closes it. At each commit SQLite waits for the disk; and
whenever the last connection to a file is closed, it copies the write-ahead log into the file and waits again. That was up to half
of the time of a run which changes nothing. What is set here (https://www.sqlite.org/wal.html):

- Commits of files with a write-ahead log wait no longer (synchronous = NORMAL). A process that is killed loses nothing; a
  machine that loses power may lose the last events of a run, never the file.
- One engine for each file is kept, which knows the statements that it has compiled, and with it its connections.

Belongs here: how these connections are set. Does not belong here: where the files lie (dagster.yaml), and what is in them.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

_MOST = 4
"""Engines: a process writes the index, the runs, the schedules, and the events of one run at a time."""


@cache
def hasten() -> None:
    """Set it for every connection that this process opens from now on."""
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    for module in (sqlite_event_log, sqlite_run_storage):
        vars(module)["create_engine"] = _Engines(vars(module)["create_engine"])

    @event.listens_for(Engine, "connect")
    def settle(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection) and connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            connection.execute("PRAGMA synchronous = NORMAL")


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
                self._made[key] = _lasting(self._create(address, **{**arguments, "poolclass": _lasting_pool()}))
            self._made.move_to_end(key)
            while len(self._made) > _MOST:
                # Whoever still has it may use it to the end.
                self._made.popitem(last=False)
            return self._made[key]


@cache
def _lasting_pool() -> Any:
    from sqlalchemy.pool import QueuePool

    class LastingPool(QueuePool):
        """Connections that outlast Dagster's disposing of the engine after each event."""

        def dispose(self) -> None:
            pass

        def recreate(self) -> "LastingPool":
            return self

    return LastingPool


def _lasting(engine: Any) -> Any:
    """The engine, which opens a new connection where the file is another one than that to which the last was opened."""
    from sqlalchemy import event
    from sqlalchemy.exc import DisconnectionError

    def file_there() -> tuple[int, int] | None:
        try:
            found = Path(engine.url.database).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @event.listens_for(engine, "connect")
    def note(_: Any, record: Any) -> None:
        record.info["file"] = file_there()

    @event.listens_for(engine, "checkout")
    def look(_: Any, record: Any, __: Any) -> None:
        if record.info["file"] != file_there():
            raise DisconnectionError(f"{engine.url.database} was deleted or replaced")

    return engine
