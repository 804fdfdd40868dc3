"""What a snapshot cites stays; what nothing uses goes; what somebody may still be writing is left alone."""

import json
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, job, op

from lenovo_pipeline.resources import retention
from lenovo_pipeline.resources.retention import KEEP_ALERTS, remove_old_runs, remove_unused
from lenovo_pipeline.resources.store import Store

HASHES = {name: (name * 64)[:64] for name in "abc"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "store")
    found.open()
    for name in HASHES.values():
        (found.artifacts / "indexes" / name).mkdir(parents=True)
    (found.artifacts / "indexes" / "current").mkdir()
    return found


def cite(store: Store, snapshot: str, *names: str) -> Path:
    manifest = store.root / f"published-{snapshot}" / "manifest.json"
    manifest.parent.mkdir()
    manifest.write_text(json.dumps({"artifacts": [f"artifacts/indexes/{HASHES[name]}" for name in names]}))
    return manifest


def aged(path: Path, seconds: float) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then), follow_symlinks=False)
    return path


def kept(store: Store) -> set[str]:
    return {path.name[:1] if path.name in HASHES.values() else path.name for path in (store.artifacts / "indexes").iterdir()}


def test_what_the_current_and_the_previous_snapshot_cite_stays_and_the_rest_goes(store: Store) -> None:
    cite(store, "1", "a")
    cite(store, "2", "b")
    assert remove_unused(store) == [f"artifact artifacts/indexes/{HASHES['c']}"]
    assert kept(store) == {"a", "b", "current"}
    assert remove_unused(store) == []


def test_nothing_is_removed_while_it_is_not_known_what_is_cited(store: Store) -> None:
    assert remove_unused(store) == []
    cite(store, "1", "a")
    for damage in ("{", "[]", ""):
        (store.root / "published-2").mkdir(exist_ok=True)
        (store.root / "published-2" / "manifest.json").write_text(damage)
        assert remove_unused(store) == []
    assert kept(store) == {"a", "b", "c", "current"}


def test_left_overs_of_killed_writers_go_once_they_are_old(store: Store) -> None:
    old = [store.root / ".published.123", store.root / ".format.json.4711.99", store.artifacts / "indexes" / ".current.12.34.new"]
    for path in old[:2]:
        path.touch()
    old[2].mkdir()
    (old[2] / "half.bin").touch()
    young = store.root / ".lock.json.5.6"
    young.touch()
    other = store.root / "file.new.txt"
    other.touch()
    aged(other, 10**6)
    for path in old:
        aged(path, retention._LEFTOVER_AGE_S + 60)
    removed = remove_unused(store)
    assert len(removed) == len(old)
    assert not any(path.exists() for path in old)
    assert young.exists()
    assert other.exists()


def test_alerts_go_when_nobody_needs_them_any_more(store: Store) -> None:
    store.alerts.mkdir()
    for name, age in (("old", KEEP_ALERTS + timedelta(days=1)), ("new", timedelta(days=1))):
        (store.alerts / f"{name}.json").touch()
        aged(store.alerts / f"{name}.json", age.total_seconds())
    assert remove_unused(store) == ["alert old.json"]
    assert [path.name for path in store.alerts.iterdir()] == ["new.json"]


def test_old_finished_runs_go_but_not_the_running_one(instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    @op
    def nothing() -> None: ...

    @job
    def small() -> None:
        nothing()

    finished = small.execute_in_process(instance=instance).run_id
    running = instance.create_run_for_job(small, status=DagsterRunStatus.STARTED).run_id
    own = small.execute_in_process(instance=instance).run_id
    assert remove_old_runs(instance, keep=own) == 0
    monkeypatch.setattr(retention, "KEEP_RUNS", timedelta(seconds=-60))
    assert remove_old_runs(instance, keep=own) == 1
    assert {run.run_id for run in instance.get_runs()} == {running, own}
    assert finished not in {running, own}
