"""A/B: two candidates on the questions that both were asked, with intervals, tests, and a correction for looking at many parts.

Belongs here: the comparison of stored scores (contract COMPARISONS). Asking is the business of scoring.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.figures import is_current
from lenovo_pipeline.evaluation.naming import meant
from lenovo_pipeline.evaluation.scoring import stored_table
from lenovo_pipeline.evaluation.showing import ranked
from lenovo_pipeline.evaluation.tables import COMPARISONS
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.figures import compare
from lenovo_pipeline.measures.scores import ScoreTable
from lenovo_pipeline.measures.statistics.multiple import holm

METRICS = ("correct", "token_f1")
"""The first one by category, too."""

ALPHA = 0.05
ALL = "all"
RIVALS = 2
"""Candidates that the asset compares the best one with."""

_NAME_TWO = "Name two candidates that were asked the same questions."


class NothingShared(PermanentFailure):
    """Two candidates were asked no question that is the same."""


def compare_candidates(scores: Mapping[str, pd.DataFrame], first: str, second: str, *, seed: int) -> pd.DataFrame:
    """First less second, over all common questions and by category (contract COMPARISONS).

    Raises PermanentFailure naming candidates that have no scores, and NothingShared for two that share no question.
    """
    tables = {name: _table(scores, name) for name in (first, second)}
    kind, one = tables[first]
    _, other = tables[second]
    shared = one.by_question.keys() & other.by_question.keys()
    if first == second:
        raise PermanentFailure(f"{first} and {second} are one candidate", remedy=_NAME_TWO)
    if not shared:
        raise NothingShared(f"{first} and {second} share no question", remedy=_NAME_TWO)
    one, other = (_only(table, shared) for table in (one, other))
    parts = sorted({row.category for row in one.rows})
    # Two families: the comparison itself, and the look into its parts, which must not cost the former its power.
    families = ([(metric, ALL) for metric in METRICS], [(METRICS[0], part) for part in parts])
    rows = []
    for family in families:
        found = {each: result for each in family if (result := _compared(one, other, each[1], each[0], seed)) is not None}
        adjusted = holm({"/".join(each): result["p_value"] for each, result in found.items()})
        for each, result in found.items():
            shown = adjusted["/".join(each)] <= ALPHA and result["difference"] != 0
            verdict = "not shown" if not shown else f"{'first' if result['difference'] > 0 else 'second'} is better"
            same = {"first": first, "second": second, "first_kind": kind, "metric": each[0], "slice": each[1]}
            rows.append({**same, **result, "adjusted": adjusted["/".join(each)], "verdict": verdict})
    return pd.DataFrame(rows, columns=list(COMPARISONS.column_names))


def compare_best(scores: Mapping[str, pd.DataFrame], leaderboard: pd.DataFrame, *, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """The best candidate that has a model against those that follow it (contract COMPARISONS), of those with current scores; and
    why some could not be compared.
    """
    of_models = {str(row["candidate"]) for row in leaderboard.to_dict("records") if row["model"] and row["current"]}
    best, *others = [name for name in ranked(leaderboard) if name in of_models][: RIVALS + 1] or [""]
    found, skipped = [pd.DataFrame(columns=list(COMPARISONS.column_names))], list[str]()
    for other in others:
        try:
            found.append(compare_candidates(scores, best, other, seed=seed))
        except NothingShared as error:
            skipped.append(str(error))
    with_rows = [frame for frame in found if len(frame)] or found[:1]
    return pd.concat(with_rows, ignore_index=True), skipped


def not_current(scores: Mapping[str, pd.DataFrame], asked: Mapping[str, Collection[str]], names: Sequence[str]) -> list[str]:
    """Those of the named candidates whose scores are not of what is asked now; `asked`: its hashes by kind (items.hashes_now)."""
    tables = {name: _table(scores, name) for name in names}
    return [name for name, (kind, table) in tables.items() if not is_current(table, asked.get(kind, ()))]


def shown(comparison: pd.DataFrame) -> str:
    """The comparison as lines for a terminal."""
    lines: list[str] = []
    for row in comparison.to_dict("records"):
        if not lines:
            lines += [f"{row['first']} less {row['second']}, in points; p by Holm, over the figures and over the categories", ""]
        points = f"{100 * row['difference']:+6.1f}"
        interval = (
            "no interval"
            if row["lower"] != row["lower"] or row["lower"] is None
            else (f"{100 * row['lower']:+.1f} to {100 * row['upper']:+.1f}")
        )
        lines.append(
            f"{row['metric']:<9} {row['slice']:<16} {points}  {interval:>18}  p {row['adjusted']:.3f}  "
            f"n {row['items']:<5} {row['verdict']}"
        )
    return "\n".join(lines)


def _table(scores: Mapping[str, pd.DataFrame], name: str) -> tuple[str, ScoreTable]:
    for kind, frame in scores.items():
        table = stored_table(frame, name)
        if table is not None:
            return kind, table
    known = sorted({str(each) for frame in scores.values() for each in frame["candidate"]})
    raise PermanentFailure(
        f"there are no scores of {name!r}, or of more than one header",
        remedy=meant(name, known),
    )


def _only(table: ScoreTable, ids: Any) -> ScoreTable:
    return replace(table, rows=tuple(row for row in table.rows if row.question_id in ids))


def _compared(one: ScoreTable, other: ScoreTable, part: str, metric: str, seed: int) -> dict[str, Any] | None:
    """None where nothing was scored of both, or nothing but one entity: there is no test then."""
    mine = replace(one, rows=tuple(row for row in one.rows if part in (ALL, row.category)))
    theirs = _only(other, mine.by_question.keys())
    scored = mine.values(metric).keys() & theirs.values(metric).keys()
    if len({row.cluster for row in mine.rows if row.question_id in scored}) < 2:
        return None
    found = compare(mine, theirs, metric, seed=seed)
    return {
        "items": found.n,
        "clusters": found.clusters,
        "difference": found.difference,
        "lower": found.low,
        "upper": found.high,
        "p_value": found.p_value,
    }
