"""Make a frame fit its contract exactly, or say everything that does not fit; hash its rows.

Belongs here: types, columns by name, canonical form and content hashes.
Does not belong here: ranges, uniqueness and references, which are asset checks (expectations.py).
"""

import hashlib
import math
import reprlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from typing import Any

import numpy as np
import orjson
import pandas as pd

from lenovo_pipeline.contracts.table import HASH_COLUMN, Column, Table
from lenovo_pipeline.failures import PermanentFailure

_CANONICAL = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_SORT_KEYS


class ContractError(PermanentFailure):
    """A frame does not fit its contract; the message lists every mismatch."""


def conform(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return `frame` with the contract's columns, in its order, each value of its declared type, plus `content_hash`.

    Nothing is coerced with loss: 1.7 in an integer column is an error, not 2. Missing values become None.
    Raises ContractError listing all missing and unknown columns and every column with a wrong or missing value.
    """
    given = [name for name in frame.columns if name != HASH_COLUMN]
    twice = {name for name in given if given.count(name) > 1}
    problems = [f"missing column {name!r}" for name in table.column_names if name not in given]
    problems += [f"unknown column {name!r}" for name in given if name not in table.column_names]
    problems += [f"column {name!r} is there {given.count(name)} times" for name in sorted(twice, key=str)]
    columns: dict[str, list[Any]] = {}
    for column in table.columns:
        if column.name in given and column.name not in twice:
            try:
                columns[column.name] = _typed(frame[column.name], column)
            except (TypeError, ValueError) as error:
                problems.append(f"column {column.name!r}: {error}")
    if problems:
        raise ContractError(
            f"{table.qualified_name} does not fit its contract: {'; '.join(problems)}",
            remedy=f"Correct what makes the table, or its declaration in lenovo_pipeline/{table.stage}/tables.py.",
        )
    hashes = row_hashes(columns, len(frame))
    typed = {name: pd.Series(values, dtype=object) for name, values in columns.items()}
    return pd.DataFrame({**typed, HASH_COLUMN: pd.Series(hashes, dtype=object)}, columns=[*table.column_names, HASH_COLUMN])


def row_hashes(columns: dict[str, list[Any]], rows: int) -> list[str]:
    """SHA-256 (hex) of each row as canonical JSON: an array of its values in the alphabetical order of the columns."""
    names = sorted(columns)
    hashed = []
    for values in zip(*(columns[name] for name in names), strict=True) if names else ((),) * rows:
        hashed.append(hashlib.sha256(orjson.dumps(values, option=_CANONICAL)).hexdigest())
    return hashed


def digest(hashes: Iterable[str]) -> str:
    """SHA-256 (hex) of a set of rows, whatever their order: the data version of a table."""
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def canonical_lines(frame: pd.DataFrame, table: Table) -> Iterator[bytes]:
    """The canonical export of a table: one JSON object a line, keys sorted, rows in the order of the key."""
    conformed = conform(frame, table)
    names = sorted(table.column_names)
    lists = {name: conformed[name].tolist() for name in names}
    keys = list(zip(*(map(str, lists[name]) for name in table.key), strict=True))
    for i in sorted(range(len(conformed)), key=keys.__getitem__):
        yield orjson.dumps({name: lists[name][i] for name in names}, option=_CANONICAL)


def _missing(value: Any) -> bool:
    if value is None or value is pd.NaT or value is pd.NA:
        return True
    return bool(isinstance(value, float | np.floating | np.datetime64) and value != value)


def _typed(series: "pd.Series[Any]", column: Column) -> list[Any]:
    convert = _CONVERTERS[column.type]
    given = _listed(series, column)
    if column.type in _SHORT_WAY:
        kind, fits = _SHORT_WAY[column.type]
        found = set(map(type, given))
        if found <= ({kind, type(None)} if column.nullable else {kind}):
            present = given if type(None) not in found else [value for value in given if value is not None]
            if fits(present):
                return given
    values: list[Any] = []
    empty = 0
    for position, value in enumerate(given):
        if _missing(value):
            empty += 1
            values.append(None)
            continue
        try:
            values.append(convert(value))
        except (TypeError, ValueError, OverflowError) as error:
            shown = "a personal value" if column.personal else reprlib.repr(value)
            raise ValueError(f"row {position} holds {shown}, which is no {column.type} ({error})") from error
    if empty and not column.nullable:
        raise ValueError(f"{empty} of {len(values)} values are missing, and it may not be empty")
    return values


def _listed(series: "pd.Series[Any]", column: Column) -> list[Any]:
    if column.type == "timestamp" and isinstance(series.dtype, np.dtype) and series.dtype.kind == "M":
        # pandas would make a Timestamp of each element first, which takes most of the time of a large table.
        times = series.to_numpy()
        in_microseconds = times.astype("datetime64[us]")
        if np.array_equal(in_microseconds.astype(times.dtype), times, equal_nan=True):
            return in_microseconds.tolist()
    return series.tolist()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"found {type(value).__name__}")
    # Half of a surrogate pair has no UTF-8, in which text is stored and hashed; it raises UnicodeEncodeError, a ValueError.
    value.encode()
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"found {type(value).__name__}")
    whole = int(value)
    if whole != value:
        raise ValueError("it has a fraction")
    if not _SMALLEST <= whole <= _LARGEST:
        raise ValueError("it needs more than 64 bits")
    return whole


def _number(value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"found {type(value).__name__}")
    number = float(value)
    if math.isinf(number):
        raise ValueError("it is not finite, which JSON cannot say")
    if isinstance(value, int | np.integer) and int(value) != number:
        raise ValueError("a floating-point number would round it")
    return number


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"found {type(value).__name__}")
    return bool(value)


def _timestamp(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"found {type(value).__name__}")
    if value.tzinfo is not None:
        raise ValueError("it has a time zone; times are stored in UTC without one")
    if isinstance(value, pd.Timestamp):
        if value.nanosecond:
            raise ValueError("it has nanoseconds; times are stored to the microsecond")
        return value.to_pydatetime()
    return value


def _date(value: Any) -> date:
    if isinstance(value, datetime):
        moment = _timestamp(value)
        if moment.time() != time.min:
            raise ValueError("it has a time of day")
        return moment.date()
    if not isinstance(value, date):
        raise TypeError(f"found {type(value).__name__}")
    return value


def _json(value: Any) -> str:
    """JSON columns hold text; a mapping or list is written canonically, text must already be JSON."""
    if isinstance(value, str | bytes):
        return orjson.dumps(orjson.loads(value), option=_CANONICAL).decode()
    return orjson.dumps(value, option=_CANONICAL).decode()


def _list_of(convert: Any) -> Any:
    def of(value: Any) -> list[Any]:
        if isinstance(value, str | bytes) or not isinstance(value, list | tuple | np.ndarray):
            raise TypeError(f"found {type(value).__name__}")
        return [convert(element) for element in value]

    return of


_CONVERTERS: dict[str, Any] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "json": _json,
    "text[]": _list_of(_text),
    "integer[]": _list_of(_integer),
    "number[]": _list_of(_number),
}

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1

# Columns that need no look at each value by itself, as most of a large table: all of this Python type, and this holds of all.
_SHORT_WAY: dict[str, tuple[type, Callable[[list[Any]], bool]]] = {
    "text": (str, lambda values: all(map(str.isascii, values))),
    "integer": (int, lambda values: not values or (min(values) >= _SMALLEST and max(values) <= _LARGEST)),
    "boolean": (bool, lambda values: True),
    "date": (date, lambda values: True),
    "timestamp": (datetime, lambda values: all(value.tzinfo is None for value in values)),
}
