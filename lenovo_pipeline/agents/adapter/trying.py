"""What an adapter is worth before a run takes it over: real attempts at tasks of a split, judged by the state that they leave.

Belongs here: those attempts and their figures by category, as a table and as what went wrong. Does not belong here: attempts of
a run (agents/running/making.py) and its scores (evaluation/agentic).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from lenovo_pipeline.agents.adapter.teaching import opened_world
from lenovo_pipeline.agents.running.bulk import Judged, run_tasks
from lenovo_pipeline.agents.running.replaying import replay
from lenovo_pipeline.agents.tables import TASKS
from lenovo_pipeline.agents.tasks.keeping import tasks_of
from lenovo_pipeline.agents.tasks.task import Split
from lenovo_pipeline.agents.tools.catalogue import SPECS
from lenovo_pipeline.agents.workflows.library import read_library
from lenovo_pipeline.measures.statistics.bootstrap import cluster_bootstrap
from lenovo_pipeline.resources.inference.local import open_local
from lenovo_pipeline.settings import Settings

WORKFLOWS = ("device_support", "support_triage")
_HELD_BACK = 330


def tried(
    settings: Settings,
    base: Path,
    adapter: Path | None,
    split: Split | Literal["held-back"],
    *,
    workflows: Sequence[str] = WORKFLOWS,
    most: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Judged]:
    """An attempt of each workflow at the tasks of the split that the last run made (the first `most` by their ids, which are
    hashes), by the model in the folder `base` with an adapter's folder, or alone. "held-back" are tasks made anew, in the
    wordings of patterns that the long training does not learn from: what is to be changed is chosen by these.
    """
    library = read_library(folder=settings.workflows)
    backend = open_local(base, adapter)
    try:
        with opened_world(settings) as world:
            if split == "held-back":
                tasks = [made.task for made in world.made({"validation": most or _HELD_BACK}, settings.seed)]
            else:
                tasks = tasks_of(world.warehouse.load(TASKS), split)[:most]
            about = {"model": base.name, "adapter": None if adapter is None else adapter.name}
            found = []
            for title in workflows:
                found += run_tasks(library.workflow(title), tasks, world.stores, backend, about_model=about, say=say)
            return found
    finally:
        backend.close()


def by_category(found: Sequence[Judged], *, seed: int) -> pd.DataFrame:
    """For each workflow and part (all, feasible tasks of one step and of several, what must be refused, each category): attempts,
    success with its 95 % interval, resampled by what tasks are about, refusals of what can be done, wrong effects, leaks.
    """
    rows: list[dict[str, Any]] = []
    for workflow in dict.fromkeys(each.attempt.workflow for each in found):
        mine = [each for each in found if each.attempt.workflow == workflow]
        parts = {"all": mine}
        for each in mine:
            task = each.task
            parts.setdefault("must be refused" if task.must_refuse else f"feasible, {task.steps}", []).append(each)
        for each in sorted(mine, key=lambda one: one.task.category):
            parts.setdefault(f"- {each.task.category}", []).append(each)
        rows += [{"workflow": workflow, "part": part, **_figures(some, seed)} for part, some in sorted(parts.items(), key=_place)]
    return pd.DataFrame(rows)


def _place(part: tuple[str, Any]) -> tuple[int, str]:
    order = ("all", "feasible, single", "feasible, multi", "must be refused")
    return order.index(part[0]) if part[0] in order else len(order), part[0]


def _figures(some: Sequence[Judged], seed: int) -> dict[str, Any]:
    values = [float(each.outcome.success) for each in some]
    clusters = [each.task.cluster for each in some]
    interval = ""
    if len(set(clusters)) > 1:
        found = cluster_bootstrap(values, clusters, seed=seed)
        interval = f"{found.low:.2f} to {found.high:.2f}"
    return {
        "attempts": len(some),
        "success": f"{sum(values) / len(values):.3f}",
        "interval": interval,
        "refused though feasible": sum(each.outcome.refused and each.task.feasible for each in some),
        "wrong effects": sum(each.outcome.wrong_effects > 0 for each in some),
        "leaks": sum(len(each.outcome.leaked) for each in some),
    }


def replayed(found: Sequence[Judged], settings: Settings) -> str:
    """Each attempt run again from its recording, without model and stores: how many left the same state by the same trace."""
    library = read_library(folder=settings.workflows)
    again = [replay(each.attempt, library.workflow(each.attempt.workflow), SPECS) for each in found]
    states, traces = sum(each.same_state for each in again), sum(each.same_trace for each in again)
    return f"replayed {len(again)} attempts: {states} left the same state, {traces} by the same trace"


def failures(found: Sequence[Judged], most: int = 40) -> list[str]:
    """Attempts that did not succeed, in words: what was asked, what was called and said, and what is missing."""
    lines = []
    for each in [one for one in found if not one.outcome.success][:most]:
        did = [
            f"{call.tool} {dict(call.arguments)} -> {' '.join(call.result_text.split())[:80]}" for call in each.attempt.tool_calls
        ]
        did += [f"says {answer[:80]!r}" for answer in each.attempt.answers]
        lines.append(
            "\n    ".join(
                [
                    f"{each.task.task_id} {each.attempt.workflow} {each.task.category}: {' / '.join(each.task.turns)}",
                    *did,
                    f"=> {each.attempt.ending}; {'; '.join(each.outcome.reasons)}",
                ]
            )
        )
    return lines
