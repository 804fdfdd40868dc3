"""Workflows as LangGraph graphs: built from a definition, run turn by turn, and told as an attempt.

Belongs here: from definition to graph, and from a graph's state to an attempt. Does not belong here: what nodes do (nodes.py,
roles.py), checkpoint files (checkpoints.py), looking at and changing a run (debugging.py).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from lenovo_pipeline.agents.running.attempt import Attempt, ModelCall, Step
from lenovo_pipeline.agents.running.nodes import NODES, Did, holds
from lenovo_pipeline.agents.running.roles import ROLES
from lenovo_pipeline.agents.running.state import State, branch, new_turn
from lenovo_pipeline.agents.running.work import Running, Work
from lenovo_pipeline.agents.tools.interface import ToolCallRecord
from lenovo_pipeline.agents.workflows.definition import END, Edge, Node
from lenovo_pipeline.agents.workflows.vocabulary import LISTS

DOERS = {**NODES, **ROLES}
"""What each kind of node does."""

_MOST_STEPS = 400
"""Of the graph in one turn; budgets end an attempt long before."""

_ENDED = ("answered",)


def build_graph(running: Running, checkpointer: Any = None, *, before: tuple[str, ...] = ()) -> Any:
    """The compiled graph of a running attempt. It stops before the nodes named in `before`."""
    from langgraph.graph import END as GRAPH_END
    from langgraph.graph import START, StateGraph

    workflow = running.workflow
    graph: Any = StateGraph(State)
    for node in workflow.nodes:
        graph.add_node(node.id, _runnable(node, running))
        edges = workflow.edges_from(node.id)
        targets = [GRAPH_END if edge.target == END else edge.target for edge in edges]
        if len(edges) == 1 and edges[0].when is None and edges[0].each is None:
            graph.add_edge(node.id, targets[0])
        else:
            graph.add_conditional_edges(node.id, _chooser(edges, running), list(dict.fromkeys(targets)))
    graph.add_edge(START, workflow.entry)
    return graph.compile(checkpointer=checkpointer, interrupt_before=list(before) or None)


def config_of(thread: str, *, in_order: bool = False, checkpoint: str | None = None) -> dict[str, Any]:
    """How LangGraph is told which conversation; `in_order` runs parallel branches one after another, as a replay must."""
    place = {"thread_id": thread, "checkpoint_ns": "", **({"checkpoint_id": checkpoint} if checkpoint else {})}
    return {"configurable": place, "recursion_limit": _MOST_STEPS, **({"max_concurrency": 1} if in_order else {})}


def run_turns(
    running: Running,
    turns: tuple[str, ...],
    checkpointer: Any,
    *,
    thread: str = "attempt",
    in_order: bool = False,
) -> tuple[dict[str, Any], float]:
    """Run turn after turn until one has no answer; the state at the end, and the seconds that all took.

    Whatever goes wrong inside the framework ends the attempt as `failed`, with what came before.
    """
    graph, config = build_graph(running, checkpointer), config_of(thread, in_order=in_order)
    began = time.monotonic()
    state: dict[str, Any] = {}
    for number, request in enumerate(turns):
        try:
            state = graph.invoke(new_turn(request, number), config)
        except Exception as error:
            reached = dict(graph.get_state(config).values) or dict(new_turn(request, number))
            state = {**reached, "ended": {"ending": "failed", "reason": f"{type(error).__name__}: {str(error)[:300]}"}}
            break
        if "__interrupt__" in state or not goes_on(state):
            break
    return state, time.monotonic() - began


def goes_on(state: Mapping[str, Any]) -> bool:
    """Whether the conversation may have another turn: the last one has an answer."""
    return (state.get("ended") or {}).get("ending") in _ENDED


def attempt_of(state: Mapping[str, Any], running: Running, turns: tuple[str, ...], **about: Any) -> Attempt:
    """What a graph's state tells as an attempt. `about`: task_id, model, seconds, approvals."""
    ended = state.get("ended")
    if "__interrupt__" in state or not ended:
        ended = {"ending": "waiting", "reason": "a call waits for a person"}
    said = [ModelCall.from_dict(each) for each in state.get("said", ())]
    calls = _renumbered([ToolCallRecord.from_dict(each) for each in state.get("calls", ())])
    workflow = running.workflow
    seconds = about.pop("seconds", 0.0)
    steps = _steps(state.get("trace", ()), said, calls)
    return Attempt(
        workflow=workflow.title,
        workflow_content=workflow.content,
        framework=workflow.framework,
        profile=workflow.profile,
        turns=turns,
        ending=ended["ending"],
        reason=ended["reason"],
        answers=tuple(state.get("answers", ())),
        steps=steps,
        model_calls=tuple(said),
        tool_calls=tuple(calls),
        state=running.toolbox.state(),
        messages=tuple(state.get("messages", ())),
        granted=tuple(state.get("granted", ())),
        links=tuple(state.get("links", ())),
        reviews=tuple(state.get("reviews", ())),
        entries=tuple(running.entries),
        seconds=seconds,
        # Branches that ran beside each other take less time than they count.
        framework_seconds=max(0.0, seconds - sum(step.model_seconds + step.tool_seconds for step in steps)),
        **about,
    )


def _runnable(node: Node, running: Running) -> Callable[[State], dict[str, Any]]:
    doer = DOERS[node.does]

    def run(state: State) -> dict[str, Any]:
        work = Work(running)
        did: Did = doer(state, node, work)
        trace = {
            "turn": state["turn"],
            "node": node.id,
            "does": node.does,
            "decided_by": did.decided_by,
            "did": did.did,
            "asked": len(work.said),
            "called": len(work.calls),
            "seconds": time.monotonic() - work.began,
        }
        return {
            **did.update,
            "said": [_plain(call) for call in work.said],
            "calls": [call.as_dict() for call in work.calls],
            "trace": [trace],
        }

    run.__name__ = node.id
    return run


def _chooser(edges: tuple[Edge, ...], running: Running) -> Callable[[State], Any]:
    def choose(state: State) -> Any:
        from langgraph.graph import END as GRAPH_END
        from langgraph.types import Send

        work = Work(running)
        edge = next(each for each in edges if each.when is None or holds(state, each.when, work))
        if edge.each is None:
            return GRAPH_END if edge.target == END else edge.target
        assert edge.each in LISTS
        items: Any = state.get(edge.each) or []
        # Nothing to run over: the node after it still has its turn, with nothing.
        return [Send(edge.target, branch(state, item)) for item in items] or edge.target

    return choose


def _steps(trace: Sequence[Mapping[str, Any]], said: list[ModelCall], calls: list[ToolCallRecord]) -> tuple[Step, ...]:
    steps = []
    asked = called = 0
    for index, each in enumerate(trace):
        of_model, of_tools = range(asked, asked + each["asked"]), range(called, called + each["called"])
        asked, called = of_model.stop, of_tools.stop
        steps.append(
            Step(
                index,
                each["turn"],
                each["node"],
                each["does"],
                each["decided_by"],
                each["did"],
                tuple(of_model),
                tuple(of_tools),
                sum(said[number].tokens_in or 0 for number in of_model),
                sum(said[number].tokens_out or 0 for number in of_model),
                each["seconds"],
                sum(said[number].seconds for number in of_model),
                sum(calls[number].seconds for number in of_tools),
            )
        )
    return tuple(steps)


def _renumbered(calls: list[ToolCallRecord]) -> list[ToolCallRecord]:
    """Calls in the order of the state: parallel branches join in it, whichever came first."""
    return [replace(call, index=index) for index, call in enumerate(calls)]


def _plain(call: ModelCall) -> dict[str, Any]:
    return {**asdict(call), "calls": [dict(each) for each in call.calls]}
