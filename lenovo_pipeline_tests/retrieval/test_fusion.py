"""Fusion agrees with published values and with `measures`, and weighs what it is told to."""

import json
from pathlib import Path

import pytest

from lenovo_pipeline.measures.ranking import reciprocal_rank_fusion
from lenovo_pipeline.retrieval.fusion import fuse
from lenovo_pipeline.retrieval.settings import SOURCES, HybridSettings, Tried, Weighting, mean_ndcg, tune

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "metrics" / "rrf.json"


def test_equal_weights_give_the_published_values() -> None:
    if not REFERENCE.is_file():
        pytest.skip("the reference is not on this machine")
    given = json.loads(REFERENCE.read_text(encoding="utf-8"))
    for question, expected in given["expected"].items():
        rankings = {
            str(place): sorted(((d, float(s)) for d, s in run.get(question, {}).items()), key=lambda pair: -pair[1])
            for place, run in enumerate(given["runs"])
        }
        fused = fuse(rankings, dict.fromkeys(rankings, 1.0), method="reciprocal_rank", k=given["k"])
        assert fused == pytest.approx(expected)


def test_equal_weights_order_as_the_measure_does() -> None:
    one, two = ["a", "b", "c", "d"], ["c", "e", "a"]
    rankings = {"one": [(r, -float(i)) for i, r in enumerate(one)], "two": [(r, -float(i)) for i, r in enumerate(two)]}
    fused = fuse(rankings, {"one": 1.0, "two": 1.0}, method="reciprocal_rank", k=60)
    assert fused == pytest.approx(reciprocal_rank_fusion([one, two]))


def test_a_heavier_source_decides_and_one_without_weight_is_not_heard() -> None:
    rankings = {"one": [("a", 2.0), ("b", 1.0)], "two": [("b", 2.0), ("a", 1.0)], "three": [("c", 9.0)]}
    for method in ("reciprocal_rank", "weighted"):
        assert list(fuse(rankings, {"one": 1.0, "two": 3.0}, method=method, k=10)) == ["b", "a"]


def test_records_that_a_source_finds_alike_share_their_rank() -> None:
    fused = fuse({"one": [("a", 1.0), ("b", 1.0), ("c", 0.5)]}, {"one": 1.0}, method="reciprocal_rank", k=1)
    assert fused["a"] == fused["b"] == pytest.approx(1 / 2.5)
    assert fused["c"] == pytest.approx(1 / 4)


def test_a_record_that_comes_twice_and_an_unknown_method_are_refused() -> None:
    with pytest.raises(ValueError, match="comes twice in the ranking of one"):
        fuse({"one": [("a", 1.0), ("a", 0.5)]}, {"one": 1.0}, method="weighted", k=1)
    with pytest.raises(ValueError, match="'best', expected one of"):
        fuse({}, {}, method="best", k=1)


def test_tuning_finds_the_source_that_is_right_and_leaves_out_the_one_that_is_not() -> None:
    right, wrong = [("r", 1.0), ("x", 0.5)], [("w", 1.0), ("v", 0.9), ("r", 0.1)]
    tried = [Tried("named", {"keyword": wrong, "graph": wrong, "dense": wrong, "tables": right}, {"r": 2})] * 3
    named = tune(tried).routes["named"]
    assert mean_ndcg(tried, named) == 1.0 >= mean_ndcg(tried, Weighting())
    assert named.weights["tables"] > named.weights["graph"]
    assert tune(tried) == tune(tried)


def test_a_source_that_brings_next_to_nothing_is_not_asked_and_one_that_brings_something_is() -> None:
    right, wrong = [("r", 1.0)], [("w", 1.0)]
    alike = Tried("named", {"keyword": right, "graph": right, "dense": right, "tables": right}, {"r": 2})
    helped = Tried("named", {"keyword": wrong, "graph": [], "dense": right, "tables": wrong}, {"r": 2})
    rarely = tune([alike] * 999 + [helped]).routes["named"].weights
    assert rarely["dense"] == rarely["graph"] == 0
    often = tune([alike] * 9 + [helped]).routes["named"].weights
    assert often["dense"] > 0 == often["graph"]


def test_settings_survive_being_written_down() -> None:
    settings = HybridSettings()
    assert HybridSettings.from_dict(json.loads(json.dumps(settings.as_dict()))) == settings
    assert settings.routes["free"].weights["keyword"] > 0 and set(SOURCES) <= set(settings.routes["free"].weights)
