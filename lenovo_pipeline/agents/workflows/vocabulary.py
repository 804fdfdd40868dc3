"""The words that a definition is written in: what nodes do, the conditions of edges, the lists that branches run over.

Belongs here: names with what they mean, and who decides. Does not belong here: their code (running/nodes.py, roles.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lenovo_pipeline.agents.workflows.definition import DecidedBy, Framework

_BOTH: tuple[Framework, ...] = ("langgraph", "smolagents")


@dataclass(frozen=True)
class Doing:
    """What a node does, and whether code or the model decides in it."""

    says: str
    decided_by: DecidedBy
    frameworks: tuple[Framework, ...] = ("langgraph",)
    prompts: tuple[str, ...] = ()
    """Uses of prompts that a workflow with such a node must name."""


DOINGS: Mapping[str, Doing] = {
    "understand": Doing("tells a question from an order by the words of the tools", "code"),
    "link": Doing("links names in the request to records", "code"),
    "decompose": Doing("splits the request into parts that are looked up alone", "code"),
    "retrieve": Doing("searches for one part and shows what it finds", "code"),
    "act": Doing("asks the model for a tool call or an answer", "model", _BOTH, ("system", "unreadable")),
    "approve": Doing("waits until a person agrees to a call", "code"),
    "use_tool": Doing("carries out the call", "code", _BOTH),
    "verify": Doing("holds the answer against what was read and done", "code"),
    "recover": Doing("tells the model what is wrong, once more", "code", prompts=("unreadable", "unsupported")),
    "answer": Doing("gives the answer", "code", _BOTH),
    "hand_over": Doing("ends the turn without an answer, with the reason", "code"),
    "plan": Doing("chooses the entries to review and asks the model what comes first", "model", prompts=("planner",)),
    "review_all": Doing("reviews all entries, one after another", "model", prompts=("worker",)),
    "review": Doing("reviews one entry", "model", prompts=("worker",)),
    "lead": Doing("hands the entries of one verdict to a team, and sums up what it says", "model", prompts=("worker", "critic")),
    "criticise": Doing("holds each review against the figures", "model", prompts=("critic",)),
    "report": Doing("puts the reviews together", "code"),
}
"""What nodes can do."""

CONDITIONS: Mapping[str, str] = {
    "asks_knowledge": "the request is a question that names no record, so that only a search can tell",
    "needs_approval": "the model calls a tool that waits for approval",
    "calls_tool": "the model calls a tool",
    "answers": "the model answers",
    "approved": "the person agreed",
    "supported": "the answer stands in what was read and done",
    "may_recover": "something can be tried once more",
    "exhausted": "the attempt has ended: budget, loop or model",
    "may_revise": "the critic objects, and may be answered once more",
}
"""Conditions of edges."""

LISTS: Mapping[str, str] = {
    "parts": "parts of the request",
    "entries": "entries of the roster",
    "teams": "entries by verdict",
}
"""Lists of the state that a node can run over in parallel."""

PATTERNS: tuple[str, ...] = ("sequential", "parallel", "hierarchical")
"""How roles work together."""
