"""A task: what is asked, by whom, what must be true afterwards, and how a reference solution gets there.

Belongs here: tasks as plain values, to and from JSON. Does not belong here: making them (make.py), judging attempts (judge.py).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from lenovo_pipeline.agents.tools.interface import Actor

Split = Literal["train", "validation", "test"]
StepsKind = Literal["single", "multi"]
Store = Literal["sandbox", "warehouse", "graph"]
FaultKind = Literal["fails", "hangs", "floods"]
Refusal = Literal["missing", "forbidden", "contradictory", "unsafe"]

REFUSALS: tuple[Refusal, ...] = ("missing", "forbidden", "contradictory", "unsafe")
"""Why something cannot or must not be done; `hand_over` takes them as its reason."""


@dataclass(frozen=True)
class GoalCheck:
    """A query whose rows are `expected` once the goal is reached: SQL on the sandbox or the warehouse, Cypher on the graph."""

    store: Store
    query: str
    expected: tuple[tuple[Any, ...], ...]
    says: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Expected:
    """What the answer to the turn of this number (from 0) must say: `value` or an alias, in the meaning of measures.items."""

    turn: int
    value: str
    answer_type: Literal["text", "number", "list", "yes_no"] = "text"
    unit: str | None = None
    aliases: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReferenceCall:
    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class ReferenceTurn:
    """What the reference solution does in answer to one turn: calls in order, then what it says."""

    calls: tuple[ReferenceCall, ...]
    answer: str


@dataclass(frozen=True)
class Fault:
    """The call number `at` (from 0) of `tool` goes wrong, once: it fails, hangs beyond its time, or returns 10 MB."""

    tool: str
    at: int
    kind: FaultKind


@dataclass(frozen=True)
class Task:
    """One task.

    `setup` are rows that the sandbox holds at the beginning, by table (tickets, documents). `goal` and `expects` are what success
    is decided by; `allowed` is how many rows each table may gain at most, all others none. A task that is not `feasible` must
    be refused for the reason `refusal`. `cluster` is the entity it is about: tasks of one share their luck.
    """

    task_id: str
    category: str
    split: Split
    language: str
    actor: Actor
    turns: tuple[str, ...]
    steps: StepsKind
    writes: bool
    cluster: str
    today: str
    reference: tuple[ReferenceTurn, ...]
    goal: tuple[GoalCheck, ...] = ()
    expects: tuple[Expected, ...] = ()
    allowed: Mapping[str, int] = field(default_factory=dict)
    refusal: Refusal | None = None
    setup: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    fault: Fault | None = None
    evidence: tuple[str, ...] = ()

    @property
    def feasible(self) -> bool:
        return self.refusal is None

    @property
    def must_refuse(self) -> bool:
        return self.refusal is not None

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        made = asdict(self)
        made["actor"] = {"role": self.actor.role, "customer_ids": sorted(self.actor.customer_ids)}
        return made

    @classmethod
    def from_dict(cls, made: Mapping[str, Any]) -> "Task":
        """From what `as_dict` gave, JSON in between or not."""
        actor = Actor(made["actor"]["role"], frozenset(made["actor"]["customer_ids"]))
        reference = tuple(
            ReferenceTurn(tuple(ReferenceCall(**call) for call in turn["calls"]), turn["answer"]) for turn in made["reference"]
        )
        goal = tuple(GoalCheck(**{**each, "expected": tuple(tuple(row) for row in each["expected"])}) for each in made["goal"])
        expects = tuple(
            Expected(**{**each, "aliases": tuple(each["aliases"]), "items": tuple(each["items"])}) for each in made["expects"]
        )
        plain = {
            **made,
            "actor": actor,
            "turns": tuple(made["turns"]),
            "reference": reference,
            "goal": goal,
            "expects": expects,
            "setup": {table: tuple(rows) for table, rows in made["setup"].items()},
            "fault": Fault(**made["fault"]) if made["fault"] else None,
            "evidence": tuple(made["evidence"]),
        }
        return cls(**plain)

    def without_fault(self) -> "Task":
        return replace(self, fault=None)


@dataclass(frozen=True)
class Outcome:
    """What an attempt comes to.

    `success`: goal reached (or refused, where that is right), no wrong effect, nothing leaked. `reasons` says in sentences what
    is missing for it. `wrong_effects` are rows that it wrote and must not have written.
    """

    success: bool
    goal_reached: bool
    refused: bool
    right_refusal: bool | None
    wrong_effects: int
    leaked: tuple[str, ...]
    reasons: tuple[str, ...]
    recovered: bool | None = None
