"""Latency of the hybrid over 100,000 passages against 10,000, and how often its dense search finds what an exact one finds.

Run: python lenovo_pipeline_tests/benchmarks/bench_retrieval_scale.py [--work FOLDER] [--chunks 10000 100000] [--questions 100]
Wanted: p95 at most 3 times, the same ten nearest passages in at least 99 %. The stores are real: a world of 10,000 passages and,
in the larger one, texts of a user's own until there are so many. They are kept below `--work`, and a filling that was stopped
goes on where it was; the first time takes minutes. Only vectors are made up, since encoding 100,000 passages takes a quarter of
an hour: those of a record lie around a centre of its own, and a question near a record that answers it. The sizes take turns
question by question; the best of the rounds counts.
"""

import argparse
import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from lenovo_pipeline.contracts import HASH_COLUMN
from lenovo_pipeline.enterprise.tables import TABLES as ENTERPRISE
from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.gold.make import make_questions
from lenovo_pipeline.gold.qrels import make_qrels
from lenovo_pipeline.gold.tables import QRELS, QUESTIONS
from lenovo_pipeline.knowledge.chunks import SOURCES, make_chunks
from lenovo_pipeline.knowledge.graph import desired_graph
from lenovo_pipeline.knowledge.graph_sync import synchronise as fill_graph
from lenovo_pipeline.knowledge.keyword_index import KeywordIndex, build_index
from lenovo_pipeline.knowledge.tables import CHUNKS, KINDS
from lenovo_pipeline.resources.encoders import OnnxEncoder, Vectors32, bundled_encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.graph_server import GraphServer
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.views import open_views
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.dense import DenseRetriever, QueryEncoder
from lenovo_pipeline.retrieval.graph_source import GraphRetriever
from lenovo_pipeline.retrieval.hybrid import HybridRetriever
from lenovo_pipeline.retrieval.interface import Filters, Request
from lenovo_pipeline.retrieval.keyword import KeywordRetriever
from lenovo_pipeline.retrieval.register import VIEWED, read_register
from lenovo_pipeline.retrieval.scoring import asked, relevance_of
from lenovo_pipeline.retrieval.settings import HybridSettings
from lenovo_pipeline.retrieval.tables_source import TablesRetriever
from lenovo_pipeline.uploads.tables import TEXTS

SEED, SCALE, WIDTH = 7, 1.54, 384
"""A world of this scale has 10,000 passages, about."""

MADE_UP = "made-up-vectors"
_PAGE = 2_000


def fill(store: Store) -> None:
    """The stores of the world; each only if it was not finished before."""
    warehouse = Warehouse(str(store.warehouse))
    if not _done(store, "tables"):
        store.open()
        world = build_world(SEED, SCALE, only=[table.name for table in ENTERPRISE if table.name != "interactions"])
        for table in ENTERPRISE:
            rows = world.get(table.name, pd.DataFrame(columns=list(table.column_names)))
            warehouse.replace(table, rows)
        warehouse.replace(TEXTS, pd.DataFrame(columns=list(TEXTS.column_names)))
        _finish(store, "tables")
    if not _done(store, "chunks"):
        count = OnnxEncoder(bundled_encoder(), store.artifacts).count_tokens
        made = make_chunks({table.name: warehouse.load(table) for table in ENTERPRISE if table.name in SOURCES}, 128, count)
        warehouse.replace(CHUNKS, made)
        build_index(warehouse.load(CHUNKS), store.artifacts / "keyword_index")
        _finish(store, "chunks")
    if not _done(store, "questions"):
        world = {table.name: warehouse.load(table) for table in ENTERPRISE}
        questions = make_questions(world, SEED, SCALE)
        # Of a large world there are many thousand, of which few are asked.
        questions = questions[questions["split"] == "validation"].reset_index(drop=True)
        warehouse.replace(QUESTIONS, questions)
        warehouse.replace(QRELS, make_qrels(questions, warehouse.load(CHUNKS)))
        _finish(store, "questions")
    if not _done(store, "graph"):
        frames = {f"enterprise.{table.name}": warehouse.load(table) for table in ENTERPRISE}
        with GraphStore(GraphServer(store.graph)) as graph:
            fill_graph(graph, desired_graph(frames))
        _finish(store, "graph")
    for kind in KINDS:
        if not _done(store, f"vectors-{kind}"):
            _fill_vectors(store, kind)
            _finish(store, f"vectors-{kind}")


def grow(world: Store, store: Store, passages: int) -> None:
    """A copy of the world with texts of the same words added until there are so many passages, four of each text."""
    if not _done(store, "texts"):
        shutil.rmtree(store.root, ignore_errors=True)
        shutil.copytree(world.root, store.root)
        warehouse = Warehouse(str(store.warehouse))
        held = warehouse.load(CHUNKS).drop(columns=HASH_COLUMN)
        drawn = np.random.default_rng(SEED)
        words = np.array(" ".join(held["text"]).split())
        like, made = dict(held.iloc[0]), []
        for number in range(passages - len(held)):
            text = " ".join(drawn.choice(words, drawn.integers(30, 80)))
            chunk_id = f"CHK-{hashlib.sha256(str(number).encode()).hexdigest()[:24]}"
            of = {"record_id": f"TXT-{number // 4}", "position": number % 4}
            made.append({**like, **of, "chunk_id": chunk_id, "text": text})
        added = pd.DataFrame(made).assign(kind="uploads", record_type="texts", title="Note", section="", context="", anchor=None)
        parents = added.drop_duplicates("record_id")
        texts = parents.rename(columns={"record_id": "text_id"}).assign(file_id="F")
        texts["mentioned_device_ids"] = [[] for _ in range(len(texts))]
        warehouse.replace(TEXTS, texts[list(TEXTS.column_names)])
        warehouse.replace(CHUNKS, pd.concat([held, added], ignore_index=True))
        build_index(warehouse.load(CHUNKS), store.artifacts / "keyword_index")
        _finish(store, "texts")
    if not _done(store, "vectors-texts"):
        _fill_vectors(store, "uploads")
        _finish(store, "vectors-texts")


def _fill_vectors(store: Store, kind: str) -> None:
    """The vectors of a kind; what a filling that was stopped had added stays."""
    held = Warehouse(str(store.warehouse)).load(CHUNKS)
    held = held[held["kind"] == kind]
    vectors = Vectors(store.chroma)
    collection = vectors.find(kind) or vectors.create(kind, MADE_UP)
    for first in range(collection.count(), len(held), _PAGE):
        page = held.iloc[first : first + _PAGE]
        made = [_near(record, chunk) for record, chunk in zip(page["record_id"], page["chunk_id"], strict=True)]
        collection.add(ids=page["chunk_id"].tolist(), embeddings=np.stack(made))
    vectors.close()


def _done(store: Store, what: str) -> bool:
    return (store.root / f"{what}.done").exists()


def _finish(store: Store, what: str) -> None:
    (store.root / f"{what}.done").touch()
    print(f"{store.root.name}: {what} filled", flush=True)


def _near(record: str, of: str) -> Vectors32:
    """A unit vector [WIDTH] around the centre of a record; always the same one for the same `of`."""
    centre, noise = (np.random.default_rng(list(each.encode())).normal(size=WIDTH) for each in (record, of))
    found = centre / np.linalg.norm(centre) + 0.7 * noise / np.linalg.norm(noise)
    return np.asarray(found / np.linalg.norm(found), dtype=np.float32)


def opened(store: Store, stack: ExitStack, questions: int) -> tuple[HybridRetriever, list[str], int]:
    """The hybrid with its untuned weights, the questions to ask it, and how many passages there are."""
    warehouse, vectors = Warehouse(str(store.warehouse)), Vectors(store.chroma)
    stack.callback(vectors.close)
    graph = stack.enter_context(GraphStore(GraphServer(store.graph)))
    views = stack.enter_context(open_views(warehouse, VIEWED, templates=True))
    register = read_register(views)
    relevance = relevance_of(warehouse.load(QRELS))
    chosen = asked(warehouse.load(QUESTIONS), relevance, "validation", questions, SEED)
    known = {text: _near(min(relevance[i]), text) for i, text in zip(chosen["question_id"], chosen["question"], strict=True)}
    encoder = QueryEncoder(SimpleNamespace(id=MADE_UP), _known=known)  # type: ignore[arg-type]
    record_of = register.record_of
    keyword = KeywordRetriever(KeywordIndex.load(store.artifacts / "keyword_index"), register, record_of)
    dense = DenseRetriever(vectors, dict.fromkeys(KINDS, encoder), register, record_of)
    tables, related = TablesRetriever(views, register), GraphRetriever(graph, register)
    hybrid = HybridRetriever(keyword, dense, tables, related, register)
    # All sources for every question: the untuned weights leave none out.
    assert all(each.weights["dense"] > 0 for each in HybridSettings().routes.values())
    return hybrid, list(known), len(record_of)


def overlap(hybrid: HybridRetriever, texts: list[str]) -> float:
    """Share of the ten nearest passages of an exact search that the dense source finds, too."""
    dense: Any = hybrid.dense
    exact = replace(dense, exact_up_to=10**9, _opened=[])
    same = 0
    for text in texts:
        request = Request(text, 10, Filters())
        same += len({i for i, _ in dense._nearest(request)[:10]} & {i for i, _ in exact._nearest(request)[:10]})
    return same / (10 * len(texts))


def rounds(sides: dict[int, tuple[HybridRetriever, list[str]]], count: int) -> Iterator[tuple[int, int, int, float]]:
    """Size, round, place of the question and seconds."""
    for hybrid, texts in sides.values():
        hybrid.retrieve(texts[0])
    for turn in range(count):
        for place in range(min(len(texts) for _, texts in sides.values())):
            for size, (hybrid, texts) in sides.items():
                begun = time.perf_counter()
                hybrid.retrieve(texts[place], 10)
                yield size, turn, place, time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "lenovo_pipeline_retrieval_scale")
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    sides: dict[int, tuple[HybridRetriever, list[str]]] = {}
    with ExitStack() as stack:
        for size in sorted(arguments.chunks):
            store = Store(arguments.work / str(size))
            if size == min(arguments.chunks):
                world = store
                fill(store)
            else:
                grow(world, store, size)
            begun = time.perf_counter()
            hybrid, texts, held = opened(store, stack, arguments.questions)
            hybrid.retrieve(texts[0])
            print(f"{held:,} passages, opened in {time.perf_counter() - begun:.1f} s")
            sides[held] = (hybrid, texts)
        taken = pd.DataFrame(rounds(sides, arguments.rounds), columns=["size", "round", "place", "s"])
        best = taken.groupby(["size", "place"])["s"].min().unstack("size") * 1000
        for size, (hybrid, texts) in sides.items():
            p50, p95 = np.percentile(best[size], [50, 95])
            print(f"{size:9,} passages  p50 {p50:7.2f} ms  p95 {p95:7.2f} ms  as exact {overlap(hybrid, texts):.4f}")
        first, last = (np.percentile(best[size], 95) for size in (min(sides), max(sides)))
        print(f"p95 of the largest / the smallest {last / first:.2f}   (wanted: at most 3)")


if __name__ == "__main__":
    main()
