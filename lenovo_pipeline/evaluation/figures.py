"""The leaderboard: every candidate's figures with intervals, over all questions and by part.

Belongs here: from rows of scores to figures. Drawing them is the business of plots.py, metrics and statistics are measures'.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.judge import with_judge
from lenovo_pipeline.evaluation.metrics import FIGURES, JUDGED, JUDGED_FIGURES, SLICES
from lenovo_pipeline.evaluation.scoring import stored_table
from lenovo_pipeline.evaluation.tables import HEADERS, LEADERBOARD
from lenovo_pipeline.measures.header import Header
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.measures.metrics.basic import HEADLINE
from lenovo_pipeline.measures.scores import ItemScore, ScoreTable
from lenovo_pipeline.measures.speed import percentiles
from lenovo_pipeline.measures.statistics.bootstrap import cluster_bootstrap
from lenovo_pipeline.measures.statistics.power import design_effect, detectable_proportion


@dataclass(frozen=True)
class Value:
    """A figure with its 95 % interval, where it has one; None where nothing was scored."""

    value: float | None
    lower: float | None
    upper: float | None
    scored: int
    unscored: int
    clusters: int


_FIGURES = {**FIGURES, **JUDGED_FIGURES}


def make_leaderboard(
    scores: Mapping[str, pd.DataFrame],
    asked: Mapping[str, Collection[str]],
    *,
    seed: int,
    judgements: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """All figures (contract LEADERBOARD) of all candidates of the score tables, by kind. `asked`: by kind, the hashes of what is
    asked now (items.hashes_now), by which it is told whose scores are current.

    `judgements`: rows of evaluation.judgements; who was graded has the figure judged_correct, under the header of its judge.
    """
    graded = {} if judgements is None else {str(name): mine for name, mine in judgements.groupby("candidate")}
    rows: list[dict[str, Any]] = []
    for kind, frame in scores.items():
        for (model, candidate), mine in frame.groupby(["model", "candidate"], sort=True):
            table = stored_table(mine, str(candidate))
            if table is None:
                continue
            headers = dict.fromkeys(_FIGURES, mine["header"].iloc[0])
            judged = graded.get(str(candidate))
            if judged is not None:
                table = with_judge(table, judged)
                headers |= dict.fromkeys(JUDGED_FIGURES, judged["header"].iloc[0])
            current = is_current(table, asked.get(kind, ()))
            same = {"candidate": candidate, "kind": kind, "model": model, "current": current}
            rows += [
                {
                    **same,
                    "metric": metric,
                    "slice": part,
                    "value": found.value,
                    "lower": found.lower,
                    "upper": found.upper,
                    "scored": found.scored,
                    "unscored": found.unscored,
                    "clusters": found.clusters,
                    "unit": _FIGURES[metric].unit,
                    "header": headers[metric],
                }
                for metric, part, found in candidate_figures(table, seed)
            ]
    return pd.DataFrame(rows, columns=list(LEADERBOARD.column_names))


def is_current(table: ScoreTable, asked: Collection[str]) -> bool:
    """Whether scores are of what is asked now: of all the same questions, passages and right answers. `asked`: their hashes."""
    return table.header.items_hash in asked and len(table.by_question) == table.header.items


def candidate_figures(table: ScoreTable, seed: int, parts: Sequence[str] = SLICES) -> list[tuple[str, str, Value]]:
    """Every figure of a candidate over every part of the questions that was asked: metric, slice, figure."""
    figures = _FIGURES if any(JUDGED in row.scores for row in table.rows) else FIGURES
    chosen = {part: [row for row in table.rows if in_part(row, part)] for part in parts}
    return [
        (metric, part, _MEASURES[metric](replace(table, rows=tuple(rows)), seed))
        for metric, figure in figures.items()
        for part, rows in chosen.items()
        if rows and (part == "all" or figure.sliced)
    ]


def figure_of(table: ScoreTable, metric: str, seed: int) -> Value:
    """One figure over all rows of a table, of which there is at least one."""
    return _MEASURES[metric](table, seed)


def in_part(asked: Item | ItemScore, part: str) -> bool:
    """Whether a question counts for a part of them (SLICES)."""
    language = asked.language if isinstance(asked, ItemScore) else asked.question.language
    return part in ("all", asked.category, language) or (part == "answerable" and not asked.unanswerable)


def make_headers(scores: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row for each header of the score tables, by kind (contract HEADERS)."""
    rows = []
    for kind, frame in scores.items():
        for row in frame.drop_duplicates("header").to_dict("records"):
            header = Header.from_json(str(row["made_by"]))
            rows.append(
                {
                    "header": row["header"],
                    "candidate": row["candidate"],
                    "kind": kind,
                    "model": row["model"],
                    "items": header.items,
                    "items_hash": header.items_hash,
                    "prompt_version": header.described.get("prompt_version"),
                    "commit": header.commit,
                    "made_by": row["made_by"],
                }
            )
    return pd.DataFrame(rows, columns=list(HEADERS.column_names))


def detectable(table: ScoreTable, *, against: float = 0.5) -> float | None:
    """The smallest rise in the share of right answers that so many questions show, with power 0.8 (in points of share).

    Against 0.5, where it is largest, with the design effect of the clusters as observed; None where nothing can be told.
    """
    values = table.values("correct")
    clusters = [table.by_question[question_id].cluster for question_id in values]
    if len(set(clusters)) < 2:
        return None
    effect = max(1.0, design_effect(list(values.values()), clusters))
    return detectable_proportion(len(values), against, design_effect=effect)


def _mean_of(metric: str) -> Callable[[ScoreTable, int], Value]:
    return lambda table, seed: _mean({row.question_id: row.scores.get(metric) for row in table.rows}, metric, table, seed)


def _mean(values: Mapping[str, float | None], metric: str, table: ScoreTable, seed: int) -> Value:
    """The mean of the values that there are, by question, which follow from a metric; what it could not score is unscored."""
    scored = {question_id: value for question_id, value in values.items() if value is not None}
    unscored = sum(row.unscored(metric) for row in table.rows if row.question_id in values)
    clusters = [table.by_question[question_id].cluster for question_id in scored]
    distinct = len(set(clusters))
    numbers = list(scored.values())
    if distinct > 1:
        found = cluster_bootstrap(numbers, clusters, seed=seed)
        return Value(found.estimate, found.low, found.high, len(scored), unscored, distinct)
    # One entity says nothing of others: anything is possible, so that a floor is never kept by a single one.
    if numbers:
        return Value(sum(numbers) / len(numbers), 0.0, 1.0, len(scored), unscored, distinct)
    return Value(None, None, None, 0, unscored, 0)


def _refusal_precision(table: ScoreTable, seed: int) -> Value:
    refused = [row for row in table.rows if row.scores.get("refused") == 1.0]
    return _mean({row.question_id: float(row.unanswerable) for row in refused}, "refused", table, seed)


def _refusal_recall(table: ScoreTable, seed: int) -> Value:
    return _mean({row.question_id: row.scores.get("refused") for row in table.rows if row.unanswerable}, "refused", table, seed)


def _false_refusal_rate(table: ScoreTable, seed: int) -> Value:
    asked = (row for row in table.rows if not row.unanswerable)
    return _mean({row.question_id: row.scores.get("refused") for row in asked}, "refused", table, seed)


def _unscored_rate(table: ScoreTable, seed: int) -> Value:
    # A fact about this evaluation, not an estimate of anything: no interval.
    unscored = sum(row.unscored(HEADLINE) for row in table.rows)
    clusters = len({row.cluster for row in table.rows})
    return Value(unscored / len(table.rows), None, None, len(table.rows) - unscored, unscored, clusters)


def _latency(percentile: float) -> Callable[[ScoreTable, int], Value]:
    def measure(table: ScoreTable, seed: int) -> Value:
        times = [row.latency_s for row in table.rows if row.latency_s is not None]
        return _plain(percentiles(times, [percentile])[f"p{percentile:g}"] if times else None, table)

    return measure


def _tokens_per_s(table: ScoreTable, seed: int) -> Value:
    known = [(row.tokens_out, row.latency_s) for row in table.rows if row.tokens_out and row.latency_s]
    return _plain(sum(tokens for tokens, _ in known) / sum(time for _, time in known) if known else None, table)


def _plain(value: float | None, table: ScoreTable) -> Value:
    answered = len(table.rows) - table.failed
    return Value(value, None, None, answered, table.failed, len({row.cluster for row in table.rows}))


_MEASURES: dict[str, Callable[[ScoreTable, int], Value]] = {
    **{metric: _mean_of(metric) for metric in ("correct", JUDGED)},
    "token_f1": _mean_of("token_f1"),
    "exact_match": _mean_of("exact_match"),
    "refusal_precision": _refusal_precision,
    "refusal_recall": _refusal_recall,
    "false_refusal_rate": _false_refusal_rate,
    "unscored_rate": _unscored_rate,
    "latency_p50_s": _latency(50),
    "latency_p95_s": _latency(95),
    "tokens_per_s": _tokens_per_s,
}
