"""The token rows of one training: its domain's examples, some of the other domains, and rehearsals.

Belongs here: choosing among the rows of models.training_sets. Does not belong here: making them (training_sets.py).
"""

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.items import spread
from lenovo_pipeline.models.tuning.domains import ALL
from lenovo_pipeline.models.tuning.recipes import Data
from lenovo_pipeline.models.tuning.rows import Row, encode

if TYPE_CHECKING:
    import pandas as pd


def read_examples(rows: "pd.DataFrame") -> list[dict[str, Any]]:
    """The rows of models.training_sets, with messages and tools as values."""
    return [
        {str(name): json.loads(value) if name in ("messages", "tools") else value for name, value in row.items()}
        for row in rows.to_dict("records")
    ]


def lesson_of(
    tokenizer: Any, examples: Sequence[Mapping[Any, Any]], domain: str, data: Data, seed: int
) -> tuple[list[Row], list[Row]]:
    """Rows to train on and rows to validate on; the domain `all` has those of every domain.

    Raises PermanentFailure if the domain has no example that fits into `data.longest` tokens.
    """
    random = Random(f"lesson/{domain}/{seed}")
    drawn = random.sample(list(examples), len(examples))

    def some(count: int, split: str, *, own: bool, rehearsal: bool = False) -> list[Row]:
        rows: list[Row] = []
        for each in drawn:
            if len(rows) == count:
                break
            fits = each["domain"] == ALL if rehearsal else each["domain"] != ALL and own == (domain in (ALL, each["domain"]))
            if fits and each["split"] == split:
                row = encode(tokenizer, list(each["messages"]), list(each["tools"] or ()))
                if len(row.ids) <= data.longest:
                    rows.append(row)
        return rows

    own = some(data.own, "train", own=True)
    if not own:
        raise PermanentFailure(
            f"the training set of {domain} is empty: none of {len(examples)} examples is of its train split and has at most "
            f"{data.longest} tokens",
            remedy="Materialise models/training_sets and see its counts by domain, then run again.",
        )
    rows = own + some(data.others, "train", own=False) + some(data.rehearsals, "train", own=False, rehearsal=True)
    return rows, some(data.validation, "validation", own=True)


def skill_rows(tokenizer: Any, count: int, seed: int) -> list[Row]:
    """`count` rows, spread over the general skills, of entities and phrasings that no training sees. They are others than those
    that an evaluation asks with the same seed.
    """
    from lenovo_pipeline.models.pretraining.skills import SKILLS, items

    counts = spread(count, len(SKILLS))
    made = [one.conversation for skill, some in zip(SKILLS, counts, strict=True) for one in items(skill, some, seed + 1)]
    return [encode(tokenizer, one.messages, one.tools) for one in made]
