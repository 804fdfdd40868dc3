"""The Cypher of the source `graph`: typed templates, chosen by what a question names and which relation it asks for.

Belongs here: the templates and when each is chosen. Does not belong here: running them (graph_source.py).

Every template starts from ids (a parameter) of one label and follows named relationship types; it only reads, and no text of a
question enters it. It returns rows of start and record, for each record on the way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lenovo_pipeline.retrieval.reading import Reading

LIMIT = 40
"""Most rows of one template."""


@dataclass(frozen=True)
class Template:
    """A way through the graph. `path` is what follows the start node `s`, `found` the variable of the records wanted;
    `score` is how much a record found counts, at most 1. `held` is the record type found where a key of the tables leads from
    what a question names to the same records (table_queries.py), empty where only the graph knows the way.
    """

    name: str
    label: str
    path: str
    found: str
    score: float
    held: str = ""

    def cypher(self, place: int = 0) -> str:
        """The query, whose start ids are the parameter `ids<place>`; its rows are place, start and record."""
        return (
            f"UNWIND $ids{place} AS id MATCH (s:{self.label} {{id: id}}){self.path} "
            f"RETURN DISTINCT {place} AS place, s.id AS start, {self.found}.id AS record LIMIT {LIMIT}"
        )


SUCCESSOR = Template("successor", "Device", "<-[:SUCCEEDS]-(n:Device)", "n", 1.0)
PREDECESSOR = Template("predecessor", "Device", "-[:SUCCEEDS]->(n:Device)", "n", 1.0)
DEVICE_INCIDENTS = Template("incidents of the device", "Device", "<-[:AFFECTS]-(n:Incident)", "n", 1.0, held="incidents")
DEVICE_EXPLAINED = Template(
    "articles on incidents of the device", "Device", "<-[:AFFECTS]-(:Incident)<-[:EXPLAINS]-(n:Article)", "n", 0.6
)
DEVICE_ARTICLES = Template("articles covering the device", "Device", "<-[:COVERS]-(n:Article)", "n", 0.7, held="support_articles")
DEVICE_JOURNEYS = Template("journeys that bought the device", "Device", "<-[:BOUGHT]-(n:Journey)", "n", 0.8)
DEVICE_DOCUMENTS = Template("documents on the device", "Device", "<-[:DESCRIBES]-(n:Document)", "n", 0.7)
DEVICE_TECHNICAL = Template(
    "technical documents on the device", "Device", "<-[:DESCRIBES]-(n:TechnicalDoc)", "n", 0.7, held="technical_docs"
)
SERIES_DEVICES = Template("devices of the series", "Series", "<-[:IN_SERIES]-(n:Device)", "n", 1.0, held="devices")
SERIES_INCIDENTS = Template(
    "incidents of the series", "Series", "<-[:IN_SERIES]-(:Device)<-[:AFFECTS]-(n:Incident)", "n", 1.0, held="incidents"
)
INCIDENT_DEVICE = Template("device of the incident", "Incident", "-[:AFFECTS]->(n:Device)", "n", 1.0)
INCIDENT_ARTICLES = Template(
    "articles on the incident", "Incident", "<-[:EXPLAINS]-(n:Article)", "n", 0.8, held="support_articles"
)
ARTICLE_INCIDENT = Template("incident behind the article", "Article", "-[:EXPLAINS]->(n:Incident)", "n", 1.0)
ARTICLE_DEVICE = Template("device behind the article", "Article", "-[:EXPLAINS]->(:Incident)-[:AFFECTS]->(n:Device)", "n", 0.7)
ARTICLE_ARTICLES = Template(
    "articles on the same incident", "Article", "-[:EXPLAINS]->(:Incident)<-[:EXPLAINS]-(n:Article)", "n", 0.6
)
CUSTOMER_JOURNEYS = Template("journeys of the customer", "Customer", "<-[:OF]-(n:Journey)", "n", 1.0, held="journeys")
CUSTOMER_DOCUMENTS = Template("documents on the customer", "Customer", "<-[:CONCERNS]-(n:Document)", "n", 0.7, held="documents")
JOURNEY_CUSTOMER = Template("customer of the journey", "Journey", "-[:OF]->(n:Customer)", "n", 1.0)
JOURNEY_DEVICES = Template("devices bought in the journey", "Journey", "-[:BOUGHT]->(n:Device)", "n", 0.7)
PROCESS_DOWNSTREAM = Template("processes waiting for it", "Process", "-[:FEEDS]->(n:Process)", "n", 1.0)
PROCESS_UPSTREAM = Template("processes it waits for", "Process", "<-[:FEEDS]-(n:Process)", "n", 1.0)
PROCESS_DOCUMENTS = Template("documents on the process", "Process", "<-[:GOVERNS]-(n:Document)", "n", 0.7, held="documents")
DEPARTMENT_PROCESSES = Template("processes of the department", "Department", "<-[:PART_OF]-(n:Process)", "n", 0.7)
DOCUMENT_OLDER = Template("superseded versions", "Document", "-[:SUPERSEDES*1..4]->(n:Document)", "n", 0.9, held="documents")
DOCUMENT_NEWER = Template("newer versions", "Document", "<-[:SUPERSEDES*1..4]-(n:Document)", "n", 1.0, held="documents")
DOCUMENT_CUSTOMER = Template("customer of the document", "Document", "-[:CONCERNS]->(n:Customer)", "n", 0.7)
DOCUMENT_PROCESS = Template("process of the document", "Document", "-[:GOVERNS]->(n:Process)", "n", 0.7)
DOCUMENT_DEVICES = Template("devices of the document", "Document", "-[:DESCRIBES]->(n:Device)", "n", 0.7)
FIRMWARE_FIXES = Template("incidents fixed by the firmware", "Firmware", "<-[:FIXED_BY]-(n:Incident)", "n", 1.0)
FIRMWARE_INCIDENTS = Template("incidents under the firmware", "Firmware", "<-[:UNDER]-(n:Incident)", "n", 0.9)

TEMPLATES = tuple(value for value in globals().values() if isinstance(value, Template))
"""Every template there is."""

_Chosen = Callable[[Reading], bool]


def _asks(*names: str) -> _Chosen:
    wanted = set(names)
    return lambda reading: bool(wanted & (reading.kinds | reading.relations))


def _asks_for_unnamed_incidents(reading: Reading) -> bool:
    return "incidents" in reading.kinds and not reading.incidents


# When a template is chosen, beside its label being named.
_RULES: tuple[tuple[Template, _Chosen], ...] = (
    (SUCCESSOR, _asks("successor")),
    (PREDECESSOR, _asks("predecessor")),
    (DEVICE_INCIDENTS, _asks_for_unnamed_incidents),
    (DEVICE_EXPLAINED, _asks_for_unnamed_incidents),
    (DEVICE_ARTICLES, lambda r: "support_articles" in r.kinds and not r.articles and not r.incidents),
    (DEVICE_JOURNEYS, lambda r: "journeys" in r.kinds and not r.customers),
    (DEVICE_DOCUMENTS, lambda r: "documents" in r.kinds and not r.documents),
    (DEVICE_TECHNICAL, lambda r: "technical_docs" in r.kinds and not r.technical_docs),
    (SERIES_DEVICES, lambda r: True),
    (SERIES_INCIDENTS, _asks("incidents")),
    (INCIDENT_DEVICE, lambda r: "devices" in r.kinds and not r.devices),
    (INCIDENT_ARTICLES, lambda r: True),
    # What an article says, its incident and the other articles on it say too.
    (ARTICLE_INCIDENT, lambda r: True),
    (ARTICLE_ARTICLES, lambda r: True),
    (ARTICLE_DEVICE, lambda r: "devices" in r.kinds),
    (CUSTOMER_JOURNEYS, _asks("journeys")),
    (CUSTOMER_DOCUMENTS, lambda r: "documents" in r.kinds and not r.documents),
    (JOURNEY_CUSTOMER, _asks("customers")),
    (JOURNEY_DEVICES, _asks("devices")),
    (PROCESS_DOWNSTREAM, _asks("downstream")),
    (PROCESS_UPSTREAM, _asks("upstream")),
    (PROCESS_DOCUMENTS, lambda r: "documents" in r.kinds and not r.documents),
    (DEPARTMENT_PROCESSES, lambda r: "processes" in r.kinds and not r.processes),
    (DOCUMENT_OLDER, _asks("superseded")),
    (DOCUMENT_NEWER, _asks("latest")),
    (DOCUMENT_CUSTOMER, lambda r: "customers" in r.kinds and not r.customers),
    (DOCUMENT_PROCESS, lambda r: "processes" in r.kinds and not r.processes),
    (DOCUMENT_DEVICES, lambda r: "devices" in r.kinds and not r.devices),
    (FIRMWARE_FIXES, lambda r: True),
    (FIRMWARE_INCIDENTS, lambda r: True),
)
_STARTS: dict[str, Callable[[Reading], tuple[str, ...]]] = {
    "Device": lambda r: r.devices,
    "Series": lambda r: r.series,
    "Incident": lambda r: r.incidents,
    "Article": lambda r: r.articles,
    "Customer": lambda r: r.customers,
    "Journey": lambda r: r.journeys,
    "Process": lambda r: r.processes,
    "Department": lambda r: r.departments,
    "Document": lambda r: r.documents,
    "Firmware": lambda r: r.firmware,
}
LABELS = {
    "devices": "Device",
    "incidents": "Incident",
    "support_articles": "Article",
    "customers": "Customer",
    "journeys": "Journey",
    "processes": "Process",
    "documents": "Document",
}
"""Record type -> label of its nodes."""


def chosen(
    reading: Reading, singled_out: Mapping[str, Sequence[str]], in_tables: Mapping[str, Sequence[str]] | None = None
) -> list[tuple[Template, list[str]]]:
    """The templates for a reading with the ids that each starts from.

    `singled_out` are further starts by label, found elsewhere, `in_tables` the records that the tables found for the same
    question, by type; None if they were not asked. What they found is not asked of the graph again, and what they could have
    found only along with something else: most questions then need no round trip. Where they found the incidents of a device, it
    is one step from these to the articles, not two.
    """
    of_devices = in_tables.get("incidents", ()) if in_tables and reading.devices and "Device" not in singled_out else ()
    one_step = bool(of_devices) and _asks_for_unnamed_incidents(reading)
    if one_step:
        singled_out = {**singled_out, "Incident": of_devices}
    needed: list[tuple[Template, list[str]]] = []
    along: list[tuple[Template, list[str]]] = []
    for template, rule in _RULES:
        further = singled_out.get(template.label, ())
        ids = list(dict.fromkeys((*_STARTS[template.label](reading), *further)))
        if not ids or not rule(reading) or (one_step and template is DEVICE_EXPLAINED):
            continue
        if in_tables is None or not template.held or further:
            needed.append((template, ids))
        elif template.held not in in_tables:
            along.append((template, ids))
    return needed and needed + along


def left_to_tables(reading: Reading) -> list[Template]:
    """The templates for a reading whose records the tables hold too."""
    return [template for template, rule in _RULES if template.held and rule(reading) and _STARTS[template.label](reading)]


def together(parts: Sequence[tuple[Template, list[str]]]) -> tuple[str, dict[str, list[str]]]:
    """One query for several templates, which saves round trips, and its parameters."""
    query = " UNION ALL ".join(template.cypher(place) for place, (template, _) in enumerate(parts))
    return query, {f"ids{place}": ids for place, (_, ids) in enumerate(parts)}
