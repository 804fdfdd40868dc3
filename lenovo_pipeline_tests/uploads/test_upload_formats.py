"""What each format becomes: typed rows, texts, rejects with lines."""

import gzip
import io
import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "uploads"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference files are not here")
def test_the_two_real_files_give_all_their_releases_and_their_text(uploads: Any) -> None:
    for name in ("motorola_eol.md", "surface_eol.md"):
        uploads.put(name, (REFERENCE / name).read_bytes())
    uploads.load()
    assert uploads.sql("SELECT count(*) FROM uploads.motorola_eol_releases") == [(155,)]
    assert uploads.sql("SELECT count(*) FROM uploads.surface_eol_releases") == [(59,)]
    assert uploads.types("motorola_eol_releases")["releaseDate"] == "DATE"
    first = uploads.sql("SELECT releaseLabel, releaseDate, eol FROM uploads.motorola_eol_releases")[0]
    assert first == ("Motorola edge 70 Max", date(2026, 6, 1), date(2029, 6, 30))
    assert uploads.sql("SELECT title, latestColumn FROM uploads.motorola_eol") == [("Motorola Mobility", False)]
    ((auto,),) = uploads.sql("SELECT auto FROM uploads.surface_eol")
    assert json.loads(auto)["methods"][0]["fields"]["releaseLabel"] == "Surface device"
    ((line,),) = uploads.sql("SELECT min(line) FROM uploads.rows WHERE table_name = 'motorola_eol_releases'")
    text = (REFERENCE / "motorola_eol.md").read_text().splitlines()
    assert "motorola-edge-70-max" in text[line - 1]
    bodies = uploads.sql("SELECT text FROM uploads.texts WHERE title = 'Motorola Mobility' AND language = 'en'")
    assert any("security updates" in text for (text,) in bodies)
    linked = uploads.sql("SELECT text FROM uploads.texts WHERE list_contains(mentioned_device_ids, 'DEV-EDGE-70-PRO')")
    assert len(linked) == 1 and "edge-70-pro;" in linked[0][0]
    assert uploads.file("motorola_eol.md")["rows_read"] == 156


def test_csv_types_lose_nothing(uploads: Any) -> None:
    uploads.put(
        "types.csv",
        "zip,imei,whole,price,version,flag,day,moment,instant,mixed,phone,empty\n"
        "00123,123456789012345678,1,1.50,1.9,true,2024-02-29,2024-01-01 10:00,2024-01-01T10:00:00Z,1,+852,\n"
        "00456,223456789012345678,-20,2.25,1.10,false,2023-01-31,2024-01-01 10:00:01,2024-01-01T12:00:00+02:00,x,+49,\n",
    )
    uploads.load()
    assert uploads.types("types") == {
        "zip": "VARCHAR",
        "imei": "VARCHAR",
        "whole": "BIGINT",
        "price": "DOUBLE",
        "version": "VARCHAR",
        "flag": "BOOLEAN",
        "day": "DATE",
        "moment": "TIMESTAMP",
        "instant": "TIMESTAMP WITH TIME ZONE",
        "mixed": "VARCHAR",
        "phone": "VARCHAR",
        "empty": "VARCHAR",
    }
    assert uploads.sql("SELECT zip, imei, version FROM uploads.types")[0] == ("00123", "123456789012345678", "1.9")
    assert uploads.sql("SELECT count(DISTINCT instant) FROM uploads.types") == [(1,)]


def test_the_first_line_of_a_csv_with_only_numbers_is_a_row(uploads: Any) -> None:
    uploads.put("numbers.csv", "1,2\n3,4\n")
    uploads.load()
    assert uploads.sql("SELECT column_1, column_2 FROM uploads.numbers ORDER BY 1") == [(1, 2), (3, 4)]
    assert "numbered" in uploads.file("numbers.csv")["notes"][0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found_beside_the_others_in_the_cells(uploads: Any, delimiter: str) -> None:
    others = "".join(set(",;|\t") - {delimiter})
    uploads.put("cells.csv", f"a{delimiter}b\n1{delimiter}x{others}y\n2{delimiter}z{others}\n")
    uploads.load()
    assert uploads.file("cells.csv")["delimiter"] == delimiter
    assert uploads.sql("SELECT a, b FROM uploads.cells ORDER BY a")[0] == (1, f"x{others}y")


def test_decimal_commas_do_not_pass_for_delimiters(uploads: Any) -> None:
    uploads.put("german.csv", "name;preis\na;1,50\nb;2,25\n")
    uploads.load()
    assert uploads.sql("SELECT name, preis FROM uploads.german ORDER BY 1") == [("a", "1,50"), ("b", "2,25")]


def test_ragged_rows_and_broken_quotes_cost_only_their_own_line(uploads: Any) -> None:
    uploads.put("ragged.csv", 'a,b\n1,"two\nlines"\n2\n3,4,5\n"open,6\n7,8\n9,"x"y\n10,"say ""hi"""\n11,n\0l\n')
    uploads.load()
    rows = uploads.sql("SELECT line, values->>'a', values->>'b' FROM uploads.rows ORDER BY position")
    assert rows == [(2, "1", "two\nlines"), (7, "7", "8"), (9, "10", 'say "hi"')]
    rejects = dict(uploads.sql("SELECT line, reason FROM uploads.rejects"))
    assert sorted(rejects) == [4, 5, 6, 8, 10]
    assert "NUL" in rejects[10] and "quote" in rejects[6] and "1 cells" in rejects[4]
    line = uploads.file("ragged.csv")
    assert (line["rows_read"], line["rows_loaded"], line["rows_rejected"], line["status"]) == (8, 3, 5, "partial")


def test_odd_column_names_are_made_unique_and_reported(uploads: Any) -> None:
    uploads.put("odd.csv", 'Name,name,,"two\nlines",_row_id,Name\n1,2,3,4,5,6\n')
    uploads.load()
    assert list(uploads.types("odd")) == ["Name", "name_2", "column_3", "two lines", "_row_id_2", "Name_3"]
    ((values,),) = uploads.sql("SELECT values FROM uploads.rows")
    assert sorted(json.loads(values).values()) == ["1", "2", "3", "4", "5", "6"]
    assert len({name.casefold() for name in json.loads(values)}) == 6
    assert len(uploads.file("odd.csv")["notes"]) == 5


def test_json_lists_become_tables_and_irregular_values_stay_json(uploads: Any) -> None:
    document = {
        "site": "HK",
        "nested": {"deep": [1, {"x": None}]},
        "devices": [{"id": "007", "n": 1, "v": 1.5, "m": 1}, {"id": "008", "n": 2, "v": 2, "m": "x", "extra": [1]}],
        "tags": ["a", "b"],
    }
    uploads.put("doc.json", json.dumps(document))
    uploads.load()
    assert uploads.types("doc_devices") == {"id": "VARCHAR", "n": "BIGINT", "v": "DOUBLE", "m": "JSON", "extra": "JSON"}
    assert uploads.sql("SELECT m, extra FROM uploads.doc_devices ORDER BY id") == [("1", None), ('"x"', "[1]")]
    ((site, nested, tags),) = uploads.sql("SELECT site, nested, tags FROM uploads.doc")
    assert (site, json.loads(nested), json.loads(tags)) == ("HK", document["nested"], ["a", "b"])


def test_json_keeps_what_other_parsers_drop(uploads: Any) -> None:
    uploads.put(
        "odd.json", '[{"a": 1, "a": 2, "big": 123456789012345678901234567890, "nan": NaN, "": 5}, 7, {"day": "2024-01-01"}]'
    )
    uploads.load()
    ((first,), (second,), (third,)) = uploads.sql("SELECT values FROM uploads.rows ORDER BY position")
    values = json.loads(first)
    assert values.pop(next(name for name in values if name.startswith("column"))) == 5
    assert values == {"a": 1, "a_2": 2, "big": "123456789012345678901234567890", "nan": "NaN"}
    assert json.loads(second) == {"value": 7}
    assert uploads.types("odd")["day"] == "DATE" and json.loads(third) == {"day": "2024-01-01"}


def test_a_long_json_list_is_read_across_the_edges_of_the_buffer(uploads: Any) -> None:
    rows = [{"n": index, "text": "é" * (index % 700)} for index in range(2_000)]
    uploads.put("long.json", json.dumps(rows, ensure_ascii=False, indent=1))
    uploads.load()
    stored = uploads.sql("SELECT n, text FROM uploads.long ORDER BY n")
    assert [(n, text or "") for n, text in stored] == [(row["n"], row["text"]) for row in rows]


def test_json_lines_reject_only_what_is_broken(uploads: Any) -> None:
    uploads.put("log.jsonl", '{"a": 1}\n\n{"a": \n{"a": "\\ud800"}\n[1, 2]\n{"b": {"c": 1}}\n')
    uploads.load()
    assert uploads.sql("SELECT line FROM uploads.rejects ORDER BY line") == [(3,), (4,)]
    assert uploads.sql("SELECT line FROM uploads.rows ORDER BY line") == [(1,), (5,), (6,)]


def test_a_json_file_of_lines_is_read_as_json_lines(uploads: Any) -> None:
    uploads.put("lines.json", '{"a": 1}\n{"a": 2}\n')
    uploads.load()
    assert uploads.sql("SELECT sum(a) FROM uploads.lines") == [(3,)]


def test_parquet_keeps_its_types(uploads: Any) -> None:
    table = pa.table(
        {
            "id": pa.array([2**62, None]),
            "price": pa.array([Decimal("1.50"), Decimal("-22.125")], pa.decimal128(12, 3)),
            "when": pa.array([datetime(2024, 1, 1, 12), None], pa.timestamp("us")),
            "utc": pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * 2, pa.timestamp("us", tz="Asia/Hong_Kong")),
            "ns": pa.array([1, 2], pa.timestamp("ns")),
            "raw": pa.array([b"\x00\xff", None]),
            "nan": pa.array([float("nan"), 1.0]),
            "nested": pa.array([[{"a": 1}], None]),
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    uploads.put("typed.parquet", buffer.getvalue())
    uploads.load()
    row = uploads.sql('SELECT id, price, "when", raw, nested, isnan(nan), epoch(utc)::BIGINT, ns FROM uploads.typed ORDER BY id')[
        0
    ]
    assert row[:6] == (2**62, Decimal("1.500"), datetime(2024, 1, 1, 12), b"\x00\xff", '[{"a":1}]', True)
    assert row[6] == int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
    assert row[7].endswith("000000001")


def workbook(path: Path, **sheets: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_every_sheet_becomes_a_table_and_formulas_are_never_computed(uploads: Any) -> None:
    workbook(
        uploads.folder / "book.xlsx",
        Prices=[[], ["id", "price", None, "day"], ["007", 1.5, "x", date(2024, 1, 1)], ["008", 2, None, date(2024, 1, 2)]],
        Sums=[["a", "b"], [1, "=A2*2"]],
        Empty=[],
    )
    uploads.load()
    assert uploads.types("book_prices") == {"id": "VARCHAR", "price": "DOUBLE", "column_3": "VARCHAR", "day": "DATE"}
    assert uploads.sql("SELECT a, b FROM uploads.book_sums") == [(1, "=A2*2")]
    notes = " ".join(uploads.file("book.xlsx")["notes"])
    assert "no computed value" in notes and "'Empty' is empty" in notes and "column_3" in notes


def test_a_formula_that_was_computed_gives_its_value(uploads: Any, tmp_path: Path) -> None:
    plain = tmp_path / "plain.xlsx"
    workbook(plain, Sheet=[["a", "b"], [1, "=A2*2"]])
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(uploads.folder / "sum.xlsx", "w") as target:
        for member in source.infolist():
            data = source.read(member)
            if member.filename.endswith("sheet1.xml"):
                data = data.replace(b"<v></v>", b"<v>2</v>").replace(b"<v/>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>")
                assert b"<v>2</v>" in data
            target.writestr(member, data)
    uploads.load()
    assert uploads.sql("SELECT a, b FROM uploads.sum") == [(1, 2)]


def test_markdown_front_matter_keeps_what_yaml_would_change(uploads: Any) -> None:
    uploads.put(
        "note.md",
        "---\ntitle: A note\ncode: 0123\nclock: 12:30:00\ncountry: NO\nversion: 1.10\n"
        "day: 2024-02-30\nbig: 123456789012345678901\n"
        'twice: 1\ntwice: 2\nparts:\n  - {n: 1, d: 2024-01-01}\n  - {n: 2, d: "2024-01-02"}\n---\n'
        "Intro\n\n# One\ntext of one\n\n## Inner\n```\n# no heading\n```\n# Two\nlast\n",
    )
    uploads.load()
    ((values,),) = uploads.sql("SELECT values FROM uploads.rows WHERE table_name = 'note'")
    assert json.loads(values) == {
        "title": "A note",
        "code": "0123",
        "clock": "12:30:00",
        "country": "NO",
        "version": "1.10",
        "day": "2024-02-30",
        "big": "123456789012345678901",
        "twice": 1,
        "twice_2": 2,
    }
    assert uploads.types("note_parts") == {"n": "BIGINT", "d": "DATE"}
    sections = uploads.sql("SELECT section, text FROM uploads.texts WHERE text NOT LIKE '%: %' ORDER BY position")
    assert [section for section, _ in sections] == [None, "One", "One › Inner", "Two"]
    assert "# no heading" in sections[2][1]


@pytest.mark.parametrize(
    "front",
    [
        "a: [1, 2",
        "a: !!python/object/apply:os.system ['true']",
        "a: &a [*a]",
        "\n".join(
            ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
        ),
        "? [1, 2]\n: 3",
    ],
    ids=["broken", "unsafe", "recursive", "bomb", "list as key"],
)
def test_bad_front_matter_is_rejected_and_the_body_still_read(uploads: Any, front: str) -> None:
    uploads.put("bad.md", f"---\n{front}\n---\nBody of the note.\n")
    uploads.load()
    line = uploads.file("bad.md")
    assert (line["rows_read"], line["rows_rejected"], line["texts"], line["status"]) == (1, 1, 1, "partial")


def test_a_line_of_dashes_without_a_second_one_is_text(uploads: Any) -> None:
    uploads.put("rule.md", "---\nno: front matter here\n")
    uploads.load()
    assert (uploads.file("rule.md")["rows_read"], uploads.file("rule.md")["texts"]) == (0, 1)


def test_html_tables_become_rows_and_scripts_are_dropped(uploads: Any) -> None:
    uploads.put(
        "page.html",
        "<html><head><title>Stock</title><script>alert('s')</script></head><body><h1>Stock</h1><p>Counted in May.</p>"
        "<table><tr><th>id</th><th>n</th></tr><tr><td>007</td><td>5</td></tr><tr><td>odd</td></tr></table>"
        "<!-- secret --><style>p{}</style><h2>Notes</h2><p>All <b>good</b>.</p><script>evil()</script></body></html>",
    )
    uploads.load()
    assert uploads.sql("SELECT id, n FROM uploads.page") == [("007", 5)]
    assert uploads.sql("SELECT reason FROM uploads.rejects")[0][0].startswith("1 cells")
    texts = " ".join(text for (text,) in uploads.sql("SELECT text FROM uploads.texts"))
    assert "Counted in May." in texts and "good" in texts
    assert not any(word in texts for word in ("alert", "evil", "secret", "p{}"))
    assert uploads.sql("SELECT DISTINCT section FROM uploads.texts WHERE text LIKE '%All%'") == [("Stock › Notes",)]


def pdf(pages: list[str], password: str | None = None) -> bytes:
    """A small PDF with one line of text on each page."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    for text in pages:
        page = writer.add_blank_page(200, 200)
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})})
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode() if text else b"")
        page[NameObject("/Contents")] = writer._add_object(stream)
    if password:
        writer.encrypt(password)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_each_page_of_a_pdf_is_a_text(uploads: Any) -> None:
    uploads.put("manual.pdf", pdf(["Hold the power key", "ThinkPad T14 Gen 5 only"]))
    uploads.load()
    texts = uploads.sql("SELECT section, text, mentioned_device_ids FROM uploads.texts ORDER BY position")
    assert texts == [("page 1", "Hold the power key", []), ("page 2", "ThinkPad T14 Gen 5 only", ["DEV-T14-5"])]


def test_a_pdf_that_is_encrypted_or_without_text_says_what_to_do(uploads: Any) -> None:
    uploads.put("locked.pdf", pdf(["secret"], password="x"))
    uploads.put("scan.pdf", pdf([""]))
    uploads.load()
    assert "encrypted" in uploads.file("locked.pdf")["problem"] and "password" in uploads.file("locked.pdf")["remedy"]
    assert "OCR" in uploads.file("scan.pdf")["remedy"]


@pytest.mark.parametrize(
    ("encoding", "mark", "text"),
    [
        ("utf-8", b"", "name,note\nGerät,größer 50 €\n"),
        ("utf-8", b"\xef\xbb\xbf", "name,note\nGerät,größer\n"),
        ("utf-16-le", b"\xff\xfe", "name,note\nGerät,電池\n"),
        ("utf-16-be", b"\xfe\xff", "name,note\nGerät,電池\n"),
        ("utf-16-le", b"", "name,note\nGerät,größer als\n"),
        ("utf-16-be", b"", "name,note\nGerät,größer als\n"),
        ("cp1252", b"", "name,note\nGerät,“größer” – 12 €\nKüche,naïve café\n"),
        ("latin-1", b"", "name,note\nGerät,größer\nÅngström,señor Peña\n"),
        ("gb18030", b"", "name,note\n笔记本电脑,电池无法充电，请更换电源适配器\n手机,屏幕闪烁，需要维修\n"),
        ("big5", b"", "name,note\n筆記型電腦,電池無法充電，請更換電源供應器\n手機,螢幕閃爍，需要維修\n"),
    ],
)
def test_encodings_are_found(uploads: Any, encoding: str, mark: bytes, text: str) -> None:
    uploads.put("text.csv", mark + text.encode(encoding))
    uploads.load()
    rows = [
        (values["name"], values["note"])
        for (found,) in uploads.sql("SELECT values FROM uploads.rows ORDER BY position")
        for values in [json.loads(found)]
    ]
    assert rows == [tuple(line.split(",")) for line in text.splitlines()[1:]]
    assert uploads.file("text.csv")["encoding"]


def test_one_bad_byte_in_utf8_costs_one_row(uploads: Any) -> None:
    rows = [f"{index},größer".encode() for index in range(20)]
    uploads.put("mostly.csv", b"\n".join([b"a,b", *rows, b"20,gr\xf6\xdfer", b"21,ok"]) + b"\n")
    uploads.load()
    line = uploads.file("mostly.csv")
    assert (line["rows_loaded"], line["rows_rejected"], line["encoding"]) == (21, 1, "utf-8")
    assert uploads.sql("SELECT line FROM uploads.rejects") == [(22,)]


def test_members_of_archives_are_files_of_their_own(uploads: Any) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("in/a.csv", "x,y\n1,2\n")
        archive.writestr("broken.json", "{")
        archive.writestr("../../evil.csv", "x,y\n6,6\n")
        archive.writestr("__MACOSX/._a.csv", "junk")
        archive.writestr("inner.zip", b"PK\x03\x04")
    uploads.put("pack.zip", buffer.getvalue())
    uploads.put("log.csv.gz", gzip.compress(b"p,q\n3,4\n"))
    uploads.load()
    assert uploads.file("pack.zip::in/a.csv")["rows_loaded"] == 1
    assert uploads.file("log.csv.gz::log.csv")["table_names"] and uploads.file("log.csv.gz")["reader"] == "gzip"
    assert "leads out" in uploads.file("pack.zip::../../evil.csv")["problem"]
    assert "inside an archive" in uploads.file("pack.zip::inner.zip")["problem"]
    assert uploads.file("pack.zip")["status"] == "partial"
    assert not (uploads.root / "evil.csv").exists() and len(uploads.sql("SELECT path FROM uploads.files")) == 7


def test_rows_of_long_tables_share_texts(uploads: Any) -> None:
    uploads.put("long.csv", "id,name\n" + "".join(f"{index},item {index}\n" for index in range(1_500)))
    uploads.load()
    texts = uploads.sql("SELECT text FROM uploads.texts ORDER BY position")
    assert 1_000 < len(texts) < 1_050
    assert all(f"name: item {index}" in "\n".join(text for (text,) in texts) for index in (0, 999, 1_000, 1_499))
