"""Tasks as rows of agents.tasks, and back.

Belongs here: the table's form. Does not belong here: making tasks (make.py).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lenovo_pipeline.agents.tables import TASKS
from lenovo_pipeline.agents.tasks.make import Made
from lenovo_pipeline.agents.tasks.task import Split, Task


def task_rows(made: Sequence[Made]) -> pd.DataFrame:
    """The rows of agents.tasks."""
    return pd.DataFrame([_row(one) for one in made], columns=list(TASKS.column_names))


def _row(made: Made) -> dict[str, Any]:
    task = made.task
    return {
        "task_id": task.task_id,
        "split": task.split,
        "category": task.category,
        "language": task.language,
        "steps": task.steps,
        "writes": task.writes,
        "refusal": task.refusal,
        "faulty": task.fault is not None,
        "turns": list(task.turns),
        "cluster": task.cluster,
        "today": pd.Timestamp(task.today),
        "evidence_ids": list(task.evidence),
        "task": task.as_dict(),
        "conversation": [dict(message) for message in made.conversation],
        "reference_problems": list(made.problems),
    }


def tasks_of(rows: pd.DataFrame, split: Split) -> list[Task]:
    """The tasks of a split, in the order of their ids."""
    chosen = rows[rows["split"] == split].sort_values("task_id")
    return [Task.from_dict(_value(each)) for each in chosen["task"]]


def conversations_of(rows: pd.DataFrame, split: Split) -> list[list[Mapping[str, Any]]]:
    """The conversations of the reference solutions of a split, in the order of the tasks' ids."""
    chosen = rows[rows["split"] == split].sort_values("task_id")
    return [_value(each) for each in chosen["conversation"]]


def _value(stored: Any) -> Any:
    return json.loads(stored) if isinstance(stored, str) else stored
