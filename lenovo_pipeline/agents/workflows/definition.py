"""What a workflow definition says: nodes, edges, tools, model, prompts, budgets, and the smaller form for mobile targets.

Belongs here: definitions as plain values, from and to the YAML's values, and their identity by content. Does not belong here:
whether one holds (validation.py), which there are (library.py), running one (agents/running).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from lenovo_pipeline.agents.tools.interface import Limits

Framework = Literal["langgraph", "smolagents"]
Profile = Literal["full", "mobile"]
DecidedBy = Literal["code", "model"]

PROFILES: tuple[Profile, ...] = ("full", "mobile")
END = "end"
"""The edge's end where a turn is over."""


@dataclass(frozen=True)
class Node:
    """One node: `does` names what it does (running/registry.py), `retries` how often its model call is tried again."""

    id: str
    does: str
    retries: int = 0


@dataclass(frozen=True)
class Edge:
    """From node to node, or to `end`. The first edge of a node whose condition holds is taken.

    `when` names the condition (None: always). `each` names a list of the state: the next node runs once for each element, in
    parallel.
    """

    source: str
    target: str
    when: str | None = None
    each: str | None = None


@dataclass(frozen=True)
class ModelUse:
    """Which build answers, and how: `build` is `agent` (base with agent adapter), `base` or `edge`.

    `context_turns` is how many earlier turns of a conversation are shown, `timeout_s` bounds one answer. With `strict_tools` code
    decides the form of a call, and the model which tool, which of the listed values, and what is quoted from the conversation.
    """

    build: Literal["agent", "base", "edge"] = "agent"
    max_tokens: int = 128
    temperature: float = 0.0
    timeout_s: float = 30.0
    context_turns: int = 6
    strict_tools: bool = False


@dataclass(frozen=True)
class Workflow:
    """A definition in one profile. `approval` lists tools that are only called once a person agreed.

    `prompts` are references `name@version` by their use. `pattern` is how roles work together (roster review).
    """

    name: str
    version: int
    framework: Framework
    profile: Profile
    description: str
    entry: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    tools: tuple[str, ...]
    prompts: Mapping[str, str]
    model: ModelUse = field(default_factory=ModelUse)
    budgets: Limits = field(default_factory=Limits)
    approval: tuple[str, ...] = ()
    recoveries: int = 1
    pattern: str | None = None

    @property
    def title(self) -> str:
        """Name and profile, as attempts and candidates name it."""
        return self.name if self.profile == "full" else f"{self.name}.{self.profile}"

    @property
    def content(self) -> str:
        """What identifies it: a hash (hex) of everything that it says, the texts of its prompts included."""
        from lenovo_pipeline.agents.workflows.prompts import PROMPTS

        texts = {use: PROMPTS[reference].content for use, reference in self.prompts.items() if reference in PROMPTS}
        said = json.dumps([self.as_dict(), texts], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def node(self, node_id: str) -> Node:
        """The node of that id. Raises KeyError naming those that there are."""
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise KeyError(f"{self.title} has no node {node_id!r}; it has {', '.join(node.id for node in self.nodes)}")

    def edges_from(self, node_id: str) -> tuple[Edge, ...]:
        """The edges that leave a node, in the order in which they are tried."""
        return tuple(edge for edge in self.edges if edge.source == node_id)

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, made: Mapping[str, Any]) -> "Workflow":
        """From what `as_dict` gave. Raises TypeError, KeyError or ValueError for anything else."""
        return cls(
            **{
                **made,
                "nodes": tuple(Node(**node) for node in made["nodes"]),
                "edges": tuple(Edge(**edge) for edge in made["edges"]),
                "tools": tuple(made["tools"]),
                "approval": tuple(made["approval"]),
                "prompts": dict(made["prompts"]),
                "model": ModelUse(**made["model"]),
                "budgets": Limits(**made["budgets"]),
            }
        )
