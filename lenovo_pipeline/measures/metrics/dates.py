"""Dates in an answer, in every form that is not ambiguous.

Belongs here: finding dates. Day-first and month-first numbers (03/04/2026) are not read, since nobody can say which they are.
"""

import re
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month_name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_FORMS = tuple(
    re.compile(rf"(?<![\w.]){form}(?!\d)", re.IGNORECASE)
    for form in (
        rf"{_YEAR}([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}})",
        rf"{_YEAR}\s*年\s*(?P<month>\d{{1,2}})\s*月\s*(?P<day>\d{{1,2}})\s*[日号號]",
        rf"{_DAY}[\s-]+(?:of\s+)?{_MONTH}[\s,-]+{_YEAR}",
        rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
    )
)


def dates_in(text: str) -> set[date]:
    """All dates of the text; what looks like one and is none (31 February) is left out."""
    return {day for form in _FORMS for match in form.finditer(text) if (day := _day(match)) is not None}


def without_dates(text: str) -> str:
    """The text with a space where each date stood."""
    for form in _FORMS:
        text = form.sub(" ", text)
    return text


def date_match(answer: str, right: str) -> float:
    """1 if `right` is a date (ISO 8601) and the answer states that date and no other, else 0."""
    try:
        expected = date.fromisoformat(right)
    except ValueError:
        return 0.0
    return float(dates_in(answer) == {expected})


def _day(match: re.Match[str]) -> date | None:
    found = match.groupdict()
    name = found.get("month_name")
    month = _MONTHS.index(name[:3].lower()) + 1 if name else int(found["month"])
    try:
        return date(int(found["year"]), month, int(found["day"]))
    except ValueError:
        return None
