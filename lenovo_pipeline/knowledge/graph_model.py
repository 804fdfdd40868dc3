"""What the graph holds: which rows become nodes and which columns become relationships.

Belongs here: the mapping, and nothing else. How frames become a graph stands in graph.py, how it is written in graph_sync.py.
Left out on purpose: texts (they are searched in the vector store), the stated facts of documents, addresses of persons,
and the columns by which gold questions are made and split (`template`, `anchor`).
"""

from dataclasses import dataclass

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.uploads import tables as uploads


@dataclass(frozen=True)
class NodeKind:
    """The rows of `table` as nodes: `id` from the column `key` (rows with the same key are one node), `name` from `name`."""

    label: str
    table: Table
    key: str
    name: str
    properties: tuple[str, ...] = ()


@dataclass(frozen=True)
class RelationshipKind:
    """`(start)-[type]->(end)` for each row of `table` in which both columns are filled; a list column: one for each element."""

    type: str
    start: str
    end: str
    table: Table
    start_column: str
    end_column: str

    @property
    def kind(self) -> str:
        """How states and reports name it; the same for kinds that differ only in the table they come from."""
        return f"({self.start})-[{self.type}]->({self.end})"


NODES = (
    NodeKind(
        "Device",
        enterprise.DEVICES,
        "device_id",
        "name",
        (
            "family",
            "brand",
            "series",
            "generation",
            "machine_type",
            "cpu",
            "cpu_cores",
            "memory_gb",
            "storage_gb",
            "display_inch",
            "display_resolution",
            "refresh_rate_hz",
            "battery_mah",
            "battery_wh",
            "power_supply_w",
            "rack_units",
            "weight_kg",
            "operating_system",
            "price_usd",
            "release_date",
            "warranty_months",
            "end_of_support",
        ),
    ),
    NodeKind("Series", enterprise.DEVICES, "series", "series", ("family", "brand")),
    NodeKind("Component", enterprise.COMPONENTS, "component_id", "name", ("category",)),
    NodeKind("Firmware", enterprise.FIRMWARE, "firmware_id", "version", ("released_on", "change_summary")),
    NodeKind("Department", enterprise.DEPARTMENTS, "department_id", "name", ("site", "cost_centre", "mission")),
    NodeKind("User", enterprise.USERS, "user_id", "name", ("role", "seniority", "locale", "hired_on")),
    NodeKind(
        "Incident",
        enterprise.INCIDENTS,
        "incident_id",
        "error_code",
        (
            "category",
            "symptom",
            "cause",
            "fix",
            "severity",
            "affected_users",
            "started_at",
            "detected_at",
            "resolved_at",
            "language",
        ),
    ),
    NodeKind("Process", enterprise.PROCESSES, "process_id", "name", ("process_family", "sla_hours", "target_rate")),
    NodeKind(
        "Customer",
        enterprise.CUSTOMERS,
        "customer_id",
        "name",
        ("customer_type", "industry", "country", "city", "locale", "customer_since"),
    ),
    NodeKind(
        "Journey",
        enterprise.JOURNEYS,
        "journey_id",
        "journey_id",
        ("stage", "outcome", "units", "value_usd", "satisfaction", "started_at", "ended_at"),
    ),
    NodeKind("Document", enterprise.DOCUMENTS, "document_id", "title", ("document_type", "version", "published_at", "language")),
    NodeKind(
        "Article",
        enterprise.SUPPORT_ARTICLES,
        "article_id",
        "title",
        ("category", "symptom", "cause", "severity", "published_at", "language"),
    ),
    NodeKind("TechnicalDoc", enterprise.TECHNICAL_DOCS, "technical_doc_id", "title", ("category", "published_at", "language")),
    NodeKind("Upload", uploads.FILES, "file_id", "path", ("sha256", "bytes", "reader", "status", "rows_loaded", "texts")),
)

RELATIONSHIPS = (
    RelationshipKind("IN_SERIES", "Device", "Series", enterprise.DEVICES, "device_id", "series"),
    RelationshipKind("SUCCEEDS", "Device", "Device", enterprise.DEVICES, "device_id", "predecessor_id"),
    RelationshipKind("RUNS_ON", "Firmware", "Device", enterprise.FIRMWARE, "firmware_id", "device_id"),
    RelationshipKind("REPLACES", "Firmware", "Firmware", enterprise.FIRMWARE, "firmware_id", "previous_id"),
    RelationshipKind("WORKS_IN", "User", "Department", enterprise.USERS, "user_id", "department_id"),
    RelationshipKind("REPORTS_TO", "User", "User", enterprise.USERS, "user_id", "manager_id"),
    RelationshipKind("ASSIGNED", "User", "Device", enterprise.USERS, "user_id", "device_ids"),
    RelationshipKind("AFFECTS", "Incident", "Device", enterprise.INCIDENTS, "incident_id", "device_id"),
    RelationshipKind("ABOUT", "Incident", "Component", enterprise.INCIDENTS, "incident_id", "component_id"),
    RelationshipKind("UNDER", "Incident", "Firmware", enterprise.INCIDENTS, "incident_id", "firmware_id"),
    RelationshipKind("FIXED_BY", "Incident", "Firmware", enterprise.INCIDENTS, "incident_id", "fixed_firmware_id"),
    RelationshipKind("PART_OF", "Process", "Department", enterprise.PROCESSES, "process_id", "department_id"),
    RelationshipKind("OWNED_BY", "Process", "User", enterprise.PROCESSES, "process_id", "owner_id"),
    RelationshipKind("FEEDS", "Process", "Process", enterprise.PROCESSES, "process_id", "downstream_ids"),
    RelationshipKind("FEEDS", "Process", "Process", enterprise.PROCESSES, "upstream_ids", "process_id"),
    RelationshipKind("MANAGED_BY", "Customer", "User", enterprise.CUSTOMERS, "customer_id", "account_manager_id"),
    RelationshipKind("OF", "Journey", "Customer", enterprise.JOURNEYS, "journey_id", "customer_id"),
    RelationshipKind("QUOTED", "Journey", "Device", enterprise.JOURNEYS, "journey_id", "quoted_device_ids"),
    RelationshipKind("BOUGHT", "Journey", "Device", enterprise.JOURNEYS, "journey_id", "bought_device_ids"),
    RelationshipKind("HANDLED_BY", "Journey", "User", enterprise.TOUCHPOINTS, "journey_id", "user_id"),
    RelationshipKind("DISCUSSED", "Journey", "Device", enterprise.TOUCHPOINTS, "journey_id", "device_id"),
    RelationshipKind("ISSUED_BY", "Document", "Department", enterprise.DOCUMENTS, "document_id", "department_id"),
    RelationshipKind("WRITTEN_BY", "Document", "User", enterprise.DOCUMENTS, "document_id", "author_id"),
    RelationshipKind("DESCRIBES", "Document", "Device", enterprise.DOCUMENTS, "document_id", "device_ids"),
    RelationshipKind("CONCERNS", "Document", "Customer", enterprise.DOCUMENTS, "document_id", "customer_id"),
    RelationshipKind("GOVERNS", "Document", "Process", enterprise.DOCUMENTS, "document_id", "process_id"),
    RelationshipKind("SUPERSEDES", "Document", "Document", enterprise.DOCUMENTS, "document_id", "supersedes_id"),
    RelationshipKind("EXPLAINS", "Article", "Incident", enterprise.SUPPORT_ARTICLES, "article_id", "incident_id"),
    RelationshipKind("COVERS", "Article", "Device", enterprise.SUPPORT_ARTICLES, "article_id", "device_ids"),
    RelationshipKind("APPLIES_TO", "Article", "Firmware", enterprise.SUPPORT_ARTICLES, "article_id", "firmware_ids"),
    RelationshipKind("WRITTEN_BY", "Article", "User", enterprise.SUPPORT_ARTICLES, "article_id", "author_id"),
    RelationshipKind("DESCRIBES", "TechnicalDoc", "Device", enterprise.TECHNICAL_DOCS, "technical_doc_id", "device_ids"),
    RelationshipKind(
        "REFERS_TO", "TechnicalDoc", "TechnicalDoc", enterprise.TECHNICAL_DOCS, "technical_doc_id", "related_doc_ids"
    ),
    RelationshipKind("WRITTEN_BY", "TechnicalDoc", "User", enterprise.TECHNICAL_DOCS, "technical_doc_id", "author_id"),
    RelationshipKind("MENTIONS", "Upload", "Device", uploads.TEXTS, "file_id", "mentioned_device_ids"),
)

LABELS = tuple(node.label for node in NODES)
RELATIONSHIP_KINDS = {relationship.kind: relationship for relationship in RELATIONSHIPS}
TABLES = tuple({item.table.qualified_name: item.table for item in (*NODES, *RELATIONSHIPS)}.values())
"""The tables that the graph is made from, each once."""
