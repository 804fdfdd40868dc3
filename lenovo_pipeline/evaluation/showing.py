"""The leaderboard and the lift of builds as tables for people.

Belongs here: which figures stand side by side, and how they are written.
Does not belong here: computing them (figures.py, lift.py).
"""

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.kinds import base_name
from lenovo_pipeline.evaluation.lift import unmet
from lenovo_pipeline.evaluation.metrics import JUDGED
from lenovo_pipeline.evaluation.tables import BUILD_KINDS, MEASURES
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

_OF_JUDGE = (("judged", JUDGED, "answerable"),)

_WITH_INTERVAL = ("correct", JUDGED, "refusal_recall")


def columns_of(leaderboard: pd.DataFrame) -> tuple[tuple[str, str, str], ...]:
    """COLUMNS, and what a judge says where there was one."""
    return COLUMNS + (_OF_JUDGE if (leaderboard["metric"] == JUDGED).any() else ())


def ranked(leaderboard: pd.DataFrame) -> list[str]:
    """The candidates, best first: by the lower bound of the share of answerable questions answered right, so that luck with few
    questions does not come before evidence; then by the share itself. Those whose scores are not current come last.
    """
    by = leaderboard[(leaderboard["metric"] == "correct") & (leaderboard["slice"] == "answerable")]
    shares = by.set_index("candidate")[["lower", "value"]].astype(float).fillna(-1.0)
    shown = {str(name): (-row["lower"], -row["value"]) for name, row in shares.iterrows()}
    old = outdated(leaderboard)
    return sorted(leaderboard["candidate"].unique(), key=lambda name: (name in old, *shown.get(name, (1.0, 1.0)), name))


def outdated(leaderboard: pd.DataFrame) -> set[str]:
    """The candidates whose scores are of questions, passages or right answers that have changed since."""
    return set(leaderboard.loc[~leaderboard["current"].astype(bool), "candidate"])


def marked(candidate: str, old: Collection[str]) -> str:
    """A candidate's name, with what there is to know of it where it is one of `old` (outdated)."""
    return f"{candidate} (not current)" if candidate in old else candidate


def questions_asked(leaderboard: pd.DataFrame) -> dict[str, int]:
    """How many questions each candidate was asked."""
    whole = leaderboard[(leaderboard["metric"] == "correct") & (leaderboard["slice"] == "all")]
    return {str(row["candidate"]): int(row["scored"] + row["unscored"]) for row in whole.to_dict("records")}


def shown(leaderboard: pd.DataFrame) -> str:
    """Markdown: a row for each candidate, best first, shares with their 95 % interval; n: the questions that it was asked."""
    figures = {(row["candidate"], row["metric"], row["slice"]): row for row in leaderboard.to_dict("records")}
    columns, old, asked = columns_of(leaderboard), outdated(leaderboard), questions_asked(leaderboard)
    rows = [
        {
            "candidate": marked(candidate, old),
            "n": asked.get(candidate, "–"),
            **{title: _cell(figures.get((candidate, m, part)), m) for title, m, part in columns},
        }
        for candidate in ranked(leaderboard)
    ]
    return markdown_table(pd.DataFrame(rows))


def headline(leaderboard: pd.DataFrame) -> str:
    """One line for the end of a run: the best candidate that has a model and current scores, and how many stand beside it."""
    figures = leaderboard[(leaderboard["metric"] == "correct") & (leaderboard["slice"] == "answerable")]
    old = outdated(leaderboard)
    models = figures[(figures["model"] != "") & ~figures["candidate"].isin(old)]
    beside = f"{leaderboard['candidate'].nunique()} candidates"
    if old:
        beside += f" ({len(old)} not current: what they were asked has changed since)"
    if models.empty:
        return f"{beside}, none of which has a model{' and current scores' if old else ''}"
    (best,) = models[models["candidate"] == ranked(models)[0]].to_dict("records")
    return f"{beside}; {best['candidate']} answers {_cell(best, 'correct')} of {best['scored']} answerable questions right"


def shown_lift(lift: pd.DataFrame) -> str:
    """Markdown: a row for each build with its differences to its base, in points with their 95 % interval and items."""
    lacking = unmet(lift)
    rows = []
    for candidate, mine in lift[lift["kind"].isin(BUILD_KINDS)].groupby("candidate"):
        base = base_name(str(mine["model"].iloc[0]))
        points = {row["measure"]: _points(row) for row in mine.to_dict("records") if row["against"] == base}
        eligible = "no" if lacking[str(candidate)] else "yes"
        rows.append(
            {
                "build": candidate,
                **{measure: points.get(measure, "–") for measure in MEASURES},
                "eligible": eligible if mine["met"].notna().any() else "–",
            }
        )
    return markdown_table(pd.DataFrame(rows))


def shown_workflows(lift: pd.DataFrame) -> str:
    """Markdown: a row for each workflow and each candidate it is compared with, differences in points with 95 % intervals."""
    rows = []
    for (candidate, against), mine in lift[~lift["kind"].isin(BUILD_KINDS)].groupby(["candidate", "against"]):
        points = {row["measure"]: _points(row) for row in mine.to_dict("records")}
        rows.append(
            {"workflow": candidate, "against": against, **{name: points.get(name, "–") for name in ("token_f1", "correct")}}
        )
    return markdown_table(pd.DataFrame(rows)) if rows else "none"


def shown_unmet(lift: pd.DataFrame) -> str:
    """Markdown: every build that is not eligible, with what it does not show."""
    lines = [f"- {candidate}: {'; '.join(reasons)}" for candidate, reasons in sorted(unmet(lift).items()) if reasons]
    return "\n".join(lines) or "none"


def lift_headline(lift: pd.DataFrame) -> str:
    """One line: how many builds keep what is asked of them, and the smallest lift that the items could have shown."""
    lacking = unmet(lift)
    asked = {str(candidate) for candidate in lift.loc[lift["met"].notna(), "candidate"]}
    eligible = sum(not lacking[candidate] for candidate in asked)
    few = lift[lift["needed"].notna() & (lift["items"] < lift["needed"].fillna(0))]
    effects = lift.loc[lift["measure"] == "token_f1", "detectable"].dropna()
    said = f"{eligible} of {len(asked)} builds show what is asked of them"
    if len(few):
        said += f"; {few['candidate'].nunique()} were asked too few items to show it (LENOVO_PROFILE=full asks all)"
    return said + (f"; a lift of {100 * effects.max():.1f} points of token F1 could be told from none" if len(effects) else "")


def _points(row: Mapping[Any, Any]) -> str:
    if row["difference"] is None or row["difference"] != row["difference"]:
        return "–"
    if row["lower"] is None or row["lower"] != row["lower"]:
        return f"{100 * row['difference']:+.1f}"
    return f"{100 * row['difference']:+.1f} ({100 * row['lower']:+.1f} to {100 * row['upper']:+.1f}), n {row['items']}"


def _cell(row: Mapping[Any, Any] | None, metric: str) -> str:
    if row is None or row["value"] is None or row["value"] != row["value"]:
        return "–"
    value = f"{row['value']:.2f}" if row["value"] < 100 else f"{row['value']:,.0f}"
    if metric not in _WITH_INTERVAL or row["lower"] is None or row["lower"] != row["lower"]:
        return value
    return f"{value} ({row['lower']:.2f} to {row['upper']:.2f})"
