"""Lessons for a long training: more tasks of the train split than a run makes, of the world that the last run left.

Belongs here: opening that world and making them. Does not belong here: the tasks of a run (agents/assets.py).
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.agents.adapter.training import Lessons
from lenovo_pipeline.agents.tasks.keeping import conversations_of, task_rows
from lenovo_pipeline.agents.tasks.make import Made, make_tasks
from lenovo_pipeline.agents.tasks.task import Split
from lenovo_pipeline.agents.tools.stores import VIEWED_BY_TOOLS, Stores, open_stores
from lenovo_pipeline.contracts import digest
from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.kept_settings import read_settings
from lenovo_pipeline.settings import Settings

READ = (
    enterprise.DEVICES,
    enterprise.INCIDENTS,
    enterprise.SUPPORT_ARTICLES,
    enterprise.PROCESSES,
    enterprise.PROCESS_METRICS,
    enterprise.CUSTOMERS,
    enterprise.JOURNEYS,
    enterprise.COMPONENTS,
    enterprise.DEPARTMENTS,
)
"""What tasks are made of."""


def lessons_to_teach(settings: Settings, train: int, validation: int, kept: Path) -> Lessons:
    """The conversations of that many tasks of these two splits, each carried out; those of `kept` (a file), if they are the same.
    Those of validation are worded by patterns that were held back from the others.

    Making thousands takes minutes, and a training that was stopped goes on with the very same. Raises what a store raises that is
    not there.
    """
    with opened_world(settings) as world:
        sizes: dict[Split, int] = {"train": train, "validation": validation}
        made_by: dict[str, Any] = {"tasks": sizes, "seed": settings.seed, "read": world.read, "code": code_version(_reached)}
        try:
            found = json.loads(kept.read_text(encoding="utf-8"))
            if found["made_by"] == made_by:
                return Lessons(found["train"], found["validation"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        rows = task_rows(world.made(sizes, settings.seed))
    taught = lessons_of(rows)
    kept.parent.mkdir(parents=True, exist_ok=True)
    aside = kept.with_name(f".{kept.name}.new")
    told = {"made_by": made_by, "train": taught.train, "validation": taught.validation}
    aside.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    aside.replace(kept)
    return taught


def lessons_of(rows: pd.DataFrame) -> Lessons:
    """The conversations of the train split to learn from, those of validation to measure on; of tasks whose reference solution
    reached its goal.
    """
    reached = rows[rows["reference_problems"].map(len) == 0]
    return Lessons(conversations_of(reached, "train"), conversations_of(reached, "validation"))


@dataclass(frozen=True)
class LastWorld:
    """What the last run left: its warehouse, the stores that tools read, and a hash of what they hold."""

    warehouse: Warehouse
    stores: Stores
    read: str

    def made(self, sizes: Mapping[Split, int], seed: int) -> list[Made]:
        """So many tasks of each split for a long training (`make_tasks` says how they differ from a run's)."""
        frames = {table.name: self.warehouse.load(table) for table in READ}
        return make_tasks(frames, self.stores, sizes, seed, to_teach=True)


@contextmanager
def opened_world(settings: Settings) -> Iterator[LastWorld]:
    """The world of the last run, under the store's lock. Raises what a store raises that is not there."""
    store = Store(settings.store)
    with ExitStack() as opened:
        opened.enter_context(store.held("the agent adapter", settings.lock_wait_s, print))
        warehouse = opened.enter_context(Warehouse(settings.warehouse or str(store.warehouse)).kept_open())
        vectors = Vectors(store.chroma, settings.chroma_url)
        opened.callback(vectors.close)
        graph = opened.enter_context(GraphStore.from_settings(settings))
        tuned = read_settings(store.artifacts / "hybrid_settings")["hybrid"]
        encoder = OnnxEncoder(bundled_encoder(), store.artifacts)
        stores = opened.enter_context(open_stores(warehouse, store, vectors, encoder, graph, tuned))
        read = digest(f"{table.qualified_name} {warehouse.fingerprint(table.qualified_name)}" for table in VIEWED_BY_TOOLS)
        yield LastWorld(warehouse, stores, read)


def _reached() -> None:
    """The code that decides what the tasks are: code_version follows these imports."""
    from lenovo_pipeline.agents.tasks import make  # noqa: F401
