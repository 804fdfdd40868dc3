"""The answer step `rag` as a candidate: evidence for the question, a model that reads it, an answer that names its sources.

Belongs here: the workflow from question to answer. Does not belong here: retrievers, models, and what an answer is worth.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lenovo_pipeline.measures.candidate import Answer, BatchCandidate, Candidate, Question
from lenovo_pipeline.measures.reading import ANSWER_MARK, NOT_STATED, final_answer
from lenovo_pipeline.retrieval.interface import Retriever
from lenovo_pipeline.retrieval.passages import SOURCES_MARK, Passage, Passages, citations, stating
from lenovo_pipeline.retrieval.register import Register

VERSION = 1
RECORDS = 5
"""Records whose passages are read."""

PASSAGES = 8
"""Passages read: what a model with a window of 2,048 tokens takes beside the question."""


@dataclass(frozen=True)
class RetrievalWorkflow:
    """Retrieval, then an answer by `reader`, which is shown the passages as any open-book candidate is.

    Where nothing is found it refuses without asking the model. What it says ends with the records that the answer rests on:
    those that it cites or quotes, else those in which it stands; ids that the model made up are taken out and told in
    `Answer.steps`.
    """

    name: str
    retriever: Retriever
    passages: Passages
    register: Register
    reader: Candidate
    settings: Mapping[str, Any]
    """What decides what is retrieved, as JSON values, for the header."""

    def describe(self) -> Mapping[str, Any]:
        """The reader's own part, with how evidence is found."""
        described = json.dumps(self.settings, sort_keys=True, ensure_ascii=False)
        return {
            **self.reader.describe(),
            "workflow": "rag",
            "workflow_version": VERSION,
            "retriever": self.retriever.name,
            "retrieval": hashlib.sha256(described.encode()).hexdigest()[:16],
            "records": RECORDS,
            "passages": PASSAGES,
        }

    def answer(self, question: Question) -> Answer:
        """One answer. Raises what the retriever and the reader raise."""
        [answer] = self.answer_batch([question])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def answer_batch(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        """An answer or its failure for each question; the passages that a question brings along are not looked at."""
        shown = [self._shown(question) for question in questions]
        asked = [
            replace(question, passages=tuple(passage.text for passage in passages))
            for question, passages in zip(questions, shown, strict=True)
            if passages
        ]
        said = iter(self._read(asked))
        return [self._finished(next(said), passages) if passages else _refusal() for passages in shown]

    def _shown(self, question: Question) -> list[Passage]:
        found = self.retriever.retrieve(question.text, RECORDS)
        return self.passages.shown(question.text, found.evidence, PASSAGES)

    def _read(self, questions: Sequence[Question]) -> Sequence[Answer | Exception]:
        if isinstance(self.reader, BatchCandidate) and len(questions) > 1:
            return self.reader.answer_batch(questions)
        answers: list[Answer | Exception] = []
        for question in questions:
            try:
                answers.append(self.reader.answer(question))
            except Exception as error:
                answers.append(error)
        return answers

    def _finished(self, said: Answer | Exception, passages: Sequence[Passage]) -> Answer | Exception:
        if isinstance(said, Exception):
            return said
        found = citations(said.text, passages, self.register.records)
        text = said.text.rstrip()
        for made_up in found.unknown:
            text = text.replace(made_up.partition(" ")[0], "").rstrip()
        answer = final_answer(text)
        sources = found.record_ids or stating(answer, passages)
        steps = (
            f"read: {', '.join(dict.fromkeys(passage.record_id for passage in passages))}",
            *(f"taken out, since it cites nothing that was read: {each}" for each in found.unknown),
        )
        return replace(
            said,
            text=f"{text}\n{SOURCES_MARK} {', '.join(sources)}" if sources and answer != NOT_STATED else text,
            contexts=tuple(passage.text for passage in passages),
            steps=(*said.steps, *steps),
        )


def _refusal() -> Answer:
    return Answer(f"{ANSWER_MARK} {NOT_STATED}", steps=("no evidence was found",))
