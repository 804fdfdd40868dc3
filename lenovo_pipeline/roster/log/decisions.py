"""Reading and adding to the log of decisions: nothing is read from, or added to, a log that is not as it was written.

Belongs here: the table with its head. Does not belong here: what is decided (decide.py), and what becomes of it (record.py).
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.ledger import Ledger
from lenovo_pipeline.resources.store import write_text_aside
from lenovo_pipeline.resources.warehouse import Warehouse, Written
from lenovo_pipeline.roster.log.chain import FIRST, Head, broken_chain, broken_head, decision_id, head_of, number_of, sealed
from lenovo_pipeline.roster.log.heads import Heads, recorded
from lenovo_pipeline.roster.rule_kinds import TOLERANCE
from lenovo_pipeline.roster.tables import DECISIONS

ACCEPT = 'python -m lenovo_pipeline.roster accept-log --reason "…"'
"""What a person runs who has no backup, and says that the log may go on as it is, or begin again; or that a clock was ahead."""

_SHOWN = 20
_NEW = ("sequence", "follows", "hash")


@dataclass(frozen=True)
class DecisionLog:
    """The log in a warehouse, with its head."""

    warehouse: Warehouse
    heads: Heads

    def rows(self) -> list[dict[str, Any]]:
        """All decisions in their order. Raises PermanentFailure naming everything that shows that the log was tampered with."""
        rows = self._read()
        problems = self._problems(rows)
        if problems:
            raise tampered(problems)
        return rows

    def problems(self) -> list[str]:
        """One sentence for each thing that shows that the log is not as it was written."""
        return self._problems(self._read())

    def append(self, rows: Sequence[Mapping[str, Any]]) -> Written:
        """Add decisions (without sequence, follows and hash) at the end. Raises PermanentFailure, leaving the log as it was, as
        `rows` does, and for decisions that are there already, or twice among `rows`.
        """
        there = self.rows()
        if self.heads.announced() == head_of(there):
            # The write was killed after the log, and before it could say so.
            self.heads.confirm()
        more = sealed(rows, head_of(there))
        if not more:
            return self._ledger.append([])
        # Before anything is announced: the ledger keeps a row that is there, and the head would count what was not added.
        ids = Counter(row["decision_id"] for row in [*there, *more])
        twice = [name for name, count in ids.items() if count > 1]
        if twice:
            raise PermanentFailure(
                f"nothing is added to the log of decisions: {len(twice)} of {len(more)} would stand in it twice "
                f"({', '.join(twice[:3])})",
                remedy="Run: make run. If it happens again, report it.",
            )
        self.heads.announce(head_of(more))
        written = self._ledger.append(more)
        self.heads.confirm()
        return written

    def accept(self, *, actor: str, reason: str) -> str:
        """Let the log go on as it is: its head becomes what it ends with, and what a clock said that was ahead no longer counts.
        A chain that is broken is kept in a file beside the warehouse, and the log begins again. Returns what was done;
        the file of deployments keeps who said so, and why.
        """
        rows = self._read()
        problems = self._problems(rows)
        if not problems:
            until = max(recorded(rows, self.heads.accepted()), default=datetime.min)
            if until <= datetime.now(UTC).replace(tzinfo=None) + TOLERANCE:
                return f"The log of {len(rows)} decisions is as it was written: nothing is to be accepted."
            problems = [f"its clock was ahead, at {until:%Y-%m-%d %H:%M}"]
        broken = _lost(rows) or broken_chain(rows)
        if not broken:
            self.heads.accept(head_of(rows), actor=actor, reason=reason)
            return f"The log goes on after its {len(rows)} decisions. What was accepted: {'; '.join(problems)}."
        aside = self._set_aside(rows)
        with self.warehouse.write() as connection:
            connection.execute(f"DROP TABLE {DECISIONS.qualified_name}")
            connection.execute("DELETE FROM pipeline.tables WHERE qualified_name = ?", [DECISIONS.qualified_name])
        self.heads.accept(Head(0, FIRST), actor=actor, reason=reason)
        return f"The log begins again; its {len(rows)} decisions lie in {aside}. What was wrong: {'; '.join(broken[:_SHOWN])}."

    @property
    def _ledger(self) -> Ledger:
        return Ledger(self.warehouse, DECISIONS)

    def _read(self) -> list[dict[str, Any]]:
        """All decisions in their order; of a table that has lost columns, what it still has."""
        found = self.warehouse.rows_if_there(
            DECISIONS.qualified_name, f"SELECT name FROM pragma_table_info('{DECISIONS.qualified_name}')", []
        )
        columns = set(DECISIONS.column_names) if found is None else {name for (name,) in found}
        names = [name for name in DECISIONS.column_names if name in columns]
        if columns.isdisjoint(_NEW) and not self.heads.confirmed():
            self._take_over()
        elif len(names) < len(DECISIONS.column_names):
            with self.warehouse.read() as connection:
                rows = connection.execute(f"SELECT {', '.join(names)} FROM {DECISIONS.qualified_name}").fetchall()
            return [dict(zip(names, row, strict=True)) for row in rows]
        return sorted(self._ledger.rows(), key=lambda row: (number_of(row), row["decision_id"]))

    def _problems(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        heads = self.heads.confirmed()
        last = heads[-1] if heads else None
        return _lost(rows) or [*broken_chain(rows), *broken_head(rows, last, self.heads.announced())]

    def _take_over(self) -> None:
        """Chain the decisions of a log from before there was a chain, in the order in which they followed each other. One that
        has a head was chained before: without hashes it is not as it was written.
        """
        names = [name for name in DECISIONS.column_names if name not in _NEW]
        with self.warehouse.write() as connection:
            found = connection.execute(f"SELECT {', '.join(names)} FROM {DECISIONS.qualified_name}").fetchall()
            rows = _in_order([dict(zip(names, row, strict=True)) for row in found])
            self.heads.announce(head_of(sealed(rows, Head(0, FIRST))))
            connection.execute(f"DROP TABLE {DECISIONS.qualified_name}")
            connection.execute("DELETE FROM pipeline.tables WHERE qualified_name = ?", [DECISIONS.qualified_name])
            self._ledger.append(sealed(rows, Head(0, FIRST)))
        self.heads.confirm()

    def _set_aside(self, rows: Sequence[Mapping[str, Any]]) -> Path:
        place = self.heads.path.with_name(f"decisions-{datetime.now(UTC):%Y%m%dT%H%M%S}.json")
        write_text_aside(place, json.dumps(rows, default=str, indent=1, ensure_ascii=False))
        return place


def _lost(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lost = [name for name in DECISIONS.column_names if rows and name not in rows[0]]
    return [f"the table of decisions has lost its columns {', '.join(lost)}"] if lost else []


def tampered(problems: Sequence[str]) -> PermanentFailure:
    """What is said of a log that is not as it was written."""
    rest = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return PermanentFailure(
        f"the log of decisions was tampered with, so that nothing is decided or promoted: {'; '.join(problems[:_SHOWN])}{rest}",
        remedy=f"Restore data/store from a backup (make restore). Without one, after you have looked into it: {ACCEPT}",
    )


def _in_order(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The decisions, each after the one that it follows. Raises PermanentFailure if one was altered, or follows what is gone."""
    ids = {row["decision_id"] for row in rows}
    problems = [
        f"{row['decision_id']} was altered after it was written" for row in rows if decision_id(row) != row["decision_id"]
    ]
    problems += [
        f"{row['decision_id']} follows {row['previous']}, which is gone" for row in rows if row["previous"] not in {None, *ids}
    ]
    if problems:
        raise tampered(problems)
    waiting = sorted(rows, key=lambda row: (row["decided_at"], row["decision_id"]))
    found: list[dict[str, Any]] = []
    placed: set[str | None] = {None}
    while waiting:
        ready = [row for row in waiting if row["previous"] in placed]
        found += ready
        placed |= {row["decision_id"] for row in ready}
        waiting = [row for row in waiting if row["decision_id"] not in placed]
    return found
