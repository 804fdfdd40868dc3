"""Many attempts at once: tasks in threads, the model's answers gathered into batches, each attempt judged by the state it leaves.

Belongs here: who runs when, that one attempt's failure stays its own, and that none is made again which would come out the same.
Does not belong here: one attempt (run.py), judging.
"""

import os
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lenovo_pipeline.agents.running.attempt import Attempt
from lenovo_pipeline.agents.running.gathering import Gathering, Lane
from lenovo_pipeline.agents.running.models import RecordedModel
from lenovo_pipeline.agents.running.run import run
from lenovo_pipeline.agents.running.work import LinkNames, no_links
from lenovo_pipeline.agents.tasks.judge import check
from lenovo_pipeline.agents.tasks.task import Outcome, Task
from lenovo_pipeline.agents.tools.stores import Stores
from lenovo_pipeline.agents.tools.toolbox import open_toolbox
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.resources.inference.backend import Backend

AT_ONCE = 16
"""Attempts under way: as many as a small model answers together."""

_BY_CHANCE = ("over_budget", "model_failed", "model_timeout", "failed")
"""Endings that time or a server may have brought about: who tries again may come further."""


@dataclass(frozen=True)
class Judged:
    """An attempt with what it came to; `as_recorded` says that it was made before, and no model was asked."""

    task: Task
    attempt: Attempt
    outcome: Outcome
    as_recorded: bool = False


def run_tasks(
    workflow: Workflow,
    tasks: Sequence[Task],
    stores: Stores,
    backend: Backend,
    *,
    about_model: Mapping[str, Any],
    recorded: Mapping[str, Attempt] | None = None,
    at_once: int = AT_ONCE,
    lanes: Sequence[Lane] = (),
    say: Callable[[str], None] = lambda line: None,
) -> list[Judged]:
    """An attempt at each task, in the order of the tasks. Raises what a store raises that is gone. `lanes` answer beside the
    backend (Gathering).

    `recorded` are attempts of this workflow and model by task: one that would come out the same stands (`attempt_again`).
    """
    waiting: queue.SimpleQueue[tuple[int, Task]] = queue.SimpleQueue()
    for number, task in enumerate(tasks):
        waiting.put((number, task))
    done: dict[int, Judged] = {}
    failed: list[BaseException] = []
    stop = threading.Event()
    link = linking(stores)
    known = recorded or {}

    def judged(task: Task, gathered: Gathering) -> Judged:
        before = known.get(task.task_id)
        stands = None if before is None else attempt_again(workflow, task, stores, before, link=link)
        if stands is not None:
            return stands
        with gathered.attempt():
            return attempt_at(workflow, task, stores, gathered, about_model=about_model, link=link)

    def work(gathered: Gathering) -> None:
        while not stop.is_set():
            try:
                number, task = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done[number] = judged(task, gathered)
            except BaseException as error:
                failed.append(error)
                stop.set()

    with Gathering(backend, at_once, lanes) as gathered:
        workers = [threading.Thread(target=work, args=(gathered,), daemon=True) for _ in range(min(at_once, len(tasks)))]
        for worker in workers:
            worker.start()
        told = time.monotonic()
        try:
            while any(worker.is_alive() for worker in workers):
                for worker in workers:
                    worker.join(0.2)
                if time.monotonic() - told > 10:
                    told = time.monotonic()
                    say(f"{workflow.title}: {len(done)} of {len(tasks)} attempts")
        finally:
            stop.set()
    if failed:
        raise failed[0]
    return [done[number] for number in range(len(tasks))]


def attempt_at(
    workflow: Workflow,
    task: Task,
    stores: Stores,
    backend: Any,
    *,
    about_model: Mapping[str, Any],
    link: LinkNames = no_links,
    **more: Any,
) -> Judged:
    """One attempt at a task in a sandbox of its own, judged."""
    toolbox = open_toolbox(stores, task, limits=workflow.budgets, tools=workflow.tools)
    try:
        attempt = run(
            workflow,
            task.turns,
            toolbox,
            backend,
            link=link,
            task_id=task.task_id,
            about_model=about_model,
            setup=task.as_dict()["setup"],
            **more,
        )
        return Judged(task, attempt, check(task, toolbox.sandbox, toolbox.records, attempt.answers, stores))
    finally:
        toolbox.close()


def attempt_again(
    workflow: Workflow, task: Task, stores: Stores, recorded: Attempt, *, link: LinkNames = no_links
) -> Judged | None:
    """A recorded attempt as it was, times included, judged by what the stores hold now: if its tools, asked once more, tell
    the same, and so the model would be asked the same. None if anything differs. No model is asked.
    """
    if recorded.ending in _BY_CHANCE:
        return None
    model = RecordedModel(recorded.model_calls)
    again = attempt_at(workflow, task, stores, model, about_model=recorded.model, link=link, in_order=True)
    if model.differs or again.attempt.repeated() != recorded.repeated():
        return None
    return replace(again, attempt=recorded, as_recorded=True)


def linking(stores: Stores) -> LinkNames:
    """What a text names, by the linker of retrieval."""
    from lenovo_pipeline.retrieval.words import plain

    def link(text: str) -> list[dict[str, Any]]:
        return [
            {"kind": each.kind, "ids": list(each.ids), "surface": each.surface}
            for each in stores.register.linker.find(plain(text))
            if not each.inside
        ]

    return link


def threads_for(concurrency: int) -> int:
    """How many attempts run at once against a server that takes as many requests."""
    return max(1, min(AT_ONCE, concurrency, 4 * (os.cpu_count() or 1)))
