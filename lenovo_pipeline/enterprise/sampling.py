"""Drawing from lists with NumPy, exactly alike on every machine.

Belongs here: draws that several simulation modules need. Only integers and uniform numbers are used, never a
distribution that is computed with logarithms or exponentials, whose last bit differs between platforms.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1)
_FIRST_DAY = _EPOCH.date()


def weighted(rng: np.random.Generator, weights: Sequence[int] | Integers, size: int) -> Integers:
    """`size` positions in `weights`, each drawn with a chance proportional to its whole-numbered weight."""
    bounds = np.cumsum(np.asarray(weights, dtype=np.int64))
    return np.searchsorted(bounds, rng.integers(0, int(bounds[-1]), size=size), side="right").astype(np.int64)


def pick(rng: np.random.Generator, items: Sequence[Any], size: int) -> list[Any]:
    """`size` items, drawn with replacement."""
    return [items[i] for i in rng.integers(0, len(items), size=size).tolist()]


def rows(count: float, floor: int) -> int:
    """The number of rows of a table at its scale, but never fewer than `floor`."""
    return max(floor, round(count))


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _FIRST_DAY).days


def day_of(number: int) -> date:
    """The day that is `number` days after 1970-01-01."""
    return _FIRST_DAY + timedelta(days=number)


def second_number(moment: datetime) -> int:
    """Whole seconds since 1970-01-01 (UTC without a zone)."""
    return int((moment - _EPOCH).total_seconds())


def moment_of(number: int) -> datetime:
    """The moment that is `number` seconds after 1970-01-01 (UTC without a zone)."""
    return _EPOCH + timedelta(seconds=number)
