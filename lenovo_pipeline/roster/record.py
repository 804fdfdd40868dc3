"""Writing decisions and deployments down: a decision once for each evidence, a deployment in the place of the one before.

Belongs here: what is added to the two ledgers, each in a transaction of its own. Does not belong here: deciding (decide.py).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from lenovo_pipeline.resources.ledger import Ledger
from lenovo_pipeline.resources.warehouse import Warehouse, Written
from lenovo_pipeline.roster.decide import Decision
from lenovo_pipeline.roster.tables import DECISIONS, DEPLOYMENTS

_LINE = ("environment", "use_case", "entry")
"""Decisions with these in common follow each other."""


def record_decisions(warehouse: Warehouse, decisions: Sequence[Decision], now: datetime) -> tuple[Written, int]:
    """Add each decision whose evidence is not that of the last one of its line; returns how many were added, too."""
    ledger = Ledger(warehouse, DECISIONS)
    last = {tuple(row[name] for name in _LINE): row for row in latest(ledger.rows())}
    rows = []
    for decision in decisions:
        known = last.get((decision.environment, decision.use_case, decision.entry.entry))
        if known is None or known["evidence"] != decision.evidence:
            rows.append(_row(decision, known["decision_id"] if known else None, now))
    return ledger.append(rows), len(rows)


def latest(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The decisions that no other one follows, whatever the clock said when they were made."""
    rows = list(rows)
    followed = {row["previous"] for row in rows}
    return [dict(row) for row in rows if row["decision_id"] not in followed]


def record_deployments(warehouse: Warehouse, current: Sequence[tuple[str, str]], now: datetime) -> tuple[Written, list[str]]:
    """Bring deployments in line with the last decisions about the entries that are still candidates.

    `current`: use case and entry of everything that was decided on now; a promotion of anything else runs nowhere.
    Returns one sentence for each change.
    """
    ledger = Ledger(warehouse, DEPLOYMENTS)
    running = {(row["environment"], row["use_case"]): row for row in ledger.rows()}
    wanted = {
        (row["environment"], row["use_case"]): row
        for row in latest(Ledger(warehouse, DECISIONS).rows())
        if row["verdict"] == "promoted" and (row["use_case"], row["entry"]) in set(current)
    }
    changes, put = [], []
    for place, decision in sorted(wanted.items()):
        before = running.get(place)
        if before is not None and before["decision_id"] == decision["decision_id"]:
            continue
        same = before is not None and before["entry"] == decision["entry"]
        if not same:
            instead = f" instead of {before['entry']}" if before else ""
            changes.append(f"{decision['entry']} runs in {place[0]} for {place[1]}{instead}")
        put.append(
            {
                "environment": place[0],
                "use_case": place[1],
                "entry": decision["entry"],
                "model": decision["model"],
                "decision_id": decision["decision_id"],
                "since": before["since"] if before and same else now,
            }
        )
    gone = sorted(set(running) - set(wanted))
    changes += [f"{running[place]['entry']} no longer runs in {place[0]} for {place[1]}" for place in gone]
    return ledger.put(put, remove=gone), changes


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


def decision_id(row: Mapping[str, Any]) -> str:
    """The id that a decision has by its content: what was decided about what, on which evidence, after which decision."""
    parts = [row[name] for name in (*_LINE, "verdict", "reason", "evidence", "previous")]
    return f"DEC-{hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]}"
