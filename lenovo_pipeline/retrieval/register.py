"""The records that can be evidence: what each is, what it is about, and under which names it is known.

Belongs here: reading all that from the views, once. Does not belong here: finding names (linking.py), searching.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.resources.views import Views
from lenovo_pipeline.retrieval.linking import Linker, Name
from lenovo_pipeline.uploads import tables as uploads

VIEWED = (
    enterprise.COMPONENTS,
    enterprise.DEVICES,
    enterprise.FIRMWARE,
    enterprise.DEPARTMENTS,
    enterprise.INCIDENTS,
    enterprise.PROCESSES,
    enterprise.CUSTOMERS,
    enterprise.JOURNEYS,
    enterprise.DOCUMENTS,
    enterprise.SUPPORT_ARTICLES,
    enterprise.TECHNICAL_DOCS,
    uploads.TEXTS,
    CHUNKS,
)
"""What retrieval reads of the warehouse."""

TITLES = ("article", "document", "technical_doc")
_FUZZY = ("device", "series", "customer", "process", "process_family")

# Kind of name -> (form, id) of all that bear it.
_NAMES = {
    "series": "SELECT DISTINCT series, series FROM enterprise.devices",
    "brand": "SELECT DISTINCT brand, brand FROM enterprise.devices",
    "operating_system": "SELECT DISTINCT operating_system, operating_system FROM enterprise.devices",
    "cpu": "SELECT DISTINCT cpu, cpu FROM enterprise.devices",
    "component": "SELECT name, component_id FROM enterprise.components",
    "department": "SELECT name, department_id FROM enterprise.departments",
    "incident": "SELECT error_code, incident_id FROM enterprise.incidents",
    "process": "SELECT name, process_id FROM enterprise.processes",
    "process_family": "SELECT DISTINCT process_family, process_family FROM enterprise.processes",
    "customer": "SELECT name, customer_id FROM enterprise.customers",
    "city": "SELECT DISTINCT city, city FROM enterprise.customers",
    "country": "SELECT DISTINCT country, country FROM enterprise.customers",
    "industry": "SELECT DISTINCT industry, industry FROM enterprise.customers",
    "document": "SELECT title, document_id FROM enterprise.documents",
    "article": "SELECT title, article_id FROM enterprise.support_articles",
    "technical_doc": "SELECT title, technical_doc_id FROM enterprise.technical_docs",
}

# Ids are names too: kind -> table and key.
_IDS = {
    "device": ("devices", "device_id"),
    "incident": ("incidents", "incident_id"),
    "process": ("processes", "process_id"),
    "customer": ("customers", "customer_id"),
    "journey": ("journeys", "journey_id"),
    "document": ("documents", "document_id"),
    "article": ("support_articles", "article_id"),
    "technical_doc": ("technical_docs", "technical_doc_id"),
}

# Record id, table, language, devices and customers that it is about, version (documents), the record that it replaces.
_RECORDS = """
SELECT device_id, 'devices', language, [device_id], [], NULL, NULL FROM enterprise.devices
UNION ALL SELECT incident_id, 'incidents', language, [device_id], [], NULL, NULL FROM enterprise.incidents
UNION ALL SELECT process_id, 'processes', language, [], [], NULL, NULL FROM enterprise.processes
UNION ALL SELECT customer_id, 'customers', language, [], [customer_id], NULL, NULL FROM enterprise.customers
UNION ALL SELECT journey_id, 'journeys', language, quoted_device_ids, [customer_id], NULL, NULL FROM enterprise.journeys
UNION ALL SELECT document_id, 'documents', language, device_ids, CASE WHEN customer_id IS NULL THEN [] ELSE [customer_id] END,
  version, supersedes_id FROM enterprise.documents
UNION ALL SELECT article_id, 'support_articles', language, device_ids, [], NULL, NULL FROM enterprise.support_articles
UNION ALL SELECT technical_doc_id, 'technical_docs', language, device_ids, [], NULL, NULL FROM enterprise.technical_docs
UNION ALL SELECT text_id, 'texts', language, mentioned_device_ids, [], NULL, NULL FROM uploads.texts
"""

# Ties that one key of the tables holds, under the names of the graph's templates (graph_queries.py): (start, record).
_TIES = {
    "device of the incident": "SELECT incident_id, device_id FROM enterprise.incidents",
    "articles on the incident": "SELECT incident_id, article_id FROM enterprise.support_articles",
    "incident behind the article": "SELECT article_id, incident_id FROM enterprise.support_articles",
    "articles on the same incident": "SELECT a.article_id, b.article_id FROM enterprise.support_articles a"
    " JOIN enterprise.support_articles b ON b.incident_id = a.incident_id AND b.article_id != a.article_id",
    "customer of the journey": "SELECT journey_id, customer_id FROM enterprise.journeys",
    "customer of the document": "SELECT document_id, customer_id FROM enterprise.documents",
}


@dataclass(frozen=True)
class Record:
    """A record with a text. `superseded_by` is the document that replaced it."""

    record_type: str
    language: str
    devices: tuple[str, ...]
    customers: tuple[str, ...]
    version: int | None = None
    superseded_by: str | None = None


@dataclass(frozen=True)
class Device:
    name: str
    series: str
    brand: str
    generation: int
    released: int
    """Year of release."""


@dataclass(frozen=True)
class Register:
    """All records, the passages of each (chunk ids in order), devices by id, and the names that questions may use."""

    records: dict[str, Record]
    chunks: dict[str, tuple[str, ...]]
    devices: dict[str, Device]
    firmware: dict[tuple[str, str], str]
    """(device id, version) -> firmware id."""
    linker: Linker = field(repr=False)
    ties: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict, repr=False)
    """What one key ties to a record: name of the tie (_TIES) -> start -> record ids."""

    @property
    def record_of(self) -> dict[str, str]:
        """Chunk id -> record id."""
        return {chunk: record for record, chunks in self.chunks.items() for chunk in chunks}


def read_register(views: Views) -> Register:
    """The register of these views (VIEWED at least)."""
    replaced: dict[str, str] = {}
    records: dict[str, Record] = {}
    for record_id, table, language, devices, customers, version, supersedes in views.rows(_RECORDS):
        records[record_id] = Record(table, language or "und", tuple(devices or ()), tuple(customers or ()), version)
        if supersedes is not None:
            replaced[supersedes] = record_id
    for old, new in replaced.items():
        if old in records:
            one = records[old]
            records[old] = Record(one.record_type, one.language, one.devices, one.customers, one.version, new)
    chunks = _grouped(views, "SELECT record_id, chunk_id FROM knowledge.chunks ORDER BY record_id, position")
    devices = {
        device_id: Device(name, series, brand, generation, released)
        for device_id, name, series, brand, generation, released in views.rows(
            "SELECT device_id, name, series, brand, generation, year(release_date) FROM enterprise.devices"
        )
    }
    firmware = {(d, v): f for d, v, f in views.rows("SELECT device_id, version, firmware_id FROM enterprise.firmware")}
    linker = Linker(_names(views, devices), fuzzy=_FUZZY, titles=TITLES)
    return Register(records, chunks, devices, firmware, linker, {name: _grouped(views, query) for name, query in _TIES.items()})


def _grouped(views: Views, query: str) -> dict[str, tuple[str, ...]]:
    """The second column of these rows, in their order, by the first; rows in which either is empty are left out."""
    found: dict[str, list[str]] = {}
    for key, value in views.rows(query):
        if key is not None and value is not None:
            found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}


def _names(views: Views, devices: dict[str, Device]) -> Iterator[Name]:
    for kind, query in _NAMES.items():
        yield from (Name(kind, identity, form) for form, identity in views.rows(query) if form)
    for kind, (table, key) in _IDS.items():
        yield from (Name(kind, identity, identity) for (identity,) in views.rows(f"SELECT {key} FROM enterprise.{table}"))
    for device_id, machine_type in views.rows("SELECT device_id, machine_type FROM enterprise.devices"):
        yield Name("device", device_id, machine_type)
    for device_id, form in _device_forms(devices):
        yield Name("device", device_id, form)


def _device_forms(devices: dict[str, Device]) -> Iterator[tuple[str, str]]:
    """Names and their usual variants: without the brand, G5 for Gen 5; a variant that several devices share is none."""
    full = {device.name.casefold() for device in devices.values()}
    forms: dict[str, set[str]] = {}
    for device_id, device in devices.items():
        yield device_id, device.name
        rest = device.name.removeprefix(device.brand).strip()
        variants = {device.name.replace(" Gen ", " G")}
        # What is left without the brand must still be more than a number, or any 50 would be a phone.
        if any(c.isalpha() for c in rest) and any(c.isdigit() for c in rest) and len(rest) >= 5:
            variants |= {rest, rest.replace(" Gen ", " G")}
        for variant in variants:
            if variant.casefold() not in full:
                forms.setdefault(variant, set()).add(device_id)
    yield from ((next(iter(ids)), form) for form, ids in forms.items() if len(ids) == 1)


def names_of(register: Register) -> dict[str, Any]:
    """Counts of what the register holds, for metadata."""
    return {"records": len(register.records), "chunks": sum(map(len, register.chunks.values())), "devices": len(register.devices)}
