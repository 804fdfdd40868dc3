"""Two candidates on the same items: two-sided tests of the difference.

Belongs here: tests of one comparison. Several comparisons at once need multiple.py.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from lenovo_pipeline.measures.statistics.bootstrap import (
    DIFFERENCE,
    RESAMPLES,
    Floats,
    chunks,
    cluster_bootstrap,
    cluster_sums,
    resampled_means,
)

Scores = Sequence[float] | Floats

_ROUNDING = 1e-12
PERMUTATIONS = 10_000


@dataclass(frozen=True)
class Comparison:
    """Mean difference first − second with its interval and the two-sided p-value of no difference."""

    difference: float
    low: float
    high: float
    p_value: float
    confidence: float
    n: int
    clusters: int
    method: str


def compare_paired(
    first: Scores,
    second: Scores,
    clusters: Sequence[Hashable],
    *,
    seed: int,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> Comparison:
    """The difference of two candidates' scores [n] on the same items, in clusters [n].

    The interval is the clustered bootstrap's, the p-value that of the clustered permutation test. Scores lie in [0, 1]; where
    they are equal everywhere p is 1, and the interval says what so many clusters may not have shown. Raises ValueError as
    cluster_bootstrap does.
    """
    found = cluster_bootstrap(
        _differences(first, second), clusters, seed=seed, confidence=confidence, resamples=resamples, bounds=DIFFERENCE
    )
    p_value = permutation_test(first, second, clusters, seed=seed)
    method = f"{found.method}; clustered permutation test, {PERMUTATIONS} permutations"
    return Comparison(found.estimate, found.low, found.high, p_value, confidence, found.n, found.clusters, method)


def permutation_test(
    first: Scores, second: Scores, clusters: Sequence[Hashable], *, seed: int, permutations: int = PERMUTATIONS
) -> float:
    """Two-sided p-value of the clustered sign-flip test: within a cluster, the two candidates are exchanged together.

    Exact up to the number of permutations under the hypothesis that they are exchangeable (Good 2005); the p-value counts the
    observed arrangement (Phipson and Smyth 2010), so that it is never 0. Raises ValueError as cluster_bootstrap does.
    """
    sums, _ = cluster_sums(_differences(first, second), clusters)
    observed = abs(float(sums.sum()))
    generator = np.random.default_rng(seed)
    as_far = 0
    for rows in chunks(permutations, len(sums)):
        signs = generator.integers(0, 2, size=(rows, len(sums)), dtype=np.int8) * 2.0 - 1.0
        as_far += int((np.abs(signs @ sums) >= observed - _ROUNDING * max(1.0, observed)).sum())
    return (1 + as_far) / (1 + permutations)


def bootstrap_test(
    first: Scores, second: Scores, clusters: Sequence[Hashable], *, seed: int, resamples: int = PERMUTATIONS
) -> float:
    """Two-sided p-value of the clustered paired bootstrap, its means shifted to no difference (Efron and Tibshirani 1993, 16.4).

    Raises ValueError as cluster_bootstrap does.
    """
    sums, sizes = cluster_sums(_differences(first, second), clusters)
    observed = float(sums.sum() / sizes.sum())
    means = resampled_means(sums, sizes, seed=seed, resamples=resamples) - observed
    return float(1 + (np.abs(means) >= abs(observed) - _ROUNDING).sum()) / (1 + resamples)


def mcnemar_test(first: Scores, second: Scores) -> float:
    """Two-sided exact p-value of McNemar's test (1947) for scores of 0 and 1; clusters are not regarded.

    1 where the candidates never differ. Raises ValueError for other values or for lengths that differ.
    """
    from scipy.stats import binomtest

    differences = _differences(first, second)
    if not np.isin(np.concatenate([np.asarray(first, float), np.asarray(second, float)]), (0.0, 1.0)).all():
        raise ValueError("McNemar's test takes scores of 0 and 1 only: use the Wilcoxon or the permutation test")
    better, worse = int((differences > 0).sum()), int((differences < 0).sum())
    return float(binomtest(better, better + worse).pvalue) if better + worse else 1.0


def wilcoxon_test(first: Scores, second: Scores) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test (1945), no difference by Pratt (1959); clusters are not regarded.

    1 where the candidates never differ. Raises ValueError for lengths that differ or values that are not finite.
    """
    from scipy.stats import wilcoxon

    differences = _differences(first, second)
    if not differences.any():
        return 1.0
    return float(wilcoxon(differences, zero_method="pratt", method="auto").pvalue)


def _differences(first: Scores, second: Scores) -> Floats:
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or one.ndim != 1 or not len(one):
        raise ValueError(f"there are {one.size} and {other.size} scores, expected as many of both and at least one")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError("some scores are not finite: compare the items that both candidates have a score for")
    difference: Floats = one - other
    return difference
