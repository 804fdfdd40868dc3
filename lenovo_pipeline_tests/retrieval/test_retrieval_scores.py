"""The stage as a user runs it at smoke size, what its tables say, and that its checks fail on what breaks them."""

import math
import shutil
from typing import Any

import pandas as pd
import pytest
from dagster import AssetCheckResult

from lenovo_pipeline.embeddings.assets import training_pairs
from lenovo_pipeline.embeddings.tables import TRAINING_PAIRS
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.gold.tables import QRELS, QUESTIONS
from lenovo_pipeline.retrieval import assets, checks, scoring
from lenovo_pipeline.retrieval.asking import Asked, answered
from lenovo_pipeline.retrieval.kept_settings import read_settings, write_settings
from lenovo_pipeline.retrieval.reranking.assets import reranker
from lenovo_pipeline.retrieval.settings import LADDER, HybridSettings
from lenovo_pipeline.retrieval.tables import ABLATION, RERANKED, RERANKER, RETRIEVERS, SCORES, STEPS
from lenovo_pipeline.retrieval.traces import EXPERIMENT

ASSETS = (
    assets.faiss_index,
    assets.llamaindex_index,
    assets.hybrid_settings,
    training_pairs,
    reranker,
    assets.scores,
    assets.ablation,
)
TABLES = [TRAINING_PAIRS, RERANKER, SCORES, ABLATION]


def made_up(**recall: float) -> pd.DataFrame:
    """Scores of two questions of three categories for each retriever; hybrid finds all, others half, unless told otherwise."""
    rows = []
    for retriever in RETRIEVERS:
        for category in ("basic", "chinese", "multi_hop"):
            for number in range(2):
                value = recall.get(f"{retriever}_{category}", recall.get(retriever, 1.0 if retriever == "hybrid" else 0.5))
                rows.append(
                    {
                        "retriever": retriever,
                        "question_id": f"GQ-{category}-{number}",
                        "category": category,
                        "language": "en",
                        "anchor": f"series:{number}",
                        "ndcg": value,
                        "recall": value,
                        "reciprocal_rank": value,
                        "hit": 1.0,
                        "found_ids": ["KB-1"],
                    }
                )
    return pd.DataFrame(rows)


def test_the_stage_runs_and_runs_again_without_building_anything(trial: Any, place: Any) -> None:
    shutil.copytree(place.spare, trial.store.root, dirs_exist_ok=True)
    first = trial.run(*ASSETS, tables=TABLES)
    assert first.success
    scores = trial.warehouse.load(SCORES)
    assert set(scores["retriever"]) == set(RETRIEVERS)
    asked = scores.groupby("retriever")["question_id"].nunique()
    assert asked.drop(RERANKED).nunique() == 1 and 0 < asked[RERANKED] < asked["hybrid"]
    quality = scoring.figures(scores, "recall")["all"]
    assert quality["hybrid"] == max(quality) and quality["hybrid"] > quality["keyword"]
    ladder = trial.warehouse.load(ABLATION)
    later = ladder[ladder["position"] > 1]
    assert set(ladder["step"]) == set(STEPS) and later["difference"].notna().all()
    assert later[later["category"] == "all"]["lower"].notna().all()
    client = trial.client()
    experiments = {each.name for each in client.search_experiments()}
    assert {f"retrieval {name}" for name in ("keyword", "dense", "langchain", "graph", "tables", "hybrid")} <= experiments
    traces = client.search_traces(locations=[client.get_experiment_by_name(EXPERIMENT).experiment_id])
    assert len(traces) == scores["category"].nunique()
    names = {span.name for trace in traces for span in trace.data.spans}
    assert {"hybrid", "reading", "keyword", "tables", "fusion"} <= names
    second = trial.run(*ASSETS, tables=TABLES)
    for result in (first, second):
        reused = {
            event.asset_key.path[-1]: event.materialization.metadata["reused"].value
            for event in result.get_asset_materialization_events()
            if "reused" in event.materialization.metadata
        }
        assert all(reused.values()) == (result is second), reused
    pd.testing.assert_frame_equal(trial.warehouse.load(SCORES), scores)
    device = place.world["devices"].iloc[0]
    said, found = answered(Asked(f"How heavy is the {device['name']}?", 3, {}, model="lenovo-nano", trace=True), trial.settings)
    assert found == 3 and device["device_id"] in said and "found by" in said and "why: " in said
    assert "no answer: " in said and "models.catalogue" in said, "evidence is shown though no model is there to answer"
    assert "trace tr-" in said


def test_the_questions_asked_are_balanced_the_same_each_time_and_of_one_split(place: Any) -> None:
    relevance = scoring.relevance_of(place.warehouse.load(QRELS))
    asked = scoring.asked(place.questions, relevance, "test", 40, 1)
    assert set(asked["split"]) == {"test"} and len(asked) == 40
    assert asked["category"].value_counts().min() >= 2
    assert "unanswerable" not in set(asked["category"])
    pd.testing.assert_frame_equal(asked, scoring.asked(place.questions.sample(frac=1, random_state=3), relevance, "test", 40, 1))


def test_a_step_is_compared_with_the_one_before_it_in_pairs() -> None:
    found = scoring.ablation(made_up(dense=0.2), 1).to_dict("records")
    rows = {row["step"]: row for row in found if (row["category"], row["measure"]) == ("all", "recall")}
    assert rows["dense"]["value"] == pytest.approx(0.2) and math.isnan(rows["dense"]["difference"])
    assert rows[STEPS[1]]["difference"] == pytest.approx(0.3)
    same = rows[STEPS[2]]
    assert same["difference"] == 0 and same["lower"] < 0 < same["upper"]


def test_a_slice_about_one_entity_has_a_difference_without_an_interval() -> None:
    found = scoring.ablation(made_up(dense=0.2).assign(anchor="series:0"), 1)
    later = found[(found["position"] > 1) & (found["category"] == "basic")]
    assert later["difference"].notna().all() and later["lower"].isna().all()


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"hybrid": 0.7}, "nDCG@10 of the hybrid is 0.700"),
        ({"hybrid": 0.84}, "recall@10 of the hybrid is 0.840"),
        ({"graph_multi_hop": 0.85, "hybrid_multi_hop": 0.9}, "multi-hop questions is 0.900, expected at least 0.950"),
        ({"keyword_basic": 0.99, "hybrid_basic": 0.9}, "basic questions is 0.900, expected at least 0.980"),
        ({"hybrid_chinese": 0.6}, "Chinese questions is 0.600"),
    ],
)
def test_a_hybrid_that_falls_short_is_told_where(changed: dict[str, float], complaint: str) -> None:
    assert any(complaint in each for each in scoring.shortfalls(made_up(**changed)))
    assert scoring.shortfalls(made_up()) == []


def test_the_checks_pass_on_fair_scores_and_fail_on_others(place: Any, tmp_path: Any) -> None:
    from lenovo_pipeline.resources.warehouse import Warehouse

    warehouse = Warehouse(str(tmp_path / "warehouse.duckdb"))
    test = place.questions[place.questions["split"] == "test"]
    warehouse.replace(QUESTIONS, place.questions)
    ids = dict(zip(made_up()["question_id"].unique(), test["question_id"], strict=False))

    def stored(frame: pd.DataFrame) -> None:
        warehouse.replace(SCORES, frame.assign(question_id=frame["question_id"].map(ids)))

    def passed(check: Any) -> bool:
        result = check(store=place.store, warehouse=warehouse)
        assert isinstance(result, AssetCheckResult)
        return bool(result.passed)

    stored(made_up())
    assert passed(checks.every_retriever_was_asked_the_same_test_questions)
    assert passed(checks.hybrid_beats_its_parts) and passed(checks.keyword_search_alone_does_not_do)
    stored(made_up(keyword=0.8, hybrid=0.8))
    assert not passed(checks.hybrid_beats_its_parts) and not passed(checks.keyword_search_alone_does_not_do)
    stored(made_up().drop(index=[0]))
    assert not passed(checks.every_retriever_was_asked_the_same_test_questions)
    fewer = made_up()
    stored(fewer[(fewer["retriever"] != RERANKED) | (fewer["category"] == "basic")])
    assert passed(checks.every_retriever_was_asked_the_same_test_questions)
    stored(fewer[fewer["retriever"] != RERANKED])
    assert not passed(checks.every_retriever_was_asked_the_same_test_questions)
    training = place.questions.loc[place.questions["split"] == "train", "question_id"].iloc[0]
    stored(made_up())
    wrong = warehouse.load(SCORES).drop(columns="content_hash").replace({"question_id": {ids["GQ-basic-0"]: training}})
    warehouse.replace(SCORES, wrong)
    assert not passed(checks.every_retriever_was_asked_the_same_test_questions)


def test_settings_that_are_missing_damaged_or_incomplete_are_refused(tmp_path: Any) -> None:
    folder = tmp_path / "settings"
    with pytest.raises(PermanentFailure, match="Materialise retrieval/hybrid_settings again"):
        read_settings(folder)
    write_settings(dict.fromkeys(LADDER, HybridSettings()), folder, {"split": "validation"})
    assert read_settings(folder)["hybrid"] == HybridSettings()
    write_settings({"hybrid": HybridSettings()}, folder, {})
    with pytest.raises(PermanentFailure, match="Materialise retrieval/hybrid_settings again"):
        read_settings(folder)
