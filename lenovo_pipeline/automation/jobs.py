"""The jobs: what can be run as one."""

from dagster import AssetSelection, In, JobDefinition, Nothing, OpExecutionContext, define_asset_job, job, op
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from lenovo_pipeline.resources.retention import remove_old_runs, remove_unused
from lenovo_pipeline.resources.store import Store

_ON_DEMAND = AssetSelection.assets("models/adapter_search")
"""What is made only when somebody asks for it: minutes of trials whose outcome a person reads."""

everything: UnresolvedAssetJobDefinition = define_asset_job(
    "everything",
    selection=AssetSelection.all() - _ON_DEMAND,
    description="The whole graph, from the simulated world to the published snapshot; without the search for adapter recipes.",
)

refresh_knowledge: UnresolvedAssetJobDefinition = define_asset_job(
    "refresh_knowledge",
    selection=AssetSelection.groups("uploads", "knowledge") | AssetSelection.assets("embeddings/collections", "roster/published"),
    description="Read the uploads again and bring vectors, keywords, graph and analytics in line with the records.",
)

refresh_uploads: UnresolvedAssetJobDefinition = define_asset_job(
    "refresh_uploads",
    selection=AssetSelection.groups("uploads", "knowledge", "gold") & AssetSelection.assets("uploads/files").downstream()
    | AssetSelection.assets("roster/published"),
    description="What new, changed and deleted uploads touch, as far as it is the same for all models.",
)

evaluate_model: UnresolvedAssetJobDefinition = define_asset_job(
    "evaluate_model",
    selection=AssetSelection.assets("models/foundation").downstream() - _ON_DEMAND,
    description="One model again: what it is, its scores, the leaderboard, the decisions that follow, and the snapshot.",
)

search_adapters: UnresolvedAssetJobDefinition = define_asset_job(
    "search_adapters",
    selection=_ON_DEMAND,
    description="Try other adapter recipes for one model on the validation split; goes on where it was stopped.",
)


@op(required_resource_keys={"store", "warehouse"}, description="Remove artifacts, snapshots and left-overs that nothing uses.")
def remove_unused_artifacts(context: OpExecutionContext) -> None:
    store: Store = context.resources.store
    for line in remove_unused(store, context.resources.warehouse):
        context.log.info(line)


@op(ins={"after": In(Nothing)}, description="Remove Dagster runs older than the retention time, and their logs.")
def remove_old_dagster_runs(context: OpExecutionContext) -> None:
    context.log.info(f"{remove_old_runs(context.instance, keep=context.run_id)} old runs removed.")


@job(description="Remove what no snapshot cites and nothing uses, so that nothing grows for ever.")
def retention() -> None:
    remove_old_dagster_runs(remove_unused_artifacts())


ASSET_JOBS = [everything, refresh_knowledge, refresh_uploads, evaluate_model, search_adapters]
OTHER_JOBS: list[JobDefinition] = [retention]
