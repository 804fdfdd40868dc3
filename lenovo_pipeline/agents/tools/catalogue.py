"""The tools by name: what a model is told of each, and what carries it out.

Belongs here: specifications. Does not belong here: what a tool does (reading.py, writing.py).
Names and descriptions are short, since a small model reads them before every answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lenovo_pipeline.agents.tools import reading, writing
from lenovo_pipeline.agents.tools.calling import Call, Told
from lenovo_pipeline.agents.tools.interface import Parameter, ToolSpec
from lenovo_pipeline.enterprise.tables import ARTICLE_CATEGORIES, SEVERITIES

Carrying = Callable[[Call, Mapping[str, Any]], Told]


@dataclass(frozen=True)
class Kind:
    """A tool: its specification and the function that carries it out."""

    spec: ToolSpec
    carry_out: Carrying


def _text(name: str, description: str, *choices: str, required: bool = True, pattern: str = "") -> Parameter:
    return Parameter(name, "string", description, required=required, choices=choices, pattern=pattern)


def _kind(carry_out: Carrying, description: str, *parameters: Parameter, writes: bool = False) -> Kind:
    return Kind(ToolSpec(carry_out.__name__, description, parameters, writes), carry_out)


_DEVICE = _text("device", "name or id of a device")

_KINDS = (
    _kind(reading.search_knowledge, "find records", _text("query", "what to look for")),
    _kind(reading.read_article, "read an article or file", _text("article", "its id", pattern=r"(?:KB|DOC|FILE|UPT)-[0-9A-F]+")),
    _kind(reading.look_up_device, "a fact on a device", _DEVICE, _text("attribute", "which fact", *reading.ATTRIBUTES)),
    _kind(
        reading.compare_devices,
        "which has more",
        _text("first", "a device"),
        _text("second", "another device"),
        _text("attribute", "of what", *reading.COMPARED),
    ),
    _kind(
        reading.query_graph,
        "what is related",
        _text("relation", "how it is related", *reading.RELATIONS),
        _text("start", "device, error code, process or customer"),
    ),
    _kind(
        reading.run_analytics,
        "count or sum",
        _text("report", "of what", *reading.REPORTS),
        _text("subject", "device, process or customer"),
    ),
    _kind(
        writing.open_ticket,
        "report a problem",
        _DEVICE,
        _text("problem", "of what kind", *ARTICLE_CATEGORIES),
        _text("priority", "how urgent it is", *SEVERITIES),
        writes=True,
    ),
    _kind(
        writing.assign_ticket,
        "give to a team",
        _text("ticket", "its id", pattern=r"TCK-\d+"),
        _text("team", "which", *writing.TEAMS),
        writes=True,
    ),
    _kind(
        writing.order_part,
        "buy spare parts",
        _text("part", "name of the part"),
        _DEVICE,
        Parameter("quantity", "integer", "how many, 1 to 50"),
        writes=True,
    ),
    _kind(
        writing.schedule_visit,
        "plan a service",
        _text("customer", "name or id of a customer"),
        _DEVICE,
        _text("day", "YYYY-MM-DD", pattern=r"\d{4}-\d{2}-\d{2}"),
        writes=True,
    ),
    _kind(
        writing.hand_over,
        "to a person",
        _text("reason", "why", *writing.REASONS),
        _text("about", "device, ticket or customer", required=False),
        writes=True,
    ),
)

KINDS = {kind.spec.name: kind for kind in _KINDS}
"""Every tool by name."""

SPECS = tuple(kind.spec for kind in _KINDS)
