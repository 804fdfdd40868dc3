"""From verdicts on rules to decisions: promoted, held or rejected, and which entry is active where.

Belongs here: what follows from the rules for all entries, as plain values. Does not belong here: writing it down (record.py).
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from lenovo_pipeline.roster.moment import Against as AgainstNow
from lenovo_pipeline.roster.moment import nothing
from lenovo_pipeline.roster.policy import Policy, UseCase
from lenovo_pipeline.roster.rule_kinds import CHALLENGE, CHAMPION
from lenovo_pipeline.roster.rules import Entry, Figures, Judged, Measured, judge

_ORDERED_BY = (("correct", "answerable"), ("success", "feasible"))
"""Among entries that keep every rule, the one with the highest lower bound of this figure is the best: of answers, or of tasks
where an entry answers none.
"""

CHALLENGES = "shown to be better than "
"""What the text of a challenge begins with; the champion's name follows."""

_FALSE_PROMOTIONS = 0.05
"""Of two-sided intervals: what share of challengers that are no better may seem to differ, at any of all looks together."""


@dataclass(frozen=True)
class Decision:
    """What is decided about one entry for one use case in one environment; `policy` has the rules there, and `evidence` is the
    hash of everything that it follows from. `stays`: it runs, and would not be promoted now, but nothing takes its place.
    """

    environment: str
    use_case: str
    entry: Entry
    verdict: str
    reason: str
    rules: tuple[Judged, ...]
    policy: UseCase
    evidence: str
    stays: bool = False


Against = Callable[[str, str, float], Measured | None]
"""(challenger, champion, confidence) -> how much more often the challenger is right on the same questions, with the interval of
that confidence; None where they share no scored questions or tasks.
"""


@dataclass(frozen=True)
class Look:
    """Which look at a challenger and a champion this is, from 1 on, and what tells the answers that are looked at from others."""

    number: int = 1
    pairs: str = ""

    @property
    def share(self) -> float:
        """What share of all false promotions this look may spend: 1/2, 1/6, 1/12, …, which add up to 1 however many follow.

        By the union bound that holds whatever the looks have in common (alpha spending; Lan and DeMets 1983).
        """
        return 1 / (self.number * (self.number + 1))


Looks = Callable[[str, str, str, str], Look]
"""(environment, use case, challenger, champion) -> which look at the two this is."""


def decide(
    policy: Policy,
    entries: Sequence[Entry],
    figures: Mapping[str, Figures],
    champions: Mapping[tuple[str, str], str] | None = None,
    against: Against = lambda challenger, champion, confidence: None,
    looks: Looks = lambda environment, use_case, challenger, champion: Look(),
    now: AgainstNow = nothing,
) -> list[Decision]:
    """One decision for each environment, use case and entry of its kinds, ordered by them. `figures` is by entry, `champions`
    says which entry runs in an environment for a use case, `now` what speaks against promoting at this moment (moment.py).

    At most one entry is promoted for an environment and a use case. Where none runs: of those that keep every rule, the best.
    Where one runs that keeps every rule, it stays, unless another one is shown to be better: the lower bound of the paired
    difference lies above the use case's margin, at a confidence of 1 - 0.05 / challengers (Bonferroni) x the share that this
    look may spend; so however many are tried, and however often one looks, one that is no better takes its place in at most
    2.5 % of the cases. What keeps its own rules runs on whatever the moment says against promoting it.
    """
    decisions = []
    for name, use_case in sorted(policy.use_cases.items()):
        mine = sorted((entry for entry in entries if entry.kind in use_case.kinds), key=lambda entry: entry.entry)
        for environment in sorted(use_case.environments):
            running = (champions or {}).get((environment, name))
            look_at = partial(looks, environment, name)
            decisions += _decide_place(environment, name, use_case.of(environment), mine, figures, running, against, look_at, now)
    return decisions


def _decide_place(
    environment: str,
    name: str,
    use_case: UseCase,
    entries: Sequence[Entry],
    figures: Mapping[str, Figures],
    running: str | None,
    against: Against,
    look_at: Callable[[str, str], Look],
    now: AgainstNow,
) -> list[Decision]:
    judged = {entry.entry: tuple(judge(use_case, entry, figures.get(entry.entry, {}))) for entry in entries}
    momentary = {entry.entry: tuple(now(name, use_case, entry, judged[entry.entry])) for entry in entries}
    standing = [entry for entry in entries if _kept(judged[entry.entry])]
    champion = next((entry for entry in standing if entry.entry == running), None)
    passing = [entry for entry in standing if entry is champion or _kept(momentary[entry.entry])]
    best, notes, duels = _best(passing, figures, champion, against, look_at, use_case.margin)
    decisions = []
    for entry in entries:
        duel = duels.get(entry.entry)
        rules = (*judged[entry.entry], *momentary[entry.entry], *(() if duel is None else (duel,)))
        verdict, reason = _verdict(entry, (*judged[entry.entry], *momentary[entry.entry]), best, notes)
        stays = entry is champion and entry is best and verdict == "held"
        reason = f"{reason}; it stays where it runs" if stays else reason
        evidence = _evidence(use_case, entry, rules, verdict, reason)
        decisions.append(Decision(environment, name, entry, verdict, reason, rules, use_case, evidence, stays))
    return decisions


def _kept(rules: Sequence[Judged]) -> bool:
    return all(rule.verdict == "passed" for rule in rules)


def headline(decisions: Sequence[Decision], figures: Mapping[str, Figures]) -> str:
    """One line for the end of a run: how many entries are in production, and what became of the best candidate."""
    running = [d for d in decisions if d.environment == "production" and (d.verdict == "promoted" or d.stays)]
    active = {decision.use_case: decision.entry.entry for decision in running}
    count = f"{len(active)} {'entry' if len(active) == 1 else 'entries'} in production"
    if active:
        return f"{count}: " + ", ".join(f"{entry} for {use_case}" for use_case, entry in sorted(active.items()))
    runnable = [each for each in decisions if each.entry.runnable and each.environment == "production"]
    if not runnable:
        return f"{count}; there is no candidate"

    def order(decision: Decision) -> tuple[bool, float, str]:
        return (not decision.entry.model, -_rank(figures.get(decision.entry.entry, {})), decision.use_case)

    nearest = min(runnable, key=order)
    return f"{count}; {nearest.entry.entry} {nearest.verdict} for {nearest.use_case}: {nearest.reason}"


def _best(
    passing: Sequence[Entry],
    figures: Mapping[str, Figures],
    champion: Entry | None,
    against: Against,
    look_at: Callable[[str, str], Look],
    margin: float,
) -> tuple[Entry | None, dict[str, str], dict[str, Judged]]:
    """Which of the entries that keep every rule is to run, why each other one is not, and what was found of each in its duel."""
    if champion is None:
        best = min(passing, key=lambda entry: (-_rank(figures.get(entry.entry, {})), entry.entry), default=None)
        notes = {entry.entry: f"it keeps every rule, but {best.entry} is better" for entry in passing if best is not None}
        return best, notes, {}
    challengers = [entry for entry in passing if entry.entry != champion.entry]
    duels = {}
    for entry in challengers:
        look = look_at(entry.entry, champion.entry)
        confidence = 1 - _FALSE_PROMOTIONS / len(challengers) * look.share
        duels[entry.entry] = _duel(champion.entry, against(entry.entry, champion.entry, confidence), margin, look)
    notes = {name: f"it keeps every rule, but {duel.note}" for name, duel in duels.items()}
    winners = [entry for entry in challengers if duels[entry.entry].verdict == "passed"]
    best = min(winners, key=lambda entry: (-(duels[entry.entry].figure or 0.0), entry.entry), default=champion)
    notes |= {entry.entry: f"it is better than {champion.entry}, but not the best" for entry in winners}
    notes[champion.entry] = f"it keeps every rule, but {best.entry} is shown to be better"
    defence = Judged(CHAMPION, "no other entry is shown to be better", "failed" if winners else "passed", notes[champion.entry])
    return best, notes, {**duels, champion.entry: defence}


def _duel(champion: str, found: Measured | None, margin: float, look: Look) -> Judged:
    text = f"{CHALLENGES}{champion}"
    if found is None or found.lower is None:
        note = f"is not shown to be better than {champion}: they share no scored questions or tasks"
        return Judged(CHALLENGE, text, "missing", note, limit=margin)
    met = found.lower > margin
    shown = "shown" if met else "not shown"
    return Judged(
        CHALLENGE,
        text,
        "passed" if met else "failed",
        f"is {shown} to be better than {champion}: lower bound {found.lower:.3f}, more than {margin:g} is asked"
        + (f" (look {look.number})" if look.number > 1 else ""),
        figure=found.value,
        lower=found.lower,
        upper=found.upper,
        bound=found.lower,
        limit=margin,
        look=look.number,
        pairs=look.pairs,
    )


def _verdict(entry: Entry, rules: Sequence[Judged], best: Entry | None, notes: Mapping[str, str]) -> tuple[str, str]:
    broken = [rule for rule in rules if rule.verdict != "passed"]
    binding = [rule for rule in broken if rule.binding]
    if binding:
        return "rejected", "; ".join(rule.note for rule in binding)
    if broken:
        return "held", "; ".join(rule.note for rule in broken)
    assert best is not None
    if entry.entry != best.entry:
        return "held", notes[entry.entry]
    return "promoted", f"it keeps all {len(rules)} rules"


def _rank(figures: Figures) -> float:
    measured = next((figures[name] for name in _ORDERED_BY if name in figures), Measured(math.nan))
    bound = measured.value if measured.lower is None else measured.lower
    return -math.inf if math.isnan(bound) else bound


def _evidence(use_case: UseCase, entry: Entry, rules: Sequence[Judged], verdict: str, reason: str) -> str:
    content: dict[str, Any] = {
        "use_case": use_case.model_dump(mode="json"),
        "entry": asdict(entry),
        "rules": [vars(rule) for rule in rules],
        "verdict": [verdict, reason],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
