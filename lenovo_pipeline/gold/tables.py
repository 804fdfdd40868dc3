"""The tables of stage gold: questions whose right answers are known, and what is relevant to each.

Belongs here: declarations only. Nothing of these tables may be indexed or shown to a candidate.
"""

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.enterprise.anchors import SPLITS
from lenovo_pipeline.enterprise.tables import FAMILIES, LANGUAGES
from lenovo_pipeline.enterprise.tables import TABLES as ENTERPRISE_TABLES

ANSWER_TYPES = ("text", "number", "list", "yes_no", "refusal")
CATEGORIES = (
    "basic",
    "paraphrased",
    "multi_hop",
    "aggregate",
    "comparison",
    "constrained",
    "temporal",
    "conflicting",
    "negated",
    "unanswerable",
    "chinese",
)
EVIDENCE_TABLES = (
    "devices",
    "incidents",
    "processes",
    "customers",
    "journeys",
    "documents",
    "support_articles",
    "technical_docs",
)
"""The enterprise tables whose records carry a text, so that a question about them can be answered by reading."""

_IDS = tuple(f"enterprise.{table.name}.{table.key[0]}" for table in ENTERPRISE_TABLES if table.name in EVIDENCE_TABLES)
_TEXTS = tuple(f"enterprise.{name}.text" for name in EVIDENCE_TABLES)

LEVELS = ("record", "chunk")

QUESTIONS = Table(
    stage="gold",
    name="questions",
    description="Questions with answers computed from the records that prove them, split by the group of their anchor entity.",
    key=("question_id",),
    columns=(
        Column(
            name="question_id",
            type="text",
            description="Made from question and answer.",
            unique=True,
            pattern=r"GQ-[0-9a-f]{16}",
        ),
        Column(name="question", type="text", description="The question as a person asks it.", unique=True),
        Column(name="answer_type", type="text", description="What kind of answer is right.", choices=ANSWER_TYPES),
        Column(name="unit", type="text", description="Unit of a number.", nullable=True),
        Column(
            name="answer",
            type="text",
            description="Canonical answer: text, a plain decimal number, list items joined by '; ', yes or no, or the refusal.",
            derived_from=_TEXTS,
        ),
        Column(name="answer_items", type="text[]", description="The items of a list, in any order; else the answer alone."),
        Column(name="aliases", type="text[]", description="Other forms that are right, those in the evidence first."),
        Column(
            name="extractive", type="boolean", description="Whether the answer or an alias stands in the text of the evidence."
        ),
        Column(
            name="evidence_ids",
            type="text[]",
            description="Records that prove the answer; empty for a refusal.",
            derived_from=_IDS,
        ),
        Column(name="evidence_types", type="text[]", description="Enterprise table of each evidence record, in the same order."),
        Column(
            name="evidence_facts",
            type="json",
            description="For each evidence record, in order: {role: answer or support, surfaces: the fact in its text}.",
        ),
        Column(
            name="alternate_ids",
            type="text[]",
            description="Other records that retell an answering record and state the answer too: as relevant, but not needed.",
        ),
        Column(name="category", type="text", description="What makes the question hard.", choices=CATEGORIES),
        Column(name="language", type="text", description="Language of the question (BCP 47).", choices=LANGUAGES),
        Column(name="split", type="text", description="Split of the anchor.", choices=SPLITS),
        Column(name="anchor", type="text", description="Anchor entity, `kind:key`.", pattern=r"(series|process|customer):.+"),
        Column(
            name="family",
            type="text",
            description="Device family, where the question is about devices.",
            nullable=True,
            choices=FAMILIES,
        ),
        Column(
            name="phrasing",
            type="text",
            description="Phrasing family: kind of question and hash of its pattern.",
            pattern=r"[a-z_]+/[0-9a-f]{10}",
        ),
        Column(name="program", type="json", description="How to compute the answer anew: {op, …arguments}."),
    ),
)

QRELS = Table(
    stage="gold",
    name="qrels",
    description="What is relevant to each answerable question: records and chunks.",
    key=("question_id", "level", "target_id"),
    columns=(
        Column(name="question_id", type="text", description="Question.", references="gold.questions.question_id"),
        Column(name="level", type="text", description="What the target is.", choices=LEVELS),
        Column(
            name="target_id",
            type="text",
            description="Record id, or chunk id of knowledge.chunks.",
            derived_from=("knowledge.chunks.chunk_id",),
        ),
        Column(
            name="relevance",
            type="integer",
            description="2: states the answer or a value that it is computed from; 1: states another fact that the answer needs.",
            minimum=1,
            maximum=2,
        ),
    ),
)

TABLES = (QUESTIONS, QRELS)
