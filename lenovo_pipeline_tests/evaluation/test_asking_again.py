"""A stored candidate is asked again by its name; what is opened in runs only keeps its answers, and that is said."""

from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.asking_again import ask_again
from lenovo_pipeline.evaluation.kinds import baseline_contenders
from lenovo_pipeline.evaluation.scoring import score_all
from lenovo_pipeline.evaluation.tables import BASELINES, CUSTOM_MODEL
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.models.builds import build_rows
from lenovo_pipeline.models.catalogue import read_catalogue, require_row
from lenovo_pipeline.models.foundation import resolve
from lenovo_pipeline.models.tables import CATALOGUE, FINE_TUNED, FOUNDATION
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import PROJECT_ROOT, Settings


def test_a_candidate_says_the_same_again_and_one_of_a_run_is_left_as_it_is(
    warehouse: Warehouse, gold: Any, settings: Settings, tmp_path: Path
) -> None:
    gold.store(warehouse)
    contenders = baseline_contenders(gold.asked()[1], settings.seed)
    frame = score_all(contenders, BASELINES, None, logs=tmp_path / "logs", settings=RunSettings(timeout_s=5)).frame
    first = str(contenders[0].candidate.name)
    workflow = frame[frame["candidate"] == first].assign(candidate="sentence/rag")
    scores = {"baselines": pd.concat([frame, workflow], ignore_index=True)}
    again = ask_again(warehouse, Store(settings.store), settings, first, scores, lambda _: None)
    assert again.said == (f"{first}: 21 of 21 answers are the same, 0 are judged otherwise",)
    assert len(again.scores["baselines"]) == len(scores["baselines"])
    left = ask_again(warehouse, Store(settings.store), settings, "sentence/rag", scores, lambda _: None)
    assert not left.scores and "not asked again, its stored answers count" in left.said[0] and "in runs only" in left.said[0]
    assert ask_again(warehouse, Store(settings.store), settings, "nobody", scores, lambda _: None).said == (
        "nobody: no scores are stored",
    )


def test_a_build_that_cannot_be_opened_keeps_its_stored_answers(
    warehouse: Warehouse, store: Store, gold: Any, settings: Settings, build: Any, tmp_path: Path
) -> None:
    gold.store(warehouse)
    rows = read_catalogue(settings.catalogue).rows()
    warehouse.replace(CATALOGUE, pd.DataFrame(rows, columns=list(CATALOGUE.column_names)))
    foundation = resolve(require_row(rows, "lenovo-nano"), Inference(settings), PROJECT_ROOT, bundled="lenovo-nano")
    warehouse.replace(FOUNDATION, pd.DataFrame([foundation]), model="lenovo-nano")
    of_base = {name: foundation[name] for name in ("tokenizer_hash", "template_hash")}
    of_base |= {"base": foundation["identity"], "base_revision": foundation["revision"]}
    name = "lenovo-nano/full/all"
    warehouse.replace(FINE_TUNED, build_rows([build(name, format="transformers", **of_base)], FINE_TUNED), model="lenovo-nano")
    contenders = baseline_contenders(gold.asked()[1], settings.seed)[:1]
    frame = score_all(contenders, CUSTOM_MODEL, None, logs=tmp_path / "logs", settings=RunSettings(timeout_s=5)).frame
    scores = {"custom_model": frame.assign(candidate=name, model="lenovo-nano")}
    again = ask_again(warehouse, store, settings, name, scores, lambda _: None)
    assert not again.scores and again.said[0].startswith(f"{name}: not asked again, its stored answers count (")


def test_an_agent_is_said_to_have_attempts(warehouse: Warehouse, store: Store, settings: Settings) -> None:
    row = dict.fromkeys(AGENTIC_WORKFLOW.column_names) | {"model": "lenovo-nano", "candidate": "lenovo-nano/desk"}
    row |= {"kind": "model", "metric": "success", "slice": "all", "value": 0.5, "scored": 2, "attempts": 2, "clusters": 1}
    row |= {"unit": "1", "header": "0" * 16, "made_by": {}}
    warehouse.replace(AGENTIC_WORKFLOW, pd.DataFrame([row]), model="lenovo-nano")
    (said,) = ask_again(warehouse, store, settings, "lenovo-nano/desk", {}, lambda _: None).said
    assert "an agent" in said and "its stored attempts (evaluation.agentic_workflow) count" in said
