"""The typed state of a LangGraph workflow: JSON values only, so that a checkpoint holds all that an attempt goes on from.

Belongs here: its fields, how parallel branches join, how a turn begins, and the conversation that a model is shown of it.
Does not belong here: what nodes do with it (nodes.py, roles.py).
"""

import operator
from collections.abc import Mapping
from typing import Annotated, Any, TypedDict


class State(TypedDict, total=False):
    """Fields of a turn are set anew when one begins; lists with `add` grow over the whole conversation."""

    request: str
    turn: int
    intent: str
    entities: list[dict[str, Any]]
    parts: list[str]
    item: Any
    proposal: dict[str, Any] | None
    missing: list[str]
    agreed: bool | None
    recoveries: int
    ended: dict[str, str] | None
    entries: list[dict[str, Any]]
    teams: list[dict[str, Any]]
    plan: str
    reviews: Annotated[list[dict[str, Any]], operator.add]
    objections: Annotated[list[dict[str, Any]], operator.add]
    messages: Annotated[list[dict[str, Any]], operator.add]
    answers: Annotated[list[str], operator.add]
    granted: Annotated[list[bool], operator.add]
    links: Annotated[list[list[dict[str, Any]]], operator.add]
    calls: Annotated[list[dict[str, Any]], operator.add]
    said: Annotated[list[dict[str, Any]], operator.add]
    trace: Annotated[list[dict[str, Any]], operator.add]


FAILED = "failed:"
"""How the text of a tool begins that may work if it is called again."""

SETTABLE = ("request", "intent", "entities", "parts", "proposal", "missing", "agreed", "recoveries", "ended", "plan")
"""What a person may change at a checkpoint before going on from it."""


def new_turn(request: str, turn: int) -> State:
    """What a turn begins with."""
    return {
        "request": request,
        "turn": turn,
        "intent": "",
        "entities": [],
        "parts": [],
        "proposal": None,
        "missing": [],
        "agreed": None,
        "recoveries": 0,
        "ended": None,
        "messages": [{"role": "user", "content": request, "turn": turn}],
    }


def branch(state: Mapping[str, Any], item: Any) -> State:
    """What one of several parallel branches is given: the turn, and its own item."""
    return {"request": state["request"], "turn": state["turn"], "plan": state.get("plan", ""), "item": item}


def shown_messages(state: Mapping[str, Any], system: str, context_turns: int) -> tuple[dict[str, Any], ...]:
    """The conversation as a model is shown it: the system message, then the last turns."""
    first = state["turn"] - context_turns + 1
    kept = [
        {name: value for name, value in each.items() if name != "turn"} for each in state["messages"] if each["turn"] >= first
    ]
    return ({"role": "system", "content": system}, *kept)


def answered_calls(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tool calls of the turn that is under way, as the conversation holds them, without those that failed."""
    results = {each["call_id"]: each["content"] for each in state["messages"] if each["role"] == "tool"}
    return [
        call
        for each in state["messages"]
        if each["turn"] == state["turn"]
        for call in each.get("calls", ())
        if not results.get(call["id"], "").startswith(FAILED)
    ]
