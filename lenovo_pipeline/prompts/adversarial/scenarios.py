"""What a scenario is: a named transformation in a group, applied to a prompt whose right answer is known.

Belongs here: the case, the result and the registration. Does not belong here: any transformation.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from lenovo_pipeline.gold.drafts import REFUSAL
from lenovo_pipeline.prompts.draw import Draw
from lenovo_pipeline.prompts.evaluation.records import say

Effect: TypeAlias = Literal["same_answer", "opposite_answer", "other_answer", "refusal"]

OPPOSITE = {"yes": "no", "no": "yes"}
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”')
_PLAIN_WORD = re.compile(r"(?<![\w.-])[a-z]{4,}(?![\w-])")


@dataclass(frozen=True)
class Case:
    """A prompt with its parts, which stand in it word for word, and its right answer."""

    prompt_id: str
    prompt: str
    context: str
    question: str
    language: str
    answer: str
    answer_type: str
    split: str

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> "Case":
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})

    @property
    def english(self) -> bool:
        return self.language == "en"

    def say(self, english: str, chinese: str, **values: object) -> str:
        """A wording in the language of the prompt."""
        return say(self.language, english, chinese, **values)

    def asking(self, question: str) -> str:
        """The prompt with another wording of its question."""
        return self.prompt.replace(self.question, question, 1)

    def showing(self, context: str) -> str:
        """The prompt with other records."""
        return self.prompt.replace(self.context, context, 1)


@dataclass(frozen=True)
class Changed:
    """A changed prompt and what is right now. `answer` and `answer_type` are None where they follow from the effect."""

    text: str
    effect: Effect = "same_answer"
    answer: str | None = None
    answer_type: str | None = None

    def judged_by(self, case: Case) -> tuple[str, str]:
        """The right answer and its type."""
        if self.effect == "refusal":
            return REFUSAL, "refusal"
        if self.effect == "opposite_answer":
            return OPPOSITE[case.answer], case.answer_type
        if self.effect == "other_answer":
            assert self.answer is not None and self.answer_type is not None
            return self.answer, self.answer_type
        return case.answer, case.answer_type


Transform: TypeAlias = Callable[[Case, Draw], Changed | None]


@dataclass(frozen=True)
class Scenario:
    """A kind of scenario; `transform` gives None for a prompt that it does not fit."""

    group: str
    kind: str
    description: str
    transform: Transform


KINDS: dict[str, Scenario] = {}
"""All scenarios by kind, once their modules are imported (apply.py does)."""


def scenario(group: str) -> Callable[[Transform], Transform]:
    """Register a transformation under its function's name; its docstring says what it does."""

    def register(transform: Transform) -> Transform:
        kind = transform.__name__
        if kind in KINDS:
            raise ValueError(f"there are two scenarios {kind!r}")
        KINDS[kind] = Scenario(group, kind, (transform.__doc__ or "").strip(), transform)
        return transform

    return register


def reworded(case: Case, draw: Draw, change: Callable[[str], str], share: int = 2) -> Changed | None:
    """The prompt with every `share`-th plain word of its question changed, one at least.

    Plain words are lower-case and longer than three letters: names, codes, numbers and quoted titles stay as they are, so
    that the right answer does too. None where the question has no such word.
    """
    places = [found.span() for found in _PLAIN_WORD.finditer(unquoted(case.question))]
    chosen = draw.some(places, max(1, len(places) // share))
    question = case.question
    for start, end in sorted(chosen, reverse=True):
        question = question[:start] + change(question[start:end]) + question[end:]
    return Changed(case.asking(question)) if question != case.question else None


def before(case: Case, text: str) -> Changed:
    """The prompt after a text."""
    return Changed(f"{text}\n\n{case.prompt}")


def after(case: Case, text: str) -> Changed:
    """The prompt before a text."""
    return Changed(f"{case.prompt}\n\n{text}")


def wrong_answer(case: Case, draw: Draw) -> str:
    """An answer that is not right, of a likely form."""
    if case.answer_type == "yes_no":
        return case.say(OPPOSITE[case.answer], {"yes": "否", "no": "是"}[case.answer])
    if case.answer_type == "number":
        return str(round(float(case.answer) + draw.between(3, 90), 4))
    return draw.one([each for each in ("ThinkPad Z99", "ERR-0000", "network cable", "version 0.1") if each != case.answer])


def unquoted(question: str) -> str:
    """The question with blanks over titles in quotation marks, places kept."""
    return _QUOTED.sub(lambda found: " " * len(found[0]), question)


def outside_quotes(question: str, change: Callable[[str], str]) -> str:
    """The question with everything but its titles in quotation marks changed."""
    parts = _QUOTED.split(question)
    titles = [*(found[0] for found in _QUOTED.finditer(question)), ""]
    return "".join(change(part) + title for part, title in zip(parts, titles, strict=True))
