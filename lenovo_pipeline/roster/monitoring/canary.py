"""A canary: a share of simulated traffic goes to the challenger, watched by a test that may be looked at after every request.

Belongs here: the comparison and its verdict, as plain values. The challenger is aborted on harm at once, and never judged by
peeking: each comparison is the always-valid paired test of measures/statistics/sequential.py, at a third of alpha each.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lenovo_pipeline.measures.statistics.sequential import confidence_sequence, sequential_paired_test
from lenovo_pipeline.provenance import short_hash
from lenovo_pipeline.roster.deploying.transitions import LEAST_SHARE, MOST_SHARE
from lenovo_pipeline.roster.monitoring.requests import Place
from lenovo_pipeline.roster.monitoring.simulator import Outcome

ABORTED, BETTER, NO_HARM, NOT_JUDGED = "aborted", "better", "no harm shown", "not judged"
VERDICTS = (ABORTED, BETTER, NO_HARM, NOT_JUDGED)
REQUESTS, ALPHA = 2_000, 0.05
_COMPARED = ("quality", "errors", "latency")


@dataclass(frozen=True)
class Compared:
    """One thing that is compared: mean of challenger minus champion, oriented so that below 0 is worse, with its interval that
    holds at any time; `stopped_at`: pairs after which equality was rejected (None: it was not).
    """

    name: str
    pairs: int
    difference: float
    low: float
    high: float
    stopped_at: int | None


@dataclass(frozen=True)
class Canary:
    """What came of it. `requests` were sent until then, `of_challenger` of them to the challenger."""

    place: Place
    champion: str
    challenger: str
    share: float
    requests: int
    of_challenger: int
    compared: tuple[Compared, ...]
    verdict: str
    reason: str

    @property
    def canary_id(self) -> str:
        """Made of everything in it: the same canary is one record."""
        content = [str(self.place), self.champion, self.challenger, self.share, self.requests, self.verdict, self.reason]
        return f"CAN-{short_hash(json.dumps(content))}"

    def as_row(self) -> dict[str, Any]:
        """A row of roster.canary."""
        by_name = {each.name: each for each in self.compared}
        return {
            "canary_id": self.canary_id,
            "environment": self.place.environment,
            "use_case": self.place.use_case,
            "champion": self.champion,
            "challenger": self.challenger,
            "share": self.share,
            "requests": self.requests,
            "of_challenger": self.of_challenger,
            "verdict": self.verdict,
            "reason": self.reason,
            **{
                f"{name}_{side}": getattr(by_name[name], side) if name in by_name else None
                for name in _COMPARED
                for side in ("difference", "low", "high")
            },
        }


def run_canary(
    place: Place,
    champion: tuple[str, Sequence[Outcome]],
    challenger: tuple[str, Sequence[Outcome]],
    *,
    share: float,
    budget_s: float,
    seed: int,
    requests: int = REQUESTS,
    alpha: float = ALPHA,
) -> Canary:
    """Send `requests`, a `share` of them to the challenger, and stop as soon as it is shown to be worse in anything.

    Both are given with their outcomes; `budget_s` is the latency that an answer should keep. A challenger request is paired with
    the mean of what the champion answered since the last one, so that traffic that changes hits both alike. With a share out of
    [LEAST_SHARE, MOST_SHARE], or an entry without outcomes, nothing is sent and nothing judged; the reason says what to do.
    """
    if not LEAST_SHARE <= share <= MOST_SHARE or not champion[1] or not challenger[1]:
        reason = (
            f"a canary of {challenger[0]} ({len(challenger[1])} outcomes) against {champion[0]} ({len(champion[1])} outcomes) "
            f"with a share of {share:g} shows nothing: give a share from {LEAST_SHARE:g} to {MOST_SHARE:g}, and evaluate both "
            "entries"
        )
        return Canary(place, champion[0], challenger[0], share, 0, 0, (), NOT_JUDGED, reason)
    generator = np.random.default_rng([seed, 2])
    to_challenger = generator.random(requests) < share
    drawn_of = [
        [profile[place] for place in generator.integers(len(profile), size=requests)] for profile in (champion[1], challenger[1])
    ]
    worst: dict[str, list[tuple[float, float, int]]] = {name: [] for name in _COMPARED}
    waiting: dict[str, list[float]] = {name: [] for name in _COMPARED}
    for number in range(requests):
        outcome = drawn_of[int(to_challenger[number])][number]
        for name, value in _values(outcome, budget_s).items():
            if not to_challenger[number]:
                waiting[name].append(value)
            elif waiting[name]:
                worst[name].append((value, float(np.mean(waiting[name])), number + 1))
                waiting[name].clear()
    compared = [_compare(name, pairs, alpha / len(_COMPARED)) for name, pairs in worst.items() if pairs]
    harmful = [each for each in compared if each.stopped_at is not None and each.difference < 0]
    if harmful:
        first = min(harmful, key=lambda each: worst[each.name][(each.stopped_at or 1) - 1][2])
        sent = worst[first.name][(first.stopped_at or 1) - 1][2]
        reason = f"{first.name} of {challenger[0]} is worse by {-first.difference:.3f} ({-first.high:.3f} to {-first.low:.3f})"
        verdict, reason = ABORTED, f"{reason}, shown after {sent} requests"
    else:
        sent = requests
        better = [each for each in compared if each.name == "quality" and each.stopped_at is not None and each.difference > 0]
        verdict = BETTER if better else NO_HARM
        reason = (
            f"quality of {challenger[0]} is better by {better[0].difference:.3f} after {requests} requests"
            if better
            else f"nothing of {challenger[0]} is shown to be worse after {requests} requests"
        )
    return Canary(
        place, champion[0], challenger[0], share, sent, int(to_challenger[:sent].sum()), tuple(compared), verdict, reason
    )


def _values(outcome: Outcome, budget_s: float) -> dict[str, float]:
    """What is compared of one answer, as values in [0, 1] of which more is better."""
    failed = outcome.error is not None
    found = {"errors": float(not failed)}
    if outcome.score is not None or failed:
        found["quality"] = 0.0 if failed or outcome.score is None else float(np.clip(outcome.score, 0.0, 1.0))
    if outcome.latency_s is not None:
        found["latency"] = float(outcome.latency_s <= budget_s)
    return found


def _compare(name: str, pairs: Sequence[tuple[float, float, int]], alpha: float) -> Compared:
    """The comparison up to the first rejection, or of all pairs."""
    mine, theirs = np.array([each[0] for each in pairs]), np.array([each[1] for each in pairs])
    stopped = sequential_paired_test(mine, theirs, alpha=alpha).stopped_at
    until = stopped or len(pairs)
    low, high = confidence_sequence((mine[:until] - theirs[:until] + 1) / 2, alpha=alpha)
    difference = float((mine[:until] - theirs[:until]).mean())
    return Compared(name, until, difference, float(2 * low[-1] - 1), float(2 * high[-1] - 1), stopped)
