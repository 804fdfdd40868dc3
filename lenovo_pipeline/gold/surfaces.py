"""How a value may stand in a text: the forms of quantities, dates and names, and finding them.

Belongs here: forms that count as the same answer, and the search for them in a text. The canonical form of each kind of
value is the one that the texts use (enterprise.texts.rendering).
Does not belong here: which value a question asks for.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime

from lenovo_pipeline.enterprise.tables import LANGUAGES
from lenovo_pipeline.enterprise.texts import rendering

_OTHER_FORMS: dict[str, tuple[str, ...]] = {
    "GB": ("{n}GB", "{n} gigabytes"),
    "TB": ("{n} TB", "{n}TB", "{n} terabytes"),
    "inch": ("{n} inches", "{n}-inch", '{n}"', "{n} 英寸", "{n} 吋"),
    "Hz": ("{n}Hz", "{n} hertz", "{n} 赫兹", "{n} 赫茲"),
    "mAh": ("{n}mAh", "{n} milliampere-hours", "{n} 毫安时", "{n} 毫安時"),
    "Wh": ("{n}Wh", "{n} watt-hours"),
    "W": ("{n}W", "{n} watts", "{n} 瓦"),
    "U": ("{n}U", "{n} rack units"),
    "kg": ("{n}kg", "{n} kilograms", "{n} 公斤", "{n} 千克"),
    "USD": ("${n}", "US${n}", "USD {n}", "{n} US dollars", "{n} 美元"),
    "h": ("{n} h", "{n}h"),
    "%": ("{n}%", "{n} percent", "{n} per cent"),
    "cores": ("{n}-core",),
    "user": ("{n} people", "{n} 人"),
}
# A larger unit is a form of the value only where it divides it.
_LARGER = {"GB": ("TB", 1024), "month": ("year", 12), "h": ("day", 24)}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def plain(value: float) -> str:
    """A number as canonical answers hold it: no separators, exponent or trailing zeros."""
    return rendering.number(value)


def number_forms(value: float, unit: str | None) -> tuple[str, ...]:
    """The forms of a number with its unit, those of the texts first. Without a unit the bare digits."""
    forms = [rendering.quantity(value, unit, language) for language in LANGUAGES]
    digits = [rendering.number(value)]
    if float(value).is_integer() and value >= 1000:
        digits.append(f"{int(value):,}")
        forms.append(rendering.quantity(value, unit).replace(digits[0], digits[1]))
    forms += [form.format(n=n) for form in _OTHER_FORMS.get(unit or "", ()) for n in digits]
    if unit in _LARGER:
        larger, size = _LARGER[unit]
        if value >= size and value % size == 0:
            forms += number_forms(int(value // size), larger)
    return tuple(dict.fromkeys(forms))


def share_forms(value: float) -> tuple[str, ...]:
    """The forms of a share of one as a percentage: 0.95 -> 95 %, 95%, 95 percent."""
    return number_forms(round(value * 100, 4), "%")


def date_forms(day: date) -> tuple[str, ...]:
    """The forms of a day, ISO first; day-first and month-first numbers are left out, since they are ambiguous."""
    if isinstance(day, datetime):
        day = day.date()
    month = _MONTHS[day.month - 1]
    return (
        rendering.day(day),
        f"{day.day} {month} {day.year}",
        f"{month} {day.day}, {day.year}",
        f"{day.day} {month[:3]} {day.year}",
        f"{day.year}年{day.month}月{day.day}日",
    )


def month_name(moment: date) -> str:
    return f"{_MONTHS[moment.month - 1]} {moment.year}"


def month_name_chinese(moment: date) -> str:
    return f"{moment.year}年{moment.month}月"


def find(lowered_text: str, forms: Iterable[str]) -> list[str]:
    """Those forms that stand in `lowered_text` (already lower-case) as wholes: 16 GB does not stand in 116 GB or in 16 GBit."""
    return [form for form in forms if _stands_in(lowered_text, form.lower())]


def _stands_in(text: str, form: str) -> bool:
    if not form:
        return False
    start = text.find(form)
    while start >= 0:
        end = start + len(form)
        if _free_before(text, start, form[0]) and _free_after(text, end, form[-1]):
            return True
        start = text.find(form, start + 1)
    return False


def _word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _free_before(text: str, start: int, first: str) -> bool:
    if start == 0 or not _word(first):
        return True
    before = text[start - 1]
    if _word(before):
        return False
    return not (first.isdigit() and before in ".,-" and start > 1 and text[start - 2].isdigit())


def _free_after(text: str, end: int, last: str) -> bool:
    if end >= len(text) or not _word(last):
        return True
    after = text[end]
    if _word(after):
        return False
    return not (last.isdigit() and after in ".,-" and end + 1 < len(text) and text[end + 1].isdigit())


_WORD = re.compile(r"[a-z0-9]+(?:[.'\u2019-][a-z0-9]+)*|[\u3400-\u9fff]")

SHARED_WORDS = 4
"""A paraphrase shares no sequence of so many words with its evidence."""


def words(text: str) -> list[str]:
    """Lower-case words; each Chinese character is a word."""
    return _WORD.findall(text.lower())


def sequences(text: str, length: int = SHARED_WORDS) -> set[tuple[str, ...]]:
    """All sequences of `length` words in a text."""
    found = words(text)
    return {tuple(found[i : i + length]) for i in range(len(found) - length + 1)}
