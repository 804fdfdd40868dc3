"""The tables of stage `agents` about running workflows: definitions, attempts of them, replays of the attempts.

Belongs here: declarations only. Tasks and the adapter are declared in agents/tables.py.
"""

from lenovo_pipeline.agents.running.attempt import ENDINGS
from lenovo_pipeline.contracts import Column, Table

FRAMEWORKS = ("langgraph", "smolagents")
PROFILES = ("full", "mobile")

WORKFLOWS = Table(
    stage="agents",
    name="workflows",
    description="The workflow definitions of data/workflows, one row for each profile; rejected files are told in the metadata.",
    key=("workflow",),
    columns=(
        Column(name="workflow", type="text", description="Title: the name, and the profile if it is not the full one."),
        Column(name="version", type="integer", description="Version that the file states.", minimum=1),
        Column(name="framework", type="text", description="What runs it.", choices=FRAMEWORKS),
        Column(name="profile", type="text", description="Full, or for mobile targets.", choices=PROFILES),
        Column(name="description", type="text", description="What it is for."),
        Column(name="content", type="text", description="Hash of everything that it says.", pattern=r"[0-9a-f]{32}", unique=True),
        Column(name="pattern", type="text", description="How its roles work together; empty without roles.", nullable=True),
        Column(name="nodes", type="text[]", description="Nodes, in the order of the file."),
        Column(name="decided_by_model", type="text[]", description="Nodes in which the model decides."),
        Column(name="tools", type="text[]", description="Tools that it may call."),
        Column(name="approval", type="text[]", description="Tools that wait for a person."),
        Column(name="build", type="text", description="Which build of the model answers.", choices=("agent", "base", "edge")),
        Column(name="max_steps", type="integer", description="Tool calls that an attempt may make.", unit="call", minimum=1),
        Column(name="max_tokens", type="integer", description="Tokens that an attempt may use.", unit="token", minimum=1),
        Column(name="max_seconds", type="number", description="Time that an attempt may take.", unit="s", minimum=0),
        Column(name="definition", type="json", description="The whole definition."),
        Column(name="mermaid", type="text", description="Its graph in Mermaid's language."),
    ),
)

ATTEMPTS = Table(
    stage="agents",
    name="attempts",
    description="Every attempt of a workflow at a task, judged by the state that it left; its whole trace lies under `path`.",
    key=("model", "workflow", "task_id"),
    partitioned=True,
    columns=(
        Column(name="model", type="text", description="Model partition."),
        Column(name="workflow", type="text", description="Workflow.", references="agents.workflows.workflow"),
        Column(name="task_id", type="text", description="Task.", references="agents.tasks.task_id"),
        Column(name="attempt_id", type="text", description="Hash of all that a replay must repeat.", pattern=r"[0-9a-f]{16}"),
        Column(name="framework", type="text", description="What ran it.", choices=FRAMEWORKS),
        Column(name="profile", type="text", description="Full, or for mobile targets.", choices=PROFILES),
        Column(name="build", type="text", description="Build of the model that answered."),
        Column(name="category", type="text", description="Category of the task."),
        Column(name="feasible", type="boolean", description="Whether the task can and may be done."),
        Column(name="ending", type="text", description="How it ended.", choices=tuple(ENDINGS)),
        Column(name="reason", type="text", description="Why it ended so."),
        Column(name="success", type="boolean", description="Goal reached (or rightly refused), nothing wrong written, no leak."),
        Column(name="goal_reached", type="boolean", description="Whether the state is the one that the task wants."),
        Column(name="right_refusal", type="boolean", description="Refused rightly; empty if feasible.", nullable=True),
        Column(name="refused", type="boolean", description="Whether it was handed over to a person by the tool."),
        Column(name="wrong_effects", type="integer", description="Rows written that must not be.", unit="row", minimum=0),
        Column(name="leaks", type="integer", description="Values told that the actor may not see.", minimum=0),
        Column(name="recovered", type="boolean", description="Success after a fault; empty without one.", nullable=True),
        Column(name="shortfall", type="text", description="What is missing for success; empty for one.", nullable=True),
        Column(name="steps", type="integer", description="Steps of the trace.", unit="step", minimum=0),
        Column(name="steps_by_model", type="integer", description="Steps that the model decided.", unit="step", minimum=0),
        Column(name="steps_by_code", type="integer", description="Steps that code decided.", unit="step", minimum=0),
        Column(name="calls", type="integer", description="Tool calls.", unit="call", minimum=0),
        Column(name="valid_calls", type="integer", description="Tool calls of a known tool with fitting arguments.", minimum=0),
        Column(name="tokens_in", type="integer", description="Tokens read by the model.", unit="token", minimum=0),
        Column(name="tokens_out", type="integer", description="Tokens written by the model.", unit="token", minimum=0),
        Column(name="seconds", type="number", description="Time of the attempt, beside others under way.", unit="s", minimum=0),
        Column(name="model_seconds", type="number", description="Waiting for the model.", unit="s", minimum=0),
        Column(name="tool_seconds", type="number", description="Time of tool calls.", unit="s", minimum=0),
        Column(name="framework_seconds", type="number", description="Everything but model and tools.", unit="s", minimum=0),
        Column(name="cost", type="number", description="In the currency of the model's price.", nullable=True, minimum=0),
        Column(name="path", type="text", description="Folder of the recording, relative to data/store."),
    ),
)

REPLAYS = Table(
    stage="agents",
    name="replays",
    description="Each recorded attempt run again without model and stores: whether state and trace are the same, or where not.",
    key=("model", "workflow", "task_id"),
    partitioned=True,
    min_rows=0,
    columns=(
        Column(name="model", type="text", description="Model partition."),
        Column(name="workflow", type="text", description="Workflow.", references="agents.workflows.workflow"),
        Column(name="task_id", type="text", description="Task.", references="agents.tasks.task_id"),
        Column(
            name="attempt_id",
            type="text",
            description="The attempt that was replayed.",
            derived_from=("agents.attempts.attempt_id",),
        ),
        Column(name="same_state", type="boolean", description="Whether it left the same rows."),
        Column(name="same_trace", type="boolean", description="Whether every step, call and answer is the same."),
        Column(name="differences", type="text[]", description="Where it differs."),
    ),
)

TABLES = (WORKFLOWS, ATTEMPTS, REPLAYS)
