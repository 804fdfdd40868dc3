"""Bounds of the mean of a whole table, from those of its values that were looked at so far, in a random order.

Belongs here: betting while sampling without replacement (Waudby-Smith and Ramdas 2023, "Estimating means of bounded random
variables by betting", 5). The table is all there is: nothing is said of questions beyond it, so clusters need no care, and
with the last value its mean is known. The capital is the mean of several constant bets', so that none has to be the right one.
"""

from collections.abc import Sequence

import numpy as np

from lenovo_pipeline.measures.statistics.bootstrap import Floats

_BETS = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Shares of the capital that are lost at most in one bet."""
_ROUNDING = 1e-9


def table_bounds(
    values: Sequence[float | None] | Floats, whole: int, *, alpha: float = 0.05, grid: int = 1_000
) -> tuple[Floats, Floats]:
    """Bounds low [n] and high [n] of the mean of a table of `whole` values in [0, 1], after each of the first n.

    With probability 1 - alpha they hold at all times at once, if the values come in a random order of the whole table. None (or
    NaN) is a place without a score: the mean is that of the others. Bounds are multiples of 1 / grid, rounded outwards.
    Raises ValueError for values out of range, or more of them than the whole.
    """
    array = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if len(array) > whole or not 0 < alpha < 1:
        raise ValueError(f"there are {len(array)} values of {whole} and alpha is {alpha}: expected at most as many, and 0 to 1")
    if not (np.isnan(array) | ((array >= 0) & (array <= 1))).all():
        raise ValueError("some values are outside [0, 1]: scale the score")
    return _lowest(array, whole, alpha / 2, grid), 1 - _lowest(1 - array, whole, alpha / 2, grid)


def _lowest(values: Floats, whole: int, alpha: float, grid: int) -> Floats:
    means = ((np.arange(grid) + 0.5) / grid)[:, None]
    # A place without a score counts as the mean itself, whichever that is: so the table's mean is that of the others.
    drawn = np.where(np.isnan(values)[None, :], means, values[None, :])
    seen = np.cumsum(drawn, axis=1)
    before = seen - drawn
    # What the values that are left must have as their mean, if the table has this one.
    left = (whole * means - before) / (whole - np.arange(len(values)))
    expected = np.clip(left, _ROUNDING, 1.0)
    gain = np.where(left > _ROUNDING, drawn / expected - 1, 0.0)
    # What overflows was rejected long before, and what underflows was lost long before.
    with np.errstate(over="ignore", under="ignore"):
        capital = sum(np.cumprod(1 + bet * gain, axis=1) for bet in _BETS) / len(_BETS)
    # Too much was seen for a mean of this to be possible still.
    impossible = seen > whole * means + _ROUNDING * whole
    rejected = np.logical_or.accumulate((capital >= 1 / alpha) | impossible, axis=1)
    # The higher a mean, the less speaks against it from below: the rejected ones are the first of the grid.
    count = rejected.sum(axis=0)
    bounds: Floats = np.where(count > 0, (count - 1) / grid, 0.0)
    return bounds
