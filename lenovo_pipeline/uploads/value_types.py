"""Which type a column has, so that nothing in it is lost, and how its values get that type.

A text becomes a number only if the text can be recovered from the number: 007, +5, 1e5, numbers beyond 15 digits and
columns such as 1.9, 1.10 stay text. Values of several types in one column stay JSON.
Belongs here: inference and conversion, value by value. Does not belong here: reading files or writing tables.
"""

import base64
import math
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import orjson

Kind: TypeAlias = Literal["integer", "number", "decimal", "boolean", "date", "timestamp", "instant", "blob", "text", "json"]

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}")
_FRACTION = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_EXPONENT = re.compile(r"-?[1-9](?:\.[0-9]+)?e[+-][0-9]{2,3}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?")
_EXACT_DIGITS = 15
_INT64 = 2**63
_EXACT_INTEGER = 2**53
_DECIMAL_DIGITS = 38


def kind_of_text(text: str) -> Kind:
    """The narrowest kind from which this text can be recovered (blanks around it aside)."""
    text = text.strip()
    first = text[:1]
    if first in "-0123456789" and text:
        if _INTEGER.fullmatch(text):
            return "integer"
        if _FRACTION.fullmatch(text):
            digits = text.lstrip("-").replace(".", "").lstrip("0")
            return "number" if len(digits) <= _EXACT_DIGITS and (digits or first != "-") else "text"
        if _EXPONENT.fullmatch(text) and repr(float(text)) == text:
            return "number"
        try:
            if _DATE.fullmatch(text):
                date.fromisoformat(text)
                return "date"
            moment = _MOMENT.fullmatch(text)
            if moment:
                # An instant is compared in UTC, which must be within the calendar too.
                parsed = datetime.fromisoformat(text)
                if moment.group(1):
                    return "instant" if 1 < parsed.year < 9999 else "text"
                return "timestamp"
        except ValueError:
            return "text"
        return "text"
    return "boolean" if text.lower() in ("true", "false") else "text"


def kind_of_value(value: Any) -> Kind:
    """The kind of a value that has a type already (JSON, Parquet, a workbook)."""
    if isinstance(value, str):
        kind = kind_of_text(value) if value[:1].isdigit() and value == value.strip() else "text"
        return kind if kind in ("date", "timestamp", "instant") else "text"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if -_INT64 <= value < _INT64 else "text"
    if isinstance(value, float):
        return "number"
    if isinstance(value, datetime):
        if getattr(value, "nanosecond", 0):
            return "text"
        if value.tzinfo is None:
            return "timestamp"
        return "instant" if 1 < value.year < 9999 else "text"
    if isinstance(value, date):
        return "date"
    if isinstance(value, Decimal):
        return "decimal" if value.is_finite() else "text"
    if isinstance(value, bytes):
        return "blob"
    return "text" if isinstance(value, time | timedelta) else "json"


class ColumnType:
    """The type of one column, found value by value. `written` columns hold texts whose types must be inferred."""

    def __init__(self, *, written: bool) -> None:
        self._written = written
        self._kind: Kind | None = None
        self._decimals: set[int] = set()
        self._trailing_zero = False
        self._wide_integer = False
        self._scale = 0
        self._whole_digits = 1

    def see(self, value: Any) -> None:
        if value is None or self._kind == "json" or (self._written and self._kind == "text"):
            return
        if self._written:
            if not value.strip():
                return
            kind = kind_of_text(value)
            if kind in ("integer", "number"):
                self._see_decimals(value.strip(), kind)
        else:
            kind = kind_of_value(value)
            if kind == "integer":
                self._wide_integer = self._wide_integer or abs(value) > _EXACT_INTEGER
            elif kind == "decimal":
                self._see_decimal(value)
        self._kind = kind if self._kind in (None, kind) else self._join(kind)

    def _see_decimals(self, text: str, kind: Kind) -> None:
        fraction = text.partition(".")[2] if "e" not in text else ""
        self._decimals.add(len(fraction))
        self._trailing_zero = self._trailing_zero or (kind == "number" and text.endswith("0") and bool(fraction))

    def _see_decimal(self, value: Decimal) -> None:
        exponent = int(value.as_tuple().exponent)
        self._scale = max(self._scale, -exponent)
        self._whole_digits = max(self._whole_digits, value.adjusted() + 1)

    def _join(self, kind: Kind) -> Kind:
        pair = {self._kind, kind}
        if pair == {"integer", "number"}:
            return "number"
        if self._written:
            return "text"
        if pair == {"date", "timestamp"}:
            return "timestamp"
        return "text" if pair <= {"text", "date", "timestamp", "instant"} else "json"

    @property
    def kind(self) -> Kind:
        kind = self._kind or "text"
        if kind == "number" and self._trailing_zero and len(self._decimals) > 1:
            return "text"
        if kind == "number" and self._wide_integer:
            return "json"
        if kind == "decimal" and self._scale + self._whole_digits > _DECIMAL_DIGITS:
            return "text"
        return kind

    @property
    def duckdb(self) -> str:
        """The DuckDB type."""
        if self.kind == "decimal":
            return f"DECIMAL({self._whole_digits + self._scale}, {self._scale})"
        return _DUCKDB[self.kind]

    def arrow(self) -> Any:
        """The Arrow type in which values travel to DuckDB."""
        import pyarrow as pa

        if self.kind == "decimal":
            return pa.decimal128(self._whole_digits + self._scale, self._scale)
        return {
            "integer": pa.int64(),
            "number": pa.float64(),
            "boolean": pa.bool_(),
            "date": pa.date32(),
            "timestamp": pa.timestamp("us"),
            "instant": pa.timestamp("us", tz="UTC"),
            "blob": pa.binary(),
        }.get(self.kind, pa.string())

    def convert(self, value: Any) -> Any:
        """A value as it stands in uploads.rows (JSON), in the column's type; an empty cell becomes None."""
        if value is None or (self._written and not value.strip()):
            return None
        return _CONVERT[self.kind](value)


_DUCKDB: dict[Kind, str] = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "instant": "TIMESTAMPTZ",
    "blob": "BLOB",
    "text": "VARCHAR",
    "json": "JSON",
}


def _boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else value.strip().lower() == "true"


_CONVERT: dict[Kind, Callable[[Any], Any]] = {
    "integer": int,
    "number": float,
    "decimal": Decimal,
    "boolean": _boolean,
    "date": lambda value: date.fromisoformat(value.strip()),
    "timestamp": lambda value: datetime.fromisoformat(value.strip()),
    "instant": lambda value: datetime.fromisoformat(value.strip()),
    "blob": base64.b64decode,
    "text": lambda value: value if isinstance(value, str) else to_json(value),
    "json": lambda value: to_json(value),
}


def to_json(value: Any) -> str:
    """JSON that loses nothing: integers over 64 bits, NaN and infinities as texts, times in ISO 8601, bytes in base 64.

    Raises TypeError or RecursionError for half a character (a lone surrogate) and for values nested more than 250 deep.
    """
    return orjson.dumps(_plain(value)).decode()


def from_json(text: str) -> Any:
    """The value of `to_json`."""
    return orjson.loads(text)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else ("NaN" if value != value else "Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {key if isinstance(key, str) else key_text(key): _plain(element) for key, element in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(element) for element in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(element) for element in value), key=str)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def key_text(key: Any) -> str:
    """A key of a mapping as text: files may use numbers, dates or nothing as keys."""
    if isinstance(key, str):
        return key
    return "null" if key is None else to_json(key).strip('"')
