"""What the stores hold, by ids and content hashes: taken before an erasure and after it, the difference is what it touched.

Belongs here: stock and comparison. The stock of before lies in `<store>/forgetting` until the erasure is complete, so that
one that was killed can still tell what it touched.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import orjson
import pandas as pd

from lenovo_pipeline.contracts import HASH_COLUMN, Table
from lenovo_pipeline.knowledge.graph_sync import read_graph_state
from lenovo_pipeline.knowledge.vector_collections import read_vector_state
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse

_COLUMNS = ("store", "place", "id", HASH_COLUMN)


@dataclass(frozen=True)
class Touched:
    """What became of the records of one place: `changed` have other content, `removed` and `added` are gone and new."""

    store: str
    place: str
    before: int
    changed: int
    removed: int
    added: int


@dataclass(frozen=True)
class Stores:
    """Everything that an erasure looks into."""

    store: Store
    warehouse: Warehouse
    vectors: Vectors
    graph: GraphStore
    tables: Mapping[str, Table]


def folder_of(store: Store) -> Path:
    """Where the stock of an erasure lies that has begun and is not complete."""
    return store.root / "forgetting"


def take(stores: Stores) -> None:
    """Take stock of before, unless an unfinished erasure has done so already."""
    place = folder_of(stores.store)
    if not place.exists():
        with folder_aside(place) as aside:
            _write(stores, aside)


def touched(stores: Stores) -> list[Touched]:
    """The difference between the stock of before and what is there now, for each place where there is one."""
    with tempfile.TemporaryDirectory(prefix=".stock-", suffix=".new", dir=stores.store.root) as now:
        _write(stores, Path(now))
        with duckdb.connect() as connection:
            rows = connection.execute(
                f"""
                SELECT store, place, count(b.id),
                       count(*) FILTER (b.{HASH_COLUMN} <> n.{HASH_COLUMN}),
                       count(*) FILTER (n.id IS NULL), count(*) FILTER (b.id IS NULL)
                FROM read_parquet(?) b FULL JOIN read_parquet(?) n USING (store, place, id)
                GROUP BY ALL ORDER BY ALL
                """,
                [str(folder_of(stores.store) / "*.parquet"), f"{now}/*.parquet"],
            ).fetchall()
    found = [Touched(*row) for row in rows]
    return [each for each in found if each.changed or each.removed or each.added]


def _write(stores: Stores, folder: Path) -> None:
    _tables(stores, folder)
    if stores.vectors.url or stores.store.chroma.exists():
        state = read_vector_state(stores.vectors)
        _keep(folder, "vectors", state["kind"], state["id"], state[HASH_COLUMN])
    if not stores.graph.embedded or stores.store.graph.exists():
        state = read_graph_state(stores.graph)
        _keep(folder, "graph", state["kind"], state["id"], state[HASH_COLUMN])
    index = stores.store.artifacts / "keyword_index" / "chunk_ids.json"
    ids = orjson.loads(index.read_bytes()) if index.is_file() else []
    _keep(folder, "keyword index", ["chunks"] * len(ids), ids, ids)


def _tables(stores: Stores, folder: Path) -> None:
    with stores.warehouse.read() as connection:
        for name, table in stores.tables.items():
            if stores.warehouse.described(table) is None:
                continue
            key = " || ' ' || ".join(f'"{column}"::VARCHAR' for column in table.key)
            place = str(folder / f"{name}.parquet").replace("'", "''")
            connection.execute(
                f"COPY (SELECT 'tables' AS store, '{name}' AS place, {key} AS id, {HASH_COLUMN} FROM {name})"
                f" TO '{place}' (FORMAT parquet)"
            )


def _keep(folder: Path, store: str, places: object, ids: object, hashes: object) -> None:
    frame = pd.DataFrame({"place": places, "id": ids, HASH_COLUMN: hashes}, dtype=object).assign(store=store)
    with duckdb.connect() as connection:
        connection.register("state", frame)
        place = str(folder / f"{store}.parquet").replace("'", "''")
        columns = ", ".join(f"{name}::VARCHAR AS {name}" for name in _COLUMNS)
        connection.execute(f"COPY (SELECT {columns} FROM state) TO '{place}' (FORMAT parquet)")
