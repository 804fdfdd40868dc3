"""Running a workflow at a task: whatever framework it is of, an attempt comes back, with a reason why it ended.

Belongs here: the one way in. Does not belong here: frameworks (*_runtime.py), many at once (bulk.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.running import langgraph_runtime, smolagents_runtime
from lenovo_pipeline.agents.running.attempt import Attempt
from lenovo_pipeline.agents.running.checkpoints import checkpoint_file
from lenovo_pipeline.agents.running.models import Answering, LiveModel, Model
from lenovo_pipeline.agents.running.work import Approver, LinkNames, Running, no_links
from lenovo_pipeline.agents.tools.interface import Toolbox
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.resources.inference.messages import ModelIdentity


def grant(call: Mapping[str, Any]) -> bool:
    """The approver of runs without a person: every call may be made, and the attempt says who agreed."""
    return True


def run(
    workflow: Workflow,
    turns: Sequence[str],
    toolbox: Toolbox,
    model: Answering | Model,
    *,
    approver: Approver | None = grant,
    link: LinkNames = no_links,
    entries: Sequence[Mapping[str, Any]] = (),
    task_id: str = "",
    about_model: Mapping[str, Any] | None = None,
    setup: Mapping[str, Any] | None = None,
    checkpoints: Path | None = None,
    in_order: bool = False,
) -> Attempt:
    """One attempt of a workflow at the turns of a task, with a toolbox that the caller opens and closes.

    Never raises for what a model, a tool or a framework does wrong: `ending` and `reason` say it. `approver` None: a call that
    needs approval interrupts the attempt (`waiting`). `checkpoints` is a file to keep LangGraph's checkpoints in. `in_order` runs
    parallel branches one after another, as replays must.
    """
    asked: Model = model if hasattr(model, "ask") else LiveModel(model)  # type: ignore[assignment]
    running = Running(workflow, toolbox, asked, approver, link, tuple(entries))
    about: dict[str, Any] = {
        "task_id": task_id,
        "model": dict(about_model or {}),
        "setup": dict(setup or {}),
        "approvals": "granted by the setting of the run" if approver is grant else "given by a person",
    }
    if workflow.framework == "smolagents":
        done, seconds = smolagents_runtime.run_turns(running, tuple(turns))
        return smolagents_runtime.attempt_of(done, tuple(turns), seconds=seconds, **about)
    with checkpoint_file(checkpoints) as saver:
        state, seconds = langgraph_runtime.run_turns(running, tuple(turns), saver, in_order=in_order)
    return langgraph_runtime.attempt_of(state, running, tuple(turns), seconds=seconds, **about)


def about(identity: ModelIdentity, /, **more: Any) -> dict[str, Any]:
    """What an attempt says of its model: who answered, and `more`, such as its adapter."""
    said = asdict(identity)
    return {name: said[name] for name in ("source", "revision", "tokenizer_hash", "template_hash", "parameters")} | more
