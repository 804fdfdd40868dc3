"""A/B: two candidates on the questions that both were asked, or two agents at the tasks that both were given, with intervals,
tests, and a correction for looking at many parts.

Belongs here: the comparison of stored scores and attempts (contract COMPARISONS). Asking is the business of scoring.py.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.agentic.figures import Attempted
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.figures import is_current
from lenovo_pipeline.evaluation.naming import meant
from lenovo_pipeline.evaluation.scoring import whole_table
from lenovo_pipeline.evaluation.showing import ranked
from lenovo_pipeline.evaluation.tables import COMPARISONS
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.figures import compare
from lenovo_pipeline.measures.scores import ScoreTable
from lenovo_pipeline.measures.statistics.multiple import holm
from lenovo_pipeline.measures.statistics.paired import Comparison, compare_paired

METRICS = ("correct", "token_f1")
"""The first one by category, too."""

ALPHA = 0.05
ALL = "all"
RIVALS = 2
"""Candidates that the asset compares the best one with."""

SUCCESS = "success"
"""What agents are compared by, by category, too."""

_NAME_TWO = "Name two candidates that were asked the same questions, or two agents that were given the same tasks."


class NothingShared(PermanentFailure):
    """Two candidates were asked no question, or given no task, that is the same."""


def compare_candidates(
    scores: Mapping[str, pd.DataFrame], first: str, second: str, *, seed: int, agents: Mapping[str, Attempted] | None = None
) -> pd.DataFrame:
    """First less second, over all common questions and by category (contract COMPARISONS); agents by success at common tasks.

    Raises PermanentFailure naming candidates that have neither scores nor attempts, and NothingShared for two that share nothing.
    """
    if first == second:
        raise PermanentFailure(f"{first} and {second} are one candidate", remedy=_NAME_TWO)
    agents = agents or {}
    named = [name for name in (first, second) if name in agents]
    if len(named) == 2:
        return _of_agents(agents[first], agents[second], seed)
    known = {*agents, *(str(each) for frame in scores.values() for each in frame["candidate"])}
    for name in (first, second):
        if name not in known:
            raise PermanentFailure(f"there are no scores of {name!r}", remedy=meant(name, sorted(known)))
    if named:
        (asked,) = {first, second} - set(named)
        raise PermanentFailure(
            f"{named[0]} is an agent, which was given tasks, and {asked} was asked questions: no figure is of both",
            remedy=_NAME_TWO,
        )
    tables = {name: _table(scores, name) for name in (first, second)}
    kind, one = tables[first]
    _, other = tables[second]
    shared = one.by_question.keys() & other.by_question.keys()
    if not shared:
        raise NothingShared(f"{first} and {second} share no question", remedy=_NAME_TWO)
    one, other = (_only(table, shared) for table in (one, other))
    parts = sorted({row.category for row in one.rows})
    same = {"first": first, "second": second, "first_kind": kind}
    return _side_by_side(same, METRICS, parts, lambda metric, part: _compared(one, other, part, metric, seed))


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
    there = {str(each) for frame in scores.values() for each in frame["candidate"]}
    tables = {name: _table(scores, name) for name in names if name in there}
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
            f"{row['metric']:<9} {row['slice']:<20} {points}  {interval:>18}  p {row['adjusted']:.3f}  "
            f"n {row['items']:<5} {row['verdict']}"
        )
    return "\n".join(lines)


def _side_by_side(
    same: Mapping[str, Any],
    metrics: Sequence[str],
    parts: Sequence[str],
    compared: Callable[[str, str], Comparison | None],
) -> pd.DataFrame:
    """A row for each metric over everything, and for the first one over each part (contract COMPARISONS)."""
    # Two families: the comparison itself, and the look into its parts, which must not cost the former its power.
    families = ([(metric, ALL) for metric in metrics], [(metrics[0], part) for part in parts])
    rows = []
    for family in families:
        results = {each: found for each in family if (found := compared(*each)) is not None}
        adjusted = holm({"/".join(each): found.p_value for each, found in results.items()})
        for each, found in results.items():
            shown = adjusted["/".join(each)] <= ALPHA and found.difference != 0
            rows.append(
                {
                    **same,
                    "metric": each[0],
                    "slice": each[1],
                    "items": found.n,
                    "clusters": found.clusters,
                    "difference": found.difference,
                    "lower": found.low,
                    "upper": found.high,
                    "p_value": found.p_value,
                    "adjusted": adjusted["/".join(each)],
                    "verdict": "not shown" if not shown else f"{'first' if found.difference > 0 else 'second'} is better",
                }
            )
    return pd.DataFrame(rows, columns=list(COMPARISONS.column_names))


def _of_agents(one: Attempted, other: Attempted, seed: int) -> pd.DataFrame:
    theirs = {row["task_id"]: row for row in other.rows}
    shared = [row for row in one.rows if row["task_id"] in theirs]
    if not shared:
        raise NothingShared(f"{one.candidate} and {other.candidate} share no task", remedy=_NAME_TWO)

    def compared(metric: str, part: str) -> Comparison | None:
        rows = [row for row in shared if part in (ALL, row["category"])]
        clusters = [str(row["cluster"]) for row in rows]
        if len(set(clusters)) < 2:
            return None
        ours, others = ([float(each[metric]) for each in side] for side in (rows, [theirs[row["task_id"]] for row in rows]))
        return compare_paired(ours, others, clusters, seed=seed)

    same = {"first": one.candidate, "second": other.candidate, "first_kind": AGENTIC_WORKFLOW.name}
    return _side_by_side(same, (SUCCESS,), sorted({str(row["category"]) for row in shared}), compared)


def _table(scores: Mapping[str, pd.DataFrame], name: str) -> tuple[str, ScoreTable]:
    """The kind and the scores of a candidate that has some."""
    kind = next(kind for kind, frame in scores.items() if name in set(frame["candidate"]))
    return kind, whole_table(kind, scores[kind], name)


def _only(table: ScoreTable, ids: Any) -> ScoreTable:
    return replace(table, rows=tuple(row for row in table.rows if row.question_id in ids))


def _compared(one: ScoreTable, other: ScoreTable, part: str, metric: str, seed: int) -> Comparison | None:
    """None where nothing was scored of both, or nothing but one entity: there is no test then."""
    mine = replace(one, rows=tuple(row for row in one.rows if part in (ALL, row.category)))
    theirs = _only(other, mine.by_question.keys())
    scored = mine.values(metric).keys() & theirs.values(metric).keys()
    if len({row.cluster for row in mine.rows if row.question_id in scored}) < 2:
        return None
    return compare(mine, theirs, metric, seed=seed)
