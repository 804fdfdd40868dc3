"""Replaying an attempt from its recording: no model, no stores, and the same states and trace, or where they differ.

Belongs here: the replay and its verdict. Does not belong here: recorded tools (tools/replaying.py), recorded models (models.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.running.attempt import Attempt
from lenovo_pipeline.agents.running.models import RecordedModel
from lenovo_pipeline.agents.running.run import run
from lenovo_pipeline.agents.tools.interface import ToolSpec
from lenovo_pipeline.agents.tools.replaying import ReplayToolbox
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.failures import PermanentFailure

_MOST_DIFFERENCES = 20


@dataclass(frozen=True)
class Replay:
    """A replay: the attempt that came of it, whether the state and the trace are those of the recording, and where not."""

    attempt: Attempt
    same_state: bool
    same_trace: bool
    differences: tuple[str, ...]

    @property
    def identical(self) -> bool:
        return self.same_state and self.same_trace


def replay(
    recorded: Attempt,
    workflow: Workflow,
    specs: Sequence[ToolSpec],
    *,
    checkpoints: Path | None = None,
    entries: Sequence[dict[str, Any]] = (),
) -> Replay:
    """Run an attempt again from its recording. Raises PermanentFailure if the workflow is not the one that was recorded."""
    require_same(recorded, workflow)
    toolbox = ReplayToolbox(
        recorded.tool_calls, [spec for spec in specs if spec.name in workflow.tools], recorded.setup, limits=workflow.budgets
    )
    model = RecordedModel(recorded.model_calls)
    links, granted = iter(recorded.links), iter(recorded.granted)
    waits = recorded.ending == "waiting"
    try:
        again = run(
            workflow,
            recorded.turns,
            toolbox,
            model,
            # Where nobody had agreed yet, nobody agrees now.
            approver=None if waits and not recorded.granted else lambda call: next(granted, False),
            link=lambda text: [dict(each) for each in next(links, [])],
            entries=entries or recorded.entries,
            task_id=recorded.task_id,
            about_model=recorded.model,
            setup=recorded.setup,
            checkpoints=checkpoints,
            in_order=True,
        )
    finally:
        toolbox.close()
    said = [*toolbox.differences, *model.differs]
    if toolbox.left > 0:
        said.append(f"{toolbox.left} recorded tool calls were not made again")
    if model.place < len(recorded.model_calls):
        said.append(f"{len(recorded.model_calls) - model.place} recorded answers of the model were not asked for")
    first, second = recorded.repeated(), again.repeated()
    same_state = first["state"] == second["state"]
    found = list(differences(first, second))
    return Replay(again, same_state, not found and not said, tuple([*said, *found][:_MOST_DIFFERENCES]))


def require_same(recorded: Attempt, workflow: Workflow) -> None:
    """Raises PermanentFailure if a recording is of another workflow, or of another content of it."""
    if (recorded.workflow, recorded.workflow_content) != (workflow.title, workflow.content):
        raise PermanentFailure(
            f"the recording is of {recorded.workflow} {recorded.workflow_content}, here is {workflow.title} {workflow.content}",
            remedy="Restore the definition that it was made with, or make the attempts anew.",
        )


def differences(first: Any, second: Any, place: str = "") -> Iterator[str]:
    """Each place at which two JSON values differ, with both."""
    if isinstance(first, dict) and isinstance(second, dict):
        for name in sorted({*first, *second}):
            if name not in first or name not in second:
                yield f"{place}.{name}".lstrip(".") + f" is only in the {'first' if name in first else 'second'}"
            else:
                yield from differences(first[name], second[name], f"{place}.{name}".lstrip("."))
    elif isinstance(first, list) and isinstance(second, list):
        missing = object()
        for number, (one, other) in enumerate(zip_longest(first, second, fillvalue=missing)):
            if one is missing or other is missing:
                yield f"{place} has {len(first)} entries in the first and {len(second)} in the second"
                return
            yield from differences(one, other, f"{place}[{number}]")
    elif first != second:
        yield f"{place} is {str(first)[:120]!r} in the first and {str(second)[:120]!r} in the second"
