"""The tables of the enterprise world: what each record holds, in which unit, and what it refers to.

Belongs here: declarations only. How the records come about stands in the simulation modules beside this file.
Times are UTC without a zone. Every table that carries a text says its language, the template family that wrote it
and the anchor entity whose group decides the split (see anchors.py).
"""

from datetime import date, datetime

from lenovo_pipeline.contracts import Column, Table

FAMILIES = ("Mobile", "Laptop", "Server")
LANGUAGES = ("en", "zh-Hans", "zh-Hant")
LOCALES = ("en-US", "en-GB", "en-SG", "zh-HK", "zh-CN", "zh-TW", "de-DE", "fr-FR", "es-ES", "pt-BR", "ja-JP")
SEVERITIES = ("low", "medium", "high", "critical")
CUSTOMER_TYPES = ("enterprise", "small_business", "public_sector", "education", "reseller")
JOURNEY_STAGES = ("awareness", "consideration", "evaluation", "purchase", "deployment", "support", "renewal")
JOURNEY_OUTCOMES = ("won", "lost", "open")
DOCUMENT_TYPES = (
    "policy",
    "datasheet",
    "release_note",
    "meeting_minutes",
    "contract_summary",
    "price_list",
    "project_report",
    "training_guide",
    "security_advisory",
    "audit_report",
    "service_bulletin",
    "business_proposal",
)
ARTICLE_CATEGORIES = (
    "battery",
    "display",
    "connectivity",
    "performance",
    "storage",
    "audio",
    "camera",
    "firmware",
    "security",
    "thermal",
    "peripherals",
    "power",
)
TECHNICAL_CATEGORIES = (
    "architecture",
    "api_reference",
    "deployment",
    "configuration",
    "hardware_maintenance",
    "firmware_interface",
    "networking",
    "performance_tuning",
    "security_hardening",
    "integration",
)
EARLIEST = date(2015, 1, 1)
LATEST = date(2040, 12, 31)
_FIRST_MOMENT = datetime(2015, 1, 1)
_LAST_MOMENT = datetime(2040, 12, 31)


def _id(name: str, description: str, pattern: str) -> Column:
    return Column(name=name, type="text", description=description, unique=True, pattern=pattern)


def _day(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name=name, type="date", description=description, minimum=EARLIEST, maximum=LATEST, nullable=nullable)


def _moment(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(
        name=name, type="timestamp", description=description, minimum=_FIRST_MOMENT, maximum=_LAST_MOMENT, nullable=nullable
    )


def _text_columns(*derived_from: str) -> tuple[Column, ...]:
    return (
        Column(name="language", type="text", description="Language of the text (BCP 47).", choices=LANGUAGES),
        Column(name="template", type="text", description="Template family that wrote the text; families never cross splits."),
        Column(
            name="anchor",
            type="text",
            description="Anchor entity, `kind:key`; its group decides the split.",
            pattern=r"(series|process|customer):.+",
        ),
        Column(
            name="text",
            type="text",
            description="The record as a document, Markdown headings included.",
            personal=True,
            derived_from=derived_from,
        ),
    )


COMPONENTS = Table(
    stage="enterprise",
    name="components",
    description="Parts that devices are made of and that incidents are about.",
    key=("component_id",),
    columns=(
        _id("component_id", "Component id.", r"CMP-[A-Z0-9-]+"),
        Column(name="name", type="text", description="Name in English.", unique=True),
        Column(name="category", type="text", description="Support category it belongs to.", choices=ARTICLE_CATEGORIES),
        Column(name="families", type="text[]", description="Device families that have it."),
    ),
)

DEVICES = Table(
    stage="enterprise",
    name="devices",
    description="The product catalogue: phones, laptops and servers with typed specifications.",
    key=("device_id",),
    min_rows=130,
    columns=(
        _id("device_id", "Device id, made from the name.", r"DEV-[A-Z0-9-]+"),
        Column(name="name", type="text", description="Market name, for example ThinkPad T14 Gen 5.", unique=True),
        Column(name="family", type="text", description="Device family.", choices=FAMILIES),
        Column(name="brand", type="text", description="Sub-brand: Moto Edge, razr, Moto G, ThinkPad, ThinkSystem …"),
        Column(
            name="series",
            type="text",
            description="Series within the sub-brand, for example ThinkPad T14: the group of a device.",
        ),
        Column(name="generation", type="integer", description="Generation within the series, from 1.", minimum=1),
        Column(name="machine_type", type="text", description="Machine type or model number.", unique=True),
        Column(name="cpu", type="text", description="Processor or system-on-chip."),
        Column(
            name="cpu_cores", type="integer", description="Processor cores (all sockets).", unit="cores", minimum=2, maximum=512
        ),
        Column(
            name="memory_gb", type="integer", description="Memory of the base configuration.", unit="GB", minimum=2, maximum=16384
        ),
        Column(
            name="storage_gb",
            type="integer",
            description="Storage of the base configuration.",
            unit="GB",
            minimum=32,
            maximum=1_000_000,
        ),
        Column(
            name="display_inch", type="number", description="Display diagonal.", unit="inch", nullable=True, minimum=3, maximum=20
        ),
        Column(
            name="display_resolution",
            type="text",
            description="Display resolution.",
            unit="pixel",
            nullable=True,
            pattern=r"\d+ x \d+",
        ),
        Column(
            name="refresh_rate_hz",
            type="integer",
            description="Display refresh rate.",
            unit="Hz",
            nullable=True,
            minimum=30,
            maximum=360,
        ),
        Column(
            name="battery_mah",
            type="integer",
            description="Battery of a phone.",
            unit="mAh",
            nullable=True,
            minimum=1000,
            maximum=10000,
        ),
        Column(
            name="battery_wh",
            type="number",
            description="Battery of a laptop.",
            unit="Wh",
            nullable=True,
            minimum=20,
            maximum=100,
        ),
        Column(name="power_supply_w", type="integer", description="Charger or power supply.", unit="W", minimum=5, maximum=6000),
        Column(
            name="rack_units", type="integer", description="Height of a server.", unit="U", nullable=True, minimum=1, maximum=14
        ),
        Column(name="weight_kg", type="number", description="Weight.", unit="kg", minimum=0.1, maximum=300),
        Column(name="ports", type="text[]", description="Ports."),
        Column(name="operating_system", type="text", description="Operating system it ships with."),
        Column(name="price_usd", type="number", description="List price at release.", unit="USD", minimum=80, maximum=500_000),
        _day("release_date", "General availability."),
        Column(name="warranty_months", type="integer", description="Base warranty.", unit="month", minimum=12, maximum=84),
        _day("end_of_support", "Last day of support; after the release."),
        Column(
            name="predecessor_id",
            type="text",
            description="Device it follows.",
            nullable=True,
            references="enterprise.devices.device_id",
        ),
        Column(
            name="successor_id",
            type="text",
            description="Device that follows it.",
            nullable=True,
            references="enterprise.devices.device_id",
        ),
        *_text_columns("enterprise.devices.name"),
    ),
)

FIRMWARE = Table(
    stage="enterprise",
    name="firmware",
    description="Firmware releases of each device.",
    key=("firmware_id",),
    columns=(
        _id("firmware_id", "Firmware id, made from device and version.", r"FW-[A-Z0-9.-]+"),
        Column(name="device_id", type="text", description="Device it runs on.", references="enterprise.devices.device_id"),
        Column(name="version", type="text", description="Version, for example 1.24 or U1UGS34.12."),
        _day("released_on", "Day of release; not before the device's."),
        Column(
            name="previous_id",
            type="text",
            description="Release it replaces.",
            nullable=True,
            references="enterprise.firmware.firmware_id",
        ),
        Column(name="change_summary", type="text", description="What it changes, in a sentence."),
    ),
)

DEPARTMENTS = Table(
    stage="enterprise",
    name="departments",
    description="The departments of the organisation.",
    key=("department_id",),
    min_rows=14,
    columns=(
        _id("department_id", "Department id.", r"DPT-[A-Z0-9-]+"),
        Column(name="name", type="text", description="Name.", unique=True),
        Column(name="site", type="text", description="Main site, for example Hong Kong."),
        Column(name="cost_centre", type="text", description="Cost centre.", unique=True),
        Column(name="mission", type="text", description="What it is for, in a sentence."),
    ),
)

USERS = Table(
    stage="enterprise",
    name="users",
    description="Employees who use the devices.",
    key=("user_id",),
    min_rows=200,
    columns=(
        _id("user_id", "User id.", r"USR-\d+"),
        Column(name="name", type="text", description="Full name.", personal=True),
        Column(name="email", type="text", description="E-mail address.", personal=True, unique=True, pattern=r"[^@\s]+@[^@\s]+"),
        Column(name="department_id", type="text", description="Department.", references="enterprise.departments.department_id"),
        Column(name="role", type="text", description="Role."),
        Column(
            name="seniority",
            type="text",
            description="Seniority.",
            choices=("junior", "intermediate", "senior", "lead", "manager", "director"),
        ),
        Column(name="locale", type="text", description="Locale (BCP 47).", choices=LOCALES),
        Column(name="manager_id", type="text", description="Manager.", nullable=True, references="enterprise.users.user_id"),
        Column(name="device_ids", type="text[]", description="Assigned devices.", references="enterprise.devices.device_id"),
        _day("hired_on", "First day at work."),
    ),
)

INCIDENTS = Table(
    stage="enterprise",
    name="incidents",
    description="What broke, on which device and firmware, when, why, and what fixed it.",
    key=("incident_id",),
    columns=(
        _id("incident_id", "Incident id.", r"INC-\d+"),
        Column(name="device_id", type="text", description="Device it happened on.", references="enterprise.devices.device_id"),
        Column(
            name="component_id",
            type="text",
            description="Component that failed.",
            references="enterprise.components.component_id",
        ),
        Column(
            name="firmware_id",
            type="text",
            description="Firmware it happened under.",
            references="enterprise.firmware.firmware_id",
        ),
        Column(
            name="fixed_firmware_id",
            type="text",
            description="Firmware that fixed it, where firmware did.",
            nullable=True,
            references="enterprise.firmware.firmware_id",
        ),
        Column(name="category", type="text", description="Support category.", choices=ARTICLE_CATEGORIES),
        Column(name="error_code", type="text", description="Error code that users see."),
        Column(name="symptom", type="text", description="What users saw, in a sentence."),
        Column(name="cause", type="text", description="Root cause, in a sentence."),
        Column(name="fix", type="text", description="What fixed it, in a sentence."),
        Column(name="severity", type="text", description="Severity.", choices=SEVERITIES),
        Column(name="affected_users", type="integer", description="Users affected.", unit="user", minimum=1),
        _moment("started_at", "When it began."),
        _moment("detected_at", "When it was noticed; not before it began."),
        _moment("resolved_at", "When it was fixed; empty while open.", nullable=True),
        *_text_columns("enterprise.incidents.symptom", "enterprise.incidents.cause", "enterprise.incidents.fix"),
    ),
)

INTERACTIONS = Table(
    stage="enterprise",
    name="interactions",
    description="Sessions of users: actions by application and device over 30 days.",
    key=("interaction_id",),
    columns=(
        _id("interaction_id", "Interaction id.", r"INT-[A-Z0-9-]+"),
        Column(name="session_id", type="text", description="Session it belongs to."),
        Column(name="user_id", type="text", description="User.", references="enterprise.users.user_id"),
        Column(name="device_id", type="text", description="Device used.", references="enterprise.devices.device_id"),
        Column(name="application", type="text", description="Application."),
        Column(
            name="action",
            type="text",
            description="What was done.",
            choices=("open", "edit", "search", "call", "sync", "print", "restart", "report_error"),
        ),
        _moment("started_at", "When it began."),
        Column(name="duration_s", type="integer", description="How long it took.", unit="s", minimum=1, maximum=43200),
        Column(
            name="incident_id",
            type="text",
            description="Incident that caused it.",
            nullable=True,
            references="enterprise.incidents.incident_id",
        ),
    ),
)

PROCESSES = Table(
    stage="enterprise",
    name="processes",
    description="Business processes: steps, owner, service level, neighbours.",
    key=("process_id",),
    min_rows=100,
    columns=(
        _id("process_id", "Process id.", r"PRC-[A-Z0-9-]+"),
        Column(name="name", type="text", description="Name.", unique=True),
        Column(name="process_family", type="text", description="Family of processes: the group of a process."),
        Column(name="department_id", type="text", description="Department.", references="enterprise.departments.department_id"),
        Column(name="owner_id", type="text", description="Owner.", references="enterprise.users.user_id"),
        Column(name="steps", type="text[]", description="Steps, in order."),
        Column(name="sla_hours", type="number", description="Agreed time to complete.", unit="h", minimum=0.5, maximum=2000),
        Column(
            name="target_rate",
            type="number",
            description="Share that must keep the agreed time.",
            unit="1",
            minimum=0.5,
            maximum=1,
        ),
        Column(
            name="upstream_ids",
            type="text[]",
            description="Processes it waits for.",
            references="enterprise.processes.process_id",
        ),
        Column(
            name="downstream_ids",
            type="text[]",
            description="Processes that wait for it.",
            references="enterprise.processes.process_id",
        ),
        _day("established_on", "Since when it runs."),
        *_text_columns("enterprise.processes.name", "enterprise.processes.steps", "enterprise.processes.sla_hours"),
    ),
)

PROCESS_METRICS = Table(
    stage="enterprise",
    name="process_metrics",
    description="Monthly performance of each process.",
    key=("process_id", "month"),
    columns=(
        Column(name="process_id", type="text", description="Process.", references="enterprise.processes.process_id"),
        _day("month", "First day of the month."),
        Column(name="completed", type="integer", description="Cases completed.", unit="case", minimum=0),
        Column(name="breached", type="integer", description="Cases beyond the agreed time.", unit="case", minimum=0),
        Column(name="mean_hours", type="number", description="Mean time to complete.", unit="h", minimum=0),
        Column(name="p95_hours", type="number", description="95th percentile of the time to complete.", unit="h", minimum=0),
    ),
)

CUSTOMERS = Table(
    stage="enterprise",
    name="customers",
    description="B2B customers.",
    key=("customer_id",),
    columns=(
        _id("customer_id", "Customer id.", r"CUS-\d+"),
        Column(name="name", type="text", description="Name of the organisation.", unique=True),
        Column(name="customer_type", type="text", description="Type.", choices=CUSTOMER_TYPES),
        Column(name="industry", type="text", description="Industry."),
        Column(name="country", type="text", description="Country or region."),
        Column(name="city", type="text", description="City."),
        Column(name="locale", type="text", description="Locale (BCP 47).", choices=LOCALES),
        Column(name="contact_name", type="text", description="Contact person.", personal=True),
        Column(name="contact_email", type="text", description="Contact address.", personal=True, pattern=r"[^@\s]+@[^@\s]+"),
        Column(name="account_manager_id", type="text", description="Account manager.", references="enterprise.users.user_id"),
        _day("customer_since", "First contract."),
        *_text_columns("enterprise.customers.name", "enterprise.customers.industry"),
    ),
)

JOURNEYS = Table(
    stage="enterprise",
    name="journeys",
    description="Customer journeys: from the first contact to the outcome.",
    key=("journey_id",),
    min_rows=100,
    columns=(
        _id("journey_id", "Journey id.", r"JRN-\d+"),
        Column(name="customer_id", type="text", description="Customer.", references="enterprise.customers.customer_id"),
        Column(name="stage", type="text", description="Last stage reached.", choices=JOURNEY_STAGES),
        Column(name="outcome", type="text", description="Outcome.", choices=JOURNEY_OUTCOMES),
        Column(name="quoted_device_ids", type="text[]", description="Devices quoted.", references="enterprise.devices.device_id"),
        Column(
            name="bought_device_ids",
            type="text[]",
            description="Devices bought: some of those quoted.",
            references="enterprise.devices.device_id",
        ),
        Column(name="units", type="integer", description="Units bought.", unit="unit", minimum=0),
        Column(name="value_usd", type="number", description="Order value.", unit="USD", minimum=0),
        Column(
            name="satisfaction", type="integer", description="Survey answer.", unit="1-5", nullable=True, minimum=1, maximum=5
        ),
        _moment("started_at", "First touchpoint."),
        _moment("ended_at", "Last touchpoint; empty while open.", nullable=True),
        *_text_columns("enterprise.journeys.quoted_device_ids", "enterprise.journeys.outcome"),
    ),
)

TOUCHPOINTS = Table(
    stage="enterprise",
    name="touchpoints",
    description="Contacts within a journey, in the order of time.",
    key=("touchpoint_id",),
    columns=(
        _id("touchpoint_id", "Touchpoint id.", r"TCH-[A-Z0-9-]+"),
        Column(name="journey_id", type="text", description="Journey.", references="enterprise.journeys.journey_id"),
        Column(name="stage", type="text", description="Stage.", choices=JOURNEY_STAGES),
        Column(
            name="channel",
            type="text",
            description="Channel.",
            choices=("web", "email", "phone", "meeting", "event", "portal", "chat"),
        ),
        Column(name="user_id", type="text", description="Employee in charge.", references="enterprise.users.user_id"),
        Column(
            name="device_id",
            type="text",
            description="Device talked about.",
            nullable=True,
            references="enterprise.devices.device_id",
        ),
        _moment("happened_at", "When."),
        Column(name="note", type="text", description="What happened, in a sentence."),
    ),
)

DOCUMENTS = Table(
    stage="enterprise",
    name="documents",
    description="Business documents of 12 types; later versions supersede earlier ones.",
    key=("document_id",),
    min_rows=200,
    columns=(
        _id("document_id", "Document id.", r"DOC-\d+"),
        Column(name="title", type="text", description="Title."),
        Column(name="document_type", type="text", description="Type.", choices=DOCUMENT_TYPES),
        Column(name="department_id", type="text", description="Department.", references="enterprise.departments.department_id"),
        Column(name="author_id", type="text", description="Author.", references="enterprise.users.user_id"),
        Column(name="device_ids", type="text[]", description="Devices it is about.", references="enterprise.devices.device_id"),
        Column(
            name="customer_id",
            type="text",
            description="Customer it is about.",
            nullable=True,
            references="enterprise.customers.customer_id",
        ),
        Column(
            name="process_id",
            type="text",
            description="Process it is about.",
            nullable=True,
            references="enterprise.processes.process_id",
        ),
        Column(name="facts", type="json", description="The facts that the text states: name -> value, with units in the name."),
        Column(name="version", type="integer", description="Version, from 1.", minimum=1),
        Column(
            name="supersedes_id",
            type="text",
            description="Earlier version that it replaces.",
            nullable=True,
            references="enterprise.documents.document_id",
        ),
        _moment("published_at", "When it was published."),
        *_text_columns("enterprise.documents.facts"),
    ),
)

SUPPORT_ARTICLES = Table(
    stage="enterprise",
    name="support_articles",
    description="Support knowledge: symptom, cause, numbered resolution, affected devices and firmware.",
    key=("article_id",),
    min_rows=500,
    columns=(
        _id("article_id", "Article id.", r"KB-\d+"),
        Column(name="title", type="text", description="Title."),
        Column(name="category", type="text", description="Category.", choices=ARTICLE_CATEGORIES),
        Column(
            name="incident_id",
            type="text",
            description="Incident that it explains; empty for a how-to.",
            nullable=True,
            references="enterprise.incidents.incident_id",
        ),
        Column(name="symptom", type="text", description="Symptom, in the article's language."),
        Column(name="cause", type="text", description="Cause, in the article's language."),
        Column(name="resolution_steps", type="text[]", description="Resolution, step by step, in the article's language."),
        Column(name="device_ids", type="text[]", description="Affected devices.", references="enterprise.devices.device_id"),
        Column(
            name="firmware_ids", type="text[]", description="Affected firmware.", references="enterprise.firmware.firmware_id"
        ),
        Column(name="severity", type="text", description="Severity.", choices=SEVERITIES),
        Column(name="author_id", type="text", description="Author.", references="enterprise.users.user_id"),
        _moment("published_at", "When it was published; not before its incident was fixed."),
        *_text_columns(
            "enterprise.support_articles.symptom",
            "enterprise.support_articles.cause",
            "enterprise.support_articles.resolution_steps",
        ),
    ),
)

TECHNICAL_DOCS = Table(
    stage="enterprise",
    name="technical_docs",
    description="Technical documentation: sections, parameters and limits of devices and services.",
    key=("technical_doc_id",),
    min_rows=150,
    columns=(
        _id("technical_doc_id", "Technical document id.", r"TEC-\d+"),
        Column(name="title", type="text", description="Title."),
        Column(name="category", type="text", description="Category.", choices=TECHNICAL_CATEGORIES),
        Column(name="device_ids", type="text[]", description="Devices it is about.", references="enterprise.devices.device_id"),
        Column(name="section_titles", type="text[]", description="Sections, in order."),
        Column(name="parameters", type="json", description="List of {name, value, unit, minimum, maximum, section}."),
        Column(
            name="related_doc_ids",
            type="text[]",
            description="Other technical documents that it refers to.",
            references="enterprise.technical_docs.technical_doc_id",
        ),
        Column(name="author_id", type="text", description="Author.", references="enterprise.users.user_id"),
        _moment("published_at", "When it was published; not before its devices."),
        *_text_columns("enterprise.technical_docs.parameters"),
    ),
)

CHAT_MESSAGES = Table(
    stage="enterprise",
    name="chat_messages",
    description="Messages between users and the support assistant.",
    key=("message_id",),
    columns=(
        _id("message_id", "Message id.", r"MSG-[A-Z0-9-]+"),
        Column(name="chat_id", type="text", description="Chat it belongs to."),
        Column(name="user_id", type="text", description="User.", references="enterprise.users.user_id"),
        Column(name="position", type="integer", description="Place in the chat, from 1.", minimum=1),
        Column(name="role", type="text", description="Who speaks.", choices=("user", "assistant")),
        Column(name="language", type="text", description="Language (BCP 47).", choices=LANGUAGES),
        Column(name="text", type="text", description="What is said.", personal=True),
        Column(
            name="intent",
            type="text",
            description="What the chat is about.",
            choices=("troubleshoot", "how_to", "order", "warranty", "complaint", "status"),
        ),
        Column(name="device_id", type="text", description="Device talked about.", references="enterprise.devices.device_id"),
        Column(
            name="incident_id",
            type="text",
            description="Incident behind the chat.",
            nullable=True,
            references="enterprise.incidents.incident_id",
        ),
        Column(
            name="article_id",
            type="text",
            description="Article that the assistant points to; published before.",
            nullable=True,
            references="enterprise.support_articles.article_id",
        ),
        Column(
            name="rating",
            type="integer",
            description="Rating by the user, on the last message.",
            unit="1-5",
            nullable=True,
            minimum=1,
            maximum=5,
        ),
        Column(name="resolved", type="boolean", description="Whether the chat ended with the problem solved."),
        _moment("sent_at", "When it was sent."),
    ),
)

TABLES = (
    COMPONENTS,
    DEVICES,
    FIRMWARE,
    DEPARTMENTS,
    USERS,
    INCIDENTS,
    INTERACTIONS,
    PROCESSES,
    PROCESS_METRICS,
    CUSTOMERS,
    JOURNEYS,
    TOUCHPOINTS,
    DOCUMENTS,
    SUPPORT_ARTICLES,
    TECHNICAL_DOCS,
    CHAT_MESSAGES,
)
