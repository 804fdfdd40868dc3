"""The answer step `rag` as a candidate: evidence for the question, a model that reads it, an answer that names its sources.

Belongs here: the workflow from question to answer. Does not belong here: retrievers, models, and what an answer is worth.
"""

import json
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from lenovo_pipeline.contracts import digest
from lenovo_pipeline.embeddings.chosen import choice_version
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.candidate import Answer, BatchCandidate, Candidate, Question
from lenovo_pipeline.measures.header import GROUNDS
from lenovo_pipeline.measures.reading import ANSWER_MARK, NOT_STATED, final_answer
from lenovo_pipeline.provenance import short_hash
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.dense import QueryEncoder
from lenovo_pipeline.retrieval.interface import Evidence, Retriever
from lenovo_pipeline.retrieval.kept_settings import read_settings, settings_folder
from lenovo_pipeline.retrieval.library import open_library
from lenovo_pipeline.retrieval.passages import SOURCES_MARK, Passage, Passages, citations, stating
from lenovo_pipeline.retrieval.register import VIEWED, Register
from lenovo_pipeline.retrieval.stages import stage

VERSION = 2
RECORDS = 5
"""Records whose passages are read."""

PASSAGES = 5
"""Passages read: one of each record, since what a small model is shown beside the evidence distracts it and takes its time."""


@dataclass(frozen=True)
class EvidenceBase:
    """What evidence comes from: a retriever, and the texts and names of the records that it finds."""

    retriever: Retriever
    passages: Passages
    register: Register
    encoder: QueryEncoder

    @property
    def records(self) -> Container[str]:
        """All records that there are."""
        return self.register.records


@dataclass(frozen=True)
class FoundBefore:
    """The evidence of a workflow that was sent to another process, where no store is open: nothing is looked for there."""

    records: frozenset[str]

    def __call__(self) -> "FoundBefore":
        return self


@contextmanager
def evidence_base(
    warehouse: Warehouse, store: Store, vectors: Vectors, encoder: Encoder, graph: GraphStore
) -> Iterator[Callable[[], EvidenceBase]]:
    """The tuned hybrid over what knowledge made: opened when it is first asked for, closed at the end of the block.

    What it gives raises PermanentFailure where a store is missing or does not fit.
    """
    with ExitStack() as stack:
        opened: list[EvidenceBase] = []

        def open_once() -> EvidenceBase:
            if not opened:
                settings = read_settings(settings_folder(store))["hybrid"]
                library = stack.enter_context(open_library(warehouse, store, vectors, encoder, graph))
                passages = Passages(library.tables.views, library.register)
                opened.append(EvidenceBase(library.hybrid(settings), passages, library.register, library.encoder))
            return opened[0]

        yield open_once


def retrieval_settings(warehouse: Warehouse, store: Store, encoder: Encoder) -> dict[str, Any]:
    """All that decides what the tuned hybrid finds, as JSON values, without opening it: its weights, what it reads, its code.

    Raises PermanentFailure if it has not been tuned yet.
    """
    weights = read_settings(settings_folder(store))["hybrid"].as_dict()
    return {
        "retriever": "hybrid",
        "weights": weights,
        "read": digest(f"{table.qualified_name} {warehouse.fingerprint(table.qualified_name)}" for table in VIEWED)[:16],
        "encoder": encoder.id,
        "tuned": choice_version(store, encoder.id),
        "code": code_version(open_library, whole=True),
    }


@dataclass(frozen=True)
class RetrievalWorkflow:
    """Retrieval, then an answer by `reader`, which is shown the passages as any open-book candidate is.

    Where nothing is found it refuses without asking the model. What it says ends with the records that the answer rests on:
    those that it cites or quotes, else those in which it stands; ids that the model made up are taken out and told in
    `Answer.steps`. Its latency is that of finding and reading together.
    """

    name: str
    open_base: Callable[[], EvidenceBase | FoundBefore]
    reader: Candidate
    settings: Mapping[str, Any]
    """What decides what is retrieved, as JSON values, for the header."""

    _shown: dict[str, "Shown"] = field(default_factory=dict, compare=False, repr=False)
    """What was found already, by question: grounds and answers need it both."""

    def describe(self) -> Mapping[str, Any]:
        """The reader's own part, with how evidence is found."""
        described = json.dumps(self.settings, sort_keys=True, ensure_ascii=False)
        return {
            **self.reader.describe(),
            "workflow": "rag",
            "workflow_version": VERSION,
            "records": RECORDS,
            "passages": PASSAGES,
            GROUNDS: {
                "retrieval": short_hash(described),
                "retrieval_settings": json.loads(described),
            },
        }

    def grounds(self, questions: Sequence[Question]) -> list[str]:
        """For each question a hash of what the reader is shown: where it is as it was, the reader need not be asked again."""
        if new := [question.text for question in questions if question.text not in self._shown]:
            self._evidence().encoder.prepare(new)
        shown = [[(each.record_id, each.text) for each in self.shown(question.text).passages] for question in questions]
        return [short_hash(json.dumps(passages, ensure_ascii=False)) for passages in shown]

    def prepare(self) -> None:
        """Open the evidence and the reader now. Raises what opening them raises."""
        self.open_base()
        getattr(self.reader, "prepare", lambda: None)()

    def close(self) -> None:
        """Give back what the reader opened; the evidence is closed by whoever opened it."""
        getattr(self.reader, "close", lambda: None)()

    def answer(self, question: Question) -> Answer:
        """One answer. Raises what the retriever and the reader raise."""
        [answer] = self.answer_batch([question])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def answer_batch(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        """An answer or its failure for each question; the passages that a question brings along are not looked at."""
        shown = [self.shown(question.text) for question in questions]
        asked = [
            replace(question, passages=tuple(passage.text for passage in each.passages))
            for question, each in zip(questions, shown, strict=True)
            if each.passages
        ]
        with stage("answer", "LLM", passages=sum(len(each.passages) for each in asked)) as told:
            answers = self._read(asked)
            told.said = {"said": [each.text if isinstance(each, Answer) else f"failed: {each}" for each in answers]}
        said = iter(answers)
        return [self._finished(next(said), each) if each.passages else _refusal(each.seconds) for each in shown]

    def shown(self, question: str) -> "Shown":
        """The evidence for a question, and the passages of it that the reader is shown."""
        if question not in self._shown:
            base, begun = self._evidence(), time.perf_counter()
            with stage("retrieval", "RETRIEVER", question=question, records=RECORDS) as told:
                found = base.retriever.retrieve(question, RECORDS)
                passages = base.passages.shown(question, found.evidence, PASSAGES)
                told.said = {"passages": [{"record": each.record_id, "text": each.text} for each in passages]}
            self._shown[question] = Shown(found.evidence, tuple(passages), time.perf_counter() - begun)
        return self._shown[question]

    def _evidence(self) -> EvidenceBase:
        base = self.open_base()
        if isinstance(base, FoundBefore):
            raise PermanentFailure(
                f"{self.name} was sent to another process before evidence for this question had been found",
                remedy="Ask for the grounds of all its questions before it is sent.",
            )
        return base

    def __getstate__(self) -> dict[str, Any]:
        """For another process: with the evidence that was found, since only one process may have the stores open."""
        base = self.open_base()
        there = base if isinstance(base, FoundBefore) else FoundBefore(frozenset(base.register.records))
        return {**vars(self), "open_base": there}

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

    def _finished(self, said: Answer | Exception, shown: "Shown") -> Answer | Exception:
        if isinstance(said, Exception):
            return said
        passages = shown.passages
        found = citations(said.text, passages, self.open_base().records)
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
            latency_s=said.latency_s + shown.seconds,
            first_token_s=None if said.first_token_s is None else said.first_token_s + shown.seconds,
        )


@dataclass(frozen=True)
class Shown:
    """Evidence for a question, the passages of it that are read, and the seconds that finding them took."""

    evidence: tuple[Evidence, ...]
    passages: tuple[Passage, ...]
    seconds: float


def _refusal(seconds: float) -> Answer:
    return Answer(f"{ANSWER_MARK} {NOT_STATED}", steps=("no evidence was found",), latency_s=seconds)
