"""What an attempt was: every step with who decided it, every call of the model and of the tools, the state it left, how it ended.

Belongs here: attempts as plain values, to and from JSON, and the part of them that a replay must repeat. Does not belong here:
running (langgraph_runtime.py, smolagents_runtime.py), judging (tasks/), keeping (keeping.py).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from lenovo_pipeline.agents.tools.interface import ToolCallRecord
from lenovo_pipeline.agents.workflows.definition import DecidedBy
from lenovo_pipeline.provenance import short_hash

Ending = Literal[
    "answered",
    "handed_over",
    "over_budget",
    "looped",
    "unreadable",
    "model_failed",
    "model_timeout",
    "declined",
    "waiting",
    "failed",
]
ENDINGS: Mapping[str, str] = {
    "answered": "every turn has an answer",
    "handed_over": "a turn was left to a person",
    "over_budget": "steps, tokens or seconds were used up",
    "looped": "the same call was made again and again",
    "unreadable": "the model wrote tool calls that nobody can read",
    "model_failed": "the model cannot be reached or gave an error",
    "model_timeout": "the model did not answer in its time",
    "declined": "a person did not agree to a call",
    "waiting": "a call waits for a person",
    "failed": "the workflow itself failed",
}
"""How an attempt ends, and what that means."""


@dataclass(frozen=True)
class Step:
    """One node that was run, or one step of an agent.

    `did` says in a few words what came of it. `model_calls` and `tool_calls` are positions in the attempt's lists. Seconds: all,
    those of the model, those of tools; what is left is the framework and the node's own code.
    """

    index: int
    turn: int
    node: str
    does: str
    decided_by: DecidedBy
    did: str
    model_calls: tuple[int, ...] = ()
    tool_calls: tuple[int, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    model_seconds: float = 0.0
    tool_seconds: float = 0.0

    @classmethod
    def from_dict(cls, made: Mapping[str, Any]) -> "Step":
        return cls(**{**made, "model_calls": tuple(made["model_calls"]), "tool_calls": tuple(made["tool_calls"])})


@dataclass(frozen=True)
class ModelCall:
    """One call of the model: a hash of what it was asked, and all that it gave back. `error` where it gave no answer."""

    asked: str
    text: str
    calls: tuple[Mapping[str, Any], ...] = ()
    finish_reason: str = "stop"
    tokens_in: int | None = None
    tokens_out: int | None = None
    seconds: float = 0.0
    cost: float | None = None
    error: str | None = None
    error_kind: Literal["failed", "timeout"] | None = None

    @classmethod
    def from_dict(cls, made: Mapping[str, Any]) -> "ModelCall":
        return cls(**{**made, "calls": tuple(made["calls"])})


@dataclass(frozen=True)
class Attempt:
    """One attempt of a workflow at a task, or at turns of a conversation.

    `workflow_content` is the definition's content, `model` what answered. `answers` holds one text for each turn that came to
    one; `state` the rows of the sandbox at the end, `framework_seconds` everything but model and tools.
    """

    workflow: str
    workflow_content: str
    framework: str
    profile: str
    model: Mapping[str, Any]
    task_id: str
    turns: tuple[str, ...]
    ending: Ending
    reason: str
    answers: tuple[str, ...]
    steps: tuple[Step, ...]
    model_calls: tuple[ModelCall, ...]
    tool_calls: tuple[ToolCallRecord, ...]
    state: Mapping[str, Any]
    messages: tuple[Mapping[str, Any], ...] = ()
    seconds: float = 0.0
    framework_seconds: float = 0.0
    links: tuple[Sequence[Mapping[str, Any]], ...] = ()
    """What was found to be named in each request, since a replay has no stores."""
    reviews: tuple[Mapping[str, Any], ...] = ()
    entries: tuple[Mapping[str, Any], ...] = ()
    """What a roster review was about."""
    setup: Mapping[str, Any] = field(default_factory=dict)
    """What the sandbox held at the beginning."""
    granted: tuple[bool, ...] = ()
    """What the person said, each time a call waited for approval."""
    approvals: str = field(default="granted by the setting of the run")
    """Who gave them."""

    @property
    def final_text(self) -> str:
        """What was said last; empty if nothing was."""
        return self.answers[-1] if self.answers else ""

    @property
    def tokens_in(self) -> int:
        return sum(call.tokens_in or 0 for call in self.model_calls)

    @property
    def tokens_out(self) -> int:
        return sum(call.tokens_out or 0 for call in self.model_calls)

    @property
    def model_seconds(self) -> float:
        return sum(call.seconds for call in self.model_calls)

    @property
    def tool_seconds(self) -> float:
        return sum(call.seconds for call in self.tool_calls)

    @property
    def cost(self) -> float | None:
        """In the currency of the model's price; None where a call has none."""
        costs = [call.cost for call in self.model_calls]
        return None if any(cost is None for cost in costs) else sum(cost for cost in costs if cost is not None)

    @property
    def attempt_id(self) -> str:
        """What identifies it: a hash (hex) of all that a replay must repeat."""
        return digest_of(self.repeated())

    def repeated(self) -> dict[str, Any]:
        """What a replay must repeat: everything but times and costs."""
        made = self.as_dict()
        for name in ("seconds", "framework_seconds", "approvals"):
            del made[name]
        made["steps"] = [_without(each, "seconds", "model_seconds", "tool_seconds") for each in made["steps"]]
        made["model_calls"] = [_without(each, "seconds", "cost") for each in made["model_calls"]]
        made["tool_calls"] = [_without(each, "seconds") for each in made["tool_calls"]]
        return made

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        made = {name: getattr(self, name) for name in self.__dataclass_fields__}
        made["steps"] = [asdict(step) for step in self.steps]
        made["model_calls"] = [asdict(call) for call in self.model_calls]
        made["tool_calls"] = [call.as_dict() for call in self.tool_calls]
        return json.loads(json.dumps(made, ensure_ascii=False))  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, made: Mapping[str, Any]) -> "Attempt":
        """From what `as_dict` gave. Raises TypeError or KeyError for anything else."""
        return cls(
            **{
                **made,
                "turns": tuple(made["turns"]),
                "answers": tuple(made["answers"]),
                "messages": tuple(made["messages"]),
                "links": tuple(made["links"]),
                "reviews": tuple(made["reviews"]),
                "entries": tuple(made["entries"]),
                "granted": tuple(made["granted"]),
                "steps": tuple(Step.from_dict(step) for step in made["steps"]),
                "model_calls": tuple(ModelCall.from_dict(call) for call in made["model_calls"]),
                "tool_calls": tuple(ToolCallRecord.from_dict(call) for call in made["tool_calls"]),
            }
        )


def digest_of(values: Any) -> str:
    """Hash (16 hex digits) of JSON values."""
    return short_hash(json.dumps(values, sort_keys=True, ensure_ascii=False))


def final_state(tool_calls: Sequence[ToolCallRecord]) -> dict[str, list[dict[str, Any]]]:
    """The rows that calls wrote, by table and in the order of their keys; a row that was written again counts as it was last."""
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for call in tool_calls:
        for effect in call.effects:
            rows.setdefault(effect.table, {})[effect.key] = dict(effect.row)
    return {table: [rows[table][key] for key in sorted(rows[table])] for table in sorted(rows)}


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
