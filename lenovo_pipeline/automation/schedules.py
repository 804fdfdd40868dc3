"""The schedules. Times are Hong Kong's, where the team that reads the results sits."""

from dagster import DefaultScheduleStatus, ScheduleDefinition

from lenovo_pipeline.automation.jobs import everything, retention

TIME_ZONE = "Asia/Hong_Kong"

nightly = ScheduleDefinition(
    name="nightly",
    job=everything,
    cron_schedule="0 2 * * *",
    execution_timezone=TIME_ZONE,
    default_status=DefaultScheduleStatus.RUNNING,
    description="Everything, every night: unchanged inputs cost little.",
)

weekly_retention = ScheduleDefinition(
    name="weekly_retention",
    job=retention,
    cron_schedule="30 4 * * 0",
    execution_timezone=TIME_ZONE,
    default_status=DefaultScheduleStatus.RUNNING,
    description="Remove what nothing uses, every Sunday.",
)

SCHEDULES = [nightly, weekly_retention]
