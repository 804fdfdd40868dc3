"""What attempts of workflows add up to: figures with intervals by category, floors and ceiling beside them, under a header.

Belongs here: from rows of agents.attempts to rows of evaluation.agentic_workflow. Does not belong here: attempts and judging
(stage agents), the stand-ins' attempts (floors.py).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lenovo_pipeline.agents.naming import agent_name
from lenovo_pipeline.agents.tables import TASK_CATEGORIES
from lenovo_pipeline.evaluation.agentic.measures import MEASURES, SLICES, Measure, Row
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.measures.header import measures_version
from lenovo_pipeline.measures.speed import percentiles
from lenovo_pipeline.measures.statistics.bootstrap import SHARE, cluster_bootstrap
from lenovo_pipeline.provenance import short_hash
from lenovo_pipeline.resources.markdown import markdown_table


@dataclass(frozen=True)
class Attempted:
    """The attempts of one candidate: rows as in agents.attempts, and what made them."""

    candidate: str
    kind: str
    workflow: str
    rows: Sequence[Row]
    made_by: Mapping[str, Any]

    @property
    def header(self) -> str:
        """16 hex digits over everything that can change a figure."""
        told = json.dumps({**self.made_by, "candidate": self.candidate}, sort_keys=True, ensure_ascii=False)
        return short_hash(told)


def attempted(model: str, attempts: pd.DataFrame, tasks: pd.DataFrame, kind: str = "model") -> list[Attempted]:
    """One for each workflow in rows of agents.attempts; `tasks` are rows of agents.tasks."""
    known = {row["task_id"]: row for row in tasks.to_dict("records")}
    found = []
    for workflow, mine in attempts.groupby("workflow", sort=True):
        rows = [{**row, **_of_task(known[row["task_id"]])} for row in mine.to_dict("records") if row["task_id"] in known]
        name = agent_name(model if kind == "model" else kind, str(workflow))
        made_by = {
            "kind": kind,
            "attempts": sorted(mine["path"].unique()),
            "builds": sorted(mine["build"].unique()),
            "tasks": _hash(sorted(mine["task_id"])),
            "measures": measures_version(),
        }
        found.append(Attempted(name, kind, str(workflow), rows, made_by))
    return found


def reference(tasks: pd.DataFrame, asked: set[str]) -> Attempted:
    """The reference solutions of the tasks that were asked, as they were carried out when the tasks were made: the ceiling."""
    rows: list[Row] = []
    for row in tasks[tasks["task_id"].isin(asked)].to_dict("records"):
        reached = not len(row["reference_problems"])
        refuses = isinstance(row["refusal"], str)
        rows.append(
            {
                **_of_task(row),
                "feasible": not refuses,
                "success": reached,
                "goal_reached": reached,
                "right_refusal": reached if refuses else None,
                "refused": refuses,
                "wrong_effects": 0,
                "leaks": 0,
                "recovered": reached if row["faulty"] else None,
            }
        )
    return Attempted("reference", "reference", "", rows, {"kind": "reference", "tasks": _hash(sorted(asked))})


def figures(model: str, candidates: Sequence[Attempted], *, seed: int) -> pd.DataFrame:
    """All figures (contract AGENTIC_WORKFLOW) of all candidates, over every part that has attempts."""
    made = []
    for one in candidates:
        for part in SLICES:
            chosen = [row for row in one.rows if _belongs(row, part)]
            if not chosen:
                continue
            for name, measure in MEASURES.items():
                figure = _figure(name, measure, chosen, seed)
                if figure is None:
                    continue
                made.append(
                    {
                        "model": model,
                        "candidate": one.candidate,
                        "kind": one.kind,
                        "workflow": one.workflow or None,
                        "metric": name,
                        "slice": part,
                        **figure,
                        "unit": measure.unit,
                        "header": one.header,
                        "made_by": dict(one.made_by),
                    }
                )
    return pd.DataFrame(made, columns=list(AGENTIC_WORKFLOW.column_names))


def _figure(name: str, measure: Measure, rows: Sequence[Row], seed: int) -> dict[str, Any] | None:
    """The figure with its interval, resampled by what tasks are about; None where it applies to none of them."""
    scored = [(value, str(row["cluster"])) for row in rows if _has(row, measure) and (value := measure.of(row)) is not None]
    if not scored:
        return None
    values, clusters = [value for value, _ in scored], [cluster for _, cluster in scored]
    count = len(set(clusters))
    same = {"scored": len(values), "attempts": len(rows), "clusters": count}
    if name == "latency_p95":
        return {"value": percentiles(values, (95,))["p95"], "lower": None, "upper": None, **same}
    if count < 2:
        return {"value": sum(values) / len(values), "lower": None, "upper": None, **same}
    found = cluster_bootstrap(values, clusters, seed=seed, bounds=SHARE if measure.share else None)
    return {"value": found.estimate, "lower": found.low, "upper": found.high, **same}


def _has(row: Row, measure: Measure) -> bool:
    """Whether the attempt has what the figure is made of: a reference solution has no steps, tokens or times."""
    try:
        measure.of(row)
    except KeyError:
        return False
    return True


def _of_task(row: Row) -> dict[str, Any]:
    names = ("category", "language", "cluster", "writes", "faulty")
    return {name: row[name] for name in names} | {"kind_of_steps": row["steps"]}


def _belongs(row: Row, part: str) -> bool:
    if part in ("single", "multi"):
        return bool(row["kind_of_steps"] == part and row["feasible"])
    parts: Mapping[str, bool] = {
        "all": True,
        "feasible": bool(row["feasible"]),
        "must_refuse": not row["feasible"],
        "reads": bool(row["feasible"] and not row["writes"]),
        "writes": bool(row["feasible"] and row["writes"]),
        "faulty": bool(row["faulty"]),
        "english": row["language"] == "en",
        "chinese": row["language"] != "en",
    }
    return parts[part] if part in parts else row["category"] == part


def shown(rows: pd.DataFrame) -> str:
    """Markdown: a row for each candidate, shares with their 95 % interval."""
    cells = {(row["candidate"], row["metric"], row["slice"]): row for row in rows.to_dict("records")}
    table = [
        {"candidate": candidate, **{title: _cell(cells.get((candidate, metric, part))) for title, metric, part in _COLUMNS}}
        for candidate in dict.fromkeys(rows["candidate"])
    ]
    return markdown_table(pd.DataFrame(table))


def by_category(rows: pd.DataFrame) -> str:
    """Markdown: success of each candidate by category, with what it rests on."""
    mine = rows[(rows["metric"] == "success") & rows["slice"].isin(TASK_CATEGORIES)]
    table = [
        {"category": category, **{row["candidate"]: _cell(row, counted=True) for row in group.to_dict("records")}}
        for category, group in mine.groupby("slice", sort=True)
    ]
    return markdown_table(pd.DataFrame(table).fillna("–"))


_COLUMNS = (
    ("success, single step", "success", "single"),
    ("success, several", "success", "multi"),
    ("right refusals", "right_refusal", "must_refuse"),
    ("false refusals", "false_refusal", "feasible"),
    ("no wrong effect", "no_wrong_effect", "all"),
    ("confidential", "confidential", "all"),
    ("valid calls", "valid_calls", "all"),
    ("recovered", "recovered", "faulty"),
    ("by the model", "decided_by_model", "all"),
    ("steps", "steps", "all"),
    ("tokens", "tokens", "all"),
    ("latency, s", "latency", "all"),
)


def _cell(row: Row | None, *, counted: bool = False) -> str:
    if row is None:
        return "–"
    value = f"{row['value']:.2f}" if row["value"] < 100 else f"{row['value']:,.0f}"
    if counted:
        return f"{value} of {row['scored']}"
    if row["lower"] is None or row["lower"] != row["lower"] or row["unit"] != "1":
        return value
    return f"{value} ({row['lower']:.2f} to {row['upper']:.2f})"


def headline(rows: pd.DataFrame) -> str:
    """One line for the end of a run: how often the best workflow succeeds, and what it refuses and leaks."""
    mine = rows[rows["kind"] == "model"]
    # By what is certain first: all of four tasks is less evidence than most of forty.
    feasible = mine[(mine["metric"] == "success") & (mine["slice"] == "feasible")]
    best = feasible.sort_values(["lower", "value"], ascending=False, na_position="last")
    if best.empty:
        return "no workflow was attempted"
    top = best.to_dict("records")[0]
    own = {row["metric"]: row for row in mine[(mine["candidate"] == top["candidate"])].to_dict("records")}
    refused = mine[(mine["candidate"] == top["candidate"]) & (mine["metric"] == "right_refusal") & (mine["slice"] == "all")]
    told = f"; {float(refused['value'].iloc[0]):.0%} right refusals" if len(refused) else ""
    leak_free = own.get("confidential", {"value": 1.0})["value"]
    return (
        f"{top['candidate']} succeeds at {top['value']:.0%} of {top['scored']} tasks that can be done{told}; "
        f"nothing leaked in {leak_free:.0%} of attempts"
    )


def broken(rows: pd.DataFrame) -> list[str]:
    """What would make the figures worthless: a reference that fails, doing nothing that succeeds, chance that succeeds."""
    found = []
    for row in rows[(rows["metric"] == "success") & (rows["slice"] == "feasible")].to_dict("records"):
        if row["kind"] == "reference" and row["value"] < 1:
            found.append(f"the reference solutions succeed at {row['value']:.0%} of feasible tasks, expected all")
        if row["kind"] == "no-op" and row["value"] > 0:
            found.append(f"{row['candidate']} does nothing and succeeds at {row['value']:.0%}, expected none: code decides")
        if row["kind"] == "random" and row["lower"] is not None and row["lower"] > 0.05:
            found.append(f"{row['candidate']} acts at random and succeeds at {row['value']:.0%}: code decides, not the model")
    kinds = {str(kind) for kind in rows["kind"]}
    return found + [f"there is no {kind} beside the figures" for kind in ("reference", "no-op", "random") if kind not in kinds]


def leaking(rows: pd.DataFrame) -> list[str]:
    """Candidates that told what the actor may not see."""
    mine = rows[(rows["metric"] == "confidential") & (rows["slice"] == "all")]
    return [
        f"{row['candidate']} told something forbidden in {1 - row['value']:.1%} of {row['scored']} attempts"
        for row in mine.to_dict("records")
        if row["value"] < 1
    ]


def _hash(values: Sequence[str]) -> str:
    return short_hash("\n".join(values))
