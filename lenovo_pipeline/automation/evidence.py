"""What sensors look at of what runs: data versions, checks and alerts, as the event log, the book and the snapshot have them.

Belongs here: reading. What follows from it is decided in production_watch.py.
"""

from collections.abc import Mapping
from typing import Any

from dagster import AssetCheckKey, AssetCheckSeverity, AssetKey, AssetRecordsFilter, DagsterInstance, SensorEvaluationContext
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from lenovo_pipeline.automation.production_watch import Entry, Failed
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.deploying.book import Book


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
        found = self._latest(source)
        if found is not None and found[0] > made[0]:
            # Seldom: most were last made before what is made from them, so that an answer costs no query of its own.
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


def kinds() -> tuple[str, ...]:
    from lenovo_pipeline.evaluation.tables import KINDS

    return tuple(KINDS)


def graph_of(context: SensorEvaluationContext) -> Any:
    assert context.repository_def is not None
    return context.repository_def.asset_graph


def dependencies_of(context: SensorEvaluationContext) -> Mapping[str, set[str]]:
    graph = graph_of(context)
    return {
        "/".join(key.path): {"/".join(parent.path) for parent in graph.get(key).parent_keys}
        for key in graph.materializable_asset_keys
    }
