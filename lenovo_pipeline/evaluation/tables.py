"""The tables of stage `evaluation`: what is asked, what each candidate answered, under which header, and what it adds up to.

Belongs here: declarations only. Every kind of candidate has a table of scores with the same columns.
"""

from typing import Any

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.enterprise.tables import LANGUAGES
from lenovo_pipeline.evaluation.metrics import FIGURES, JUDGED_FIGURES, MOST_WEIGHT, SLICES
from lenovo_pipeline.gold.tables import ANSWER_TYPES, CATEGORIES
from lenovo_pipeline.measures.metrics.basic import BASIC_METRICS
from lenovo_pipeline.models.tables import DOMAINS, LEVELS, METHODS

BUILD_KINDS = ("adapter", "custom_model", "mobile_model")
"""Kinds of candidates that were made from a base model."""

WORKFLOW_KINDS = ("retrieval_workflow",)
"""Kinds of candidates that put something around a base model."""

KINDS = ("baselines", "raw_foundation", *BUILD_KINDS, *WORKFLOW_KINDS)
"""Kinds of candidates: each has a table of scores of that name."""

MEASURES = ("token_f1", "correct", "skills", "quality")
"""What builds are compared by."""

_HEADER = r"[0-9a-f]{16}"


def number(name: str, description: str, *, unit: str = "1", least: float | None = 0, most: float | None = 1) -> Column:
    """A column of numbers between two bounds, empty where there is none."""
    return Column(name=name, type="number", description=description, unit=unit, nullable=True, minimum=least, maximum=most)


def count(name: str, description: str) -> Column:
    """A column that counts something."""
    return Column(name=name, type="integer", description=description, minimum=0)


ITEMS = Table(
    stage="evaluation",
    name="items",
    description="The gold test questions that every candidate is asked, with the passages that open-book candidates are shown.",
    key=("question_id",),
    columns=(
        Column(name="question_id", type="text", description="Question.", references="gold.questions.question_id"),
        Column(
            name="category",
            type="text",
            description="What makes the question hard.",
            choices=CATEGORIES,
            derived_from=("gold.questions.category",),
        ),
        Column(
            name="language",
            type="text",
            description="Language of the question (BCP 47).",
            choices=LANGUAGES,
            derived_from=("gold.questions.language",),
        ),
        Column(
            name="passage_ids",
            type="text[]",
            description="Chunks that are shown, in order: the evidence, or for a question without an answer what reads like it.",
            derived_from=("gold.qrels.target_id", "knowledge.chunks.chunk_id"),
        ),
        Column(name="of_builds", type="boolean", description="Whether what was made from a base model is asked it, too."),
        Column(name="of_workflows", type="boolean", description="Whether a workflow around a model is asked it, too."),
    ),
)


def score_table(kind: str, description: str, *, partitioned: bool, min_rows: int = 1, of_gold: bool = True) -> Table:
    """The table of the scores of one kind of candidates: one row for each candidate and question."""
    return Table(
        stage="evaluation",
        name=kind,
        description=description,
        key=("model", "candidate", "question_id"),
        partitioned=partitioned,
        min_rows=min_rows,
        columns=(
            Column(name="model", type="text", description="Base model by its name in the catalogue; empty where there is none."),
            Column(name="candidate", type="text", description="Name of the candidate."),
            Column(
                name="question_id",
                type="text",
                description="Question.",
                derived_from=("evaluation.items.question_id",) if of_gold else (),
            ),
            Column(
                name="category",
                type="text",
                description="What makes the question hard; of skills, the skill.",
                choices=CATEGORIES if of_gold else None,
            ),
            Column(name="language", type="text", description="Language of the question (BCP 47).", choices=LANGUAGES),
            Column(name="answer_type", type="text", description="What kind of answer is right.", choices=ANSWER_TYPES),
            Column(
                name="cluster",
                type="text",
                description="Entity that is asked about: questions of one share their luck.",
                derived_from=("gold.questions.anchor",) if of_gold else (),
            ),
            Column(name="said", type="text", description="What the candidate said, cut after 2,000 characters."),
            Column(name="answer", type="text", description="The answer found in it, cut after 500 characters."),
            Column(name="failure", type="text", description="Why there is no answer; empty if there is one.", nullable=True),
            *(
                Column(
                    name=metric.name,
                    type="number",
                    description=f"Score `{metric.name}`; empty where it does not apply or there is no answer.",
                    unit="1",
                    minimum=0,
                    maximum=1,
                    nullable=True,
                )
                for metric in BASIC_METRICS
            ),
            Column(name="reasons", type="json", description="For each score that is empty, why."),
            Column(name="tokens_in", type="integer", description="Tokens asked with; empty: unknown.", nullable=True, minimum=0),
            Column(name="tokens_out", type="integer", description="Tokens answered; empty: unknown.", nullable=True, minimum=0),
            Column(name="latency_s", type="number", description="Time to the last token.", unit="s", nullable=True, minimum=0),
            Column(
                name="first_token_s",
                type="number",
                description="Time to the first token; empty: not seen.",
                unit="s",
                nullable=True,
                minimum=0,
            ),
            Column(name="finish_reason", type="text", description="Why the answer ended.", nullable=True),
            Column(name="item", type="text", description="Hash of what was asked and shown.", pattern=_HEADER),
            Column(name="header", type="text", description="Hash of what made the scores.", pattern=_HEADER),
            Column(name="made_by", type="json", description="The header itself, which evaluation.headers holds once."),
        ),
    )


BASELINES = score_table(
    "baselines", "Scores of candidates without a model: floors and a ceiling beside every figure.", partitioned=False
)
RAW_FOUNDATION = score_table(
    "raw_foundation", "Scores of base models as they are, closed book and with the gold passages given.", partitioned=True
)

ADAPTER = score_table(
    "adapter", "Scores of adapters over their base models, with the gold passages given.", partitioned=True, min_rows=0
)
CUSTOM_MODEL = score_table(
    "custom_model",
    "Scores of tuned, merged, pruned and distilled models, with the gold passages given.",
    partitioned=True,
    min_rows=0,
)
MOBILE_MODEL = score_table(
    "mobile_model", "Scores of builds for edge devices, with the gold passages given.", partitioned=True, min_rows=0
)
RETRIEVAL_WORKFLOW = score_table(
    "retrieval_workflow",
    "Scores of base models that read what retrieval finds for the question, instead of passages that were given.",
    partitioned=True,
)
SKILLS = score_table(
    "skills",
    "Scores of base models and what was made from them in general skills, on made-up records that no training saw.",
    partitioned=True,
    min_rows=0,
    of_gold=False,
)

SCORES = {table.name: table for table in (BASELINES, RAW_FOUNDATION, ADAPTER, CUSTOM_MODEL, MOBILE_MODEL, RETRIEVAL_WORKFLOW)}
"""The score tables of the gold questions by kind of candidate."""

OF_MODELS = tuple(table for table in SCORES.values() if table.partitioned)
"""Those of them whose candidates have a model."""

JUDGEMENTS = Table(
    stage="evaluation",
    name="judgements",
    description="What the judge says of each answer of a candidate that has a model, where one is configured; else empty.",
    key=("candidate", "question_id"),
    min_rows=0,
    columns=(
        Column(name="model", type="text", description="Base model of the candidate by its name in the catalogue."),
        Column(name="candidate", type="text", description="Name of the candidate."),
        Column(
            name="question_id",
            type="text",
            description="Question.",
            derived_from=tuple(f"evaluation.{table.name}.question_id" for table in OF_MODELS),
        ),
        Column(
            name="answer",
            type="text",
            description="Hash of the answer that was graded.",
            pattern=_HEADER,
            derived_from=tuple(f"evaluation.{table.name}.answer" for table in OF_MODELS),
        ),
        Column(name="judge", type="text", description="The model that grades.", derived_from=("models.catalogue.name",)),
        Column(name="judge_version", type="text", description="Hash of model, prompt and settings.", pattern=_HEADER),
        Column(name="weight", type="number", description="Its share of a score.", unit="1", minimum=0, maximum=MOST_WEIGHT),
        Column(
            name="score",
            type="number",
            description="1: correct, 0: wrong; empty: it gave no grade.",
            unit="1",
            minimum=0,
            maximum=1,
            nullable=True,
            derived_from=("gold.questions.question", "gold.questions.answer"),
        ),
        Column(name="reason", type="text", description="Why there is no grade; empty if there is one.", nullable=True),
        Column(name="header", type="text", description="Hash of judge, weight and what was graded.", pattern=_HEADER),
        Column(name="made_by", type="json", description="The header itself, which evaluation.headers holds once."),
    ),
)

_HEADED = (*KINDS, SKILLS.name, "probes", JUDGEMENTS.name)

HEADERS = Table(
    stage="evaluation",
    name="headers",
    description="What made each score table of a candidate: model, prompt, settings, items, metrics, packages, hardware.",
    key=("header",),
    columns=(
        Column(
            name="header",
            type="text",
            description="Hash of everything in it but the commit.",
            pattern=_HEADER,
            derived_from=tuple(f"evaluation.{kind}.header" for kind in _HEADED),
        ),
        Column(name="candidate", type="text", description="Name of the candidate."),
        Column(name="kind", type="text", description="Score table that it stands in: what is built, or skills.", choices=_HEADED),
        Column(name="model", type="text", description="Base model by its name in the catalogue; empty where there is none."),
        Column(name="items", type="integer", description="Questions that were asked.", unit="question", minimum=1),
        Column(name="items_hash", type="text", description="Hash of questions, passages and right answers.", pattern=_HEADER),
        Column(name="prompt_version", type="text", description="Hash of the wording; empty without a prompt.", nullable=True),
        Column(name="commit", type="text", description="Commit that was checked out; empty outside a repository.", nullable=True),
        Column(
            name="made_by",
            type="json",
            description="The whole header.",
            derived_from=tuple(f"evaluation.{kind}.made_by" for kind in _HEADED),
        ),
    ),
)

LEADERBOARD = Table(
    stage="evaluation",
    name="leaderboard",
    description="Every candidate's figures with 95 % intervals, over all questions and by category and language.",
    key=("candidate", "metric", "slice"),
    columns=(
        Column(name="candidate", type="text", description="Name of the candidate."),
        Column(name="kind", type="text", description="What it is built as.", choices=KINDS),
        Column(name="model", type="text", description="Base model by its name in the catalogue; empty where there is none."),
        Column(name="metric", type="text", description="Figure.", choices=(*FIGURES, *JUDGED_FIGURES)),
        Column(name="slice", type="text", description="Questions that it is taken over.", choices=SLICES),
        Column(
            name="value",
            type="number",
            description="The figure; empty where nothing was scored.",
            nullable=True,
            derived_from=(
                *(f"evaluation.{kind}.{name}" for kind in KINDS for name in ("correct", "latency_s")),
                *(f"evaluation.judgements.{name}" for name in ("score", "weight")),
            ),
        ),
        Column(name="lower", type="number", description="Lower bound of the 95 % interval; empty: none.", nullable=True),
        Column(name="upper", type="number", description="Upper bound of the 95 % interval; empty: none.", nullable=True),
        Column(name="scored", type="integer", description="Questions that count.", unit="question", minimum=0),
        Column(
            name="unscored",
            type="integer",
            description="Questions that it should have scored and could not; those that it does not apply to are neither.",
            unit="question",
            minimum=0,
        ),
        Column(name="clusters", type="integer", description="Entities that the questions are about.", unit="entity", minimum=0),
        Column(name="unit", type="text", description="Unit of the figure."),
        Column(
            name="current",
            type="boolean",
            description="Whether its scores are of the questions, passages and right answers that its kind is asked now.",
            derived_from=(
                *(f"evaluation.items.{name}" for name in ("question_id", "passage_ids", "of_builds", "of_workflows")),
                *(f"gold.questions.{name}" for name in ("question", "answer")),
                "knowledge.chunks.text",
            ),
        ),
        Column(
            name="header",
            type="text",
            description="Header of the scores.",
            pattern=_HEADER,
            references="evaluation.headers.header",
        ),
    ),
)

_COMPARED = tuple(f"evaluation.{kind}.correct" for kind in ("raw_foundation", *BUILD_KINDS, *WORKFLOW_KINDS, SKILLS.name))


def _share(name: str, description: str, *, least: float = -1, **more: Any) -> Column:
    return Column(name=name, type="number", description=description, unit="1", nullable=True, minimum=least, maximum=1, **more)


LIFT = Table(
    stage="evaluation",
    name="lift",
    description="What each build of a base model and each workflow around it gains and loses on the same items, "
    "against the base and what it was made from.",
    key=("candidate", "against", "measure"),
    min_rows=0,
    columns=(
        Column(name="candidate", type="text", description="Name of the candidate."),
        Column(name="kind", type="text", description="What it is built as.", choices=(*BUILD_KINDS, *WORKFLOW_KINDS)),
        Column(name="model", type="text", description="Base model by its name in the catalogue."),
        Column(
            name="method", type="text", description="How a build was made; empty for a workflow.", choices=METHODS, nullable=True
        ),
        Column(
            name="domain",
            type="text",
            description="Domain that a build was customised for; empty for a workflow.",
            choices=("all", *DOMAINS),
            nullable=True,
        ),
        Column(name="level", type="text", description="Edge level.", choices=LEVELS, nullable=True),
        Column(name="against", type="text", description="Candidate that it is compared with."),
        Column(
            name="measure",
            type="text",
            description="token_f1 and correct: of the gold questions; skills: right answers in general skills; "
            "quality: right answers of both.",
            choices=MEASURES,
        ),
        _share("before", "The measure of what it is compared with.", least=0, derived_from=_COMPARED),
        _share("after", "The measure of the candidate.", least=0, derived_from=_COMPARED),
        _share("difference", "After minus before, on the items that both have a score for.", derived_from=_COMPARED),
        _share("lower", "Lower bound of the 95 % interval, resampled by entity; empty: fewer than two entities."),
        _share("upper", "Upper bound of the 95 % interval."),
        Column(name="items", type="integer", description="Items that both have a score for.", unit="item", minimum=0),
        Column(name="clusters", type="integer", description="Entities that they are about.", unit="entity", minimum=0),
        Column(name="failed", type="integer", description="Items that only the candidate has no score for.", minimum=0),
        Column(
            name="detectable",
            type="number",
            description="The smallest difference that so many items show with power 0.8; empty: nothing can be told.",
            unit="1",
            nullable=True,
            minimum=0,
        ),
        Column(name="verdict", type="text", description="What the interval shows.", choices=("rise", "fall", "not shown")),
        Column(name="needed", type="integer", description="Items that a claim needs; empty: nothing is claimed.", nullable=True),
        Column(
            name="met",
            type="boolean",
            description="Whether it keeps what its kind has to keep; empty: nothing is asked of it here.",
            nullable=True,
        ),
        Column(name="note", type="text", description="What was found and what is asked, in one sentence."),
    ),
)

COMPARISONS = Table(
    stage="evaluation",
    name="comparisons",
    description="The best candidates side by side: paired differences on the same questions, with Holm's correction.",
    key=("first", "second", "metric", "slice"),
    min_rows=0,
    columns=(
        Column(name="first", type="text", description="Candidate.", derived_from=("evaluation.leaderboard.candidate",)),
        Column(name="second", type="text", description="Candidate that it is compared with."),
        Column(name="first_kind", type="text", description="What the first is built as.", choices=KINDS),
        Column(name="metric", type="text", description="Score that is compared."),
        Column(name="slice", type="text", description="Questions that it is taken over: all, or a category."),
        count("items", "Questions that both have a score for."),
        count("clusters", "Entities that they are about."),
        number("difference", "Mean of the first less that of the second.", least=-1),
        number("lower", "Lower bound of the 95 % interval, resampled by entity.", least=-1),
        number("upper", "Upper bound of the interval.", least=-1),
        number("p_value", "Two-sided, by clustered permutations."),
        number("adjusted", "The same, by Holm: over the figures, or over the categories."),
        Column(
            name="verdict",
            type="text",
            description="What is shown at 5 %, adjusted.",
            choices=("first is better", "second is better", "not shown"),
        ),
    ),
)

TABLES = (
    ITEMS,
    BASELINES,
    RAW_FOUNDATION,
    ADAPTER,
    CUSTOM_MODEL,
    MOBILE_MODEL,
    RETRIEVAL_WORKFLOW,
    SKILLS,
    JUDGEMENTS,
    HEADERS,
    LEADERBOARD,
    LIFT,
    COMPARISONS,
)
