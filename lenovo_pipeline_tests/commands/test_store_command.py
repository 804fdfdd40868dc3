"""A backup is whole, a restore puts back exactly what was saved, and a bad archive leaves the store as it was."""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pandas as pd
import pytest

from lenovo_pipeline.commands.store import backup, restore
from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.failures import PermanentFailure, TransientFailure
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.snapshot import read_manifest
from lenovo_pipeline.resources.store import FORMAT, Store
from lenovo_pipeline.resources.warehouse import Warehouse

PARTS = Table(
    stage="trial",
    name="parts",
    description="Parts.",
    columns=(Column(name="id", type="text", description="Key."),),
    key=("id",),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "data" / "store")
    found.open()
    warehouse = Warehouse(str(found.warehouse))
    warehouse.replace(PARTS, pd.DataFrame({"id": ["old"]}))
    publish(found, warehouse, made_by={"seed": 1})
    (found.artifacts / "models").mkdir(parents=True)
    (found.artifacts / "models" / "weights.bin").write_bytes(bytes(range(256)))
    return found


def ids(store: Store) -> list[str]:
    return list(Warehouse(str(store.warehouse)).load(PARTS)["id"])


def content(store: Store) -> dict[str, bytes | str]:
    return {
        store.relative(path): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(store.root.rglob("*"))
        if path.is_symlink() or path.is_file()
        if path.name not in ("lock", "lock.json", "monitor.lock")
    }


def test_a_restored_store_is_what_was_saved_and_nothing_of_what_came_later(store: Store, tmp_path: Path) -> None:
    saved = content(store)
    archive = backup(store, tmp_path / "backups", 0)
    Warehouse(str(store.warehouse)).replace(PARTS, pd.DataFrame({"id": ["new"]}))
    (store.artifacts / "models" / "weights.bin").unlink()
    (store.root / "later").touch()
    restore(store, archive, 0)
    assert content(store) == saved
    assert ids(store) == ["old"]
    assert read_manifest(store) is not None
    assert [path.name for path in store.root.iterdir() if path.name.startswith(".")] == []


def test_a_store_that_was_lost_is_restored_into_an_empty_place(store: Store, tmp_path: Path) -> None:
    archive = backup(store, tmp_path / "backups", 0)
    elsewhere = Store(tmp_path / "other" / "store")
    restore(elsewhere, archive, 0)
    assert content(elsewhere) == content(store)


def test_there_is_nothing_to_save_without_a_store(tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match="no store to save"):
        backup(Store(tmp_path / "none"), tmp_path / "backups", 0)
    assert not (tmp_path / "backups").exists()


def test_a_backup_that_cannot_be_written_leaves_no_half_archive(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PermanentFailure, match="cannot be written"):
        backup(store, tmp_path / "file" / "backups", 0)


def _damaged(whole: bytes, how: str) -> bytes:
    middle = len(whole) // 2
    return {
        "truncated": whole[:middle],
        "flipped": whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 64]) + whole[middle + 64 :],
        "no archive": b"hello",
        "empty": b"",
    }[how]


@pytest.mark.parametrize("how", ["truncated", "flipped", "no archive", "empty"])
def test_a_damaged_archive_leaves_the_store_as_it_was(store: Store, tmp_path: Path, how: str) -> None:
    archive = backup(store, tmp_path / "backups", 0)
    archive.write_bytes(_damaged(archive.read_bytes(), how))
    before = content(store)
    with pytest.raises(PermanentFailure, match="is damaged"):
        restore(store, archive, 0)
    assert content(store) == before


def _archive(place: Path, files: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(place, "w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return place


_FORMAT_FILE = {"store/format.json": json.dumps({"format": FORMAT}).encode()}


@pytest.mark.parametrize(
    ("files", "links"),
    [
        ({"../../evil": b"x"}, {}),
        ({"store/../../../evil": b"x"}, {}),
        ({}, {"store/published": "/etc"}),
        ({}, {"store/published": "../../.."}),
    ],
)
def test_an_archive_that_reaches_out_of_its_folder_is_refused(
    store: Store, tmp_path: Path, files: dict[str, bytes], links: dict[str, str]
) -> None:
    archive = _archive(tmp_path / "evil.tar.gz", {**_FORMAT_FILE, **files}, links)
    before = content(store)
    with pytest.raises(PermanentFailure, match="is damaged"):
        restore(store, archive, 0)
    assert content(store) == before
    assert list(tmp_path.rglob("evil")) == []


def test_an_archive_of_something_else_or_of_a_newer_version_is_refused(store: Store, tmp_path: Path) -> None:
    before = content(store)
    with pytest.raises(PermanentFailure, match="no backup of a store"):
        restore(store, _archive(tmp_path / "photos.tar.gz", {"photos/1.jpg": b"x"}), 0)
    newer = {"store/format.json": json.dumps({"format": FORMAT + 1}).encode()}
    with pytest.raises(PermanentFailure, match="newer version"):
        restore(store, _archive(tmp_path / "newer.tar.gz", newer), 0)
    with pytest.raises(PermanentFailure, match="there is no backup"):
        restore(store, tmp_path / "absent.tar.gz", 0)
    assert content(store) == before


def test_neither_saves_nor_restores_while_a_run_holds_the_store(store: Store, tmp_path: Path) -> None:
    archive = backup(store, tmp_path / "backups", 0)
    code = (
        "import sys; from pathlib import Path; from lenovo_pipeline.resources.store import Store\n"
        f"with Store(Path({str(store.root)!r})).held('run 4711', 0): print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(TransientFailure, match="run 4711"):
            backup(store, tmp_path / "backups", 0)
        with pytest.raises(TransientFailure, match="run 4711"):
            restore(store, archive, 0)
        other.communicate("")
    assert ids(store) == ["old"]


def test_nobody_else_can_take_the_store_while_it_is_restored(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = backup(store, tmp_path / "backups", 0)
    said: list[str] = []
    code = (
        "from pathlib import Path; from lenovo_pipeline.resources.store import Store\n"
        f"with Store(Path({str(store.root)!r})).held('intruder', 0): print('taken')\n"
    )
    rename = Path.rename

    def rename_while_somebody_asks(path: Path, target: Path) -> Path:
        # At the first file that moves, the store is neither the old one nor the new one.
        if not said:
            said.append(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr)
            with pytest.raises(PermanentFailure, match="is damaged"):
                store.open()
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_while_somebody_asks)
    restore(store, archive, 0)
    assert "still in use by restore" in said[0]
    store.open()


def test_the_command_says_where_the_backup_is_and_how_to_put_it_back(store: Store, tmp_path: Path) -> None:
    environment = {"LENOVO_STORE": str(store.root), "PATH": "", "LENOVO_LOCK_WAIT_S": "0"}

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        line = [sys.executable, "-m", "lenovo_pipeline.commands.store", *arguments]
        return subprocess.run(line, capture_output=True, text=True, check=False, env=environment)

    saved = command("backup")
    (archive,) = (store.root.parent / "backups").iterdir()
    assert saved.returncode == 0, saved.stderr
    assert f"make restore FROM={archive}" in saved.stdout
    assert command("restore", str(archive)).returncode == 0
    refused = command("restore", str(tmp_path / "absent"))
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: there is no backup")
    assert "Traceback" not in refused.stderr
