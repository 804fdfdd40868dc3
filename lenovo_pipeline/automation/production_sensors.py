"""The sensors of what runs: changes outside a run, drift, checks that fail, champions gone stale.

Belongs here: looking (evidence.py reads), and requesting what follows (production_watch.py decides).
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from dagster import AssetKey, AssetObservation, RunRequest, SensorDefinition, SensorEvaluationContext, SensorResult

from lenovo_pipeline.automation.alerting import raise_alert
from lenovo_pipeline.automation.evidence import (
    Versions,
    dependencies_of,
    drift_alerts_after,
    failed_checks,
    graph_of,
    kinds,
    production_entries,
)
from lenovo_pipeline.automation.jobs import check_drift, evaluate_model, follow_deployments
from lenovo_pipeline.automation.looking import found, looks
from lenovo_pipeline.automation.production_watch import (
    Entry,
    Stale,
    Told,
    evidence_graph,
    new_failures,
    news,
    stale,
    told_from_json,
    told_to_json,
)
from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.provenance import short_hash
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.settings import Settings

_DEPLOYMENTS = AssetKey(["roster", "deployments"])
_RUN = "run"
"""Who changes deployments inside a run, which records them itself."""
_SHOWN = 50


def make_production_sensors(settings: Settings) -> Sequence[SensorDefinition]:
    """The sensors for these settings."""
    store = Store(settings.store)

    @looks(
        every_s=15,
        job=follow_deployments,
        description="Records rollbacks and other changes outside a run as asset events, and brings the tables in line.",
    )
    def deployments_changed(context: SensorEvaluationContext) -> SensorResult:
        steps = Book(store.deployments).history()
        last = int(context.cursor or 0)
        outside = [each for each in steps if each.sequence > last and each.actor != _RUN]
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
        requests = [RunRequest(run_key=f"deployments-{each.sequence}-{each.hash[:16]}") for each in outside[-1:]]
        return found(requests, cursor, "Nothing changed outside a run.", events)

    @looks(
        every_s=30,
        jobs=[evaluate_model, check_drift],
        description="Evaluates the model of an entry again whose requests have drifted.",
    )
    def drift_alerts(context: SensorEvaluationContext) -> SensorResult:
        raised = drift_alerts_after(store, context.cursor or "")
        models = {each.entry: each.model for each in Book(store.deployments).running()}
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
        return found(requests, cursor, "No new drift.")

    @looks(
        every_s=30,
        job=evaluate_model,
        description="Raises an alert when a check fails of what a production entry rests on, and evaluates its model again.",
    )
    def production_checks_failed(context: SensorEvaluationContext) -> SensorResult:
        entries = production_entries(store)
        failed = failed_checks(context.instance, graph_of(context).asset_check_keys)
        dependencies = dependencies_of(context)
        by_name = {f"{each.place} {each.entry}": each for each in entries}
        rests_on = {
            name: {asset for edge in evidence_graph(dependencies, each, kinds()) for asset in edge}
            for name, each in by_name.items()
        }
        new = new_failures(_seen(context.cursor), failed, rests_on)
        requests = []
        for name, failures in new.items():
            entry = by_name[name]
            evaluation = "-".join(sorted(each.evaluation for each in failures))
            checks = sorted(f"{each.asset}: {each.check}" for each in failures)
            _alert(store, f"check-{entry.decision_id}-{evaluation[:60]}", "failed_check", entry, checks)
            if entry.model:
                requests.append(RunRequest(run_key=f"check-{name}-{evaluation}", partition_key=entry.model))
        said = "No check of what runs in production failed anew." if not new else f"Alerts for {', '.join(sorted(new))}."
        return found(requests, json.dumps(sorted({each.evaluation for each in failed})), said)

    @looks(
        every_s=15,
        asset_selection=[_DEPLOYMENTS],
        description="Flags what runs in production on evidence that has changed since: an alert, and an observation.",
    )
    def stale_champions(context: SensorEvaluationContext) -> SensorResult:
        entries = production_entries(store)
        before, told = told_from_json(context.cursor), {}
        dependencies = dependencies_of(context)
        graph = graph_of(context)
        partitioned = {"/".join(key.path) for key in graph.materializable_asset_keys if graph.get(key).is_partitioned}
        there, flagged = 0, []
        for entry in entries:
            versions = Versions(context.instance, entry.model, partitioned)
            edges = evidence_graph(dependencies, entry, kinds())
            judged = stale(entry, edges, versions.used, versions.now)
            name = f"{entry.place} {entry.entry} {entry.decision_id}"
            last = before.get(name, Told())
            new = news(judged, edges, last) if judged else {}
            told[name] = Told(last.alerts + bool(new), {**last.changes, **new} if judged else {})
            there += judged is not None
            if judged and new:
                flagged.append(judged)
                _alert(store, f"stale-{short_hash(f'{name} {told[name].alerts}')}", "stale_champion", entry, judged.changed)
        said = f"{there} of {len(entries)} entries are stale, {len(flagged)} of them newly."
        return found([], told_to_json(told), said, [_observed(each) for each in flagged])

    return [deployments_changed, drift_alerts, production_checks_failed, stale_champions]


def flag_edited(context: SensorEvaluationContext, store: Store, edited: Mapping[str, str]) -> None:
    """An alert for each production entry that rests on an asset which somebody edited (asset: how, as a sentence).

    The run that reads it again may wait for hours behind another one; until then no data version tells that anything has changed.
    """
    try:
        entries = production_entries(store)
    except (PipelineError, OSError, sqlite3.Error):
        # The run is requested all the same, and stale_champions tells what comes of it.
        return
    dependencies = dependencies_of(context)
    for entry in entries:
        sources = {source for _, source in evidence_graph(dependencies, entry, kinds())}
        changed = tuple(f"{asset} is being read again: {how}" for asset, how in sorted(edited.items()) if asset in sources)
        if changed:
            name = short_hash("\n".join([entry.place, entry.decision_id, *changed]))
            _alert(store, f"stale-{name}", "stale_champion", entry, changed)


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


def _alert(store: Store, name: str, kind: str, entry: Entry, what: Sequence[str]) -> None:
    about = {
        "environment": entry.environment,
        "use_case": entry.use_case,
        "entry": entry.entry,
        "decision": entry.decision_id,
    }
    raise_alert(store, name, kind, **about, found=list(what)[:_SHOWN])
