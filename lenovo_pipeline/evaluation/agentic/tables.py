"""The table of figures of agent workflows. Belongs here: the declaration only."""

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.evaluation.agentic.measures import KINDS, MEASURES, SLICES

_ATTEMPTS = ("success", "right_refusal", "refused", "wrong_effects", "leaks", "recovered", "valid_calls", "seconds", "cost")

AGENTIC_WORKFLOW = Table(
    stage="evaluation",
    name="agentic_workflow",
    description="What each agent workflow reaches, by category and with 95 % intervals, beside reference, no-op and chance.",
    key=("model", "candidate", "metric", "slice"),
    partitioned=True,
    min_rows=0,
    columns=(
        Column(name="model", type="text", description="Base model by its name in the catalogue."),
        Column(name="candidate", type="text", description="Name of the candidate: who decides, and in which workflow."),
        Column(name="kind", type="text", description="Who decides.", choices=KINDS),
        Column(
            name="workflow",
            type="text",
            description="Workflow; empty: none.",
            nullable=True,
            references="agents.workflows.workflow",
        ),
        Column(name="metric", type="text", description="Figure.", choices=tuple(MEASURES)),
        Column(
            name="slice",
            type="text",
            description="Attempts that it is taken over.",
            choices=SLICES,
            derived_from=("agents.tasks.category", "agents.tasks.steps", "agents.tasks.language"),
        ),
        Column(
            name="value",
            type="number",
            description="The figure.",
            derived_from=tuple(f"agents.attempts.{name}" for name in _ATTEMPTS),
        ),
        Column(
            name="lower",
            type="number",
            description="Lower bound of the 95 % interval, resampled by what tasks are about; empty: none.",
            nullable=True,
        ),
        Column(name="upper", type="number", description="Upper bound of the 95 % interval; empty: none.", nullable=True),
        Column(name="scored", type="integer", description="Attempts that count.", unit="attempt", minimum=1),
        Column(name="attempts", type="integer", description="Attempts of the slice.", unit="attempt", minimum=1),
        Column(name="clusters", type="integer", description="Entities that they are about.", unit="entity", minimum=1),
        Column(name="unit", type="text", description="Unit of the figure."),
        Column(name="header", type="text", description="Hash of what made the figures.", pattern=r"[0-9a-f]{16}"),
        Column(name="made_by", type="json", description="What made them: attempts, builds, tasks, measures."),
    ),
)

TABLES = (AGENTIC_WORKFLOW,)
