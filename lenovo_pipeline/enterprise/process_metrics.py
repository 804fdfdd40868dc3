"""Monthly performance of each process over the last twelve complete months."""

from datetime import date

import numpy as np
import pandas as pd

from lenovo_pipeline.enterprise.seeding import WORLD_END, generator

_MONTHS = 12


def make_process_metrics(processes: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row for each process and complete month since it was established, at most twelve each.

    The figures agree: the 95th percentile lies beyond the agreed time exactly if more than 5 % of the cases did, and the
    mean lies below it. Processes differ lastingly, and each has a trend, so that some miss their target.
    """
    rng = generator(seed, "process-metrics")
    months = _last_months()
    count = len(processes)
    established = np.array(processes["established_on"].tolist(), dtype="datetime64[D]")
    starts = np.array(months, dtype="datetime64[D]")
    runs = established[:, None] <= starts[None, :]
    shape = (count, _MONTHS)
    volume = rng.integers(20, 400, size=(count, 1)) * rng.integers(70, 131, size=shape) // 100
    lasting = rng.integers(0, 160, size=(count, 1))
    trend = rng.integers(-6, 7, size=(count, 1)) * np.arange(_MONTHS)[None, :]
    # Share of cases beyond the agreed time, in tenths of a percent.
    share = np.clip(lasting + trend + rng.integers(-15, 16, size=shape), 0, 450)
    breached = volume * share // 1000
    late = breached * 20 > volume
    sla = np.array(processes["sla_hours"].tolist(), dtype=np.float64)[:, None]
    mean = np.round(sla * (35 + share // 12 + rng.integers(0, 12, size=shape)) / 100, 2)
    beyond = np.round(sla * (102 + share // 5 + rng.integers(0, 20, size=shape)) / 100, 2)
    within = np.round(sla * (88 + rng.integers(0, 12, size=shape)) / 100, 2)
    p95 = np.where(late, beyond, within)
    row, column = np.nonzero(runs)
    ids = processes["process_id"].tolist()
    return pd.DataFrame(
        {
            "process_id": [ids[i] for i in row.tolist()],
            "month": [months[j] for j in column.tolist()],
            "completed": volume[runs],
            "breached": breached[runs],
            "mean_hours": mean[runs],
            "p95_hours": p95[runs],
        }
    )


def _last_months() -> list[date]:
    """First days of the last twelve months that are over at the world's end."""
    newest = WORLD_END.year * 12 + WORLD_END.month - 2
    return [date((newest - back) // 12, (newest - back) % 12 + 1, 1) for back in reversed(range(_MONTHS))]
