"""One small world in real stores, shared by the tests of tools and tasks: warehouse, keyword index and graph."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lenovo_pipeline.agents.tasks.make import Made, make_tasks
from lenovo_pipeline.agents.tasks.task import Task
from lenovo_pipeline.agents.tools.interface import Limits
from lenovo_pipeline.agents.tools.sandbox import Sandbox
from lenovo_pipeline.agents.tools.stores import VIEWED_BY_TOOLS, Stores
from lenovo_pipeline.agents.tools.toolbox import StoreToolbox, open_toolbox
from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.enterprise.tables import TABLES as ENTERPRISE
from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.knowledge.chunks import SOURCES, make_chunks
from lenovo_pipeline.knowledge.graph import desired_graph
from lenovo_pipeline.knowledge.graph_sync import synchronise
from lenovo_pipeline.knowledge.keyword_index import KeywordIndex, build_index
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.graph_server import GraphServer
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.views import open_views
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.keyword import KeywordRetriever
from lenovo_pipeline.retrieval.passages import Passages
from lenovo_pipeline.retrieval.register import read_register
from lenovo_pipeline.uploads.tables import TEXTS

SEED, SCALE = 11, 0.3


def _words(texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([len(text.split()) for text in texts], dtype=np.int64)


@dataclass(frozen=True)
class Place:
    """The stores that tools read, and the frames that fill them."""

    stores: Stores
    world: dict[str, pd.DataFrame]
    made: list[Made]
    sandbox: Sandbox
    """One in memory, for attempts that only their outcome matters of."""

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table of the world."""
        return rows_of(self.world[table])

    def task(self, category: str) -> Task:
        """A task of that category, without a fault."""
        found = next(one.task for one in self.made if one.task.category == category and one.task.language == "en")
        return found.without_fault()

    @contextmanager
    def toolbox(self, task: Task, limits: Limits | None = None) -> Iterator[StoreToolbox]:
        toolbox = open_toolbox(self.stores, task, limits=limits)
        try:
            yield toolbox
        finally:
            toolbox.close()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    store = Store(tmp_path_factory.mktemp("agents"))
    store.open()
    world = build_world(SEED, SCALE)
    # Search by keywords needs no vectors; what the tools do with evidence is the same for every retriever.
    chunks = make_chunks({name: world[name] for name in SOURCES if name in world}, 128, _words)
    warehouse = Warehouse(str(store.warehouse))
    for table in ENTERPRISE:
        warehouse.replace(table, world[table.name])
    warehouse.replace(TEXTS, pd.DataFrame(columns=list(TEXTS.column_names)))
    warehouse.replace(CHUNKS, chunks)
    build_index(chunks, store.artifacts / "keyword_index")
    with GraphStore(GraphServer(store.graph, heap="256m")) as graph, open_views(warehouse, VIEWED_BY_TOOLS) as views:
        synchronise(graph, desired_graph({f"enterprise.{name}": frame for name, frame in world.items()}))
        register = read_register(views)
        retriever = KeywordRetriever(KeywordIndex.load(store.artifacts / "keyword_index"), register, register.record_of)
        stores = Stores(views, register, retriever, Passages(views, register), graph)
        made = make_tasks(world, stores, {"train": 80, "validation": 20, "test": 80}, SEED)
        sandbox = Sandbox(in_memory=True)
        yield Place(stores, world, made, sandbox)
        sandbox.close()
