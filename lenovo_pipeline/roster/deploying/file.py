"""The file of the book of deployments: its tables, its transactions, and what is said when it cannot be used.

Belongs here: SQLite. Does not belong here: which changes there are (book.py), and what they lead to (transitions.py).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, fields
from pathlib import Path

from lenovo_pipeline.failures import PermanentFailure, TransientFailure
from lenovo_pipeline.resources.sqlite_file import opened_to_read
from lenovo_pipeline.roster.deploying.transitions import FIRST, Place, Running, Transition

_BUSY_S = 15.0
_COLUMNS = tuple(field.name for field in fields(Transition))
_TRANSITIONS = (
    """CREATE TABLE IF NOT EXISTS transitions (
    sequence INTEGER PRIMARY KEY, request_id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, environment TEXT NOT NULL,
    use_case TEXT NOT NULL, kind TEXT NOT NULL, entry TEXT NOT NULL, model TEXT NOT NULL, decision_id TEXT NOT NULL,
    replaced TEXT NOT NULL, replaced_decision TEXT NOT NULL, share REAL NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
    previous TEXT NOT NULL, hash TEXT NOT NULL)""",
    """CREATE TRIGGER IF NOT EXISTS transitions_stay BEFORE UPDATE ON transitions
    BEGIN SELECT RAISE(ABORT, 'transitions are never altered'); END""",
    """CREATE TRIGGER IF NOT EXISTS transitions_remain BEFORE DELETE ON transitions
    BEGIN SELECT RAISE(ABORT, 'transitions are never removed'); END""",
)
_SCHEMA = (
    *_TRANSITIONS,
    """CREATE TABLE IF NOT EXISTS running (
    environment TEXT NOT NULL, use_case TEXT NOT NULL, entry TEXT NOT NULL, model TEXT NOT NULL, decision_id TEXT NOT NULL,
    version INTEGER NOT NULL, since TEXT NOT NULL, PRIMARY KEY (environment, use_case))""",
    """CREATE TABLE IF NOT EXISTS decided_on (
    environment TEXT NOT NULL, use_case TEXT NOT NULL, entry TEXT NOT NULL, fresh_until TEXT, judged_at TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY (environment, use_case, entry))""",
    """CREATE TABLE IF NOT EXISTS accepted (
    at TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL, problems TEXT NOT NULL)""",
)
_RUNS = "INSERT INTO running VALUES (?, ?, ?, ?, ?, ?, ?)"
_HEAD_IS_KEPT = "PRAGMA user_version = 1"
"""What a book says that has a head: one from before there were heads is no book whose head was lost."""

ACCEPT = 'python -m lenovo_pipeline.roster accept-book --reason "…"'
"""What a person runs who has no backup, and says that the book may go on as its transitions say, or begin again."""


class BookFile:
    """The file at `path`, made with the first change. What cannot be done raises TransientFailure where it stays locked, and
    PermanentFailure where it cannot be used or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, done whole or not at all; the file is made if it is not there."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors(), closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in _SCHEMA:
                    connection.execute(statement)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """One snapshot of what is kept, for everything that is read; None if nothing is. Nothing is written, so that whoever may
        only read the store can read it.
        """
        if not self.path.exists():
            yield None
            return
        with self._errors(), closing(opened_to_read(self.path, _BUSY_S)) as connection:
            connection.execute("BEGIN")
            yield connection if is_there(connection, "transitions") else None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise TransientFailure(
                    f"the book of deployments {self.path} stayed locked for {_BUSY_S:.0f} s", remedy="Try again."
                ) from error
            raise PermanentFailure(
                f"the book of deployments {self.path} cannot be used ({error})",
                remedy="See that it may be written, and that the disk is not full.",
            ) from error
        except sqlite3.DatabaseError as error:
            raise PermanentFailure(
                f"the book of deployments {self.path} is damaged ({error})",
                remedy=f"Restore data/store from a backup (make restore). Without one, move the file away, then: {ACCEPT}",
            ) from error


def is_there(connection: sqlite3.Connection, table: str) -> bool:
    """Whether the file has a table of this name."""
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchall())


def running_of(connection: sqlite3.Connection) -> list[Running]:
    """All that runs, by environment and use case."""
    return [Running(*row) for row in connection.execute("SELECT * FROM running ORDER BY environment, use_case").fetchall()]


def head_is_kept(connection: sqlite3.Connection) -> bool:
    """Whether a head is kept, which it was not always."""
    ((found,),) = connection.execute("PRAGMA user_version").fetchall()
    return bool(found)


def steps_of(connection: sqlite3.Connection) -> list[Transition]:
    """All transitions in their order."""
    rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM transitions ORDER BY sequence").fetchall()
    return [Transition(*row) for row in rows]


def made(connection: sqlite3.Connection, request_id: str) -> Transition | None:
    """What was made on this request; None if nothing was yet."""
    row = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM transitions WHERE request_id = ?", [request_id]).fetchone()
    return Transition(*row) if row else None


def sealed_with(connection: sqlite3.Connection, step: Transition, request_id: str) -> Transition:
    """The step as the next of the chain."""
    last = connection.execute("SELECT sequence, hash FROM transitions ORDER BY sequence DESC LIMIT 1").fetchone()
    sequence, previous = last or (0, FIRST)
    values = {**{name: getattr(step, name) for name in _COLUMNS}, "sequence": sequence + 1, "previous": previous}
    return Transition(**{**values, "request_id": request_id}).sealed()


def add(connection: sqlite3.Connection, step: Transition, place: Place) -> None:
    """Add a transition, and say what it leads to in its `place`."""
    connection.execute(f"INSERT INTO transitions VALUES ({', '.join('?' * len(_COLUMNS))})", astuple(step))
    connection.execute("DELETE FROM running WHERE environment = ? AND use_case = ?", [step.environment, step.use_case])
    if place.running is not None:
        connection.execute(_RUNS, astuple(place.running))


def keep_head(connection: sqlite3.Connection) -> None:
    """Say that from now on a head is kept."""
    connection.execute(_HEAD_IS_KEPT)


def put_running(connection: sqlite3.Connection, running: Sequence[Running]) -> None:
    """Say what runs, instead of what was said to."""
    connection.execute("DELETE FROM running")
    connection.executemany(_RUNS, [astuple(each) for each in running])


def begin_again(connection: sqlite3.Connection) -> None:
    """Forget all transitions."""
    connection.execute("DROP TABLE transitions")
    for statement in _TRANSITIONS:
        connection.execute(statement)
