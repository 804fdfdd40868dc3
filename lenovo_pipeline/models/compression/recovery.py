"""What a model is trained on after something was taken from it, and the training's plan.

Belongs here: rows to learn from and to be measured on. Does not belong here: the loop (tuning/trainer.py).

Half of the rows are questions of the domains and half keep the base model's skills: in training rehearsals of
models/training_sets, among those that are held out new ones with entities and phrasings that no training sees.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.compression.sizes import Sizes
from lenovo_pipeline.models.pretraining.batches import converse
from lenovo_pipeline.models.tuning.rows import Row, encode

if TYPE_CHECKING:
    import pandas as pd

    from lenovo_pipeline.models.tuning.trainer import Plan

Example = Mapping[str, Any]
"""`messages` and `tools` of a conversation, its `task` and `split`, as in models.training_sets."""

_KINDS = (
    ("reading/two_absent_loose", 0.42),
    ("reading/broad_loose", 0.16),
    ("reading/single_loose", 0.1),
    ("tool_requests", 0.2),
    ("reading/chinese_loose", 0.08),
    ("tool_results", 0.04),
)
_LONGEST = 640
"""Tokens of a row: longer ones cost more than they teach."""
_TRIES = 20


@dataclass(frozen=True)
class Lesson:
    """Rows to learn from, and three kinds of held-out rows that have none in common: by those of `validation` a training ends
    with its best weights, `calibration` tells ranges, and on `exam` builds are measured. `version` is the hash of all of them,
    `training_set` that of the set.
    """

    rows: list[Row]
    validation: list[Row]
    calibration: list[Row]
    exam: list[Row]


def read_examples(rows: "pd.DataFrame") -> list[Example]:
    """The rows of models.training_sets, with messages and tools as values."""
    names = ("task", "split", "version")
    return [
        {**{name: row[name] for name in names}, **{name: json.loads(row[name]) for name in ("messages", "tools")}}
        for row in rows.to_dict("records")
    ]


def lesson_of(tokenizer: Any, examples: Sequence[Example], sizes: Sizes, seed: int) -> Lesson:
    """Rows for a tokenizer from the examples of models.training_sets. Raises PermanentFailure if there are too few."""
    random = Random(f"recovery/{seed}")
    trained = [each for each in examples if each["split"] == "train"]
    rehearsed = [each for each in trained if each["task"] == "rehearsal"]
    domains = [each for each in trained if each["task"] != "rehearsal"]
    rows = _rows(tokenizer, _drawn(domains, random), sizes.rows // 2)
    rows += _rows(tokenizer, _drawn(rehearsed, random), sizes.rows - len(rows))
    random.shuffle(rows)
    asked = [each for each in examples if each["split"] == "validation"]
    count = sizes.validation + sizes.calibration + sizes.agreement
    held_out = _rows(tokenizer, _drawn(asked, random), count // 2)
    held_out += _rows(tokenizer, _unseen(random), count - len(held_out))
    random.shuffle(held_out)
    before = sizes.validation + sizes.calibration
    if not rows or len(held_out) < before + 2:
        raise PermanentFailure(
            f"there are {len(rows)} conversations of at most {_LONGEST} tokens to learn from and {len(held_out)} to measure on, "
            f"expected at least 1 and {before + 2}",
            remedy="Materialise models/training_sets and see its counts, then run again.",
        )
    return Lesson(
        rows=rows,
        validation=held_out[: sizes.validation],
        calibration=held_out[sizes.validation : before],
        exam=held_out[before:],
    )


def lesson_version(examples: Sequence[Example], sizes: Sizes, seed: int) -> str:
    """Hash (32 hex digits) of what a lesson is made of beside the tokenizer and the code: known without encoding a row."""
    drawn = [sizes.rows, sizes.validation, sizes.calibration, sizes.agreement, seed]
    digest = hashlib.sha256(json.dumps(drawn).encode())
    for each in examples:
        digest.update(json.dumps([each[name] for name in ("task", "split", "messages", "tools")], ensure_ascii=False).encode())
    return digest.hexdigest()[:32]


def training_set_of(examples: Sequence[Example]) -> str | None:
    """Version of the training set that the examples are of."""
    return next((str(each["version"]) for each in examples if each.get("version")), None)


def plan_of(sizes: Sizes, steps: int, rate: float, seed: int) -> "Plan":
    """A training that ends with the weights of its lowest validation loss."""
    from lenovo_pipeline.models.tuning.trainer import Plan

    return Plan(
        steps=steps,
        rate=rate,
        batch_tokens=sizes.batch_tokens,
        warmup=min(3, steps // 4),
        seed=seed,
        validate_every=max(1, min(steps, 100)),
        checkpoint_every=max(1, min(steps, 50)),
    )


def _drawn(examples: Sequence[Example], random: Random) -> Iterator[Example]:
    return iter(random.sample(list(examples), len(examples)))


def _unseen(random: Random) -> Iterator[Example]:
    kinds, weights = zip(*_KINDS, strict=True)
    while True:
        made = converse(random.choices(kinds, weights=weights)[0], random, held_out=True)
        yield {"messages": made.messages, "tools": made.tools}


def _rows(tokenizer: Any, examples: Iterator[Example], count: int) -> list[Row]:
    """The first rows that are short enough; fewer than asked for with a tokenizer that makes nearly all of them too long."""
    rows: list[Row] = []
    for example in islice(examples, _TRIES * count):
        if len(rows) == count:
            break
        row = encode(tokenizer, list(example["messages"]), list(example["tools"] or ()))
        if len(row.ids) <= _LONGEST:
            rows.append(row)
    return rows
