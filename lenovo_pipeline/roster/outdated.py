"""Which scores are of data that have changed since they were made: an evaluation of an older version is no evidence.

Belongs here: comparing what was asked with what would be asked now. Nothing is asked. Does not belong here: what follows from it
(entries.py, rules.py).
"""

from collections.abc import Mapping

import pandas as pd

from lenovo_pipeline.evaluation.items import hashes_now
from lenovo_pipeline.evaluation.tables import SCORES

_OF_QUESTIONS = "gold_questions: its scores are of questions or passages that have changed since"


def outdated_scores(
    headers: pd.DataFrame, items: pd.DataFrame, questions: pd.DataFrame, chunks: pd.DataFrame
) -> dict[str, list[str]]:
    """By candidate, what its scores of the gold questions are not of; `headers`: rows of evaluation.headers, the others those of
    ITEMS, QUESTIONS and CHUNKS as they are now.
    """
    expected = hashes_now(items, questions, chunks)
    mine = headers[headers["kind"].isin(SCORES)]
    asked = zip(mine["candidate"], mine["kind"], mine["items_hash"], strict=True)
    return {str(candidate): [_OF_QUESTIONS] for candidate, kind, found in asked if found not in expected[kind]}


def outdated_attempts(
    agentic: pd.DataFrame | None, attempts: pd.DataFrame | None, tasks: pd.DataFrame | None
) -> dict[str, list[str]]:
    """By agent, how many of the tasks that it attempted there are not any more: a task's id is made from its content.

    The rows are those of evaluation.agentic_workflow, agents.attempts and agents.tasks; None where a table was never made.
    """
    if agentic is None or attempts is None or tasks is None:
        return {}
    known = set(tasks["task_id"])
    found: dict[str, list[str]] = {}
    for row in agentic[agentic["kind"] == "model"].drop_duplicates("candidate").to_dict("records"):
        mine = attempts[(attempts["model"] == row["model"]) & (attempts["workflow"] == row["workflow"])]
        gone = int((~mine["task_id"].isin(known)).sum())
        if gone or mine.empty:
            found[str(row["candidate"])] = [f"agent_tasks: {gone} of {len(mine)} tasks that it attempted have changed since"]
    return found


def together(*found: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Several of these as one."""
    names = sorted({name for each in found for name in each})
    return {name: [said for each in found for said in each.get(name, [])] for name in names}
