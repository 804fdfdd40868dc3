"""Broken input is reported per file with its remedy, never stops the other files, never leaves half a file loaded."""

import gzip
import io
import os
import shutil
import stat
import threading
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.uploads import reading, scan
from lenovo_pipeline.uploads.records import FileProblem, Limits


def parquet(rows: int = 1_000) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(rows)), "b": [f"text {index}" for index in range(rows)]}), buffer)
    return buffer.getvalue()


def xlsx() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append([1, 2])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
BROKEN = {
    "empty.csv": b"",
    "blank.json": b" \n\n",
    "cut.parquet": parquet()[:-200],
    "cut.xlsx": xlsx()[:-300],
    "cut.pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Cat",
    "cut.zip": zipped(a__csv=b"x,y\n1,2\n")[:-10],
    "cut.csv.gz": gzip.compress(os.urandom(5_000))[:-500],
    "cut.json": b'[{"a": 1}, {"a": 2',
    "cut_object.json": b'{"a": [1, 2',
    "picture.csv": PNG,
    "random.txt": bytes((index * 7919 + index // 3) % 256 for index in range(9_000)),
    "picture.parquet": PNG,
    "zip_named.pdf": zipped(a__csv=b"1"),
    "locked.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2_000,
    "program.exe": b"MZ\x90\x00" + b"\0" * 100,
    "noextension": b"hello",
    "old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "deep.json": b"[" * 200_000,
    "deep_object.json": b'{"a":' * 200_000,
    "not.jsonl": b"this is\nno json\n",
    "no_columns.csv": b"\n\n\n  \n" * 600,
}


def test_each_broken_file_is_reported_and_the_good_one_is_loaded(uploads: Any) -> None:
    for name, content in BROKEN.items():
        uploads.put(name, content)
    uploads.put("good.csv", "a,b\n1,2\n")
    uploads.load()
    for name in BROKEN:
        line = uploads.file(name)
        assert line["status"] == "failed", (name, line)
        assert line["problem"] and line["remedy"] and not line["table_names"], name
        assert line["rows_read"] == line["rows_loaded"] + line["rows_rejected"], name
    assert uploads.file("good.csv")["status"] == "loaded"
    assert uploads.sql("SELECT DISTINCT path FROM uploads.rows JOIN uploads.files USING (file_id)") == [("good.csv",)]
    assert "PNG" in uploads.file("picture.csv")["problem"]
    assert "xlsx" in uploads.file("old.xls")["remedy"]


def test_places_that_are_no_files_are_reported_and_never_block(uploads: Any) -> None:
    uploads.put("real.csv", "a,b\n1,2\n")
    outside = uploads.root / "outside.csv"
    outside.write_text("secret,1\n")
    (uploads.folder / "nowhere.csv").symlink_to(uploads.root / "missing.csv")
    (uploads.folder / "outside.csv").symlink_to(outside)
    (uploads.folder / "loop.csv").symlink_to(uploads.folder / "loop.csv")
    (uploads.folder / "linked").symlink_to(uploads.folder)
    os.mkfifo(uploads.folder / "pipe.csv")
    uploads.put("folder.csv/inside.csv", "c,d\n3,4\n")
    worker = threading.Thread(target=uploads.load, daemon=True)
    worker.start()
    worker.join(60)
    assert not worker.is_alive()
    problems = dict(uploads.sql("SELECT path, problem FROM uploads.files WHERE status = 'failed'"))
    assert set(problems) == {"nowhere.csv", "outside.csv", "loop.csv", "linked", "pipe.csv", "folder.csv"}
    assert "nowhere" in problems["nowhere.csv"] and "out of" in problems["outside.csv"] and "pipe" in problems["pipe.csv"]
    assert uploads.file("folder.csv/inside.csv")["rows_loaded"] == 1
    assert not uploads.sql("SELECT * FROM uploads.texts WHERE text LIKE '%secret%'")


def test_a_file_that_turns_into_a_pipe_does_not_block_either(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(FileProblem, match="pipe"):
        scan.content_hash(tmp_path / "pipe.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not stop the superuser")
def test_a_file_without_permission_is_reported(uploads: Any) -> None:
    uploads.put("locked.csv", "a\n1\n").chmod(0)
    uploads.load()
    assert "chmod" in uploads.file("locked.csv")["remedy"]


ODD_NAMES = [
    "with space.csv",
    "-rf.csv",
    'quote\'s "double".csv',
    "semi;colon, comma.csv",
    "'; DROP TABLE uploads.files; --.csv",
    "new\nline.csv",
    "中文 名稱.csv",
    "e\u0301.csv",
    "files.csv",
    "rows.csv",
    "2024.csv",
    "%s{0}$HOME.csv",
    "a_b.csv",
    "a/b.csv",
    "A_B.csv",
    "x" * 240 + ".csv",
]


def test_odd_names_are_loaded_under_safe_unique_tables(uploads: Any) -> None:
    for index, name in enumerate(ODD_NAMES):
        uploads.put(name, f"n,name\n{index},x\n")
    (uploads.folder / os.fsdecode(b"bad\xff.csv")).write_text("n,name\n99,x\n")
    uploads.load()
    found = uploads.sql("SELECT path, table_names[1], rows_loaded FROM uploads.files")
    assert {path for path, _, _ in found} == {*ODD_NAMES, "bad\\xff.csv"}
    tables = [table for _, table, _ in found]
    assert len(set(tables)) == len(tables) and not {"files", "rows", "texts", "rejects"} & set(tables)
    for path, table, rows in found:
        assert rows == 1 and table.replace("_", "").isalnum() and not table[0].isdigit()
        assert uploads.sql(f"SELECT n FROM uploads.{table}") == [(99 if path.startswith("bad") else ODD_NAMES.index(path),)]


def test_dot_files_temporary_files_and_the_hint_are_passed_over(uploads: Any) -> None:
    for name in (".hidden.csv", "~$book.xlsx", "a.csv~", "b.csv.swp", "c.csv.part", "README.md", ".git/d.csv", "Thumbs.db"):
        uploads.put(name, "a\n1\n")
    uploads.put("sub/README.md", "# Mine\ntext\n")
    uploads.load()
    assert uploads.sql("SELECT path FROM uploads.files") == [("sub/README.md",)]


def test_the_same_content_twice_is_loaded_once_and_reported(uploads: Any) -> None:
    for name in ("b.csv", "a.csv", "sub/c.csv"):
        uploads.put(name, "x,y\n1,2\n")
    uploads.put("pack.zip", zipped(d__csv=b"x,y\n1,2\n"))
    uploads.load()
    lines = dict(uploads.sql("SELECT path, duplicate_of FROM uploads.files WHERE status = 'duplicate'"))
    assert lines == {"b.csv": "a.csv", "sub/c.csv": "a.csv", "pack.zip::d.csv": "a.csv"}
    assert uploads.sql("SELECT count(*) FROM uploads.rows") == [(1,)]
    (uploads.folder / "a.csv").unlink()
    uploads.load()
    lines = dict(uploads.sql("SELECT path, duplicate_of FROM uploads.files WHERE status = 'duplicate'"))
    assert lines == {"sub/c.csv": "b.csv", "pack.zip::d.csv": "b.csv"}
    assert uploads.sql("SELECT count(*) FROM uploads.rows") == [(1,)]


def test_a_file_over_the_limit_is_reported_not_read(uploads: Any) -> None:
    uploads.limits = Limits(file_bytes=1_000, line_bytes=200)
    uploads.put("large.csv", "a,b\n" + "1,2\n" * 400)
    uploads.put("small.csv", "a,b\n1,2\n")
    uploads.load()
    assert (
        "1,604 bytes" in uploads.file("large.csv")["problem"] and "LENOVO_UPLOAD_MAX_BYTES" in uploads.file("large.csv")["remedy"]
    )
    assert uploads.file("small.csv")["rows_loaded"] == 1


def test_lines_and_cells_over_the_limit_are_rejected_one_by_one(uploads: Any) -> None:
    uploads.limits = Limits(file_bytes=1_000_000, line_bytes=100)
    long = "x" * 500
    uploads.put("long.csv", f'a,b\n1,2\n3,{long}\n5,6\n"{"q" * 60}\n{"r" * 60}",7\n8,9\n')
    uploads.put("long.jsonl", f'{{"a": 1}}\n{{"a": "{long}"}}\n{{"a": 2}}\n')
    uploads.put("long.json", f'[{{"a": 1}}, {{"a": "{long}"}}]')
    uploads.put("long.txt", f"short\n{long}\nshort again\n")
    uploads.put(
        "nested.jsonl", '{"a": {"b": [' + ", ".join(["1"] * 30) + "]}}\n" + '{"a": {"b": [' + ", ".join(["1"] * 20) + "]}}\n"
    )
    uploads.load()
    counts = {
        path: (read, loaded, rejected)
        for path, read, loaded, rejected in uploads.sql("SELECT path, rows_read, rows_loaded, rows_rejected FROM uploads.files")
    }
    assert counts["long.jsonl"] == (3, 2, 1) and counts["long.json"] == (2, 1, 1) and counts["long.txt"] == (1, 0, 1)
    assert counts["nested.jsonl"][2] == 1
    assert uploads.sql(
        "SELECT values->>'a' FROM uploads.rows WHERE table_name = 'long' AND file_id = ?", uploads.file("long.csv")["file_id"]
    ) == [("1",), ("5",), ("8",)]
    assert uploads.sql("SELECT max(length(raw)) <= 201 FROM uploads.rejects") == [(True,)]
    assert (
        "short again"
        in uploads.sql("SELECT text FROM uploads.texts WHERE file_id = ?", uploads.file("long.txt")["file_id"])[0][0]
    )


def test_an_unclosed_quote_costs_bounded_time(uploads: Any) -> None:
    uploads.limits = Limits(file_bytes=10_000_000, line_bytes=20_000)
    uploads.put("quotes.csv", "a,b\n" + 'a","\n' * 40_000)
    uploads.load()
    line = uploads.file("quotes.csv")
    assert line["rows_read"] == line["rows_loaded"] + line["rows_rejected"] and line["status"] == "failed"


def test_archive_bombs_are_counted_not_believed(uploads: Any) -> None:
    uploads.limits = Limits(file_bytes=200_000, line_bytes=10_000)
    uploads.put("bomb.zip", zipped(a__csv=b"x,y\n1,2\n", b__csv=b"0" * 5_000_000))
    lying = bytearray(zipped(a__csv=b"x,y\n" + b"1,2\n" * 100_000))
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = lying.index(signature) + place
        lying[start : start + 4] = (100).to_bytes(4, "little")
    uploads.put("lying.zip", bytes(lying))
    uploads.put("bomb.csv.gz", gzip.compress(b"0,0\n" * 1_000_000))
    many = {f"f{index}__txt": b"x" for index in range(5_001)}
    uploads.put("many.zip", zipped(**many))
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": pa.nulls(50_000_000, pa.int64())}), buffer)
    uploads.put("bomb.parquet", buffer.getvalue())
    with zipfile.ZipFile(uploads.folder / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<row/>" * 1_000_000)
    uploads.load()
    for name in ("bomb.zip", "lying.zip", "bomb.csv.gz", "many.zip", "bomb.parquet", "bomb.xlsx"):
        assert uploads.file(name)["status"] == "failed", uploads.file(name)
    assert uploads.sql("SELECT count(*) FROM uploads.rows") == [(0,)]
    assert not uploads.sql("SELECT path FROM uploads.files WHERE container IS NOT NULL")


def test_values_that_multiply_when_unpacked_are_stopped(uploads: Any) -> None:
    uploads.limits = Limits(file_bytes=300_000, line_bytes=200_000)
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": ["y" * 30_000] * 100}), buffer, use_dictionary=True)
    uploads.put("multiply.parquet", buffer.getvalue())
    uploads.load()
    assert "grow" in uploads.file("multiply.parquet")["problem"]


def test_encrypted_members_are_reported(uploads: Any) -> None:
    content = bytearray(zipped(a__csv=b"x,y\n1,2\n"))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1
    uploads.put("locked.zip", bytes(content))
    uploads.load()
    assert "encrypted" in uploads.file("locked.zip::a.csv")["problem"]


def test_a_file_that_changes_while_it_is_read_gives_no_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "growing.csv"
    place.write_text("a,b\n1,2\n")
    opened = scan.open_regular

    class Late:
        """A handle whose file changes after it has been opened."""

        def __init__(self, path: Path) -> None:
            self._handle, self._path, self._late = opened(path), path, "3,4\n"

        def __enter__(self) -> "Late":
            return self

        def __exit__(self, *_: object) -> None:
            self._handle.close()

        def fileno(self) -> int:
            return self._handle.fileno()

        def read(self, size: int) -> bytes:
            block = self._handle.read(size)
            with self._path.open("a") as writer:
                writer.write(self._late)
            self._late = ""
            return block

    monkeypatch.setattr(reading, "open_regular", Late)
    monkeypatch.setattr(reading, "_ATTEMPTS", 2)
    with pytest.raises(FileProblem, match="being written"):
        reading.private_copy(place, tmp_path / "copy", 100_000)
    monkeypatch.setattr(reading, "open_regular", opened)
    sha256 = reading.private_copy(place, tmp_path / "copy", 100_000)
    assert sha256 == scan.content_hash(tmp_path / "copy")


def test_a_reader_that_fails_by_its_own_mistake_stops_no_other_file(uploads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads.put("a.csv", "a,b\n1,2\n")
    uploads.put("b.txt", "hello there\n")
    from lenovo_pipeline.uploads import formats

    def broken(source: Any) -> Any:
        raise MemoryError("no memory")

    known = formats._BY_SUFFIX[".csv"]
    monkeypatch.setitem(formats._BY_SUFFIX, ".csv", formats.Format("delimited", known.suffixes, broken))
    uploads.load()
    assert "MemoryError" in uploads.file("a.csv")["problem"] and uploads.file("b.txt")["status"] == "loaded"


def test_a_missing_folder_is_an_error_for_the_sensor_and_made_by_the_run(uploads: Any) -> None:
    shutil.rmtree(uploads.folder)
    with pytest.raises(PermanentFailure, match="does not exist"):
        scan.snapshot(uploads.folder)
    uploads.load()
    assert stat.S_ISDIR(uploads.folder.stat().st_mode)
    assert uploads.sql("SELECT count(*) FROM uploads.files") == [(0,)]
