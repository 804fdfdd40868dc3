"""What a score table adds up to: figures with intervals, by group, and the difference of two tables.

Belongs here: means that say how many items they rest on. A NaN or an unscored item never enters a mean silently.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.metrics.basic import HEADLINE
from lenovo_pipeline.measures.metrics.refusals import RefusalRates, refusal_rates
from lenovo_pipeline.measures.scores import ItemScore, ScoreTable
from lenovo_pipeline.measures.statistics.bootstrap import RESAMPLES, cluster_bootstrap
from lenovo_pipeline.measures.statistics.paired import Comparison, compare_paired

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Figure:
    """A metric over `scored` items; `failed` more it should have scored and could not (that it does not apply to is neither).

    `estimate` is None where nothing is scored, `low` and `high` where there are fewer than two clusters. `floor` is the estimate
    with every failed item as 0: what a candidate cannot fall below, whatever it failed at. `method` says how it was made, or
    why there is none.
    """

    metric: str
    estimate: float | None
    low: float | None
    high: float | None
    confidence: float
    scored: int
    failed: int
    clusters: int
    floor: float | None
    method: str


def figure(
    table: ScoreTable,
    metric: str = HEADLINE,
    *,
    seed: int,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
) -> Figure:
    """The mean of a metric over the rows of a table. Raises KeyError for a metric that the table does not have."""
    values = table.values(metric)
    scored = [row for row in table.rows if row.question_id in values]
    failed = sum(row.unscored(metric) for row in table.rows)
    numbers = [values[row.question_id] for row in scored]
    clusters = [row.cluster for row in scored]
    floor = sum(numbers) / (len(scored) + failed) if scored or failed else None
    mean, low, high = (sum(numbers) / len(numbers) if numbers else None), None, None
    method = "fewer than two clusters: no interval" if numbers else "nothing was scored"
    if len(set(clusters)) > 1:
        found = cluster_bootstrap(numbers, clusters, seed=seed, confidence=confidence, resamples=resamples)
        mean, low, high, method = found.estimate, found.low, found.high, found.method
    return Figure(metric, mean, low, high, confidence, len(scored), failed, len(set(clusters)), floor, method)


def figures_by(
    table: ScoreTable, key: Callable[[ItemScore], str], metric: str = HEADLINE, *, seed: int, confidence: float = CONFIDENCE
) -> dict[str, Figure]:
    """The figure of each group, for example `lambda row: row.category`, sorted by name."""
    in_groups: dict[str, list[ItemScore]] = {}
    for row in table.rows:
        in_groups.setdefault(key(row), []).append(row)
    return {
        group: figure(replace(table, rows=tuple(rows)), metric, seed=seed, confidence=confidence)
        for group, rows in sorted(in_groups.items())
    }


def refusals(table: ScoreTable) -> RefusalRates:
    """Precision, recall and false refusals over the rows that have an answer."""
    values = table.values("refused")
    rows = [row for row in table.rows if row.question_id in values]
    return refusal_rates([values[row.question_id] == 1.0 for row in rows], [row.unanswerable for row in rows])


def compare(
    first: ScoreTable, second: ScoreTable, metric: str = HEADLINE, *, seed: int, confidence: float = CONFIDENCE
) -> Comparison:
    """First minus second on the items that both have a score for.

    The same questions may have been asked with other passages. Raises PermanentFailure if the tables are of different questions
    or data, or if no item was scored in both.
    """
    mismatched = [
        what
        for what, one, other in (
            ("data versions", first.header.data_version, second.header.data_version),
            ("questions", first.by_question.keys(), second.by_question.keys()),
        )
        if one != other
    ]
    if mismatched:
        raise PermanentFailure(
            f"{first.header.candidate} and {second.header.candidate} were evaluated on different {' and '.join(mismatched)}",
            remedy="Evaluate both on the same items.",
        )
    ours, theirs = first.values(metric), second.values(metric)
    common = [row for row in first.rows if row.question_id in ours and row.question_id in theirs]
    if not common:
        raise PermanentFailure(f"no item has a {metric} of both candidates", remedy="See why their items failed.")
    ids = [row.question_id for row in common]
    return compare_paired(
        [ours[question_id] for question_id in ids],
        [theirs[question_id] for question_id in ids],
        [row.cluster for row in common],
        seed=seed,
        confidence=confidence,
    )
