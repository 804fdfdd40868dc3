"""Keyword search alone does not solve the questions."""

import pandas as pd

from lenovo_pipeline.gold.keyword_floor import keyword_ndcg
from lenovo_pipeline.gold.qrels import make_qrels
from lenovo_pipeline.gold.verify import too_easy


def test_keyword_search_finds_at_most_three_quarters(questions: pd.DataFrame, records: pd.DataFrame) -> None:
    whole = records.assign(chunk_id=records["record_id"])
    test = questions[questions["split"] == "test"]
    scores = keyword_ndcg(test, make_qrels(test, whole), records.rename(columns={"record_id": "target_id"}), "record")
    assert len(scores) == (test["answer_type"] != "refusal").sum()
    assert scores["ndcg"].mean() > 0.2
    assert too_easy(scores) == []


def test_a_set_that_quotes_its_evidence_is_too_easy(questions: pd.DataFrame, records: pd.DataFrame) -> None:
    texts = dict(zip(records["record_id"], records["text"], strict=True))
    test = questions[(questions["split"] == "test") & (questions["evidence_ids"].map(len) == 1)].head(40)
    easy = test.assign(question=[texts[ids[0]] for ids in test["evidence_ids"]])
    whole = records.assign(chunk_id=records["record_id"])
    scores = keyword_ndcg(easy, make_qrels(easy, whole), records.rename(columns={"record_id": "target_id"}), "record")
    assert len(too_easy(scores)) == 1
