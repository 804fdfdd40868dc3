"""Changes of what runs where, as values: each names the one before by its hash, so that none can be altered or left out unseen.

Belongs here: a transition, its hash, and what follows from a sequence of them. Does not belong here: the file (book.py).
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

ENVIRONMENTS = ("testing", "staging", "production")

Kind = Literal[
    "promoted",
    "confirmed",
    "rolled_back",
    "retired",
    "approval_requested",
    "approved",
    "refused",
    "withdrawn",
    "challenger_set",
    "challenger_removed",
    "challenger_aborted",
]
PUTS_IN_PLACE = ("promoted", "confirmed", "approved")
"""Kinds after which the entry that they name runs because somebody chose it."""

LEAST_SHARE, MOST_SHARE = 0.01, 0.5
"""Of the requests of a place, what a challenger may get: with less a canary shows nothing, more would do much harm."""

FIRST = "0" * 64
"""What the first transition follows."""


@dataclass(frozen=True)
class Transition:
    """One change. `at` is UTC in ISO 8601; `entry` is what runs afterwards, or what it is about (approvals, challengers);
    `replaced` and `replaced_decision` say what ran before. An empty text stands for nothing.
    """

    sequence: int
    request_id: str
    at: str
    environment: str
    use_case: str
    kind: Kind
    entry: str
    model: str
    decision_id: str
    replaced: str
    replaced_decision: str
    share: float
    actor: str
    reason: str
    previous: str
    hash: str = ""

    def sealed(self) -> "Transition":
        """The same with its hash: SHA-256 over all other fields."""
        content = {name: value for name, value in asdict(self).items() if name != "hash"}
        return replace(self, hash=hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest())


@dataclass(frozen=True)
class Running:
    """What runs in a place: `version` counts what has run there, `since` is UTC in ISO 8601."""

    environment: str
    use_case: str
    entry: str
    model: str
    decision_id: str
    version: int
    since: str


@dataclass(frozen=True)
class Challenger:
    """What gets `share` (0 to 1) of the requests of a place, to be compared with what runs there."""

    environment: str
    use_case: str
    entry: str
    model: str
    decision_id: str
    share: float
    since: str


@dataclass(frozen=True)
class Pending:
    """A promotion that waits for a person."""

    environment: str
    use_case: str
    entry: str
    model: str
    decision_id: str
    reason: str
    requested_at: str


@dataclass(frozen=True)
class Bar:
    """What an entry did in a place that speaks against it: `what` happened, by `reason`; `decision_id` had put it there."""

    what: str
    reason: str
    at: str
    decision_id: str


@dataclass(frozen=True)
class DecidedOn:
    """An entry that the last run decided on for a place, at `judged_at`; `fresh_until`: until when its evidence is as young as
    the policy asks, None if it may be of any age. Both are UTC in ISO 8601. `version`: of what ran there then, 0 for nothing.
    """

    environment: str
    use_case: str
    entry: str
    fresh_until: str | None
    judged_at: str
    version: int


@dataclass
class Place:
    """What a sequence of transitions of one environment and use case leads to."""

    running: Running | None = None
    challenger: Challenger | None = None
    pending: Pending | None = None
    version: int = 0

    def follow(self, step: Transition) -> None:
        """Take one step further."""
        where = (step.environment, step.use_case)
        if step.kind == "confirmed" and self.running is not None:
            self.running = replace(self.running, decision_id=step.decision_id)
        elif step.kind in ("promoted", "approved") or (step.kind == "rolled_back" and step.entry):
            self.version += 1
            self.running = Running(*where, step.entry, step.model, step.decision_id, self.version, step.at)
            self.pending = None
            if self.challenger is not None and self.challenger.entry == step.entry:
                self.challenger = None
        elif step.kind in ("retired", "rolled_back"):
            self.running, self.challenger = None, None
        elif step.kind == "approval_requested":
            self.pending = Pending(*where, step.entry, step.model, step.decision_id, step.reason, step.at)
        elif step.kind in ("refused", "withdrawn"):
            self.pending = None
        elif step.kind == "challenger_set":
            self.challenger = Challenger(*where, step.entry, step.model, step.decision_id, step.share, step.at)
        elif step.kind in ("challenger_removed", "challenger_aborted"):
            self.challenger = None


def places(steps: Iterable[Transition]) -> dict[tuple[str, str], Place]:
    """What transitions in their order lead to, by environment and use case."""
    found: dict[tuple[str, str], Place] = {}
    for step in steps:
        found.setdefault((step.environment, step.use_case), Place()).follow(step)
    return found


def last_good(steps: Sequence[Transition], running: Running) -> Transition | None:
    """The transition that last put another entry in this place that nothing speaks against; None if there is none.

    `steps` are those of the place, in their order. An entry counts by what became of it, whichever of its decisions put it
    there: one that was rolled back from, refused, aborted or retired is passed over until somebody puts it there again.
    """
    bad = {running.entry, *bars(steps), *_retired(steps)}
    return next((step for step in reversed(steps) if step.kind in PUTS_IN_PLACE and step.entry not in bad), None)


def _retired(steps: Iterable[Transition]) -> set[str]:
    """Entries that were taken out of a place because no rules let them run there, and were not put there again."""
    found: set[str] = set()
    for step in steps:
        if step.kind == "retired":
            found.add(step.replaced)
        elif step.kind in ("promoted", "approved"):
            found.discard(step.entry)
    return found


def barred(steps: Iterable[Transition]) -> set[str]:
    """Decisions whose entry was rolled back from, that a person refused, or whose canary was aborted: they put nothing in place
    again by themselves.
    """
    steps = list(steps)
    found = {step.replaced_decision for step in steps if step.kind == "rolled_back"}
    return found | {step.decision_id for step in steps if step.kind in ("refused", "challenger_aborted")}


def bars(steps: Iterable[Transition]) -> dict[str, Bar]:
    """By entry what it did last in a place that speaks against it there; a person who puts it there again takes that back.

    `steps` are those of one place, in their order.
    """
    found: dict[str, Bar] = {}
    for step in steps:
        if step.kind == "rolled_back":
            found[step.replaced] = Bar("it was rolled back from", step.reason, step.at, step.replaced_decision)
        elif step.kind == "refused":
            found[step.entry] = Bar("a person refused it", step.reason, step.at, step.decision_id)
        elif step.kind == "challenger_aborted":
            found[step.entry] = Bar("its canary was aborted", step.reason, step.at, step.decision_id)
        elif step.kind in ("promoted", "approved"):
            found.pop(step.entry, None)
    return found


def broken_chain(steps: Sequence[Transition]) -> list[str]:
    """One sentence for each transition that was altered, or before which one is missing."""
    found, previous = [], FIRST
    for expected, step in enumerate(steps, start=1):
        name = f"transition {step.sequence} ({step.kind} {step.entry or 'nothing'} for {step.use_case}, {step.at})"
        if step.sequence != expected or step.previous != previous:
            found.append(f"{name} does not follow the one before it: one was removed, added or altered")
        if step.sealed().hash != step.hash:
            found.append(f"{name} was altered after it was written")
        previous = step.hash
        if step.sequence != expected:
            break
    return found
