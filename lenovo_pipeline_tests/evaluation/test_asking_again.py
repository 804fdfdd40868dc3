"""A stored candidate is asked again by its name; what is opened in runs only keeps its answers, and that is said."""

from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.asking_again import ask_again
from lenovo_pipeline.evaluation.kinds import baseline_contenders
from lenovo_pipeline.evaluation.scoring import score_all
from lenovo_pipeline.evaluation.tables import BASELINES
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings


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
