"""data/store/monitoring.db: requests, windows, states, alerts, breaches and their rollbacks, in SQLite.

Belongs here: the file, its tables and its transactions. A file of its own, since the warehouse has one writer and serving
must never wait for a run. Short connections, write-ahead log: many processes may append while the monitor reads.
Does not belong here: what any of it means (windows.py, judging.py, monitor.py).
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure, TransientFailure
from lenovo_pipeline.roster.monitoring.reading import columns_of, read
from lenovo_pipeline.roster.monitoring.requests import Moment, Place, Request

FORMAT = 2
_BUSY_S = 30.0
"""How long a writer waits for another one: the monitor judges a window within its transaction, which a busy machine draws out."""
_REQUESTS = """
CREATE TABLE IF NOT EXISTS requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT, clock TEXT NOT NULL, tick_s REAL NOT NULL, at TEXT NOT NULL,
  environment TEXT NOT NULL, use_case TEXT NOT NULL, entry TEXT NOT NULL, role TEXT NOT NULL,
  latency_s REAL, error TEXT, tokens_in INTEGER, tokens_out INTEGER, chars_in INTEGER NOT NULL, chars_out INTEGER,
  language TEXT NOT NULL, sketch BLOB NOT NULL, score REAL);
"""
_SCHEMA = f"""{_REQUESTS}
CREATE TABLE IF NOT EXISTS windows (
  clock TEXT NOT NULL, number INTEGER NOT NULL, environment TEXT NOT NULL, use_case TEXT NOT NULL, entry TEXT NOT NULL,
  role TEXT NOT NULL, opened_at TEXT NOT NULL, seconds REAL NOT NULL, facts TEXT NOT NULL,
  PRIMARY KEY (clock, number, environment, use_case, entry, role));
CREATE TABLE IF NOT EXISTS states (
  environment TEXT NOT NULL, use_case TEXT NOT NULL, entry TEXT NOT NULL, signal TEXT NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (environment, use_case, entry, signal));
CREATE TABLE IF NOT EXISTS samples (
  environment TEXT NOT NULL, use_case TEXT NOT NULL, entry TEXT NOT NULL, name TEXT NOT NULL, held TEXT NOT NULL,
  PRIMARY KEY (environment, use_case, entry, name));
CREATE TABLE IF NOT EXISTS alerts (
  alert_id TEXT PRIMARY KEY, environment TEXT NOT NULL, use_case TEXT NOT NULL, entry TEXT NOT NULL, signal TEXT NOT NULL,
  event TEXT NOT NULL, at TEXT NOT NULL, clock TEXT NOT NULL, tick_s REAL NOT NULL, value REAL, threshold REAL,
  message TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
  alert_id TEXT NOT NULL, channel TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, delivered_at TEXT, problem TEXT,
  PRIMARY KEY (alert_id, channel));
CREATE TABLE IF NOT EXISTS breaches (
  alert_id TEXT PRIMARY KEY, environment TEXT NOT NULL, use_case TEXT NOT NULL, entry TEXT NOT NULL, reason TEXT NOT NULL,
  at TEXT NOT NULL, clock TEXT NOT NULL, tick_s REAL NOT NULL, handled_at TEXT, handled_tick_s REAL, outcome TEXT);
CREATE TABLE IF NOT EXISTS progress (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_FROM_1 = f"""
ALTER TABLE requests RENAME TO requests_1;
{_REQUESTS}
INSERT INTO requests SELECT * FROM requests_1;
DELETE FROM sqlite_sequence WHERE name = 'requests';
INSERT INTO sqlite_sequence SELECT 'requests', seq FROM sqlite_sequence WHERE name = 'requests_1';
DROP TABLE requests_1;
"""
"""The length of an answer may be unknown since format 2. No number is given out again: progress is told by them."""

_REQUEST = (
    "clock, tick_s, at, environment, use_case, entry, role, latency_s, error, tokens_in, tokens_out, chars_in, chars_out,"
    " language, sketch, score"
)

_SETTLED = {
    "requests": "id <= (SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM progress WHERE name = 'last_request')",
    "alerts": "alert_id NOT IN (SELECT alert_id FROM deliveries WHERE delivered_at IS NULL)"
    " AND alert_id NOT IN (SELECT alert_id FROM breaches WHERE handled_at IS NULL)",
}
"""What may be removed when it is old: requests that were judged, alerts that went out and were acted on."""


class LogFull(TransientFailure):
    """There is no room for another record."""


class LogDamaged(PermanentFailure):
    """The file is no log, or a damaged one."""


class MonitorLog:
    """The file at `path`; made when something is first written. `max_pages` bounds its size (None: the disk does)."""

    def __init__(self, path: Path, *, max_pages: int | None = None) -> None:
        self.path = path
        self.max_pages = max_pages

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it, or nothing. Raises LogFull, and LogDamaged."""
        with self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connected()) as connection:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read; an empty log where there is no file yet. Raises LogDamaged."""
        with self._explained():
            if not self.path.exists():
                with closing(sqlite3.connect(":memory:")) as nothing:
                    nothing.row_factory = sqlite3.Row
                    nothing.executescript(_SCHEMA)
                    yield nothing
                return
            with closing(self._connected()) as connection:
                yield connection

    def append(self, requests: Iterable[Request]) -> None:
        """Add requests, all or none. Raises PermanentFailure for one that could not be read again, told by its fields."""
        rows = [columns_of(each) for each in requests]
        with self.writing() as connection:
            connection.executemany(f"INSERT INTO requests ({_REQUEST}) VALUES ({', '.join('?' * 16)})", rows)

    def requests_after(self, last: int, limit: int) -> list[tuple[int, Request | None]]:
        """Requests with a higher number than `last`, in order, at most `limit`; None for one of which cannot be read where it
        was served, or by what.
        """
        with self.reading() as connection:
            found = connection.execute(
                f"SELECT id, {_REQUEST} FROM requests WHERE id > ? ORDER BY id LIMIT ?", (last, limit)
            ).fetchall()
        return [(row["id"], read(row)) for row in found]

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows of a query, by column name."""
        with self.reading() as connection:
            return [dict(row) for row in connection.execute(query, values).fetchall()]

    def progress(self, name: str) -> str | None:
        """What was kept under this name."""
        found = self.rows("SELECT value FROM progress WHERE name = ?", (name,))
        return None if not found else str(found[0]["value"])

    def requests_of(self, place: Place, entry: str, role: str, first: int, before: int, limit: int) -> list[tuple[int, Request]]:
        """An entry's requests numbered from `first` to below `before`: the latest `limit` of them, in order."""
        with self.reading() as connection:
            found = connection.execute(
                f"SELECT id, {_REQUEST} FROM requests WHERE environment = ? AND use_case = ? AND entry = ? AND role = ?"
                " AND id >= ? AND id < ? ORDER BY id DESC LIMIT ?",
                (place.environment, place.use_case, entry, role, first, before, limit),
            ).fetchall()
        return [(row["id"], each) for row in reversed(found) if (each := read(row)) is not None]

    def trim(self, now: Moment, keep_s: float) -> int:
        """Remove requests, windows and alerts that are older and settled; returns how many rows.

        Within this boot of the machine age goes by the monotonic clock, so that a date that jumps removes nothing; what other
        boots left goes by its date.
        """
        oldest = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(_seconds(now.at) - keep_s))
        gone = 0
        with self.writing() as connection:
            for table, settled in _SETTLED.items():
                gone += connection.execute(
                    f"DELETE FROM {table} WHERE ((clock = ? AND tick_s < ?) OR (clock <> ? AND at < ?)) AND {settled}",
                    (now.clock, now.tick_s - keep_s, now.clock, oldest),
                ).rowcount
            gone += connection.execute(
                "DELETE FROM windows WHERE (clock = ? AND (number + 1) * seconds < ?) OR (clock <> ? AND opened_at < ?)",
                (now.clock, now.tick_s - keep_s, now.clock, oldest),
            ).rowcount
            for table in ("deliveries", "breaches"):
                gone += connection.execute(f"DELETE FROM {table} WHERE alert_id NOT IN (SELECT alert_id FROM alerts)").rowcount
        return gone

    def make_room(self) -> int:
        """Remove the older half of the requests, which the windows already sum up; returns how many."""
        with self.writing() as connection:
            found = connection.execute("SELECT min(id) AS low, max(id) AS high FROM requests").fetchone()
            if found["high"] is None:
                return 0
            return connection.execute("DELETE FROM requests WHERE id <= ?", ((found["low"] + found["high"]) // 2,)).rowcount

    def set_aside(self) -> Path:
        """Move a damaged file out of the way, for a person to look at; returns where it is now."""
        place = self.path.with_name(f"{self.path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}")
        self.path.replace(place)
        for ending in ("-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        return place

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.text_factory = _text
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            if self.max_pages is not None:
                connection.execute(f"PRAGMA max_page_count = {int(self.max_pages)}")
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if found > FORMAT:
                raise PermanentFailure(
                    f"{self.path} has format {found}, written by a newer version; this code knows {FORMAT}",
                    remedy="Update the code, or move the file away: it holds monitoring alone.",
                )
            if found < FORMAT:
                self._bring_up(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up(self, connection: sqlite3.Connection) -> None:
        """Make the tables, or bring those of an earlier format up to this one; of two processes that try, one does it."""
        connection.execute("BEGIN IMMEDIATE")
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found < FORMAT:
            for statement in f"{_FROM_1 if found == 1 else ''}{_SCHEMA}PRAGMA user_version = {FORMAT};".split(";"):
                connection.execute(statement)
        connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise LogFull(
                    f"{self.path} cannot grow ({error})", remedy="Free some space; nothing half-written stays."
                ) from error
            raise TransientFailure(f"{self.path} cannot be used now ({error})", remedy="Try again.") from error
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError, OverflowError) as error:
            raise PermanentFailure(
                f"a record does not fit into {self.path} ({error})", remedy="Nothing of it is kept."
            ) from error
        except sqlite3.DatabaseError as error:
            raise LogDamaged(
                f"{self.path} is damaged ({error})",
                remedy="The monitor moves it aside and starts afresh; or restore it from a backup (make restore).",
            ) from error
        except OSError as error:
            raise TransientFailure(f"{self.path} cannot be written ({error.strerror})", remedy="Free some space.") from error


def put(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    """Write a row in the place of the one with its key."""
    names = ", ".join(row)
    connection.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def kept_json(connection: sqlite3.Connection, table: str, column: str, key: Mapping[str, str]) -> Any:
    """What a row of `table` holds as JSON; None if there is no such row."""
    where = " AND ".join(f"{name} = ?" for name in key)
    found = connection.execute(f"SELECT {column} FROM {table} WHERE {where}", tuple(key.values())).fetchone()
    return None if found is None else json.loads(found[0])


def _text(written: bytes) -> str:
    """Text as it was written; what is no UTF-8 of it fails nothing."""
    return written.decode("utf-8", "replace")


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
