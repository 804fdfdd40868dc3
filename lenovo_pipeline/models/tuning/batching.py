"""Which rows are trained on together, and in which order.

Belongs here: seeded batches of rows of similar length. A batch depends on the rows, the seed and its number alone, so that a
resumed training sees what it would have seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from lenovo_pipeline.models.pretraining.batches import Row, padded

if TYPE_CHECKING:
    from torch import Tensor

_WINDOW = 32
"""Batches whose rows are sorted together: enough for little padding, few enough for batches that are mixed."""


@dataclass(frozen=True)
class Batch:
    """Rows padded on the right: `ids` (rows, length), `said` of the same shape, and how many tokens are no padding."""

    ids: "Tensor"
    said: "Tensor"
    tokens: int

    def to(self, device: str) -> "Batch":
        """The same batch on a device."""
        return self if device == "cpu" else Batch(self.ids.to(device), self.said.to(device), self.tokens)


def batch_of(rows: Sequence[Row]) -> Batch:
    """These rows as one batch."""
    ids, said = padded(rows)
    return Batch(ids, said, sum(len(row.ids) for row in rows))


def in_batches(rows: Sequence[Row], places: Sequence[int], most_tokens: int) -> list[list[int]]:
    """Rows (by place) of similar length together, at most `most_tokens` with the padding; a longer row stands alone."""
    made: list[list[int]] = []
    for place in sorted(places, key=lambda place: (len(rows[place].ids), place)):
        if made and len(rows[place].ids) * (len(made[-1]) + 1) <= most_tokens:
            made[-1].append(place)
        else:
            made.append([place])
    return made


class Order:
    """The batches of a training, one after the other, without an end: every row once in each pass over the data."""

    def __init__(self, rows: Sequence[Row], most_tokens: int, seed: int) -> None:
        self._rows, self._most, self._seed = rows, most_tokens, seed
        self._pass = -1
        self._first = 0
        self._batches: list[list[int]] = []

    def places(self, number: int) -> list[int]:
        """The rows of batch `number` (from 0), by place; numbers may only rise."""
        while number >= self._first + len(self._batches):
            self._first += len(self._batches)
            self._pass += 1
            self._batches = self._shuffled(Random(f"{self._seed}/{self._pass}"))
        return self._batches[number - self._first]

    def _shuffled(self, random: Random) -> list[list[int]]:
        places = list(range(len(self._rows)))
        random.shuffle(places)
        mean = sum(len(row.ids) for row in self._rows) / len(self._rows)
        width = max(1, int(_WINDOW * self._most / mean))
        batches = [
            batch
            for start in range(0, len(places), width)
            for batch in in_batches(self._rows, places[start : start + width], self._most)
        ]
        random.shuffle(batches)
        return batches
