"""Types, names of columns, mentions and languages, one value at a time; round trips of generated files."""

import csv
import io
import json
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lenovo_pipeline.uploads.columns import unique_names
from lenovo_pipeline.uploads.languages import language_of
from lenovo_pipeline.uploads.mentions import Mentions
from lenovo_pipeline.uploads.readers import delimited, json_files
from lenovo_pipeline.uploads.records import Reject, Row, Source
from lenovo_pipeline.uploads.table_names import TableNames
from lenovo_pipeline.uploads.value_types import ColumnType, from_json, kind_of_text, to_json

DEVICES = [
    {"device_id": "T14", "name": "ThinkPad T14 Gen 5", "brand": "ThinkPad"},
    {"device_id": "T14S", "name": "ThinkPad T14s Gen 5", "brand": "ThinkPad"},
    {"device_id": "EDGE", "name": "Moto Edge 70 Pro", "brand": "Moto Edge"},
    {"device_id": "EDGE+", "name": "Moto Edge 70 Pro+", "brand": "Moto Edge"},
    {"device_id": "SR650", "name": "ThinkSystem SR650", "brand": "ThinkSystem"},
    {"device_id": "SR650V3", "name": "ThinkSystem SR650 V3", "brand": "ThinkSystem"},
    {"device_id": "STYLUS", "name": "Moto G Stylus (2023)", "brand": "Moto G"},
    {"device_id": "L5", "name": "Legion 5", "brand": "Legion"},
    {"device_id": "Y5", "name": "Yoga 5", "brand": "Yoga"},
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The thinkpad t14 gen 5 is hot", ["T14"]),
        ("THINKPAD-T14_GEN5, twice: ThinkPad T14 Gen5", ["T14"]),
        ("T14 Gen 5 and t14s gen 5", ["T14", "T14S"]),
        ("ThinkPad T14 G5", ["T14"]),
        ("ThinkPad T14x Gen 5, XLegion 5, ThinkPad T14 Gen 50", []),
        ("Motorola edge 70 Pro", ["EDGE"]),
        ("Motorola edge 70 Pro+ beside it", ["EDGE+"]),
        ("motorola-edge-70-pro", ["EDGE"]),
        ("SR650 V3 in the rack", ["SR650V3"]),
        ("SR650 in the rack, SR6500 not", ["SR650"]),
        ("moto g stylus 2023", ["STYLUS"]),
        ("Only 5 left", []),
        ("我的ThinkPad T14 Gen 5无法开机", ["T14"]),
        ("ＴｈｉｎｋＰａｄ Ｔ１４ Ｇｅｎ ５", ["T14"]),
        ("", []),
    ],
)
def test_mentions_are_the_longest_names_at_the_edges_of_words(text: str, expected: list[str]) -> None:
    assert Mentions(DEVICES)(text) == expected


def test_a_trademark_sign_or_a_line_break_inside_a_name_does_not_hide_it() -> None:
    assert Mentions(DEVICES)("ThinkPad™ T14\nGen 5") == ["T14"]
    assert Mentions(DEVICES)("series: legion; 5: x") == []


def test_mentions_look_at_each_place_a_bounded_number_of_times() -> None:
    class Counting(dict[str, Any]):
        looked = 0

        def get(self, key: str, default: Any = None) -> Any:
            Counting.looked += 1
            return super().get(key, default)

    def counting(node: dict[str, Any]) -> Counting:
        return Counting({key: counting(value) if isinstance(value, dict) else value for key, value in node.items()})

    mentions = Mentions([{"device_id": str(n), "name": f"Thing {n} Alpha {n}", "brand": "Thing"} for n in range(2_000)])
    mentions._trie = counting(mentions._trie)
    assert mentions("thing 5 alpha 6 " * 1_000) == []
    assert Counting.looked <= 4 * 1_000
    assert mentions("thing 5 alpha 5 " * 1_000) == ["5"]
    assert Counting.looked <= 9 * 1_000


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0", "integer"), ("-5", "integer"), ("007", "text"), ("-0", "text"), ("+5", "text"), ("1234567890123456", "text"),
        ("1.5", "number"), ("0.000", "number"), ("-0.0", "text"), (".5", "text"), ("1.", "text"), ("1e5", "text"),
        ("1e-07", "number"),
        ("0.1234567890123456789", "text"), ("1,5", "text"), ("TRUE", "boolean"), ("yes", "text"), ("2024-02-30", "text"),
        ("2024-02-29", "date"), ("2024-02-29T10:00:00.123", "timestamp"), ("2024-02-29 10:00Z", "instant"), ("١٢", "text"),
        ("NaN", "text"), ("", "text"), ("0001-01-01T00:00:00+05:00", "text"),
    ],
)  # fmt: skip
def test_a_text_has_the_narrowest_kind_that_loses_nothing(text: str, kind: str) -> None:
    assert kind_of_text(text) == kind


def column(*values: Any, written: bool) -> tuple[str, list[Any]]:
    found = ColumnType(written=written)
    for value in values:
        found.see(value)
    return found.kind, [found.convert(from_json(to_json(value))) for value in values]


@pytest.mark.parametrize(
    ("values", "written", "kind"),
    [
        (("1", "2.5", ""), True, "number"),
        (("1.9", "1.10"), True, "text"),
        (("1.90", "1.10"), True, "number"),
        (("1", "x"), True, "text"),
        ((1, 2.5), False, "number"),
        ((2**60, 2.5), False, "json"),
        ((1, "1"), False, "json"),
        ((True, 1), False, "json"),
        ((2**70,), False, "text"),
        (("2024-01-01", "2024-01-01T10:00"), False, "timestamp"),
        (("2024-01-01", "soon"), False, "text"),
        ((datetime(2024, 1, 1), None), False, "timestamp"),
        (({"a": 1}, [2]), False, "json"),
        ((None, None), False, "text"),
    ],
)
def test_a_column_takes_the_type_that_fits_all_its_values(values: tuple[Any, ...], written: bool, kind: str) -> None:
    assert column(*values, written=written)[0] == kind


@given(
    st.lists(
        st.one_of(
            st.none(), st.integers(), st.floats(), st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.booleans()
        ),
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_whatever_a_column_holds_comes_back_from_its_type(values: list[Any]) -> None:
    kind, converted = column(*values, written=False)
    for value, back in zip(values, converted, strict=True):
        if kind == "json" and value is not None:
            back = json.loads(back)
        if isinstance(value, float) and value - value != 0.0:
            assert repr(float(back)) == repr(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            assert int(back) == value
        else:
            assert back == value or (kind in ("date", "timestamp", "instant") and str(value)[:10] == str(back)[:10])


_CELLS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(
    names=st.lists(_CELLS, min_size=1, max_size=4),
    rows=st.lists(st.lists(_CELLS, min_size=4, max_size=4), max_size=6),
    delimiter=st.sampled_from(",;\t|"),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_as_csv_comes_back(names: list[str], rows: list[list[str]], delimiter: str) -> None:
    # A lone header line that holds other delimiters in its names can be read in more than one way.
    assume(rows or not set(",;\t|") & set("".join(names)))
    header = ["first", *names]
    width = len(header)
    table = [["x", *(row[: width - 1] + [""] * width)[: width - 1]] for row in rows]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([header, *table])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy"
        path.write_bytes(b"\xef\xbb\xbf" + buffer.getvalue().encode())
        events = list(delimited.read(Source(path, "a.csv")))
    assert not [event for event in events if isinstance(event, Reject)]
    found = [event for event in events if isinstance(event, Row)]
    assert [list(row.values.values()) for row in found] == table
    assert all(len(row.values) == width for row in found)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | _CELLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_CELLS, inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(_CELLS, _VALUES, max_size=4), min_size=1, max_size=5), st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_as_json_comes_back(rows: list[dict[str, Any]], as_lines: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy"
        path.write_text("\n".join(map(json.dumps, rows)) if as_lines else json.dumps(rows, indent=1), encoding="utf-8")
        read = json_files.read_lines if as_lines else json_files.read_document
        events = list(read(Source(path, "a.json")))
    assert [dict(event.values) for event in events if isinstance(event, Row)] == rows
    assert all(from_json(to_json(row)) == row for row in rows)


@given(st.lists(st.text(max_size=5), max_size=8))
@settings(max_examples=60, deadline=None)
def test_names_of_columns_are_always_unique_and_never_empty(header: list[str]) -> None:
    names, _ = unique_names(header)
    assert len(names) == len(header) == len({name.casefold() for name in names}) and all(names)


def test_a_table_keeps_clear_of_taken_names() -> None:
    names = TableNames(["sales"])
    first, second, third = names.name("sales.csv"), names.name("sa/les.csv"), names.name("sa_les.csv")
    assert first.startswith("sales_") and second == "sa_les" and third.startswith("sa_les_") and third != second
    assert TableNames(["sales"]).name("sales.csv") == first
    assert names.name("files.csv").startswith("files_")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The battery of the laptop is not charging when it is cold.", "en"),
        ("Der Akku lädt nicht, und das Gerät ist zu heiß für den Betrieb.", "de"),
        ("这台笔记本电脑的电池无法充电，请更换电源适配器。", "zh-Hans"),
        ("這台筆記型電腦的電池無法充電，請更換電源供應器。", "zh-Hant"),
        ("バッテリーが充電できません", "ja"),
        ("id: 7; price: 5", "und"),
    ],
)
def test_languages_are_told_by_script_and_common_words(text: str, language: str) -> None:
    assert language_of(text) == language
