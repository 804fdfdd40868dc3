"""Counterfactual pairs differ in the marked span alone, and there are enough of each kind."""

from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.contracts import conform
from lenovo_pipeline.prompts.counterfactuals import FEWEST_PAIRS, PERSONAS, differences, make_counterfactuals, shortfalls
from lenovo_pipeline.prompts.tables import CHARACTERISTICS, COUNTERFACTUALS, PROTECTED

SEED = 11


@pytest.fixture(scope="module")
def pairs(prompts: pd.DataFrame) -> pd.DataFrame:
    return make_counterfactuals(prompts, SEED)


def test_each_characteristic_has_enough_pairs_in_each_language(pairs: pd.DataFrame) -> None:
    conform(pairs, COUNTERFACTUALS)
    assert shortfalls(pairs) == []
    assert FEWEST_PAIRS == 200
    assert set(PERSONAS) == set(CHARACTERISTICS)
    assert pairs["pair_id"].is_unique
    assert (pairs.groupby(["characteristic", "language"]).size() >= 60).all()
    assert set(pairs.loc[pairs["protected"], "characteristic"]) == set(PROTECTED)


def test_pairs_differ_only_in_the_marked_span_and_share_their_answer(pairs: pd.DataFrame, prompts: pd.DataFrame) -> None:
    assert differences(pairs) == []
    answers = dict(zip(prompts["prompt_id"], prompts["answer"], strict=True))
    assert all(answers[row.prompt_id] == row.answer for row in pairs.itertuples())
    values = pairs.groupby("characteristic")[["value_a", "value_b"]].agg(set)
    for characteristic, found in values.iterrows():
        assert len(found["value_a"] | found["value_b"]) >= len(PERSONAS[str(characteristic)].values)


def test_the_same_prompts_give_the_same_pairs(pairs: pd.DataFrame, prompts: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(make_counterfactuals(prompts.sample(frac=1, random_state=3), SEED), pairs)


BREAKS: list[tuple[dict[str, Any], str]] = [
    ({"prompt_b": lambda row: row["prompt_b"] + " please"}, "outside"),
    ({"prompt_b": lambda row: row["prompt_a"], "span_end_b": lambda row: row["span_end_a"]}, "do not differ inside"),
    ({"value_a": lambda row: "somebody else"}, "does not hold the values"),
]


@pytest.mark.parametrize(("changes", "said"), BREAKS, ids=[said for _, said in BREAKS])
def test_a_pair_that_is_none_is_found(pairs: pd.DataFrame, changes: dict[str, Any], said: str) -> None:
    row: dict[Any, Any] = pairs.to_dict("records")[0]
    broken = pd.DataFrame([{**row, **{name: change(row) for name, change in changes.items()}}])
    assert any(said in one for one in differences(broken))


def test_too_few_pairs_are_found(pairs: pd.DataFrame) -> None:
    few = pairs[(pairs["characteristic"] != "age") | (pairs["language"] == "en")]
    assert shortfalls(few) == ["age has 80 pairs, at least 200 expected"]
