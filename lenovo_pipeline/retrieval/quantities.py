"""Amounts, months, years and generations that a question states.

Belongs here: reading them out of a text. Does not belong here: which column they constrain (tables_source.py).
"""

import re
from dataclasses import dataclass

_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_ORDINALS = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
)
_MONTH_NAMED = re.compile(rf"\b({'|'.join(_MONTHS)}|{'|'.join(sorted({m[:3] for m in _MONTHS}))})\.?,? ((?:19|20)\d\d)\b")
_MONTH_NUMBERED = re.compile(r"((?:19|20)\d\d) ?年 ?(1[0-2]|0?[1-9]) ?月|\b((?:19|20)\d\d)-(1[0-2]|0[1-9])\b")
_YEAR = re.compile(r"(?<![\d.,-])((?:19|20)\d\d)(?![\d.,-]*\d)")
_GENERATION = re.compile(
    rf"\b({'|'.join(_ORDINALS)}|\d{{1,2}}(?:st|nd|rd|th))[- ]generation\b|第 ?([0-9一二三四五六七八九十]{{1,2}}) ?代"
    r"|\bgeneration (\d{1,2})\b"
)
_CHINESE_DIGITS = {digit: value for value, digit in enumerate("一二三四五六七八九十", 1)}
_LESS = r"less than|fewer than|below|under|at most|no more than|cheaper than|lighter than|不到|少于|低于|小于|至多|不足"
_MORE = r"more than|over|above|at least|greater than|exceeding|beyond|超过|多于|高于|大于|至少"
_AMOUNT = re.compile(
    rf"(?:(?P<less>{_LESS})|(?P<more>{_MORE}))?\s*(?<![a-z0-9.-])(?P<value>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\d])"
    r"[\s-]*(?P<unit>gb|tb|cores?|usd|dollars?|units?|pieces?|users?|people|hours?|h\b|%|percent|inch(?:es)?|kg|g\b|hz|mah|wh|w\b"
    r"|months?|days?|核|美元|台|件|用户|小时|英寸|公斤|个月|天)?"
)
_UNITS = {
    "gb": "GB",
    "tb": "TB",
    "core": "cores",
    "核": "cores",
    "usd": "USD",
    "dollar": "USD",
    "美元": "USD",
    "unit": "units",
    "piece": "units",
    "台": "units",
    "件": "units",
    "user": "users",
    "people": "users",
    "用户": "users",
    "hour": "h",
    "h": "h",
    "小时": "h",
    "%": "%",
    "percent": "%",
    "inch": "inch",
    "inche": "inch",
    "英寸": "inch",
    "kg": "kg",
    "公斤": "kg",
    "g": "g",
    "hz": "Hz",
    "mah": "mAh",
    "wh": "Wh",
    "w": "W",
    "month": "months",
    "个月": "months",
    "day": "days",
    "天": "days",
}


@dataclass(frozen=True)
class Amount:
    """A stated number with its unit: `relation` is <, > or =; `end` is where it ends in the text."""

    relation: str
    value: float
    unit: str
    end: int


def amounts(text: str) -> tuple[Amount, ...]:
    """Numbers of a `plain` text that come with a known unit."""
    found = []
    for match in _AMOUNT.finditer(text):
        unit = match["unit"]
        if not unit:
            continue
        name = _UNITS.get(unit) or _UNITS.get(unit.rstrip("s"), "")
        value = float(match["value"].replace(",", ""))
        if name == "TB":
            name, value = "GB", value * 1024
        relation = "<" if match["less"] else ">" if match["more"] else "="
        found.append(Amount(relation, value, name, match.end()))
    return tuple(found)


def months(text: str) -> tuple[tuple[int, int], ...]:
    """Months of a `plain` text as (year, month)."""
    named = [(int(m[2]), [name[:3] for name in _MONTHS].index(m[1][:3]) + 1) for m in _MONTH_NAMED.finditer(text)]
    numbered = [(int(m[1] or m[3]), int(m[2] or m[4])) for m in _MONTH_NUMBERED.finditer(text)]
    return tuple(dict.fromkeys([*named, *numbered]))


def years(text: str) -> tuple[int, ...]:
    """Years of a `plain` text."""
    return tuple(dict.fromkeys(int(match[1]) for match in _YEAR.finditer(text)))


def generations(text: str) -> tuple[int, ...]:
    """Generations that a `plain` text counts: the third-generation X, 第3代X."""
    return tuple(dict.fromkeys(_count(match) for match in _GENERATION.finditer(text)))


def _count(match: re.Match[str]) -> int:
    word = match[1] or match[2] or match[3]
    if word in _ORDINALS:
        return _ORDINALS.index(word) + 1
    if word[0] in _CHINESE_DIGITS:
        return _CHINESE_DIGITS[word] if len(word) == 1 else 10 + _CHINESE_DIGITS.get(word[1], 0)
    return int(re.sub(r"\D", "", word))
