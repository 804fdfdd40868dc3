"""What pages are put together from: sections with tables, how figures are written in them, and the way from values to HTML.

Belongs here: what several pages share. Every text of a candidate is untrusted: jinja escapes it, and the page's content security
policy lets no script run. Does not belong here: what stands on a page (pages.py, agents.py), drawing (drawing.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lenovo_pipeline.evaluation.report.inspect_log import file_name
from lenovo_pipeline.resources.pages import page_templates

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"


NO_BAR = {"share": None, "low": None, "wide": None, "text": ""}
"""What a cell of a bar holds where there is no share."""


@dataclass(frozen=True)
class Head:
    """A column of a table: `number` is set right, `link` names the field with an address, `bar` is a share, `pre` is code."""

    key: str
    title: str
    number: bool = False
    link: str = ""
    bar: bool = False
    pre: bool = False


@dataclass(frozen=True)
class Part:
    """A section of a page."""

    rows: Sequence[Mapping[str, Any]] = ()
    heads: Sequence[Head] = ()
    note: str = ""
    pictures: Mapping[str, str] = field(default_factory=dict)


def page_name(candidate: str) -> str:
    """The file of a candidate's page."""
    return f"{file_name(candidate)}.html"


def bar(row: Mapping[Any, Any] | None) -> dict[str, Any]:
    """A share and its interval as a bar, in per cent; `row`: of a table of figures."""
    if row is None or missing(row["value"]):
        return NO_BAR
    known = not missing(row["lower"])
    return {
        "share": round(100 * row["value"], 1),
        "low": round(100 * row["lower"], 1) if known else None,
        "wide": round(100 * (row["upper"] - row["lower"]), 1) if known else None,
        "text": figure(row),
    }


def figure(row: Mapping[Any, Any] | None) -> str:
    """A figure and its interval as text."""
    if row is None or missing(row["value"]):
        return "–"
    value = f"{row['value']:.2f}" if row["value"] < 100 else f"{row['value']:,.0f}"
    return value if missing(row["lower"]) else f"{value} ({row['lower']:.2f}–{row['upper']:.2f})"


def below(text: str) -> str:
    """A figure's text with the interval in a line of its own, so that a table of many is not wider than a screen."""
    return text.replace(" (", "\n(")


def table(frame: pd.DataFrame, columns: Mapping[str, str]) -> tuple[list[dict[str, Any]], list[Head]]:
    """The rows and heads of a table; `columns`: title by name of the column."""
    numbers = {name for name in columns if name in frame.columns and pd.api.types.is_numeric_dtype(frame[name])}
    heads = [Head(name, title, number=name in numbers) for name, title in columns.items()]
    return [{name: cell(row[name]) for name in columns} for row in frame.to_dict("records")], heads


def cell(value: Any) -> str:
    """A value as text; a dash where it is missing."""
    if missing(value):
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def missing(value: Any) -> bool:
    """Whether there is no value: None or NaN."""
    return value is None or value != value


@cache
def _environment() -> "Environment":
    from markupsafe import Markup, escape

    def picture(content: str) -> Markup:
        """SVG that was drawn here, or a PNG by its data address; nothing else is let through unescaped."""
        return Markup(content) if content.startswith("<svg") else Markup('<img alt="" src="{}">').format(escape(content))

    found = page_templates(_TEMPLATES)
    found.filters["picture"] = picture
    return found


def render(template: str, **values: Any) -> str:
    """A page, by the name of its template."""
    return _environment().get_template(template).render(**values)
