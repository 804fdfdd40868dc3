"""The tables of stage `roster`: costs, entries, what was decided about each, what runs where, and the manifest of the snapshot.

Belongs here: declarations only. Decisions and deployments are ledgers: they are added to, never replaced.
"""

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.evaluation.tables import KINDS, SCORES
from lenovo_pipeline.roster.deploying.transitions import ENVIRONMENTS as ENVIRONMENTS

AGENTIC = "agentic_workflow"
"""The kind of candidates that do tasks instead of answering questions; they have figures, and no score table of questions."""

ENTRY_KINDS = (*KINDS, AGENTIC)
VERDICTS = ("promoted", "held", "rejected")


def _measured(name: str, description: str, unit: str, *sources: str) -> Column:
    return Column(
        name=name, type="number", description=description, unit=unit, minimum=0, nullable=True, derived_from=tuple(sources)
    )


def _of_scores(column: str) -> tuple[str, ...]:
    return tuple(f"evaluation.{kind}.{column}" for kind in SCORES)


COST = Table(
    stage="roster",
    name="cost",
    description="What each candidate costs by what was measured of it: tokens, time, making, size, and money for 1,000 answers.",
    key=("entry",),
    columns=(
        Column(
            name="entry",
            type="text",
            description="Name of the candidate.",
            derived_from=("evaluation.leaderboard.candidate", "evaluation.agentic_workflow.candidate"),
        ),
        Column(name="kind", type="text", description="What it is built as.", choices=ENTRY_KINDS),
        Column(name="model", type="text", description="Base model by its name in the catalogue; empty where there is none."),
        Column(
            name="answers",
            type="integer",
            description="Answers that this was measured of; of an agent, attempts at tasks.",
            minimum=0,
        ),
        _measured("tokens_in", "Tokens that an answer is asked with, mean.", "token", *_of_scores("tokens_in")),
        _measured("tokens_out", "Tokens of an answer, mean.", "token", *_of_scores("tokens_out")),
        _measured("answer_s", "Time that somebody waits for an answer, mean.", "s", *_of_scores("latency_s")),
        Column(
            name="asked_together",
            type="integer",
            description="Answers that were under way at once.",
            minimum=1,
            nullable=True,
        ),
        _measured(
            "machine_s",
            "Time that the machine is busy for an answer: of each group that was asked together the longest answer, over all "
            "answers. Of an agent the time of an attempt, beside which others were under way, so that it is less.",
            "s",
            *_of_scores("latency_s"),
        ),
        _measured("build_s", "Time that training took here: its own and that of what it was made from.", "s"),
        _measured("size_mb", "Size of its files; of an adapter, with its base.", "MB", "models.foundation.size_bytes"),
        _measured("peak_memory_mb", "Peak memory by the build's passport, where it was measured.", "MB"),
        Column(name="currency", type="text", description="Currency of the policy (ISO 4217).", pattern=r"[A-Z]{3}"),
        _measured("machine_per_1000", "Machine time of 1,000 answers, at the policy's cost of a machine-hour.", "currency"),
        _measured("price_per_1000", "What the catalogue's price makes of the tokens of 1,000 answers.", "currency"),
        _measured("per_1000", "Both together: what 1,000 answers cost.", "currency"),
        Column(name="unknown", type="text[]", description="For each figure that is not known, `figure: why`."),
        Column(name="header", type="text", description="Header of what was measured.", pattern=r"[0-9a-f]{16}"),
    ),
)

ENTRIES = Table(
    stage="roster",
    name="entries",
    description="Each candidate as the roster sees it: what it is, under which licence, how large, and which evidence there is.",
    key=("entry",),
    columns=(
        Column(
            name="entry",
            type="text",
            description="Name of the candidate.",
            derived_from=("evaluation.leaderboard.candidate",),
        ),
        Column(name="kind", type="text", description="What it is built as.", choices=ENTRY_KINDS),
        Column(name="model", type="text", description="Base model by its name in the catalogue; empty where there is none."),
        Column(name="evaluations", type="text[]", description="Evaluations that there are scores of."),
        Column(
            name="outdated",
            type="text[]",
            description="For each evaluation whose scores are of data that have changed since, `evaluation: why`.",
            derived_from=("evaluation.headers.items_hash",),
        ),
        Column(
            name="headers",
            type="text[]",
            description="Headers of those scores.",
            derived_from=("evaluation.headers.header", "evaluation.agentic_workflow.header"),
        ),
        Column(name="runnable", type="boolean", description="Whether it can run at all: the references of an evaluation cannot."),
        Column(name="licence", type="text", description="Licence of the model, or of this project where there is no model."),
        Column(name="licence_class", type="text", description="Class of the licence; unknown where nobody has published it."),
        Column(name="allowed_uses", type="text[]", description="Intended uses that the licence allows."),
        Column(name="refused_uses", type="text[]", description="For each other use, `use: reason`."),
        Column(
            name="targets",
            type="text[]",
            description="Deployment targets: those that a build was made for, else those that the catalogue names.",
            derived_from=("models.catalogue.targets",),
        ),
        Column(
            name="measured_targets",
            type="text[]",
            description="Those of the targets that its speed counts as measured for; for the others it is an estimate.",
        ),
        Column(
            name="ineligible_because",
            type="text[]",
            description="What it does not show although a build of its kind has to.",
            derived_from=("evaluation.lift.met", "evaluation.lift.note"),
        ),
        Column(
            name="passport",
            type="json",
            description="Figures of the build itself: {figure: {target: {value, measured}}}; empty for what has no passport.",
        ),
        Column(
            name="size_mb",
            type="number",
            description="Size of its files; of an adapter, with its base.",
            unit="MB",
            minimum=0,
            nullable=True,
        ),
        Column(
            name="parameters_billion",
            type="number",
            description="Parameters of the model.",
            unit="10^9",
            minimum=0,
            nullable=True,
        ),
        Column(
            name="cost",
            type="number",
            description="What 1,000 answers cost, in the policy's currency; empty: not known.",
            unit="currency",
            minimum=0,
            nullable=True,
            derived_from=("roster.cost.per_1000",),
        ),
    ),
)

DECISIONS = Table(
    stage="roster",
    name="decisions",
    description="What was decided about each entry for each use case, with every rule; a row is added when the evidence is new.",
    key=("decision_id",),
    columns=(
        Column(
            name="decision_id",
            type="text",
            description="Made from use case, entry, evidence and the decision before.",
            pattern=r"DEC-[0-9a-f]{16}",
        ),
        Column(name="previous", type="text", description="The decision before, of the same entry and use case.", nullable=True),
        Column(name="decided_at", type="timestamp", description="When it was decided."),
        Column(name="environment", type="text", description="Environment.", choices=ENVIRONMENTS),
        Column(name="use_case", type="text", description="Use case of the policy."),
        Column(name="entry", type="text", description="Name of the candidate.", derived_from=("roster.entries.entry",)),
        Column(name="model", type="text", description="Its base model; empty where there is none."),
        Column(
            name="verdict",
            type="text",
            description="promoted: it may run; held: a rule is not kept, or another entry is better; rejected: it may never run.",
            choices=VERDICTS,
        ),
        Column(name="reason", type="text", description="Why, in one sentence."),
        Column(name="evidence", type="text", description="SHA-256 over everything that was judged.", pattern=r"[0-9a-f]{64}"),
        Column(
            name="headers",
            type="text[]",
            description="Headers of the scores that were judged.",
            derived_from=("evaluation.headers.header",),
        ),
        Column(name="policy", type="json", description="The rules of the use case as they were applied."),
        Column(
            name="rules",
            type="json",
            description="For each rule: {rule, text, figure, lower, upper, bound, limit, verdict, note}.",
        ),
        Column(name="sequence", type="integer", description="Number among all decisions, in the order of writing.", minimum=1),
        Column(name="follows", type="text", description="Hash of the decision written before it.", pattern=r"[0-9a-f]{64}"),
        Column(name="hash", type="text", description="SHA-256 over everything else in the row.", pattern=r"[0-9a-f]{64}"),
    ),
)

DEPLOYMENTS = Table(
    stage="roster",
    name="deployments",
    description="What runs where: at most one active entry for each environment and use case, by primary key.",
    key=("environment", "use_case"),
    min_rows=0,
    columns=(
        Column(name="environment", type="text", description="Environment.", choices=ENVIRONMENTS),
        Column(name="use_case", type="text", description="Use case of the policy."),
        Column(name="entry", type="text", description="The entry that runs there.", derived_from=("roster.entries.entry",)),
        Column(name="model", type="text", description="Its base model; empty where there is none."),
        Column(
            name="decision_id",
            type="text",
            description="The decision that promoted it.",
            references="roster.decisions.decision_id",
        ),
        Column(name="since", type="timestamp", description="When it began to run."),
    ),
)

POLICY_RULES = Table(
    stage="roster",
    name="policy",
    description="One floor of the policy file.",
    key=("use_case", "environment", "metric", "slice"),
    columns=(
        Column(name="use_case", type="text", description="Use case."),
        Column(name="environment", type="text", description="Environment.", choices=ENVIRONMENTS),
        Column(name="metric", type="text", description="Figure that is limited."),
        Column(name="slice", type="text", description="Questions that it is taken over."),
        Column(name="floor", type="text", description="The limit in words."),
    ),
)
"""Not a table of the warehouse: it describes the records of the asset `roster/policy`."""

PUBLISHED_TABLES = Table(
    stage="roster",
    name="published",
    description="One entry of the snapshot's manifest: a table, or one model's part of it.",
    key=("table", "model"),
    columns=(
        Column(name="table", type="text", description="Qualified name of the table in the snapshot."),
        Column(name="model", type="text", description="Model partition; empty for a table that has none."),
        Column(name="data_version", type="text", description="SHA-256 of the rows' content hashes."),
        Column(name="rows", type="integer", description="Rows in the snapshot.", minimum=0),
    ),
)
"""Not a table of the warehouse: it describes the records of the asset `roster/published`."""

TABLES = (COST, ENTRIES, DECISIONS, DEPLOYMENTS)
