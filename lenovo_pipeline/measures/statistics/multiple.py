"""Several tests at once."""

from collections.abc import Mapping

import numpy as np


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """p-values adjusted by Holm (1979): rejecting those at most alpha keeps the chance of any false rejection at most alpha.

    Raises ValueError naming p-values outside [0, 1], NaN included.
    """
    bad = [f"{name} = {value}" for name, value in p_values.items() if not 0 <= value <= 1]
    if bad:
        raise ValueError(f"these are no p-values: {', '.join(bad)}")
    if not p_values:
        return {}
    # Not by statsmodels: to import it for these few lines took seconds of every run that compares.
    ordered = sorted(p_values, key=p_values.__getitem__)
    left = np.arange(len(ordered), 0, -1)
    adjusted = np.minimum(np.maximum.accumulate([p_values[name] for name in ordered] * left), 1.0)
    found = dict(zip(ordered, map(float, adjusted), strict=True))
    return {name: found[name] for name in p_values}
