"""Seeded choices, alike on every machine: one independent source for each purpose.

Belongs here: drawing. Only whole numbers below a bound are drawn, whose order no platform and no release changes.
"""

import hashlib
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A source of choices for one purpose: same seed and names, same choices."""

    def __init__(self, seed: int, *names: object) -> None:
        material = "/".join([str(seed), "prompts", *map(str, names)])
        self._bits = Random(int.from_bytes(hashlib.sha256(material.encode()).digest()[:16]))

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1."""
        return self._bits.randrange(bound)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + self._bits.randrange(high - low + 1)

    def one(self, items: Sequence[T]) -> T:
        return items[self._bits.randrange(len(items))]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different places of `items` in random order, or all of them where there are fewer."""
        pool = list(items)
        for place in range(min(count, len(pool))):
            other = place + self._bits.randrange(len(pool) - place)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:count]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        return self.some(items, len(items))
