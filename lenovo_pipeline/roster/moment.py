"""What speaks against promoting an entry now, whatever it shows: old evidence, a clock that jumped, harm that it did before.

Belongs here: the rules of the moment (rule_kinds.OF_THE_MOMENT). They keep an entry from being promoted, and take nothing out
of service: what runs stays. Does not belong here: the rules on what an entry is and shows (rules.py).

Age is told only as kept or not, never in days: a decision is added when its evidence is new, and time alone is none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.pressure.tables import BIAS, ROBUSTNESS
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.deploying.transitions import Bar
from lenovo_pipeline.roster.log.decisions import ACCEPT
from lenovo_pipeline.roster.log.heads import Accepted, recorded
from lenovo_pipeline.roster.policy import UseCase
from lenovo_pipeline.roster.rule_kinds import BARRED, FRESH, OF_THE_MOMENT, clock_behind, rules_of
from lenovo_pipeline.roster.rules import Entry, Judged

Made = tuple[str, str]
"""An asset of evaluation (`stage/name`) and the model partition that it was made for, empty without one."""

Against = Callable[[str, UseCase, Entry, Sequence[Judged]], list[Judged]]
"""(use case, its rules in an environment, entry, its own rules judged) -> the rules of the moment, judged."""

_FIGURES = ("figure", "lower", "upper")


def nothing(name: str, use_case: UseCase, entry: Entry, rules: Sequence[Judged]) -> list[Judged]:
    """No rule of the moment."""
    return []


def evidence_of(use_case: UseCase, entry: Entry) -> list[Made]:
    """What the evaluations that a use case requires of an entry were made by."""
    model = entry.model
    places = {
        "gold_questions": (f"evaluation/{entry.kind}", model),
        "robustness": (f"evaluation/{ROBUSTNESS.name}", model),
        "bias": (f"evaluation/{BIAS.name}", model),
        "agent_tasks": (f"evaluation/{AGENTIC_WORKFLOW.name}", model),
    }
    return [places[name] for name in use_case.evaluations if name in places]


@dataclass(frozen=True)
class Moment:
    """The moment of deciding. `now` and all times are UTC, without a zone.

    `dates`: when each evaluation was last made, be it that it found everything as it was; `latest`: the latest moment that
    anything here was recorded at, and what to do if that was by a clock that was ahead; `bars`: by environment, use case and
    entry what it did there before, and the decision that had put it there (None: it is not kept).
    """

    now: datetime
    dates: Mapping[Made, datetime]
    latest: tuple[datetime, str] | None = None
    bars: Mapping[tuple[str, str, str], tuple[Bar, Mapping[str, Any] | None]] = field(default_factory=dict)

    def against(self, name: str, use_case: UseCase, entry: Entry, rules: Sequence[Judged]) -> list[Judged]:
        """The rules of the moment for an entry in an environment (`use_case.of(environment)`)."""
        found = [] if use_case.max_age_days is None else [self._fresh(use_case, entry, use_case.max_age_days)]
        barred = self.bars.get((use_case.environments[0], name, entry.entry))
        if barred is not None:
            bar, decision = barred
            if decision is None or not evidence_changed(decision, entry.headers, rules):
                note = f"{bar.what} on {bar.at[:10]} ({bar.reason}), and its evidence has not changed since"
                found.append(Judged(BARRED, "nothing it did here before speaks against it", "failed", note))
        return found

    def fresh_until(self, use_case: UseCase, entry: Entry) -> datetime | None:
        """Until when the evidence of an entry is young enough in an environment; None where it may be of any age, or has none."""
        made = [self.dates.get(each) for each in evidence_of(use_case, entry)]
        known = [each for each in made if each is not None]
        if use_case.max_age_days is None or not known or len(known) < len(made):
            return None
        return min(known) + timedelta(days=use_case.max_age_days)

    def _fresh(self, use_case: UseCase, entry: Entry, days: float) -> Judged:
        text = f"evidence at most {days:g} days old"
        latest, otherwise = self.latest or (None, "")
        if note := clock_behind(self.now, latest):
            return Judged(FRESH, text, "missing", f"{note} (if the clock was ahead then: {otherwise})")
        needed = evidence_of(use_case, entry)
        undated = [asset for asset, model in needed if (asset, model) not in self.dates]
        if undated:
            return Judged(FRESH, text, "missing", f"nobody knows when {', '.join(undated)} was made")
        oldest, asset = min((self.dates[made], made[0]) for made in needed)
        if self.now - oldest > timedelta(days=days):
            note = f"its evidence is too old: {asset} was last made on {oldest:%Y-%m-%d}, at most {days:g} days ago is asked"
            return Judged(FRESH, text, "failed", note)
        return Judged(FRESH, text, "passed", "every evaluation that it needs was made, or found as it was, in that time")


def evidence_changed(before: Mapping[str, Any], headers: Iterable[str], rules: Sequence[Judged]) -> bool:
    """Whether an entry has other scores or figures than a stored decision (a row of roster.decisions) judged. That a limit, or
    what it was compared with, has changed is no new evidence.
    """
    if set(before["headers"]) != set(headers):
        return True
    then = {
        rule["text"].rsplit(" ", 2)[0]: rule
        for rule in rules_of(before)
        if rule["rule"] == "floor" and rule["figure"] is not None
    }
    now = {rule.text.rsplit(" ", 2)[0]: asdict(rule) for rule in rules if rule.rule == "floor" and rule.figure is not None}
    return any(then[name][side] != now[name][side] for name in then.keys() & now.keys() for side in _FIGURES)


def as_recorded(decision: Mapping[str, Any]) -> Against:
    """The rules of the moment as a stored decision has them, for its own entry: the moment itself is gone."""
    kept = [Judged(**rule) for rule in rules_of(decision) if rule["rule"] in OF_THE_MOMENT]

    def recorded(name: str, use_case: UseCase, entry: Entry, rules: Sequence[Judged]) -> list[Judged]:
        return kept if entry.entry == decision["entry"] else []

    return recorded


def moment_of(
    log: Sequence[Mapping[str, Any]],
    book: Book,
    now: datetime,
    dates: Mapping[Made, datetime],
    accepted: Accepted | None,
) -> Moment:
    """The moment `now`, by what was recorded until then. `log`: all rows of roster.decisions; `dates`: when each evaluation was
    last made; `accepted`: what a person last accepted of the log.
    """
    rows = {row["decision_id"]: row for row in log}
    bars = {where: (bar, rows.get(bar.decision_id)) for where, bar in book.bars().items()}
    of_log = [(at, ACCEPT) for at in recorded(log, accepted)]
    of_evaluations = [(at, f"make {asset} again{f' for {model}' if model else ''}") for (asset, model), at in dates.items()]
    return Moment(now, dates, latest=max([*of_log, *of_evaluations], default=None), bars=bars)
