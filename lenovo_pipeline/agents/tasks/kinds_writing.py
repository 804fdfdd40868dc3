"""Tasks that write, of one step, of several and over several turns; their goal is what stands in the sandbox afterwards.

Belongs here: what is asked for and the rows that must be there. Does not belong here: what must be refused (kinds_refused.py).
"""

from datetime import timedelta

from lenovo_pipeline.agents.tasks.drafting import Draft, Drawing, call, sandbox_goal, turn
from lenovo_pipeline.agents.tasks.kinds_reading import (
    attribute_goal,
    expected_attribute,
    said_attribute,
    value_of,
)
from lenovo_pipeline.agents.tasks.task import GoalCheck
from lenovo_pipeline.agents.tasks.world import Row
from lenovo_pipeline.agents.tools import reading
from lenovo_pipeline.agents.tools.writing import TEAMS
from lenovo_pipeline.enterprise.tables import ARTICLE_CATEGORIES, SEVERITIES

FIRST_TICKET, FIRST_ORDER, FIRST_VISIT, FIRST_HAND_OVER = "TCK-9001", "ORD-9001", "VIS-9001", "HND-9001"


def _ticket(drawing: Drawing) -> dict[str, str]:
    return {"problem": drawing.one(ARTICLE_CATEGORIES), "priority": drawing.one(SEVERITIES)}


def ticket_goal(device: Row, about: dict[str, str]) -> GoalCheck:
    return sandbox_goal("tickets", f"there is no such ticket on {device['name']}", device_id=device["device_id"], **about)


def open_ticket(drawing: Drawing) -> Draft:
    device, about = drawing.one(drawing.world.devices), _ticket(drawing)
    text = drawing.say("open_ticket", device=device["name"], **about)
    steps = turn(call("open_ticket", device=device["name"], **about), answer=f"opened ticket {FIRST_TICKET}")
    return _write("ticket", drawing, [text], device["series"], [steps], [ticket_goal(device, about)], {"tickets": 1})


def known_ticket(drawing: Drawing, customer_id: str | None = None) -> Row:
    """A ticket that is there at the beginning."""
    return {
        "ticket_id": f"TCK-{drawing.number(1000, 8999)}",
        "device_id": drawing.one(drawing.world.devices)["device_id"],
        "customer_id": customer_id,
        **_ticket(drawing),
        "team": None,
        "status": "open",
    }


def assign_ticket(drawing: Drawing) -> Draft:
    ticket, team = known_ticket(drawing), drawing.one(TEAMS)
    text = drawing.say("assign_ticket", ticket=ticket["ticket_id"], team=team)
    steps = turn(
        call("assign_ticket", ticket=ticket["ticket_id"], team=team), answer=f"assigned ticket {ticket['ticket_id']} to {team}"
    )
    goal = sandbox_goal("tickets", f"the ticket is not {team}'s", ticket_id=ticket["ticket_id"], team=team)
    made = _write("assign", drawing, [text], ticket["ticket_id"], [steps], [goal], {"tickets": 1})
    made.setup = {"tickets": (ticket,)}
    return made


def fitting_part(drawing: Drawing, device: Row, *, fits: bool = True) -> Row | None:
    parts = [row for row in drawing.world.components if (device["family"] in list(row["families"])) == fits]
    return drawing.one(parts) if parts else None


def order_part(drawing: Drawing) -> Draft | None:
    device, quantity = drawing.one(drawing.world.devices), drawing.number(1, 50)
    part = fitting_part(drawing, device)
    if part is None:
        return None
    text = drawing.say("order_part", part=part["name"], device=device["name"], quantity=quantity)
    steps = turn(
        call("order_part", part=part["name"], device=device["name"], quantity=quantity),
        answer=f"ordered {quantity} as {FIRST_ORDER}",
    )
    goal = sandbox_goal(
        "orders",
        "there is no such order",
        component_id=part["component_id"],
        device_id=device["device_id"],
        quantity=quantity,
    )
    return _write("part", drawing, [text], device["series"], [steps], [goal], {"orders": 1})


def schedule_visit(drawing: Drawing) -> Draft:
    device, customer = drawing.one(drawing.world.devices), drawing.one(drawing.world.customers)
    day = str(drawing.world.today + timedelta(days=drawing.number(2, 200)))
    text = drawing.say("schedule_visit", customer=customer["name"], device=device["name"], day=day)
    steps = turn(
        call("schedule_visit", customer=customer["name"], device=device["name"], day=day),
        answer=f"planned visit {FIRST_VISIT} on {day}",
    )
    goal = sandbox_goal(
        "visits", "there is no such visit", customer_id=customer["customer_id"], device_id=device["device_id"], day=day
    )
    made = _write("visit", drawing, [text], customer["customer_id"], [steps], [goal], {"visits": 1})
    made.actor = drawing.actor(customer["customer_id"])
    return made


def hand_over(drawing: Drawing) -> Draft:
    device = drawing.one(drawing.world.devices)
    text = drawing.say("hand_over", about=device["name"])
    steps = turn(call("hand_over", reason="asked", about=device["name"]), answer=f"handed over as {FIRST_HAND_OVER}: asked")
    goal = sandbox_goal("handovers", "nobody was asked to see to it", reason="asked", about=device["device_id"])
    return _write("hand_over", drawing, [text], device["series"], [steps], [goal], {"handovers": 1})


def incident_ticket(drawing: Drawing) -> Draft:
    incident, about = drawing.one(drawing.world.incidents), _ticket(drawing)
    device = next(row for row in drawing.world.devices if row["device_id"] == incident["device_id"])
    text = drawing.say("incident_ticket", code=incident["error_code"], **about)
    steps = turn(
        call("query_graph", relation="device", start=incident["error_code"]),
        call("open_ticket", device=device["name"], **about),
        answer=f"opened ticket {FIRST_TICKET}",
    )
    made = _write("chain_write", drawing, [text], device["series"], [steps], [ticket_goal(device, about)], {"tickets": 1})
    made.steps = "multi"
    return made


def ticket_team(drawing: Drawing) -> Draft:
    device, about, team = drawing.one(drawing.world.devices), _ticket(drawing), drawing.one(TEAMS)
    text = drawing.say("ticket_team", device=device["name"], team=team, **about)
    steps = turn(
        call("open_ticket", device=device["name"], **about),
        call("assign_ticket", ticket=FIRST_TICKET, team=team),
        answer=f"assigned ticket {FIRST_TICKET} to {team}",
    )
    goal = sandbox_goal("tickets", f"there is no such ticket with {team}", device_id=device["device_id"], team=team, **about)
    made = _write("chain_write", drawing, [text], device["series"], [steps], [goal], {"tickets": 1})
    made.steps = "multi"
    return made


def look_up_then_ticket(drawing: Drawing) -> Draft | None:
    device, attribute, about = drawing.one(drawing.world.devices), drawing.one(reading.ATTRIBUTES), _ticket(drawing)
    if value_of(device, attribute) is None:
        return None
    turns = [
        drawing.say("look_up", device=device["name"], attribute=drawing.attribute(attribute)),
        drawing.say("and_ticket", **about),
    ]
    reference = [
        turn(call("look_up_device", device=device["name"], attribute=attribute), answer=said_attribute(device, attribute)),
        turn(call("open_ticket", device=device["name"], **about), answer=f"opened ticket {FIRST_TICKET}"),
    ]
    goals = [attribute_goal(device, attribute), ticket_goal(device, about)]
    made = _write("turns", drawing, turns, device["series"], reference, goals, {"tickets": 1})
    made.expects, made.steps = [expected_attribute(device, attribute)], "multi"
    return made


def ticket_then_team(drawing: Drawing) -> Draft:
    device, about, team = drawing.one(drawing.world.devices), _ticket(drawing), drawing.one(TEAMS)
    turns = [
        drawing.say("open_ticket", device=device["name"], **about),
        drawing.say("and_team", team=team),
    ]
    reference = [
        turn(call("open_ticket", device=device["name"], **about), answer=f"opened ticket {FIRST_TICKET}"),
        turn(call("assign_ticket", ticket=FIRST_TICKET, team=team), answer=f"assigned ticket {FIRST_TICKET} to {team}"),
    ]
    goal = sandbox_goal("tickets", f"there is no such ticket with {team}", device_id=device["device_id"], team=team, **about)
    made = _write("turns", drawing, turns, device["series"], reference, [goal], {"tickets": 1})
    made.steps = "multi"
    return made


def _write(
    category: str,
    drawing: Drawing,
    turns: list[str],
    cluster: str,
    reference: list,  # type: ignore[type-arg]
    goal: list[GoalCheck],
    allowed: dict[str, int],
) -> Draft:
    return Draft(category, drawing.actor(), turns, "single", True, cluster, reference, goal, allowed=allowed)
