"""How evenly the evaluation prompts are spread, as a report for people and as sentences for a check.

Belongs here: counts, shares and limits. Does not belong here: which prompts are made (make.py).
"""

from typing import Any

import pandas as pd

from lenovo_pipeline.resources.markdown import markdown_table

DIMENSIONS: dict[str, float] = {"category": 0.1, "task_type": 0.1, "language": 0.1, "difficulty": 0.1, "series": 0.5}
"""Columns with the largest deviation of a value from an equal share, relative to it. Not every record suits every series."""

FEWEST_PROMPTS = 10_000
FEWEST_TASK_TYPES = 20
FEWEST_WITH_SERIES = 0.8
_SMALL = 1_000
"""With fewer prompts than this, one more or less of a series counts for much: series are then judged at twice the limit."""


def balance(prompts: pd.DataFrame) -> pd.DataFrame:
    """One row for each dimension: values, fewest and most prompts of a value, the largest deviation from an equal share."""
    return pd.DataFrame([_spread(prompts[name], name) for name in DIMENSIONS])


def balance_report(prompts: pd.DataFrame) -> str:
    """The balance as Markdown: the summary, then the counts of each value, and of splits."""
    parts = [f"{len(prompts):,} prompts.\n\n{markdown_table(balance(prompts))}"]
    for name in (*DIMENSIONS, "split", "answer_type"):
        counts = prompts[name].value_counts().sort_index().rename_axis(name).reset_index(name="prompts")
        counts["share"] = [f"{number / max(len(prompts), 1):.1%}" for number in counts["prompts"]]
        parts.append(f"## {name}\n\n{markdown_table(counts)}")
    crossed = prompts.groupby(["category", "difficulty"]).size().unstack(fill_value=0).reset_index()
    parts.append(f"## category by difficulty\n\n{markdown_table(crossed)}")
    return "\n\n".join(parts)


def imbalances(prompts: pd.DataFrame, scale: float) -> list[str]:
    """What is out of balance, or too little for a world of this scale; one sentence each."""
    found = []
    wanted = int(FEWEST_PROMPTS * min(scale, 1.0))
    if len(prompts) < wanted:
        found.append(f"{len(prompts)} prompts, at least {wanted} expected")
    tasks = prompts["task_type"].nunique()
    if tasks < FEWEST_TASK_TYPES:
        found.append(f"{tasks} task types, at least {FEWEST_TASK_TYPES} expected")
    about_series = prompts["series"].notna().mean() if len(prompts) else 0.0
    if about_series < FEWEST_WITH_SERIES:
        found.append(f"{about_series:.0%} of the prompts are about a device series, at least {FEWEST_WITH_SERIES:.0%} expected")
    for name, limit in DIMENSIONS.items():
        allowed = limit * 2 if name == "series" and len(prompts) < _SMALL else limit
        counts = prompts[name].dropna().value_counts()
        equal = counts.sum() / max(len(counts), 1)
        found += [
            f"{name} {value} has {count} prompts, {abs(count / equal - 1):.0%} off an equal share of {equal:.0f}; "
            f"at most {allowed:.0%} is allowed"
            for value, count in counts.items()
            if abs(count / equal - 1) > allowed
        ]
    return found


def _spread(column: "pd.Series[Any]", name: str) -> dict[str, Any]:
    counts = column.dropna().value_counts()
    equal = counts.sum() / max(len(counts), 1)
    worst = float((counts / equal - 1).abs().max()) if len(counts) else float("nan")
    return {
        "dimension": name,
        "values": len(counts),
        "fewest": int(counts.min()) if len(counts) else 0,
        "most": int(counts.max()) if len(counts) else 0,
        "none": int(column.isna().sum()),
        "largest deviation": f"{worst:.1%}",
        "allowed": f"{DIMENSIONS[name]:.0%}",
    }
