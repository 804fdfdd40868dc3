"""What a change makes again is found out on copies: it is what the next run makes again, and nothing else is touched."""

import os
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dagster import AssetSelection, Definitions, define_asset_job, in_process_executor

from lenovo_pipeline.build import TABLES, build_defs
from lenovo_pipeline.commands.rehearsal.changes import Change, change_file, change_package, change_record
from lenovo_pipeline.commands.rehearsal.copies import Copies, copied
from lenovo_pipeline.commands.rehearsal.rehearse import Rehearsed, rehearse
from lenovo_pipeline.failures import NotRehearsed, PermanentFailure
from lenovo_pipeline.models.builds import kept
from lenovo_pipeline.resources.inference import Inference, ModelSource
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.__main__ import main
from lenovo_pipeline.settings import PROJECT_ROOT, Settings
from lenovo_pipeline_tests.conftest import Trial

ASSETS = ("uploads/files", "uploads/rows", "uploads/rejects", "uploads/texts", "knowledge/upload_inventory")
DEPARTMENTS = TABLES["enterprise.departments"]


def run(trial: Trial) -> set[str]:
    """A real run of the assets, published; returns what was made again."""
    defs = build_defs(settings=trial.settings)
    job = define_asset_job("some", selection=AssetSelection.assets("enterprise/devices", *ASSETS).without_checks())
    small = Definitions(assets=defs.assets, resources=defs.resources, executor=in_process_executor, jobs=[job])
    result = small.resolve_job_def("some").execute_in_process(instance=trial.instance)
    graph: Any = (defs.resources or {})["graph"]
    with trial.warehouse.write() as connection:
        connection.execute(
            "CREATE SCHEMA IF NOT EXISTS roster; CREATE TABLE IF NOT EXISTS roster.decisions (decision_id VARCHAR)"
        )
        connection.execute("CREATE TABLE IF NOT EXISTS roster.deployments (entry VARCHAR); CREATE SCHEMA IF NOT EXISTS models")
        connection.execute("CREATE TABLE IF NOT EXISTS models.catalogue (name VARCHAR, folder_id VARCHAR)")
    publish(trial.store, trial.warehouse, made_by={"run": result.run_id}, graph=getattr(graph, "_value", graph))
    again = set()
    for event in result.get_asset_materialization_events():
        metadata = {name: value.value for name, value in event.materialization.metadata.items()}
        name = "/".join(event.materialization.asset_key.path)
        pure = trial.warehouse.rows_if_there("pipeline.recipes", "SELECT 1 FROM pipeline.recipes WHERE subject = ?", [name])
        if (not metadata.get("reused", False)) if pure else metadata["changed"]:
            again.add(name)
    return again


def said(trial: Trial, what: str, change: Change) -> Rehearsed:
    return rehearse(trial.store, trial.settings, trial.instance, what, change, among=ASSETS)


def content(store: Store) -> dict[str, bytes]:
    found = [path for path in sorted(store.root.rglob("*")) if path.is_file() and path.name not in ("lock", "lock.json")]
    return {store.relative(path): path.read_bytes() for path in found}


def test_a_rehearsed_change_makes_again_what_the_next_run_does_and_leaves_everything_as_it_was(
    trial: Trial, tmp_path: Path
) -> None:
    notes = trial.settings.uploads / "notes.md"
    notes.write_text("# Notes\n\nThe ThinkPad T14 has two ports.\n", encoding="utf-8")
    run(trial)
    assert run(trial) == set()
    before = content(trial.store)
    changed = tmp_path / "changed.md"
    changed.write_text("# Notes\n\nThe ThinkPad T14 has three ports.\n", encoding="utf-8")
    found = said(trial, str(notes), Change(by=changed))
    assert content(trial.store) == before
    assert "two ports" in notes.read_text(encoding="utf-8")
    notes.write_text(changed.read_text(encoding="utf-8"), encoding="utf-8")
    assert set(found.made) == run(trial) >= {"uploads/files", "uploads/texts"}
    assert {"uploads/rows", "uploads/rejects"} <= set(found.unchanged), "a text has no rows"
    with pytest.raises(PermanentFailure, match=r"made, not changed.*Name what it is made from"):
        said(trial, "uploads/files", Change(gone=True))
    broken = tmp_path / "broken.py"
    broken.write_text("this is no Python\n", encoding="utf-8")
    with pytest.raises(PermanentFailure, match=r"nothing can be run(?s:.*)SyntaxError(?s:.*)Mend the change"):
        said(trial, "lenovo_pipeline/uploads/scan.py", Change(by=broken))


def test_in_a_rehearsal_nothing_is_trained_and_no_model_is_asked(tmp_path: Path) -> None:
    settings = Settings(profile="smoke", store=tmp_path / "store")
    store = Store(settings.store)
    store.open()
    store.rehearsal_file.touch()
    with pytest.raises(NotRehearsed, match="making adapters/"):
        kept(store, "adapters", {"recipe": 1}, lambda folder: pytest.fail("it was made"))
    with pytest.raises(NotRehearsed, match="asking"):
        Inference(settings).open(ModelSource("folder", str(tmp_path)))


@pytest.fixture
def copies(trial: Trial) -> Copies:
    found = Copies(trial.store.root / "copies", trial.settings)
    found.packages.mkdir(parents=True)
    found.store.open()
    rows = pd.DataFrame([{column.name: _value(column.type, row) for column in DEPARTMENTS.columns} for row in range(2)])
    Warehouse(str(found.store.warehouse)).replace(DEPARTMENTS, rows)
    return found


def _value(type_: str, row: int) -> Any:
    return {"text": f"D{row}", "integer": row + 1, "number": row + 0.5, "boolean": True}.get(type_)


def test_a_record_gets_another_value_in_the_copy_or_goes(copies: Copies) -> None:
    warehouse = Warehouse(str(copies.store.warehouse))
    name = next(column.name for column in DEPARTMENTS.columns[1:] if column.type == "text")
    change_record(copies, "enterprise/departments", "D1", Change(values={name: "Another"}))
    assert list(warehouse.load(DEPARTMENTS)[name]) == ["D0", "Another"]
    change_record(copies, "enterprise/departments", "D0", Change(gone=True))
    assert list(warehouse.load(DEPARTMENTS)[name]) == ["Another"]
    with pytest.raises(PermanentFailure, match=r"no column 'colour' to set. It has"):
        change_record(copies, "enterprise/departments", "D1", Change(values={"colour": "red"}))
    with pytest.raises(PermanentFailure, match="Say how it changes"):
        change_record(copies, "enterprise/departments", "D1", Change(version="1"))


def test_a_file_takes_the_place_of_another_in_the_copy_alone(copies: Copies, tmp_path: Path) -> None:
    old = copies.settings.uploads / "a.md"
    old.write_text("old", encoding="utf-8")
    new = tmp_path / "new.md"
    new.write_text("new", encoding="utf-8")
    change_file(copies, old, Change(by=new))
    assert (copies.of(old).read_text(encoding="utf-8"), old.read_text(encoding="utf-8")) == ("new", "old")
    change_file(copies, old, Change(gone=True))
    assert not copies.of(old).exists() and old.exists()
    for change, reason in (
        (Change(gone=True), "could go"),
        (Change(by=tmp_path / "x"), "there is no"),
        (Change(version="1"), "Say"),
    ):
        with pytest.raises(PermanentFailure, match=reason):
            change_file(copies, old, change)
    with pytest.raises(PermanentFailure, match="no asset is made from"):
        copies.of(tmp_path / "elsewhere.md")
    assert copies.of(PROJECT_ROOT / "data" / "policy" / "roster.yaml") == copies.checkout / "data" / "policy" / "roster.yaml"


def test_processes_of_the_copies_find_another_version_of_a_package(copies: Copies) -> None:
    change_package(copies, "scipy", Change(version="99.0"))
    (there,) = copies.packages.iterdir()
    assert there.name == "scipy-99.0.dist-info" and "Version: 99.0" in (there / "METADATA").read_text(encoding="utf-8")
    assert copies.environment()["PYTHONPATH"].startswith(f"{copies.packages}:{copies.checkout}")


@pytest.mark.parametrize("given", [{}, {"gone": True, "version": "1"}, {"values": {"a": "b"}, "by": Path("x")}])
def test_a_change_is_one_thing(given: dict[str, Any]) -> None:
    with pytest.raises(PermanentFailure, match="Give one of --set"):
        Change(**given)


def test_what_lies_on_a_server_cannot_be_copied_and_is_refused(trial: Trial) -> None:
    settings = trial.settings.model_copy(update={"chroma_url": "http://127.0.0.1:8081"})
    with pytest.raises(PermanentFailure, match=r"LENOVO_CHROMA_URL.*cannot be copied"), copied(trial.store, settings):
        pytest.fail("it was copied")


def test_nothing_that_takes_long_is_done_in_copies_unless_the_whole_is_asked_for(trial: Trial) -> None:
    for whole in (False, True):
        with copied(trial.store, trial.settings, whole=whole) as copies:
            assert copies.store.rehearsal_file.exists() is not whole
            assert (copies.checkout / "lenovo_pipeline" / "build.py").is_file()
        assert not copies.root.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_named_pipe_among_the_uploads_is_left_out_of_the_copies(trial: Trial) -> None:
    (trial.settings.uploads / "parts.csv").write_text("id\n1\n")
    os.mkfifo(trial.settings.uploads / "pipe.csv")
    with copied(trial.store, trial.settings) as copies:
        assert [path.name for path in copies.of(trial.settings.uploads).iterdir()] == ["parts.csv"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a file that may not be read")
def test_what_may_not_be_read_is_named_with_a_remedy_that_is_not_about_space(trial: Trial) -> None:
    closed = trial.settings.uploads / "closed.csv"
    closed.write_text("id\n1\n")
    closed.chmod(0)
    with pytest.raises(PermanentFailure, match=r"closed\.csv.*Allow this user to read"), copied(trial.store, trial.settings):
        pytest.fail("it was copied")


def test_the_roster_hands_over_a_change_that_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pytest"])
    assert main(["blast-radius", "data/policy/roster.yaml", "--gone", "--version", "1"]) == 2
    assert "Give one of --set" in capsys.readouterr().err
    assert main(["blast-radius", "KB-1", "--set", "title"]) == 2
    assert "title is no COLUMN=VALUE" in capsys.readouterr().err
