"""Backends without a model, for floors and a ceiling: one that does nothing, one that acts at random, the reference solution.

Belongs here: what stands in for a model behind `inference`'s protocol. Each workflow runs with them as with any model, so that
what it reaches is seen to come from the model's decisions.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from lenovo_pipeline.agents.tasks.task import Task
from lenovo_pipeline.resources.inference.backend import TextStream
from lenovo_pipeline.resources.inference.messages import (
    Completion,
    GenerationSettings,
    Message,
    ModelIdentity,
    Tool,
    ToolCall,
)
from lenovo_pipeline.resources.inference.tool_grammar import ToolGrammar, grammar_of


class StandIn(ABC):
    """What all of them share: a Backend whose answers come from `say`."""

    name = "stand-in"

    @abstractmethod
    def say(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        """The answer to a conversation."""

    def generate(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        return self.say(messages, settings)

    def stream(self, messages: Sequence[Message], settings: GenerationSettings) -> TextStream:
        def pieces() -> Generator[str, None, Completion]:
            said = self.say(messages, settings)
            if said.text:
                yield said.text
            return said

        return TextStream(pieces())

    def generate_batch(self, batch: Sequence[Sequence[Message]], settings: GenerationSettings) -> list[Completion | Exception]:
        return [self.say(messages, settings) for messages in batch]

    def identity(self) -> ModelIdentity:
        return ModelIdentity("folder", self.name, None, None, None, None, None, 0)

    def close(self) -> None:  # noqa: B027 (nothing was opened)
        """Nothing was opened."""


class NoOp(StandIn):
    """Says nothing and does nothing."""

    name = "no-op"

    def say(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        return _said("")


@dataclass
class RandomModel(StandIn):
    """Calls any tool with any arguments, or answers with words that it was shown; the same for the same seed and conversation.

    Where tools are offered strictly, its calls are what the grammar leaves to a model: any tool, any of the values that a schema
    lists, any quote of the conversation.
    """

    seed: int = 0
    name: str = "random"

    def say(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        shown = "\n".join(f"{message.role}: {message.content}" for message in messages)
        random = Random(f"{self.seed}/{len(messages)}/{shown}")
        words = shown.split() or ["-"]
        if settings.tools and random.random() < 0.6:
            grammar = grammar_of(messages, settings.tools) if settings.strict_tools else None
            tool = random.choice(grammar.callable if grammar else settings.tools)
            return _called(tool.name, _arguments(tool, random, words, grammar))
        start = random.randrange(len(words))
        return _said(" ".join(words[start : start + random.randint(1, 4)]))


@dataclass
class Reference(StandIn):
    """The reference solution of a task, whatever it is shown: its calls in order, a call again where a tool has failed, and its
    answer to each turn.
    """

    task: Task
    name: str = "reference"
    _ids: list[str] = field(default_factory=list)

    def say(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        turn = sum(message.role == "user" for message in messages) - 1
        since = list(messages)[max(place for place, message in enumerate(messages) if message.role == "user") :]
        results = [message.content for message in since if message.role == "tool"]
        done = sum(not again(text) for text in results)
        step = self.task.reference[min(turn, len(self.task.reference) - 1)]
        if done < len(step.calls):
            return _called(step.calls[done].tool, dict(step.calls[done].arguments))
        return _said(step.answer)


def again(text: str) -> bool:
    """Whether a tool's text says that the same call may work if it is made again."""
    return text.startswith("failed:")


def _arguments(tool: Tool, random: Random, words: Sequence[str], grammar: ToolGrammar | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, schema in tool.parameters["properties"].items():
        if name not in tool.parameters["required"] and random.random() < 0.5:
            continue
        if "enum" in schema:
            found[name] = random.choice(schema["enum"])
        elif schema["type"] == "integer":
            said = sorted(grammar.numbers) if grammar else ()
            found[name] = int(random.choice(said)) if said else random.randint(1, 9)
        elif grammar is not None:
            found[name] = grammar.quote(random, schema.get("pattern"))
        else:
            start = random.randrange(len(words))
            found[name] = " ".join(words[start : start + random.randint(1, 3)])
    return found


def _called(name: str, arguments: dict[str, Any]) -> Completion:
    told = len(json.dumps(arguments)) // 3
    return Completion("", None, told, 0.0, None, "tool_calls", 0.0, (ToolCall(name, arguments, "call_0"),))


def _said(text: str) -> Completion:
    return Completion(text, None, len(text) // 3, 0.0, None, "stop", 0.0)
