"""The assets of stage `agents`: the tasks, the adapter that learns from them.

Thin by rule; the logic is imported inside the assets, so that loading the definitions stays quick.
"""

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.agents.tables import AGENT_ADAPTER, TASKS
from lenovo_pipeline.contracts import HASH_COLUMN, digest
from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.models.tables import CATALOGUE, FOUNDATION
from lenovo_pipeline.partitions import MODEL_PARTITIONS
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings
from lenovo_pipeline.uploads.tables import TEXTS

READ_BY_TOOLS = (
    enterprise.FIRMWARE,
    enterprise.DOCUMENTS,
    enterprise.TECHNICAL_DOCS,
    TEXTS,
    CHUNKS,
    "knowledge/keyword_index",
    "knowledge/vector_collections",
    "knowledge/graph",
    "retrieval/hybrid_settings",
)
"""What the tools read beside the tables that tasks are made of."""


@table_asset(
    TASKS,
    deps=READ_BY_TOOLS,
    devices=enterprise.DEVICES,
    incidents=enterprise.INCIDENTS,
    support_articles=enterprise.SUPPORT_ARTICLES,
    processes=enterprise.PROCESSES,
    process_metrics=enterprise.PROCESS_METRICS,
    customers=enterprise.CUSTOMERS,
    journeys=enterprise.JOURNEYS,
    components=enterprise.COMPONENTS,
    departments=enterprise.DEPARTMENTS,
)
def tasks(
    context: AssetExecutionContext,
    devices: pd.DataFrame,
    incidents: pd.DataFrame,
    support_articles: pd.DataFrame,
    processes: pd.DataFrame,
    process_metrics: pd.DataFrame,
    customers: pd.DataFrame,
    journeys: pd.DataFrame,
    components: pd.DataFrame,
    departments: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    vectors: ResourceParam[Vectors],
    encoder: ResourceParam[Encoder],
    graph_store: ResourceParam[GraphStore],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.agents.tasks import make
    from lenovo_pipeline.agents.tasks.keeping import task_rows
    from lenovo_pipeline.agents.tools.stores import VIEWED_BY_TOOLS, open_stores
    from lenovo_pipeline.provenance import MANIFEST, file_hash, write_manifest
    from lenovo_pipeline.retrieval.kept_settings import are_made_by, read_settings

    sizes = make.SIZES[settings.profile]
    tuned = store.artifacts / "hybrid_settings"
    made_by = {
        "sizes": dict(sizes),
        "seed": settings.seed,
        "read": digest(f"{table.qualified_name} {warehouse.fingerprint(table.qualified_name)}" for table in VIEWED_BY_TOOLS),
        "retrieval": file_hash(tuned / MANIFEST),
        "encoder": encoder.id,
        "code": code_version(make.make_tasks, whole=True),
    }
    note = store.artifacts / "agent_tasks"
    reused = warehouse.described(TASKS) is not None and are_made_by(note, made_by)
    if reused:
        rows = warehouse.load(TASKS).drop(columns=HASH_COLUMN)
    else:
        frames = {
            "devices": devices,
            "incidents": incidents,
            "support_articles": support_articles,
            "processes": processes,
            "process_metrics": process_metrics,
            "customers": customers,
            "journeys": journeys,
            "components": components,
            "departments": departments,
        }
        with open_stores(warehouse, store, vectors, encoder, graph_store, read_settings(tuned)["hybrid"]) as stores:
            rows = task_rows(make.make_tasks(frames, stores, sizes, settings.seed))
        with folder_aside(note) as aside:
            write_manifest(aside, {"format": 1, **made_by})
    counts = rows.groupby(["category", "split"]).size().unstack(fill_value=0).reset_index()
    context.add_output_metadata(
        {
            "tasks": len(rows),
            "to_be_refused": int(rows["refusal"].notna().sum()),
            "by_category": MetadataValue.md(markdown_table(counts)),
            "reused": reused,
        }
    )
    return rows


@table_asset(
    AGENT_ADAPTER,
    partitions_def=MODEL_PARTITIONS,
    kinds={"pytorch", "huggingface"},
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    tasks=TASKS,
)
def agent_adapter(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    tasks: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.agents.adapter.recipes import RECIPES
    from lenovo_pipeline.agents.adapter.training import Lessons, make_adapter
    from lenovo_pipeline.agents.tasks.keeping import conversations_of
    from lenovo_pipeline.models.builds import build_rows
    from lenovo_pipeline.models.catalogue import require_row
    from lenovo_pipeline.models.compression.base import base_of
    from lenovo_pipeline.models.tuning.plots import loss_curves

    resolved = rows_of(foundation)[0]
    base = base_of(resolved, require_row(catalogue.to_dict("records"), context.partition_key), inference)
    taught = Lessons(conversations_of(tasks, "train"), conversations_of(tasks, "validation"))
    made = make_adapter(base, taught, RECIPES[settings.profile], store, tracking, seed=settings.seed, say=context.log.info)
    context.add_output_metadata(
        {
            "measures": MetadataValue.md(markdown_table(pd.DataFrame([{"build": made.build, **made.measures}]))),
            "loss": MetadataValue.md(loss_curves([made])),
            "path": made.path,
        }
    )
    return build_rows([made], AGENT_ADAPTER)
