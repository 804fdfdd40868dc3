"""The lift of some builds on every question there is, outside a run: what a run in profile `full` would show of them.

Belongs here: which candidates are asked for that, and what. The differences and what has to hold belong to lift.py.
"""

from collections.abc import Callable, Sequence

import pandas as pd

from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.evaluation.builds import Built, origin, refusals, stored_builds
from lenovo_pipeline.evaluation.items import asked_items, make_items
from lenovo_pipeline.evaluation.keeping import TIMEOUT_S, resolved_model
from lenovo_pipeline.evaluation.kinds import CLOSED_BOOK, build_contenders, raw_contenders, skill_contenders
from lenovo_pipeline.evaluation.lift import make_lift
from lenovo_pipeline.evaluation.naming import meant
from lenovo_pipeline.evaluation.scoring import Contender, score_all
from lenovo_pipeline.evaluation.skills import BATCH_SIZE, skill_items
from lenovo_pipeline.evaluation.tables import SCORES, SKILLS
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.gold.tables import QRELS, QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.models.tables import CATALOGUE, FOUNDATION
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

LOGS = "lift"


def measured_lift(
    warehouse: Warehouse,
    store: Store,
    settings: Settings,
    names: Sequence[str],
    *,
    questions: int | None,
    skills: int,
    say: Callable[[str], None],
) -> pd.DataFrame:
    """The differences (contract LIFT) of these builds to their base, and to what they were made from, on `questions` gold
    questions of the test split (None: all) and `skills` items of the general skills.

    Those that they are compared with are asked, too. What was answered stays in the store's artifacts and is not asked again.
    Raises PermanentFailure for a name that is no build, or a build that may not be asked, with the reason.
    """
    builds = stored_builds(warehouse)
    chosen = [_named(builds, name) for name in names]
    models = sorted({built.model for built in chosen})
    asked, chunks = warehouse.load(QUESTIONS), warehouse.load(CHUNKS)
    items = make_items(asked, warehouse.load(QRELS), chunks, size=questions, seed=settings.seed)
    closed, opened = asked_items(items, asked, chunks)
    general = skill_items(skills, settings.seed)
    logs = store.artifacts / LOGS
    gold: dict[str, list[pd.DataFrame]] = {}
    of_skills: list[pd.DataFrame] = []

    def scored(kind: str, contenders: Sequence[Contender]) -> pd.DataFrame:
        table = SKILLS if kind == SKILLS.name else SCORES[kind]
        run = RunSettings(batch_size=BATCH_SIZE, timeout_s=TIMEOUT_S, seed=settings.seed)
        return score_all(contenders, table, None, logs=logs / table.name, settings=run, say=say).frame

    inference = Inference(settings)
    for model in models:
        resolved = resolved_model(warehouse.load(FOUNDATION, model=model), warehouse.load(CATALOGUE))
        mine = _with_origins([built for built in chosen if built.model == model], builds)
        refused = refusals(builds, resolved.foundation, store)
        for built in mine:
            if built.name in refused:
                raise PermanentFailure(f"{built.name} may not be asked: {refused[built.name]}", remedy=built.remedy)
        with raw_contenders(*resolved, inference, closed, opened) as raw:
            bare = [each for each in raw if not each.candidate.name.endswith(f"/{CLOSED_BOOK}")]
            gold.setdefault("raw_foundation", []).append(scored("raw_foundation", bare))
        for kind in sorted({built.kind for built in mine}):
            some = [built for built in mine if built.kind == kind]
            with build_contenders(some, *resolved, inference, store, opened) as contenders:
                gold.setdefault(kind, []).append(scored(kind, contenders))
        with skill_contenders(mine, *resolved, inference, store, general.items, general) as contenders:
            of_skills.append(scored(SKILLS.name, contenders))
    scores = {kind: pd.concat(frames, ignore_index=True) for kind, frames in gold.items()}
    made = make_lift(_with_origins(chosen, builds), scores, pd.concat(of_skills, ignore_index=True), seed=settings.seed)
    return made[made["candidate"].isin({built.name for built in chosen})]


def shown(lift: pd.DataFrame) -> str:
    """The rows of LIFT as text, a line each under the two that are compared."""
    lines: list[str] = []
    for (candidate, against), rows in lift.groupby(["candidate", "against"], sort=False):
        lines.append(f"{candidate} against {against}:")
        for row in rows_of(rows):
            met = "" if row["met"] is None else " (met)" if row["met"] else " (NOT met)"
            lines.append(f"  {row['measure']}: {row['before']:.3f} to {row['after']:.3f}, {row['note']}{met}")
    return "\n".join(lines)


def _named(builds: Sequence[Built], name: str) -> Built:
    for built in builds:
        if name in {str(row["build"]) for row in built.rows}:
            return built
    raise PermanentFailure(
        f"there is no build {name!r}", remedy=meant(name, sorted(str(row["build"]) for built in builds for row in built.rows))
    )


def _with_origins(chosen: Sequence[Built], builds: Sequence[Built]) -> list[Built]:
    """These builds, and those that they were made from, each once."""
    found = {built.name: built for built in chosen}
    for built in chosen:
        source = origin(built, [other for other in builds if other.model == built.model])
        if source is not None:
            found.setdefault(source.name, source)
    return list(found.values())
