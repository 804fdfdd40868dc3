"""The tables of stage prompts: templates, imported collections, evaluation prompts, adversarial and counterfactual ones.

Belongs here: declarations only.
"""

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.enterprise.anchors import SPLITS
from lenovo_pipeline.enterprise.tables import FAMILIES, LANGUAGES
from lenovo_pipeline.gold.tables import ANSWER_TYPES

CATEGORIES = (
    "business_scenarios",
    "device_support",
    "customer_service",
    "technical_documentation",
    "mobile_edge",
    "factory_roster",
)
"""The libraries, which are also the categories of evaluation prompts."""

DIFFICULTIES = ("easy", "medium", "hard")
IMPORT_STATUSES = ("accepted", "duplicate", "rejected")
FLAGS = ("secret", "injection", "very_long")
EFFECTS = ("same_answer", "opposite_answer", "other_answer", "refusal")
GROUPS = (
    "typos",
    "keyboard_slips",
    "negation",
    "contradiction",
    "distraction",
    "prompt_injection",
    "jailbreak",
    "role_confusion",
    "unicode_and_emoji",
    "empty_and_very_long",
    "mixed_languages",
    "numbers_and_units",
    "format_attacks",
)
CHARACTERISTICS = (
    "gender",
    "age",
    "nationality_or_origin",
    "disability",
    "religion",
    "locale",
    "seniority",
    "device_tier",
)
PROTECTED = CHARACTERISTICS[:5]

_HASH = r"[0-9a-f]{64}"
_LANGUAGE = Column(name="language", type="text", description="Language (BCP 47).", choices=LANGUAGES)

LIBRARY = Table(
    stage="prompts",
    name="library",
    description="The prompt templates of data/prompts that are valid, each with its version in the MLflow prompt registry.",
    key=("template_id",),
    columns=(
        Column(
            name="template_id",
            type="text",
            description="`library.sub_domain.id`, also its name in the registry.",
            unique=True,
            pattern=r"[a-z0-9_]+\.[a-z0-9_]+\.[a-z0-9-]+",
        ),
        Column(name="library", type="text", description="Library.", choices=CATEGORIES),
        Column(name="sub_domain", type="text", description="Sub-domain of the library."),
        Column(name="purpose", type="text", description="What it is for."),
        Column(name="task_type", type="text", description="What the model is asked to do."),
        _LANGUAGE,
        Column(name="version", type="integer", description="Version that its author gave it.", minimum=1),
        Column(
            name="status", type="text", description="Active (in production) or draft (on trial).", choices=("active", "draft")
        ),
        Column(name="variables", type="json", description="Name -> {type, description, example, choices}."),
        Column(name="template", type="text", description="The text with {{placeholders}}."),
        Column(name="example", type="text", description="The text with the examples of its variables."),
        Column(name="file", type="text", description="File below data/prompts."),
        Column(name="file_sha256", type="text", description="Hash of the file.", pattern=_HASH),
        Column(name="text_sha256", type="text", description="Hash of the text.", pattern=_HASH),
        Column(name="registry_version", type="integer", description="Version in the MLflow prompt registry.", minimum=1),
        Column(
            name="registry_alias",
            type="text",
            description="Alias that points at this version.",
            choices=("production", "staging"),
        ),
    ),
)

EXTERNAL = Table(
    stage="prompts",
    name="external",
    description="Every row of the public collections in data/prompts/external, with what became of it. Use the accepted ones.",
    key=("collection", "row"),
    min_rows=0,
    columns=(
        Column(name="collection", type="text", description="File below data/prompts/external."),
        Column(
            name="row", type="integer", description="Line of a JSONL file or record of a CSV file; 0: the file itself.", minimum=0
        ),
        Column(name="status", type="text", description="What became of it.", choices=IMPORT_STATUSES),
        Column(name="reason", type="text", description="Why it is no accepted prompt.", nullable=True),
        Column(
            name="prompt_id",
            type="text",
            description="Made from the text, so that equal texts have one id.",
            nullable=True,
            pattern=r"XP-[0-9a-f]{16}",
        ),
        Column(name="title", type="text", description="Title, where the collection gives one.", nullable=True, personal=True),
        Column(name="text", type="text", description="The prompt; secrets in it are masked.", nullable=True, personal=True),
        Column(name="flags", type="text[]", description=f"What a user should know of it: {', '.join(FLAGS)}."),
        Column(name="licence", type="text", description="Licence of the collection, as the manifest says.", nullable=True),
        Column(name="source", type="text", description="Where the collection comes from.", nullable=True),
        Column(name="language", type="text", description="Language of the collection (BCP 47).", nullable=True),
        Column(name="file_sha256", type="text", description="Hash of the file.", nullable=True, pattern=_HASH),
    ),
)

EVALUATION_PROMPTS = Table(
    stage="prompts",
    name="evaluation_prompts",
    description="Tasks over records of the world with known answers, balanced by task, language, device series and difficulty.",
    key=("prompt_id",),
    min_rows=10_000,
    columns=(
        Column(
            name="prompt_id",
            type="text",
            description="Made from prompt and answer.",
            unique=True,
            pattern=r"EP-[0-9a-f]{16}",
        ),
        Column(name="prompt", type="text", description="The prompt as it is sent.", unique=True),
        Column(
            name="context",
            type="text",
            description="The records shown in it, one a line.",
            derived_from=(
                "enterprise.devices.name",
                "enterprise.incidents.error_code",
                "enterprise.firmware.version",
                "enterprise.technical_docs.parameters",
                "enterprise.documents.facts",
                "enterprise.processes.steps",
                "enterprise.process_metrics.breached",
                "enterprise.journeys.value_usd",
            ),
        ),
        Column(name="question", type="text", description="The question in it."),
        Column(name="task_type", type="text", description="Kind of task."),
        Column(name="category", type="text", description="Library that the task belongs to.", choices=CATEGORIES),
        _LANGUAGE,
        Column(name="series", type="text", description="Device series asked about, if it is about devices.", nullable=True),
        Column(name="family", type="text", description="Family of the series.", nullable=True, choices=FAMILIES),
        Column(name="difficulty", type="text", description="By records shown and steps needed.", choices=DIFFICULTIES),
        Column(name="answer_type", type="text", description="What kind of answer is right.", choices=ANSWER_TYPES),
        Column(name="unit", type="text", description="Unit of a number.", nullable=True),
        Column(name="answer", type="text", description="Canonical answer, as in gold.questions."),
        Column(name="answer_items", type="text[]", description="The items of a list, in any order; else the answer alone."),
        Column(name="aliases", type="text[]", description="Other forms that are right."),
        Column(name="record_ids", type="text[]", description="Enterprise records that it shows."),
        Column(name="split", type="text", description="Split of the anchor.", choices=SPLITS),
        Column(name="anchor", type="text", description="Anchor entity, `kind:key`.", pattern=r"(series|process|customer):.+"),
        Column(name="program", type="json", description="What the answer is computed from."),
    ),
)

ADVERSARIAL = Table(
    stage="prompts",
    name="adversarial",
    description="Test prompts changed by tested transformations, each saying whether the right answer stays the same.",
    key=("adversarial_id",),
    columns=(
        Column(
            name="adversarial_id",
            type="text",
            description="Made from kind and source prompt.",
            unique=True,
            pattern=r"AP-[0-9a-f]{16}",
        ),
        Column(
            name="prompt_id",
            type="text",
            description="Prompt that was changed.",
            references="prompts.evaluation_prompts.prompt_id",
        ),
        Column(name="scenario_group", type="text", description="Group of scenarios.", choices=GROUPS),
        Column(name="kind", type="text", description="Kind of scenario: the transformation."),
        Column(
            name="text",
            type="text",
            description="The changed prompt; may be empty.",
            derived_from=("prompts.evaluation_prompts.prompt",),
        ),
        _LANGUAGE,
        Column(name="answer_stays", type="boolean", description="Whether the right answer is that of the source prompt."),
        Column(name="effect", type="text", description="What the right answer is now.", choices=EFFECTS),
        Column(
            name="answer",
            type="text",
            description="The right answer now.",
            derived_from=("prompts.evaluation_prompts.answer",),
        ),
        Column(name="answer_type", type="text", description="What kind of answer is right now.", choices=ANSWER_TYPES),
        Column(name="split", type="text", description="Split of the source prompt.", choices=SPLITS),
    ),
)

COUNTERFACTUALS = Table(
    stage="prompts",
    name="counterfactuals",
    description="Pairs of prompts that differ only in a protected characteristic or persona; the right answer is one.",
    key=("pair_id",),
    columns=(
        Column(name="pair_id", type="text", description="Made from both prompts.", unique=True, pattern=r"CF-[0-9a-f]{16}"),
        Column(name="characteristic", type="text", description="What differs.", choices=CHARACTERISTICS),
        Column(name="protected", type="boolean", description="Whether it is protected, rather than a persona."),
        Column(name="value_a", type="text", description="Its value in the first prompt."),
        Column(name="value_b", type="text", description="Its value in the second prompt."),
        Column(
            name="prompt_a",
            type="text",
            description="First prompt.",
            derived_from=("prompts.evaluation_prompts.prompt",),
        ),
        Column(
            name="prompt_b",
            type="text",
            description="Second prompt.",
            derived_from=("prompts.evaluation_prompts.prompt",),
        ),
        Column(name="span_start", type="integer", description="Where the marked span begins, in both prompts.", minimum=0),
        Column(name="span_end_a", type="integer", description="Where it ends in the first prompt.", minimum=1),
        Column(name="span_end_b", type="integer", description="Where it ends in the second prompt.", minimum=1),
        Column(
            name="prompt_id",
            type="text",
            description="Prompt that both are made from.",
            references="prompts.evaluation_prompts.prompt_id",
        ),
        _LANGUAGE,
        Column(name="answer_type", type="text", description="What kind of answer is right.", choices=ANSWER_TYPES),
        Column(
            name="answer",
            type="text",
            description="The right answer to both.",
            derived_from=("prompts.evaluation_prompts.answer",),
        ),
        Column(name="split", type="text", description="Split of the source prompt.", choices=SPLITS),
    ),
)

TABLES = (LIBRARY, EXTERNAL, EVALUATION_PROMPTS, ADVERSARIAL, COUNTERFACTUALS)
