"""What encoders are trained on: right and wrong passages of the train split, and checks that fail on anything else."""

from typing import Any

import pandas as pd
import pytest
from dagster import AssetCheckResult

from lenovo_pipeline.embeddings import checks
from lenovo_pipeline.embeddings.pairs import make_pairs
from lenovo_pipeline.embeddings.tables import TRAINING_PAIRS
from lenovo_pipeline.enterprise.anchors import split_of
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.warehouse import Warehouse


def passed(check: Any, **given: Any) -> bool:
    result = check(**given)
    assert isinstance(result, AssetCheckResult)
    return bool(result.passed)


def test_pairs_are_of_the_train_split_with_wrong_passages_of_records_that_are_not_relevant(
    ground: Any, pairs: pd.DataFrame
) -> None:
    anchors = dict(zip(ground.chunks["chunk_id"], ground.chunks["anchor"], strict=True))
    owners = dict(zip(ground.chunks["chunk_id"], ground.chunks["record_id"], strict=True))
    splits = dict(zip(ground.questions["question_id"], ground.questions["split"], strict=True))
    assert {splits[question] for question in pairs["question_id"]} == {"train"}
    for row in pairs.to_dict("records"):
        assert {split_of(anchors[chunk]) for chunk in (row["positive_id"], *row["negative_ids"])} == {"train"}
        assert owners[row["positive_id"]] in row["relevant_ids"]
        assert not {owners[chunk] for chunk in row["negative_ids"]} & set(row["relevant_ids"])
    assert pairs["negative_ids"].map(len).mean() > 2
    held_out, trained = (set(pairs.loc[pairs["role"] == role, "question_id"]) for role in ("held_out", "train"))
    of = dict(zip(ground.questions["question_id"], ground.questions["anchor"], strict=True))
    assert held_out and not {of[i] for i in held_out} & {of[i] for i in trained}


def test_the_same_world_gives_the_same_pairs_in_any_order(ground: Any, pairs: pd.DataFrame) -> None:
    questions, qrels, chunks = (frame.sample(frac=1, random_state=2) for frame in (ground.questions, ground.qrels, ground.chunks))
    pd.testing.assert_frame_equal(make_pairs(questions, qrels, chunks, ground.index.search), pairs)


def test_a_world_without_questions_to_train_on_is_an_error_with_the_remedy(ground: Any) -> None:
    none = ground.questions[ground.questions["split"] != "train"]
    with pytest.raises(PermanentFailure, match="Materialise gold/questions"):
        make_pairs(none, ground.qrels, ground.chunks, ground.index.search)


@pytest.fixture
def warehouse(ground: Any, tmp_path: Any) -> Warehouse:
    return Warehouse(str(ground.copy_to(tmp_path / "store").warehouse))


def test_the_check_for_leaks_passes_and_fails_on_each_kind_of_leak(
    ground: Any, pairs: pd.DataFrame, warehouse: Warehouse
) -> None:
    test = ground.questions[(ground.questions["split"] == "test") & (ground.questions["language"] == "en")].iloc[0]
    of_test = ground.qrels[(ground.qrels["question_id"] == test["question_id"]) & (ground.qrels["level"] == "chunk")]
    row = pairs.iloc[0]
    own: dict[str, Any] = {str(name): value for name, value in row.items()}
    leaking: dict[str, dict[str, Any]] = {
        "a question of the test split": {"question_id": test["question_id"]},
        "its words": {"question": test["question"]},
        "its words in another form": {"question": test["question"].upper().rstrip("?") + " ?"},
        "a passage that only it needs": {"positive_id": of_test["target_id"].iloc[0]},
        "such a passage as a wrong one": {"negative_ids": [*row["negative_ids"], of_test["target_id"].iloc[0]]},
    }
    check = checks.training_pairs_give_nothing_of_the_test_split_away
    warehouse.replace(TRAINING_PAIRS, pairs)
    assert passed(check, store=None, warehouse=warehouse)
    for what, changed in leaking.items():
        warehouse.replace(TRAINING_PAIRS, pd.DataFrame([own | changed]))
        assert not passed(check, store=None, warehouse=warehouse), what


def test_the_check_for_false_negatives_fails_on_a_right_passage_among_the_wrong_ones(
    pairs: pd.DataFrame, warehouse: Warehouse
) -> None:
    check = checks.no_right_passage_counts_as_wrong
    warehouse.replace(TRAINING_PAIRS, pairs)
    assert passed(check, store=None, warehouse=warehouse)
    row = pairs.iloc[0].to_dict()
    warehouse.replace(TRAINING_PAIRS, pd.DataFrame([{**row, "negative_ids": [row["positive_id"]]}]))
    assert not passed(check, store=None, warehouse=warehouse)
    warehouse.replace(TRAINING_PAIRS, pd.DataFrame([{**row, "positive_id": row["negative_ids"][0], "negative_ids": []}]))
    assert not passed(check, store=None, warehouse=warehouse)
