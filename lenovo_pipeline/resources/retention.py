"""What may go: artifacts that no snapshot cites and nothing uses, left-overs of killed writers, old runs.

Pinned are the folders that the current and the previous snapshot cite in their manifests.
"""

import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import DagsterInstance, RunsFilter

from lenovo_pipeline.resources.store import Store

KEEP_RUNS = timedelta(days=30)
KEEP_ALERTS = timedelta(days=90)
_LEFTOVER_AGE_S = 3600
_LEFTOVER_ENDINGS = (".new", ".old")


def remove_unused(store: Store, *, leftovers_after_s: float = _LEFTOVER_AGE_S) -> list[str]:
    """Remove them from data/store, whose lock the caller holds; returns one line for each thing removed.

    A left-over younger than `leftovers_after_s` may belong to a writer outside the lock, such as a sensor.
    """
    removed = []
    for path in _leftovers(store, leftovers_after_s):
        _remove(path)
        removed.append(f"left-over {store.relative(path)}")
    pinned = _pinned(store)
    for folder in sorted(store.artifacts.glob("*/*")):
        # Kinds of artifact that keep one folder per content hash mark it by that name; others are replaced in place.
        if pinned and _is_hash(folder.name) and store.relative(folder) not in pinned:
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


def _pinned(store: Store) -> set[str]:
    """What the snapshots cite; nothing at all if one of them cannot be read, since what it cites is not known."""
    cited: set[str] = set()
    for manifest in store.root.glob("published-*/manifest.json"):
        try:
            cited.update(json.loads(manifest.read_text(encoding="utf-8")).get("artifacts", []))
        except (OSError, ValueError, AttributeError):
            return set()
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
