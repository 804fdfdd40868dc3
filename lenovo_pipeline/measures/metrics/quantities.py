"""Numbers with units: 5,000 mAh, 5000mAh and 5 Ah are one quantity.

Belongs here: finding quantities in a text and comparing them. Units and their names are data in units.py.

Nothing is rounded: 16.8 cm is not 6.6 inches. Bytes count in powers of 1,024, as the records do.
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from lenovo_pipeline.measures.metrics.dates import without_dates
from lenovo_pipeline.measures.metrics.units import COUNT, PREFIXES, UNITS, unit_named

_TOLERANCE = 1e-9
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8}

_PREFIX = "|".join(sorted((re.escape(name) for name in PREFIXES), key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?P<prefix>{_PREFIX})?\s*(?<![A-Za-z0-9_])(?<![A-Za-z]-)(?<!\d[.,])(?<!\.)"
    r"(?P<sign>(?<![\w)])[-−+])?(?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?P<fraction>\.\d+)?(?![.,]?\d)",
    re.IGNORECASE,
)
_SCALE = re.compile(r"\s*(thousand|million|billion)\b|\s*([万萬亿億])", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:[-–—~,/]|to|or|and|至|到|或|和)\s*", re.IGNORECASE)
_ATTACHED = re.compile(r"[A-Za-z_]")


@dataclass(frozen=True)
class Quantity:
    """A value in the base unit of its dimension; COUNT where no unit of measurement stands with it."""

    value: float
    dimension: str


@lru_cache(maxsize=65_536)
def quantities_in(text: str) -> tuple[Quantity, ...]:
    """The quantities of a text in order. Digits within a name or code (T14, CON-8) and dates are none.

    A number that is joined to the next one (28 to 30 hours) takes its unit. Where there are no digits, an English number word
    up to twelve is read.
    """
    text = without_dates(unicodedata.normalize("NFKC", text).replace("−", "-"))
    found: list[tuple[float, str | None, int, int]] = []
    for match in _NUMBER.finditer(text):
        value = float(match["digits"].replace(",", "") + (match["fraction"] or ""))
        value = -value if match["sign"] in ("-", "−") else value
        end = match.end()
        if scale := _SCALE.match(text, end):
            value, end = value * _SCALES[(scale[1] or scale[2]).lower()], scale.end()
        named = unit_named(text, end)
        if named is None and _ATTACHED.match(text, end):
            continue
        unit = PREFIXES[match["prefix"].lower()] if match["prefix"] else named[0] if named else None
        found.append((value, unit, match.start(), named[1] if named else end))
    if not found:
        words = re.findall(r"[a-z]+", text.lower())
        return tuple(Quantity(float(_WORDS.index(word)), COUNT) for word in words if word in _WORDS)
    for place in range(len(found) - 2, -1, -1):
        value, unit, start, end = found[place]
        if unit is None and _BETWEEN.fullmatch(text, end, found[place + 1][2]):
            found[place] = (value, found[place + 1][1], start, end)
    return tuple(to_quantity(value, unit) for value, unit, _, _ in found)


def to_quantity(value: float, unit: str | None) -> Quantity:
    """The quantity of a value in a canonical unit; a unit that measures nothing (user, cores) makes a count."""
    if unit is None or unit not in UNITS:
        return Quantity(value, COUNT)
    dimension, factor = UNITS[unit]
    return Quantity(value * factor, dimension)


def quantity_match(answer: str, right: str, unit: str | None, question: str = "") -> float:
    """1 if the answer states the right quantity and no other one of its dimension, else 0.

    A bare number counts as being in the right unit, if no number of the answer has a unit of that dimension and it is not
    just a number of the question said again; another unit of measurement is wrong. Raises ValueError if `right` is no number.
    """
    expected = to_quantity(float(right), unit)
    stated = quantities_in(answer)
    candidates = [quantity.value for quantity in stated if quantity.dimension == expected.dimension]
    goal = expected.value
    if not candidates and expected.dimension != COUNT:
        candidates = [quantity.value for quantity in stated if quantity.dimension == COUNT]
        goal = float(right)
        stated_otherwise = any(quantity.dimension != COUNT for quantity in stated)
        if stated_otherwise:
            return 0.0
    if len(candidates) > 1:
        asked = {quantity.value for quantity in quantities_in(question)}
        candidates = [value for value in candidates if value not in asked] or candidates
    return float(bool(candidates) and all(math.isclose(value, goal, rel_tol=_TOLERANCE) for value in candidates))
