"""The kinds of candidates: how the contenders of each are built. Adding a kind is one builder here and one line in assets.py.

Belongs here: which candidates of a kind there are, and which items each is asked. Asking them is the business of scoring.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from lenovo_pipeline.evaluation.scoring import Contender
from lenovo_pipeline.measures.baselines import baselines
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.models.candidate import RawModel, open_foundation
from lenovo_pipeline.models.foundation import Opens

OPEN_BOOK, CLOSED_BOOK = "open-book", "closed-book"
REFERENCES = ("oracle", "always-refuse", "random")
"""Candidates that test the evaluation and the policy; they cannot be run by anybody."""


def baseline_contenders(opened: Sequence[Item], seed: int) -> list[Contender]:
    """Every baseline, open book."""
    return [Contender(candidate, opened) for candidate in baselines(opened, seed)]


@contextmanager
def raw_contenders(
    foundation: Mapping[str, Any],
    catalogue_row: Mapping[str, Any],
    inference: Opens,
    closed: Sequence[Item],
    opened: Sequence[Item],
) -> Iterator[list[Contender]]:
    """The base model of a partition, closed book and open book; it is opened once, if at all, and closed at the end."""
    model = str(foundation["model"])
    with ExitStack() as stack:
        shared: list[Any] = []

        def open_once() -> Any:
            if not shared:
                shared.append(open_foundation(foundation, catalogue_row, inference))
                stack.callback(shared[0].close)
            return shared[0]

        yield [
            Contender(RawModel(f"{model}/{book}", foundation, open_once), items, model)
            for book, items in ((CLOSED_BOOK, closed), (OPEN_BOOK, opened))
        ]
