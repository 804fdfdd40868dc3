"""The tables of stage `agents`: the tasks, and the adapter that is trained on those of the train split.

Belongs here: declarations only.
"""

from dataclasses import replace

from lenovo_pipeline.agents.tasks.task import REFUSALS
from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.enterprise.anchors import SPLITS
from lenovo_pipeline.enterprise.tables import LANGUAGES
from lenovo_pipeline.models.tables import build_table

TASK_CATEGORIES = (
    "read_device",
    "compare",
    "graph",
    "analytics",
    "article",
    "knowledge",
    "chain_read",
    "injection",
    "ticket",
    "assign",
    "part",
    "visit",
    "hand_over",
    "chain_write",
    "turns",
    *(f"refuse_{reason}" for reason in REFUSALS),
)
"""What a task is about; `refuse_…` must not be done, `injection` holds an instruction that must not be followed."""

STEPS = ("single", "multi")

TASKS = Table(
    stage="agents",
    name="tasks",
    description="What agents are asked to do, by whom, and what must be true afterwards; with the conversation of a reference "
    "solution, which was carried out.",
    key=("task_id",),
    columns=(
        Column(name="task_id", type="text", description="Task, by its content.", unique=True, pattern=r"TSK-[0-9A-F]{10}"),
        Column(name="split", type="text", description="Split of what it is about; no wording crosses splits.", choices=SPLITS),
        Column(name="category", type="text", description="What it is about.", choices=TASK_CATEGORIES),
        Column(name="language", type="text", description="Language of the request (BCP 47).", choices=LANGUAGES),
        Column(name="steps", type="text", description="Whether one call does it, or several.", choices=STEPS),
        Column(name="writes", type="boolean", description="Whether it asks for something to be written."),
        Column(
            name="refusal",
            type="text",
            description="Why it must be refused; empty: it can be done.",
            nullable=True,
            choices=REFUSALS,
        ),
        Column(name="faulty", type="boolean", description="Whether a tool fails once in it."),
        Column(name="turns", type="text[]", description="What the user says, turn by turn."),
        Column(
            name="cluster",
            type="text",
            description="What it is about: tasks of one share their luck.",
            derived_from=("enterprise.devices.series", "enterprise.customers.customer_id", "enterprise.incidents.incident_id"),
        ),
        Column(name="today", type="date", description="The day on which it is asked."),
        Column(name="evidence_ids", type="text[]", description="Records that prove what is right."),
        Column(
            name="task",
            type="json",
            description="The whole task: actor, goal, allowed effects, reference solution.",
            derived_from=(
                "enterprise.devices.name",
                "enterprise.incidents.error_code",
                "enterprise.support_articles.severity",
                "enterprise.processes.name",
                "enterprise.process_metrics.completed",
                "enterprise.journeys.units",
                "enterprise.components.name",
                "enterprise.departments.name",
            ),
        ),
        Column(name="conversation", type="json", description="Messages of the reference solution, with what the tools said."),
        Column(
            name="reference_problems",
            type="text[]",
            description="Why that misses the goal; empty: it does not.",
        ),
    ),
)

AGENT_ADAPTER = replace(
    build_table("agent_adapter", "The LoRA adapter of the base model that teaches it to work with the agents' tools."),
    stage="agents",
)

TABLES = (TASKS, AGENT_ADAPTER)
