"""A language model as a candidate: asked as it is, opened when the first question comes.

Belongs here: building candidates from models. Which questions they are asked is the business of evaluation.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.candidate import Answer, Question
from lenovo_pipeline.measures.reading import question_messages
from lenovo_pipeline.models.foundation import Opens, identity_hash, route_of
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.resources.inference import Backend, Completion, GenerationSettings, Message
from lenovo_pipeline.settings import PROJECT_ROOT

GENERATION = GenerationSettings(max_tokens=128, temperature=0.0, seed=0, timeout_s=30.0)
"""Greedy, and long enough for quoted evidence and an answer."""


class RawModel:
    """The base model of a partition. `foundation` is its row of models.foundation, `open_backend` gives the model itself."""

    def __init__(
        self,
        name: str,
        foundation: Mapping[str, Any],
        open_backend: Callable[[], Backend],
        generation: GenerationSettings = GENERATION,
    ) -> None:
        self.name = name
        self._foundation = foundation
        self._open_backend = open_backend
        self._generation = generation
        self._backend: Backend | None = None

    def describe(self) -> Mapping[str, Any]:
        """What decides the answers, from what models/foundation resolved: the model is not opened for it."""
        names = ("model", "source", "revision", "tokenizer_hash", "template_hash", "identity")
        return {
            **{name: self._foundation[name] for name in names},
            "adapter": None,
            "prompt_version": prompt_version(),
            "generation": json.loads(json.dumps(asdict(self._generation))),
        }

    def answer(self, question: Question) -> Answer:
        """One answer. Raises what the backend raises."""
        return _answer(self._opened().generate(_messages(question), self._generation), question)

    def answer_batch(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        """An answer or its failure for each question."""
        completions = self._opened().generate_batch([_messages(question) for question in questions], self._generation)
        return [
            completion if isinstance(completion, Exception) else _answer(completion, question)
            for completion, question in zip(completions, questions, strict=True)
        ]

    def prepare(self) -> None:
        """Open the model now: one that cannot be opened ends the evaluation, instead of failing on every question."""
        self._opened()

    def close(self) -> None:
        """Give back the model, if it was opened."""
        if self._backend is not None:
            self._backend.close()
            self._backend = None

    def _opened(self) -> Backend:
        if self._backend is None:
            self._backend = self._open_backend()
        return self._backend


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
    return hashlib.sha256(json.dumps(messages, ensure_ascii=False).encode()).hexdigest()[:16]


def _messages(question: Question) -> list[Message]:
    return [
        Message(role="system" if each["role"] == "system" else "user", content=each["content"])
        for each in question_messages(question.text, question.passages)
    ]


def _answer(completion: Completion, question: Question) -> Answer:
    return Answer(
        text=completion.text,
        contexts=question.passages,
        tokens_in=completion.tokens_in,
        tokens_out=completion.tokens_out,
        latency_s=completion.latency_s,
        first_token_s=completion.first_token_s,
        finish_reason=completion.finish_reason,
    )
