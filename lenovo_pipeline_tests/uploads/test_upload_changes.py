"""A second run changes nothing; a changed file replaces its rows; a deleted file takes its rows with it."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.uploads import accounting, reading, store
from lenovo_pipeline.uploads.scan import Fingerprint, difference, snapshot
from lenovo_pipeline.uploads.tables import TABLES


def digests(uploads: Any) -> dict[str, Any]:
    return {table.name: uploads.warehouse.described(table) for table in TABLES}


def fill(uploads: Any) -> None:
    uploads.put("a.csv", "id,name\n1,x\n2,ThinkPad T14 Gen 5\n3,z,extra\n")
    uploads.put("b.json", '[{"a": 1}]')
    uploads.put("c.md", "---\nk: v\n---\n# T\nbody\n")
    uploads.put("bad.pdf", b"%PDF-broken")


def test_a_second_run_reads_nothing_and_writes_nothing(uploads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(uploads)
    uploads.load()
    before = digests(uploads)

    def never(source: Any) -> Any:
        raise AssertionError(f"{source.name} was read again")

    monkeypatch.setattr(reading, "format_of", never)
    for path in uploads.folder.iterdir():
        os.utime(path, (1, 1))
    outcome = uploads.load()
    assert outcome.nothing_changed and len(outcome.kept) == 4
    assert digests(uploads) == before


def test_a_changed_file_alone_is_read_again_and_keeps_its_table(uploads: Any) -> None:
    fill(uploads)
    uploads.load()
    others = "SELECT row_id FROM uploads.rows WHERE table_name <> 'a' ORDER BY 1"
    before = uploads.sql(others)
    uploads.put("a.csv", "id,name\n1,x\n2,changed\n")
    outcome = uploads.load()
    assert [file.entry["path"] for file in outcome.fresh] == ["a.csv"] and len(outcome.removed) == 1
    assert uploads.sql("SELECT id, name FROM uploads.a ORDER BY id") == [(1, "x"), (2, "changed")]
    assert uploads.sql("SELECT count(*) FROM uploads.rejects") == [(0,)]
    assert uploads.sql(others) == before
    assert not uploads.sql("SELECT * FROM uploads.texts WHERE list_contains(mentioned_device_ids, 'DEV-T14-5')")


def test_rows_that_did_not_change_keep_their_ids(uploads: Any) -> None:
    uploads.put("a.csv", "id,name\n1,x\n2,y\n")
    uploads.load()
    before = dict(uploads.sql("SELECT position, row_id FROM uploads.rows"))
    texts = dict(uploads.sql("SELECT position, text_id FROM uploads.texts"))
    uploads.put("a.csv", "id,name\n1,x\n2,z\n")
    uploads.load()
    after = dict(uploads.sql("SELECT position, row_id FROM uploads.rows"))
    assert before[1] == after[1] and before[2] != after[2]
    assert texts[1] == dict(uploads.sql("SELECT position, text_id FROM uploads.texts"))[1]


def test_a_deleted_file_leaves_nothing_behind(uploads: Any) -> None:
    fill(uploads)
    uploads.load()
    (uploads.folder / "a.csv").unlink()
    uploads.load()
    for table in TABLES:
        assert not uploads.sql(f"SELECT * FROM uploads.{table.name} WHERE file_id NOT IN (SELECT file_id FROM uploads.files)")
    assert "a" not in {
        name for (name,) in uploads.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'uploads'")
    }
    for path in list(uploads.folder.iterdir()):
        path.unlink()
    uploads.load()
    tables = {name for (name,) in uploads.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'uploads'")}
    assert tables == {"files", "rows", "texts", "rejects"}
    assert [uploads.sql(f"SELECT count(*) FROM uploads.{table.name}") for table in TABLES] == [[(0,)]] * 4


def test_loading_step_by_step_ends_where_loading_at_once_does(uploads: Any, tmp_path: Path) -> None:
    fill(uploads)
    uploads.load()
    uploads.put("a.csv", "id\n9\n")
    (uploads.folder / "b.json").unlink()
    uploads.put("new.txt", "new text\n")
    uploads.load()
    stepwise = {name: found["digest"] for name, found in digests(uploads).items()}
    for name in ("warehouse.duckdb", "warehouse.duckdb.wal"):
        (uploads.root / name).unlink(missing_ok=True)
    uploads.load()
    assert {name: found["digest"] for name, found in digests(uploads).items()} == stepwise


def test_files_whose_rows_or_tables_were_lost_are_read_again(uploads: Any) -> None:
    fill(uploads)
    uploads.load()
    with uploads.warehouse.write() as connection:
        connection.execute("DROP TABLE uploads.a")
        connection.execute("DELETE FROM uploads.rows WHERE table_name = 'b'")
    outcome = uploads.load()
    assert sorted(file.entry["path"] for file in outcome.fresh) == ["a.csv", "b.json"]
    with uploads.warehouse.read() as connection:
        assert not accounting.unaccounted(connection) and not accounting.unlike_their_rows(connection)


def test_an_archive_that_lost_rows_of_one_member_is_read_again_whole(uploads: Any) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.csv", "a\n1\n")
        archive.writestr("y.csv", "a\n2\n")
    uploads.put("pack.zip", buffer.getvalue())
    uploads.load()
    with uploads.warehouse.write() as connection:
        connection.execute("DELETE FROM uploads.rows WHERE values->>'a' = '1'")
    outcome = uploads.load()
    assert len(outcome.fresh) == 3 and uploads.sql("SELECT count(*) FROM uploads.rows") == [(2,)]


def test_the_rest_of_a_file_that_lost_rows_and_was_deleted_goes_too(uploads: Any) -> None:
    fill(uploads)
    uploads.load()
    with uploads.warehouse.write() as connection:
        connection.execute("DELETE FROM uploads.rows WHERE table_name = 'a' AND position = 1")
    (uploads.folder / "a.csv").unlink()
    uploads.load()
    assert not uploads.sql("SELECT * FROM uploads.rows WHERE table_name = 'a'")
    with uploads.warehouse.read() as connection:
        assert not accounting.unaccounted(connection) and not accounting.unlike_their_rows(connection)


def test_other_devices_or_limits_mean_reading_again(uploads: Any) -> None:
    uploads.put("a.txt", "The Frobnicator 9000X is here.\n")
    uploads.load()
    uploads.devices = pd.DataFrame([("DEV-F", "Frobnicator 9000X", "Frob")], columns=["device_id", "name", "brand"])
    uploads.load()
    assert uploads.sql("SELECT mentioned_device_ids FROM uploads.texts") == [(["DEV-F"],)]


def test_a_write_that_fails_leaves_the_old_state_whole(uploads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(uploads)
    uploads.load()
    before = digests(uploads)
    rows = uploads.sql("SELECT * FROM uploads.a ORDER BY id")
    uploads.put("a.csv", "id,name\n7,seven\n")

    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_frames", full)
    with pytest.raises(OSError, match="No space"):
        uploads.load()
    monkeypatch.undo()
    assert digests(uploads) == before and uploads.sql("SELECT * FROM uploads.a ORDER BY id") == rows
    uploads.load()
    assert uploads.sql("SELECT id FROM uploads.a") == [(7,)]


def test_the_difference_of_two_snapshots_judges_by_content(tmp_path: Path) -> None:
    for name in ("same.csv", "touched.csv", "edited.csv", "gone.csv"):
        (tmp_path / name).write_text(name)
    old = snapshot(tmp_path)
    (tmp_path / "gone.csv").unlink()
    (tmp_path / "edited.csv").write_text("edited.CSV")
    os.utime(tmp_path / "touched.csv", (5, 5))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "new.csv").write_text("new")
    new = snapshot(tmp_path, old)
    found = difference(old, new)
    assert (found.new, found.changed, found.deleted) == (("sub/new.csv",), ("edited.csv",), ("gone.csv",))
    assert found.unchanged == ("same.csv", "touched.csv") and not found.nothing
    assert difference(new, snapshot(tmp_path, new)).nothing


def test_a_snapshot_hashes_only_what_its_stamp_says_has_changed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    known = snapshot(tmp_path)["a.csv"]
    assert snapshot(tmp_path, {"a.csv": Fingerprint(known.stamp, "not hashed again")})["a.csv"].sha256 == "not hashed again"
    (tmp_path / "a.csv").write_text("b")
    assert snapshot(tmp_path, {"a.csv": Fingerprint(known.stamp, "not hashed again")})["a.csv"].sha256 != "not hashed again"


def test_a_snapshot_reports_what_cannot_be_read_instead_of_forgetting_it(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "missing")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "large.csv").write_text("x" * 100)
    found = snapshot(tmp_path, max_bytes=10)
    assert set(found) == {"link.csv", "pipe.csv", "large.csv"}
    assert all(entry.sha256 is None and entry.problem for entry in found.values())
    assert difference(found, snapshot(tmp_path, found, max_bytes=10)).nothing


def test_rows_that_are_not_accounted_for_are_found(uploads: Any) -> None:
    fill(uploads)
    uploads.load()
    with uploads.warehouse.read() as connection:
        assert accounting.unaccounted(connection) == []
    with uploads.warehouse.write() as connection:
        connection.execute("UPDATE uploads.files SET rows_read = rows_read + 1 WHERE path = 'a.csv'")
        connection.execute("DELETE FROM uploads.texts WHERE file_id = (SELECT file_id FROM uploads.files WHERE path = 'c.md')")
        connection.execute("UPDATE uploads.rejects SET file_id = 'UPF-gone'")
        found = accounting.unaccounted(connection)
    assert any(line.startswith("a.csv: 4 rows read") for line in found)
    assert any(line.startswith("c.md") and "texts" in line for line in found)
    assert any("UPF-gone" in line for line in found)


def test_typed_tables_that_differ_from_their_rows_are_found(uploads: Any) -> None:
    fill(uploads)
    uploads.load()
    with uploads.warehouse.read() as connection:
        assert accounting.unlike_their_rows(connection) == []
    with uploads.warehouse.write() as connection:
        connection.execute("DELETE FROM uploads.a WHERE id = 1")
        connection.execute("DROP TABLE uploads.b")
        connection.execute("CREATE TABLE uploads.stray (x INTEGER, _row_id VARCHAR)")
        found = accounting.unlike_their_rows(connection)
    assert found == ["b.json: its table uploads.b is missing", "uploads.stray belongs to no file", found[2]]
    assert found[2].startswith("uploads.a: 1 rows")


def test_files_that_failed_are_listed_with_their_remedy(uploads: Any) -> None:
    uploads.put("good.csv", "a\n1\n")
    uploads.load()
    with uploads.warehouse.read() as connection:
        assert accounting.failed_files(connection) == []
    fill(uploads)
    uploads.load()
    with uploads.warehouse.read() as connection:
        found = accounting.failed_files(connection)
    assert [line.split(":")[0] for line in found] == ["a.csv", "bad.pdf"]
    assert "uploads.rejects" in found[0] and "again" in found[1]


def test_a_run_without_devices_says_what_to_run(uploads: Any) -> None:
    from lenovo_pipeline.failures import PermanentFailure

    with pytest.raises(PermanentFailure, match="dagster asset materialize"):
        store.known_devices(uploads.warehouse)
