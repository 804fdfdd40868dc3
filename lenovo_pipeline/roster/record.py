"""Writing decisions down, once for each evidence, and bringing what runs in line with them.

Belongs here: what a run adds to the ledger of decisions and changes in the book of deployments. Does not belong here: deciding
(decide.py), the book itself (deploying).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from lenovo_pipeline.resources.ledger import Ledger
from lenovo_pipeline.resources.warehouse import Warehouse, Written
from lenovo_pipeline.roster.decide import Decision
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.log.chain import decision_id
from lenovo_pipeline.roster.log.decisions import DecisionLog
from lenovo_pipeline.roster.rule_kinds import broken_rules
from lenovo_pipeline.roster.tables import DEPLOYMENTS

_LINE = ("environment", "use_case", "entry")
"""Decisions with these in common follow each other."""

_RUN = "run"
"""Who acts in the name of the decisions."""


def record_decisions(log: DecisionLog, decisions: Sequence[Decision], now: datetime) -> tuple[Written, int]:
    """Add each decision whose evidence is not that of the last one of its line; returns how many were added, too.

    Raises PermanentFailure, adding none, for a log that was tampered with.
    """
    last = {tuple(row[name] for name in _LINE): row for row in latest(log.rows())}
    rows = []
    for decision in decisions:
        known = last.get((decision.environment, decision.use_case, decision.entry.entry))
        if known is None or known["evidence"] != decision.evidence:
            rows.append(_row(decision, known["decision_id"] if known else None, now))
    return log.append(rows), len(rows)


def latest(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The decisions that no other one follows, whatever the clock said when they were made."""
    rows = list(rows)
    followed = {row["previous"] for row in rows}
    return [dict(row) for row in rows if row["decision_id"] not in followed]


@dataclass(frozen=True)
class Deployed:
    """What bringing the deployments in line with the decisions did: one sentence for each change, and for each that waits."""

    written: Written
    changes: tuple[str, ...]
    waiting: tuple[str, ...]


def record_deployments(
    log: DecisionLog, book: Book, current: Sequence[tuple[str, str, str]], approval: Collection[tuple[str, str]] = ()
) -> Deployed:
    """Bring the book in line with the last decisions about the entries that are still candidates, and copy it into the table.

    `current`: environment, use case and entry of everything that was decided on now; what is no candidate any more runs nowhere.
    `approval`: places (environment, use case) in which a promotion waits for a person. What runs there because of a rollback
    or by a person's choice stays, as long as the last decision about it finds every rule kept; it then runs by that one, if
    the log no longer holds its own. A decision that was rolled back from, or refused, puts nothing in place again. Raises
    PermanentFailure, changing nothing, for a log that was tampered with.
    """
    known = log.rows()
    ids = {row["decision_id"] for row in known}
    now = set(current)
    candidates = [row for row in latest(known) if tuple(row[name] for name in _LINE) in now]
    wanted = {(row["environment"], row["use_case"]): row for row in candidates if row["verdict"] == "promoted"}
    kept = {tuple(row[name] for name in _LINE): row for row in candidates if keeps_every_rule(row)}
    changes: list[str] = []
    waiting: list[str] = []
    for place, decision in sorted(wanted.items()):
        running = book.active(*place)
        if running is not None and running.decision_id == decision["decision_id"]:
            continue
        named = {"actor": _RUN, "reason": decision["reason"], "model": decision["model"]}
        if decision["decision_id"] in book.barred(*place):
            did = "it was rolled back from, refused, or its canary was aborted"
            waiting.append(f"{decision['entry']} stays out of {place[0]} for {place[1]}: {did}")
        elif place in approval and (running is None or running.entry != decision["entry"]):
            book.request_approval(*place, decision["entry"], decision["decision_id"], **named)
            waiting.append(f"{decision['entry']} waits for approval in {place[0]} for {place[1]}")
        else:
            made = book.promote(*place, decision["entry"], decision["decision_id"], **named)
            if made.kind == "promoted":
                instead = f" instead of {made.replaced}" if made.replaced else ""
                changes.append(f"{made.entry} runs in {place[0]} for {place[1]}{instead}")
    for running in book.running():
        place = (running.environment, running.use_case)
        if (*place, running.entry) not in kept:
            book.retire(*place, actor=_RUN, reason="no decision in force finds all its rules kept")
            changes.append(f"{running.entry} no longer runs in {place[0]} for {place[1]}")
        elif running.decision_id not in ids:
            # The log began again, or was cut: what stays is to run by a decision that can be looked up.
            decision = kept[*place, running.entry]
            named = {"actor": _RUN, "reason": decision["reason"], "model": decision["model"]}
            book.promote(*place, running.entry, decision["decision_id"], seen_version=running.version, **named)
    return Deployed(copy_book(log.warehouse, book), tuple(changes), tuple(waiting))


def copy_book(warehouse: Warehouse, book: Book) -> Written:
    """Make the table of deployments say what the book says."""
    ledger = Ledger(warehouse, DEPLOYMENTS)
    rows = [
        {
            "environment": each.environment,
            "use_case": each.use_case,
            "entry": each.entry,
            "model": each.model,
            "decision_id": each.decision_id,
            "since": datetime.fromisoformat(each.since).replace(tzinfo=None),
        }
        for each in book.running()
    ]
    there = {(row["environment"], row["use_case"]) for row in rows}
    return ledger.put(rows, remove=sorted({(row["environment"], row["use_case"]) for row in ledger.rows()} - there))


def keeps_every_rule(decision: Mapping[str, Any]) -> bool:
    """Whether a decision found every rule kept, be it that another entry is better."""
    return not broken_rules(decision)


def _row(decision: Decision, previous: str | None, now: datetime) -> dict[str, Any]:
    row = {
        "previous": previous,
        "decided_at": now,
        "environment": decision.environment,
        "use_case": decision.use_case,
        "entry": decision.entry.entry,
        "model": decision.entry.model,
        "verdict": decision.verdict,
        "reason": decision.reason,
        "evidence": decision.evidence,
        "headers": list(decision.entry.headers),
        "policy": decision.policy.model_dump(mode="json"),
        "rules": [asdict(rule) for rule in decision.rules],
    }
    return {"decision_id": decision_id(row), **row}
