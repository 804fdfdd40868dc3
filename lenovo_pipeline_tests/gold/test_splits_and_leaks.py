"""No split shows what another one asks; each kind of leak is planted once and must be found."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.enterprise.anchors import split_of
from lenovo_pipeline.gold.leakage import LEAK_KINDS, find_leaks


def test_the_questions_of_a_world_leak_nothing(questions: pd.DataFrame, records: pd.DataFrame) -> None:
    assert find_leaks(questions, records).empty
    assert set(questions["split"]) == {"train", "validation", "test"}


def test_splits_follow_the_anchor(questions: pd.DataFrame) -> None:
    assert (questions["anchor"].map(split_of) == questions["split"]).all()


def test_phrasings_and_templates_of_test_are_unknown_in_train(questions: pd.DataFrame, records: pd.DataFrame) -> None:
    templates = dict(zip(records["record_id"], records["template"], strict=True))
    by_split = dict(iter(questions.groupby("split")))
    for other in ("train", "validation"):
        assert set(by_split["test"]["phrasing"]).isdisjoint(by_split[other]["phrasing"])
    used = {split: {templates[i] for ids in part["evidence_ids"] for i in ids} for split, part in by_split.items()}
    assert used["test"]
    assert used["test"].isdisjoint(used["train"])


# Frames as Any: the stubs of pandas give no cell a useful type.
Plant = Callable[[Any, Any, int, int], None]


def _anchor(questions: Any, records: Any, train: int, test: int) -> None:
    questions.at[test, "anchor"] = questions.at[train, "anchor"]


def _evidence(questions: Any, records: Any, train: int, test: int) -> None:
    questions.at[test, "evidence_ids"] = questions.at[train, "evidence_ids"]


def _unknown(questions: Any, records: Any, train: int, test: int) -> None:
    questions.at[test, "evidence_ids"] = ["DEV-OF-ANOTHER-WORLD"]


def _question(questions: Any, records: Any, train: int, test: int) -> None:
    questions.at[test, "question"] = questions.at[train, "question"].upper() + " ?"


def _phrasing(questions: Any, records: Any, train: int, test: int) -> None:
    questions.at[test, "phrasing"] = questions.at[train, "phrasing"]


def _template(questions: Any, records: Any, train: int, test: int) -> None:
    ids = [questions.at[at, "evidence_ids"][0] for at in (train, test)]
    place = {record_id: at for at, record_id in records["record_id"].items()}
    records.at[place[ids[1]], "template"] = records.at[place[ids[0]], "template"]


def _sentence(questions: Any, records: Any, train: int, test: int) -> None:
    for at in (train, test):
        questions.at[at, "answer"] = "The receive ring is too small for the load."


def _foreign_answer(questions: Any, records: Any, train: int, test: int) -> None:
    devices = records[records["record_type"] == "devices"]
    foreign = next(name for name, anchor in zip(devices["name"], devices["anchor"], strict=True) if split_of(anchor) == "train")
    questions.at[test, "answer_items"] = [foreign]


def _inside(questions: Any, records: Any, train: int, test: int) -> None:
    questions.at[train, "aliases"] = [f"Somebody asked: {questions.at[test, 'question']} Nobody knew."]


PLANTS: dict[str, Plant] = {
    "anchor_of_another_split": _anchor,
    "evidence_of_another_split": _evidence,
    "unknown_evidence": _unknown,
    "shared_evidence": _evidence,
    "shared_question": _question,
    "shared_phrasing": _phrasing,
    "shared_template": _template,
    "shared_answer_sentence": _sentence,
    "answer_of_another_split": _foreign_answer,
    "question_inside_other_answer": _inside,
}


def test_every_kind_of_leak_is_planted() -> None:
    assert set(PLANTS) == set(LEAK_KINDS)


@pytest.mark.parametrize("kind", LEAK_KINDS)
def test_a_planted_leak_is_found(kind: str, questions: pd.DataFrame, records: pd.DataFrame) -> None:
    basic = questions[(questions["category"] == "basic") & (questions["answer_type"] == "text")]
    train, test = (int(basic.index[basic["split"] == split][0]) for split in ("train", "test"))
    leaking, known = questions.copy(), records.copy()
    PLANTS[kind](leaking, known, train, test)
    found = find_leaks(leaking, known)
    assert kind in set(found["kind"])
    assert questions.at[test, "question_id"] in set(found.loc[found["kind"] == kind, "question_id"])
