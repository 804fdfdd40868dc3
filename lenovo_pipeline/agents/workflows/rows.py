"""Definitions as rows of their table, and their pictures in a folder.

Belongs here: what the asset tells of workflows. Does not belong here: reading them (library.py), drawing one (diagram.py).
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lenovo_pipeline.agents.running.tables import WORKFLOWS
from lenovo_pipeline.agents.workflows import diagram
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.agents.workflows.library import Library
from lenovo_pipeline.agents.workflows.vocabulary import DOINGS
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import require_provenance, write_manifest
from lenovo_pipeline.resources.folders import folder_aside


def workflow_rows(workflows: Sequence[Workflow]) -> pd.DataFrame:
    """One row for each workflow."""
    import orjson

    return pd.DataFrame(
        [
            {
                "workflow": each.title,
                "version": each.version,
                "framework": each.framework,
                "profile": each.profile,
                "description": each.description,
                "content": each.content,
                "pattern": each.pattern,
                "nodes": [node.id for node in each.nodes],
                "decided_by_model": [node.id for node in each.nodes if DOINGS[node.does].decided_by == "model"],
                "tools": list(each.tools),
                "approval": list(each.approval),
                "build": each.model.build,
                "max_steps": each.budgets.steps,
                "max_tokens": each.budgets.tokens,
                "max_seconds": each.budgets.seconds,
                "definition": orjson.dumps(each.as_dict(), option=orjson.OPT_SORT_KEYS).decode(),
                "mermaid": diagram.mermaid(each),
            }
            for each in workflows
        ],
        columns=list(WORKFLOWS.column_names),
    )


def of_rows(rows: pd.DataFrame) -> list[Workflow]:
    """The workflows that rows of agents.workflows hold."""
    return [Workflow.from_dict(json.loads(said) if isinstance(said, str) else said) for said in rows["definition"]]


def for_tasks(rows: pd.DataFrame) -> list[Workflow]:
    """Those workflows that work on tasks of the support desk: they have its tools, and no roles."""
    return [each for each in of_rows(rows) if each.tools and each.pattern is None and not each.name.startswith("factory")]


def draw_all(workflows: Sequence[Workflow], place: Path) -> None:
    """Draw every workflow into the folder `place`; pictures of the same definitions are taken over."""
    made_by = {"version": diagram.VERSION, **{each.title: each.content for each in workflows}}
    try:
        require_provenance(place, made_by, remedy="They are drawn anew.")
    except PermanentFailure:
        with folder_aside(place) as aside:
            for each in workflows:
                diagram.draw(each, aside)
            write_manifest(aside, made_by)


def shown(library: Library, place: Path) -> dict[str, str]:
    """For each workflow its picture, and beneath it Mermaid's text, as Markdown; and what was rejected, if anything was."""
    told = {}
    for title, workflow in library.workflows.items():
        picture = base64.b64encode((place / f"{title}.png").read_bytes()).decode()
        fence = f"```mermaid\n{diagram.mermaid(workflow)}\n```"
        told[title] = f"{workflow.description}\n\n![{title}](data:image/png;base64,{picture})\n\n{fence}"
    if library.rejected:
        lines = [f"- {file}: {problem}" for file, problems in library.rejected.items() for problem in problems]
        told["rejected"] = "\n".join(lines)
    return told
