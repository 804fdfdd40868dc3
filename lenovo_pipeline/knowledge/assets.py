"""The assets of stage `knowledge`: passages, the stores that they and the records fill, analytics, and whether all agree.

The logic is imported inside the assets, so that loading the definitions stays quick.
"""

from dataclasses import asdict
from pathlib import Path

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.contracts import HASH_COLUMN, Table, digest
from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.knowledge import analytics as queries
from lenovo_pipeline.knowledge import tables
from lenovo_pipeline.knowledge.graph_model import NODES, RELATIONSHIPS
from lenovo_pipeline.resources.assets import StoreReport, store_asset, table_asset
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings
from lenovo_pipeline.uploads import tables as uploads

_TEXT_TABLES = {
    "devices": enterprise.DEVICES,
    "support_articles": enterprise.SUPPORT_ARTICLES,
    "incidents": enterprise.INCIDENTS,
    "technical_docs": enterprise.TECHNICAL_DOCS,
    "documents": enterprise.DOCUMENTS,
    "processes": enterprise.PROCESSES,
    "customers": enterprise.CUSTOMERS,
    "journeys": enterprise.JOURNEYS,
    "texts": uploads.TEXTS,
}
_GRAPH_TABLES: tuple[Table, ...] = tuple({part.table.qualified_name: part.table for part in (*NODES, *RELATIONSHIPS)}.values())
_PROGRESS_EVERY = 0.1


@table_asset(tables.CHUNKS, deps=tuple(_TEXT_TABLES.values()), pure=True)
def chunks(
    warehouse: ResourceParam[Warehouse], encoder: ResourceParam[Encoder], settings: ResourceParam[Settings]
) -> pd.DataFrame:
    from lenovo_pipeline.knowledge.chunks import make_chunks

    sources = {name: warehouse.load(table) for name, table in _TEXT_TABLES.items()}
    return make_chunks(sources, settings.chunk_tokens, encoder.count_tokens)


@store_asset(
    "knowledge",
    "keyword_index",
    description="BM25 over all chunks, with a tokenizer for Chinese, model names and error codes; a folder in artifacts.",
    kinds={"bm25"},
    columns=tables.CHUNKS,
    chunks=tables.CHUNKS,
)
def keyword_index(chunks: pd.DataFrame, store: ResourceParam[Store]) -> StoreReport:
    from lenovo_pipeline.knowledge.keyword_index import build_index

    folder = store.artifacts / "keyword_index"
    made_by = build_index(chunks, folder)
    return StoreReport(
        data_version=digest(f"{name}={value}" for name, value in made_by.items() if name != "reused"),
        counts={"documents": made_by["documents"], "bytes": _folder_bytes(folder)},
        metadata={"changed": not made_by["reused"], "path": store.relative(folder), "tokenizer": str(made_by["tokenizer"])},
    )


@store_asset(
    "knowledge",
    "vector_collections",
    description="Chroma, one collection per kind of text, embedded by all-MiniLM-L6-v2; kept in line by difference.",
    kinds={"chroma"},
    columns=tables.CHUNKS,
    chunks=tables.CHUNKS,
)
def vector_collections(
    context: AssetExecutionContext, chunks: pd.DataFrame, vectors: ResourceParam[Vectors], encoder: ResourceParam[Encoder]
) -> StoreReport:
    from lenovo_pipeline.knowledge.vector_collections import synchronise

    told = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal told
        if total and done / total >= told:
            context.log.info(f"{done:,} of {total:,} texts embedded")
            told = done / total + _PROGRESS_EVERY

    counts = synchronise(chunks, vectors, encoder, progress)
    by_kind = pd.DataFrame([{"collection": kind, **each.as_dict()} for kind, each in counts.items()])
    written = int(by_kind[["embedded", "reused", "relabelled", "deleted"]].to_numpy().sum())
    return StoreReport(
        data_version=digest([encoder.id, *(f"{i} {h}" for i, h in zip(chunks["chunk_id"], chunks[HASH_COLUMN], strict=True))]),
        counts={name: int(by_kind[name].sum()) for name in ("total", "embedded", "reused", "relabelled", "deleted", "unchanged")},
        metadata={
            "changed": written > 0,
            "collections": MetadataValue.md(markdown_table(by_kind)),
            "encoder": encoder.id,
            "place": vectors.place,
        },
    )


@store_asset(
    "knowledge",
    "graph",
    description="The records as a graph: devices, people, processes, customers, texts and uploads with typed relationships.",
    kinds={"neo4j"},
    columns=tables.GRAPH_RECORDS,
    deps=_GRAPH_TABLES,
)
def graph(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse], graph_store: ResourceParam[GraphStore]
) -> StoreReport:
    from lenovo_pipeline.knowledge import graph_sync
    from lenovo_pipeline.knowledge.graph import desired_graph

    desired = desired_graph(_load(warehouse, _GRAPH_TABLES))
    counts = graph_sync.synchronise(graph_store, desired, say=context.log.info)
    by_kind = desired.state()["kind"].value_counts().rename_axis("kind").reset_index(name="count")
    return StoreReport(
        data_version=desired.digest(),
        counts={"nodes": len(desired.nodes), "relationships": len(desired.relationships), **asdict(counts)},
        metadata={
            "changed": counts.changed,
            "kinds": MetadataValue.md(markdown_table(by_kind)),
            "place": graph_store.address().uri,
        },
    )


@table_asset(
    tables.STORE_AGREEMENT,
    deps=[*_GRAPH_TABLES, "knowledge/vector_collections", "knowledge/graph", "knowledge/keyword_index"],
    chunks=tables.CHUNKS,
)
def store_agreement(
    chunks: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    vectors: ResourceParam[Vectors],
    graph_store: ResourceParam[GraphStore],
) -> pd.DataFrame:
    from lenovo_pipeline.knowledge.agreement import compare_states
    from lenovo_pipeline.knowledge.graph import desired_graph
    from lenovo_pipeline.knowledge.graph_sync import read_graph_state
    from lenovo_pipeline.knowledge.keyword_index import KeywordIndex
    from lenovo_pipeline.knowledge.vector_collections import read_vector_state

    embedded = chunks.rename(columns={"chunk_id": "id"})
    # An id in the keyword index is made from the content, so it is its own hash.
    indexed = embedded.assign(kind="chunks", content_hash=embedded["id"])
    index = KeywordIndex.load(store.artifacts / "keyword_index").ids
    found_in_index = pd.DataFrame({"kind": "chunks", "id": index, "content_hash": index}, dtype=object)
    return pd.concat(
        [
            compare_states("chroma", embedded, read_vector_state(vectors)),
            compare_states("keyword_index", indexed, found_in_index),
            compare_states("graph", desired_graph(_load(warehouse, _GRAPH_TABLES)).state(), read_graph_state(graph_store)),
        ],
        ignore_index=True,
    )


@table_asset(
    tables.USAGE, deps=[enterprise.INTERACTIONS, enterprise.USERS, enterprise.DEPARTMENTS, enterprise.DEVICES], pure=True
)
def usage(warehouse: ResourceParam[Warehouse]) -> pd.DataFrame:
    return warehouse.frame(queries.USAGE)


@table_asset(
    tables.PROCESS_PERFORMANCE, deps=[enterprise.PROCESSES, enterprise.PROCESS_METRICS, enterprise.DEPARTMENTS], pure=True
)
def process_performance(warehouse: ResourceParam[Warehouse]) -> pd.DataFrame:
    return warehouse.frame(queries.PROCESS_PERFORMANCE)


@table_asset(tables.JOURNEY_CONVERSION, deps=[enterprise.JOURNEYS, enterprise.TOUCHPOINTS, enterprise.CUSTOMERS], pure=True)
def journey_conversion(warehouse: ResourceParam[Warehouse]) -> pd.DataFrame:
    return warehouse.frame(queries.JOURNEY_CONVERSION)


@table_asset(tables.CHAT_ANALYTICS, deps=[enterprise.CHAT_MESSAGES, enterprise.DEVICES], pure=True)
def chat_analytics(warehouse: ResourceParam[Warehouse]) -> pd.DataFrame:
    return warehouse.frame(queries.CHAT_ANALYTICS)


@table_asset(tables.UPLOAD_INVENTORY, deps=[uploads.FILES, uploads.TEXTS], pure=True)
def upload_inventory(warehouse: ResourceParam[Warehouse]) -> pd.DataFrame:
    return warehouse.frame(queries.UPLOAD_INVENTORY)


@table_asset(
    tables.ANALYTICS,
    deps=[
        tables.USAGE,
        tables.PROCESS_PERFORMANCE,
        tables.JOURNEY_CONVERSION,
        tables.CHAT_ANALYTICS,
        tables.UPLOAD_INVENTORY,
    ],
    pure=True,
)
def analytics(warehouse: ResourceParam[Warehouse]) -> pd.DataFrame:
    return warehouse.frame(queries.ANALYTICS)


def _load(warehouse: Warehouse, wanted: tuple[Table, ...]) -> dict[str, pd.DataFrame]:
    return {table.qualified_name: warehouse.load(table) for table in wanted}


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
