"""Several tests at once."""

from collections.abc import Mapping

import numpy as np


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """p-values adjusted by Holm (1979): rejecting those at most alpha keeps the chance of any false rejection at most alpha.

    Raises ValueError naming p-values outside [0, 1], NaN included.
    """
    from statsmodels.stats.multitest import multipletests

    bad = [f"{name} = {value}" for name, value in p_values.items() if not 0 <= value <= 1]
    if bad:
        raise ValueError(f"these are no p-values: {', '.join(bad)}")
    if not p_values:
        return {}
    adjusted = multipletests(np.fromiter(p_values.values(), dtype=np.float64), method="holm")[1]
    return dict(zip(p_values, map(float, adjusted), strict=True))
