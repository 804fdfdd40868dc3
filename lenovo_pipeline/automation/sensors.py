"""The sensors: thin shells that look, ask a pure function what follows, and request it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from dagster import (
    AssetKey,
    AssetSelection,
    AutomationConditionSensorDefinition,
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    run_failure_sensor,
    sensor,
)

from lenovo_pipeline.automation import model_watch
from lenovo_pipeline.automation.jobs import evaluate_model, refresh_uploads
from lenovo_pipeline.automation.upload_watch import Watch, decide
from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.models.foundation import Opens
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.store import Store, write_text_aside
from lenovo_pipeline.settings import PROJECT_ROOT, Settings
from lenovo_pipeline.uploads.scan import snapshot

_UPLOADS_EVERY_S = 15
_MODELS_EVERY_S = 60
_CONDITIONS_EVERY_S = 30
_MESSAGE_LENGTH = 2000


def make_sensors(settings: Settings, inference: Opens | None = None) -> Sequence[SensorDefinition]:
    """All sensors for these settings; `inference` is how models are reached (default: as the settings say)."""

    @sensor(
        name="uploads_changed",
        job=refresh_uploads,
        minimum_interval_seconds=_UPLOADS_EVERY_S,
        default_status=DefaultSensorStatus.RUNNING,
        description="Starts what new, changed and deleted files in data/uploads touch.",
    )
    def uploads_changed(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        watch = Watch.from_json(context.cursor)
        try:
            now = snapshot(settings.uploads, watch.prints, max_bytes=settings.upload_max_bytes)
        except PipelineError as error:
            return SkipReason(str(error))
        decision = decide(watch, now)
        if decision.run_key is None:
            return SensorResult(skip_reason=decision.reason, cursor=decision.watch.to_json())
        request = RunRequest(run_key=decision.run_key, tags={"uploads": decision.reason})
        return SensorResult(run_requests=[request], cursor=decision.watch.to_json())

    @sensor(
        name="models_changed",
        job=evaluate_model,
        minimum_interval_seconds=_MODELS_EVERY_S,
        default_status=DefaultSensorStatus.RUNNING,
        description="Evaluates a model again whose weights, tokenizer or template changed where it lies or is served.",
    )
    def models_changed(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        watch = model_watch.Watch.from_json(context.cursor)
        made = sorted(context.instance.get_materialized_partitions(AssetKey(["models", "foundation"])))
        try:
            reached = inference or Inference(settings)
            look = model_watch.look_at(made, settings.catalogue, reached, PROJECT_ROOT, bundled=DEFAULT_MODEL)
        except PipelineError as error:
            return SkipReason(str(error))
        decision = model_watch.decide(watch, look)
        requests = [RunRequest(run_key=key, partition_key=model) for model, key in decision.run_keys.items()]
        return SensorResult(
            run_requests=requests, skip_reason=None if requests else decision.reason, cursor=decision.watch.to_json()
        )

    @run_failure_sensor(
        name="failed_run_alert",
        default_status=DefaultSensorStatus.RUNNING,
        description="Writes an alert record to data/store/alerts for each failed run.",
    )
    def failed_run_alert(context: RunFailureSensorContext) -> None:
        write_alert(Store(settings.store), context)

    follow = AutomationConditionSensorDefinition(
        "follow_data_versions",
        target=AssetSelection.all(),
        minimum_interval_seconds=_CONDITIONS_EVERY_S,
        default_status=DefaultSensorStatus.RUNNING,
        description="Brings assets in line with inputs whose data version changed.",
    )
    return [uploads_changed, models_changed, failed_run_alert, follow]


def write_alert(store: Store, context: RunFailureSensorContext) -> None:
    """One file for each failed run, named by its id: an alert that is raised twice is one record."""
    store.alerts.mkdir(parents=True, exist_ok=True)
    failures = [
        {
            "step": event.step_key or "",
            "message": _first_line(event.step_failure_data.error.to_string() if event.step_failure_data.error else ""),
        }
        for event in context.get_step_failure_events()
    ]
    alert = {
        "kind": "run_failure",
        "run_id": context.dagster_run.run_id,
        "job": context.dagster_run.job_name,
        "raised_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "message": _first_line(context.failure_event.message or ""),
        "failed_steps": failures,
    }
    write_text_aside(store.alerts / f"{context.dagster_run.run_id}.json", json.dumps(alert, indent=1))


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0][:_MESSAGE_LENGTH]
