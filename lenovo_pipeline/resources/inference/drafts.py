"""An answer as its pieces come in, whatever the wire format: text, tool calls, counts, times.

Belongs here: the checks that every server's answer must pass. Does not belong here: where a format keeps its pieces.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from lenovo_pipeline.resources.inference.connection import Server
from lenovo_pipeline.resources.inference.errors import GenerationFailed
from lenovo_pipeline.resources.inference.messages import Completion, FinishReason, GenerationSettings, Price, ToolCall

_PIECES_PER_TOKEN = 2
"""A piece of text carries at least a token, save where a server splits one; twice as many pieces is no answer that ends."""

_SPARE_PIECES = 16
_BYTES_PER_TOKEN = 4_096
"""A frame of one token with everything that servers wrap around it takes some hundred bytes."""

_SPARE_BYTES = 2**20
_TOOL_CALLS = 128

_REASONS: dict[object, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def answer_bytes(settings: GenerationSettings) -> int:
    """The longest body that an answer of at most `max_tokens` tokens may have."""
    return _SPARE_BYTES + _BYTES_PER_TOKEN * settings.max_tokens


@dataclass
class _CallDraft:
    id: str = ""
    name: str = ""
    arguments: str | dict[str, Any] = ""


@dataclass
class Draft:
    """One answer so far, whose request was sent at `started` (monotonic clock, seconds).

    Every `add` and `completion` raises GenerationFailed for what cannot be part of one.
    """

    server: Server
    settings: GenerationSettings
    started: float
    first_token_s: float | None = None
    finish_reason: FinishReason | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    streamed: bool = True
    seen: bool = False
    """Whether anything of an answer came at all, be it empty."""
    _pieces: list[str] = field(default_factory=list)
    _calls: dict[int, _CallDraft] = field(default_factory=dict)

    def add_text(self, value: object) -> str:
        """A piece of the text; None is an empty one."""
        self.seen = True
        if value is None or value == "":
            return ""
        if not isinstance(value, str):
            raise GenerationFailed(f"{self.server.name} sent {type(value).__name__} where the answer's text was expected")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            failure = GenerationFailed(f"{self.server.name} sent text that is no Unicode: half of a surrogate pair")
        else:
            self._note_token()
            self._pieces.append(value)
            if len(self._pieces) > _PIECES_PER_TOKEN * self.settings.max_tokens + _SPARE_PIECES:
                came = f"{len(self._pieces)} pieces came, and max_tokens is {self.settings.max_tokens}"
                raise GenerationFailed(f"{self.server.name} does not stop: {came}")
            return value
        raise failure

    def add_call(self, *, index: object, id: object, name: object, arguments: object) -> None:
        """A tool call or a piece of one. Without an index, a name begins a call, and what has none goes on with the last."""
        self.seen = True
        self._note_token()
        if not isinstance(index, int):
            index = len(self._calls) if name else max(len(self._calls) - 1, 0)
        call = self._calls.setdefault(index, _CallDraft())
        if len(self._calls) > _TOOL_CALLS:
            raise GenerationFailed(f"{self.server.name} asked for more than {_TOOL_CALLS} tool calls in one answer")
        for value in (id, name):
            if value is not None and not isinstance(value, str):
                raise GenerationFailed(f"{self.server.name} sent a tool call whose name or id is {type(value).__name__}")
        call.id = call.id or str(id or "")
        call.name = call.name or str(name or "")
        if isinstance(arguments, str) and isinstance(call.arguments, str):
            call.arguments += arguments
        elif isinstance(arguments, dict) and call.arguments == "":
            call.arguments = arguments
        elif arguments is not None:
            raise GenerationFailed(f"{self.server.name} sent {type(arguments).__name__} where a tool's arguments were expected")

    def add_finish(self, reason: object) -> None:
        """Why the answer ended; None and an empty string mean that it goes on."""
        if reason:
            self.finish_reason = _REASONS.get(reason, "unknown") if isinstance(reason, str) else "unknown"

    def add_tokens(self, tokens_in: object, tokens_out: object) -> None:
        """The server's counts, where it counts."""
        self.tokens_in = self._count(tokens_in, self.tokens_in)
        self.tokens_out = self._count(tokens_out, self.tokens_out)

    def completion(self, price: Price | None) -> Completion:
        """The whole answer. Counts that the server does not tell stay None, and so does the cost without a price."""
        calls = tuple(self._call(number, self._calls[index]) for number, index in enumerate(sorted(self._calls)))
        return Completion(
            text="".join(self._pieces),
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            latency_s=time.monotonic() - self.started,
            first_token_s=self.first_token_s if self.streamed else None,
            finish_reason="tool_calls" if calls else self.finish_reason or "unknown",
            cost=price.of(self.tokens_in, self.tokens_out) if price is not None else None,
            tool_calls=calls,
        )

    @property
    def calls(self) -> int:
        """How many tool calls have come so far."""
        return len(self._calls)

    def _note_token(self) -> None:
        if self.first_token_s is None:
            self.first_token_s = time.monotonic() - self.started

    def _count(self, value: object, known: int | None) -> int | None:
        if value is None:
            return known
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise GenerationFailed(
                f"{self.server.name} sent {self.server.clean(repr(value))} where a number of tokens was expected"
            )
        return value

    def _call(self, number: int, call: _CallDraft) -> ToolCall:
        if not call.name:
            raise GenerationFailed(f"{self.server.name} asked for a tool call without the tool's name")
        arguments: object = call.arguments
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments or "{}")
            except (ValueError, RecursionError):
                arguments = None
        if not isinstance(arguments, dict):
            said = self.server.clean(str(call.arguments))
            raise GenerationFailed(f"The arguments for the tool {call.name!r} are no JSON object: {said}")
        return ToolCall(call.name, arguments, call.id or f"call_{number}")
