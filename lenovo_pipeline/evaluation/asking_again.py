"""Asking a candidate again what it was asked, to see whether it still says the same.

Belongs here: its new answers beside its stored ones. Opening it belongs to opening.py.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.keeping import BATCH_SIZE, TIMEOUT_S, stored_rows
from lenovo_pipeline.evaluation.opening import Named, opened
from lenovo_pipeline.evaluation.scoring import score_all
from lenovo_pipeline.evaluation.tables import SCORES
from lenovo_pipeline.failures import PipelineError, SkippedPartition
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

_TIMES = ("latency_s", "first_token_s")


@dataclass(frozen=True)
class Again:
    """Score tables, by kind, in which one candidate's answers are new and its times the old ones (none if it was not asked); and
    what there is to say.
    """

    scores: Mapping[str, pd.DataFrame]
    said: tuple[str, ...]


def ask_again(
    warehouse: Warehouse,
    store: Store,
    settings: Settings,
    name: str,
    scores: Mapping[str, pd.DataFrame],
    say: Callable[[str], None],
) -> Again:
    """Ask a candidate again; one that cannot be opened here keeps its stored answers, and it is said why."""
    kind = next((kind for kind, frame in scores.items() if name in set(frame["candidate"])), None)
    if kind is None:
        return Again({}, (_without_scores(warehouse, name),))
    stored = scores[kind]
    mine = stored[stored["candidate"] == name]
    try:
        with opened(warehouse, store, settings, Named(name, kind, str(mine["model"].iloc[0]))) as contender, _folder() as logs:
            run = RunSettings(batch_size=BATCH_SIZE, timeout_s=TIMEOUT_S, seed=settings.seed)
            scored = score_all([contender], SCORES[kind], None, logs=logs, settings=run, say=say)
    except (PipelineError, SkippedPartition) as error:
        return Again({}, (_not_asked(name, str(error)),))
    if name in scored.refused:
        return Again({}, (_not_asked(name, scored.refused[name]),))
    found = scored.frame
    times = mine.set_index("question_id")
    new = found.assign(**{each: found["question_id"].map(times[each]) for each in _TIMES}, header=mine["header"].iloc[0])
    joined = found.merge(mine, on="question_id", suffixes=("", "_then"))
    other = int((joined["said"] != joined["said_then"]).sum())
    otherwise = int((joined["correct"].fillna(-1) != joined["correct_then"].fillna(-1)).sum())
    text = f"{name}: {len(joined) - other} of {len(joined)} answers are the same, {otherwise} are judged otherwise"
    others = stored[stored["candidate"] != name]
    return Again({kind: pd.concat([others, new[others.columns.intersection(new.columns)]], ignore_index=True)}, (text,))


def _not_asked(name: str, why: str) -> str:
    return f"{name}: not asked again, its stored answers count ({why})"


def _without_scores(warehouse: Warehouse, name: str) -> str:
    agents = stored_rows(warehouse, AGENTIC_WORKFLOW)
    if agents is not None and name in set(agents["candidate"]):
        return f"{name}: an agent, which is not asked again; its stored attempts ({AGENTIC_WORKFLOW.qualified_name}) count"
    return f"{name}: no scores are stored"


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lenovo-again-") as folder:
        yield Path(folder)
