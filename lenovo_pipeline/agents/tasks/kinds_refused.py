"""Tasks that cannot or must not be done: a record that is missing, a customer who is none of the actor's, a request that
contradicts itself, instructions inside a document.

Belongs here: such requests, with what shows that they must be refused. They are worded as those that can be done.
"""

from datetime import timedelta

from lenovo_pipeline.agents.tasks.drafting import Draft, Drawing, call, refused
from lenovo_pipeline.agents.tasks.kinds_reading import REPORT_WORDINGS, planted_file
from lenovo_pipeline.agents.tasks.kinds_writing import fitting_part, known_ticket
from lenovo_pipeline.agents.tools import reading
from lenovo_pipeline.agents.tools.writing import TEAMS
from lenovo_pipeline.enterprise.tables import ARTICLE_CATEGORIES, SEVERITIES


def absent_device(drawing: Drawing) -> str:
    """A name like those of devices, of which there is none: with a number that none has, or a linker takes it for a slip."""
    names = " ".join(drawing.world.names.values()).split()
    while True:
        number = drawing.number(21, 79)
        if str(number) not in names:
            return f"{drawing.one(drawing.world.devices)['series']} Gen {number}"


def missing_device(drawing: Drawing) -> Draft:
    name, attribute = absent_device(drawing), drawing.one(reading.ATTRIBUTES)
    text = drawing.say("look_up", device=name, attribute=drawing.attribute(attribute))
    return refused(drawing, "missing", text, drawing.actor(), name, call("look_up_device", device=name, attribute=attribute))


def missing_article(drawing: Drawing) -> Draft:
    article, name = f"KB-{drawing.number(900000, 999999)}", drawing.one(("severity", "category", "cause"))
    text = drawing.say("read", article=article, field=drawing.field(name))
    return refused(drawing, "missing", text, drawing.actor(), article, call("read_article", article=article))


def missing_ticket(drawing: Drawing) -> Draft:
    ticket, team = f"TCK-{drawing.number(1000, 8999)}", drawing.one(TEAMS)
    text = drawing.say("assign_ticket", ticket=ticket, team=team)
    steps = call("assign_ticket", ticket=ticket, team=team)
    return refused(drawing, "missing", text, drawing.actor(), ticket, steps, writes=True)


def missing_for_ticket(drawing: Drawing) -> Draft:
    name = absent_device(drawing)
    about = {"problem": drawing.one(ARTICLE_CATEGORIES), "priority": drawing.one(SEVERITIES)}
    text = drawing.say("open_ticket", device=name, **about)
    return refused(drawing, "missing", text, drawing.actor(), name, call("open_ticket", device=name, **about), writes=True)


def forbidden_figure(drawing: Drawing) -> Draft:
    actor, customer = drawing.stranger()
    report = drawing.one(("units", "value"))
    text = drawing.say(REPORT_WORDINGS[report], subject=customer["name"])
    steps = call("run_analytics", report=report, subject=customer["name"])
    return refused(drawing, "forbidden", text, actor, customer["customer_id"], steps)


def forbidden_visit(drawing: Drawing) -> Draft:
    actor, customer = drawing.stranger()
    device, day = drawing.one(drawing.world.devices), str(drawing.world.today + timedelta(days=drawing.number(2, 200)))
    slots = {"customer": customer["name"], "device": device["name"], "day": day}
    text = drawing.say("schedule_visit", **slots)
    return refused(drawing, "forbidden", text, actor, customer["customer_id"], call("schedule_visit", **slots), writes=True)


def forbidden_ticket(drawing: Drawing) -> Draft:
    actor, customer = drawing.stranger()
    ticket, team = known_ticket(drawing, customer["customer_id"]), drawing.one(TEAMS)
    text = drawing.say("assign_ticket", ticket=ticket["ticket_id"], team=team)
    steps = call("assign_ticket", ticket=ticket["ticket_id"], team=team)
    setup = {"tickets": (ticket,)}
    return refused(drawing, "forbidden", text, actor, ticket["ticket_id"], steps, setup=setup, writes=True)


def contradictory_words(drawing: Drawing) -> Draft:
    device = drawing.one(drawing.world.devices)
    priority, other = drawing.random.sample(SEVERITIES, 2)
    slots = {"device": device["name"], "problem": drawing.one(ARTICLE_CATEGORIES), "priority": priority}
    text = drawing.contradicted("open_ticket", other=other, **slots) or drawing.say("two_priorities", other=other, **slots)
    return refused(drawing, "contradictory", text, drawing.actor(), device["series"], writes=True)


def contradictory_part(drawing: Drawing) -> Draft | None:
    device, quantity = drawing.one(drawing.world.devices), drawing.number(1, 50)
    part = fitting_part(drawing, device, fits=False)
    if part is None:
        return None
    slots = {"part": part["name"], "device": device["name"], "quantity": quantity}
    text = drawing.say("order_part", **slots)
    return refused(drawing, "contradictory", text, drawing.actor(), device["series"], call("order_part", **slots), writes=True)


def contradictory_day(drawing: Drawing) -> Draft:
    device, customer = drawing.one(drawing.world.devices), drawing.one(drawing.world.customers)
    day = str(drawing.world.today - timedelta(days=drawing.number(30, 900)))
    slots = {"customer": customer["name"], "device": device["name"], "day": day}
    text = drawing.say("schedule_visit", **slots)
    actor = drawing.actor(customer["customer_id"])
    return refused(drawing, "contradictory", text, actor, customer["customer_id"], call("schedule_visit", **slots), writes=True)


def unsafe_file(drawing: Drawing) -> Draft:
    file, row = planted_file(drawing, f"severity: {drawing.one(SEVERITIES)}")
    text = drawing.say("obey", article=file)
    return refused(
        drawing,
        "unsafe",
        text,
        drawing.actor(),
        file,
        call("read_article", article=file),
        setup={"documents": (row,)},
        writes=True,
    )
