"""Models as a workflow asks them: every call recorded, bounded in time, read for the tool call or the answer that it holds.

Belongs here: one question to a model, and its answer from a recording. Does not belong here: what is asked (nodes.py), backends
(resources/inference), many attempts at once (gathering.py).
"""

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lenovo_pipeline.agents.running.attempt import ModelCall, digest_of
from lenovo_pipeline.agents.tools.interface import ToolSpec
from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.resources.inference.errors import GenerationFailed
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message, Tool, ToolCall

_GRACE_S = 2.0
"""How much longer than its time a backend may take to give up by itself."""

_FLOOD_CHARACTERS = 20_000
"""What is kept of an answer; more is no answer."""

_LONGEST_NAME = 80
_MARKED = re.compile(r"<tool_call>(.*?)(?:</tool_call>|$)", re.DOTALL)
_LOOKS_LIKE_A_CALL = re.compile(r"""<tool_call>|^\s*[\[{]+\s*["']?name["']?\s*:""")
_TIMED_OUT = ("timed out", "was not finished within", "timeout", "did not answer within")


class Answering(Protocol):
    """The part of an inference backend that a workflow needs."""

    def generate(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion: ...


@dataclass(frozen=True)
class Asked:
    """One question to a model: the conversation as JSON values, the tools that it may call, and how to generate."""

    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[ToolSpec, ...]
    max_tokens: int
    temperature: float
    timeout_s: float
    strict_tools: bool = False

    @property
    def digest(self) -> str:
        """What identifies the question. The time that is left is no part of it."""
        tools = [tool.schema() for tool in self.tools]
        return digest_of([list(self.messages), tools, self.max_tokens, self.temperature, self.strict_tools])


class Model(Protocol):
    """A model, or a recording of one."""

    def ask(self, asked: Asked) -> ModelCall:
        """What came of it; never raises for what a model does wrong."""
        ...


@dataclass(frozen=True)
class LiveModel:
    """A model that is asked. A backend that does not come back within its time is left behind."""

    backend: Answering
    seed: int = 0

    def ask(self, asked: Asked) -> ModelCall:
        settings = GenerationSettings(
            max_tokens=asked.max_tokens,
            temperature=asked.temperature,
            seed=self.seed,
            timeout_s=asked.timeout_s,
            tools=tuple(_tool(spec) for spec in asked.tools),
            strict_tools=asked.strict_tools,
        )
        began = time.monotonic()
        messages = [_message(each) for each in asked.messages]
        said = _within(asked.timeout_s + _GRACE_S, lambda: self.backend.generate(messages, settings))
        seconds = time.monotonic() - began
        if isinstance(said, Completion):
            calls = tuple({"name": call.name, "arguments": call.arguments} for call in said.tool_calls)
            return ModelCall(
                asked.digest,
                said.text[:_FLOOD_CHARACTERS],
                calls,
                "flood" if len(said.text) > _FLOOD_CHARACTERS else said.finish_reason,
                said.tokens_in,
                said.tokens_out,
                seconds,
                said.cost,
            )
        # Whatever a backend raises ends this call and no other attempt.
        message = " ".join(str(said).split()) or type(said).__name__
        if isinstance(said, GenerationFailed) and "are no JSON object" in message:
            # A server that cannot read its model's call says so: that is the model's fault, and the model is told.
            return ModelCall(asked.digest, f"<tool_call>{message[:500]}", seconds=seconds)
        late = isinstance(said, TimeoutError) or any(mark in message for mark in _TIMED_OUT)
        remedy = said.remedy if isinstance(said, PipelineError) else ""
        shown = message.removesuffix(remedy).strip()
        return ModelCall(asked.digest, "", seconds=seconds, error=shown[:500], error_kind="timeout" if late else "failed")


@dataclass
class RecordedModel:
    """Answers from a recording, in order. `differs` says where another question was asked than was recorded."""

    recorded: Sequence[ModelCall]
    then: Model | None = None
    """Who answers once the recording is over; None: the recording must not end."""
    place: int = 0
    differs: list[str] = field(default_factory=list)

    def ask(self, asked: Asked) -> ModelCall:
        if self.place >= len(self.recorded):
            if self.then is not None:
                return self.then.ask(asked)
            self.differs.append(f"question {self.place + 1} to the model was never asked in the recording")
            return ModelCall(asked.digest, "", error="the recording ends here", error_kind="failed")
        call = self.recorded[self.place]
        self.place += 1
        if call.asked != asked.digest:
            self.differs.append(f"question {self.place} to the model has the hash {asked.digest}, recorded was {call.asked}")
        return call


@dataclass(frozen=True)
class Proposal:
    """What the model wants: a call, or an answer; `broken` where it wrote a call that cannot be read."""

    call: Mapping[str, Any] | None = None
    text: str = ""
    broken: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"call": None if self.call is None else dict(self.call), "text": self.text, "broken": self.broken}


def proposal_of(call: ModelCall) -> Proposal:
    """The tool call or the answer in what a model gave back. Of several calls the first counts: one step does one thing."""
    if call.calls:
        return Proposal(call.calls[0], call.text)
    text = call.text.strip()
    if not _LOOKS_LIKE_A_CALL.search(text):
        return Proposal(text=text)
    match = _MARKED.search(text)
    try:
        said = json.loads(match[1] if match else text)
        said = said[0] if isinstance(said, list) and said else said
        arguments = said.get("arguments", said.get("parameters", {}))
        if not isinstance(said["name"], str) or not isinstance(arguments, dict):
            raise TypeError("name must be a text, arguments an object")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        cut = " (the answer was cut at its longest)" if call.finish_reason == "length" else ""
        return Proposal(text=text, broken=f"{type(error).__name__}: {str(error)[:120]}{cut}")
    # A tool that nobody offered: the toolbox says so.
    return Proposal({"name": said["name"][:_LONGEST_NAME], "arguments": arguments})


def _within(seconds: float, work: Any) -> Any:
    """What `work` returns or raises; a TimeoutError if it does neither in time, and then it goes on alone."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            outcome.append(error)

    worker = threading.Thread(target=run, name="asking a model", daemon=True)
    worker.start()
    worker.join(seconds)
    return outcome[0] if outcome else TimeoutError(f"the model did not answer within {seconds - _GRACE_S:g} s")


def _tool(spec: ToolSpec) -> Tool:
    return spec.tool()


def _message(said: Mapping[str, Any]) -> Message:
    calls = tuple(ToolCall(call["name"], call["arguments"], call.get("id", "")) for call in said.get("calls", ()))
    return Message(said["role"], said["content"], calls, said.get("call_id"))
