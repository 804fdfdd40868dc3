"""All sensors, and those that follow runs and conditions: a killed run is failed, a failed one an alert, a change a request.

Belongs here: what looks at runs and conditions. What looks at inputs or at production has modules of its own.
"""

import warnings
from collections.abc import Sequence

from dagster import (
    AssetCheckSeverity,
    AssetSelection,
    AutomationConditionSensorDefinition,
    BetaWarning,
    DagsterEventType,
    DefaultSensorStatus,
    RunFailureSensorContext,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    run_failure_sensor,
)
from dagster_shared.error import SerializableErrorInfo

from lenovo_pipeline.automation.alerting import raise_alert
from lenovo_pipeline.automation.input_sensors import make_input_sensors
from lenovo_pipeline.automation.looking import found, looks
from lenovo_pipeline.automation.production_sensors import make_production_sensors
from lenovo_pipeline.models.foundation import Opens
from lenovo_pipeline.resources.runs import fail_dead_runs
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import Settings

_CONDITIONS_EVERY_S = 30
_MESSAGE_LENGTH = 2000


def make_sensors(settings: Settings, inference: Opens | None = None) -> Sequence[SensorDefinition]:
    """All sensors for these settings; `inference` is how models are reached (default: as the settings say)."""

    @looks(every_s=15, description="Marks runs as failed whose process was killed: the runs behind them would wait for ever.")
    def dead_runs(context: SensorEvaluationContext) -> SensorResult:
        failed = fail_dead_runs(context.instance)
        return found([], None, f"Marked as failed: {', '.join(failed)}." if failed else "Every run in progress has its process.")

    @run_failure_sensor(
        name="failed_run_alert",
        default_status=DefaultSensorStatus.RUNNING,
        description="Writes an alert record to data/store/alerts for each failed run.",
    )
    def failed_run_alert(context: RunFailureSensorContext) -> None:
        write_alert(Store(settings.store), context)

    return [
        *make_input_sensors(settings, inference),
        *make_production_sensors(settings),
        dead_runs,
        failed_run_alert,
        _follow_data_versions(),
    ]


def _follow_data_versions() -> SensorDefinition:
    with warnings.catch_warnings():
        # The daemon knows Dagster's own conditions only. That the definitions' process may evaluate others is said to be a beta.
        warnings.simplefilter("ignore", BetaWarning)
        return AutomationConditionSensorDefinition(
            "follow_data_versions",
            target=AssetSelection.all(),
            use_user_code_server=True,
            minimum_interval_seconds=_CONDITIONS_EVERY_S,
            default_status=DefaultSensorStatus.RUNNING,
            description="Brings assets in line with inputs whose data version changed.",
        )


def write_alert(store: Store, context: RunFailureSensorContext) -> None:
    """One file for each failed run, named by its id."""
    failures = [
        {
            "step": event.step_key or "",
            "message": _shortened(_messages(event.step_failure_data.error)),
        }
        for event in context.get_step_failure_events()
    ]
    raise_alert(
        store,
        context.dagster_run.run_id,
        "run_failure",
        run_id=context.dagster_run.run_id,
        job=context.dagster_run.job_name,
        message=_shortened(context.failure_event.message or ""),
        failed_steps=failures,
        failed_checks=_failed_checks(context),
    )


def _messages(error: SerializableErrorInfo | None) -> str:
    """What an error says, and what each says that caused it; the stack stands in the run's log."""
    said = []
    while error is not None:
        said.append(error.message.strip())
        error = error.cause
    return "\n".join(said)


def _failed_checks(context: RunFailureSensorContext) -> list[dict[str, str]]:
    """The checks that failed in the run, with what they found: a step that a blocking one stopped says only their names."""
    failed = []
    for entry in context.instance.all_logs(context.dagster_run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION):
        assert entry.dagster_event is not None
        evaluation = entry.dagster_event.asset_check_evaluation_data
        if not evaluation.passed and evaluation.severity == AssetCheckSeverity.ERROR:
            found = evaluation.metadata.get("found")
            check = f"{'/'.join(evaluation.asset_key.path)}: {evaluation.check_name}"
            failed.append({"check": check, "found": _shortened(str(found.value) if found else "")})
    return failed


def _shortened(text: str) -> str:
    """The whole lines of a text that fit into an alert; of a first line that does not, its beginning."""
    text = text.strip()
    if len(text) <= _MESSAGE_LENGTH:
        return text
    cut = text[:_MESSAGE_LENGTH]
    return f"{cut.rpartition(chr(10))[0] or cut}\n…"
