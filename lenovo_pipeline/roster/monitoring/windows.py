"""Windows of served requests: which window a request belongs to, and what a window adds up to.

Belongs here: grouping and plain figures. Judging them is the business of judging.py, drift that of drift.py.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeGuard

from lenovo_pipeline.enterprise.tables import LANGUAGES
from lenovo_pipeline.roster.monitoring.requests import SKETCH_WIDTH, Place, Request

LONGEST_LATENCY_S = 3_600.0
"""A longer answer than an hour is a broken record, not a slow one."""

MOST_TOKENS = 10**9
"""No request has as many."""


@dataclass(frozen=True)
class Key:
    """What the requests of one window have in common."""

    place: Place
    entry: str
    role: str


@dataclass(frozen=True)
class Facts:
    """What a window adds up to. Times in s; `quality` is the mean score of its gold questions (None: none were asked).

    `invalid` counts records that cannot be right, by what is wrong with them.
    """

    requests: int
    errors: int
    latency_p50_s: float | None
    latency_p95_s: float | None
    tokens_in: int
    tokens_out: int
    scored: int
    right: float
    invalid: Mapping[str, int]

    @property
    def quality(self) -> float | None:
        return self.right / self.scored if self.scored else None

    @property
    def error_rate(self) -> float | None:
        return self.errors / self.requests if self.requests else None

    @property
    def invalid_records(self) -> int:
        return sum(self.invalid.values())

    @property
    def invalid_rate(self) -> float | None:
        return self.invalid_records / self.requests if self.requests else None

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "invalid": dict(self.invalid)}


def window_number(tick_s: float, seconds: float, *, not_before: int | None = None) -> int:
    """The window that a moment lies in; one that was already closed is never opened again."""
    number = int(tick_s // seconds)
    return number if not_before is None else max(number, not_before)


def facts_of(requests: Sequence[Request]) -> Facts:
    """What these requests add up to, without figures that cannot be right.

    Percentiles are the nearest rank (Hyndman and Fan 1996, type 1).
    """
    times = answer_times(requests)
    scores = [each.score for each in requests if each.score is not None and 0 <= each.score <= 1]
    invalid = Counter(problem for each in requests for problem in problems_of(each)[:1])
    return Facts(
        requests=len(requests),
        errors=sum(each.error is not None for each in requests),
        latency_p50_s=nearest_rank(times, 0.50),
        latency_p95_s=nearest_rank(times, 0.95),
        tokens_in=sum(each.tokens_in or 0 for each in requests if _counted(each.tokens_in)),
        tokens_out=sum(each.tokens_out or 0 for each in requests if _counted(each.tokens_out)),
        scored=len(scores),
        right=float(sum(scores)),
        invalid=dict(sorted(invalid.items())),
    )


def answer_times(requests: Sequence[Request], *, failed: bool = False) -> list[float]:
    """How long each answer (or failure) took, in s, the shortest first; of records in which that can be right."""
    return sorted(each.latency_s for each in requests if (each.error is not None) == failed and _possible(each.latency_s))


def problems_of(request: Request) -> list[str]:
    """Why a record cannot be right: the data quality of what is served."""
    found = [] if request.problem is None else [request.problem]
    if request.chars_in <= 0:
        found.append("empty question")
    if request.error is None and request.chars_out is not None and request.chars_out <= 0:
        found.append("empty answer")
    if request.error is None and not _possible(request.latency_s):
        found.append("latency missing or out of range")
    if not (_counted(request.tokens_in) and _counted(request.tokens_out)):
        found.append("tokens out of range")
    if request.language not in LANGUAGES:
        found.append("unknown language")
    if request.sketch and (len(request.sketch) != SKETCH_WIDTH or any(value != value for value in request.sketch)):
        found.append("embedding not finite or of another width")
    if request.score is not None and not 0 <= request.score <= 1:
        found.append("score out of range")
    return found


def _counted(tokens: int | None) -> bool:
    return tokens is None or 0 <= tokens < MOST_TOKENS


def _possible(latency_s: float | None) -> TypeGuard[float]:
    # A comparison with NaN is false.
    return latency_s is not None and 0 <= latency_s < LONGEST_LATENCY_S


def nearest_rank(ordered: Sequence[float], share: float) -> float | None:
    """The percentile of values in ascending order; None of none."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None
