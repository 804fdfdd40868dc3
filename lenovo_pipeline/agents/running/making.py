"""Attempts and replays of a partition as rows: which workflows try which tasks, and what came of it.

Belongs here: the choice of tasks, recordings by content, rows and figures for people. Does not belong here: attempts (bulk.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd

from lenovo_pipeline.agents.running.attempt import Attempt, Step
from lenovo_pipeline.agents.running.builds import Builds
from lenovo_pipeline.agents.running.bulk import Judged, run_tasks, threads_for
from lenovo_pipeline.agents.running.gathering import lanes_beside
from lenovo_pipeline.agents.running.keeping import FORMAT, read_attempts, write_lines
from lenovo_pipeline.agents.running.replaying import Replay, replay
from lenovo_pipeline.agents.running.tables import ATTEMPTS, REPLAYS
from lenovo_pipeline.agents.tasks.task import Task
from lenovo_pipeline.agents.tools.catalogue import SPECS
from lenovo_pipeline.agents.tools.stores import Stores
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.failures import SkippedPartition
from lenovo_pipeline.models.builds import Artifact, earlier, kept
from lenovo_pipeline.resources.beside import Beside
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.store import Store

SIZES: Mapping[str, Mapping[str, int]] = {
    "smoke": {"full": 6, "mobile": 3},
    "default": {"full": 46, "mobile": 5},
    "full": {"full": 1_000, "mobile": 200},
}
"""Tasks that each workflow of support tries, by profile and the workflow's profile."""

KIND, REPLAY_KIND = "agent_attempts", "agent_replays"
_INVALID = ("unknown_tool", "bad_arguments")


@dataclass(frozen=True)
class Made:
    """The attempts of one partition: rows of agents.attempts, the recordings, and workflows that could not run, with why."""

    rows: pd.DataFrame
    attempts: list[Attempt]
    artifacts: list[Artifact]
    skipped: Mapping[str, str]

    @property
    def reused(self) -> bool:
        return all(artifact.reused for artifact in self.artifacts)


def chosen(tasks: Sequence[Task], count: int, seed: int) -> list[Task]:
    """That many tasks, one category after another in turn, those that must be refused spread among the others; the same for the
    same seed.
    """
    by_category: dict[str, list[Task]] = {}
    for task in sorted(tasks, key=lambda each: each.task_id):
        by_category.setdefault(task.category, []).append(task)
    for name, group in by_category.items():
        Random(f"{seed}/{name}").shuffle(group)
    order = _spread(by_category, seed)
    longest = max(map(len, by_category.values()), default=0)
    rounds = (by_category[name][place] for place in range(longest) for name in order if place < len(by_category[name]))
    return sorted(islice(rounds, count), key=lambda each: each.task_id)


def _spread(by_category: Mapping[str, Sequence[Task]], seed: int) -> list[str]:
    """Categories in a seeded order in which any beginning has about as large a share to be refused as the whole."""
    places: dict[str, float] = {}
    for refused in (False, True):
        names = sorted(name for name, group in by_category.items() if group[0].must_refuse == refused)
        Random(f"{seed}/categories/{refused}").shuffle(names)
        places |= {name: (place + 0.5) / len(names) for place, name in enumerate(names)}
    return sorted(places, key=lambda name: (places[name], name))


def make_attempts(
    workflows: Sequence[Workflow],
    tasks: Sequence[Task],
    stores: Callable[[], Stores],
    builds: Builds,
    store: Store,
    *,
    profile: str,
    seed: int,
    read: str,
    concurrency: int,
    beside: Beside | None = None,
    say: Callable[[str], None],
) -> Made:
    """Attempts of all workflows at their tasks; those of the same content are taken over. `read` says what the stores hold: where
    that alone has changed, only attempts whose tools tell something else are made anew.

    `stores` opens them, once they are needed; the processes `beside` this one answer a share of what a small model is asked.
    """
    rows: list[dict[str, Any]] = []
    attempts: list[Attempt] = []
    artifacts: list[Artifact] = []
    skipped: dict[str, str] = {}
    for workflow in workflows:
        picked = chosen(tasks, SIZES[profile][workflow.profile], seed)
        made_by = {
            "format": FORMAT,
            "workflow": workflow.content,
            "tasks": [task.task_id for task in picked],
            "model": builds.identity(workflow.model.build),
            "read": read,
            "code": code_version(run_tasks, whole=True),
        }

        def make(
            folder: Path,
            workflow: Workflow = workflow,
            picked: Sequence[Task] = picked,
            made_by: Mapping[str, Any] = made_by,
        ) -> Mapping[str, Any]:
            backend, about = builds.open(workflow.model.build), builds.about(workflow.model.build)
            at_once = threads_for(concurrency) if about["source"] not in ("folder", "edge") else threads_for(10_000)
            before = earlier(store, KIND, made_by, but=("read", "tasks"))
            recorded = {} if before is None else {each.task_id: each for each in read_attempts(before)}
            # Where attempts are recorded most of them stand, and a process would not be worth its start.
            opening = builds.opening(workflow.model.build) if beside and not recorded else None
            judged = run_tasks(
                workflow,
                picked,
                stores(),
                backend,
                about_model=about,
                recorded=recorded,
                at_once=at_once,
                lanes=lanes_beside(beside, opening) if beside and opening else (),
                say=say,
            )
            say(f"{workflow.title}: {sum(each.as_recorded for each in judged)} attempts would come out as recorded, and stand")
            write_lines(folder, [each.attempt for each in judged])
            return {"rows": [_judged_row(each, workflow) for each in judged]}

        try:
            artifact = kept(store, KIND, made_by, make)
        except SkippedPartition as cannot:
            skipped[workflow.title] = str(cannot)
            continue
        say(f"{workflow.title}: {len(picked)} attempts{' re-used' if artifact.reused else ''}")
        artifacts.append(artifact)
        attempts += read_attempts(artifact.folder)
        model = builds.foundation["model"]
        rows += [{"model": model, "path": artifact.path, **row} for row in artifact.made_by["report"]["rows"]]
    return Made(pd.DataFrame(rows, columns=list(ATTEMPTS.column_names)), attempts, artifacts, skipped)


def make_replays(attempts: pd.DataFrame, workflows: Mapping[str, Workflow], store: Store) -> tuple[pd.DataFrame, int]:
    """Every recorded attempt run again from its recording, and how many of these replays were taken over: what was replayed by
    the same code comes out the same.
    """
    rows: list[dict[str, Any]] = []
    reused = 0
    for path, of_folder in attempts.groupby("path"):
        of = {(row["workflow"], row["task_id"]) for row in of_folder.to_dict("records")}
        made_by = {
            "format": FORMAT,
            "attempts": sorted(of_folder["attempt_id"]),
            "workflows": {title: workflows[title].content for title in sorted(of_folder["workflow"].unique())},
            "code": code_version(replay, whole=True),
        }

        def make(folder: Path, path: str = str(path)) -> Mapping[str, Any]:
            recordings = read_attempts(store.root / path)
            found = [(each, replay(each, workflows[each.workflow], SPECS)) for each in recordings]
            return {"rows": [_replay_row(recorded, again) for recorded, again in found]}

        artifact = kept(store, REPLAY_KIND, made_by, make)
        mine = [row for row in artifact.made_by["report"]["rows"] if (row["workflow"], row["task_id"]) in of]
        reused += artifact.reused * len(mine)
        rows += [{"model": str(of_folder["model"].iloc[0]), **row} for row in mine]
    return pd.DataFrame(rows, columns=list(REPLAYS.column_names)), reused


def _replay_row(recorded: Attempt, again: Replay) -> dict[str, Any]:
    return {
        "workflow": recorded.workflow,
        "task_id": recorded.task_id,
        "attempt_id": recorded.attempt_id,
        "same_state": again.same_state,
        "same_trace": again.same_trace,
        "differences": list(again.differences),
    }


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """For each workflow: attempts, success, who decided, tokens and time; the mobile one beside the full one."""
    told = []
    for title, group in rows.groupby("workflow"):
        decided = int(group["steps_by_model"].sum() + group["steps_by_code"].sum())
        told.append(
            {
                "workflow": title,
                "attempts": len(group),
                "success": round(float(group["success"].mean()), 3),
                "steps": round(float(group["steps"].mean()), 1),
                "decided by the model": f"{group['steps_by_model'].sum() / max(decided, 1):.0%}",
                "tokens": round(float((group["tokens_in"] + group["tokens_out"]).mean())),
                "seconds p50": round(float(group["seconds"].median()), 2),
                "model s": round(float(group["model_seconds"].mean()), 2),
                "tools s": round(float(group["tool_seconds"].mean()), 3),
                "leaks": int(group["leaks"].sum()),
            }
        )
    return pd.DataFrame(told)


def _judged_row(judged: Judged, workflow: Workflow) -> dict[str, Any]:
    attempt, outcome, task = judged.attempt, judged.outcome, judged.task
    by = _decided(attempt.steps)
    return {
        "workflow": workflow.title,
        "task_id": task.task_id,
        "attempt_id": attempt.attempt_id,
        "framework": workflow.framework,
        "profile": workflow.profile,
        "build": workflow.model.build,
        "category": task.category,
        "feasible": task.feasible,
        "ending": attempt.ending,
        "reason": attempt.reason,
        "success": outcome.success,
        "goal_reached": outcome.goal_reached,
        "right_refusal": outcome.right_refusal,
        "refused": outcome.refused,
        "wrong_effects": outcome.wrong_effects,
        "leaks": len(outcome.leaked),
        "recovered": outcome.recovered,
        "shortfall": "; ".join(outcome.reasons) or None,
        "steps": len(attempt.steps),
        "steps_by_model": by["model"],
        "steps_by_code": by["code"],
        "calls": len(attempt.tool_calls),
        "valid_calls": sum(call.error_kind not in _INVALID for call in attempt.tool_calls),
        "tokens_in": attempt.tokens_in,
        "tokens_out": attempt.tokens_out,
        "seconds": attempt.seconds,
        "model_seconds": attempt.model_seconds,
        "tool_seconds": attempt.tool_seconds,
        "framework_seconds": attempt.framework_seconds,
        "cost": attempt.cost,
    }


def _decided(steps: Sequence[Step]) -> dict[str, int]:
    return {by: sum(step.decided_by == by for step in steps) for by in ("code", "model")}
