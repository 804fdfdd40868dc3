"""The one interface of metrics that score an answer: a name, what it applies to, and a score or the reason for none.

Belongs here: scores, and metrics made of a function of one answer. What is measured belongs in the other modules.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lenovo_pipeline.measures.items import ANSWER_TYPES, AnswerType, Item

DOES_NOT_APPLY = "does not apply to answer type"


@dataclass(frozen=True)
class Score:
    """A finite value, or None with the reason. Unscored is not zero."""

    value: float | None
    reason: str = ""


class Metric(Protocol):
    """Scores final answers (`reading.final_answer`), each against its item; higher is better unless it says otherwise."""

    @property
    def name(self) -> str: ...

    def applies(self, answer_type: AnswerType) -> bool:
        """Whether a question of this type can be scored."""
        ...

    def values(self, answers: Sequence[str], items: Sequence[Item]) -> Sequence[float]:
        """One value per answer, in order; only ever called with items that it applies to."""
        ...


@dataclass(frozen=True)
class ItemMetric:
    """A metric that is a function of one answer and its item."""

    name: str
    measure: Callable[[str, Item], float]
    answer_types: tuple[AnswerType, ...] = ANSWER_TYPES

    def applies(self, answer_type: AnswerType) -> bool:
        return answer_type in self.answer_types

    def values(self, answers: Sequence[str], items: Sequence[Item]) -> list[float]:
        return [self.measure(answer, item) for answer, item in zip(answers, items, strict=True)]


def score(metric: Metric, answers: Sequence[str], items: Sequence[Item]) -> list[Score]:
    """Scores of `answers` [n] against `items` [n]. What does not apply, is not finite or fails is None with a reason.

    Raises ValueError if the lengths differ, or if the metric returns another number of values than it was asked for.
    """
    if len(answers) != len(items):
        raise ValueError(f"{len(answers)} answers for {len(items)} items: give one answer per item")
    scores = [Score(None, f"{DOES_NOT_APPLY} {item.answer_type}") for item in items]
    places = [place for place, item in enumerate(items) if metric.applies(item.answer_type)]
    if not places:
        return scores
    try:
        values = metric.values([answers[place] for place in places], [items[place] for place in places])
    except Exception as error:
        if len(places) > 1:
            return [score(metric, [answer], [item])[0] for answer, item in zip(answers, items, strict=True)]
        scores[places[0]] = Score(None, f"{metric.name} failed: {type(error).__name__}: {error}")
        return scores
    if len(values) != len(places):
        raise ValueError(f"metric {metric.name} gave {len(values)} values for {len(places)} answers")
    for place, value in zip(places, values, strict=True):
        finite = math.isfinite(value)
        scores[place] = Score(float(value)) if finite else Score(None, f"{metric.name} gave {value}, which is no finite number")
    return scores
