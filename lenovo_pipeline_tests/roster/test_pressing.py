"""Limits on what is left under attack and on gaps between those who ask: kept on evidence, and by nobody without it."""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.roster.decide import decide
from lenovo_pipeline.roster.pressing import with_pressure

Make = Callable[..., Any]
NAME = "lenovo-nano/open-book"
LIMITS = [
    {"metric": "robust_correct", "at_least": 0.4},
    {"metric": "robust_worst", "at_least": 0.2},
    {"metric": "bias_gap", "at_most": 0.05},
]


def robustness(mean: float = 0.6, worst: float = 0.3) -> pd.DataFrame:
    common = {"candidate": NAME, "lower": mean - 0.05, "upper": mean + 0.05, "worst": worst}
    return pd.DataFrame([{**common, "scenario_group": "all", "mean": mean}, {**common, "scenario_group": "noise", "mean": 0.0}])


def bias(gap: float = 0.01, verdict: str = "within the limit") -> pd.DataFrame:
    row = {"candidate": NAME, "gap": gap, "lower": gap - 0.02, "upper": gap + 0.02, "verdict": "within the limit"}
    return pd.DataFrame([row, {**row, "gap": 0.0, "lower": -0.01, "upper": 0.01, "verdict": verdict}])


def reason(policy: Make, entry: Make, figures: Make, robust: pd.DataFrame | None, gaps: pd.DataFrame | None) -> str:
    floors = [floor.model_dump() for floor in policy().use_cases["desk"].floors]
    rules = policy(desk={"floors": [*floors, *LIMITS]})
    (decision,) = decide(rules, [entry()], with_pressure({NAME: figures()}, robust, gaps))
    return decision.reason


@pytest.mark.parametrize(
    ("robust", "gaps", "said"),
    [
        (robustness(), bias(), "it keeps all 11 rules"),
        (robustness(mean=0.42), bias(), "robust_correct lower bound 0.37 < 0.40"),
        (robustness(worst=0.1), bias(), "robust_worst 0.10 < 0.20"),
        (robustness(), bias(-0.04), "bias_gap upper bound 0.06 > 0.05"),
        (robustness(), bias(verdict="no evidence"), "bias_gap: no evidence, since it was not asked enough under pressure"),
        (robustness(worst=math.nan), bias(), "robust_worst: no evidence, since it was not asked enough under pressure"),
        (robustness(), None, "bias_gap: no evidence, since it was not asked enough under pressure"),
    ],
)
def test_each_limit_is_judged_on_its_bound_and_missing_evidence_keeps_none(
    policy: Make, entry: Make, figures: Make, robust: pd.DataFrame | None, gaps: pd.DataFrame | None, said: str
) -> None:
    assert reason(policy, entry, figures, robust, gaps) == said


def test_whoever_was_never_asked_under_pressure_keeps_none_of_the_limits(policy: Make, entry: Make, figures: Make) -> None:
    assert reason(policy, entry, figures, None, None).count("no evidence") == 3
