"""From windows to alerts: signals, thresholds with hysteresis, and what is kept between windows.

Belongs here: judging, as plain values. Writing alerts down and acting on them is the business of monitor.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from lenovo_pipeline.roster.monitoring.drift import BLOCK, REFERENCE, Finding, Sample, compare, evidence, sample_of
from lenovo_pipeline.roster.monitoring.requests import Request
from lenovo_pipeline.roster.monitoring.windows import Facts

RAISED, CLEARED = "raised", "cleared"
DRIFT = "drift"


@dataclass(frozen=True)
class Threshold:
    """When an alert is raised, and when it is cleared again.

    It is raised after `raise_after` windows in a row at or above `raise_at`, and cleared after `clear_after` in a row below
    `clear_at`; between the two nothing changes, so that a figure that hovers at a limit does not raise alert after alert.
    `rolls_back`: whether raising it is a breach, for which the entry is taken out of service.
    """

    signal: str
    raise_at: float
    clear_at: float
    raise_after: int = 2
    clear_after: int = 3
    rolls_back: bool = True
    unit: str = ""

    def __post_init__(self) -> None:
        if not (self.clear_at <= self.raise_at and self.raise_after >= 1 and self.clear_after >= 1):
            raise ValueError(f"{self.signal}: an alert that is raised at {self.raise_at} cannot be cleared at {self.clear_at}")


@dataclass(frozen=True)
class State:
    """What is remembered of a signal: whether its alert is raised, and windows in a row that speak for a change."""

    raised: bool = False
    streak: int = 0

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
            Threshold("error_rate", self.error_rate, self.error_rate / 2),
            Threshold("latency_p95_s", self.latency_p95_s, 0.8 * self.latency_p95_s, unit="s"),
            Threshold("invalid_rate", self.invalid_rate, self.invalid_rate / 2),
            # Both are probabilities of a false alarm as -log10: 4 is one in ten thousand windows, 1.3 one in twenty.
            Threshold("quality_loss", 4.0, 1.3, raise_after=1),
            Threshold(DRIFT, 4.0, 1.3, raise_after=1, clear_after=1, rolls_back=False),
        )


LEAST_REQUESTS = 5
"""Fewer requests say nothing of rates and percentiles: a window with fewer is judged together with those before it."""

LOOK_BACK_S = 120.0
"""How far back such a window looks."""

SCORED = 60
"""The latest gold questions that quality is judged by, at most."""


def step(state: State, value: float | None, threshold: Threshold) -> tuple[State, str | None]:
    """The state after a window with this value (None: the window says nothing), and `raised` or `cleared` if it turned."""
    if value is None or value != value:
        return state, None
    if not state.raised:
        streak = state.streak + 1 if value >= threshold.raise_at else 0
        return (State(True, 0), RAISED) if streak >= threshold.raise_after else (replace(state, streak=streak), None)
    streak = state.streak + 1 if value < threshold.clear_at else 0
    return (State(False, 0), CLEARED) if streak >= threshold.clear_after else (replace(state, streak=streak), None)


def rates(facts: Facts) -> dict[str, float | None]:
    """The signals of a window that come from its requests alone; None where they are too few."""
    if facts.requests < LEAST_REQUESTS:
        return {"error_rate": None, "latency_p95_s": None, "invalid_rate": None}
    answered = facts.requests - facts.errors
    return {
        "error_rate": facts.error_rate,
        "latency_p95_s": facts.latency_p95_s if answered >= LEAST_REQUESTS else None,
        "invalid_rate": facts.invalid_rate,
    }


def quality_loss(scores: Sequence[float], expected: float | None) -> float | None:
    """Evidence (-log10 of the p-value) that fewer than expected of the gold questions are answered right.

    The exact binomial test (Clopper and Pearson 1934), a score of at least one half counting as right; None where nothing is
    expected or too few were asked. Scores that equal the expectation never raise anything, however many there are.
    """
    from math import log10

    from scipy.stats import binomtest

    if expected is None or not 0 < expected < 1 or len(scores) < LEAST_REQUESTS:
        return None
    right = sum(score >= 0.5 for score in scores)
    return -log10(max(float(binomtest(right, len(scores), expected, alternative="less").pvalue), 1e-12))


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


def said(event: str, threshold: Threshold, value: float, findings: Sequence[Finding] = ()) -> str:
    """An alert in one sentence."""
    strongest = sorted(findings, key=lambda each: each.p_value)[:2]
    what = "; ".join(f"{each.test} of {each.of} {each.statistic:.3g} (p {each.p_value:.1g})" for each in strongest)
    unit = f" {threshold.unit}" if threshold.unit else ""
    limit = threshold.raise_at if event == RAISED else threshold.clear_at
    side = ">=" if event == RAISED else "<"
    return f"{threshold.signal} {value:.3g}{unit} {side} {limit:.3g}{unit}{f': {what}' if what else ''}"


def states_of(held: Mapping[str, Any] | None) -> State:
    """The state that was kept; none counts as new."""
    return State() if held is None else State(bool(held["raised"]), int(held["streak"]))
