"""Robustness: what is left of a candidate's quality under each group of adversarial scenarios, on average and at worst.

A prompt that was asked and could not be scored, since the candidate failed, counts as not answered right: nobody gets more
robust by crashing under attack.

Belongs here: from scores of probes to figures by group (contract ROBUSTNESS). Does not belong here: choosing probes (probes.py).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.pressure.probes import SOURCE
from lenovo_pipeline.evaluation.pressure.tables import ROBUSTNESS
from lenovo_pipeline.evaluation.scoring import stored_table
from lenovo_pipeline.measures.figures import figure
from lenovo_pipeline.measures.metrics.basic import HEADLINE
from lenovo_pipeline.measures.metrics.normalise import normalise
from lenovo_pipeline.measures.scores import ItemScore, ScoreTable

ALL = "all"


def make_robustness(probes: pd.DataFrame, adversarial: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Figures of every candidate and group of scenarios (contract ROBUSTNESS), and of all groups together.

    `mean` is the share of variants answered right and `worst` that of the scenario that is answered worst; `clean` is the share
    of the same prompts answered right unchanged; failures are not right in any of them. `stable`: of the variants whose right
    answer is that of their source, how many got the same answer as the source, right or not: how far an answer stands when only
    its wording changes.
    """
    known = {row["adversarial_id"]: row for row in adversarial.to_dict("records")}
    rows: list[dict[str, Any]] = []
    for (model, candidate), mine in probes.groupby(["model", "candidate"], sort=True):
        table = stored_table(mine, str(candidate))
        if table is None:
            continue
        variants = [row for row in table.rows if row.question_id in known]
        sources = {row.question_id: row for row in table.rows if row.category == SOURCE}
        groups = {ALL: variants, **{group: [r for r in variants if r.category == group] for group in _groups(variants)}}
        for group, members in groups.items():
            if members:
                same = {"model": model, "candidate": candidate, "scenario_group": group, "header": table.header.hash}
                rows.append({**same, **_figures(table, members, sources, known, seed)})
    return pd.DataFrame(rows, columns=list(ROBUSTNESS.column_names))


def _groups(variants: list[ItemScore]) -> Iterator[str]:
    yield from sorted({row.category for row in variants})


def _figures(
    table: ScoreTable, members: list[ItemScore], sources: dict[str, ItemScore], known: dict[Any, Any], seed: int
) -> dict[str, Any]:
    found = figure(replace(table, rows=tuple(map(_failed_as_wrong, members))), seed=seed)
    by_kind: dict[str, list[float]] = {}
    for row in members:
        if (value := _failed_as_wrong(row).correct) is not None:
            by_kind.setdefault(str(known[row.question_id]["kind"]), []).append(value)
    means = {kind: sum(values) / len(values) for kind, values in by_kind.items()}
    worst = min(means, key=lambda kind: (means[kind], kind), default=None)
    unchanged = [_failed_as_wrong(sources[row.cluster]).correct for row in members if row.cluster in sources]
    clean = [value for value in unchanged if value is not None]
    failed = sum(row.unscored(HEADLINE) for row in members)
    pairs = [
        (row, sources[row.cluster])
        for row in members
        if known[row.question_id]["answer_stays"] and row.cluster in sources and row.failure is None
    ]
    stable = [normalise(row.answer) == normalise(source.answer) for row, source in pairs if source.failure is None]
    return {
        "variants": len(members),
        "scenarios": len({known[row.question_id]["kind"] for row in members}),
        "scored": found.scored - failed,
        "unscored": failed,
        "clean": sum(clean) / len(clean) if clean else None,
        "mean": found.estimate,
        "lower": found.low,
        "upper": found.high,
        "worst": None if worst is None else means[worst],
        "worst_scenario": worst,
        "stable": sum(stable) / len(stable) if stable else None,
        "compared": len(stable),
    }


def _failed_as_wrong(row: ItemScore) -> ItemScore:
    return replace(row, scores={**row.scores, HEADLINE: 0.0}) if row.unscored(HEADLINE) else row
