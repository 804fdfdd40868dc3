"""What is evaluated: anything that answers a question. Raw models, adapters, edge builds, workflows and agents differ only in
how they are built.

Belongs here: what a candidate is shown, what it gives back, and the two ways of asking it. Each stage builds its own
candidates in its `candidate.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True)
class Question:
    """All that a candidate is shown; never an answer, a category or an evidence id. Without passages, it is asked closed book."""

    question_id: str
    text: str
    language: str
    passages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a candidate said, with what it took.

    `text` is everything it said (`reading.final_answer` finds the answer in it), `contexts` the passages it used, `steps`
    what an agent did, `tokens_in` and `tokens_out` what was read and written (None: not known), `latency_s` the time in s
    from question to last token (in a batch: the item's own time, or its share where that cannot be told), and
    `first_token_s` the time in s to the first token where it was seen.
    """

    text: str
    contexts: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    tokens_in: int | None = 0
    tokens_out: int | None = 0
    latency_s: float = 0.0
    first_token_s: float | None = None
    finish_reason: str = "stop"


@runtime_checkable
class Candidate(Protocol):
    """Answers questions, one at a time."""

    @property
    def name(self) -> str: ...

    def describe(self) -> Mapping[str, Any]:
        """Its part of the header, as JSON values: model, revision, adapter, prompt version, generation settings."""
        ...

    def answer(self, question: Question) -> Answer:
        """The answer; any exception is recorded as this item's failure."""
        ...


@runtime_checkable
class GroundedCandidate(Candidate, Protocol):
    """Answers from more than the question brings along, and says from what: where that is as it was, nothing is asked again.

    What only decides the grounds (the version of a knowledge base) stands in `describe()["grounds"]`.
    """

    def grounds(self, questions: Sequence[Question]) -> list[str]:
        """For each question a text, or its hash, that changes with what the answer rests on. No model is asked for it."""
        ...


@runtime_checkable
class BatchCandidate(Candidate, Protocol):
    """Answers several questions at once, which the runner prefers."""

    def answer_batch(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        """One answer or failure for each question, in their order."""
        ...
