"""Score tables in the warehouse: what they hold, and scoring one kind of candidates with what is there already.

Belongs here: the way between stores and scoring.py, the same for every kind. What a candidate is belongs to kinds.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.evaluation.figures import candidate_figures, detectable
from lenovo_pipeline.evaluation.scoring import Contender, score_all, stored_table
from lenovo_pipeline.evaluation.tables import SCORES
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

BATCH_SIZE = 8
"""Questions that are under way at once: latencies are those of a candidate that so many people ask at the same time."""

TIMEOUT_S = 60.0
LOGS = "scores"


@dataclass(frozen=True)
class Kept:
    """The rows of a score table, and what the UI says of them."""

    frame: pd.DataFrame
    metadata: dict[str, Any]


def scored(
    contenders: Sequence[Contender],
    table: Table,
    warehouse: Warehouse,
    store: Store,
    tracking: Tracking,
    settings: Settings,
    *,
    model: str = "",
    say: Callable[[str], None],
) -> Kept:
    """Score contenders of one table (one model partition of it), taking over what is stored; each gets an MLflow run."""
    run_settings = RunSettings(batch_size=BATCH_SIZE, timeout_s=TIMEOUT_S, seed=settings.seed)
    found = score_all(
        contenders,
        table,
        stored_rows(warehouse, table, model),
        logs=store.artifacts / LOGS,
        settings=run_settings,
        say=say,
    )
    effects = [_track(contender, found.frame, table, tracking, settings.seed) for contender in contenders]
    known = [effect for effect in effects if effect is not None]
    return Kept(
        found.frame,
        {
            "asked": found.asked,
            "taken_over": found.taken_over,
            "failures": found.failed,
            **({"answers_per_s": found.asked / found.seconds} if found.asked and found.seconds else {}),
            **({"minimum_detectable_effect": max(known)} if known else {}),
        },
    )


def stored_rows(warehouse: Warehouse, table: Table, model: str = "") -> pd.DataFrame | None:
    """What a score table holds (of one model); None if it was never made, or under another contract."""
    try:
        return warehouse.load(table, model=model or None)
    except PermanentFailure:
        return None


def all_scores(warehouse: Warehouse) -> dict[str, pd.DataFrame]:
    """The score tables that there are, by kind, with all their models."""
    found = {kind: stored_rows(warehouse, table) for kind, table in SCORES.items()}
    return {kind: frame for kind, frame in found.items() if frame is not None}


def _track(contender: Contender, frame: pd.DataFrame, table: Table, tracking: Tracking, seed: int) -> float | None:
    """Write a candidate's MLflow run; returns the smallest effect that its questions can show."""
    scores = stored_table(frame, contender.candidate.name)
    assert scores is not None
    figures = candidate_figures(scores, seed)
    metrics = {metric: value.value for metric, part, value in figures if part == "all" and value.value is not None}
    tracking.record(
        table.stage,
        f"{table.name}/{contender.candidate.name}",
        metrics={**metrics, "items": len(scores.rows), "failures": scores.failed},
        parameters={name: value for name, value in scores.header.described.items() if not isinstance(value, dict)},
        tags={"header": scores.header.hash, "model": contender.model},
    )
    return detectable(scores)
