"""Asking a candidate again what it was asked, to see whether it still says the same.

Belongs here: opening one stored candidate by its name outside a run. Workflows are opened in runs only, by their stores.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lenovo_pipeline.evaluation.builds import refusals, stored_builds
from lenovo_pipeline.evaluation.items import asked_items, asked_of
from lenovo_pipeline.evaluation.keeping import BATCH_SIZE, TIMEOUT_S
from lenovo_pipeline.evaluation.kinds import baseline_contenders, build_contenders, raw_contenders
from lenovo_pipeline.evaluation.scoring import Contender, score_all
from lenovo_pipeline.evaluation.tables import BUILD_KINDS, ITEMS, SCORES
from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.gold.tables import QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.models.catalogue import require_row
from lenovo_pipeline.models.tables import CATALOGUE, FOUNDATION
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

_TIMES = ("latency_s", "first_token_s")


@dataclass(frozen=True)
class Again:
    """Score tables, by kind, in which one candidate's answers are new and its times the old ones; and what there is to say."""

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
        return Again({}, (f"{name}: no scores are stored",))
    stored = scores[kind]
    mine = stored[stored["candidate"] == name]
    try:
        with _opened(warehouse, store, settings, kind, name, str(mine["model"].iloc[0])) as contender, _folder() as logs:
            run = RunSettings(batch_size=BATCH_SIZE, timeout_s=TIMEOUT_S, seed=settings.seed)
            found = score_all([contender], SCORES[kind], None, logs=logs, settings=run, say=say).frame
    except (PipelineError, KeyError) as error:
        return Again({}, (f"{name}: not asked again, its stored answers count ({error})",))
    times = mine.set_index("question_id")
    new = found.assign(**{each: found["question_id"].map(times[each]) for each in _TIMES}, header=mine["header"].iloc[0])
    joined = found.merge(mine, on="question_id", suffixes=("", "_then"))
    other = int((joined["said"] != joined["said_then"]).sum())
    scored = int((joined["correct"].fillna(-1) != joined["correct_then"].fillna(-1)).sum())
    text = f"{name}: {len(joined) - other} of {len(joined)} answers are the same, {scored} are judged otherwise"
    others = stored[stored["candidate"] != name]
    return Again({kind: pd.concat([others, new[others.columns.intersection(new.columns)]], ignore_index=True)}, (text,))


@contextmanager
def _opened(warehouse: Warehouse, store: Store, settings: Settings, kind: str, name: str, model: str) -> Iterator[Contender]:
    items = warehouse.load(ITEMS)
    chosen = items[items["question_id"].isin(asked_of(kind, items))]
    closed, opened = asked_items(chosen, warehouse.load(QUESTIONS), warehouse.load(CHUNKS))
    if kind == "baselines":
        yield _named(baseline_contenders(opened, settings.seed), name)
        return
    foundations = warehouse.load(FOUNDATION, model=model).to_dict("records")
    foundation = {str(key): value for key, value in foundations[0].items()}
    row = require_row(warehouse.load(CATALOGUE).to_dict("records"), model)
    inference = Inference(settings)
    if kind in BUILD_KINDS:
        builds = stored_builds(warehouse, model)
        refused = refusals(builds, foundation, store)
        if name in refused:
            raise KeyError(refused[name])
        mine = [built for built in builds if built.name == name]
        with build_contenders(mine, foundation, row, inference, store, opened) as contenders:
            yield _named(contenders, name)
    elif kind == "raw_foundation":
        with raw_contenders(foundation, row, inference, closed, opened) as contenders:
            yield _named(contenders, name)
    else:
        raise KeyError(f"a candidate of kind {kind} is opened in runs only")


def _named(contenders: Sequence[Contender], name: str) -> Contender:
    found = next((each for each in contenders if each.candidate.name == name), None)
    if found is None:
        raise KeyError(f"{name} is opened in runs only")
    return found


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lenovo-again-") as folder:
        yield Path(folder)
