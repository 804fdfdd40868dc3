"""What a tool is, and what a call of one gives back: plain values that the tools, the workflows and the tasks share.

Belongs here: specifications, results, records, budgets, whoever asks, and the protocol of a toolbox. Does not belong here: any
tool (reading.py, writing.py), the sandbox (sandbox.py), how calls are carried out (toolbox.py, replaying.py).

The form of a conversation, for every runtime and for the training of the adapter alike: a system message (prompt.py), the
user's turn, then in turn an assistant's message whose `tool_calls` holds one call and a message of role `tool` with
`ToolResult.text`, until the assistant says plain text: the answer to that turn. The next turn of the user goes on from there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from lenovo_pipeline.resources.inference.messages import Tool

ParameterType = Literal["string", "integer", "number", "boolean"]
ErrorKind = Literal[
    "bad_arguments", "unknown_tool", "forbidden", "not_found", "timeout", "failed", "over_budget", "differs_from_recording"
]
BudgetPart = Literal["steps", "tokens", "seconds"]


@dataclass(frozen=True)
class Parameter:
    """One argument of a tool. `choices` lists all values that a text may have; empty: any. `pattern` is the form (regular
    expression) of the ids or days that it takes: a model is not shown it, and strict decoding keeps to it.
    """

    name: str
    type: ParameterType
    description: str
    required: bool = True
    choices: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class ToolSpec:
    """What a model is told of a tool. `writes` says whether it may change the sandbox; nothing else is ever changed."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    writes: bool

    def parameters_schema(self) -> dict[str, Any]:
        """The JSON schema of its arguments."""
        properties: dict[str, Any] = {}
        for parameter in self.parameters:
            properties[parameter.name] = {"type": parameter.type, "description": parameter.description}
            if parameter.choices:
                properties[parameter.name]["enum"] = list(parameter.choices)
            if parameter.pattern:
                properties[parameter.name]["pattern"] = f"^{parameter.pattern}$"
        required = [parameter.name for parameter in self.parameters if parameter.required]
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    def schema(self) -> dict[str, Any]:
        """As an OpenAI function, which chat templates take too."""
        function = {"name": self.name, "description": self.description, "parameters": self.parameters_schema()}
        return {"type": "function", "function": function}

    def tool(self) -> Tool:
        """As `inference` takes it (GenerationSettings.tools)."""
        return Tool(self.name, self.description, self.parameters_schema())


@dataclass(frozen=True)
class Actor:
    """Who asks. `customer_ids` are the customers whose data they may see and act for; of all others nothing is shown."""

    role: str
    customer_ids: frozenset[str] = frozenset()

    def may_see(self, customer_id: str) -> bool:
        return customer_id in self.customer_ids


@dataclass(frozen=True)
class Limits:
    """What one attempt may use. `tool_seconds` bounds one call, `result_characters` what a model is shown of a result."""

    steps: int = 8
    tokens: int = 24_000
    seconds: float = 120.0
    tool_seconds: float = 10.0
    result_characters: int = 900


@dataclass
class Budget:
    """What an attempt has used of its limits. Seconds are those that the runtime notes: model, tools and framework."""

    limits: Limits = field(default_factory=Limits)
    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def use(self, *, steps: int = 0, tokens: int = 0, seconds: float = 0.0) -> None:
        """Note what was used; it may then be over."""
        self.steps += steps
        self.tokens += tokens
        self.seconds += seconds

    def over(self) -> BudgetPart | None:
        """What of it is used up, if anything is: no further step is to be begun."""
        if self.steps >= self.limits.steps:
            return "steps"
        if self.tokens >= self.limits.tokens:
            return "tokens"
        if self.seconds >= self.limits.seconds:
            return "seconds"
        return None

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.limits.seconds - self.seconds)


@dataclass(frozen=True)
class Effect:
    """One row that a call wrote into the sandbox: its table, its key and all its columns (JSON values)."""

    table: str
    key: str
    row: Mapping[str, Any]


@dataclass(frozen=True)
class ToolResult:
    """What came of a call.

    `value` is JSON (None where it failed, or was too large to keep); `text` is what a model is shown: the result in words, or the
    error, cut at Limits.result_characters with a note that says so. `seconds` is the time that the call took.
    """

    ok: bool
    value: Any
    text: str
    error: str | None = None
    error_kind: ErrorKind | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class ToolCallRecord:
    """One call as it was made: enough to answer it again without the stores, and to do again what it wrote.

    `index` counts the calls of the attempt from 0. `result_bytes` is the size of the whole result before it was cut.
    """

    index: int
    tool: str
    arguments: Mapping[str, Any]
    ok: bool
    error: str | None
    error_kind: ErrorKind | None
    result_text: str
    result_value: Any
    result_bytes: int
    seconds: float
    effects: tuple[Effect, ...] = ()
    request_id: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        made = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("effects", "arguments")}
        effects = [{"table": each.table, "key": each.key, "row": dict(each.row)} for each in self.effects]
        return {**made, "arguments": dict(self.arguments), "effects": effects}

    @classmethod
    def from_dict(cls, made: Mapping[str, Any]) -> "ToolCallRecord":
        """From what `as_dict` gave."""
        effects = tuple(Effect(each["table"], each["key"], each["row"]) for each in made["effects"])
        return cls(**{**made, "effects": effects})

    @property
    def result(self) -> ToolResult:
        """What the call gave back."""
        return ToolResult(self.ok, self.result_value, self.result_text, self.error, self.error_kind, self.seconds)


class Toolbox(Protocol):
    """The tools of one attempt. `toolbox.open_toolbox` opens the real one, `replaying.ReplayToolbox` answers from a recording."""

    specs: tuple[ToolSpec, ...]
    records: list[ToolCallRecord]
    budget: Budget

    def call(self, name: str, arguments: Mapping[str, Any], *, request_id: str | None = None) -> ToolResult:
        """Carry out one call and record it. Never raises for what a model or a tool does wrong: the result says it.

        Counts one step of the budget; once the budget is used up, nothing is carried out any more (`over_budget`). A write with
        a `request_id` that was carried out before gives the same result again and writes nothing; without one, the id comes
        from tool and arguments, so that a call repeated after a failure is not done twice.
        """
        ...

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """What the sandbox holds now: rows by table, in the order of their keys. Empty tables are left out."""
        ...

    def close(self) -> None:
        """Give up the sandbox; calls that still run are abandoned and can write no more."""
        ...
