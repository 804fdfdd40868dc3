"""The token rows of the long training: examples of many worlds, and rehearsals.

Belongs here: how many of which, and encoding. Does not belong here: making the examples (worlds.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from lenovo_pipeline.models.pretraining.batches import converse
from lenovo_pipeline.models.pretraining.recipe import LENGTHENED
from lenovo_pipeline.models.tuning.reading.recipe import ReadingRecipe
from lenovo_pipeline.models.tuning.rows import Row, encode

Example = Mapping[str, Any]


def lessons(tokenizer: Any, examples: Sequence[Example], recipe: ReadingRecipe) -> list[Row]:
    """As many rows of the train split as the plan goes through once, fewer if there are not so many; in a seeded order."""
    examples = [each for each in examples if each["split"] == "train"]
    random = Random(f"reading/{recipe.seed}")
    tokens = recipe.plan.steps * recipe.plan.batch_tokens * recipe.plan.accumulation * recipe.filled
    drawn = random.sample(examples, len(examples))
    taught = _up_to(tokens * (1 - recipe.rehearsed), (_row(tokenizer, each) for each in drawn), recipe.longest)
    # Of few examples fewer rehearsals, so that their share stays.
    share = recipe.rehearsed / (1 - recipe.rehearsed)
    rehearsed = _up_to(share * sum(len(row.ids) for row in taught), _rehearsals(tokenizer, random), recipe.longest)
    return taught + rehearsed


def exam(tokenizer: Any, examples: Sequence[Example], recipe: ReadingRecipe) -> list[Row]:
    """Rows of the validation split to measure the training on, those of the first world first."""
    validation = [each for each in examples if each["split"] == "validation"]
    rows = [_row(tokenizer, each) for each in validation[: recipe.validation]]
    return [row for row in rows if len(row.ids) <= recipe.longest]


def _up_to(tokens: float, rows: Iterable[Row], longest: int) -> list[Row]:
    taken: list[Row] = []
    count = 0
    for row in rows:
        if count >= tokens:
            break
        if len(row.ids) <= longest:
            taken.append(row)
            count += len(row.ids)
    return taken


def _rehearsals(tokenizer: Any, random: Random) -> Iterator[Row]:
    """Conversations of the kinds that the base was trained with last, without an end."""
    kinds, weights = zip(*LENGTHENED[-1].mix, strict=True)
    while True:
        made = converse(random.choices(kinds, weights)[0], random)
        yield encode(tokenizer, made.messages, made.tools)


def _row(tokenizer: Any, example: Example) -> Row:
    return encode(tokenizer, list(example["messages"]), list(example["tools"] or ()))
