"""From windows to alerts: signals, thresholds with hysteresis, and what is kept between windows.

Belongs here: judging, as plain values. Writing alerts down and acting on them is the business of monitor.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from lenovo_pipeline.roster.monitoring.drift import BLOCK, REFERENCE, Finding, Sample, compare, evidence, sample_of
from lenovo_pipeline.roster.monitoring.requests import Request
from lenovo_pipeline.roster.monitoring.windows import answer_times, facts_of, nearest_rank

RAISED, CLEARED = "raised", "cleared"
DRIFT = "drift"
_SMALLEST_P = 1e-12

STRONG, WEAK = 4.0, 1.3
"""Evidence is the probability of a false alarm as -log10: 4 is one in ten thousand, 1.3 one in twenty."""

POOLED = 6.0
"""Evidence that a rate asks for. A pool begins with bad requests and is looked at after every window: hence one in a million."""

SLOW_SHARE = 0.05
"""Share of the answers that may take longer than a budget for the 95th percentile."""

POOL = 5_000
"""Requests that are counted together before counting starts anew, so that what was long ago does not water down what is now."""

LEAST_SCORED = 5
"""Fewer gold questions say nothing of quality."""

SCORED = 60
"""The latest gold questions that quality is judged by, at most."""


@dataclass(frozen=True)
class Threshold:
    """When an alert is raised, and when it is cleared again.

    It is raised after `raise_after` windows in a row at or above `raise_at`, and cleared after `clear_after` in a row below
    `clear_at`; between the two nothing changes, so that a figure that hovers at a limit does not raise alert after alert.
    `rolls_back`: whether raising it is a breach, for which the entry is taken out of service. `share`: the share of bad requests
    that the limit stands for, `counted` what is bad about them; then the windows in a row have to show together that there are
    more of them (or fewer, to clear it) by more than chance.
    """

    signal: str
    raise_at: float
    clear_at: float
    raise_after: int = 2
    clear_after: int = 3
    rolls_back: bool = True
    unit: str = ""
    share: float | None = None
    counted: str = ""

    def __post_init__(self) -> None:
        if not (self.clear_at <= self.raise_at and self.raise_after >= 1 and self.clear_after >= 1):
            raise ValueError(f"{self.signal}: an alert that is raised at {self.raise_at} cannot be cleared at {self.clear_at}")


@dataclass(frozen=True)
class Counts:
    """`bad` requests of `of`."""

    bad: int = 0
    of: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.bad + other.bad, self.of + other.of)


@dataclass(frozen=True)
class State:
    """What is remembered of a signal: whether its alert is raised, windows in a row that speak for a change, and the requests in
    them, each counted once.
    """

    raised: bool = False
    streak: int = 0
    counts: Counts = Counts()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Limits:
    """What an entry has to keep while it serves. `quality` is the share of gold questions that it is expected to answer right
    at least (None: unknown, so that its quality raises nothing), `latency_p95_s` its budget.
    """

    latency_p95_s: float = 2.0
    quality: float | None = None
    error_rate: float = 0.10
    invalid_rate: float = 0.10

    def thresholds(self) -> tuple[Threshold, ...]:
        return (
            Threshold(
                "error_rate", self.error_rate, self.error_rate / 2, share=self.error_rate, counted="requests ended in an error"
            ),
            Threshold(
                "latency_p95_s",
                self.latency_p95_s,
                0.8 * self.latency_p95_s,
                unit="s",
                share=SLOW_SHARE,
                counted="requests took longer",
            ),
            Threshold(
                "invalid_rate",
                self.invalid_rate,
                self.invalid_rate / 2,
                share=self.invalid_rate,
                counted="records cannot be right",
            ),
            Threshold("quality_loss", STRONG, WEAK, raise_after=1),
            Threshold(DRIFT, STRONG, WEAK, raise_after=1, clear_after=1, rolls_back=False),
        )


@dataclass(frozen=True)
class Figure:
    """What a window says of a signal: the value (None: nothing), the requests behind a rate, the tests behind drift."""

    signal: str
    value: float | None
    counts: Counts = Counts()
    tests: Sequence[Finding] = ()


def step(state: State, value: float | None, threshold: Threshold, counts: Counts = Counts()) -> tuple[State, str | None]:
    """The state after a window with this value (None: the window says nothing), and `raised` or `cleared` if it turned.

    The requests of a rate are pooled from the window on with which it came to its limit, for as long as all of them together
    are at or above it, as in a cumulative sum chart (Page 1954): one good window does not undo what those before it showed, and
    few requests are judged together with those before them.
    """
    if value is None or value != value:
        return state, None
    speaks = value < threshold.clear_at if state.raised else value >= threshold.raise_at
    pool = pooled(state, counts)
    goes_on, shown = speaks, True
    if threshold.share is not None and not state.raised:
        goes_on = pool.bad >= threshold.share * pool.of
    if not goes_on:
        return replace(state, streak=0, counts=Counts()), None
    streak = state.streak + 1
    enough = streak >= (threshold.clear_after if state.raised else threshold.raise_after)
    if threshold.share is not None and enough:
        shown = chance(pool, threshold.share, fewer=state.raised) >= (WEAK if state.raised else POOLED)
    if speaks and enough and shown:
        return State(not state.raised), CLEARED if state.raised else RAISED
    return replace(state, streak=streak, counts=pool), None


def pooled(state: State, counts: Counts) -> Counts:
    """The requests of a window with those that are pooled before it."""
    return counts if state.counts.of >= POOL else state.counts + counts


def chance(counts: Counts, share: float, *, fewer: bool = False) -> float:
    """Evidence (-log10 of the p-value) that more (or fewer) than a share of the requests are bad.

    The exact one-sided binomial test (Clopper and Pearson 1934).
    """
    from math import log10

    from scipy.stats import binomtest

    side = "less" if fewer else "greater"
    return -log10(max(float(binomtest(counts.bad, counts.of, share, alternative=side).pvalue), _SMALLEST_P))


def rates(requests: Sequence[Request], limits: Limits) -> list[Figure]:
    """The signals of a window that come from its requests alone.

    A request that failed later than the budget was too slow as well: without those that ran into a time limit, an entry that
    hangs would look quick.
    """
    facts = facts_of(requests)
    budget_s = limits.latency_p95_s
    times = sorted([*answer_times(requests), *(each for each in answer_times(requests, failed=True) if each > budget_s)])
    return [
        Figure("error_rate", facts.error_rate, Counts(facts.errors, facts.requests)),
        Figure("latency_p95_s", nearest_rank(times, 0.95), Counts(sum(each > budget_s for each in times), len(times))),
        Figure("invalid_rate", facts.invalid_rate, Counts(facts.invalid_records, facts.requests)),
    ]


def quality_loss(scores: Sequence[float], expected: float | None) -> float | None:
    """Evidence (-log10 of the p-value) that fewer than expected of the gold questions are answered right.

    A score of at least one half counts as right; None where nothing is expected or too few were asked. Scores that equal the
    expectation never raise anything, however many there are.
    """
    if expected is None or not 0 < expected < 1 or len(scores) < LEAST_SCORED:
        return None
    return chance(Counts(sum(score >= 0.5 for score in scores), len(scores)), expected, fewer=True)


@dataclass(frozen=True)
class Watched:
    """What drift is judged by: the reference, as soon as there is one, and requests that are not judged yet."""

    reference: Sample | None = None
    waiting: tuple[Request, ...] = ()


def drift_of(watched: Watched, requests: Sequence[Request], *, seed: int) -> tuple[Watched, list[tuple[float, list[Finding]]]]:
    """What a window adds to what is watched, and for each block that became full its evidence with all findings.

    The first REFERENCE requests are the reference; from then on every BLOCK requests are held against it.
    """
    waiting = [*watched.waiting, *requests]
    reference = watched.reference
    if reference is None and len(waiting) >= REFERENCE:
        reference, waiting = sample_of(waiting[:REFERENCE]), waiting[REFERENCE:]
    judged = []
    while reference is not None and len(waiting) >= BLOCK:
        block, waiting = waiting[:BLOCK], waiting[BLOCK:]
        findings = compare(reference, sample_of(block), seed=seed)
        found = evidence(findings)
        if found is not None:
            judged.append((found, findings))
    return Watched(reference, tuple(waiting)), judged


def said(event: str, threshold: Threshold, figure: Figure, pool: Counts) -> str:
    """An alert in one sentence; `pool`: the requests that a rate was judged by."""
    strongest = sorted(figure.tests, key=lambda each: each.p_value)[:2]
    what = "; ".join(f"{each.test} of {each.of} {each.statistic:.3g} (p {each.p_value:.1g})" for each in strongest)
    if threshold.share is not None:
        p_value = 10 ** -chance(pool, threshold.share, fewer=event == CLEARED)
        what = f"{pool.bad} of {pool.of} {threshold.counted} (p {p_value:.1g})"
    unit = f" {threshold.unit}" if threshold.unit else ""
    limit = threshold.raise_at if event == RAISED else threshold.clear_at
    side = ">=" if event == RAISED else "<"
    return f"{threshold.signal} {figure.value:.3g}{unit} {side} {limit:.3g}{unit}{f': {what}' if what else ''}"


def states_of(held: Mapping[str, Any] | None) -> State:
    """The state that was kept; none counts as new."""
    return State() if held is None else State(bool(held["raised"]), int(held["streak"]), Counts(**held.get("counts", {})))
