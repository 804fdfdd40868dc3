"""What an evaluation of n items can detect, before it is run, and what clusters cost it.

Belongs here: design effects and minimum detectable effects, two-sided, by the normal approximation (Fleiss, Levin and Paik 2003).
"""

from collections.abc import Hashable, Sequence
from math import sqrt

import numpy as np

from lenovo_pipeline.measures.statistics.bootstrap import Floats, cluster_sums


def kish_design_effect(cluster_sizes: Sequence[int], correlation: float) -> float:
    """How many times larger the variance of a mean is than without clusters, from an assumed intra-cluster correlation.

    1 + (Σ size² / Σ size − 1) · correlation (Kish 1965, for sizes that differ). Raises ValueError for empty or bad sizes.
    """
    sizes = np.asarray(cluster_sizes, dtype=np.float64)
    if not len(sizes) or (sizes < 1).any() or not 0 <= correlation <= 1:
        raise ValueError(
            f"expected cluster sizes of at least 1 and a correlation in [0, 1], found {cluster_sizes} and {correlation}"
        )
    return float(1 + ((sizes**2).sum() / sizes.sum() - 1) * correlation)


def design_effect(values: Sequence[float] | Floats, clusters: Sequence[Hashable]) -> float:
    """The same as observed: the variance of the mean by clusters (ratio estimator, Cochran 1977, 6) over that without clusters.

    1 where all values are equal. Raises ValueError for fewer than two clusters and as cluster_bootstrap does.
    """
    sums, sizes = cluster_sums(values, clusters)
    if len(sums) < 2:
        raise ValueError(f"there is {len(sums)} cluster, expected at least 2")
    array = np.asarray(values, dtype=np.float64)
    if np.all(array == array[0]):
        return 1.0
    mean = array.mean()
    by_clusters = len(sums) / (len(sums) - 1) * float(((sums - mean * sizes) ** 2).sum()) / len(array) ** 2
    return by_clusters / (float(array.var(ddof=1)) / len(array))


def detectable_proportion(
    n: int, against: float, *, alpha: float = 0.05, power: float = 0.8, design_effect: float = 1.0
) -> float:
    """The smallest rise above the proportion `against` that n items show with this power (in proportion points, e.g. 0.05).

    Solves rise = (z₁₋α/₂ √(p₀q₀) + z_power √(p₁q₁)) / √(n / design effect) for p₁ = p₀ + rise; infinite if no proportion up
    to 1 suffices. Raises ValueError for arguments out of range.
    """
    from scipy.optimize import brentq

    _check(n, alpha, power, design_effect)
    if not 0 <= against < 1:
        raise ValueError(f"the proportion to compare with is {against}, expected one in [0, 1)")
    z_alpha, z_power = _quantiles(alpha, power)
    root = sqrt(n / design_effect)

    def lacking(rise: float) -> float:
        after = against + rise
        needed = z_alpha * sqrt(against * (1 - against)) + z_power * sqrt(max(after * (1 - after), 0.0))
        return rise - needed / root

    most = 1 - against
    if lacking(most) < 0:
        return float("inf")
    # Near 0 the rise itself is smallest, so the sign changes once, on the way up.
    return float(brentq(lacking, 1e-12, most)) if lacking(1e-12) < 0 else 0.0


def detectable_difference(
    n: int, discordant: float, *, alpha: float = 0.05, power: float = 0.8, design_effect: float = 1.0
) -> float:
    """The smallest difference of two proportions on the same n items that McNemar's test shows with this power.

    `discordant`: share of items on which the two differ, in (0, 1]. Solves difference =
    (z₁₋α/₂ √d + z_power √(d − difference²)) / √(n / design effect) (Connor 1987); infinite if more than d would be needed.
    Raises ValueError for arguments out of range.
    """
    from scipy.optimize import brentq

    _check(n, alpha, power, design_effect)
    if not 0 < discordant <= 1:
        raise ValueError(f"the share of items on which the two differ is {discordant}, expected one in (0, 1]")
    z_alpha, z_power = _quantiles(alpha, power)
    root = sqrt(n / design_effect)

    def lacking(difference: float) -> float:
        needed = z_alpha * sqrt(discordant) + z_power * sqrt(max(discordant - difference**2, 0.0))
        return difference - needed / root

    return float(brentq(lacking, 0.0, discordant)) if lacking(discordant) >= 0 else float("inf")


def detectable_mean(n: int, deviation: float, *, alpha: float = 0.05, power: float = 0.8, design_effect: float = 1.0) -> float:
    """The smallest mean (of a score, or of a paired difference with this standard deviation) told from 0 with this power.

    (z₁₋α/₂ + z_power) · deviation / √(n / design effect). Raises ValueError for arguments out of range.
    """
    _check(n, alpha, power, design_effect)
    if not 0 <= deviation < float("inf"):
        raise ValueError(f"the standard deviation is {deviation}, expected a finite number of at least 0")
    return sum(_quantiles(alpha, power)) * deviation / sqrt(n / design_effect)


def _quantiles(alpha: float, power: float) -> tuple[float, float]:
    from scipy.special import ndtri

    return float(ndtri(1 - alpha / 2)), float(ndtri(power))


def _check(n: int, alpha: float, power: float, design_effect: float) -> None:
    if n < 1 or not 0 < alpha < 1 or not 0 < power < 1 or not 0 < design_effect < float("inf"):
        raise ValueError(
            f"n = {n}, alpha = {alpha}, power = {power}, design effect = {design_effect}: expected n of at least 1, "
            "alpha and power in (0, 1), a design effect above 0"
        )
