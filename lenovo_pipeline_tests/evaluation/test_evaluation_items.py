"""The questions that are asked: a stratified sample that stays, with the evidence, or with what reads like it."""

from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.evaluation.items import asked_of, make_items, sample
from lenovo_pipeline.measures.items import spread


def test_every_stratum_has_its_share_and_at_least_one() -> None:
    sizes = {("basic", "en"): 600, ("chinese", "zh-Hans"): 300, ("negated", "en"): 3}
    questions = pd.DataFrame(
        [
            {"question_id": f"{category}{number}", "category": category, "language": language}
            for (category, language), count in sizes.items()
            for number in range(count)
        ]
    )
    chosen = questions[questions["question_id"].isin(set(sample(questions, 90, seed=1)))]
    assert chosen.groupby("category").size().to_dict() == {"basic": 59, "chinese": 30, "negated": 1}
    assert len(sample(questions, None, seed=1)) == len(questions)
    assert len(sample(questions, 10_000, seed=1)) == len(questions)


def test_fewer_questions_than_strata_are_of_different_ones() -> None:
    questions = pd.DataFrame(
        [
            {"question_id": f"Q-{category}-{number}", "category": category, "language": "en"}
            for category in "abcdefg"
            for number in range(4)
        ]
    )
    chosen = sample(questions, 3, seed=1)
    assert len({question_id.split("-")[1] for question_id in chosen}) == len(chosen) == 3
    assert spread(3, 7) == [0, 0, 1, 0, 1, 0, 1]
    assert sum(spread(20, 7)) == 20
    assert set(spread(20, 7)) == {2, 3}


def test_the_sample_is_the_same_every_time_and_follows_the_seed() -> None:
    questions = pd.DataFrame({"question_id": [f"q{n}" for n in range(200)], "category": "basic", "language": "en"})
    assert sample(questions, 20, seed=1) == sample(questions.iloc[::-1], 20, seed=1)
    assert sample(questions, 20, seed=1) != sample(questions, 20, seed=2)
    kept = set(sample(questions, 20, seed=1)) & set(sample(questions.iloc[:199], 20, seed=1))
    assert len(kept) >= 19, "a question that goes takes at most its own place"


def test_only_the_test_split_is_asked(gold: Any) -> None:
    splits = dict(zip(gold.questions["question_id"], gold.questions["split"], strict=True))
    assert {splits[question_id] for question_id in gold.items()["question_id"]} == {"test"}
    assert len(gold.items()) == 21


def test_evidence_is_shown_in_the_order_of_the_text_with_its_context(gold: Any) -> None:
    _, opened = gold.asked()
    (colour,) = [item for item in opened if item.question.text == "Quartz 3 是什么颜色？"]
    assert colour.question.passages == ("DEV-3\nThe Quartz 3 weighs 1.35 kg.", "DEV-3\nIts colour is tone3.")
    (weight,) = [item for item in opened if item.question.text == "How heavy is the Quartz 3?"]
    assert weight.question.passages == ("DEV-3\nThe Quartz 3 weighs 1.35 kg.",)


def test_a_question_without_an_answer_is_shown_passages_about_the_same_thing(gold: Any) -> None:
    _, opened = gold.asked()
    absent = [item for item in opened if item.unanswerable]
    assert len(absent) == 7
    for item in absent:
        number = item.cluster.removeprefix("series:Quartz ")
        assert item.question.passages
        assert all(f"DEV-{number}\n" in passage for passage in item.question.passages)
    assert {len(item.question.passages) for item in absent} == {1, 2}, "their number gives nothing away"


def test_without_a_passage_about_it_others_of_its_kind_are_shown(gold: Any) -> None:
    gold.chunks = gold.chunks[gold.chunks["anchor"] != "series:Quartz 5"]
    _, opened = gold.asked()
    (item,) = [item for item in opened if item.unanswerable and item.cluster == "series:Quartz 5"]
    assert item.question.passages


@pytest.mark.parametrize("size", [3, 5, 12])
def test_closed_book_and_open_book_ask_the_same_questions(gold: Any, size: int) -> None:
    closed, opened = gold.asked(size)
    assert [item.question_id for item in closed] == [item.question_id for item in opened]
    assert not any(item.question.passages for item in closed)
    assert len(closed) == size


def test_builds_and_workflows_are_asked_samples_of_the_questions_that_models_are_asked(gold: Any) -> None:
    items = make_items(gold.questions, gold.qrels, gold.chunks, size=18, of_builds=6, of_workflows=9, seed=1)
    whole, builds, workflows = (asked_of(kind, items) for kind in ("raw_foundation", "adapter", "retrieval_workflow"))
    assert (len(whole), len(builds), len(workflows)) == (18, 6, 9)
    assert builds | workflows <= whole
