"""Between a request and its row in the log: what may be written down, and what can be made of what others wrote.

Belongs here: the row of a request, both ways. Whether a readable record can be right is the business of windows.py.
"""

import struct
from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.roster.monitoring.requests import ROLES, Moment, Place, Request
from lenovo_pipeline.roster.tables import ENVIRONMENTS

LATEST_S = 1e10
"""No machine runs for longer than this."""

_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_WHOLE = ("tokens_in", "tokens_out", "chars_in", "chars_out")


def columns_of(request: Request) -> tuple[Any, ...]:
    """The row of a request. Raises PermanentFailure for one that could not be read again, naming each field."""
    when, place = request.when, request.place
    row = {
        **{"clock": when.clock, "tick_s": when.tick_s, "at": when.at},
        **{"environment": place.environment, "use_case": place.use_case, "entry": request.entry, "role": request.role},
        **{"latency_s": request.latency_s, "error": request.error, "tokens_in": request.tokens_in},
        **{"tokens_out": request.tokens_out, "chars_in": request.chars_in, "chars_out": request.chars_out},
        **{"language": request.language, "sketch": _packed(request.sketch), "score": request.score},
    }
    wrong = [*_homeless(row), *_unreadable(row)]
    if wrong:
        told = ", ".join(f"{name} {row[name]!r:.60}" for name in wrong)
        raise PermanentFailure(f"a request of {request.entry!r} is not logged: {told}", remedy="Correct what logs it.")
    return tuple(row.values())


def read(row: Mapping[str, Any]) -> Request | None:
    """The request of a row, with what cannot be read of it as its `problem` and left out; None where it cannot be read what
    served it, and where. A time that cannot be read is NaN, a date empty.
    """
    row = dict(row)
    if _homeless(row):
        return None
    wrong = _unreadable(row)
    row.update({name: _MISSING.get(name) for name in wrong})
    packed = row["sketch"]
    return Request(
        place=Place(row["environment"], row["use_case"]),
        entry=row["entry"],
        when=Moment(row["clock"], row["tick_s"], row["at"]),
        role=row["role"],
        latency_s=row["latency_s"],
        error=row["error"],
        tokens_in=row["tokens_in"],
        tokens_out=row["tokens_out"],
        chars_in=row["chars_in"],
        chars_out=row["chars_out"],
        language=row["language"],
        sketch=struct.unpack(f"<{len(packed) // 4}f", packed),
        score=row["score"],
        problem=f"{', '.join(wrong)} cannot be read" if wrong else None,
    )


_MISSING: Mapping[str, Any] = {"tick_s": float("nan"), "at": "", "chars_in": 0, "language": "", "sketch": b""}
"""What stands for a field that cannot be read; None for the others."""


def _packed(sketch: Any) -> Any:
    """The bytes of a sketch; whatever else was given, as it is."""
    try:
        return struct.pack(f"<{len(sketch)}f", *sketch)
    except (struct.error, TypeError, OverflowError):
        return sketch


def _homeless(row: Mapping[str, Any]) -> list[str]:
    """The fields of what served it, and where, that cannot be read."""
    named = [name for name in ("clock", "use_case", "entry") if not (isinstance(row[name], str) and row[name])]
    chosen = {"environment": ENVIRONMENTS, "role": ROLES}
    return [*named, *(name for name, choices in chosen.items() if row[name] not in choices)]


def _unreadable(row: Mapping[str, Any]) -> list[str]:
    """The other fields that cannot be read. Numbers that cannot be right can: they are counted in windows.py."""
    tick = row["tick_s"]
    wrong = [] if _number(tick) and isfinite(tick) and 0 <= tick < LATEST_S else ["tick_s"]
    wrong += [] if _date(row["at"]) else ["at"]
    wrong += [name for name in ("latency_s", "score") if not (row[name] is None or _number(row[name]))]
    wrong += [name for name in _WHOLE if not (_whole(row[name]) or (row[name] is None and name != "chars_in"))]
    wrong += [] if row["error"] is None or isinstance(row["error"], str) else ["error"]
    wrong += [] if isinstance(row["language"], str) else ["language"]
    wrong += [] if isinstance(row["sketch"], bytes) and len(row["sketch"]) % 4 == 0 else ["sketch"]
    return wrong


def _number(value: Any) -> bool:
    return isinstance(value, int | float)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and -(2**63) <= value < 2**63


def _date(value: Any) -> bool:
    try:
        return _FIRST_YEAR <= datetime.fromisoformat(value).year <= _LAST_YEAR
    except (TypeError, ValueError):
        return False
