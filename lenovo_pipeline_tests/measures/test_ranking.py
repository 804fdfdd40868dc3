"""Ranking measures agree with trec_eval, fusion with published values, and both with hand-made cases."""

import json
import math
import random
from pathlib import Path

import pytest
import pytrec_eval

from lenovo_pipeline.measures.ranking import (
    average_precision,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
    reciprocal_rank_fusion,
)

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "metrics" / "rrf.json"


def test_every_measure_agrees_with_trec_eval_on_random_rankings() -> None:
    chance = random.Random(3)
    targets = [f"d{n:03d}" for n in range(40)]
    evaluator_measures = {"ndcg_cut.10", "recall.10", "P.10", "recip_rank", "map"}
    for _ in range(200):
        relevance = {target: chance.randint(0, 3) for target in chance.sample(targets, chance.randint(1, 20))}
        ranked = chance.sample(targets, chance.randint(1, 40))
        scores = {target: float(len(ranked) - place) for place, target in enumerate(ranked)}
        theirs = pytrec_eval.RelevanceEvaluator({"q": relevance}, evaluator_measures).evaluate({"q": scores})["q"]
        if not any(relevance.values()):
            assert math.isnan(ndcg(ranked, relevance))
            continue
        assert ndcg(ranked, relevance) == pytest.approx(theirs["ndcg_cut_10"])
        assert recall(ranked, relevance) == pytest.approx(theirs["recall_10"])
        assert precision(ranked, relevance) == pytest.approx(theirs["P_10"])
        assert reciprocal_rank(ranked, relevance) == pytest.approx(theirs["recip_rank"])
        assert average_precision(ranked, relevance) == pytest.approx(theirs["map"])


def test_ndcg_is_one_for_the_best_order_and_less_for_others() -> None:
    assert ndcg(["a", "b"], {"a": 2, "b": 1}) == pytest.approx(1)
    assert ndcg(["b", "a"], {"a": 2, "b": 1}) == pytest.approx((1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)))
    assert ndcg([*(f"x{n}" for n in range(10)), "a"], {"a": 2}) == 0


def test_where_nothing_is_relevant_no_measure_is_defined() -> None:
    for measure in (ndcg, recall, precision, reciprocal_rank, average_precision):
        assert math.isnan(measure(["a"], {}))
        assert math.isnan(measure(["a"], {"a": 0}))
        assert measure([], {"a": 1}) == 0


def test_a_ranking_that_names_a_target_twice_is_refused() -> None:
    for measure in (ndcg, recall, precision, reciprocal_rank, average_precision):
        with pytest.raises(ValueError, match="comes twice"):
            measure(["a", "a"], {"a": 1})
    with pytest.raises(ValueError, match="at least 1"):
        ndcg(["a"], {"a": 1}, depth=0)


@pytest.mark.skipif(not REFERENCE.is_file(), reason="the expected values are not here")
def test_fusion_gives_the_expected_values() -> None:
    expected = json.loads(REFERENCE.read_text(encoding="utf-8"))
    for question, scores in expected["expected"].items():
        runs = [run[question] for run in expected["runs"] if question in run]
        rankings = [sorted(run, key=lambda target, run=run: -run[target]) for run in runs]  # type: ignore[misc]
        assert reciprocal_rank_fusion(rankings, expected["k"]) == pytest.approx(scores)


def test_fusion_puts_what_several_rankings_agree_on_first() -> None:
    fused = reciprocal_rank_fusion([["a", "b", "c"], ["b", "d"]], k=60)
    assert list(fused) == ["b", "a", "d", "c"]
    assert fused["b"] == pytest.approx(1 / 62 + 1 / 61)
    assert reciprocal_rank_fusion([]) == {}
    with pytest.raises(ValueError, match="comes twice"):
        reciprocal_rank_fusion([["a", "a"]])
    with pytest.raises(ValueError, match="at least 0"):
        reciprocal_rank_fusion([["a"]], k=-1)
