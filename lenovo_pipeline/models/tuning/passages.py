"""Which passages a training example shows: those that an evaluation would show, at times with others among them.

Belongs here: choosing chunks for questions of the train and validation splits. Does not belong here: what is said to them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from random import Random
from typing import Any

import pandas as pd

from lenovo_pipeline.enterprise.anchors import split_of
from lenovo_pipeline.knowledge.tokenizer import tokenize
from lenovo_pipeline.models.tuning.answers import Shown

_FEW, _MANY = 1, 3
"""Passages shown with a question that has no answer."""

_DISTRACTED = 0.3
"""Share of answerable questions with one or two passages about something else of their split among the others."""

_MOST = 8
"""Passages in an example: longer ones cost more than they teach."""


class Passages:
    """The chunks of one split, and which of them a question is shown."""

    def __init__(self, chunks: pd.DataFrame, qrels: pd.DataFrame, split: str) -> None:
        self.chunks = {
            row["chunk_id"]: row
            for row in chunks.to_dict("records")
            if isinstance(row["anchor"], str) and split_of(row["anchor"]) == split
        }
        self._of_question: dict[str, list[str]] = defaultdict(list)
        of_chunks = qrels[qrels["level"] == "chunk"]
        for question_id, chunk_id in zip(of_chunks["question_id"], of_chunks["target_id"], strict=True):
            if chunk_id in self.chunks:
                self._of_question[question_id].append(chunk_id)
        self._about: dict[str, list[str]] = defaultdict(list)
        for chunk_id, row in sorted(self.chunks.items()):
            self._about[row["anchor"]].append(chunk_id)
            self._about[row["anchor"].partition(":")[0]].append(chunk_id)
        self._words: dict[str, set[str]] = {}

    def of(self, question: Mapping[str, Any], seed: int) -> list[Shown]:
        """The passages of a question (row of gold.questions), numbered; none if it would take too many."""
        random = Random(_draw(seed, question["question_id"]))
        if question["answer_type"] == "refusal":
            ids = self._lookalikes(question)[: random.randint(_FEW, _MANY)]
        else:
            order = {record_id: place for place, record_id in enumerate(question["evidence_ids"])}
            found = [each for each in self._of_question[question["question_id"]] if self.chunks[each]["record_id"] in order]
            ids = sorted(found, key=lambda each: (order[self.chunks[each]["record_id"]], self.chunks[each]["position"]))
            if ids and random.random() < _DISTRACTED:
                others = self._about[str(question["anchor"]).partition(":")[0]]
                for other in random.sample(others, min(len(others), random.randint(1, 2))):
                    if self.chunks[other]["record_id"] not in order:
                        ids.insert(random.randint(0, len(ids)), other)
        if len(ids) > _MOST:
            return []
        return [Shown(number, self.chunks[each]["record_id"], self._text(each)) for number, each in enumerate(ids, start=1)]

    def _lookalikes(self, question: Mapping[str, Any]) -> list[str]:
        """Chunks about its anchor, or of an entity of its kind, that share most words with it first."""
        anchor = str(question["anchor"])
        about = self._about.get(anchor)
        if about is None:
            kind = self._about.get(anchor.partition(":")[0], [])
            about = self._about[self.chunks[kind[_draw(0, anchor) % len(kind)]]["anchor"]] if kind else []
        asked = set(tokenize(str(question["question"])))
        return sorted(about, key=lambda each: (-len(asked & self._words_of(each)), each))

    def _words_of(self, chunk_id: str) -> set[str]:
        if chunk_id not in self._words:
            self._words[chunk_id] = set(tokenize(self._text(chunk_id)))
        return self._words[chunk_id]

    def _text(self, chunk_id: str) -> str:
        row = self.chunks[chunk_id]
        return f"{row['context']}\n{row['text']}" if row["context"] else str(row["text"])


def _draw(seed: int, text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{text}".encode()).digest()[:8], "big")
