"""Writing decisions down, once for each evidence, and bringing what runs in line with them.

Belongs here: what a run adds to the ledger of decisions and changes in the book of deployments. Does not belong here: deciding
(decide.py), the book itself (deploying).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from lenovo_pipeline.resources.ledger import Ledger
from lenovo_pipeline.resources.warehouse import Warehouse, Written
from lenovo_pipeline.roster.decide import Decision
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.deploying.transitions import LEAST_SHARE, DecidedOn, Running
from lenovo_pipeline.roster.log.chain import decision_id
from lenovo_pipeline.roster.log.decisions import DecisionLog
from lenovo_pipeline.roster.moment import Moment
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


def record_decided_on(book: Book, decisions: Sequence[Decision], moment: Moment, running: Iterable[Running]) -> None:
    """Say in the book what was decided on at this moment, beside what was `running`, and until when the evidence counts: time
    alone is no new decision.
    """
    now, versions = _iso(moment.now), {(each.environment, each.use_case): each.version for each in running}
    found = []
    for decision in decisions:
        until = moment.fresh_until(decision.policy, decision.entry)
        where = (decision.environment, decision.use_case, decision.entry.entry)
        found.append(DecidedOn(*where, None if until is None else _iso(until), now, versions.get(where[:2], 0)))
    book.put_decided_on(found)


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

    `current`: environment, use case and entry of everything that was decided on now; what is no candidate any more runs
    nowhere, and challenges nothing.
    `approval`: places (environment, use case) in which a promotion waits for a person, as long as the decision that it waits
    by is in force. What runs there because of a rollback or by a person's choice stays, as long as the last decision about it
    finds every rule kept; it then runs by that one, if the log no longer holds its own. A decision that was rolled back from,
    or refused, puts nothing in place again. Raises PermanentFailure, changing nothing, for a log or a book that was tampered
    with.
    """
    book.require_whole()
    known = log.rows()
    ids = {row["decision_id"] for row in known}
    now = set(current)
    candidates = [row for row in latest(known) if tuple(row[name] for name in _LINE) in now]
    wanted = {(row["environment"], row["use_case"]): row for row in candidates if row["verdict"] == "promoted"}
    kept = {tuple(row[name] for name in _LINE): row for row in candidates if keeps_every_rule(row)}
    changes: list[str] = []
    waiting = _withdraw(book, {place: row["decision_id"] for place, row in wanted.items()})
    beside = {(each.environment, each.use_case): each.version for each in book.decided_on()}
    for place, decision in sorted(wanted.items()):
        running = book.active(*place)
        if running is None or running.decision_id != decision["decision_id"]:
            stays = (
                running is not None and (*place, running.entry) in kept and running.version != beside.get(place, running.version)
            )
            changed, waits = _put_in_place(book, place, decision, running, stays=stays, asks=place in approval)
            changes += changed
            waiting += waits
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
    changes += _end_challenges(book, kept)
    return Deployed(copy_book(log.warehouse, book), tuple(changes), tuple(waiting))


def _put_in_place(
    book: Book, place: tuple[str, str], decision: Mapping[str, Any], running: Running | None, *, stays: bool, asks: bool
) -> tuple[list[str], list[str]]:
    """Let the entry of a decision take a place, or ask a person first (`asks`); `stays`: what is `running` there may stay, and
    was put there since the decision. Returns what was changed, and what waits.
    """
    entry, where = decision["entry"], f"{place[0]} for {place[1]}"
    named = {"actor": _RUN, "reason": decision["reason"], "model": decision["model"]}
    if decision["decision_id"] in book.barred(*place):
        return [], [f"{entry} stays out of {where}: it was rolled back from, refused, or its canary was aborted"]
    if running is not None and stays:
        return [], [f"{running.entry} stays in {where}: it was put there since {entry} was chosen"]
    if asks and (running is None or running.entry != entry):
        book.request_approval(*place, entry, decision["decision_id"], **named)
        return [], [f"{entry} waits for approval in {where}"]
    made = book.promote(*place, entry, decision["decision_id"], **named)
    instead = f" instead of {made.replaced}" if made.replaced else ""
    return ([f"{entry} runs in {where}{instead}"] if made.kind == "promoted" else []), []


def _withdraw(book: Book, wanted: Mapping[tuple[str, str], str]) -> list[str]:
    """Let no promotion wait for a person whose decision is not the one by which an entry is to run (`wanted`, by place)."""
    said = []
    for asked in book.pending():
        place = (asked.environment, asked.use_case)
        if wanted.get(place) != asked.decision_id:
            book.withdraw(*place, actor=_RUN, reason="no decision in force promotes it")
            said.append(f"{asked.entry} no longer waits for approval in {place[0]} for {place[1]}")
    return said


def _end_challenges(book: Book, kept: Collection[tuple[str, str, str]]) -> list[str]:
    """Send all requests to what runs again where the challenger may not run (`kept`: place and entry of all that may), or gets
    too little to show anything.
    """
    said = []
    for challenger in book.challengers():
        place = (challenger.environment, challenger.use_case)
        reasons = [] if (*place, challenger.entry) in kept else ["no decision in force finds all its rules kept"]
        if challenger.share < LEAST_SHARE:
            reasons.append(f"a share of {challenger.share:g} of the requests shows nothing")
        if reasons:
            book.remove_challenger(*place, actor=_RUN, reason="; ".join(reasons))
            said.append(f"{challenger.entry} no longer challenges in {place[0]} for {place[1]}: {'; '.join(reasons)}")
    return said


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


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=UTC).isoformat(timespec="seconds")


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
