"""Tests that may be looked at after every item, and stopped at any time.

Belongs here: betting on bounded means (Waudby-Smith and Ramdas 2023, "Estimating means of bounded random variables by
betting", hedged capital with predictable plug-in bets). By Ville's inequality the capital of a true mean reaches 1/alpha with
probability of at most alpha, whenever one stops. Values must come in an order that tells nothing of them (shuffle first); of
clustered items give one value per cluster, its mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lenovo_pipeline.measures.statistics.bootstrap import Floats

_LARGEST_BET = 0.5
"""Share of what could be lost at most in one bet."""


@dataclass(frozen=True)
class SequentialTest:
    """After n values: `e_values` [n] is the evidence against the hypothesis so far (its running maximum may be acted on)."""

    e_values: Floats
    alpha: float

    @property
    def stopped_at(self) -> int | None:
        """Number of values after which the hypothesis was first rejected at `alpha`; None if it was not."""
        over = np.flatnonzero(self.e_values >= 1 / self.alpha)
        return int(over[0]) + 1 if len(over) else None

    @property
    def p_value(self) -> float:
        """A p-value that holds at any time: 1 / the largest evidence so far."""
        return float(min(1.0, 1 / self.e_values.max())) if len(self.e_values) else 1.0


def sequential_mean_test(values: Sequence[float] | Floats, mean: float, *, alpha: float = 0.05) -> SequentialTest:
    """Tests, two-sided, that `values` [n] in [0, 1] have this mean. Raises ValueError for values or a mean out of range."""
    array = _checked(values, alpha)
    if not 0 < mean < 1:
        raise ValueError(f"the mean to test is {mean}, expected one between 0 and 1")
    return SequentialTest(_capital(array, np.array([mean]), alpha)[0], alpha)


def sequential_paired_test(
    first: Sequence[float] | Floats, second: Sequence[float] | Floats, *, alpha: float = 0.05
) -> SequentialTest:
    """Tests, two-sided, that two candidates' scores [n] in [0, 1] on the same items have equal means. Raises likewise."""
    one, other = _checked(first, alpha), _checked(second, alpha)
    if len(one) != len(other):
        raise ValueError(f"there are {len(one)} and {len(other)} scores, expected as many of both")
    return sequential_mean_test((one - other + 1) / 2, 0.5, alpha=alpha)


def confidence_sequence(values: Sequence[float] | Floats, *, alpha: float = 0.05, grid: int = 1_000) -> tuple[Floats, Floats]:
    """Bounds low [n] and high [n] of the mean of values in [0, 1]; with probability 1 − alpha they hold after all values at once.

    The means of a grid of this many steps that were not rejected so far, widened by a step. Raises ValueError likewise.
    """
    array = _checked(values, alpha)
    means = (np.arange(grid) + 0.5) / grid
    evidence = np.maximum.accumulate(_capital(array, means, alpha), axis=1)
    # Once the bounds are closer than a step, every mean of the grid may be rejected: the least rejected one is kept.
    kept = (evidence < 1 / alpha) | (evidence == evidence.min(axis=0))
    low, high = np.argmax(kept, axis=0), grid - 1 - np.argmax(kept[::-1], axis=0)
    return np.maximum((low - 1) / grid, 0.0), np.minimum((high + 2) / grid, 1.0)


def _capital(values: Floats, means: Floats, alpha: float) -> Floats:
    """The hedged capital [means, n] of betting that the mean is higher, and that it is lower, half of the stake on each."""
    count = np.arange(1, len(values) + 1)
    # The bet on a value may depend on the values before it only: estimates are shifted by one.
    average = (0.5 + np.cumsum(values)) / (count + 1)
    variance = (0.25 + np.cumsum((values - average) ** 2)) / (count + 1)
    before = np.concatenate([[0.25], variance[:-1]])
    bet = np.sqrt(2 * np.log(2 / alpha) / (before * count * np.log(count + 1)))
    distance = values[None, :] - means[:, None]
    up = np.minimum(bet[None, :], _LARGEST_BET / means[:, None])
    down = np.minimum(bet[None, :], _LARGEST_BET / (1 - means[:, None]))
    higher = np.cumsum(np.log1p(up * distance), axis=1)
    lower = np.cumsum(np.log1p(-down * distance), axis=1)
    # Above e^700 a float overflows; by then everything was decided long ago.
    capital: Floats = 0.5 * np.exp(np.minimum(higher, 700.0)) + 0.5 * np.exp(np.minimum(lower, 700.0))
    return capital


def _checked(values: Sequence[float] | Floats, alpha: float) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}, expected a number between 0 and 1")
    if array.ndim != 1 or not len(array):
        raise ValueError("there are no values: give a sequence of at least one")
    # A comparison with NaN is false, so NaN is out of range, too.
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError("some values are outside [0, 1] or no numbers: scale the score, and leave unscored items out")
    return array
