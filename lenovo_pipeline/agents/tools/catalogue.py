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


def _text(name: str, description: str, *choices: str, required: bool = True) -> Parameter:
    return Parameter(name, "string", description, required=required, choices=choices)


_DEVICE = _text("device", "name or id of a device")
_CUSTOMER = _text("customer", "name or id of a customer")

_KINDS = (
    Kind(
        ToolSpec("search_knowledge", "find records on a topic", (_text("query", "what to look for"),), writes=False),
        reading.search_knowledge,
    ),
    Kind(
        ToolSpec("read_article", "read one article or file by its id", (_text("article", "id"),), writes=False),
        reading.read_article,
    ),
    Kind(
        ToolSpec(
            "look_up_device",
            "one attribute of a device",
            (_DEVICE, _text("attribute", "what to tell", *reading.ATTRIBUTES)),
            writes=False,
        ),
        reading.look_up_device,
    ),
    Kind(
        ToolSpec(
            "compare_devices",
            "which of two devices has more",
            (
                _text("first", "a device"),
                _text("second", "another device"),
                _text("attribute", "what to compare", *reading.COMPARED),
            ),
            writes=False,
        ),
        reading.compare_devices,
    ),
    Kind(
        ToolSpec(
            "query_graph",
            "follow a relation of a record",
            (_text("relation", "which", *reading.RELATIONS), _text("start", "name or id of the record")),
            writes=False,
        ),
        reading.query_graph,
    ),
    Kind(
        ToolSpec(
            "run_analytics",
            "a figure on a device, process or customer",
            (_text("report", "which", *reading.REPORTS), _text("subject", "name or id")),
            writes=False,
        ),
        reading.run_analytics,
    ),
    Kind(
        ToolSpec(
            "open_ticket",
            "open a support ticket",
            (_DEVICE, _text("problem", "what it is about", *ARTICLE_CATEGORIES), _text("priority", "how urgent", *SEVERITIES)),
            writes=True,
        ),
        writing.open_ticket,
    ),
    Kind(
        ToolSpec(
            "assign_ticket",
            "give a ticket to a team",
            (_text("ticket", "id of the ticket"), _text("team", "which", *writing.TEAMS)),
            writes=True,
        ),
        writing.assign_ticket,
    ),
    Kind(
        ToolSpec(
            "order_part",
            "order a spare part",
            (_text("part", "name of the part"), _DEVICE, Parameter("quantity", "integer", "how many, 1 to 50")),
            writes=True,
        ),
        writing.order_part,
    ),
    Kind(
        ToolSpec(
            "schedule_visit",
            "plan a service visit",
            (_CUSTOMER, _DEVICE, _text("day", "YYYY-MM-DD")),
            writes=True,
        ),
        writing.schedule_visit,
    ),
    Kind(
        ToolSpec(
            "hand_over",
            "hand over to a person",
            (_text("reason", "why", *writing.REASONS), _text("about", "device, ticket or customer", required=False)),
            writes=True,
        ),
        writing.hand_over,
    ),
)

KINDS = {kind.spec.name: kind for kind in _KINDS}
"""Every tool by name."""

SPECS = tuple(kind.spec for kind in _KINDS)
