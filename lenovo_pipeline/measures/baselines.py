"""Candidates without a model: floors and a ceiling beside every figure.

Belongs here: always-refuse, random, first-sentence, top-evidence-sentence and the oracle.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.candidate import Answer, Candidate, Question
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.measures.metrics.normalise import normalise
from lenovo_pipeline.measures.reading import ANSWER_MARK, NOT_STATED

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*|\n+")
_LONGEST_SPAN = 4


@dataclass(frozen=True)
class AlwaysRefuse:
    """Refuses whatever is asked."""

    name: str = "always-refuse"

    def describe(self) -> Mapping[str, Any]:
        return {"baseline": self.name, "version": 1}

    def answer(self, question: Question) -> Answer:
        return _say(NOT_STATED)


@dataclass(frozen=True)
class RandomAnswer:
    """Guesses, the same for the same seed: yes, no, a number or a refusal; open book also a sentence or some of its words."""

    seed: int = 0
    name: str = "random"

    def describe(self) -> Mapping[str, Any]:
        return {"baseline": self.name, "version": 1, "seed": self.seed}

    def answer(self, question: Question) -> Answer:
        chance = random.Random(f"{self.seed}/{question.question_id}")
        sentences = _sentences(question.passages)
        kind = chance.choice(("guess", "sentence", "words")) if sentences else "guess"
        if kind == "guess":
            return _say(chance.choice(("yes", "no", str(chance.randint(0, 1000)), NOT_STATED)))
        sentence = chance.choice(sentences)
        if kind == "sentence":
            return _say(sentence)
        words = sentence.split()
        length = min(chance.randint(1, _LONGEST_SPAN), len(words))
        start = chance.randrange(len(words) - length + 1)
        return _say(" ".join(words[start : start + length]))


@dataclass(frozen=True)
class FirstSentence:
    """Says the first sentence of the first passage; refuses closed book."""

    name: str = "first-sentence"

    def describe(self) -> Mapping[str, Any]:
        return {"baseline": self.name, "version": 1}

    def answer(self, question: Question) -> Answer:
        return _say(next(iter(_sentences(question.passages)), NOT_STATED))


@dataclass(frozen=True)
class TopEvidenceSentence:
    """Says the sentence of the passages that shares most with the question; refuses closed book, or where none shares anything.

    Each distinct token of the question counts log(1 + n / df) for n sentences of which df hold it, and the sum is divided by
    the square root of the sentence's length, as in the vector space model (Salton and Buckley 1988).
    """

    name: str = "top-evidence-sentence"

    def describe(self) -> Mapping[str, Any]:
        return {"baseline": self.name, "version": 1}

    def answer(self, question: Question) -> Answer:
        sentences = _sentences(question.passages)
        tokens = [normalise(sentence).split() for sentence in sentences]
        holding = Counter(token for one in tokens for token in set(one))
        asked = set(normalise(question.text).split())
        scores = [
            sum(math.log(1 + len(sentences) / holding[token]) for token in asked & set(one)) / math.sqrt(len(one) or 1)
            for one in tokens
        ]
        best = max(scores, default=0.0)
        return _say(sentences[scores.index(best)] if best > 0 else NOT_STATED)


@dataclass(frozen=True)
class Oracle:
    """Says the right answer, which it holds apart from the questions: the ceiling, and a test of the metrics."""

    answers: Mapping[str, str] = field(repr=False)
    name: str = "oracle"

    def describe(self) -> Mapping[str, Any]:
        return {"baseline": self.name, "version": 1}

    def answer(self, question: Question) -> Answer:
        if question.question_id not in self.answers:
            raise PermanentFailure(
                f"the oracle knows no answer to {question.question_id}", remedy="Make it of the items that are asked."
            )
        return _say(self.answers[question.question_id])


def baselines(items: Iterable[Item], seed: int) -> tuple[Candidate, ...]:
    """Every baseline, made for these items."""
    oracle = Oracle({item.question_id: NOT_STATED if item.unanswerable else item.answer for item in items})
    return (AlwaysRefuse(), RandomAnswer(seed), FirstSentence(), TopEvidenceSentence(), oracle)


def _sentences(passages: Sequence[str]) -> list[str]:
    return [sentence.strip() for passage in passages for sentence in _SENTENCE_END.split(passage) if sentence.strip()]


def _say(answer: str) -> Answer:
    return Answer(f"{ANSWER_MARK} {answer}", finish_reason="stop")
