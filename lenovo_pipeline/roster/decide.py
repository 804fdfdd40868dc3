"""From verdicts on rules to decisions: promoted, held or rejected, and which entry is active where.

Belongs here: what follows from the rules for all entries, as plain values. Does not belong here: writing it down (record.py).
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lenovo_pipeline.roster.policy import Policy, UseCase
from lenovo_pipeline.roster.rules import Entry, Figures, Judged, Measured, judge

_ORDERED_BY = ("correct", "answerable")
"""Among entries that keep every rule, the one with the highest lower bound of this figure is the best."""


@dataclass(frozen=True)
class Decision:
    """What is decided about one entry for one use case; `evidence` is the hash of everything that it follows from."""

    environment: str
    use_case: str
    entry: Entry
    verdict: str
    reason: str
    rules: tuple[Judged, ...]
    policy: UseCase
    evidence: str


def decide(policy: Policy, entries: Sequence[Entry], figures: Mapping[str, Figures]) -> list[Decision]:
    """One decision for each environment, use case and entry, ordered by them. `figures` is by entry.

    At most one entry is promoted for an environment and a use case: of those that keep every rule, the best.
    """
    decisions = []
    for name, use_case in sorted(policy.use_cases.items()):
        judged = {entry.entry: tuple(judge(use_case, entry, figures.get(entry.entry, {}))) for entry in entries}
        passing = [entry for entry in entries if all(rule.verdict == "passed" for rule in judged[entry.entry])]
        best = min(passing, key=lambda entry: (-_rank(figures.get(entry.entry, {})), entry.entry), default=None)
        for environment in sorted(use_case.environments):
            for entry in sorted(entries, key=lambda entry: entry.entry):
                verdict, reason = _verdict(entry, judged[entry.entry], best)
                evidence = _evidence(use_case, entry, judged[entry.entry], verdict, reason)
                rules = judged[entry.entry]
                decisions.append(Decision(environment, name, entry, verdict, reason, rules, use_case, evidence))
    return decisions


def headline(decisions: Sequence[Decision], figures: Mapping[str, Figures]) -> str:
    """One line for the end of a run: how many entries are in production, and what became of the best candidate."""
    active = {d.use_case: d.entry.entry for d in decisions if d.environment == "production" and d.verdict == "promoted"}
    count = f"{len(active)} {'entry' if len(active) == 1 else 'entries'} in production"
    if active:
        return f"{count}: " + ", ".join(f"{entry} for {use_case}" for use_case, entry in sorted(active.items()))
    runnable = [decision for decision in decisions if decision.entry.runnable]
    if not runnable:
        return f"{count}; there is no candidate"

    def order(decision: Decision) -> tuple[bool, float, str]:
        return (not decision.entry.model, -_rank(figures.get(decision.entry.entry, {})), decision.use_case)

    nearest = min(runnable, key=order)
    return f"{count}; {nearest.entry.entry} {nearest.verdict} for {nearest.use_case}: {nearest.reason}"


def _verdict(entry: Entry, rules: Sequence[Judged], best: Entry | None) -> tuple[str, str]:
    broken = [rule for rule in rules if rule.verdict != "passed"]
    binding = [rule for rule in broken if rule.binding]
    if binding:
        return "rejected", "; ".join(rule.note for rule in binding)
    if broken:
        return "held", "; ".join(rule.note for rule in broken)
    assert best is not None
    if entry.entry != best.entry:
        return "held", f"it keeps every rule, but {best.entry} is better"
    return "promoted", f"it keeps all {len(rules)} rules"


def _rank(figures: Figures) -> float:
    measured = figures.get(_ORDERED_BY, Measured(math.nan))
    bound = measured.value if measured.lower is None else measured.lower
    return -math.inf if math.isnan(bound) else bound


def _evidence(use_case: UseCase, entry: Entry, rules: Sequence[Judged], verdict: str, reason: str) -> str:
    content: dict[str, Any] = {
        "use_case": use_case.model_dump(mode="json"),
        "entry": asdict(entry),
        "rules": [asdict(rule) for rule in rules],
        "verdict": [verdict, reason],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
