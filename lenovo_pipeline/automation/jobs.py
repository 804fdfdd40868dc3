"""The jobs: what can be run as one."""

from dagster import (
    AssetCheckKey,
    AssetKey,
    AssetSelection,
    In,
    JobDefinition,
    Nothing,
    OpExecutionContext,
    define_asset_job,
    job,
    op,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from lenovo_pipeline.resources.retention import remove_old_runs, remove_unused
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.monitoring.log import MonitorLog
from lenovo_pipeline.roster.monitoring.requests import Clock
from lenovo_pipeline.settings import Settings

_ON_DEMAND = AssetSelection.assets("models/adapter_search")
"""What is made only when somebody asks for it: minutes of trials whose outcome a person reads."""

TRACKED_INPUTS = {
    "prompts": "prompts/library",
    "policy": "roster/policy",
    "workflows": "agents/workflows",
    "catalogue": "models/catalogue",
}
"""What people edit beside uploads, by the setting that says where it lies, with the asset that reads it."""

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

take_adapters: UnresolvedAssetJobDefinition = define_asset_job(
    "take_adapters",
    selection=AssetSelection.assets("models/dropped_adapters").downstream() - _ON_DEMAND,
    description="Adapters that were dropped into data/adapters, for one model: registered, evaluated and decided on.",
)

search_adapters: UnresolvedAssetJobDefinition = define_asset_job(
    "search_adapters",
    selection=_ON_DEMAND,
    description="Try other adapter recipes for one model on the validation split; goes on where it was stopped.",
)

read_inputs: UnresolvedAssetJobDefinition = define_asset_job(
    "read_inputs",
    selection=AssetSelection.assets(*TRACKED_INPUTS.values()),
    description="Read prompts, workflows, policy and catalogue again; what follows from a change is made by the conditions.",
)

retrain: UnresolvedAssetJobDefinition = define_asset_job(
    "retrain",
    selection=AssetSelection.assets("models/training_sets").downstream() - _ON_DEMAND,
    description="One model's builds on the data of now, their scores and the decisions; what nothing changed is taken over.",
)

check_drift: UnresolvedAssetJobDefinition = define_asset_job(
    "check_drift",
    selection=AssetSelection.assets("roster/monitoring", "roster/alerts")
    | AssetSelection.checks(AssetCheckKey(AssetKey(["roster", "decisions"]), "decision_log_is_as_written")),
    description="What was served and which alerts there were, with the checks on drift, rollbacks and the log of decisions.",
)

follow_deployments: UnresolvedAssetJobDefinition = define_asset_job(
    "follow_deployments",
    selection=AssetSelection.assets("roster/deployments").downstream(),
    description="What runs where, after a rollback or a promotion outside a run: table, canaries, monitoring and the snapshot.",
)


@op(required_resource_keys={"store", "warehouse"}, description="Remove artifacts, snapshots and left-overs that nothing uses.")
def remove_unused_artifacts(context: OpExecutionContext) -> None:
    store: Store = context.resources.store
    for line in remove_unused(store, context.resources.warehouse):
        context.log.info(line)


@op(ins={"after": In(Nothing)}, description="Remove Dagster runs older than the retention time, and their logs.")
def remove_old_dagster_runs(context: OpExecutionContext) -> None:
    context.log.info(f"{remove_old_runs(context.instance, keep=context.run_id)} old runs removed.")


@op(
    required_resource_keys={"settings"},
    ins={"after": In(Nothing)},
    description="Remove served requests, windows and alerts older than the retention time of monitoring.",
)
def trim_monitoring(context: OpExecutionContext) -> None:
    settings: Settings = context.resources.settings
    log = MonitorLog(Store(settings.store).monitoring)
    gone = log.trim(Clock().now(), settings.monitor_retention_h * 3_600) if log.path.exists() else 0
    context.log.info(f"{gone} records of monitoring removed.")


@job(description="Remove what no snapshot cites and nothing uses, so that nothing grows for ever.")
def retention() -> None:
    trim_monitoring(remove_old_dagster_runs(remove_unused_artifacts()))


ASSET_JOBS = [
    everything,
    refresh_knowledge,
    refresh_uploads,
    evaluate_model,
    take_adapters,
    search_adapters,
    read_inputs,
    retrain,
    check_drift,
    follow_deployments,
]
OTHER_JOBS: list[JobDefinition] = [retention]
