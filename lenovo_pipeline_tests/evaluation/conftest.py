"""A gold set of a few dozen questions about made-up devices, and language models that read, refuse, die or never end."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.agents.running.tables import ATTEMPTS
from lenovo_pipeline.agents.tables import TASKS
from lenovo_pipeline.contracts import Table
from lenovo_pipeline.evaluation.items import asked_items, hashes_now, make_items
from lenovo_pipeline.evaluation.tables import ITEMS
from lenovo_pipeline.gold.tables import QRELS, QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.models.builds import Build, content_hash
from lenovo_pipeline.models.candidate import RawModel
from lenovo_pipeline.resources.inference import Completion, GenerationFailed, GenerationSettings, Message, ModelIdentity
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

SERIES = 8
FOUNDATION: dict[str, Any] = {
    "model": "lenovo-nano",
    "source": "folder",
    "identifier": "data/models/lenovo-nano",
    "revision": "r1",
    "tokenizer_hash": "t1",
    "template_hash": "c1",
    "parameters": 4_800_000,
    "size_bytes": 19_000_000,
    "context_length": 4096,
    "licence_class": "open_source",
    "targets": ["mobile", "edge", "server"],
    "identity": "i1",
}


def _id(prefix: str, text: str, length: int) -> str:
    return f"{prefix}-{hashlib.sha256(text.encode()).hexdigest()[:length]}"


@dataclass
class Gold:
    """Frames that fit QUESTIONS, QRELS and CHUNKS."""

    questions: pd.DataFrame
    qrels: pd.DataFrame
    chunks: pd.DataFrame

    def items(self, size: int | None = None, seed: int = 1) -> pd.DataFrame:
        return make_items(self.questions, self.qrels, self.chunks, size=size, seed=seed)

    def asked(self, size: int | None = None) -> tuple[list[Item], list[Item]]:
        return asked_items(self.items(size), self.questions, self.chunks)

    def hashes(self) -> dict[str, set[str]]:
        return hashes_now(self.items(), self.questions, self.chunks)

    def store(self, warehouse: Warehouse) -> None:
        for table, frame in ((QUESTIONS, self.questions), (QRELS, self.qrels), (CHUNKS, self.chunks), (ITEMS, self.items())):
            warehouse.replace(table, frame)


def make_gold(series: int = SERIES) -> Gold:
    """For each series a weight (two passages), a colour in Chinese, and a price that no passage tells; one training question."""
    questions, qrels, chunks = [], [], []

    def passage(record: str, position: int, anchor: str, text: str) -> str:
        chunk = _id("CHK", f"{record}{position}{text}", 24)
        chunks.append(
            {
                "chunk_id": chunk,
                "record_id": record,
                "kind": "devices",
                "record_type": "devices",
                "title": record,
                "section": "",
                "position": position,
                "language": "en",
                "context": record,
                "text": text,
                "tokens": 9,
                "anchor": anchor,
            }
        )
        return chunk

    def ask(text: str, answer: str, kind: str, category: str, language: str, anchor: str, split: str, ids: list[str]) -> str:
        question = _id("GQ", text, 16)
        questions.append(
            {
                "question_id": question,
                "question": text,
                "answer_type": kind,
                "unit": "kg" if kind == "number" else None,
                "answer": answer,
                "answer_items": [answer],
                "aliases": ["not recorded"] if kind == "refusal" else [],
                "extractive": kind != "refusal",
                "evidence_ids": ids,
                "evidence_types": ["devices"] * len(ids),
                "evidence_facts": [{"role": "answer", "surfaces": [answer]}] * len(ids),
                "alternate_ids": [],
                "category": category,
                "language": language,
                "split": split,
                "anchor": anchor,
                "family": "Laptop",
                "phrasing": f"lookup/{hashlib.sha256(category.encode()).hexdigest()[:10]}",
                "program": {"op": "lookup"},
            }
        )
        return question

    for number in range(series):
        anchor, record = f"series:Quartz {number}", f"DEV-{number}"
        split = "test" if number else "train"
        second = passage(record, 1, anchor, f"Its colour is tone{number}.")
        first = passage(record, 0, anchor, f"The Quartz {number} weighs 1.{number}5 kg.")
        weight = ask(f"How heavy is the Quartz {number}?", f"1.{number}5", "number", "basic", "en", anchor, split, [record])
        colour = ask(f"Quartz {number} 是什么颜色？", f"tone{number}", "text", "chinese", "zh-Hans", anchor, split, [record])
        ask(f"What does the Quartz {number} cost?", "The records do not say.", "refusal", "unanswerable", "en", anchor, split, [])
        for question, chunk in ((weight, first), (colour, second), (colour, first)):
            qrels.append({"question_id": question, "level": "chunk", "target_id": chunk, "relevance": 2})
            qrels.append({"question_id": question, "level": "record", "target_id": record, "relevance": 2})
    return Gold(pd.DataFrame(questions), pd.DataFrame(qrels).drop_duplicates().reset_index(drop=True), pd.DataFrame(chunks))


@pytest.fixture
def gold() -> Gold:
    return make_gold()


_BLANK: dict[str, Any] = {"text": "x", "integer": 0, "number": 0.0, "boolean": False, "text[]": ["x"], "json": {}}


def _row_of(table: Table, **given: Any) -> dict[str, Any]:
    """A row that keeps the contract, whatever it says beside `given`."""
    blank = {each.name: each.choices[0] if each.choices else _BLANK.get(each.type, date(2026, 1, 1)) for each in table.columns}
    return {**blank, **given}


def store_agents(warehouse: Warehouse) -> None:
    """Attempts of two agents at the same tasks, of which lenovo-nano/desk succeeds at each and lenovo-nano/rival at none."""
    tasks = [_row_of(TASKS, task_id=f"TSK-{number:010X}", cluster=f"c{number}") for number in range(12)]
    attempts = [
        _row_of(
            ATTEMPTS,
            **{"model": "lenovo-nano", "workflow": workflow, "task_id": task["task_id"], "attempt_id": f"{number:016x}"},
            success=workflow == "desk",
        )
        for workflow in ("desk", "rival")
        for number, task in enumerate(tasks)
    ]
    warehouse.replace(TASKS, pd.DataFrame(tasks))
    warehouse.replace(ATTEMPTS, pd.DataFrame(attempts), model="lenovo-nano")


@dataclass
class Reader:
    """Reads the answer out of the passages: a language model as far as the interface goes.

    `dies_after` answers the server is gone, `killed_after` answers the process is interrupted; `says` replaces every answer.
    """

    dies_after: int | None = None
    killed_after: int | None = None
    says: str | None = None
    latency_s: float = 0.01
    finish_reason: str = "stop"
    longest: int | None = None
    prompts: list[str] = field(default_factory=list)
    closed: int = 0

    def generate(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        prompt = "\n".join(message.content for message in messages)
        if self.killed_after is not None and len(self.prompts) >= self.killed_after:
            raise KeyboardInterrupt
        if self.dies_after is not None and len(self.prompts) >= self.dies_after:
            raise GenerationFailed("the connection was refused")
        if self.longest is not None and len(prompt) > self.longest:
            raise GenerationFailed(f"the prompt has {len(prompt)} tokens, the context holds {self.longest}")
        self.prompts.append(prompt)
        text = self.says if self.says is not None else f"Answer: {self._read(messages[-1].content)}"
        return Completion(text, 50, 5, self.latency_s, 0.001, self.finish_reason, 0.0)  # type: ignore[arg-type]

    def generate_batch(self, batch: Sequence[Sequence[Message]], settings: GenerationSettings) -> list[Completion | Exception]:
        done: list[Completion | Exception] = []
        for messages in batch:
            try:
                done.append(self.generate(messages, settings))
            except GenerationFailed as error:
                done.append(error)
        return done

    def stream(self, messages: Sequence[Message], settings: GenerationSettings) -> Any:
        raise NotImplementedError

    def identity(self) -> ModelIdentity:
        return ModelIdentity("folder", "x", "r1", "t1", "c1", 19_000_000, 4096, 4_800_000)

    def close(self) -> None:
        self.closed += 1

    @staticmethod
    def _read(asked: str) -> str:
        for mark, end in (("weighs ", "."), ("colour is ", ".")):
            wanted = "heavy" in asked if mark == "weighs " else "颜色" in asked
            if wanted and mark in asked:
                return asked.split(mark)[1].split(" kg" if mark == "weighs " else end)[0]
        return "not stated"


@pytest.fixture
def reader() -> type[Reader]:
    return Reader


@pytest.fixture
def foundation() -> dict[str, Any]:
    return dict(FOUNDATION)


@pytest.fixture
def model() -> Callable[..., RawModel]:
    def make(backend: Reader, name: str = "lenovo-nano/open-book", **changes: Any) -> RawModel:
        return RawModel(name, {**FOUNDATION, **changes}, lambda: backend)

    return make


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(str(tmp_path / "warehouse.duckdb"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.open()
    return made


@pytest.fixture
def build(store: Store) -> Callable[..., Build]:
    """A row of a build table, with a folder of the store whose only file holds `files`."""

    def make(name: str = "lenovo-nano/lora/device_support", files: str | None = None, **changes: Any) -> Build:
        content = name if files is None else files
        folder = store.artifacts / "trial" / hashlib.sha256(content.encode()).hexdigest()[:32]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "weights").write_text(content, encoding="utf-8")
        row: dict[str, Any] = {
            "model": "lenovo-nano",
            "build": name,
            "method": "lora",
            "domain": "device_support",
            "format": "adapter",
            "artifact": content_hash(folder),
            "path": store.relative(folder),
            "base": FOUNDATION["identity"],
            "base_revision": FOUNDATION["revision"],
            "tokenizer_hash": FOUNDATION["tokenizer_hash"],
            "template_hash": FOUNDATION["template_hash"],
            "training_set": "0123456789abcdef",
            "licence": "Apache License 2.0",
            "parameters": 4_900_000,
            "trainable_parameters": 100_000,
            "size_bytes": 400_000,
            "validation_loss": 0.5,
        }
        return Build(**{**row, **changes})

    return make
