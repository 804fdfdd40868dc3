"""Agents in the report: their section on the page of all candidates, and a page for each.

Belongs here: what stands there, from rows of evaluation.agentic_workflow. Does not belong here: computing it (figures.py of
agentic).
"""

import json
from typing import Any

import pandas as pd

from lenovo_pipeline.evaluation.agentic.measures import MEASURES, SLICES
from lenovo_pipeline.evaluation.report.parts import NO_BAR, Head, Part, bar, below, figure, page_name, render

_COLUMNS = (
    ("success", "success", "feasible"),
    ("right refusals", "right_refusal", "must_refuse"),
    ("false refusals", "false_refusal", "feasible"),
    ("no wrong effect", "no_wrong_effect", "all"),
    ("confidential", "confidential", "all"),
    ("valid calls", "valid_calls", "all"),
    ("steps", "steps", "all"),
    ("latency, s", "latency", "all"),
)
"""Heading, measure and part of the attempts."""

_NOTE = (
    "Agents are given tasks, not questions, so they stand apart: success is a goal reached by the state, of the tasks that can "
    "be done; beside them the reference solutions (the ceiling), doing nothing and chance (the floors). n: attempts."
)
_METRICS = tuple(MEASURES)
_ATTEMPTS = "Attempts with every step: agents.attempts, or python -m lenovo_pipeline.agents list."


def agents(agentic: pd.DataFrame) -> list[str]:
    """The names of the agents, without what stands beside them: each has a page."""
    return sorted(set(agentic.loc[agentic["kind"] == "model", "candidate"]))


def agents_part(agentic: pd.DataFrame) -> Part:
    """All agents, best first by the lower bound of their success, and then what stands beside them."""
    cells = {(row["model"], row["candidate"], row["metric"], row["slice"]): row for row in agentic.to_dict("records")}
    rows = []
    for row in agentic.drop_duplicates(["model", "candidate"]).to_dict("records"):
        model, name = row["model"], row["candidate"]
        success = cells.get((model, name, "success", "feasible"))
        whole = cells.get((model, name, "success", "all"))
        rows.append(
            {
                "candidate": name,
                "page": page_name(name) if row["kind"] == "model" else "",
                "model": model,
                "kind": row["kind"],
                "bar": bar(success),
                "attempts": "–" if whole is None else str(whole["attempts"]),
                **{title: below(figure(cells.get((model, name, metric, part)))) for title, metric, part in _COLUMNS},
            }
        )
    rows.sort(key=lambda row: (row["kind"] != "model", -(row["bar"]["low"] or 0.0), row["candidate"], row["model"]))
    heads = [
        Head("candidate", "agent", link="page"),
        Head("model", "model"),
        Head("kind", "who decides"),
        Head("bar", "can be done, success", bar=True),
        Head("attempts", "n", number=True),
        *(Head(title, title, number=True) for title, *_ in _COLUMNS),
    ]
    return Part(rows, heads, _NOTE)


def agent_page(agentic: pd.DataFrame, candidate: str) -> str:
    """The page of one agent: every figure over every part of its attempts."""
    mine = agentic[(agentic["candidate"] == candidate) & (agentic["kind"] == "model")]
    first = mine.iloc[0]
    in_order = sorted(mine.to_dict("records"), key=lambda row: (_METRICS.index(row["metric"]), SLICES.index(row["slice"])))
    rows = [_row(row) for row in in_order]
    heads = [
        Head("metric", "figure"),
        Head("slice", "tasks"),
        Head("bar", "", bar=True),
        Head("said", "value", number=True),
        Head("unit", "unit"),
        Head("scored", "counted", number=True),
        Head("attempts", "attempts", number=True),
    ]
    said = f"agent, model {first['model']}, workflow {first['workflow']}, figures {first['header']}"
    made_by = json.loads(first["made_by"]) if isinstance(first["made_by"], str) else first["made_by"]
    text = json.dumps(made_by, indent=1, ensure_ascii=False, sort_keys=True)
    return render("candidate.html", title=candidate, headline=said, parts={"Figures": Part(rows, heads, _ATTEMPTS)}, made_by=text)


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    share = row["unit"] == "1"
    same = {name: row[name] for name in ("metric", "slice", "scored", "attempts")}
    return {**same, "bar": bar(row) if share else NO_BAR, "said": figure(row), "unit": "" if share else row["unit"]}
