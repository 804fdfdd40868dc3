"""How quick answers came: latency percentiles and throughput.

Belongs here: figures of time. How times are taken belongs to whoever answers (`Answer.latency_s`) and to the runner.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lenovo_pipeline.measures.scores import ScoreTable

PERCENTILES = (50.0, 90.0, 95.0, 99.0)


@dataclass(frozen=True)
class Speed:
    """Latencies in s by percentile (None without answers), first tokens likewise, and what was done per second of the run.

    Rates are None where nothing was asked in this run, or where the number of tokens is not known.
    """

    latency_s: dict[str, float] | None
    first_token_s: dict[str, float] | None
    answers_per_s: float | None
    tokens_out_per_s: float | None


def percentiles(times: Sequence[float], at: Sequence[float] = PERCENTILES) -> dict[str, float]:
    """Percentiles `p50` … of times in s, linear between two values. Raises ValueError without times, or if one is no time."""
    array = np.asarray(times, dtype=np.float64)
    if not len(array):
        raise ValueError("there are no times to take percentiles of")
    if not (np.isfinite(array) & (array >= 0)).all():
        raise ValueError("some times are negative or no finite numbers")
    return {f"p{point:g}": float(value) for point, value in zip(at, np.percentile(array, at), strict=True)}


def speed(table: ScoreTable) -> Speed:
    """The speed of a run. Rates count what was asked in this run over its whole time, failures and scoring included."""
    latencies = [row.latency_s for row in table.rows if row.latency_s is not None]
    first = [row.first_token_s for row in table.rows if row.first_token_s is not None]
    tokens = [row.tokens_out for row in table.rows if row.failure is None]
    whole = table.asked == len(table.rows) and table.elapsed_s > 0
    counted = [count for count in tokens if count is not None]
    return Speed(
        latency_s=percentiles(latencies) if latencies else None,
        first_token_s=percentiles(first) if first else None,
        answers_per_s=(table.asked - table.failed) / table.elapsed_s if whole else None,
        tokens_out_per_s=sum(counted) / table.elapsed_s if whole and len(counted) == len(tokens) else None,
    )
