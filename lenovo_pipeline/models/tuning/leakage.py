"""What the training sets give away of the test split.

Belongs here: finding test questions, answers, phrasings, templates and entities in training examples. Leaks between the gold
splits themselves are found by gold/leakage.py.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lenovo_pipeline.enterprise.anchors import split_of
from lenovo_pipeline.gold.leakage import is_sentence
from lenovo_pipeline.gold.surfaces import words

KINDS = (
    "test_question",
    "test_question_exactly",
    "test_question_reworded",
    "test_question_nearly",
    "test_answer_sentence",
    "test_phrasing",
    "test_template",
    "test_entity",
)
NEAR = 0.8
"""Jaccard similarity of the three-word sequences of two questions from which on they count as the same question."""

_SHINGLE = 3
_BEGINNING = 6


def find_leaks(examples: pd.DataFrame, questions: pd.DataFrame, records: pd.DataFrame) -> list[str]:
    """Each leak as `kind: example, detail`; `examples` has the rows of TRAINING_SETS, `records` the columns record_id, anchor
    and template (gold.records).

    Every text of an example is searched: questions, passages, answers, and those of rehearsal. Identifiers, questions word for
    word, questions equal but for case, marks and spaces, questions that are nearly equal (Jaccard similarity of three-word
    shingles, Broder 1997), answers that are sentences, phrasing families of test questions, templates that test evidence was
    written with, and records of another split's entities.
    """
    test = questions[questions["split"] == "test"]
    known = {row["question_id"]: row for row in questions.to_dict("records")}
    asked = [str(question) for question in test["question"]]
    exact, normal = set(asked), {" ".join(words(question)) for question in asked}
    near = _Near(asked)
    sentences = Sentences(test)
    phrasings = set(test["phrasing"])
    anchors = dict(zip(records["record_id"], records["anchor"], strict=True))
    templates = dict(zip(records["record_id"], records["template"], strict=True))
    of_test = {template for record_id, template in templates.items() if split_of(anchors[record_id]) == "test"}
    found = []
    for row in examples.to_dict("records"):
        leaks: list[tuple[str, str]] = []
        own = known.get(row["question_id"] or "")
        if own is not None and own["split"] != row["split"]:
            leaks.append(("test_question", f"{row['question_id']} is of the split {own['split']}"))
        if own is not None and own["phrasing"] in phrasings:
            leaks.append(("test_phrasing", own["phrasing"]))
        for message in messages_of(row):
            for text in _questions_in(message):
                if text in exact:
                    leaks.append(("test_question_exactly", text))
                elif " ".join(words(text)) in normal:
                    leaks.append(("test_question_reworded", text))
                elif (like := near.of(text)) is not None:
                    leaks.append(("test_question_nearly", f"{text} is nearly {like}"))
            leaks += [("test_answer_sentence", sentence) for sentence in sentences.inside(message)]
        for record_id in row["record_ids"]:
            if record_id not in anchors or split_of(anchors[record_id]) != row["split"]:
                leaks.append(("test_entity", f"{record_id} ({anchors.get(record_id, 'unknown')})"))
            elif templates[record_id] in of_test:
                leaks.append(("test_template", f"{templates[record_id]} of {record_id}"))
        found += [f"{kind}: {row['example_id']}, {detail}" for kind, detail in dict.fromkeys(leaks)]
    return found


def messages_of(row: Mapping[Any, Any]) -> list[str]:
    """The contents of an example's messages."""
    messages = json.loads(row["messages"]) if isinstance(row["messages"], str) else row["messages"]
    return [str(message["content"]) for message in messages]


def _questions_in(message: str) -> list[str]:
    """What may be a question in a message: what stands after the mark, and every line."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return [line.removeprefix("Question:").strip() for line in lines]


class _Near:
    """Finds the question that is nearly the same."""

    def __init__(self, questions: Sequence[str]) -> None:
        self._questions = questions
        self._shingles = [_shingles(question) for question in questions]
        self._holding: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for place, shingles in enumerate(self._shingles):
            for shingle in shingles:
                self._holding[shingle].append(place)

    def of(self, text: str) -> str | None:
        """A question that shares so much with the text, or None."""
        own = _shingles(text)
        shared: dict[int, int] = defaultdict(int)
        for shingle in own:
            for place in self._holding.get(shingle, ()):
                shared[place] += 1
        for place, count in shared.items():
            if count / (len(own) + len(self._shingles[place]) - count) >= NEAR:
                return self._questions[place]
        return None


class Sentences:
    """Finds the answers of questions (rows of gold.questions) that are sentences, word for word but for case and marks."""

    def __init__(self, questions: pd.DataFrame) -> None:
        self._by_beginning: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for row in questions.to_dict("records"):
            for text in (row["answer"], *row["aliases"]):
                if row["answer_type"] != "refusal" and is_sentence(str(text)):
                    split = words(str(text))
                    self._by_beginning[tuple(split[:_BEGINNING])].add(" ".join(split))

    def inside(self, text: str) -> list[str]:
        """The answers that stand in the text."""
        split = words(text)
        found = []
        joined = ""
        for length in (_BEGINNING, _BEGINNING - 1):
            for place in range(len(split) - length + 1):
                for sentence in self._by_beginning.get(tuple(split[place : place + length]), ()):
                    joined = joined or f" {' '.join(split)} "
                    if f" {sentence} " in joined:
                        found.append(sentence)
        return sorted(set(found))


def _shingles(text: str) -> set[tuple[str, ...]]:
    split = words(text)
    return {tuple(split[place : place + _SHINGLE]) for place in range(max(1, len(split) - _SHINGLE + 1))}
