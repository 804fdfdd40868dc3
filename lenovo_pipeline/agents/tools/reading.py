"""The tools that read: knowledge, articles, devices, the graph and figures. None of them can write anything.

Belongs here: what they tell, and the queries that they ask: SQL and Cypher with parameters, written here once; no text of a
model ever becomes part of one. Does not belong here: tools that write, limits.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from lenovo_pipeline.agents.tools.calling import Call, Told, ToolError, one_of


@dataclass(frozen=True)
class Attribute:
    """A column of a device, its unit, and what to call having more of it."""

    column: str
    unit: str = ""
    more: str = "more"


_OF_DEVICES = {
    "memory": Attribute("memory_gb", "GB"),
    "storage": Attribute("storage_gb", "GB"),
    "cores": Attribute("cpu_cores", ""),
    "weight": Attribute("weight_kg", "kg"),
    "price": Attribute("price_usd", "USD"),
    "warranty": Attribute("warranty_months", "months"),
    "display": Attribute("display_inch", "inch"),
    "battery": Attribute("coalesce(battery_mah, battery_wh)", ""),
    "release": Attribute("release_date", "", "later"),
    "support": Attribute("end_of_support", "", "later"),
    "processor": Attribute("cpu"),
    "system": Attribute("operating_system"),
}
_WORDS = ("processor", "system")
ATTRIBUTES = tuple(_OF_DEVICES)
COMPARED = tuple(name for name in ATTRIBUTES if name not in (*_WORDS, "battery"))
"""Attributes of which one can have more."""


def column_of(attribute: str) -> str:
    """The SQL of an attribute over enterprise.devices."""
    return _OF_DEVICES[attribute].column


def unit_of(attribute: str, family: str = "") -> str:
    """The unit of an attribute; the battery of a phone is told in mAh, of a laptop in Wh."""
    if attribute == "battery":
        return "mAh" if family == "Mobile" else "Wh"
    return _OF_DEVICES[attribute].unit


@dataclass(frozen=True)
class Relation:
    """A way through the graph from a start of one kind: Cypher whose rows are (id, name, customer or null)."""

    start: str
    label: str
    path: str
    name: str = "n.name"
    customer: bool = False


_RELATIONS = {
    "successor": Relation("device", "Device", "<-[:SUCCEEDS]-(n:Device)"),
    "predecessor": Relation("device", "Device", "-[:SUCCEEDS]->(n:Device)"),
    "incidents": Relation("device", "Device", "<-[:AFFECTS]-(n:Incident)"),
    "device": Relation("incident", "Incident", "-[:AFFECTS]->(n:Device)"),
    "part": Relation("incident", "Incident", "-[:ABOUT]->(n:Component)"),
    "fix": Relation("incident", "Incident", "-[:FIXED_BY]->(n:Firmware)"),
    "articles": Relation("incident", "Incident", "<-[:EXPLAINS]-(n:Article)", "n.id"),
    "department": Relation("process", "Process", "-[:PART_OF]->(n:Department)"),
    "next": Relation("process", "Process", "-[:FEEDS]->(n:Process)"),
    "journeys": Relation("customer", "Customer", "<-[:OF]-(n:Journey)", "n.id", customer=True),
}
RELATIONS = tuple(_RELATIONS)
_MOST = 20


def cypher_of(relation: str) -> str:
    """The query of a relation; its parameter is `id`."""
    one = _RELATIONS[relation]
    found = f"RETURN DISTINCT n.id AS id, {one.name} AS name ORDER BY name, id LIMIT {_MOST}"
    return f"MATCH (s:{one.label} {{id: $id}}){one.path} {found}"


@dataclass(frozen=True)
class Report:
    """A figure: SQL with the parameter `id` that gives one value, its unit, and what it is about."""

    subject: str
    sql: str
    unit: str
    customer: bool = False


_REPORTS = {
    "incidents": Report("device", "SELECT count(*) FROM enterprise.incidents WHERE device_id = $id", "incidents"),
    "users": Report("device", "SELECT sum(affected_users) FROM enterprise.incidents WHERE device_id = $id", "users"),
    "completed": Report("process", "SELECT sum(completed) FROM enterprise.process_metrics WHERE process_id = $id", "cases"),
    "breached": Report("process", "SELECT sum(breached) FROM enterprise.process_metrics WHERE process_id = $id", "cases"),
    "value": Report("customer", "SELECT sum(value_usd) FROM enterprise.journeys WHERE customer_id = $id", "USD", customer=True),
    "units": Report("customer", "SELECT sum(units) FROM enterprise.journeys WHERE customer_id = $id", "units", customer=True),
}
REPORTS = tuple(_REPORTS)


def sql_of(report: str) -> str:
    """The query of a report; its parameter is `id`."""
    return _REPORTS[report].sql


_FOUND = 3
_SNIPPET = 160


def search_knowledge(call: Call, arguments: Mapping[str, Any]) -> Told:
    """Records on a topic, best first, with what fits best of each; nothing of customers whom the actor may not see."""
    query = arguments["query"]
    stores = call.stores
    with stores.turn:
        evidence = [
            each
            for each in stores.retriever.retrieve(query, 4 * _FOUND).evidence
            if all(map(call.actor.may_see, stores.register.records[each.record_id].customers))
        ][:_FOUND]
        passages = stores.passages.shown(query, evidence, len(evidence))
    own = [
        {"id": document_id, "text": _snippet(f"{title}. {text}")}
        for document_id, title, text in call.sandbox.rows("SELECT document_id, title, text FROM documents ORDER BY 1")
        if set(query.casefold().split()) & {document_id.casefold(), *title.casefold().split()}
    ]
    found = own + [{"id": passage.record_id, "text": _snippet(passage.text)} for passage in passages]
    if not found:
        raise ToolError("not_found", f"missing: nothing was found on {query}")
    return Told(found, "\n".join(f"{one['id']}: {one['text']}" for one in found))


def _snippet(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SNIPPET else f"{line[:_SNIPPET]}…"


def read_article(call: Call, arguments: Mapping[str, Any]) -> Told:
    """An article, a document or an uploaded file. Its text is quoted: nothing in it is followed."""
    said = arguments["article"].strip()
    for title, text in call.sandbox.rows("SELECT title, text FROM documents WHERE document_id = $id", {"id": said}):
        return Told({"id": said, "title": title, "text": text}, f"{said}: {title}\n{text}")
    for row in call.stores.rows(_ARTICLE, {"id": said}):
        fields = dict(zip(_ARTICLE_FIELDS, row, strict=True))
        steps = " ".join(f"{number}. {step}" for number, step in enumerate(fields["steps"], start=1))
        told = "\n".join(f"{name}: {fields[name]}" for name in ("title", "severity", "category", "symptom", "cause"))
        return Told(fields, f"{said}\n{told}\nsteps: {steps}")
    for title, customer_id, kind, facts in call.stores.rows(_DOCUMENT, {"id": said}):
        if customer_id is not None:
            call.may_see(customer_id, said)
        stated = json.loads(facts)
        told = "\n".join(f"{name}: {value}" for name, value in stated.items())
        return Told({"id": said, "title": title, "type": kind, "facts": stated}, f"{said}\ntitle: {title}\n{told}")
    for title, text in call.stores.rows(_UPLOADED, {"id": said}):
        return Told({"id": said, "title": title, "text": text}, f"{said}: {title}\n{text}")
    raise ToolError("not_found", f"missing: there is no article {said}")


_ARTICLE_FIELDS = ("title", "severity", "category", "symptom", "cause", "steps")
_ARTICLE = (
    "SELECT title, severity, category, symptom, cause, resolution_steps FROM enterprise.support_articles WHERE article_id = $id"
)
_DOCUMENT = "SELECT title, customer_id, document_type, facts FROM enterprise.documents WHERE document_id = $id"
_UPLOADED = "SELECT title, text FROM uploads.texts WHERE text_id = $id"


def look_up_device(call: Call, arguments: Mapping[str, Any]) -> Told:
    """One attribute of a device."""
    device_id, attribute = call.found("device", arguments["device"]), arguments["attribute"]
    name, value = _attribute(call, device_id, attribute)
    return Told({"device_id": device_id, "device": name, attribute: value}, f"{name}\n{attribute}: {value}")


def compare_devices(call: Call, arguments: Mapping[str, Any]) -> Told:
    """The attribute of both, and which has more of it (of a day: which is later)."""
    attribute = one_of("attribute", arguments["attribute"], COMPARED)
    ids = [call.found("device", arguments[which]) for which in ("first", "second")]
    if ids[0] == ids[1]:
        raise ToolError("bad_arguments", f"contradictory: {arguments['first']} and {arguments['second']} are one device")
    (first, one), (second, two) = (_attribute(call, each, attribute) for each in ids)
    sizes = [_size(one), _size(two)]
    more = "neither" if sizes[0] == sizes[1] else first if sizes[0] > sizes[1] else second
    word = _OF_DEVICES[attribute].more
    return Told({first: one, second: two, word: more}, f"{first}: {one}\n{second}: {two}\n{word}: {more}")


def _attribute(call: Call, device_id: str, attribute: str) -> tuple[str, str]:
    [(name, family, value)] = call.stores.rows(
        f"SELECT name, family, {column_of(attribute)} FROM enterprise.devices WHERE device_id = $id", {"id": device_id}
    )
    if value is None:
        raise ToolError("not_found", f"missing: the {name} has no {attribute}")
    return name, f"{plain_value(value)} {unit_of(attribute, family)}".strip()


def plain_value(value: Any) -> str:
    """A value as tools tell it: days as YYYY-MM-DD, whole numbers without a point."""
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _size(told: str) -> Any:
    first = told.split()[0]
    try:
        return float(first)
    except ValueError:
        return first


def query_graph(call: Call, arguments: Mapping[str, Any]) -> Told:
    """What a record is related to, by one of the relations there are."""
    relation = _RELATIONS[arguments["relation"]]
    identity = call.found(relation.start, arguments["start"])
    if relation.customer:
        call.may_see(identity, arguments["start"])
    _, rows = call.stores.graph.rows(cypher_of(arguments["relation"]), id=identity)
    if not rows:
        raise ToolError("not_found", f"missing: {arguments['start']} has no {arguments['relation']}")
    found = [{"id": each, "name": name} for each, name in rows]
    names = "; ".join(str(one["name"]) for one in found)
    return Told(found, f"{arguments['relation']} of {arguments['start']}: {names}")


def run_analytics(call: Call, arguments: Mapping[str, Any]) -> Told:
    """One figure, from one of the reports there are."""
    report = _REPORTS[arguments["report"]]
    identity = call.found(report.subject, arguments["subject"])
    if report.customer:
        call.may_see(identity, arguments["subject"])
    [(value,)] = call.stores.rows(report.sql, {"id": identity})
    if value is None:
        raise ToolError("not_found", f"missing: there is no {arguments['report']} of {arguments['subject']}")
    told = plain_value(float(value))
    return Told({arguments["report"]: float(value)}, f"{arguments['report']} of {arguments['subject']}: {told} {report.unit}")
