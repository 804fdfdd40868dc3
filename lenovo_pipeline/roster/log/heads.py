"""The head of the log of decisions, kept apart from it: how many there are, and the hash of the last one.

Belongs here: its table in the file of deployments, in which it says what the log in the warehouse must end with. So a decision
that is taken off the end, or a log that is swapped for an older one, is found.

Two files cannot be written in one transaction: what the log is about to end with is announced, then the log is written, then the
announcement is confirmed. A kill between them leaves a log that ends with the one or the other.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.sqlite_file import opened_to_read
from lenovo_pipeline.roster.log.chain import Head, number_of

_BUSY_S = 15.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS decision_heads (
    number INTEGER PRIMARY KEY, rows INTEGER NOT NULL, hash TEXT NOT NULL, confirmed INTEGER NOT NULL, at TEXT NOT NULL,
    actor TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS decision_heads_remain BEFORE DELETE ON decision_heads WHEN OLD.confirmed
    BEGIN SELECT RAISE(ABORT, 'heads of the log are never removed'); END;
"""


_RUN = "run"
"""Who announces what is written; whoever else sets a head is a person."""


@dataclass(frozen=True)
class Accepted:
    """A person's word that the log may go on: after how many decisions, and when that was said (UTC, without a zone)."""

    rows: int
    at: datetime


class Heads:
    """All heads that the log has had. `path`: the file of deployments, made with the first head."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def confirmed(self) -> list[Head]:
        """What the log has ended with, in the order of time."""
        return self._read(confirmed=True)

    def announced(self) -> Head | None:
        """What it was about to end with when a write was cut short; None if none was."""
        found = self._read(confirmed=False)
        return found[-1] if found else None

    def accepted(self) -> Accepted | None:
        """What a person accepted last; None if nobody ever had to."""
        found = self._selected("SELECT rows, at FROM decision_heads WHERE actor <> ? ORDER BY number DESC LIMIT 1", _RUN)
        return Accepted(found[0][0], datetime.fromisoformat(found[0][1]).replace(tzinfo=None)) if found else None

    def announce(self, head: Head) -> None:
        """Say what the log will end with."""
        with self._writing() as connection:
            connection.execute("DELETE FROM decision_heads WHERE NOT confirmed")
            self._insert(connection, head, confirmed=False, actor=_RUN, reason="decisions were added")

    def confirm(self) -> None:
        """Say that the log ends with what was announced last."""
        with self._writing() as connection:
            connection.execute("UPDATE decision_heads SET confirmed = 1")

    def accept(self, head: Head, *, actor: str, reason: str) -> None:
        """Take it from a person what the log ends with."""
        with self._writing() as connection:
            connection.execute("DELETE FROM decision_heads WHERE NOT confirmed")
            self._insert(connection, head, confirmed=True, actor=actor, reason=reason)

    def _insert(self, connection: sqlite3.Connection, head: Head, *, confirmed: bool, actor: str, reason: str) -> None:
        values = [head.rows, head.hash, confirmed, datetime.now(UTC).isoformat(timespec="seconds"), actor, reason]
        connection.execute(
            "INSERT INTO decision_heads (rows, hash, confirmed, at, actor, reason) VALUES (?, ?, ?, ?, ?, ?)", values
        )

    def _read(self, *, confirmed: bool) -> list[Head]:
        rows = self._selected("SELECT rows, hash FROM decision_heads WHERE confirmed = ? ORDER BY number", confirmed)
        return [Head(*row) for row in rows]

    def _selected(self, query: str, value: object) -> list[Any]:
        if not self.path.exists():
            return []
        with self._errors(), closing(opened_to_read(self.path, _BUSY_S)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'decision_heads'").fetchall():
                return []
            return connection.execute(query, [value]).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors(), closing(sqlite3.connect(self.path, timeout=_BUSY_S)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_SCHEMA)
            with connection:
                yield connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise PermanentFailure(
                f"the head of the decision log in {self.path} cannot be used ({error})",
                remedy="See that it may be written and that the disk is not full; else restore it from a backup (make restore).",
            ) from error


def recorded(rows: Sequence[Mapping[str, Any]], accepted: Accepted | None) -> list[datetime]:
    """The moments (UTC, without a zone) that decisions were recorded at. For those that a person accepted, it is the moment of
    accepting: their clock may have been ahead.
    """
    if accepted is None:
        return [row["decided_at"] for row in rows]
    return [accepted.at, *(row["decided_at"] for row in rows if number_of(row) > accepted.rows)]
