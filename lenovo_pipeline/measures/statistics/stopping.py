"""Stopping early: whether a limit is kept, told from the first items where the case is clear, and from all of them where not.

Belongs here: the rule, for the verdict that the whole table would give: the lower bound of its 95 % interval, resampled by
cluster, keeps the limit or does not. Items are asked in a random order. Not kept is clear as soon as the table's mean
lies below the limit (finite.py), since its interval begins below its mean. Kept is clear as soon as the mean lies so far above
that the interval would not begin below the limit even if all that may be wrong fell into the largest clusters. Who is never
clear is asked everything, so that his verdict is that of the whole table; a clear case is told wrong with a probability of alpha.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from lenovo_pipeline.measures.statistics.bootstrap import Floats, cluster_bootstrap
from lenovo_pipeline.measures.statistics.finite import table_bounds

ALPHA = 0.05


@dataclass(frozen=True)
class Stopped:
    """After how many of the `whole` items it was clear whether the limit is kept, with the bounds of the table's mean by then.

    `kept` None: it is not clear yet, after `items`.
    """

    kept: bool | None
    items: int
    whole: int
    low: float
    high: float


def shuffled(count: int, seed: int) -> list[int]:
    """A random order of `count` items, so that what was asked first tells of the rest."""
    return [int(place) for place in np.random.default_rng(seed).permutation(count)]


def first_clear(
    values: Sequence[float | None] | Floats, clusters: Sequence[Hashable], limit: float, *, alpha: float = ALPHA
) -> Stopped:
    """When it was first clear whether a table keeps `limit`, from its first values [n] in [0, 1] in a random order (None: no
    score). `clusters` [whole] are those of all its items, in any order.

    Raises ValueError for more values than items, or values or a limit outside [0, 1].
    """
    if not 0 <= limit <= 1:
        raise ValueError(f"the limit is {limit}, expected one in [0, 1]")
    whole = len(clusters)
    low, high = table_bounds(values, whole, alpha=alpha)
    if not len(low):
        return Stopped(None, 0, whole, 0.0, 1.0)
    kept = low >= _sufficient(tuple(sorted(Counter(clusters).values(), reverse=True)), limit)
    clear = np.flatnonzero(kept | (high < limit))
    at = int(clear[0]) if len(clear) else len(low) - 1
    return Stopped(bool(kept[at]) if len(clear) else None, at + 1, whole, float(low[at]), float(high[at]))


def stop_early(
    values: Sequence[float | None] | Floats, clusters: Sequence[Hashable], limit: float, *, alpha: float = ALPHA, seed: int
) -> Stopped:
    """When it would have been clear, had the values [n] been asked in a random order. Raises ValueError as first_clear does."""
    if len(values) != len(clusters):
        raise ValueError(f"there are {len(values)} values and {len(clusters)} clusters: expected as many")
    return first_clear([values[place] for place in shuffled(len(values), seed)], clusters, limit, alpha=alpha)


@cache
def _sufficient(sizes: tuple[int, ...], limit: float) -> float:
    """The mean from which a table keeps the limit, however its right and wrong items lie in clusters of these sizes (largest
    first); infinite if none suffices, as in a single cluster, which has no interval.
    """
    clusters = np.repeat(np.arange(len(sizes)), sizes)

    def falls_short(wrong: int) -> bool:
        return cluster_bootstrap((clusters >= wrong).astype(float), clusters.tolist(), seed=0).low < limit

    short = bisect_left(range(len(sizes)), True, key=falls_short) if len(sizes) > 1 else 0
    return 1 - sum(sizes[: short - 1]) / sum(sizes) if short else math.inf
