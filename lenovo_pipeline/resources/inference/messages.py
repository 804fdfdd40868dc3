"""What is said to a language model and what comes back: plain values that every backend shares.

Belongs here: messages, tools, settings of a generation, its completion, a model's source and identity.
Does not belong here: how any model is reached.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

SourceKind = Literal["folder", "edge", "ollama", "github", "openai"]
Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "unknown"]


@dataclass(frozen=True)
class ToolCall:
    """A call that a model asks for; `id` ties the tool's answer to it."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True)
class Message:
    """One turn. An assistant's turn may ask for tool calls; a tool's turn names the call that it answers."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True)
class Tool:
    """A function that a model may call; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class GenerationSettings:
    """How to generate. Temperature 0 is greedy.

    `strict_tools`: a call fits the schemas of `tools`, and quotes the conversation where they list no values
    (tool_grammar.py). It holds for models that run in this process and write calls as lenovo-nano and Qwen do; all others answer
    as ever.
    `timeout_s` bounds one whole answer, from the sending of its request to its last token; waiting for a rate limit and between
    retries is not part of it.
    """

    max_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    timeout_s: float = 60.0
    tools: tuple[Tool, ...] = ()
    strict_tools: bool = False


@dataclass(frozen=True)
class Completion:
    """One answer. None means unknown, never zero: a server need not count tokens, and a price need not be known.

    `latency_s` runs from the sending of the request to the last token, `first_token_s` to the first one (None where the answer
    came whole), both on the monotonic clock. `cost` is in the currency of the source's price; what this process computes costs 0.
    """

    text: str
    tokens_in: int | None
    tokens_out: int | None
    latency_s: float
    first_token_s: float | None
    finish_reason: FinishReason
    cost: float | None
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True)
class Price:
    """What a source charges per million tokens."""

    input_per_million: float
    output_per_million: float

    def of(self, tokens_in: int | None, tokens_out: int | None) -> float | None:
        """The cost of one answer; None when the server did not count its tokens."""
        if tokens_in is None or tokens_out is None:
            return None
        return (tokens_in * self.input_per_million + tokens_out * self.output_per_million) / 1_000_000


@dataclass(frozen=True)
class ModelSource:
    """Where a model is: `identifier` is a folder's path (folder, edge) or the name that the server knows it by."""

    kind: SourceKind
    identifier: str
    price: Price | None = None


@dataclass(frozen=True)
class ModelIdentity:
    """Exactly which model answers. None where the source does not tell."""

    source: SourceKind
    identifier: str
    revision: str | None
    tokenizer_hash: str | None
    template_hash: str | None
    size_bytes: int | None
    context_length: int | None
    parameters: int | None


@dataclass(frozen=True)
class Reach:
    """Whether a model can be reached now; otherwise `reason` is one sentence with what to do."""

    reachable: bool
    reason: str = ""
