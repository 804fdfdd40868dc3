"""What must hold of workflows, attempts and replays: each function returns one sentence for each violation.

Belongs here: the rules behind the asset checks. Does not belong here: declaring the checks (checks.py).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.agents.workflows.library import read_library
from lenovo_pipeline.contracts.frames import rows_of


def rejected(folder: Path) -> list[str]:
    """Everything that is wrong with the files of a folder."""
    return [f"{file}: {problem}" for file, problems in read_library(folder=folder).rejected.items() for problem in problems]


def without_mobile(workflows: pd.DataFrame) -> list[str]:
    """Workflows whose mobile form is missing, or no smaller."""
    by_title = {str(row["workflow"]): row for row in workflows.to_dict("records")}
    found = []
    for title, full in by_title.items():
        if full["profile"] == "mobile":
            continue
        mobile = by_title.get(f"{title}.mobile")
        if mobile is None:
            found.append(f"{title} has no mobile form")
            continue
        found += [f"{title}.mobile has no lower {name}" for name in ("max_steps", "max_tokens") if mobile[name] >= full[name]]
        if mobile["build"] != "edge":
            found.append(f"{title}.mobile asks the build {mobile['build']}, not an edge one")
    return found


def out_of_bounds(attempts: pd.DataFrame, workflows: pd.DataFrame) -> list[str]:
    """Attempts that leaked, succeeded with wrong effects, or used more than they may.

    Those of a workflow that is gone have no limits; that their row refers to nothing is the contract's to say.
    """
    limits = workflows.set_index("workflow")[["max_steps", "max_tokens", "max_seconds"]].to_dict("index")
    return [
        f"{row['attempt_id']} ({row['workflow']} at {row['task_id']}) {problem}"
        for row in rows_of(attempts)
        if row["workflow"] in limits
        for problem in _problems(row, limits[row["workflow"]])
    ]


def _problems(row: Mapping[str, object], limits: Mapping[Any, Any]) -> Iterator[str]:
    number = {name: float(str(row[name])) for name in ("leaks", "wrong_effects", "calls", "tokens_in", "tokens_out")}
    if number["leaks"]:
        yield f"told {row['leaks']} values that are not for its actor"
    if row["success"] and number["wrong_effects"]:
        yield f"counts as success with {row['wrong_effects']} wrong rows"
    if number["calls"] > limits["max_steps"] + 1:
        yield f"made {row['calls']} calls, allowed are {limits['max_steps']}"
    # The answer that used up the last tokens was begun within the limit: one context more at most.
    if number["tokens_in"] + number["tokens_out"] > 2 * limits["max_tokens"]:
        yield f"used {number['tokens_in'] + number['tokens_out']:g} tokens, allowed are {limits['max_tokens']}"


def broken(attempts: pd.DataFrame) -> list[str]:
    """Attempts that a fault of ours ended."""
    failed = attempts[attempts["ending"] == "failed"]
    return [f"{row['attempt_id']} ({row['workflow']} at {row['task_id']}): {row['reason']}" for row in failed.to_dict("records")]


def unanswered(attempts: pd.DataFrame) -> list[str]:
    """Workflows whose model has not answered once: nothing that is told of them is about the model."""
    found = []
    for title, group in attempts.groupby("workflow"):
        if len(group) and group["ending"].isin(("model_failed", "model_timeout")).all():
            found.append(f"{title}: the model answered in none of {len(group)} attempts ({group['reason'].iloc[0]})")
    return found


def not_repeated(attempts: pd.DataFrame, replays: pd.DataFrame) -> list[str]:
    """Attempts that were not replayed, and replays that differ."""
    replayed = set(replays["attempt_id"])
    found = [f"{each} was not replayed" for each in sorted(set(attempts["attempt_id"]) - replayed)]
    for row in replays.to_dict("records"):
        if not (row["same_state"] and row["same_trace"]):
            where = "; ".join(list(row["differences"])[:3])
            found.append(f"{row['attempt_id']} ({row['workflow']} at {row['task_id']}) differs: {where}")
    return found
