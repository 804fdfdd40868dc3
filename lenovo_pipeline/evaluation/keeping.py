"""Score tables in the warehouse: what they hold, and scoring one kind of candidates with what is there already.

Belongs here: the way between stores and scoring.py, the same for every kind. What a candidate is belongs to kinds.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.evaluation.builds import Built, refusals, stored_builds
from lenovo_pipeline.evaluation.figures import candidate_figures, detectable
from lenovo_pipeline.evaluation.kinds import build_contenders, skill_contenders
from lenovo_pipeline.evaluation.pressure.tables import PROBES
from lenovo_pipeline.evaluation.scoring import Contender, score_all, stored_table
from lenovo_pipeline.evaluation.skills import BATCH_SIZE as SKILLS_AT_ONCE
from lenovo_pipeline.evaluation.skills import COUNTS, skill_items
from lenovo_pipeline.evaluation.tables import JUDGEMENTS, SCORES, SKILLS
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.measures.scores import ScoreTable
from lenovo_pipeline.models.catalogue import require_row
from lenovo_pipeline.resources.asking import Asking
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse

BATCH_SIZE = 8
"""Questions that are under way at once: latencies are those of a candidate that so many people ask at the same time."""

TIMEOUT_S = 60.0
LOGS = "scores"


@dataclass(frozen=True)
class Kept:
    """The rows of a score table, and what the UI says of them."""

    frame: pd.DataFrame
    metadata: dict[str, Any]


class Resolved(NamedTuple):
    """A model's rows of models.foundation and of models.catalogue."""

    foundation: Mapping[str, Any]
    catalogue: Mapping[str, Any]

    @property
    def model(self) -> str:
        return str(self.foundation["model"])


def resolved_model(foundation: pd.DataFrame, catalogue: pd.DataFrame) -> Resolved:
    """A model by its row of models.foundation, alone in its frame, and all rows of models.catalogue."""
    row = rows_of(foundation)[0]
    return Resolved(row, require_row(catalogue.to_dict("records"), str(row["model"])))


def scored(
    contenders: Sequence[Contender],
    table: Table,
    asking: Asking,
    *,
    model: str = "",
    say: Callable[[str], None],
    batch_size: int = BATCH_SIZE,
    refused: Mapping[str, str] | None = None,
) -> Kept:
    """Score contenders of one table (one model partition of it), taking over what is stored; who is asked gets an MLflow run.

    `refused`: candidates that may not be asked, with the reason; they are reported with those that could not be opened.
    """
    run_settings = RunSettings(batch_size=batch_size, timeout_s=TIMEOUT_S, seed=asking.settings.seed)
    found = score_all(
        contenders,
        table,
        stored_rows(asking.warehouse, table, model),
        logs=asking.store.artifacts / LOGS / table.name,
        settings=run_settings,
        say=say,
        beside=asking.beside,
    )
    not_asked = {**(refused or {}), **found.refused}
    scored_ones = [contender for contender in contenders if contender.candidate.name not in not_asked]
    known = []
    for contender in scored_ones:
        scores = stored_table(found.frame, contender.candidate.name)
        assert scores is not None
        if contender.candidate.name in found.anew:
            _track(contender, scores, table, asking.tracking, asking.settings.seed)
        effect = detectable(scores)
        known += [] if effect is None else [effect]
    return Kept(
        found.frame,
        {
            "candidates": len(scored_ones),
            "asked": found.asked,
            "taken_over": found.taken_over,
            "failures": found.failed,
            **({"answers_per_s": found.asked / found.seconds} if found.asked and found.seconds else {}),
            **({"minimum_detectable_effect": max(known)} if known else {}),
            **({"refused": "\n".join(f"- {name}: {why}" for name, why in sorted(not_asked.items()))} if not_asked else {}),
        },
    )


def scored_builds(
    table: Table,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    items: Sequence[Item],
    asking: Asking,
    *,
    say: Callable[[str], None],
) -> Kept:
    """Score a model's builds of the kind that `table` is for, save those that may not be asked. Without builds, no scores.

    `foundation` has the row of the model in models.foundation, `catalogue` the rows of models.catalogue.
    """
    resolved, builds, refused = _of_model(foundation, catalogue, asking)
    mine = [built for built in builds if built.kind == table.name]
    not_asked = {built.name: refused[built.name] for built in mine if built.name in refused}
    chosen = [built for built in mine if built.name not in refused]
    with build_contenders(chosen, *resolved, asking.inference, asking.store, items) as contenders:
        return scored(contenders, table, asking, model=resolved.model, say=say, refused=not_asked)


def scored_skills(foundation: pd.DataFrame, catalogue: pd.DataFrame, asking: Asking, *, say: Callable[[str], None]) -> Kept:
    """Score the general skills of a model and of all its builds that may be asked; without builds, no scores."""
    resolved, builds, refused = _of_model(foundation, catalogue, asking)
    chosen = [built for built in builds if built.name not in refused]
    skills = skill_items(COUNTS[asking.settings.profile], asking.settings.seed)
    with skill_contenders(chosen, *resolved, asking.inference, asking.store, skills.items, skills) as contenders:
        return scored(contenders, SKILLS, asking, model=resolved.model, say=say, batch_size=SKILLS_AT_ONCE, refused=refused)


def _of_model(foundation: pd.DataFrame, catalogue: pd.DataFrame, asking: Asking) -> tuple[Resolved, list[Built], dict[str, str]]:
    """A model as it was resolved, its builds, and why some of them may not be asked."""
    resolved = resolved_model(foundation, catalogue)
    builds = stored_builds(asking.warehouse, resolved.model)
    return resolved, builds, refusals(builds, resolved.foundation, asking.store)


def stored_rows(warehouse: Warehouse, table: Table, model: str = "") -> pd.DataFrame | None:
    """What a score table holds (of one model); None if it was never made, or under another contract."""
    try:
        return warehouse.load(table, model=model or None)
    except PermanentFailure:
        return None


def all_scores(warehouse: Warehouse) -> dict[str, pd.DataFrame]:
    """The score tables of the gold questions that there are, by kind, with all their models."""
    found = {kind: stored_rows(warehouse, table) for kind, table in SCORES.items()}
    return {kind: frame for kind, frame in found.items() if frame is not None}


def all_headed(warehouse: Warehouse) -> dict[str, pd.DataFrame]:
    """All score tables that there are, those of the skills and of the probes and the judgements too."""
    more = {table.name: stored_rows(warehouse, table) for table in (SKILLS, PROBES, JUDGEMENTS)}
    return {**all_scores(warehouse), **{kind: frame for kind, frame in more.items() if frame is not None}}


def _track(contender: Contender, scores: ScoreTable, table: Table, tracking: Tracking, seed: int) -> None:
    """Write a candidate's MLflow run."""
    figures = candidate_figures(scores, seed, parts=("all",))
    metrics = {metric: value.value for metric, _, value in figures if value.value is not None}
    tracking.record(
        table.stage,
        f"{table.name}/{contender.candidate.name}",
        metrics={**metrics, "items": len(scores.rows), "failures": scores.failed},
        parameters={name: value for name, value in scores.header.described.items() if not isinstance(value, dict)},
        tags={"header": scores.header.hash, "model": contender.model},
    )
