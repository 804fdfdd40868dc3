"""The tools that write: tickets, orders, visits and handing over to a person. They write into the attempt's sandbox alone.

Belongs here: what each may write, and for whom. Does not belong here: how rows are written once and whole (sandbox.py).
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from lenovo_pipeline.agents.tools.calling import Call, Told, ToolError, one_of
from lenovo_pipeline.agents.tools.sandbox import Writer
from lenovo_pipeline.enterprise.tables import ARTICLE_CATEGORIES

TEAMS = ("hardware", "software", "network", "field", "security")
REASONS = ("missing", "forbidden", "contradictory", "unsafe", "asked")
_FARTHEST = timedelta(days=366)


def open_ticket(call: Call, arguments: Mapping[str, Any]) -> Told:
    """A ticket on a device."""
    problem = one_of("problem", arguments["problem"], ARTICLE_CATEGORIES)
    device_id = call.found("device", arguments["device"])

    def write(writer: Writer) -> str:
        key = writer.add(
            "tickets",
            device_id=device_id,
            customer_id=None,
            problem=problem,
            priority=arguments["priority"],
            team=None,
            status="open",
        )
        return f"opened ticket {key}"

    return _written(call, "open_ticket", write)


def assign_ticket(call: Call, arguments: Mapping[str, Any]) -> Told:
    """A team for a ticket that is open."""
    ticket = arguments["ticket"].strip()
    team = one_of("team", arguments["team"], TEAMS)
    rows = call.sandbox.rows("SELECT customer_id, status FROM tickets WHERE ticket_id = $id", {"id": ticket})
    if not rows:
        raise ToolError("not_found", f"missing: there is no ticket {ticket}")
    [(customer_id, status)] = rows
    if customer_id is not None:
        call.may_see(customer_id, f"of ticket {ticket}")
    if status != "open":
        raise ToolError("bad_arguments", f"contradictory: ticket {ticket} is {status}")

    def write(writer: Writer) -> str:
        writer.change("tickets", ticket, team=team)
        return f"assigned ticket {ticket} to {team}"

    return _written(call, "assign_ticket", write)


def order_part(call: Call, arguments: Mapping[str, Any]) -> Told:
    """Parts for a device that has such a part."""
    component_id = call.found("part", arguments["part"])
    device_id = call.found("device", arguments["device"])
    quantity = arguments["quantity"]
    if not 1 <= quantity <= 50:
        raise ToolError("bad_arguments", f"contradictory: {quantity} parts cannot be ordered, only 1 to 50")
    [(fits,)] = call.stores.rows(_FITS, {"component": component_id, "device": device_id})
    if not fits:
        raise ToolError("bad_arguments", f"contradictory: the {arguments['device']} has no {arguments['part']}")

    def write(writer: Writer) -> str:
        key = writer.add("orders", component_id=component_id, device_id=device_id, quantity=quantity)
        return f"ordered {quantity} as {key}"

    return _written(call, "order_part", write)


_FITS = (
    "SELECT list_contains(c.families, d.family) FROM enterprise.components c, enterprise.devices d "
    "WHERE c.component_id = $component AND d.device_id = $device"
)


def schedule_visit(call: Call, arguments: Mapping[str, Any]) -> Told:
    """A visit at a customer's whom the actor may see, on a day to come."""
    customer_id = call.found("customer", arguments["customer"])
    call.may_see(customer_id, arguments["customer"])
    device_id = call.found("device", arguments["device"])
    try:
        day = date.fromisoformat(arguments["day"].strip())
    except ValueError:
        raise ToolError("bad_arguments", "schedule_visit was called wrongly: day must be YYYY-MM-DD") from None
    if not call.today < day <= call.today + _FARTHEST:
        raise ToolError("bad_arguments", f"contradictory: {day} is not within a year after today, {call.today}")

    def write(writer: Writer) -> str:
        key = writer.add("visits", customer_id=customer_id, device_id=device_id, day=day.isoformat())
        return f"planned visit {key} on {day}"

    return _written(call, "schedule_visit", write)


def hand_over(call: Call, arguments: Mapping[str, Any]) -> Told:
    """What a person is to see to, and why. Known names are noted as ids."""
    about = arguments.get("about")
    if about is not None:
        kinds = ("device", "customer", "incident")
        about = next((found for kind in kinds if (found := call.stores.find(kind, about))), about[:100])

    def write(writer: Writer) -> str:
        key = writer.add("handovers", reason=arguments["reason"], about=about)
        return f"handed over as {key}: {arguments['reason']}"

    return _written(call, "hand_over", write)


def _written(call: Call, tool: str, write: Callable[[Writer], str]) -> Told:
    said, effects, before = call.sandbox.once(call.request_id, tool, write, call.wanted)
    value = {"rows": [dict(each.row) for each in effects], "done_before": before}
    return Told(value, f"{said} (it was done before)" if before else said, effects)
