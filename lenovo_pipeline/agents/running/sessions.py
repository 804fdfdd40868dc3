"""A run that is looked at: its checkpoints in a file, the state at each, breakpoints, single steps, changes, forks.

Belongs here: sessions of LangGraph workflows. Does not belong here: recordings of any framework side by side, forks by
recording (debugging.py), the command line (agents/__main__.py).

A session needs no store to be looked at. To go on, it is given a toolbox and a model: what the calls so far wrote is done again
in the new sandbox first, so that it holds what it held at that checkpoint.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.running.attempt import Attempt
from lenovo_pipeline.agents.running.checkpoints import checkpoint_file, note_of
from lenovo_pipeline.agents.running.langgraph_runtime import attempt_of, build_graph, config_of, goes_on
from lenovo_pipeline.agents.running.models import RecordedModel
from lenovo_pipeline.agents.running.state import SETTABLE, new_turn
from lenovo_pipeline.agents.running.work import Running
from lenovo_pipeline.agents.tools.interface import ToolCallRecord
from lenovo_pipeline.agents.tools.replaying import ReplayToolbox
from lenovo_pipeline.agents.workflows.definition import Workflow
from lenovo_pipeline.failures import PermanentFailure

THREAD = "attempt"


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint: its number from the oldest, what comes next, what was done before it. A fork's parent is not the last."""

    number: int
    checkpoint_id: str
    parent: int | None
    turn: int | None
    next: tuple[str, ...]
    did: str
    waits: bool
    source: str


def begin(path: Path, workflow: Workflow, turns: Sequence[str], **about: Any) -> None:
    """Make the file of a session that has not begun. `about` is kept with it: task, setup, model (JSON values).

    Raises PermanentFailure for a workflow that has no checkpoints, and if the file is there.
    """
    if workflow.framework != "langgraph":
        raise PermanentFailure(
            f"{workflow.title} is a smolagents workflow, which keeps no checkpoints",
            remedy="Look at its steps with `show`, and fork it with `fork`.",
        )
    if path.exists():
        raise PermanentFailure(f"there is a session {path.stem} already", remedy="Name another one, or delete its file.")
    note = {"workflow": workflow.as_dict(), "turns": list(turns), **about}
    with checkpoint_file(path, note=json.dumps(note, ensure_ascii=False)):
        pass


def note(path: Path) -> dict[str, Any]:
    """What a session was begun with; `workflow` is the definition."""
    found = note_of(path)
    return {**found, "workflow": Workflow.from_dict(found["workflow"])}


def checkpoints(path: Path) -> list[Checkpoint]:
    """All checkpoints of a session, the oldest first."""
    with _looking(path) as graph:
        history = sorted(graph.get_state_history(config_of(THREAD)), key=lambda each: _id(each.config))
    numbers = {_id(each.config): number for number, each in enumerate(history)}
    found = []
    for number, each in enumerate(history):
        trace = each.values.get("trace", ())
        parent = numbers.get(_id(each.parent_config)) if each.parent_config else None
        before = len(history[parent].values.get("trace", ())) if parent is not None else 0
        did = "; ".join(f"{step['node']}: {step['did']}" for step in trace[before:])
        source = str((each.metadata or {}).get("source", ""))
        waits = any(task.interrupts for task in each.tasks)
        found.append(Checkpoint(number, _id(each.config), parent, each.values.get("turn"), tuple(each.next), did, waits, source))
    return found


def state_at(path: Path, number: int | None = None) -> dict[str, Any]:
    """The state at a checkpoint (None: the last one). Raises PermanentFailure for a number that there is none of."""
    with _looking(path) as graph:
        return dict(graph.get_state(_config(path, number)).values)


def change(path: Path, changes: Mapping[str, Any], number: int | None = None) -> None:
    """Change the state at a checkpoint: a fork begins there, which is gone on from; what came after it stays to be looked at.

    Raises PermanentFailure for fields that may not be set.
    """
    wrong = [name for name in changes if name not in SETTABLE]
    if wrong:
        raise PermanentFailure(
            f"{', '.join(wrong)} cannot be set", remedy=f"Set one of {', '.join(SETTABLE)}; the record of what was done stays."
        )
    with _looking(path) as graph:
        config = _config(path, number)
        last = graph.get_state(config).values.get("trace", ())
        graph.update_state(config, dict(changes), as_node=last[-1]["node"] if last else None)


def go_on(
    path: Path,
    running: Running,
    *,
    before: Sequence[str] = (),
    single: bool = False,
    say: str | None = None,
    agreed: bool | None = None,
) -> Attempt:
    """Go on from the last checkpoint to the end, or to a breakpoint; the attempt so far (`waiting` where it stopped).

    `before` names nodes to stop before, `single` stops before every one. `say` is another turn of the user; `agreed` answers a
    call that waits for approval. Raises PermanentFailure for what does not fit the state of the session.
    """
    workflow = running.workflow
    nodes = [node.id for node in workflow.nodes]
    unknown = [name for name in before if name not in nodes]
    if unknown:
        raise PermanentFailure(f"there is no node {', '.join(unknown)}", remedy=f"Nodes are {', '.join(nodes)}.")
    noted = note(path)
    with checkpoint_file(path) as saver:
        graph = build_graph(running, saver, before=tuple(nodes) if single else tuple(before))
        config = config_of(THREAD)
        at = graph.get_state(config)
        again(running, at.values.get("calls", ()))
        given = _given(at, noted["turns"], say, agreed)
        done = len(at.values.get("trace", ()))
        state = graph.invoke(given, config)
        if single and len(state.get("trace", ())) == done and not any(task.interrupts for task in graph.get_state(config).tasks):
            # A turn has only begun: the step is its first node.
            state = graph.invoke(None, config)
        turns = list(noted["turns"])
        while not single and not graph.get_state(config).next and goes_on(state) and state["turn"] + 1 < len(turns):
            state = graph.invoke(new_turn(turns[state["turn"] + 1], state["turn"] + 1), config)
        reached = graph.get_state(config)
    values = dict(reached.values)
    asked = tuple(turns[: values["turn"] + 1]) if values["turn"] < len(turns) else (*turns, values["request"])
    about = {"task_id": noted.get("task_id", ""), "model": noted.get("model", {}), "setup": noted.get("setup", {})}
    if reached.next:
        waits = any(task.interrupts for task in reached.tasks)
        reason = "a call waits for a person" if waits else f"stopped before {', '.join(reached.next)}"
        values["ended"] = {"ending": "waiting", "reason": reason}
    return attempt_of(values, running, asked, **about)


def again(running: Running, calls: Sequence[Mapping[str, Any]]) -> None:
    """Do again, in a new sandbox, what was called before. Raises PermanentFailure where a store now answers otherwise."""
    differ = []
    for call in calls:
        result = running.toolbox.call(call["tool"], call["arguments"], request_id=call.get("request_id"))
        if result.ok != call["ok"]:
            differ.append(f"{call['tool']} was {'done' if call['ok'] else call['error_kind']}, now {result.error_kind or 'done'}")
    if differ:
        raise PermanentFailure(
            f"what was called before cannot be done again: {'; '.join(differ)}",
            remedy="The stores have changed since; start a new session.",
        )


def _given(at: Any, turns: Sequence[str], say: str | None, agreed: bool | None) -> Any:
    """What the graph is given to go on: a turn, an answer to what waits, or nothing."""
    from langgraph.types import Command

    waits = any(task.interrupts for task in at.tasks)
    if waits and agreed is None:
        raise PermanentFailure("a call waits for a person", remedy="Approve or decline it.")
    if agreed is not None:
        if not waits:
            raise PermanentFailure("no call waits for a person", remedy="Use `continue` or `step`.")
        return Command(resume=agreed)
    if say is not None:
        if at.next:
            raise PermanentFailure("the last turn is not over", remedy="Use `continue` or `step` first.")
        return new_turn(say, at.values["turn"] + 1 if at.values else 0)
    if not at.values:
        return new_turn(turns[0], 0)
    if at.next:
        return None
    following = at.values["turn"] + 1
    if goes_on(at.values) and following < len(turns):
        return new_turn(turns[following], following)
    raise PermanentFailure("the session is over", remedy="Say something more with `say`, or fork it at an earlier checkpoint.")


@contextmanager
def _looking(path: Path) -> Iterator[Any]:
    """The graph of a session, to be looked at: its model and tools cannot be used."""
    noted = note(path)
    workflow: Workflow = noted["workflow"]
    toolbox = ReplayToolbox((), ())
    try:
        with checkpoint_file(path) as saver:
            yield build_graph(Running(workflow, toolbox, RecordedModel(())), saver)
    finally:
        toolbox.close()


def _config(path: Path, number: int | None) -> dict[str, Any]:
    if number is None:
        return config_of(THREAD)
    found = checkpoints(path)
    if not 0 <= number < len(found):
        raise PermanentFailure(
            f"{path.stem} has no checkpoint {number}",
            remedy=f"It has 0 to {len(found) - 1}." if found else "It has not begun yet.",
        )
    return config_of(THREAD, checkpoint=found[number].checkpoint_id)


def _id(config: Mapping[str, Any]) -> str:
    return str(config["configurable"]["checkpoint_id"])


def recorded_calls(path: Path) -> tuple[ToolCallRecord, ...]:
    """The tool calls of a session so far."""
    return tuple(ToolCallRecord.from_dict(call) for call in state_at(path).get("calls", ()))
