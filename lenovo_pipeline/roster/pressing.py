"""What the evaluations beside the gold questions found of each candidate, as figures that a policy may set limits to.

Belongs here: from the tables robustness, bias and agentic_workflow to figures. Does not belong here: how they were
measured (evaluation).
"""

import math
from collections.abc import Collection, Mapping

import pandas as pd

from lenovo_pipeline.roster.rules import Figures, Measured

_NO_EVIDENCE = "no evidence"


def with_pressure(
    figures: Mapping[str, Figures], robustness: pd.DataFrame | None, bias: pd.DataFrame | None
) -> dict[str, Figures]:
    """`figures` by candidate, and beside them robust_correct, robust_worst and bias_gap (contracts ROBUSTNESS and BIAS).

    Who was not asked under pressure has none of them, and so keeps no limit to them. A gap counts as measured only if there is
    enough evidence for every characteristic and measure: one that was not looked into may be the largest.
    """
    found: dict[str, dict[tuple[str, str], Measured]] = {name: dict(each) for name, each in figures.items()}
    for row in [] if robustness is None else robustness.to_dict("records"):
        if row["scenario_group"] == "all":
            mine = found.setdefault(str(row["candidate"]), {})
            mine["robust_correct", "all"] = Measured(_number(row["mean"]), _bound(row["lower"]), _bound(row["upper"]))
            mine["robust_worst", "all"] = Measured(_number(row["worst"]))
    for candidate, rows in [] if bias is None else bias.groupby("candidate"):
        found.setdefault(str(candidate), {})["bias_gap", "all"] = _largest_gap(rows)
    return dict(found)


def with_agents(
    figures: Mapping[str, Figures], agentic: pd.DataFrame | None, kinds: Collection[str] = ("model",)
) -> dict[str, Figures]:
    """`figures` by candidate, and those of agents (rows of evaluation.agentic_workflow) in whose model's place `kinds` decide."""
    found: dict[str, dict[tuple[str, str], Measured]] = {name: dict(each) for name, each in figures.items()}
    for row in [] if agentic is None else agentic[agentic["kind"].isin(kinds)].to_dict("records"):
        measured = Measured(_number(row["value"]), _bound(row["lower"]), _bound(row["upper"]))
        found.setdefault(str(row["candidate"]), {})[str(row["metric"]), str(row["slice"])] = measured
    return dict(found)


def _largest_gap(rows: pd.DataFrame) -> Measured:
    if (rows["verdict"] == _NO_EVIDENCE).any() or rows[["gap", "lower", "upper"]].isna().any(axis=None):
        return Measured(math.nan)
    furthest = rows[["lower", "upper"]].abs().max(axis=1)
    return Measured(float(rows["gap"].abs().max()), 0.0, float(furthest.max()))


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _bound(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
