"""The floors of agent workflows: the same workflows at some of the same tasks, with nobody or with chance in the model's place.

Belongs here: opening stand-ins as a workflow opens builds. Does not belong here: what they are (agents/tasks/stand_ins.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lenovo_pipeline.agents.running.builds import Builds
from lenovo_pipeline.agents.running.making import chosen, make_attempts
from lenovo_pipeline.agents.running.run import about
from lenovo_pipeline.agents.tasks.stand_ins import NoOp, RandomModel, StandIn
from lenovo_pipeline.agents.tasks.task import Task
from lenovo_pipeline.agents.tools.stores import Stores
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.resources.inference import Backend, Inference
from lenovo_pipeline.resources.store import Store

SIZES: Mapping[str, int] = {"smoke": 6, "default": 24, "full": 400}
"""Tasks that each stand-in is given in each workflow, by profile."""


@dataclass
class StandInBuilds(Builds):
    """A stand-in wherever a workflow asks for a build of the model."""

    stand_in: StandIn = NoOp()  # noqa: RUF009 (it has no state)

    def identity(self, build: str) -> dict[str, Any]:
        return {"stand_in": self.stand_in.name, "version": 2}

    def open(self, build: str) -> Backend:
        return self.stand_in

    def about(self, build: str) -> dict[str, Any]:
        return about(self.stand_in.identity(), **self.identity(build))


def floors(
    model: str,
    workflows: Sequence[Workflow],
    tasks: Sequence[Task],
    stores: Callable[[], Stores],
    inference: Inference,
    store: Store,
    *,
    profile: str,
    seed: int,
    read: str,
    say: Callable[[str], None],
) -> dict[str, pd.DataFrame]:
    """Rows of attempts (contract agents.attempts) by kind of stand-in; those of the same content are taken over."""
    some = chosen(tasks, SIZES[profile], seed)
    found = {}
    for stand_in in (NoOp(), RandomModel(seed)):

        def told(line: str, name: str = stand_in.name) -> None:
            say(f"{name}: {line}")

        builds = StandInBuilds({"model": model}, {}, None, inference, store, stand_in=stand_in)
        made = make_attempts(
            [each for each in workflows if each.profile == "full"],
            some,
            stores,
            builds,
            store,
            profile=profile,
            seed=seed,
            read=read,
            concurrency=1,
            say=told,
        )
        found[stand_in.name] = made.rows
    return found
