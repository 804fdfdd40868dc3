"""The sensors that keep the roster right: thin shells around watching.py and production_watch.py.

Belongs here: looking at inputs, MLflow, monitoring, checks and evidence, and requesting what follows. A look that fails skips:
it never counts as nothing being there.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dagster import (
    AssetCheckKey,
    AssetCheckSeverity,
    AssetKey,
    AssetObservation,
    AssetRecordsFilter,
    DagsterInstance,
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from lenovo_pipeline.automation.jobs import TRACKED_INPUTS, check_drift, evaluate_model, follow_deployments, read_inputs
from lenovo_pipeline.automation.production_watch import Entry, Failed, Stale, evidence_graph, new_failures, stale
from lenovo_pipeline.automation.watching import Watch, changes, content_of
from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.partitions import MODEL_PARTITIONS
from lenovo_pipeline.resources.store import Store, write_text_aside
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.settings import Settings

_INPUTS_EVERY_S = 30
_ROLLBACKS_EVERY_S = 15
_PRODUCTION_EVERY_S = 30
_MLFLOW_EVERY_S = 60
_DEPLOYMENTS = AssetKey(["roster", "deployments"])
_RUN = "run"
"""Who changes deployments inside a run, which records them itself."""


def make_roster_sensors(settings: Settings) -> Sequence[SensorDefinition]:
    """The sensors for these settings."""
    store = Store(settings.store)

    @sensor(
        name="inputs_changed",
        job=read_inputs,
        minimum_interval_seconds=_INPUTS_EVERY_S,
        default_status=DefaultSensorStatus.RUNNING,
        description="Reads prompt libraries, policy or catalogue again when their files changed.",
    )
    def inputs_changed(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        watch = Watch.from_json(context.cursor)
        try:
            now = {name: content_of(getattr(settings, name)) for name in TRACKED_INPUTS}
        except OSError as error:
            return SkipReason(f"an input cannot be read ({error.filename}: {error.strerror}); nothing is concluded from that.")
        found = changes("input", watch, now, new_counts=True)
        requests = [
            RunRequest(run_key=key, asset_selection=[AssetKey(TRACKED_INPUTS[name].split("/"))], tags={"input": name})
            for name, key in found.run_keys.items()
        ]
        return SensorResult(
            run_requests=requests, skip_reason=None if requests else "No input has changed.", cursor=found.watch.to_json()
        )

    @sensor(
        name="mlflow_models_changed",
        job=evaluate_model,
        minimum_interval_seconds=_MLFLOW_EVERY_S,
        default_status=DefaultSensorStatus.RUNNING,
        description="Evaluates a model again when somebody registered a version of it in MLflow.",
    )
    def mlflow_models_changed(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        watch = Watch.from_json(context.cursor)
        try:
            now, models = registered_versions(store)
        except Exception as error:
            return SkipReason(f"MLflow cannot be read ({type(error).__name__}); nothing is concluded from that.")
        found = changes("mlflow", watch, now, new_counts=True)
        known = MODEL_PARTITIONS.get_partition_keys()
        requests = [
            RunRequest(run_key=key, partition_key=models[name], tags={"mlflow_version": name})
            for name, key in found.run_keys.items()
            if models.get(name) in known
        ]
        strange = [name for name in found.run_keys if models.get(name) not in known]
        said = "No new version in MLflow." + (f" Of no model of the catalogue: {', '.join(strange)}." if strange else "")
        return SensorResult(run_requests=requests, skip_reason=None if requests else said, cursor=found.watch.to_json())

    @sensor(
        name="deployments_changed",
        job=follow_deployments,
        minimum_interval_seconds=_ROLLBACKS_EVERY_S,
        default_status=DefaultSensorStatus.RUNNING,
        description="Records rollbacks and other changes outside a run as asset events, and brings the tables in line.",
    )
    def deployments_changed(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        try:
            steps = Book(store.deployments).history()
        except PipelineError as error:
            return SkipReason(str(error))
        last = int(context.cursor or 0)
        new = [each for each in steps if each.sequence > last]
        outside = [each for each in new if each.actor != _RUN]
        events = [
            AssetObservation(
                _DEPLOYMENTS,
                metadata={
                    "change": each.kind,
                    "environment": each.environment,
                    "use_case": each.use_case,
                    "entry": each.entry or "nothing",
                    "instead_of": each.replaced or "nothing",
                    "actor": each.actor,
                    "reason": each.reason,
                    "changed_at": each.at,
                    "transition": each.sequence,
                },
            )
            for each in outside
        ]
        cursor = str(max((each.sequence for each in steps), default=last))
        if not outside:
            return SensorResult(skip_reason="Nothing changed outside a run.", cursor=cursor)
        key = f"deployments-{outside[-1].sequence}-{outside[-1].hash[:16]}"
        return SensorResult(run_requests=[RunRequest(run_key=key)], asset_events=events, cursor=cursor)

    @sensor(
        name="drift_alerts",
        jobs=[evaluate_model, check_drift],
        minimum_interval_seconds=_PRODUCTION_EVERY_S,
        default_status=DefaultSensorStatus.RUNNING,
        description="Evaluates the model of an entry again whose requests have drifted.",
    )
    def drift_alerts(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        try:
            raised = drift_alerts_after(store, context.cursor or "")
            models = {each.entry: each.model for each in Book(store.deployments).running()}
        except PipelineError as error:
            return SkipReason(str(error))
        requests = []
        for alert in raised:
            model = models.get(alert["entry"], "")
            tags = {"drift": alert["message"][:200]}
            requests.append(
                RunRequest(run_key=alert["alert_id"], job_name=evaluate_model.name, partition_key=model, tags=tags)
                if model
                else RunRequest(run_key=alert["alert_id"], job_name=check_drift.name, tags=tags)
            )
        cursor = f"{raised[-1]['at']} {raised[-1]['alert_id']}" if raised else context.cursor
        return SensorResult(run_requests=requests, skip_reason=None if requests else "No new drift.", cursor=cursor)

    @sensor(
        name="production_checks_failed",
        job=evaluate_model,
        minimum_interval_seconds=_PRODUCTION_EVERY_S,
        default_status=DefaultSensorStatus.RUNNING,
        description="Raises an alert when a check fails of what a production entry rests on, and evaluates its model again.",
    )
    def production_checks_failed(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        try:
            entries = production_entries(store)
        except (PipelineError, sqlite3.Error) as error:
            return SkipReason(str(error))
        seen = _seen(context.cursor)
        failed = failed_checks(context.instance, _graph(context).asset_check_keys)
        dependencies = _dependencies(context)
        by_name = {f"{each.place} {each.entry}": each for each in entries}
        rests_on = {
            name: {asset for edge in evidence_graph(dependencies, each, _kinds()) for asset in edge}
            for name, each in by_name.items()
        }
        found = new_failures(seen, failed, rests_on)
        requests = []
        for name, failures in found.items():
            entry = by_name[name]
            evaluation = "-".join(sorted(each.evaluation for each in failures))
            checks = sorted(f"{each.asset}: {each.check}" for each in failures)
            _alert(store, f"check-{entry.decision_id}-{evaluation[:60]}", "failed_check", entry, checks)
            if entry.model:
                requests.append(RunRequest(run_key=f"check-{name}-{evaluation}", partition_key=entry.model))
        acted = sorted({*(each.evaluation for each in failed)})
        said = "No check of what runs in production failed anew." if not found else f"Alerts for {', '.join(sorted(found))}."
        return SensorResult(run_requests=requests, skip_reason=None if requests else said, cursor=json.dumps(acted))

    @sensor(
        name="stale_champions",
        minimum_interval_seconds=_PRODUCTION_EVERY_S,
        default_status=DefaultSensorStatus.RUNNING,
        asset_selection=[_DEPLOYMENTS],
        description="Flags what runs in production on evidence that has changed since: an alert, and an observation.",
    )
    def stale_champions(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        try:
            entries = production_entries(store)
        except (PipelineError, sqlite3.Error) as error:
            return SkipReason(str(error))
        seen = _seen(context.cursor)
        dependencies = _dependencies(context)
        partitioned = {
            "/".join(key.path) for key in _graph(context).materializable_asset_keys if _graph(context).get(key).is_partitioned
        }
        found = []
        for entry in entries:
            versions = Versions(context.instance, entry.model, partitioned)
            edges = evidence_graph(dependencies, entry, _kinds())
            judged = stale(entry, edges, versions.used, versions.now)
            if judged is not None:
                found.append(judged)
        new = [each for each in found if each.version not in seen]
        for each in new:
            _alert(store, f"stale-{each.version}", "stale_champion", each.entry, each.changed)
        cursor = json.dumps(sorted(each.version for each in found))
        said = f"{len(found)} of {len(entries)} entries are stale, {len(new)} of them newly."
        return SensorResult(asset_events=[_observed(each) for each in new], skip_reason=said, cursor=cursor)

    return [
        inputs_changed,
        mlflow_models_changed,
        deployments_changed,
        drift_alerts,
        production_checks_failed,
        stale_champions,
    ]


class Versions:
    """Data versions of assets by the event log, now and when another asset was last made; of one model where there are more."""

    def __init__(self, instance: DagsterInstance, model: str, partitioned: set[str]) -> None:
        self._instance, self._model, self._partitioned = instance, model, partitioned
        self._last: dict[str, tuple[int, str | None] | None] = {}

    def now(self, asset: str) -> str | None:
        """The data version of its last materialization; None if it was never made, or for other models only."""
        found = self._latest(asset)
        return None if found is None else found[1]

    def used(self, asset: str, source: str) -> str | None:
        """The data version that `source` had when `asset` was last made."""
        made = self._latest(asset)
        if made is None or not self._concerns(source):
            return None
        found = self._record(source, before=made[0])
        return None if found is None else found[1]

    def _latest(self, asset: str) -> tuple[int, str | None] | None:
        if asset not in self._last:
            self._last[asset] = self._record(asset) if self._concerns(asset) else None
        return self._last[asset]

    def _concerns(self, asset: str) -> bool:
        return bool(self._model) or asset not in self._partitioned

    def _record(self, asset: str, before: int | None = None) -> tuple[int, str | None] | None:
        wanted = AssetRecordsFilter(
            AssetKey(asset.split("/")),
            asset_partitions=[self._model] if asset in self._partitioned else None,
            before_storage_id=before,
        )
        records = self._instance.fetch_materializations(wanted, limit=1).records
        if not records or records[0].asset_materialization is None:
            return None
        return records[0].storage_id, (records[0].asset_materialization.tags or {}).get(DATA_VERSION_TAG)


def production_entries(store: Store) -> list[Entry]:
    """What runs in production, with the kind that the snapshot says each is. Raises PipelineError if either cannot be read."""
    from lenovo_pipeline.resources.snapshot import open_snapshot

    running = [each for each in Book(store.deployments).running() if each.environment == "production"]
    if not running:
        return []
    with open_snapshot(store) as connection:
        kinds = dict(connection.execute("SELECT entry, kind FROM roster.entries").fetchall())
    return [
        Entry(each.environment, each.use_case, each.entry, each.model, kinds.get(each.entry, ""), each.decision_id)
        for each in running
    ]


def drift_alerts_after(store: Store, last: str) -> list[dict[str, Any]]:
    """Drift alerts that were raised after the one that `last` (time and id) names, in their order."""
    from lenovo_pipeline.roster.monitoring.judging import DRIFT, RAISED
    from lenovo_pipeline.roster.monitoring.log import MonitorLog

    return MonitorLog(store.monitoring).rows(
        "SELECT * FROM alerts WHERE signal = ? AND event = ? AND at || ' ' || alert_id > ? ORDER BY at, alert_id",
        (DRIFT, RAISED, last),
    )


def registered_versions(store: Store) -> tuple[dict[str, str], dict[str, str]]:
    """Versions in the MLflow model registry that the pipeline did not register itself, by `name/version`: what tells each from
    another, and the model of the catalogue that its tag or its name says. Raises what MLflow raises.
    """
    from lenovo_pipeline.resources.tracking import quiet_mlflow, tracking_uri

    uri = tracking_uri(store.mlflow)
    if uri.startswith("sqlite:") and not store.mlflow.exists():
        return {}, {}
    quiet_mlflow()
    from mlflow import MlflowClient

    client = MlflowClient(uri, registry_uri=uri)
    versions, models, token = {}, {}, None
    while True:
        page = client.search_model_versions("", max_results=1_000, page_token=token)
        for each in page:
            tags = dict(each.tags or {})
            if "lenovo.kind" in tags or "mlflow.prompt.is_prompt" in tags:
                continue
            name = f"{each.name}/{each.version}"
            versions[name] = str(each.source or each.run_id or each.creation_timestamp)
            models[name] = tags.get("model") or str(each.name).rpartition(".")[0] or str(each.name)
        token = page.token
        if not token:
            return versions, models


def failed_checks(instance: DagsterInstance, keys: Any) -> list[Failed]:
    """The checks whose last evaluation failed as an error."""
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    return [_failed(key, record) for key, record in sorted(latest.items(), key=lambda each: str(each[0])) if _is_failure(record)]


def _is_failure(record: Any) -> bool:
    if record.status != AssetCheckExecutionRecordStatus.FAILED or record.event is None:
        return False
    evaluation = record.event.dagster_event.asset_check_evaluation_data
    return bool(evaluation.severity == AssetCheckSeverity.ERROR)


def _failed(key: AssetCheckKey, record: Any) -> Failed:
    return Failed("/".join(key.asset_key.path), key.name, str(record.id))


def _kinds() -> tuple[str, ...]:
    from lenovo_pipeline.evaluation.tables import KINDS

    return tuple(KINDS)


def _graph(context: SensorEvaluationContext) -> Any:
    assert context.repository_def is not None
    return context.repository_def.asset_graph


def _dependencies(context: SensorEvaluationContext) -> Mapping[str, set[str]]:
    graph = _graph(context)
    return {
        "/".join(key.path): {"/".join(parent.path) for parent in graph.get(key).parent_keys}
        for key in graph.materializable_asset_keys
    }


def _seen(cursor: str | None) -> set[str]:
    """What was acted on before; an unreadable memory counts as none, so that something is said twice rather than never."""
    try:
        return set(map(str, json.loads(cursor or "[]")))
    except (ValueError, TypeError):
        return set()


def _observed(found: Stale) -> AssetObservation:
    entry = found.entry
    return AssetObservation(
        _DEPLOYMENTS,
        metadata={
            "stale": f"{entry.entry} in {entry.place}",
            "decision": entry.decision_id,
            "changed": "\n".join(f"- {each}" for each in found.changed[:20]),
        },
    )


def _alert(store: Store, name: str, kind: str, entry: Entry, found: Sequence[str]) -> None:
    """One file for each thing that happened: an alert that is raised twice is one record."""
    store.alerts.mkdir(parents=True, exist_ok=True)
    alert = {
        "kind": kind,
        "raised_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "environment": entry.environment,
        "use_case": entry.use_case,
        "entry": entry.entry,
        "decision": entry.decision_id,
        "found": list(found)[:50],
    }
    write_text_aside(store.alerts / f"{name}.json", json.dumps(alert, indent=1))
