"""The assets of stage `agents` that run workflows: the definitions, attempts of them, replays of the attempts. Thin by rule.

The logic is imported inside the assets, so that loading the definitions stays quick.
"""

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.agents.assets import READ_BY_TOOLS
from lenovo_pipeline.agents.running.tables import ATTEMPTS, REPLAYS, WORKFLOWS
from lenovo_pipeline.agents.tables import AGENT_ADAPTER, TASKS
from lenovo_pipeline.contracts import digest
from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.models.tables import CATALOGUE, FOUNDATION
from lenovo_pipeline.partitions import MODEL_PARTITIONS
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.beside import Beside
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings


@table_asset(WORKFLOWS, kinds={"yaml", "langgraph", "smolagents"})
def workflows(context: AssetExecutionContext, store: ResourceParam[Store], settings: ResourceParam[Settings]) -> pd.DataFrame:
    from lenovo_pipeline.agents.workflows.library import read_library
    from lenovo_pipeline.agents.workflows.rows import draw_all, shown, workflow_rows

    library = read_library(folder=settings.workflows)
    found = list(library.workflows.values())
    place = store.artifacts / "workflows"
    draw_all(found, place)
    for file, problems in library.rejected.items():
        context.log.warning(f"{file} is rejected: {'; '.join(problems)}")
    told = {title: MetadataValue.md(text) for title, text in shown(library, place).items()}
    context.add_output_metadata(
        {"workflows": len(found), "rejected_files": len(library.rejected), "path": store.relative(place), **told}
    )
    return workflow_rows(found)


@table_asset(
    ATTEMPTS,
    partitions_def=MODEL_PARTITIONS,
    kinds={"langgraph", "smolagents", "mlflow"},
    deps=READ_BY_TOOLS,
    workflows=WORKFLOWS,
    tasks=TASKS,
    agent_adapter=AGENT_ADAPTER,
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
)
def attempts(
    context: AssetExecutionContext,
    workflows: pd.DataFrame,
    tasks: pd.DataFrame,
    agent_adapter: pd.DataFrame,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    inference: ResourceParam[Inference],
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    vectors: ResourceParam[Vectors],
    encoder: ResourceParam[Encoder],
    graph_store: ResourceParam[GraphStore],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
    beside: ResourceParam[Beside],
) -> pd.DataFrame:
    from contextlib import ExitStack
    from functools import cache

    from lenovo_pipeline.agents.running.builds import adapter_row, opened_builds
    from lenovo_pipeline.agents.running.making import make_attempts, summary
    from lenovo_pipeline.agents.running.tracing import EXPERIMENT, forget_traces, trace_attempts
    from lenovo_pipeline.agents.tasks.keeping import tasks_of
    from lenovo_pipeline.agents.tools.stores import VIEWED_BY_TOOLS, Stores, open_stores
    from lenovo_pipeline.agents.workflows.rows import for_tasks
    from lenovo_pipeline.models.catalogue import require_row
    from lenovo_pipeline.provenance import MANIFEST, file_hash
    from lenovo_pipeline.retrieval.kept_settings import read_settings

    model = context.partition_key
    resolved = rows_of(foundation)[0]
    tuned = store.artifacts / "hybrid_settings"
    read = digest(
        [
            *(f"{table.qualified_name} {warehouse.fingerprint(table.qualified_name)}" for table in VIEWED_BY_TOOLS),
            file_hash(tuned / MANIFEST),
            encoder.id,
        ]
    )
    row = require_row(catalogue.to_dict("records"), model)
    with ExitStack() as opened:
        builds = opened.enter_context(
            opened_builds(resolved, row, adapter_row(agent_adapter, model), inference, store, context.log.info)
        )

        @cache
        def stores() -> Stores:
            found = read_settings(tuned)["hybrid"]
            return opened.enter_context(open_stores(warehouse, store, vectors, encoder, graph_store, found))

        made = make_attempts(
            for_tasks(workflows),
            tasks_of(tasks, "test"),
            stores,
            builds,
            store,
            profile=settings.profile,
            seed=settings.seed,
            read=read,
            concurrency=settings.inference_concurrency,
            beside=beside,
            say=context.log.info,
        )
    client, experiment = tracking.client(), tracking.experiment(EXPERIMENT)
    kept = {each.attempt_id for each in made.attempts}
    forgotten = forget_traces(client, experiment, kept, model)
    written = trace_attempts(client, experiment, [(each, {"model": model}) for each in made.attempts])
    context.add_output_metadata(
        {
            "attempts": len(made.rows),
            "reused": made.reused,
            "by_workflow": MetadataValue.md(markdown_table(summary(made.rows))),
            "traces": f"{written} new, {forgotten} old ones deleted, in experiment {EXPERIMENT}",
            **({"skipped_workflows": dict(made.skipped)} if made.skipped else {}),
        }
    )
    return made.rows


@table_asset(REPLAYS, partitions_def=MODEL_PARTITIONS, attempts=ATTEMPTS, workflows=WORKFLOWS)
def replays(
    context: AssetExecutionContext, attempts: pd.DataFrame, workflows: pd.DataFrame, store: ResourceParam[Store]
) -> pd.DataFrame:
    from lenovo_pipeline.agents.running.making import make_replays
    from lenovo_pipeline.agents.workflows.rows import of_rows

    made, reused = make_replays(attempts, {each.title: each for each in of_rows(workflows)}, store)
    same = int((made["same_state"] & made["same_trace"]).sum()) if len(made) else 0
    context.add_output_metadata({"replayed": len(made), "identical": same, "reused": reused})
    return made
