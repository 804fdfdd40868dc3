"""The tables of the stage knowledge: what each row holds and what it refers to.

Belongs here: declarations only. How the rows come about stands in the modules beside this file.
"""

from lenovo_pipeline.contracts import Column, Table

KINDS = ("devices", "support", "technical", "business", "customer", "uploads")
"""Kinds of text: one collection of vectors each."""

CHUNKS = Table(
    stage="knowledge",
    name="chunks",
    description="All texts, split by structure into passages that the encoder reads whole.",
    key=("chunk_id",),
    columns=(
        Column(
            name="chunk_id",
            type="text",
            description="Chunk id: hash of record, position, context and text, so that an equal id means an equal embedding.",
            unique=True,
            pattern=r"CHK-[0-9a-f]{24}",
        ),
        Column(name="record_id", type="text", description="Record whose text it is a part of."),
        Column(name="kind", type="text", description="Kind of text: the collection it belongs to.", choices=KINDS),
        Column(name="record_type", type="text", description="Table of the record, without its stage."),
        Column(name="title", type="text", description="Title of the record."),
        Column(
            name="section", type="text", description="Headings above the passage, outermost first, joined by ' > '; may be empty."
        ),
        Column(name="position", type="integer", description="Place among the record's chunks, from 0.", minimum=0),
        Column(name="language", type="text", description="Language of the text (BCP 47); und where it is not known."),
        Column(
            name="context",
            type="text",
            description="Title and section, embedded and indexed before a text that does not say them itself; may be empty.",
        ),
        Column(
            name="text",
            type="text",
            description="The passage, word for word.",
            derived_from=(
                "enterprise.devices.text",
                "enterprise.support_articles.text",
                "enterprise.incidents.text",
                "enterprise.technical_docs.text",
                "enterprise.documents.text",
                "enterprise.processes.text",
                "enterprise.customers.text",
                "enterprise.journeys.text",
                "uploads.texts.text",
            ),
        ),
        Column(
            name="tokens",
            type="integer",
            description="Tokens of context and text, without [CLS] and [SEP].",
            unit="token",
            minimum=1,
        ),
        Column(
            name="anchor",
            type="text",
            description="Anchor entity of the record, `kind:key`; empty for uploads.",
            nullable=True,
            pattern=r"(series|process|customer):.+",
        ),
    ),
)


def _count(name: str, description: str, unit: str, *derived_from: str) -> Column:
    return Column(name=name, type="integer", description=description, unit=unit, minimum=0, derived_from=derived_from)


def _rate(name: str, description: str, *derived_from: str, nullable: bool = False) -> Column:
    return Column(
        name=name,
        type="number",
        description=description,
        unit="1",
        minimum=0,
        maximum=1,
        derived_from=derived_from,
        nullable=nullable,
    )


USAGE = Table(
    stage="knowledge",
    name="usage",
    description="Usage by department and device: people, sessions, actions, hours, reported errors.",
    key=("department_id", "device_id"),
    columns=(
        Column(name="department_id", type="text", description="Department.", references="enterprise.departments.department_id"),
        Column(
            name="department", type="text", description="Name of the department.", derived_from=("enterprise.departments.name",)
        ),
        Column(name="device_id", type="text", description="Device.", references="enterprise.devices.device_id"),
        Column(name="device", type="text", description="Name of the device.", derived_from=("enterprise.devices.name",)),
        _count("people", "People who used it.", "user", "enterprise.interactions.user_id"),
        _count("sessions", "Sessions.", "session", "enterprise.interactions.session_id"),
        _count("actions", "Actions.", "action", "enterprise.interactions.interaction_id"),
        Column(
            name="hours",
            type="number",
            description="Time in use.",
            unit="h",
            minimum=0,
            derived_from=("enterprise.interactions.duration_s",),
        ),
        _count("errors", "Errors reported.", "action", "enterprise.interactions.action"),
        _count("incident_actions", "Actions that an incident caused.", "action", "enterprise.interactions.incident_id"),
    ),
)

PROCESS_PERFORMANCE = Table(
    stage="knowledge",
    name="process_performance",
    description="Performance of each process against its service level, over all months and in the last three.",
    key=("process_id",),
    columns=(
        Column(name="process_id", type="text", description="Process.", references="enterprise.processes.process_id"),
        Column(name="process", type="text", description="Name of the process.", derived_from=("enterprise.processes.name",)),
        Column(
            name="department", type="text", description="Name of the department.", derived_from=("enterprise.departments.name",)
        ),
        Column(
            name="sla_hours",
            type="number",
            description="Agreed time.",
            unit="h",
            derived_from=("enterprise.processes.sla_hours",),
        ),
        _rate("target_rate", "Share that must keep the agreed time.", "enterprise.processes.target_rate"),
        _count("completed", "Cases completed.", "case", "enterprise.process_metrics.completed"),
        _rate(
            "kept_rate",
            "Share that kept the agreed time; empty without cases.",
            "enterprise.process_metrics.breached",
            nullable=True,
        ),
        _rate("recent_kept_rate", "The same in the last three months.", "enterprise.process_metrics.breached", nullable=True),
        Column(
            name="mean_hours",
            type="number",
            description="Mean time, weighted by cases; empty without cases.",
            unit="h",
            nullable=True,
            derived_from=("enterprise.process_metrics.mean_hours",),
        ),
        Column(name="meets_target", type="boolean", description="Whether the share kept reaches the target.", nullable=True),
    ),
)

JOURNEY_CONVERSION = Table(
    stage="knowledge",
    name="journey_conversion",
    description="Conversion of customer journeys by customer type: how many reach each stage, win, and what they are worth.",
    key=("customer_type", "stage"),
    columns=(
        Column(name="customer_type", type="text", description="Type.", derived_from=("enterprise.customers.customer_type",)),
        Column(name="stage", type="text", description="Stage of the journey."),
        _count("stage_position", "Place of the stage, from 1.", "1"),
        _count("journeys", "Journeys of this type.", "journey", "enterprise.journeys.journey_id"),
        _count("reached", "Journeys with a touchpoint in this stage or a later one.", "journey", "enterprise.touchpoints.stage"),
        _rate("reach_rate", "Share of journeys that reached the stage.", "enterprise.touchpoints.stage"),
        _count("won", "Of these, won.", "journey", "enterprise.journeys.outcome"),
        Column(
            name="value_usd",
            type="number",
            description="Value of those won.",
            unit="USD",
            minimum=0,
            derived_from=("enterprise.journeys.value_usd",),
        ),
    ),
)

CHAT_ANALYTICS = Table(
    stage="knowledge",
    name="chat_analytics",
    description="Chats by intent, language and device family: volume, length, resolution, rating, articles pointed to.",
    key=("intent", "language", "family"),
    columns=(
        Column(name="intent", type="text", description="Intent.", derived_from=("enterprise.chat_messages.intent",)),
        Column(name="language", type="text", description="Language.", derived_from=("enterprise.chat_messages.language",)),
        Column(name="family", type="text", description="Device family.", derived_from=("enterprise.devices.family",)),
        _count("chats", "Chats.", "chat", "enterprise.chat_messages.chat_id"),
        _count("messages", "Messages.", "message", "enterprise.chat_messages.message_id"),
        _rate("resolved_rate", "Share of chats that ended with the problem solved.", "enterprise.chat_messages.resolved"),
        _rate("article_rate", "Share of chats that point to an article.", "enterprise.chat_messages.article_id"),
        Column(
            name="mean_rating",
            type="number",
            description="Mean rating; empty where nobody rated.",
            unit="1-5",
            minimum=1,
            maximum=5,
            nullable=True,
            derived_from=("enterprise.chat_messages.rating",),
        ),
    ),
)

UPLOAD_INVENTORY = Table(
    stage="knowledge",
    name="upload_inventory",
    description="Uploaded files by reader and status, with their rows, texts and the devices that they mention.",
    key=("reader", "status"),
    min_rows=0,
    columns=(
        Column(name="reader", type="text", description="Reader.", derived_from=("uploads.files.reader",)),
        Column(name="status", type="text", description="What became of the files.", derived_from=("uploads.files.status",)),
        _count("files", "Files.", "file", "uploads.files.file_id"),
        _count("bytes", "Size.", "B", "uploads.files.bytes"),
        _count("rows_loaded", "Rows loaded.", "row", "uploads.files.rows_loaded"),
        _count("rows_rejected", "Rows rejected.", "row", "uploads.files.rows_rejected"),
        _count("texts", "Texts.", "text", "uploads.files.texts"),
        _count("devices", "Different devices mentioned.", "device", "uploads.texts.mentioned_device_ids"),
    ),
)

ANALYTICS = Table(
    stage="knowledge",
    name="analytics",
    description="The headline figures of the five analytics tables, one a row.",
    key=("topic", "subject", "measure"),
    columns=(
        Column(name="topic", type="text", description="Table that the figure comes from."),
        Column(name="subject", type="text", description="What it is about; 'all' for a total."),
        Column(name="measure", type="text", description="What was measured."),
        Column(name="value", type="number", description="The figure; empty where there is nothing to measure.", nullable=True),
        Column(name="unit", type="text", description="Its unit."),
    ),
)

STORE_AGREEMENT = Table(
    stage="knowledge",
    name="store_agreement",
    description="For each store and kind of record: what should be there by the warehouse, and what is there.",
    key=("store", "kind"),
    columns=(
        Column(name="store", type="text", description="Store.", choices=("chroma", "graph", "keyword_index")),
        Column(name="kind", type="text", description="Collection, label or relationship type."),
        _count("expected", "Records that should be there.", "record"),
        _count("found", "Records that are there.", "record"),
        _count("missing", "Expected but absent.", "record"),
        _count("stale", "There, with other content.", "record"),
        _count("surplus", "There, but not expected.", "record"),
        Column(name="examples", type="text[]", description="Up to five ids that disagree."),
    ),
)

GRAPH_RECORDS = Table(
    stage="knowledge",
    name="graph",
    description="What the graph holds of each record: a node or a relationship, and the hash it was written with.",
    key=("kind", "id"),
    columns=(
        Column(name="kind", type="text", description="Label of the node or type of the relationship."),
        Column(name="id", type="text", description="Id of the node, or of the relationship: its ends and its type."),
    ),
)
"""Not a table of the warehouse: it describes the records of the asset `knowledge/graph`."""

TABLES = (
    CHUNKS,
    USAGE,
    PROCESS_PERFORMANCE,
    JOURNEY_CONVERSION,
    CHAT_ANALYTICS,
    UPLOAD_INVENTORY,
    ANALYTICS,
    STORE_AGREEMENT,
)
