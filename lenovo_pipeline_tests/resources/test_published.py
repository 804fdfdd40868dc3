"""Readers find the old snapshot or the new one, whole; whoever has the old one open keeps it."""

import json
from pathlib import Path

import pandas as pd
import pytest

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.published import publish, snapshot_problems
from lenovo_pipeline.resources.snapshot import MANIFEST, WAREHOUSE, open_snapshot, read_manifest
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

PARTS = Table(
    stage="trial",
    name="parts",
    description="Parts.",
    columns=(
        Column(name="id", type="text", description="Key."),
        Column(name="notes", type="json", description="Notes.", nullable=True),
        Column(name="tags", type="text[]", description="Tags."),
    ),
    key=("id",),
)
MADE_BY = {"seed": 1, "profile": "smoke"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "it's a store")
    found.open()
    return found


@pytest.fixture
def warehouse(store: Store) -> Warehouse:
    return Warehouse(str(store.warehouse))


def fill(warehouse: Warehouse, identity: str) -> None:
    warehouse.replace(PARTS, pd.DataFrame({"id": [identity], "notes": [{"a": 1}], "tags": [["x"]]}))


def ids(store: Store) -> list[str]:
    with open_snapshot(store) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM trial.parts").fetchall()]


def snapshots(store: Store) -> set[str]:
    return {path.name for path in store.root.glob("published-*")}


def test_nothing_published_is_said_and_no_empty_snapshot(store: Store) -> None:
    assert read_manifest(store) is None
    with pytest.raises(PermanentFailure, match="nothing has been published"):
        open_snapshot(store)


def test_a_snapshot_holds_the_tables_and_says_what_made_them(store: Store, warehouse: Warehouse) -> None:
    fill(warehouse, "a")
    done = publish(store, warehouse, made_by=MADE_BY)
    assert (done.tables, done.rows, done.changed) == (1, 1, True)
    assert done.bytes > 0
    assert ids(store) == ["a"]
    manifest = read_manifest(store)
    assert manifest is not None
    assert (manifest["version"], manifest["made_by"]) == (done.version, MADE_BY)
    described = warehouse.described(PARTS)
    assert described is not None
    assert manifest["tables"] == [{"table": "trial.parts", "model": "", "data_version": described["digest"], "rows": 1}]
    assert snapshot_problems(store, warehouse) == []


def test_unchanged_tables_are_not_published_again(store: Store, warehouse: Warehouse) -> None:
    fill(warehouse, "a")
    first = publish(store, warehouse, made_by=MADE_BY)
    place = store.published.resolve()
    again = publish(store, warehouse, made_by=MADE_BY)
    assert (again.version, again.changed) == (first.version, False)
    assert store.published.resolve() == place
    other = publish(store, warehouse, made_by={**MADE_BY, "seed": 2})
    assert other.changed


def test_whoever_has_the_old_snapshot_open_keeps_it_while_a_new_one_is_swapped_in(store: Store, warehouse: Warehouse) -> None:
    fill(warehouse, "a")
    publish(store, warehouse, made_by=MADE_BY)
    reader = open_snapshot(store)
    for identity in ("b", "c"):
        fill(warehouse, identity)
        publish(store, warehouse, made_by=MADE_BY)
        assert ids(store) == [identity]
        assert reader.execute("SELECT id FROM trial.parts").fetchall() == [("a",)]
    reader.close()


def test_the_previous_snapshot_stays_until_the_next_swap_and_no_older_one(store: Store, warehouse: Warehouse) -> None:
    versions = []
    for identity in ("a", "b", "c", "a"):
        fill(warehouse, identity)
        versions.append(f"published-{publish(store, warehouse, made_by=MADE_BY).version[:16]}")
        assert snapshots(store) == set(versions[-2:])
        assert store.published.resolve().name == versions[-1]
    assert [path.name for path in store.root.glob(".*")] == []


def test_a_failure_while_copying_leaves_the_old_snapshot(
    store: Store, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(warehouse, "a")
    publish(store, warehouse, made_by=MADE_BY)
    before = snapshots(store)
    fill(warehouse, "b")

    def no_room(_: Warehouse, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Warehouse, "copy_to", no_room)
        with pytest.raises(PermanentFailure, match="No space left"):
            publish(store, warehouse, made_by=MADE_BY)
    assert (ids(store), snapshots(store)) == (["a"], before)
    assert [path.name for path in store.root.glob(".*")] == []
    assert snapshot_problems(store, warehouse) != []
    publish(store, warehouse, made_by=MADE_BY)
    assert ids(store) == ["b"]


def test_a_damaged_snapshot_is_published_again(store: Store, warehouse: Warehouse) -> None:
    fill(warehouse, "a")
    for damage in ("manifest", "warehouse", "link"):
        publish(store, warehouse, made_by=MADE_BY)
        assert ids(store) == ["a"]
        if damage == "manifest":
            (store.published / MANIFEST).write_text("{")
        elif damage == "warehouse":
            (store.published / WAREHOUSE).unlink()
        else:
            store.published.unlink()
        assert read_manifest(store) is None
    assert publish(store, warehouse, made_by=MADE_BY).changed
    assert ids(store) == ["a"]


def test_every_difference_between_snapshot_and_warehouse_is_a_problem(store: Store, warehouse: Warehouse) -> None:
    assert "cannot be opened" in snapshot_problems(store, warehouse)[0]
    fill(warehouse, "a")
    publish(store, warehouse, made_by=MADE_BY)
    fill(warehouse, "b")
    (stale,) = snapshot_problems(store, warehouse)
    assert stale.startswith("trial.parts is ")
    publish(store, warehouse, made_by=MADE_BY)
    with Warehouse(str(store.published.resolve() / WAREHOUSE)).write() as connection:
        connection.execute("INSERT INTO pipeline.tables SELECT * REPLACE ('trial.ghosts' AS qualified_name) FROM pipeline.tables")
    (surplus,) = snapshot_problems(store, warehouse)
    assert "trial.ghosts" in surplus


def test_rows_changed_behind_the_register_are_a_problem_too(store: Store, warehouse: Warehouse) -> None:
    fill(warehouse, "a")
    publish(store, warehouse, made_by=MADE_BY)
    with Warehouse(str(store.published.resolve() / WAREHOUSE)).write() as connection:
        connection.execute("DELETE FROM trial.parts")
    (problem,) = snapshot_problems(store, warehouse)
    assert "trial.parts" in problem
    with Warehouse(str(store.published.resolve() / WAREHOUSE)).write() as connection:
        connection.execute("DROP TABLE trial.parts")
    (problem,) = snapshot_problems(store, warehouse)
    assert "trial.parts" in problem


def test_a_table_of_several_partitions_is_compared_one_by_one(store: Store, warehouse: Warehouse) -> None:
    table = Table(
        stage="trial",
        name="builds",
        description="Builds.",
        columns=(
            Column(name="model", type="text", description="Model."),
            Column(name="size", type="integer", description="Size."),
        ),
        key=("model",),
        partitioned=True,
    )
    for model in ("nano", "phi"):
        warehouse.replace(table, pd.DataFrame({"model": [model], "size": [1]}), model=model)
    publish(store, warehouse, made_by=MADE_BY)
    assert snapshot_problems(store, warehouse) == []
    warehouse.replace(table, pd.DataFrame({"model": ["phi"], "size": [2]}), model="phi")
    (problem,) = snapshot_problems(store, warehouse)
    assert problem.startswith("trial.builds phi is ")


def test_the_manifest_is_json_that_others_can_read(store: Store, warehouse: Warehouse) -> None:
    fill(warehouse, "a")
    publish(store, warehouse, made_by=MADE_BY)
    manifest = json.loads((store.published / MANIFEST).read_text(encoding="utf-8"))
    assert set(manifest) >= {"version", "format", "published_at", "made_by", "tables"}
