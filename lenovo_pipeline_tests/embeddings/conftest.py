"""One small world in real stores, shared by the tests of embeddings: warehouse, keyword index and Chroma."""

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
from lenovo_pipeline.knowledge.keyword_index import KeywordIndex, build_index
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.knowledge.vector_collections import synchronise
from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse

SEED, SCALE = 11, 0.1


@dataclass(frozen=True)
class Ground:
    """The stores as knowledge and gold fill them; `root` is copied by whoever changes something."""

    root: Path
    warehouse: Warehouse
    encoder: OnnxEncoder
    world: dict[str, pd.DataFrame]
    chunks: pd.DataFrame
    questions: pd.DataFrame
    qrels: pd.DataFrame

    @property
    def index(self) -> KeywordIndex:
        return KeywordIndex.load(self.root / "artifacts" / "keyword_index")

    def copy_to(self, place: Path) -> Store:
        shutil.copytree(self.root, place, dirs_exist_ok=True)
        return Store(place)


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    store = Store(tmp_path_factory.mktemp("embeddings"))
    store.open()
    encoder = OnnxEncoder(bundled_encoder(), store.artifacts)
    world = build_world(SEED, SCALE)
    # The first passage of a record is enough: encoding all of them would take most of the tests' time.
    chunks = make_chunks({name: world[name] for name in SOURCES if name in world}, 128, encoder.count_tokens)
    chunks = chunks[chunks["position"] == 0].reset_index(drop=True)
    warehouse = Warehouse(str(store.warehouse))
    for table in ENTERPRISE:
        warehouse.replace(table, world[table.name])
    questions = make_questions(world, SEED, SCALE)
    qrels = make_qrels(questions, chunks)
    for table, frame in ((CHUNKS, chunks), (QUESTIONS, questions), (QRELS, qrels)):
        warehouse.replace(table, frame)
    build_index(chunks, store.artifacts / "keyword_index")
    vectors = Vectors(store.chroma)
    synchronise(warehouse.load(CHUNKS), vectors, encoder)
    vectors.close()
    yield Ground(store.root, warehouse, encoder, world, warehouse.load(CHUNKS), questions, qrels)


@pytest.fixture(scope="session")
def pairs(ground: Ground) -> pd.DataFrame:
    """The training pairs of that world."""
    from lenovo_pipeline.embeddings.pairs import make_pairs

    return make_pairs(ground.questions, ground.qrels, ground.chunks, ground.index.search)
