"""Every rule that a contract can state has a frame that breaks it, and the verdict names what broke."""

from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.contracts import Column, ContractError, Table, conform
from lenovo_pipeline.contracts.expectations import described_once, validate

PLANT = Table(
    stage="trial",
    name="plants",
    description="A table with every kind of rule.",
    min_rows=2,
    columns=(
        Column(name="site", type="text", description="Site.", choices=("HK", "SZ")),
        Column(name="code", type="text", description="Code.", pattern=r"[A-Z]{2}-\d+|none"),
        Column(name="serial", type="integer", description="Serial.", unique=True, minimum=1, maximum=100),
        Column(name="weight", type="number", description="Weight.", unit="kg", minimum=0.0, nullable=True),
        Column(name="born", type="date", description="Born.", minimum=date(2020, 1, 1), maximum=date(2030, 1, 1)),
        Column(name="seen", type="timestamp", description="Seen.", minimum=datetime(2020, 1, 1), nullable=True),
        Column(name="alive", type="boolean", description="Alive."),
        Column(name="notes", type="json", description="Notes.", nullable=True),
        Column(
            name="owner", type="text", description="Owner.", references="trial.people.person_id", nullable=True, personal=True
        ),
        Column(name="eaters", type="text[]", description="Eaters.", references="trial.animals.animal_id", nullable=True),
        Column(name="counts", type="integer[]", description="Counts."),
    ),
    key=("site", "code"),
)
REFERRED: dict[str, set[Any]] = {"trial.people.person_id": {"P1", "P2"}, "trial.animals.animal_id": {"A1", "A2"}}


def plants() -> pd.DataFrame:
    rows = [
        ("HK", "AB-1", 1, 0.5, date(2024, 2, 29), datetime(2024, 3, 1, 8), True, {"a": 1}, "P1", ["A1", "A2"], [1, 2]),
        ("HK", "AB-2", 2, None, date(2024, 3, 1), None, False, None, None, [], []),
        ("SZ", "AB-1", 100, 0.0, date(2030, 1, 1), datetime(2020, 1, 1), True, None, "P2", None, [3]),
    ]
    return conform(pd.DataFrame(rows, columns=list(PLANT.column_names)), PLANT)


def with_values(**changes: Any) -> pd.DataFrame:
    """The good frame with other values in its second row."""
    frame = plants()
    for column, value in changes.items():
        values = frame[column].tolist()
        values[1] = value
        frame = frame.assign(**{column: pd.Series(values, dtype=object)})
    return frame


def broken_rules(frame: pd.DataFrame) -> set[tuple[str, str]]:
    """Column and rule of each failure; a rule that could not be computed counts as broken, under that name."""
    found = set()
    for failure in validate(frame, PLANT, REFERRED).failures:
        column, _, said = failure.partition(": ")
        found.add((column, "not computed" if "could not be computed" in said else said.split(" ")[0].removeprefix("expect_")))
    return found


def test_a_table_that_keeps_its_contract_passes_every_rule() -> None:
    verdict = validate(plants(), PLANT, REFERRED)
    assert verdict.failures == ()
    assert verdict.passed
    types, not_null, ranges, references, others = 11, 6, 4, 2, len(["rows", "key", "choices", "pattern", "unique"])
    assert verdict.expectations == types + not_null + ranges + references + others


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"serial": 0, "weight": -0.1, "born": date(2019, 12, 31), "seen": datetime(2019, 12, 31, 23, 59)},
            {(column, "column_values_to_be_between") for column in ("serial", "weight", "born", "seen")},
        ),
        (
            {"serial": 101, "born": date(2030, 1, 2), "site": "XX", "code": "xAB-2", "owner": "P3", "eaters": ["A1", "A9"]},
            {
                ("serial", "column_values_to_be_between"),
                ("born", "column_values_to_be_between"),
                ("site", "column_values_to_be_in_set"),
                ("code", "column_values_to_match_regex"),
                ("owner", "column_values_to_be_in_set"),
                ("eaters that refer to nothing", "column_values_to_be_null"),
            },
        ),
        ({"serial": 1, "code": "AB-2x"}, {("serial", "column_values_to_be_unique"), ("code", "column_values_to_match_regex")}),
        ({"code": "AB-2\n"}, {("code", "column_values_to_match_regex")}),
        ({"code": "nonesuch"}, {("code", "column_values_to_match_regex")}),
        ({"code": "AB-1"}, {("site, code", "compound_columns_to_be_unique")}),
        ({"site": None, "counts": None}, {(column, "column_values_to_not_be_null") for column in ("site", "counts")}),
        (
            {"alive": "yes", "counts": "1,2", "notes": 5},
            {(c, "column_values_to_be_in_type_list") for c in ("alive", "counts", "notes")},
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_exactly_the_broken_rules_are_reported(changes: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    assert broken_rules(with_values(**changes)) == expected


def test_a_value_of_a_wrong_type_is_reported_even_where_other_rules_cannot_be_computed() -> None:
    found = broken_rules(with_values(serial="2", born="2024-03-01"))
    assert {("serial", "column_values_to_be_in_type_list"), ("born", "column_values_to_be_in_type_list")} <= found
    assert {column for column, _ in found} == {"serial", "born"}


def test_too_few_rows_are_reported() -> None:
    for rows in (0, 1):
        assert broken_rules(plants().iloc[:rows]) == {("table", "table_row_count_to_be_between")}


def test_a_failure_gives_examples_of_what_broke_it() -> None:
    (failure,) = validate(with_values(site="Mars"), PLANT, REFERRED).failures
    assert "Mars" in failure
    (unresolved,) = validate(with_values(eaters=["A1", "A9"]), PLANT, REFERRED).failures
    assert "A9" in unresolved
    assert "A1" not in unresolved


def test_personal_values_are_never_examples() -> None:
    (failure,) = validate(with_values(owner="Jane Doe"), PLANT, REFERRED).failures
    assert "owner" in failure
    assert "Jane" not in failure
    with pytest.raises(ContractError, match="a personal value") as caught:
        conform(with_values(owner=4711), PLANT)
    assert "4711" not in str(caught.value)


def test_a_reference_whose_values_are_not_given_is_an_error_and_not_a_pass() -> None:
    for left_out in REFERRED:
        given = {name: values for name, values in REFERRED.items() if name != left_out}
        with pytest.raises(KeyError, match=left_out):
            validate(plants(), PLANT, given)


def test_references_into_an_empty_table_resolve_to_nothing() -> None:
    nothing: dict[str, set[Any]] = {name: set() for name in REFERRED}
    failures = validate(plants(), PLANT, nothing).failures
    assert {failure.split(" ")[0].rstrip(":") for failure in failures} == {"owner", "eaters"}


def test_what_an_expectation_says_of_itself_follows_its_values_and_is_asked_anew_after_a_validation() -> None:
    from great_expectations import expectations as gxe
    from great_expectations.expectations.expectation import Expectation

    before = Expectation.configuration
    rule = gxe.ExpectColumnValuesToBeInSet(column="site", value_set=["HK"])
    with described_once():
        first = rule.configuration
        assert first.kwargs == {"column": "site", "value_set": ["HK"]}
        assert rule.configuration is first
        other = gxe.ExpectColumnValuesToBeInSet(column="code", value_set=["HK"])
        assert other.configuration.kwargs["column"] == "code"
        rule.value_set = ["HK", "SZ"]
        assert rule.configuration.kwargs["value_set"] == ["HK", "SZ"]
    with pytest.raises(RuntimeError), described_once():
        raise RuntimeError
    assert Expectation.configuration is before
    assert rule.configuration is not rule.configuration
