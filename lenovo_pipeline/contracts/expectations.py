"""The Great Expectations suite that follows from a contract, and its verdict on a frame.

Belongs here: types, not-null, ranges, choices, patterns, uniqueness and references of one table.
Does not belong here: what only the world knows (each stage's checks.py).
"""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lenovo_pipeline.contracts.table import Column, Table

_PYTHON_TYPES: dict[str, list[str]] = {
    "text": ["str"],
    "json": ["str"],
    "integer": ["int", "int64"],
    "number": ["float", "float64"],
    "boolean": ["bool"],
    "date": ["date"],
    "timestamp": ["datetime", "datetime64[ns]", "datetime64[us]", "Timestamp"],
    "text[]": ["list"],
    "integer[]": ["list"],
    "number[]": ["list"],
}
_EXAMPLES = 5


@dataclass(frozen=True)
class Verdict:
    """What the suite found. `failures` names column, expectation and up to five values that break it."""

    expectations: int
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


def validate(frame: pd.DataFrame, table: Table, referred: Mapping[str, set[Any]], *, scale: float = 1.0) -> Verdict:
    """Judge a stored table by its contract, whose least number of rows is that of a world of scale 1.

    In a smaller world (`scale` below 1) proportionally fewer rows are enough.
    `referred` maps `stage.table.column` to the values that exist there; it must hold every reference of the contract.
    Raises KeyError if one is missing: an unchecked reference is not a resolved one.
    """
    _quiet()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    batch = (
        context.data_sources.add_pandas("warehouse")
        .add_dataframe_asset(table.qualified_name)
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": _with_unresolved(frame, table, referred)})
    )
    suite = suite_of(table, referred, scale=scale)
    with warnings.catch_warnings(), described_once():
        warnings.simplefilter("ignore")
        result = batch.validate(suite, result_format={"result_format": "BASIC", "partial_unexpected_count": _EXAMPLES})
    failures = tuple(_describe(item, table) for item in result.results if not item.success)
    return Verdict(expectations=len(result.results), failures=failures)


def suite_of(table: Table, referred: Mapping[str, set[Any]], *, scale: float = 1.0) -> Any:
    """The `ExpectationSuite` of a contract: one for each rule of each column, and one for the key and the row count."""
    import great_expectations as gx
    from great_expectations import expectations as gxe

    rules: list[Any] = [gxe.ExpectTableRowCountToBeBetween(min_value=_least_rows(table, scale))]
    if len(table.key) > 1:
        rules.append(gxe.ExpectCompoundColumnsToBeUnique(column_list=list(table.key)))
    for column in table.columns:
        rules += _column_expectations(column, unique=column.unique or table.key == (column.name,), referred=referred)
    # All at once: each that is added alone is compared with all before it.
    return gx.ExpectationSuite(name=table.qualified_name, expectations=rules)


def _least_rows(table: Table, scale: float) -> int:
    return max(min(1, table.min_rows), int(table.min_rows * min(1.0, scale)))


def _column_expectations(column: Column, *, unique: bool, referred: Mapping[str, set[Any]]) -> list[Any]:
    from great_expectations import expectations as gxe

    name = column.name
    rules: list[Any] = [gxe.ExpectColumnValuesToBeInTypeList(column=name, type_list=_PYTHON_TYPES[column.type])]
    if not column.nullable:
        rules.append(gxe.ExpectColumnValuesToNotBeNull(column=name))
    if unique:
        rules.append(gxe.ExpectColumnValuesToBeUnique(column=name))
    if column.minimum is not None or column.maximum is not None:
        rules.append(gxe.ExpectColumnValuesToBeBetween(column=name, min_value=column.minimum, max_value=column.maximum))
    if column.choices:
        rules.append(gxe.ExpectColumnValuesToBeInSet(column=name, value_set=list(column.choices)))
    if column.pattern:
        rules.append(gxe.ExpectColumnValuesToMatchRegex(column=name, regex=rf"\A(?:{column.pattern})\Z"))
    if column.references:
        known = referred[column.references]
        if column.is_list:
            rules.append(gxe.ExpectColumnValuesToBeNull(column=_unresolved_column(name)))
        else:
            rules.append(gxe.ExpectColumnValuesToBeInSet(column=name, value_set=list(known)))
    return rules


def _unresolved_column(name: str) -> str:
    return f"{name} that refer to nothing"


def _with_unresolved(frame: pd.DataFrame, table: Table, referred: Mapping[str, set[Any]]) -> pd.DataFrame:
    """The frame with a column beside each list of references that holds its first element which refers to nothing."""
    extended = frame.loc[:, list(table.column_names)]
    for column in table.columns:
        if column.references and column.is_list:
            known = referred[column.references]
            first = [next((e for e in elements or () if e not in known), None) for elements in frame[column.name]]
            extended = extended.assign(**{_unresolved_column(column.name): pd.Series(first, dtype=object, index=frame.index)})
    return extended


def _describe(item: Any, table: Table) -> str:
    config = item.expectation_config
    columns = [config.kwargs["column"]] if "column" in config.kwargs else config.kwargs.get("column_list", [])
    subject = ", ".join(columns) or "table"
    found = item.result or {}
    examples = found.get("partial_unexpected_list") or found.get("observed_value")
    if any(column.personal and column.name in columns for column in table.columns):
        examples = "not shown, since it is personal"
    count = found.get("unexpected_count")
    how_many = f"{count} values, " if count else ""
    if item.exception_info and item.exception_info.get("raised_exception"):
        return f"{subject}: {config.type} could not be computed: {item.exception_info.get('exception_message')}"
    return f"{subject}: {config.type} fails ({how_many}for example {examples})"


@contextmanager
def described_once() -> Iterator[None]:
    """Let each expectation describe itself once for the length of the block, as long as its values are the same objects.

    Great Expectations asks each for its `configuration` about a hundred times and has it copied from its fields, sets of
    thousands of values included, at each: half of the time of a validation.
    """
    from great_expectations.expectations.expectation import Expectation

    asked: Any = vars(Expectation)["configuration"]
    known: dict[int, tuple[Any, dict[str, int], Any]] = {}

    def configuration(expectation: Any) -> Any:
        values = {name: id(value) for name, value in vars(expectation).items()}
        found = known.get(id(expectation))
        if found is None or found[1] != values:
            # Held with its description, so that no other one takes its place in memory.
            found = known[id(expectation)] = (expectation, values, asked.fget(expectation))
        return found[2]

    of_class: Any = Expectation
    of_class.configuration = property(configuration)
    try:
        yield
    finally:
        of_class.configuration = asked


def _quiet() -> None:
    """Great Expectations reports usage unless told not to, and talks while it works."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
