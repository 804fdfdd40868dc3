"""What may go: artifacts that no snapshot cites and nothing uses, left-overs of killed writers, old runs.

Pinned are the folders that the current and the previous snapshot cite in their manifests, and those that any table of the
warehouse cites now. What nobody cites stays for some days: a run that was killed takes it up again.
"""

import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import DagsterInstance, RunsFilter

from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.resources.citations import cited_artifacts
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

KEEP_RUNS = timedelta(days=30)
KEEP_ALERTS = timedelta(days=90)
KEEP_UNCITED = timedelta(days=7)
_LEFTOVER_AGE_S = 3600
_LEFTOVER_ENDINGS = (".new", ".old")


def remove_unused(
    store: Store,
    warehouse: Warehouse | None = None,
    *,
    leftovers_after_s: float = _LEFTOVER_AGE_S,
    uncited_after_s: float = KEEP_UNCITED.total_seconds(),
) -> list[str]:
    """Remove them from data/store, whose lock the caller holds; returns one line for each thing removed.

    A left-over younger than `leftovers_after_s` may belong to a writer outside the lock, such as a sensor; an artifact younger
    than `uncited_after_s` to a run that did not get as far as its table. `warehouse`: whose tables cite artifacts, too.
    """
    removed = []
    for path in _leftovers(store, leftovers_after_s):
        _remove(path)
        removed.append(f"left-over {store.relative(path)}")
    pinned = _pinned(store, warehouse)
    young = time.time() - uncited_after_s
    for folder in sorted(store.artifacts.glob("*/*")):
        # Kinds of artifact that keep one folder per content hash mark it by that name; others are replaced in place.
        # What an encoder was translated into is named by its identity and a version; it is translated again when it is needed.
        uncited = pinned is not None and _is_hash(folder.name.partition("-")[0]) and store.relative(folder) not in pinned
        if uncited and folder.lstat().st_mtime <= young:
            _remove(folder)
            removed.append(f"artifact {store.relative(folder)}")
    oldest = time.time() - KEEP_ALERTS.total_seconds()
    for alert in sorted(store.alerts.glob("*.json")):
        if alert.stat().st_mtime < oldest:
            alert.unlink()
            removed.append(f"alert {alert.name}")
    return removed


def remove_old_runs(instance: DagsterInstance, *, keep: str) -> int:
    """Delete finished Dagster runs older than KEEP_RUNS, except `keep`; returns how many."""
    old = instance.get_run_records(RunsFilter(created_before=datetime.now(UTC) - KEEP_RUNS))
    gone = 0
    for record in old:
        if record.dagster_run.run_id != keep and record.dagster_run.is_finished:
            instance.delete_run(record.dagster_run.run_id)
            gone += 1
    return gone


def _pinned(store: Store, warehouse: Warehouse | None) -> set[str] | None:
    """What snapshots and tables cite; None if that is not known: nothing is published, or something cannot be read."""
    manifests = list(store.root.glob("published-*/manifest.json"))
    if not manifests:
        return None
    try:
        cited = set(cited_artifacts(warehouse)) if warehouse is not None else set()
        for manifest in manifests:
            cited.update(json.loads(manifest.read_text(encoding="utf-8"))["artifacts"])
    except (OSError, ValueError, KeyError, TypeError, PipelineError):
        return None
    return cited


def _leftovers(store: Store, age_s: float) -> list[Path]:
    young = time.time() - age_s
    candidates = [*store.root.glob(".*"), *store.artifacts.glob("**/.*")]
    named = [path for path in candidates if path.suffix in _LEFTOVER_ENDINGS or path.name.rsplit(".", 1)[-1].isdigit()]
    # Where uploads are staged: a killed run leaves copies of the user's files there.
    return sorted(path for path in [*named, *store.root.glob("uploads-*")] if path.lstat().st_mtime <= young)


def _is_hash(name: str) -> bool:
    return len(name) >= 16 and all(character in "0123456789abcdef" for character in name)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
