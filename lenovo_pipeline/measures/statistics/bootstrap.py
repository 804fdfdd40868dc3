"""Intervals of a mean whose items come in clusters: whole clusters are resampled.

Belongs here: the clustered bootstrap (Davison and Hinkley 1997, 3.8) with bias-corrected and accelerated intervals (Efron 1987).
Items about one entity share their luck, so resampling single items would make intervals too narrow.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

RESAMPLES = 2_000
_POLE = 1e-6
_FEWEST_IN_TAIL = 10
"""Resamples beyond a bound."""
_AT_ONCE = 2_000_000
"""Clusters that are drawn at a time: bounds memory however many there are."""


@dataclass(frozen=True)
class Interval:
    """A mean with its interval [low, high] at `confidence`, from `n` values in `clusters` clusters, by `method`."""

    estimate: float
    low: float
    high: float
    confidence: float
    n: int
    clusters: int
    method: str


def cluster_bootstrap(
    values: Sequence[float] | Floats,
    clusters: Sequence[Hashable],
    *,
    seed: int,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> Interval:
    """The mean of `values` [n] with its two-sided interval; `clusters` [n] names the cluster of each value.

    Where every value is 0, or every value is 1, resampling shows nothing: then the exact binomial interval (Clopper and
    Pearson 1934) is given, with a whole cluster as one observation. Raises ValueError for lengths that differ, values that
    are not finite, fewer than two clusters, or a confidence outside (0, 1).
    """
    sums, sizes = cluster_sums(values, clusters)
    if not 0 < confidence < 1:
        raise ValueError(f"the confidence is {confidence}, expected a number between 0 and 1")
    if len(sums) < 2:
        raise ValueError(f"there is {len(sums)} cluster, expected at least 2: an interval needs clusters to resample")
    n, count = int(sizes.sum()), len(sums)
    estimate = float(sums.sum() / n)
    array = np.asarray(values, dtype=np.float64)
    if np.all(array == array[0]):
        low, high, method = _constant(estimate, count, confidence)
        return Interval(estimate, low, high, confidence, n, count, method)
    means = np.sort(resampled_means(sums, sizes, seed=seed, resamples=resamples))
    low, high = _bca(means, estimate, sums, sizes, confidence)
    return Interval(estimate, low, high, confidence, n, count, f"clustered bootstrap, BCa, {resamples} resamples")


def cluster_sums(values: Sequence[float] | Floats, clusters: Sequence[Hashable]) -> tuple[Floats, Floats]:
    """Sum and number of the values of each cluster, in order of first appearance. Raises ValueError as cluster_bootstrap does."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or len(array) != len(clusters) or not len(array):
        raise ValueError(
            f"there are {array.size} values and {len(clusters)} cluster names, expected as many of both and at least one"
        )
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ValueError(f"{bad} of {len(array)} values are not finite: leave unscored items out and say how many they are")
    numbers: dict[Hashable, int] = {}
    places = np.fromiter((numbers.setdefault(name, len(numbers)) for name in clusters), dtype=np.int64, count=len(array))
    sums: Floats = np.bincount(places, weights=array).astype(np.float64)
    return sums, np.bincount(places).astype(np.float64)


def resampled_means(sums: Floats, sizes: Floats, *, seed: int, resamples: int) -> Floats:
    """Means [resamples] of clusters drawn with replacement, given the sum and size of each cluster."""
    generator = np.random.default_rng(seed)
    count = len(sums)
    means = np.empty(resamples)
    start = 0
    for rows in chunks(resamples, count):
        drawn = generator.integers(0, count, size=(rows, count), dtype=np.int32)
        means[start : start + rows] = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
        start += rows
    return means


def chunks(resamples: int, width: int) -> Iterator[int]:
    """Numbers of rows that add up to `resamples`, each small enough for `width` columns."""
    rows = max(1, _AT_ONCE // width)
    for start in range(0, resamples, rows):
        yield min(rows, resamples - start)


def _bca(means: Floats, estimate: float, sums: Floats, sizes: Floats, confidence: float) -> tuple[float, float]:
    from scipy.special import ndtr, ndtri

    left_out = (sums.sum() - sums) / (sizes.sum() - sizes)
    influence = left_out.mean() - left_out
    spread = float((influence**2).sum()) ** 1.5
    acceleration = float((influence**3).sum()) / (6 * spread) if spread else 0.0
    # Means tie with the estimate where values are few and coarse; half of the ties count as below.
    below = (np.searchsorted(means, estimate, "left") + np.searchsorted(means, estimate, "right")) / (2 * len(means))
    bias = float(ndtri(np.clip(below, 1 / len(means), 1 - 1 / len(means))))
    tail = (1 - confidence) / 2
    bounds: list[float] = []
    for z in ndtri([tail, 1 - tail]):
        shifted = bias + z
        # The formula has a pole, beyond which a few very skewed clusters would turn the bounds around.
        stretched = bias + shifted / max(1 - acceleration * shifted, _POLE)
        bounds.append(float(np.quantile(means, ndtr(stretched))))
    if tail * len(means) < _FEWEST_IN_TAIL:
        # Too few resamples lie so far out to read a bound off them: the normal curve's, where it is the wider one.
        reach = float(ndtri(1 - tail)) * float(means.std(ddof=1))
        return min(bounds[0], estimate - reach), max(bounds[1], estimate + reach)
    return bounds[0], bounds[1]


def _constant(value: float, clusters: int, confidence: float) -> tuple[float, float, str]:
    if value not in (0.0, 1.0):
        return value, value, "all values are equal"
    edge = ((1 - confidence) / 2) ** (1 / clusters)
    low, high = (edge, 1.0) if value else (0.0, 1 - edge)
    return low, high, "exact binomial, clusters as observations"
