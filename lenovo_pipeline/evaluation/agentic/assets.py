"""The asset of agent workflows' figures. Thin by rule; the logic is imported inside: loading the definitions stays quick."""

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.agents.assets import READ_BY_TOOLS
from lenovo_pipeline.agents.running.tables import ATTEMPTS, WORKFLOWS
from lenovo_pipeline.agents.tables import TASKS
from lenovo_pipeline.contracts import digest
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.partitions import MODEL_PARTITIONS
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings


@table_asset(
    AGENTIC_WORKFLOW,
    partitions_def=MODEL_PARTITIONS,
    deps=READ_BY_TOOLS,
    attempts=ATTEMPTS,
    workflows=WORKFLOWS,
    tasks=TASKS,
)
def agentic_workflow(
    context: AssetExecutionContext,
    attempts: pd.DataFrame,
    workflows: pd.DataFrame,
    tasks: pd.DataFrame,
    inference: ResourceParam[Inference],
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    vectors: ResourceParam[Vectors],
    encoder: ResourceParam[Encoder],
    graph_store: ResourceParam[GraphStore],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from contextlib import ExitStack
    from functools import cache

    from lenovo_pipeline.agents.tasks.keeping import tasks_of
    from lenovo_pipeline.agents.tools.stores import VIEWED_BY_TOOLS, Stores, open_stores
    from lenovo_pipeline.agents.workflows.rows import for_tasks
    from lenovo_pipeline.evaluation.agentic.figures import attempted, by_category, figures, headline, reference, shown
    from lenovo_pipeline.evaluation.agentic.floors import floors
    from lenovo_pipeline.provenance import MANIFEST, file_hash
    from lenovo_pipeline.retrieval.kept_settings import read_settings

    model, tuned = context.partition_key, store.artifacts / "hybrid_settings"
    views = (f"{table.qualified_name} {warehouse.fingerprint(table.qualified_name)}" for table in VIEWED_BY_TOOLS)
    with ExitStack() as opened:

        @cache
        def stores() -> Stores:
            found = read_settings(tuned)["hybrid"]
            return opened.enter_context(open_stores(warehouse, store, vectors, encoder, graph_store, found))

        beside = floors(
            model,
            for_tasks(workflows),
            tasks_of(tasks, "test"),
            stores,
            inference,
            store,
            profile=settings.profile,
            seed=settings.seed,
            read=digest([*views, file_hash(tuned / MANIFEST), encoder.id]),
            say=context.log.info,
        )
    candidates = attempted(model, attempts, tasks)
    candidates.append(reference(tasks, set(attempts["task_id"])))
    for kind, rows in beside.items():
        candidates += attempted(model, rows, tasks, kind)
    made = figures(model, candidates, seed=settings.seed)
    context.add_output_metadata(
        {
            "headline": f"Agents: {headline(made)}",
            "workflows": MetadataValue.md(shown(made)),
            "success_by_category": MetadataValue.md(by_category(made)),
        }
    )
    return made
