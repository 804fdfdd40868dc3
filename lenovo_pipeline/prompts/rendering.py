"""Filling a template: plain substitution of {{name}}, once. Nothing in a template or a value is ever executed or read again.

Belongs here: values as text, and the refusal of values that do not fit. Does not belong here: what a template is.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import PermanentFailure

if TYPE_CHECKING:
    from lenovo_pipeline.prompts.templates import Template

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_LETTER = re.compile(r"[A-Za-z]+")
_SCALARS = (str, int, float, date)


class RenderError(PermanentFailure):
    """Values do not fit a template; the message names every variable that is missing, unknown or of another type."""


def render(template: "Template", variables: Mapping[str, Any]) -> str:
    """The template with these values in it. A date is a `date` or text like 2026-03-05, a list a sequence of text, numbers
    or dates, a record a mapping of names to such values.

    Raises RenderError naming each variable that is missing, not declared or ill-typed.
    """
    problems = [f"{name} is missing" for name in template.variables if name not in variables]
    problems += [f"{name} is not declared" for name in variables if name not in template.variables]
    for name, declared in template.variables.items():
        wrong = misfit(declared.type, variables[name], declared.choices) if name in variables else None
        if wrong:
            problems.append(f"{name} {wrong}")
    if problems:
        expected = ", ".join(f"{name} ({declared.type})" for name, declared in template.variables.items())
        raise RenderError(f"template {template.id} cannot be filled: {'; '.join(problems)}", remedy=f"Give exactly {expected}.")
    return fill(template.template, variables, template.language)


def fill(text: str, values: Mapping[str, Any], language: str = "en") -> str:
    """`text` with each placeholder replaced by its value, in one pass: a value that looks like a placeholder stays as it is."""
    return PLACEHOLDER.sub(lambda found: spoken(values[found[1]], language), text).strip()


def spoken(value: Any, language: str = "en") -> str:
    """A value as text: a list as lines with dashes, a record as lines `name: value`."""
    if isinstance(value, Mapping):
        colon = ": " if language == "en" else "："
        return "\n".join(f"{name}{colon}{spoken(each, language)}" for name, each in value.items())
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(f"- {spoken(each, language)}" for each in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def misfit(kind: str, value: Any, choices: Sequence[str] | None = None) -> str | None:
    """What keeps a value from being of a variable's type, in words that follow its name; None if it fits."""
    found = f"{value!r} ({type(value).__name__})" if len(repr(value)) <= 60 else f"a {type(value).__name__}"
    if kind == "text":
        fits, wanted = isinstance(value, str) and bool(value.strip()), "text that is not empty"
    elif kind == "number":
        fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        wanted = "a finite number"
    elif kind == "date":
        fits, wanted = _is_day(value), "a date like 2026-03-05"
    elif kind == "choice":
        fits, wanted = value in (choices or ()), f"one of {', '.join(choices or ())}"
    elif kind == "list":
        fits = isinstance(value, Sequence) and not isinstance(value, str) and bool(value) and all(map(_is_scalar, value))
        wanted = "a list of text, numbers or dates that is not empty"
    else:
        fits = isinstance(value, Mapping) and bool(value) and all(isinstance(name, str) for name in value)
        fits = fits and all(_is_scalar(each) for each in value.values())
        wanted = "a mapping of names to text, numbers or dates that is not empty"
    return None if fits else f"is {found}, expected {wanted}"


def stray_braces(text: str) -> str | None:
    """The surroundings of double braces that are no placeholder; None where there are none."""
    left = PLACEHOLDER.sub("", text)
    place = max(left.find("{{"), left.find("}}"))
    return None if place < 0 else left[max(0, place - 10) : place + 20]


def is_chinese(text: str) -> bool:
    """Whether a text is written in Chinese: names and codes in Latin letters do not count against it."""
    return len(_CHINESE.findall(text)) > len(_LETTER.findall(text)) / 2


def _is_scalar(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, _SCALARS):
        return False
    return math.isfinite(value) if isinstance(value, float) else bool(str(value).strip())


def _is_day(value: Any) -> bool:
    if isinstance(value, date):
        return True
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
