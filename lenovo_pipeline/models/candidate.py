"""A language model as a candidate, as it is or as a build of it: opened when the first question comes.

Belongs here: building candidates from models and builds. Which questions they are asked is the business of evaluation.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

from lenovo_pipeline.failures import PermanentFailure, PipelineError
from lenovo_pipeline.measures.candidate import Answer, Question
from lenovo_pipeline.measures.reading import question_messages
from lenovo_pipeline.models.foundation import Opens, identity_hash, route_of
from lenovo_pipeline.models.pretraining.chat import settled_call, tool_call
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.provenance import short_hash
from lenovo_pipeline.resources.inference import (
    Backend,
    Completion,
    GenerationSettings,
    Message,
    ModelSource,
    ModelUnavailable,
    Tool,
)
from lenovo_pipeline.settings import PROJECT_ROOT

GENERATION = GenerationSettings(max_tokens=128, temperature=0.0, seed=0, timeout_s=30.0)
"""Greedy, and long enough for quoted evidence and an answer."""


class Wording(Protocol):
    """How a question is put to a model; `version` (16 hex digits) tells one wording from another."""

    @property
    def version(self) -> str: ...

    def asked(self, question: Question) -> tuple[Sequence[Message], tuple[Tool, ...]]:
        """The messages that ask it, and the tools that are offered with it."""
        ...


class GoldWording:
    """The wording of the gold questions, with the passages that a question carries."""

    @property
    def version(self) -> str:
        return prompt_version()

    def asked(self, question: Question) -> tuple[Sequence[Message], tuple[Tool, ...]]:
        return _messages(question), ()


class RawModel:
    """The base model of a partition. `foundation` is its row of models.foundation, `open_backend` gives the model itself."""

    def __init__(
        self,
        name: str,
        foundation: Mapping[str, Any],
        open_backend: Callable[[], Backend],
        generation: GenerationSettings = GENERATION,
        wording: Wording | None = None,
    ) -> None:
        self.name = name
        self._foundation = foundation
        self._open_backend = open_backend
        self._generation = generation
        self._wording = wording or GoldWording()
        self._backend: Backend | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Another process opens the model for itself.
        return {**vars(self), "_backend": None}

    def describe(self) -> Mapping[str, Any]:
        """What decides the answers, from what models/foundation resolved: the model is not opened for it."""
        names = ("model", "source", "revision", "tokenizer_hash", "template_hash", "identity")
        return {
            **{name: self._foundation[name] for name in names},
            "adapter": None,
            "prompt_version": self._wording.version,
            "generation": json.loads(json.dumps(asdict(self._generation))),
        }

    def answer(self, question: Question) -> Answer:
        """One answer. Raises what the backend raises."""
        messages, tools = self._wording.asked(question)
        return _answer(self._opened().generate(messages, replace(self._generation, tools=tools)), question)

    def answer_batch(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        """An answer or its failure for each question."""
        asked = [self._wording.asked(question) for question in questions]
        return [
            completion if isinstance(completion, Exception) else _answer(completion, question)
            for completion, question in zip(self._completions(asked), questions, strict=True)
        ]

    def prepare(self) -> None:
        """Open the model now: one that cannot be opened ends the evaluation, instead of failing on every question."""
        self._opened()

    def close(self) -> None:
        """Give back the model, if it was opened."""
        if self._backend is not None:
            self._backend.close()
            self._backend = None

    def _completions(self, asked: Sequence[tuple[Sequence[Message], tuple[Tool, ...]]]) -> list[Completion | Exception]:
        backend = self._opened()
        if all(tools == asked[0][1] for _, tools in asked):
            settings = replace(self._generation, tools=asked[0][1])
            return backend.generate_batch([messages for messages, _ in asked], settings)
        each = [(messages, replace(self._generation, tools=tools)) for messages, tools in asked]
        mixed = getattr(backend, "generate_mixed", None)
        if mixed is not None:
            found: list[Completion | Exception] = mixed([(messages, settings, None) for messages, settings in each])
            return found
        done: list[Completion | Exception] = []
        for messages, settings in each:
            try:
                done.append(backend.generate(messages, settings))
            except PipelineError as error:
                done.append(error)
        return done

    def _opened(self) -> Backend:
        if self._backend is None:
            self._backend = self._open_backend()
        return self._backend


class BuiltModel(RawModel):
    """A build of the base model of a partition: an adapter over it, another model of transformers, or an edge build.

    `build` is its row of a build table (models/builds.py), `open_backend` gives the build itself.
    """

    def __init__(
        self,
        build: Mapping[str, Any],
        foundation: Mapping[str, Any],
        open_backend: Callable[[], Backend],
        generation: GenerationSettings = GENERATION,
        wording: Wording | None = None,
    ) -> None:
        super().__init__(str(build["build"]), foundation, open_backend, generation, wording)
        self._build = build

    def describe(self) -> Mapping[str, Any]:
        """That of the base model, with which build of it answers: the hash of its files tells it from every other one."""
        build = self._build
        return {
            **super().describe(),
            "adapter": build["artifact"] if build["format"] == "adapter" else None,
            **{name: build[name] for name in ("method", "format", "artifact")},
        }


def open_build(build: Mapping[str, Any], folder: Path, inference: Opens, open_base: Callable[[], Backend]) -> Backend:
    """The build whose files lie in `folder`; an adapter is put over the base that `open_base` gives.

    Raises ModelUnavailable when anything is missing, damaged or made for another base, and what opening the base raises.
    """
    if build["format"] == "onnx":
        return inference.open(ModelSource("edge", str(folder)))
    if build["format"] == "transformers":
        return inference.open(ModelSource("folder", str(folder)))
    with_adapter = getattr(open_base(), "with_adapter", None)
    if with_adapter is None:
        raise ModelUnavailable(
            f"{build['build']} is an adapter, and its base {build['model']} answers on a server, which takes none",
            remedy="Open the base model by its folder, or merge the adapter into it.",
        )
    backend: Backend = with_adapter(folder)
    return backend


def open_foundation(foundation: Mapping[str, Any], catalogue_row: Mapping[str, Any], inference: Opens) -> Backend:
    """The model that models/foundation resolved, by the way it is reached now.

    Raises PermanentFailure if it has changed since, and what reaching it raises.
    """
    route = route_of(catalogue_row, inference, PROJECT_ROOT, bundled=DEFAULT_MODEL)
    backend = inference.open(route.model)
    found = identity_hash(route, backend.identity())
    if found != foundation["identity"]:
        backend.close()
        raise PermanentFailure(
            f"{foundation['model']} is another model ({found[:12]}) than was resolved ({foundation['identity'][:12]})",
            remedy=f"Run: dagster asset materialize -m lenovo_pipeline.definitions --select 'models/foundation*' "
            f"--partition {foundation['model']}",
        )
    return backend


def prompt_version() -> str:
    """Hash (16 hex digits) of the wording that questions are put in, with and without passages."""
    messages = [question_messages("{question}"), question_messages("{question}", ["{passage}"])]
    return short_hash(json.dumps(messages, ensure_ascii=False))


def _messages(question: Question) -> list[Message]:
    return [
        Message(role="system" if each["role"] == "system" else "user", content=each["content"])
        for each in question_messages(question.text, question.passages)
    ]


def _answer(completion: Completion, question: Question) -> Answer:
    # A call counts as what it says, in the one way of writing it, however the model marks it.
    calls = "".join(settled_call(tool_call(call.name, call.arguments)) for call in completion.tool_calls)
    return Answer(
        text=calls or completion.text,
        contexts=question.passages,
        tokens_in=completion.tokens_in,
        tokens_out=completion.tokens_out,
        latency_s=completion.latency_s,
        first_token_s=completion.first_token_s,
        finish_reason=completion.finish_reason,
    )
