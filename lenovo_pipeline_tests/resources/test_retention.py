"""What a snapshot cites stays; what nothing uses goes; what somebody may still be writing is left alone."""

import json
import os
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from dagster import DagsterInstance, DagsterRunStatus, job, op

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.resources import retention
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.retention import KEEP_ALERTS, KEEP_UNCITED, remove_old_runs, remove_unused
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

CITING = Table(
    stage="trial",
    name="citing",
    description="Rows that cite artifacts.",
    key=("name",),
    columns=tuple(Column(name=name, type="text", description=name) for name in ("name", "path")),
)
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
    assert remove_unused(store) == []
    assert remove_unused(store, uncited_after_s=0) == [f"artifact artifacts/indexes/{HASHES['c']}"]
    assert kept(store) == {"a", "b", "current"}
    assert remove_unused(store, uncited_after_s=0) == []


def test_what_nobody_cites_goes_once_no_killed_run_will_take_it_up_again(store: Store) -> None:
    cite(store, "1", "a")
    for name, age in (("b", KEEP_UNCITED + timedelta(hours=1)), ("c", KEEP_UNCITED - timedelta(hours=1))):
        aged(store.artifacts / "indexes" / HASHES[name], age.total_seconds())
    remove_unused(store)
    assert kept(store) == {"a", "c", "current"}


def test_a_translated_encoder_goes_and_is_translated_again_when_it_is_needed(store: Store) -> None:
    cite(store, "1", *HASHES)
    graph = store.artifacts / "encoders" / f"{HASHES['a'][:16]}-1"
    graph.mkdir(parents=True)
    assert remove_unused(store) == []
    assert remove_unused(store, uncited_after_s=0) == [f"artifact {store.relative(graph)}"]


def test_what_a_table_cites_that_is_not_published_yet_stays(store: Store) -> None:
    cite(store, "1", "a")
    warehouse = Warehouse(str(store.warehouse))
    rows = pd.DataFrame({"name": ["one", "two"], "path": [f"artifacts/indexes/{HASHES['b']}/model.bin", "uploads/notes.txt"]})
    warehouse.replace(CITING, rows)
    assert remove_unused(store, warehouse, uncited_after_s=0) == [f"artifact artifacts/indexes/{HASHES['c']}"]
    store.warehouse.write_bytes(b"no warehouse")
    (store.artifacts / "indexes" / HASHES["c"]).mkdir()
    assert remove_unused(store, warehouse, uncited_after_s=0) == []
    assert kept(store) == {"a", "b", "c", "current"}


def test_a_snapshot_pins_what_its_tables_cite(store: Store) -> None:
    warehouse = Warehouse(str(store.warehouse))
    for name in ("a", "b", "c"):
        warehouse.replace(CITING, pd.DataFrame({"name": ["one"], "path": [f"artifacts/indexes/{HASHES[name]}"]}))
        publish(store, warehouse, made_by={})
    assert remove_unused(store, uncited_after_s=0) == [f"artifact artifacts/indexes/{HASHES['a']}"]
    assert kept(store) == {"b", "c", "current"}


def test_nothing_is_removed_while_it_is_not_known_what_is_cited(store: Store) -> None:
    assert remove_unused(store, uncited_after_s=0) == []
    cite(store, "1", "a")
    for damage in ("{", "[]", "", '{"tables": []}'):
        (store.root / "published-2").mkdir(exist_ok=True)
        (store.root / "published-2" / "manifest.json").write_text(damage)
        assert remove_unused(store, uncited_after_s=0) == []
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
