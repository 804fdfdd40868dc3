"""Keyword search alone does not solve the questions; the score is nDCG."""

import math

import pandas as pd
import pytest

from lenovo_pipeline.gold.keyword_floor import keyword_ndcg, ndcg
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


def test_ndcg_is_one_for_the_best_order_and_less_for_others() -> None:
    assert ndcg(["a", "b"], {"a": 2, "b": 1}) == pytest.approx(1)
    assert ndcg(["b", "a"], {"a": 2, "b": 1}) == pytest.approx((1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)))
    assert ndcg(["x"] * 10 + ["a"], {"a": 2}) == 0
    assert math.isnan(ndcg(["a"], {}))
