"""One small world in real stores, shared by the tests of retrieval: warehouse, keyword index, Chroma and graph."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from lenovo_pipeline.enterprise.tables import TABLES as ENTERPRISE
from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.gold.make import make_questions
from lenovo_pipeline.gold.qrels import make_qrels
from lenovo_pipeline.gold.tables import QRELS, QUESTIONS
from lenovo_pipeline.knowledge.chunks import SOURCES, make_chunks
from lenovo_pipeline.knowledge.graph import desired_graph
from lenovo_pipeline.knowledge.graph_sync import synchronise as fill_graph
from lenovo_pipeline.knowledge.keyword_index import build_index
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.knowledge.vector_collections import synchronise as fill_vectors
from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.graph_server import GraphServer
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.library import Library, open_library
from lenovo_pipeline.uploads.tables import TEXTS

SEED, SCALE = 11, 0.1


@dataclass(frozen=True)
class Place:
    """The stores, and the frames that fill them."""

    store: Store
    warehouse: Warehouse
    vectors: Vectors
    graph: GraphStore
    encoder: OnnxEncoder
    world: dict[str, pd.DataFrame]
    chunks: pd.DataFrame
    questions: pd.DataFrame
    spare: Path
    """A copy of the folder of the stores, as they were filled."""


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    store = Store(tmp_path_factory.mktemp("retrieval"))
    store.open()
    encoder = OnnxEncoder(bundled_encoder(), store.artifacts)
    world = build_world(SEED, SCALE)
    # The first passage of a record is enough to find it by; encoding all of them would take most of the tests' time.
    chunks = make_chunks({name: world[name] for name in SOURCES if name in world}, 128, encoder.count_tokens)
    chunks = chunks[chunks["position"] == 0].reset_index(drop=True)
    warehouse = Warehouse(str(store.warehouse))
    for table in ENTERPRISE:
        warehouse.replace(table, world[table.name])
    warehouse.replace(TEXTS, pd.DataFrame(columns=list(TEXTS.column_names)))
    warehouse.replace(CHUNKS, chunks)
    questions = make_questions(world, SEED, SCALE)
    warehouse.replace(QUESTIONS, questions)
    warehouse.replace(QRELS, make_qrels(questions, chunks))
    build_index(chunks, store.artifacts / "keyword_index")
    vectors = Vectors(store.chroma)
    fill_vectors(warehouse.load(CHUNKS), vectors, encoder)
    with GraphStore(GraphServer(store.graph, heap="256m")) as graph:
        fill_graph(graph, desired_graph({f"enterprise.{name}": frame for name, frame in world.items()}))
    vectors.close()
    # Copied while nothing has it open.
    spare = tmp_path_factory.mktemp("spare") / "store"
    shutil.copytree(store.root, spare)
    with GraphStore(GraphServer(store.graph, heap="256m")) as graph:
        yield Place(store, warehouse, vectors, graph, encoder, world, chunks, questions, spare)
        vectors.close()


@pytest.fixture(scope="session")
def library(place: Place) -> Iterator[Library]:
    with open_library(place.warehouse, place.store, place.vectors, place.encoder, place.graph) as opened:
        yield opened


@pytest.fixture
def empty(tmp_path: Path) -> Store:
    """A store in which nothing was made."""
    return Store(tmp_path / "empty")
