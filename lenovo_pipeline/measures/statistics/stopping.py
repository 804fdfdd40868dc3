"""Stopping early: whether a limit is kept, told from the first items where the case is clear, and from all of them where not.

Belongs here: the rule. Method: the confidence sequence of sequential.py over means of clusters in a random order; as soon as
it lies on one side of the limit, the rest need not be asked. Who is never clear is asked everything, so that his verdict is that
of the whole table; a clear case is told wrong with a probability of at most alpha, whenever one looks.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from lenovo_pipeline.measures.statistics.bootstrap import Floats
from lenovo_pipeline.measures.statistics.sequential import confidence_sequence

ALPHA = 0.05


@dataclass(frozen=True)
class Stopped:
    """After how many of the `whole` items it was clear, and whether the mean lies above the limit; None: it was never clear."""

    above: bool | None
    items: int
    whole: int


def shuffled(clusters: Sequence[Hashable], seed: int) -> list[int]:
    """An order of the items: clusters at random, each as a whole, so that what was asked first tells nothing of the rest."""
    members: dict[Hashable, list[int]] = {}
    for place, cluster in enumerate(clusters):
        members.setdefault(cluster, []).append(place)
    groups = list(members.values())
    return [place for group in np.random.default_rng(seed).permutation(len(groups)) for place in groups[group]]


def stop_early(
    values: Sequence[float] | Floats, clusters: Sequence[Hashable], limit: float, *, alpha: float = ALPHA, seed: int
) -> Stopped:
    """When it was clear on which side of `limit` the mean of values [n] in [0, 1] lies, had they been asked in a random order.

    Raises ValueError for lengths that differ, or values or a limit outside [0, 1].
    """
    if len(values) != len(clusters) or not 0 <= limit <= 1:
        raise ValueError(
            f"there are {len(values)} values, {len(clusters)} clusters and a limit of {limit}: expected as many, in [0, 1]"
        )
    order = shuffled(clusters, seed)
    means, ends = _cluster_means([float(values[place]) for place in order], [clusters[place] for place in order])
    low, high = confidence_sequence(means, alpha=alpha)
    low, high = np.maximum.accumulate(low), np.minimum.accumulate(high)
    clear = np.flatnonzero((low > limit) | (high < limit))
    if not len(clear):
        return Stopped(None, len(values), len(values))
    first = int(clear[0])
    return Stopped(bool(low[first] > limit), ends[first], len(values))


def _cluster_means(values: Sequence[float], clusters: Sequence[Hashable]) -> tuple[list[float], list[int]]:
    means, ends, start = [], [], 0
    for place in range(1, len(values) + 1):
        if place == len(values) or clusters[place] != clusters[start]:
            means.append(sum(values[start:place]) / (place - start))
            ends.append(place)
            start = place
    return means, ends
