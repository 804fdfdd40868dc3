"""A frame fits its contract exactly, or everything that does not fit is said at once."""

import json
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest

from lenovo_pipeline.contracts import HASH_COLUMN, Column, ContractError, Table, canonical_lines, conform, digest
from lenovo_pipeline.contracts.table import ColumnType


def table_of(kind: ColumnType, *, nullable: bool = False) -> Table:
    return Table(
        stage="trial",
        name="things",
        description="One column beside its key.",
        columns=(
            Column(name="id", type="text", description="Key."),
            Column(name="value", type=kind, description="The column at trial.", nullable=nullable),
        ),
        key=("id",),
    )


def one(value: Any, *, dtype: Any = object) -> pd.DataFrame:
    return pd.DataFrame({"id": ["a"], "value": pd.Series([value], dtype=dtype)})


def conformed(kind: ColumnType, value: Any, *, dtype: Any = object, nullable: bool = False) -> Any:
    return conform(one(value, dtype=dtype), table_of(kind, nullable=nullable))["value"].iat[0]


def test_every_mismatch_is_listed_at_once() -> None:
    table = Table(
        stage="trial",
        name="things",
        description="Three columns.",
        columns=(
            Column(name="id", type="text", description="Key."),
            Column(name="count", type="integer", description="Count."),
            Column(name="at", type="timestamp", description="When."),
        ),
        key=("id",),
    )
    frame = pd.DataFrame({"id": [7], "count": ["three"], "colour": ["red"]})
    with pytest.raises(ContractError) as caught:
        conform(frame, table)
    said = str(caught.value)
    for expected in ("trial.things", "missing column 'at'", "unknown column 'colour'", "column 'id'", "column 'count'", "row 0"):
        assert expected in said
    assert "lenovo_pipeline/trial/tables.py" in caught.value.remedy


def test_a_column_that_is_there_twice_is_said_and_not_guessed() -> None:
    frame = pd.DataFrame([["a", 1, 2]], columns=["id", "value", "value"])
    with pytest.raises(ContractError, match="'value' is there 2 times"):
        conform(frame, table_of("integer"))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", 1.7),
        ("integer", "1"),
        ("integer", True),
        ("integer", np.bool_(True)),
        ("integer", 2**63),
        ("integer", -(2**63) - 1),
        ("integer", 1e300),
        ("integer", float("inf")),
        ("number", "1.5"),
        ("number", True),
        ("number", 2**53 + 1),
        ("number", 10**400),
        ("number", float("inf")),
        ("number", float("-inf")),
        ("text", 5),
        ("text", b"bytes"),
        ("text", "half a pair \ud800"),
        ("boolean", 1),
        ("boolean", "true"),
        ("date", "2026-01-01"),
        ("date", datetime(2026, 1, 1, 12)),
        ("date", datetime(2026, 1, 1, tzinfo=UTC)),
        ("date", pd.Timestamp("2026-01-01 00:00:00.000000001")),
        ("timestamp", "2026-01-01T00:00:00"),
        ("timestamp", date(2026, 1, 1)),
        ("timestamp", datetime(2026, 1, 1, tzinfo=UTC)),
        ("timestamp", pd.Timestamp("2026-01-01", tz="Asia/Hong_Kong")),
        ("timestamp", pd.Timestamp("2026-01-01 00:00:00.000000001")),
        ("json", "{not json"),
        ("json", 1 + 2j),
        ("json", {1: "a key that is no text"}),
        ("text[]", "abc"),
        ("text[]", ["a", 1]),
        ("text[]", ["a", None]),
        ("text[]", {"a"}),
        ("integer[]", [1, 1.5]),
        ("integer[]", [1, float("nan")]),
        ("number[]", [1.0, "2"]),
    ],
    ids=repr,
)
def test_nothing_is_coerced_with_loss(kind: ColumnType, value: Any) -> None:
    with pytest.raises(ContractError, match="column 'value'"):
        conform(one(value), table_of(kind))


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(np.array(["2026-01-01T00:00:00.000000001"], dtype="datetime64[ns]")),
        pd.Series(pd.to_datetime(["2026-01-01"], utc=True)),
    ],
    ids=["nanoseconds", "time zone"],
)
def test_whole_columns_of_times_are_as_strict_as_single_ones(values: "pd.Series[Any]") -> None:
    with pytest.raises(ContractError, match="column 'value'"):
        conform(pd.DataFrame({"id": ["a"], "value": values}), table_of("timestamp"))


def test_an_integer_column_of_plain_integers_is_bounded_too() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "value": pd.Series([1, 2**63], dtype="uint64")})
    with pytest.raises(ContractError, match="64 bits"):
        conform(frame, table_of("integer"))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("integer", 3.0, 3),
        ("integer", np.int16(3), 3),
        ("integer", np.float32(3), 3),
        ("integer", 2**63 - 1, 2**63 - 1),
        ("integer", -(2**63), -(2**63)),
        ("number", 3, 3.0),
        ("number", np.float32(0.5), 0.5),
        ("number", 2**53, float(2**53)),
        ("boolean", np.bool_(False), False),
        ("date", datetime(2026, 1, 1), date(2026, 1, 1)),
        ("date", pd.Timestamp("2026-01-01"), date(2026, 1, 1)),
        ("timestamp", pd.Timestamp("2026-01-01 10:11:12.000013"), datetime(2026, 1, 1, 10, 11, 12, 13)),
        ("text", "联想 Lenovo 😀", "联想 Lenovo 😀"),
        ("text[]", ("a", "b"), ["a", "b"]),
        ("text[]", [], []),
        ("integer[]", np.array([1, 2]), [1, 2]),
        ("number[]", [1, 2.5], [1.0, 2.5]),
    ],
    ids=repr,
)
def test_what_can_be_kept_without_loss_gets_the_declared_type(kind: ColumnType, value: Any, expected: Any) -> None:
    found = conformed(kind, value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NaT, pd.NA, np.float32("nan"), np.datetime64("NaT")], ids=repr)
@pytest.mark.parametrize(
    "kind", ["text", "integer", "number", "boolean", "date", "timestamp", "json", "text[]", "integer[]", "number[]"]
)
def test_each_way_to_say_missing_becomes_none_or_is_refused(kind: ColumnType, missing: Any) -> None:
    assert conformed(kind, missing, nullable=True) is None
    with pytest.raises(ContractError, match="1 of 1 values are missing"):
        conform(one(missing), table_of(kind))


def test_missing_values_of_typed_pandas_columns_become_none() -> None:
    table = table_of("integer", nullable=True)
    for values in (pd.Series([1.0, np.nan]), pd.Series([1, None], dtype="Int64")):
        found = conform(pd.DataFrame({"id": ["a", "b"], "value": values}), table)["value"].tolist()
        assert found == [1, None]
        assert type(found[0]) is int
    times = pd.DataFrame({"id": ["a", "b"], "value": pd.to_datetime(pd.Series(["2026-01-01", None]))})
    assert conform(times, table_of("timestamp", nullable=True))["value"].tolist() == [datetime(2026, 1, 1), None]


def test_json_is_canonical_whatever_form_it_came_in() -> None:
    forms = [{"b": [1, None], "a": "ü"}, '{"b":[1,null],  "a":"\\u00fc"}', '{"a":"ü","b":[1,null]}'.encode()]
    assert {conformed("json", form) for form in forms} == {'{"a":"ü","b":[1,null]}'}


def test_the_hash_does_not_depend_on_the_order_of_columns_and_the_digest_not_on_that_of_rows() -> None:
    table = table_of("number")
    frame = pd.DataFrame({"id": ["a", "b", "c"], "value": [1.0, 2.0, 3.0]})
    straight = conform(frame, table)
    turned = conform(frame[["value", "id"]].iloc[::-1], table)
    assert dict(zip(straight["id"], straight[HASH_COLUMN], strict=True)) == dict(
        zip(turned["id"], turned[HASH_COLUMN], strict=True)
    )
    assert digest(straight[HASH_COLUMN]) == digest(turned[HASH_COLUMN])
    changed = conform(frame.assign(value=[1.0, 2.0, 3.0000001]), table)
    assert digest(changed[HASH_COLUMN]) != digest(straight[HASH_COLUMN])
    assert digest(["a"]) != digest(["a", "a"])


def test_the_hash_ignores_the_index_and_a_hash_that_came_along() -> None:
    table = table_of("integer")
    frame = pd.DataFrame({"id": ["a", "b"], "value": [1, 2]}, index=[9, 9])
    once = conform(frame, table)
    assert list(once.columns) == ["id", "value", HASH_COLUMN]
    again = conform(once.assign(**{HASH_COLUMN: "forged"}), table)
    assert again.equals(once)


def test_the_hash_tells_a_missing_text_from_an_empty_one_and_values_from_their_neighbours() -> None:
    table = Table(
        stage="trial",
        name="pairs",
        description="Two texts.",
        columns=(
            Column(name="left", type="text", description="Left.", nullable=True),
            Column(name="right", type="text", description="Right.", nullable=True),
        ),
        key=(),
    )
    pairs = [("", None), (None, ""), ("ab", "c"), ("a", "bc"), ("null", None), (None, None)]
    hashes = conform(pd.DataFrame(pairs, columns=["left", "right"]), table)[HASH_COLUMN]
    assert hashes.is_unique


@pytest.mark.parametrize("kind", ["text", "integer", "number", "boolean", "date", "timestamp", "json", "text[]"])
def test_an_empty_frame_keeps_its_columns(kind: ColumnType) -> None:
    found = conform(pd.DataFrame({"value": [], "id": []}), table_of(kind))
    assert list(found.columns) == ["id", "value", HASH_COLUMN]
    assert len(found) == 0


def test_the_canonical_export_is_sorted_by_key_with_sorted_names_and_is_valid_json() -> None:
    table = table_of("number", nullable=True)
    frame = pd.DataFrame({"value": [None, 0.1, 2.0], "id": ["b", "c", "a"]})
    lines = list(canonical_lines(frame, table))
    assert lines == [b'{"id":"a","value":2.0}', b'{"id":"b","value":null}', b'{"id":"c","value":0.1}']
    assert lines == list(canonical_lines(frame.iloc[::-1], table))
    assert [json.loads(line) == orjson.loads(line) for line in lines] == [True] * 3
