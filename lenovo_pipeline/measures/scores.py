"""The per-item score table: one row per question with what was said, what it took and every score, under one header.

Belongs here: rows and tables as plain values. How they are stored belongs to the stages (and, while a candidate is asked,
to score_log.py), and what they add up to belongs to figures.py.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

from lenovo_pipeline.measures.header import Header
from lenovo_pipeline.measures.metrics.basic import HEADLINE
from lenovo_pipeline.measures.metrics.metric import DOES_NOT_APPLY

_LASTING = ("PromptTooLong",)
"""Classes of errors that come again whenever the same is asked of the same candidate."""


@dataclass(frozen=True)
class ItemScore:
    """What one question gave.

    `said` is all that was said and `answer` the answer found in it; `failure` is set (an error's class and sentence) where there
    is no answer. `scores` maps every metric to a finite value or None, and `reasons` says why for each None. Times are in s.
    """

    question_id: str
    category: str
    answer_type: str
    language: str
    cluster: str
    said: str = ""
    answer: str = ""
    failure: str | None = None
    scores: dict[str, float | None] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    contexts: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    tokens_in: int | None = None
    tokens_out: int | None = None
    latency_s: float | None = None
    first_token_s: float | None = None
    finish_reason: str | None = None
    item: str = ""
    """Hash of what was asked and shown (`items.item_hash`): while it stays, and who is asked stays, the row does."""

    @property
    def correct(self) -> float | None:
        """The headline score; None where unscored."""
        return self.scores.get(HEADLINE)

    @property
    def settled(self) -> bool:
        """Whether it would be the same if it were asked again: its answer has the headline score, or its failure lasts."""
        if self.failure is not None:
            return self.failure.partition(":")[0] in _LASTING
        return HEADLINE not in self.scores or not self.unscored(HEADLINE)

    def unscored(self, metric: str) -> bool:
        """Whether a metric should have scored it and could not; one that does not apply to its answer type should not."""
        return self.scores.get(metric) is None and not self.reasons.get(metric, "").startswith(DOES_NOT_APPLY)

    @property
    def unanswerable(self) -> bool:
        return self.answer_type == "refusal"

    def as_row(self) -> dict[str, Any]:
        """Plain values by field name, for a DataFrame or JSON; `correct` is there as a column of its own, too."""
        row = asdict(self)
        return row | {"contexts": list(self.contexts), "steps": list(self.steps), "correct": self.correct}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "ItemScore":
        """The reverse of `as_row`. Raises TypeError or KeyError if fields are missing.

        Only `item` may be: a row written before it was kept fits no item, so that it is asked anew.
        """
        values = {one.name: row[one.name] for one in fields(cls) if one.name != "item"} | {"item": row.get("item", "")}
        values |= {"contexts": tuple(row["contexts"]), "steps": tuple(row["steps"])}
        return cls(**values)


@dataclass(frozen=True)
class ScoreTable:
    """All rows of one header, in the order of the items. Of them, `asked` were asked in this run, which took `elapsed_s`."""

    header: Header
    rows: tuple[ItemScore, ...]
    asked: int = 0
    elapsed_s: float = 0.0

    @cached_property
    def by_question(self) -> dict[str, ItemScore]:
        return {row.question_id: row for row in self.rows}

    @property
    def failed(self) -> int:
        """Rows without an answer."""
        return sum(row.failure is not None for row in self.rows)

    def values(self, metric: str) -> dict[str, float]:
        """Value by question id of the rows that this metric scored. Raises KeyError naming the metrics there are."""
        if metric not in self.header.metrics:
            raise KeyError(f"metric {metric!r} is not in this table, expected one of {', '.join(self.header.metrics)}")
        return {row.question_id: value for row in self.rows if (value := row.scores.get(metric)) is not None}
