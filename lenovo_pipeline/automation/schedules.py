"""The schedules. Times are Hong Kong's, where the team that reads the results sits."""

from collections.abc import Iterator

from dagster import AssetKey, DefaultScheduleStatus, RunRequest, ScheduleDefinition, ScheduleEvaluationContext, schedule

from lenovo_pipeline.automation.jobs import check_drift, everything, retention, retrain
from lenovo_pipeline.partitions import DEFAULT_MODEL, MODEL_PARTITIONS

TIME_ZONE = "Asia/Hong_Kong"

_FOUNDATION = AssetKey(["models", "foundation"])


@schedule(
    name="nightly",
    job=everything,
    cron_schedule="0 2 * * *",
    execution_timezone=TIME_ZONE,
    default_status=DefaultScheduleStatus.RUNNING,
    description="Everything, every night, for the bundled model and each model that was ever made: unchanged inputs cost little.",
)
def nightly(context: ScheduleEvaluationContext) -> Iterator[RunRequest]:
    """One run for each model. A model that somebody only catalogued waits until its partition is made for the first time."""
    yield from _for_each_model("nightly", context, always=DEFAULT_MODEL)


@schedule(
    name="weekly_retraining",
    job=retrain,
    cron_schedule="0 6 * * 0",
    execution_timezone=TIME_ZONE,
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every Sunday, the builds of each model that was ever made, on the data of now; unchanged data trains nothing.",
)
def weekly_retraining(context: ScheduleEvaluationContext) -> Iterator[RunRequest]:
    """One run for each model."""
    yield from _for_each_model("retraining", context)


def _for_each_model(prefix: str, context: ScheduleEvaluationContext, always: str = "") -> Iterator[RunRequest]:
    """A run for each model that was ever made, and for the one that is `always` made."""
    made = context.instance.get_materialized_partitions(_FOUNDATION)
    day = context.scheduled_execution_time.date().isoformat()
    for model in MODEL_PARTITIONS.get_partition_keys():
        if model in made or model == always:
            yield RunRequest(run_key=f"{prefix}-{day}-{model}", partition_key=model)


hourly_drift_check = ScheduleDefinition(
    name="hourly_drift_check",
    job=check_drift,
    cron_schedule="15 * * * *",
    execution_timezone=TIME_ZONE,
    default_status=DefaultScheduleStatus.RUNNING,
    description="What was served in the last hours, with the checks on drift and on rollbacks.",
)

weekly_retention = ScheduleDefinition(
    name="weekly_retention",
    job=retention,
    cron_schedule="30 4 * * 0",
    execution_timezone=TIME_ZONE,
    default_status=DefaultScheduleStatus.RUNNING,
    description="Remove what nothing uses, every Sunday.",
)

SCHEDULES = [nightly, weekly_retraining, hourly_drift_check, weekly_retention]
