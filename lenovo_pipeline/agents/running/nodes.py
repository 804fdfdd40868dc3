"""What the nodes of a support workflow do: each takes the state and gives back what it changes, and who decided what.

Belongs here: the nodes of triage and the conditions of its edges. Does not belong here: roles of a review (roles.py), LangGraph.
"""

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lenovo_pipeline.agents.running.models import proposal_of
from lenovo_pipeline.agents.running.state import answered_calls, shown_messages
from lenovo_pipeline.agents.running.work import SAME_CALLS, Work, ending_of
from lenovo_pipeline.agents.workflows.definition import DecidedBy, Node

_ID = re.compile(r"\b[A-Z]{2,6}-[A-Z0-9]*\d[A-Z0-9-]*\b")
_NUMBER = re.compile(r"\d[\d.,'\u00a0\u202f]*\d")
_WORDS = re.compile(r"[^\W\d_]{3,}")
_PART = re.compile(r"(?:[?？;；]\s*|\.\s+(?=[A-Z])|。)")
_SHORTEST_PART = 12
_MOST_PARTS = 3


@dataclass(frozen=True)
class Did:
    """What a node changes in the state, and who decided what."""

    update: Mapping[str, Any]
    did: str
    decided_by: DecidedBy = "code"


Doer = Callable[[Mapping[str, Any], Node, Work], Did]


def understand(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """An order if the request has the words of a tool that writes, otherwise a question."""
    words = {word.lower() for word in _WORDS.findall(state["request"])}
    writing = [spec for spec in work.running.specs if spec.writes and _verbs(spec.name) <= words]
    intent = f"order:{writing[0].name}" if writing else "question"
    return Did({"intent": intent}, intent)


def link(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """What the request names."""
    found = work.running.link(state["request"])
    names = ", ".join(f"{each['surface']} ({each['kind']})" for each in found)
    return Did({"entities": found, "links": [found]}, names or "names nothing that is known")


def decompose(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """One part for each question or sentence of the request."""
    parts = [part.strip() for part in _PART.split(state["request"])]
    parts = list(dict.fromkeys(part for part in parts if len(part) >= _SHORTEST_PART))[:_MOST_PARTS] or [state["request"].strip()]
    return Did({"parts": parts}, f"{len(parts)} part{'s' * (len(parts) > 1)}")


def retrieve(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """Search for one part; what is found stands in the conversation as if the model had searched."""
    search = next((spec for spec in work.running.specs if spec.name.startswith("search")), None)
    if search is None or work.over():
        return Did({}, "nothing to search with")
    arguments = {next(each.name for each in search.parameters if each.required): state["item"]}
    result = work.use({"name": search.name, "arguments": arguments})
    call_id = f"look_{state['turn']}_{zlib.crc32(state['item'].encode()) % 10_000}"
    return Did({"messages": _exchange({"name": search.name, "arguments": arguments}, call_id, result.text, state)}, search.name)


def act(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """Ask the model what to do next."""
    over = work.over()
    if over:
        return _ended(*over)
    messages = shown_messages(state, work.running.prompt("system"), work.running.workflow.model.context_turns)
    said = work.ask(messages, work.running.specs, retries=node.retries)
    ending = ending_of(said)
    if ending:
        return _ended(*ending)
    proposal = proposal_of(said)
    if proposal.call is not None:
        call = {"name": proposal.call["name"], "arguments": proposal.call["arguments"]}
        # A call that failed may be made again; one that was answered has nothing more to tell.
        made = [each for each in answered_calls(state) if {name: each[name] for name in call} == call]
        if len(made) >= SAME_CALLS - 1:
            return _ended("looped", f"the model called {call['name']} {SAME_CALLS} times with the same arguments", by="model")
        return Did({"proposal": proposal.as_dict()}, f"calls {call['name']}", "model")
    if proposal.broken is not None:
        return Did(
            {"proposal": proposal.as_dict(), "messages": [_said(proposal.text, state)]}, "writes an unreadable call", "model"
        )
    return Did({"proposal": proposal.as_dict(), "messages": [_said(proposal.text, state)]}, "answers", "model")


def approve(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """Ask the approver, or wait for a person."""
    call = (state["proposal"] or {})["call"]
    if work.running.approver is not None:
        agreed = bool(work.running.approver(call))
    else:
        from langgraph.types import interrupt

        agreed = bool(interrupt({"call": call, "asks": f"May {call['name']} be called with {call['arguments']}?"}))
    if agreed:
        return Did({"agreed": True, "granted": [True]}, f"{call['name']} may be called")
    ended = {"ending": "declined", "reason": f"a person did not agree to {call['name']}"}
    return Did({"agreed": False, "granted": [False], "ended": ended}, ended["reason"])


def use_tool(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """Carry out the call that the model wants."""
    over = work.over()
    if over:
        return _ended(*over)
    call = (state["proposal"] or {})["call"]
    result = work.use(call)
    number = sum(len(each.get("calls", ())) for each in state["messages"])
    update = {"proposal": None, "agreed": None, "messages": _exchange(call, f"call_{number}", result.text, state)}
    return Did(update, f"{call['name']}: {'done' if result.ok else result.error_kind or 'failed'}")


def verify(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """Every id and number of the answer must stand in the request, or in what tools returned."""
    answer = (state["proposal"] or {}).get("text", "")
    if not answer.strip():
        return Did({"missing": ["an answer"]}, "the answer is empty")
    known = "\n".join(each["content"] for each in state["messages"] if each["role"] in ("user", "tool") and "by" not in each)
    missing = [each for each in dict.fromkeys(_ID.findall(answer)) if each not in known]
    figures = {_plain(each) for each in _NUMBER.findall(known)}
    without_ids = _ID.sub(" ", answer)
    missing += [each for each in dict.fromkeys(_NUMBER.findall(without_ids)) if _plain(each) not in figures]
    return Did({"missing": missing}, f"does not stand anywhere: {', '.join(missing)}" if missing else "stands in what was read")


def recover(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """Tell the model what is wrong."""
    broken = (state["proposal"] or {}).get("broken")
    told = work.running.prompt("unreadable") if broken else work.running.prompt("unsupported")
    told = told if broken else told.format(missing=", ".join(state["missing"]) or "the answer")
    message = {"role": "user", "content": told, "turn": state["turn"], "by": "code"}
    update = {"recoveries": state["recoveries"] + 1, "proposal": None, "missing": [], "messages": [message]}
    return Did(update, "asks once more: " + ("unreadable call" if broken else "unsupported answer"))


def answer(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """Give the answer."""
    text = (state["proposal"] or {}).get("text", "")
    return Did({"answers": [text], "ended": {"ending": "answered", "reason": "every turn has an answer"}}, "gives the answer")


def hand_over(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """End the turn without an answer. Nothing is written: whether a person is called is the model's to decide, by its tool."""
    ended = state.get("ended")
    proposal = state.get("proposal") or {}
    if not ended and proposal.get("broken"):
        ended = {"ending": "unreadable", "reason": f"the model's tool call cannot be read ({proposal['broken']})"}
    if not ended:
        what = ", ".join(state["missing"]) or "the answer"
        ended = {"ending": "handed_over", "reason": f"the answer is not supported: {what} stands nowhere"}
    return Did({"answers": [""], "ended": ended}, ended["reason"])


NODES: Mapping[str, Doer] = {
    each.__name__: each
    for each in (understand, link, decompose, retrieve, act, approve, use_tool, verify, recover, answer, hand_over)
}


def holds(state: Mapping[str, Any], condition: str, work: Work) -> bool:
    """Whether a condition of an edge holds. Raises KeyError for one that there is none of."""
    proposal = state.get("proposal") or {}
    call = proposal.get("call")
    workflow = work.running.workflow
    ended = bool(state.get("ended"))
    return {
        "asks_knowledge": state.get("intent") == "question" and not state.get("entities"),
        "needs_approval": call is not None and call["name"] in workflow.approval and not ended,
        "calls_tool": call is not None and not ended,
        "answers": not ended and bool(proposal) and call is None and not proposal.get("broken"),
        "approved": state.get("agreed") is True,
        "supported": not state.get("missing"),
        "may_recover": not ended and state.get("recoveries", 0) < workflow.recoveries,
        "exhausted": ended,
        "may_revise": bool(state.get("objections")) and not state.get("recoveries", 0),
    }[condition]


def _exchange(call: Mapping[str, Any], call_id: str, result: str, state: Mapping[str, Any]) -> list[dict[str, Any]]:
    asked = {"role": "assistant", "content": "", "calls": [{**call, "id": call_id}], "turn": state["turn"]}
    return [asked, {"role": "tool", "content": result, "call_id": call_id, "turn": state["turn"]}]


def _said(text: str, state: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": text, "turn": state["turn"]}


def _ended(ending: str, reason: str, *, by: DecidedBy = "code") -> Did:
    return Did({"ended": {"ending": ending, "reason": reason}, "proposal": None}, reason, by)


def _verbs(tool: str) -> set[str]:
    """The words of a tool's name that a request for it has."""
    return {word for word in tool.split("_") if len(word) > 2 and word not in ("the", "for")}


def _plain(number: str) -> str:
    return re.sub(r"[^\d]", "", number)
