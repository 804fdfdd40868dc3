"""The leaderboard as a table for people.

Belongs here: which figures stand side by side, and how they are written. Does not belong here: computing them (figures.py).
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lenovo_pipeline.resources.markdown import markdown_table

COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("correct", "correct", "answerable"),
    ("correct, all", "correct", "all"),
    ("token F1", "token_f1", "all"),
    ("refusal precision", "refusal_precision", "all"),
    ("refusal recall", "refusal_recall", "all"),
    ("false refusals", "false_refusal_rate", "all"),
    ("p50, s", "latency_p50_s", "all"),
    ("p95, s", "latency_p95_s", "all"),
    ("tokens/s", "tokens_per_s", "all"),
    ("unscored", "unscored_rate", "all"),
)
"""Heading, metric and part of the questions, in the order of the table."""

_WITH_INTERVAL = ("correct", "refusal_recall")


def ranked(leaderboard: pd.DataFrame) -> list[str]:
    """The candidates, best first: by the share of answerable questions answered right."""
    by = leaderboard[(leaderboard["metric"] == "correct") & (leaderboard["slice"] == "answerable")]
    values = dict(zip(by["candidate"], by["value"].fillna(-1.0), strict=True))
    return sorted(leaderboard["candidate"].unique(), key=lambda candidate: (-values.get(candidate, -1.0), candidate))


def shown(leaderboard: pd.DataFrame) -> str:
    """Markdown: a row for each candidate, best first, shares with their 95 % interval."""
    figures = {(row["candidate"], row["metric"], row["slice"]): row for row in leaderboard.to_dict("records")}
    rows = [
        {"candidate": candidate, **{title: _cell(figures.get((candidate, m, part)), m) for title, m, part in COLUMNS}}
        for candidate in ranked(leaderboard)
    ]
    return markdown_table(pd.DataFrame(rows))


def headline(leaderboard: pd.DataFrame) -> str:
    """One line for the end of a run: the best candidate that has a model, and how many stand beside it."""
    figures = leaderboard[(leaderboard["metric"] == "correct") & (leaderboard["slice"] == "answerable")]
    models = figures[figures["model"] != ""].sort_values("value", ascending=False)
    beside = f"{leaderboard['candidate'].nunique()} candidates"
    if models.empty:
        return f"{beside}, none of which has a model"
    best = models.to_dict("records")[0]
    return f"{beside}; {best['candidate']} answers {_cell(best, 'correct')} of {best['scored']} answerable questions right"


def _cell(row: Mapping[Any, Any] | None, metric: str) -> str:
    if row is None or row["value"] is None or row["value"] != row["value"]:
        return "–"
    value = f"{row['value']:.2f}" if row["value"] < 100 else f"{row['value']:,.0f}"
    if metric not in _WITH_INTERVAL or row["lower"] is None or row["lower"] != row["lower"]:
        return value
    return f"{value} ({row['lower']:.2f} to {row['upper']:.2f})"
