"""Relevance of records and of chunks follows from the evidence."""

import numpy as np
import pandas as pd
import pytest

from lenovo_pipeline.contracts import conform
from lenovo_pipeline.gold.qrels import make_qrels
from lenovo_pipeline.gold.surfaces import find
from lenovo_pipeline.gold.tables import QRELS
from lenovo_pipeline.knowledge.chunks import SOURCES, make_chunks


@pytest.fixture(scope="module")
def chunks(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    sources = {name: frame for name, frame in frames.items() if name in SOURCES}
    return make_chunks(sources, 128, lambda texts: np.array([len(text.split()) * 2 for text in texts], dtype=np.int64))


@pytest.fixture(scope="module")
def qrels(questions: pd.DataFrame, chunks: pd.DataFrame) -> pd.DataFrame:
    return make_qrels(questions, chunks)


def test_qrels_fit_their_contract_and_cover_every_answerable_question(questions: pd.DataFrame, qrels: pd.DataFrame) -> None:
    conform(qrels, QRELS)
    assert not qrels.duplicated(["question_id", "level", "target_id"]).any()
    answerable = set(questions.loc[questions["answer_type"] != "refusal", "question_id"])
    for level in ("record", "chunk"):
        assert set(qrels.loc[qrels["level"] == level, "question_id"]) == answerable


def test_records_of_qrels_are_the_evidence_and_what_retells_it(questions: pd.DataFrame, qrels: pd.DataFrame) -> None:
    found = qrels[qrels["level"] == "record"].groupby("question_id")["target_id"].agg(set)
    for row in questions[questions["answer_type"] != "refusal"].to_dict("records"):
        assert found[row["question_id"]] == {*row["evidence_ids"], *row["alternate_ids"]}


def test_chunks_of_full_relevance_state_the_fact(questions: pd.DataFrame, qrels: pd.DataFrame, chunks: pd.DataFrame) -> None:
    by_chunk = chunks.set_index("chunk_id")
    forms = {
        row["question_id"]: [s for fact in row["evidence_facts"] for s in fact["surfaces"]]
        for row in questions.sample(200, random_state=0).to_dict("records")
    }
    graded = qrels[(qrels["level"] == "chunk") & (qrels["relevance"] == 2) & qrels["question_id"].isin(list(forms))]
    assert len(graded) > 100
    for row in graded.to_dict("records"):
        assert find(str(by_chunk.at[row["target_id"], "text"]).lower(), forms[row["question_id"]])


def test_chunks_of_other_parts_of_a_record_are_not_relevant() -> None:
    question = {
        "question_id": "GQ-1",
        "evidence_ids": ["DEV-1"],
        "evidence_facts": [{"role": "answer", "surfaces": ["57 Wh"]}],
        "alternate_ids": [],
    }
    chunks = pd.DataFrame(
        [("a", "DEV-1", "A battery of 57 Wh."), ("b", "DEV-1", "It weighs 157 Wh less."), ("c", "DEV-2", "57 Wh too.")],
        columns=["chunk_id", "record_id", "text"],
    )
    made = make_qrels(pd.DataFrame([question]), chunks)
    assert made[made["level"] == "chunk"]["target_id"].tolist() == ["a"]
    cut = make_qrels(pd.DataFrame([question]), chunks[chunks["chunk_id"] == "b"])
    assert cut[cut["level"] == "chunk"][["target_id", "relevance"]].values.tolist() == [["b", 1]]


def test_refusals_have_no_qrels(questions: pd.DataFrame, qrels: pd.DataFrame) -> None:
    refusals = set(questions.loc[questions["answer_type"] == "refusal", "question_id"])
    assert refusals
    assert refusals.isdisjoint(qrels["question_id"])
