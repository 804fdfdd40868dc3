"""Replayable traffic: requests as an entry would serve them, drawn from what it answered in its evaluation, by a seed.

Belongs here: profiles and drawing from them, on a clock of their own, so that an hour of traffic takes a second.
Does not belong here: what goes wrong on purpose (trials/), serving real requests (serving.py).
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.scores import ItemScore
from lenovo_pipeline.roster.monitoring.requests import CHAMPION, Moment, Place, Request

GOLD_SHARE = 0.25
"""Share of the requests that are gold questions, whose answers are scored."""

_START = datetime(2026, 1, 1, tzinfo=UTC)
_NO_SERVICE = ("model_failed", "model_timeout", "failed")
"""Endings of an agent's attempt that are errors to whoever asked."""


@dataclass(frozen=True)
class Outcome:
    """What one question took and gave: all that a request says of it."""

    chars_in: int
    language: str
    sketch: tuple[float, ...]
    chars_out: int | None
    tokens_in: int | None
    tokens_out: int | None
    latency_s: float | None
    error: str | None
    score: float | None


@dataclass(frozen=True)
class Traffic:
    """How much of it comes: `rate` requests per s (Poisson) for `seconds`, of which `gold_share` are scored."""

    rate: float = 20.0
    seconds: float = 60.0
    gold_share: float = GOLD_SHARE
    start_s: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.rate > 0 and self.seconds > 0 and 0 <= self.gold_share <= 1 and math.isfinite(self.rate * self.seconds)):
            raise PermanentFailure(
                f"{self.rate} requests per s for {self.seconds} s, {self.gold_share} of them gold, make no traffic",
                remedy="Give a rate and a time above 0 and a share between 0 and 1.",
            )
        if self.seed < 0:
            raise PermanentFailure(f"{self.seed} is no seed", remedy="Give a whole number from 0.")


def outcomes(rows: Sequence[ItemScore], questions: dict[str, str], sketches: dict[str, tuple[float, ...]]) -> list[Outcome]:
    """The outcomes of a candidate's rows; `questions` and `sketches` by question id. Rows without a question are left out."""
    return [
        Outcome(
            chars_in=len(questions[row.question_id]),
            language=row.language,
            sketch=sketches.get(row.question_id, ()),
            chars_out=len(row.said),
            tokens_in=row.tokens_in,
            tokens_out=row.tokens_out,
            latency_s=row.latency_s,
            error=None if row.failure is None else row.failure.partition(":")[0],
            score=row.correct,
        )
        for row in rows
        if row.question_id in questions
    ]


def attempt_outcome(row: Mapping[str, Any], sketch: tuple[float, ...] = (), chars_out: int | None = None) -> Outcome:
    """The outcome of an agent's attempt. `row`: one of agents.attempts, and of its task `language` and the first of `turns`;
    `chars_out`: the length of what it said last (None: not known).
    """
    return Outcome(
        chars_in=len(row["turns"][0]),
        language=str(row["language"]),
        sketch=sketch,
        chars_out=chars_out,
        tokens_in=int(row["tokens_in"]),
        tokens_out=int(row["tokens_out"]),
        latency_s=float(row["seconds"]),
        error=str(row["ending"]) if row["ending"] in _NO_SERVICE else None,
        score=float(row["success"]),
    )


def simulate(
    place: Place,
    entry: str,
    profile: Sequence[Outcome],
    traffic: Traffic,
    *,
    clock: str = "",
    role: str = CHAMPION,
    began: datetime = _START,
) -> Iterator[Request]:
    """Requests in the order of time; the same for the same arguments. `clock` (default: made of the seed) tells this
    simulation's time from others, `began` is the date that it is given. Raises PermanentFailure for a profile without outcomes.
    """
    if not profile:
        raise PermanentFailure(f"there is nothing to draw {entry}'s requests from", remedy="Evaluate it first: make run")
    generator = np.random.default_rng([traffic.seed, 1])
    clock = clock or f"simulated-{traffic.seed}"
    elapsed = 0.0
    while (elapsed := elapsed + float(generator.exponential(1 / traffic.rate))) < traffic.seconds:
        outcome = profile[int(generator.integers(len(profile)))]
        gold = bool(generator.random() < traffic.gold_share)
        tick = traffic.start_s + elapsed
        when = Moment(clock, tick, (began + timedelta(seconds=tick)).isoformat(timespec="milliseconds"))
        yield as_request(place, entry, when, outcome if gold else replace(outcome, score=None), role)


def as_request(place: Place, entry: str, when: Moment, outcome: Outcome, role: str = CHAMPION) -> Request:
    """A request with this outcome."""
    return Request(
        place=place,
        entry=entry,
        when=when,
        role=role,
        latency_s=outcome.latency_s,
        error=outcome.error,
        tokens_in=outcome.tokens_in,
        tokens_out=outcome.tokens_out,
        chars_in=outcome.chars_in,
        chars_out=outcome.chars_out,
        language=outcome.language,
        sketch=outcome.sketch,
        score=outcome.score,
    )


def to_json_lines(requests: Sequence[Request]) -> str:
    """The requests as they can be replayed later."""
    return "".join(
        json.dumps({**each.__dict__, "place": each.place.__dict__, "when": each.when.__dict__}) + "\n" for each in requests
    )
