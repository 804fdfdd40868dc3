"""The tables of stage `evaluation`: what is asked, what each candidate answered, under which header, and what it adds up to.

Belongs here: declarations only. Every kind of candidate has a table of scores with the same columns.
"""

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.enterprise.tables import LANGUAGES
from lenovo_pipeline.evaluation.metrics import FIGURES, SLICES
from lenovo_pipeline.gold.tables import ANSWER_TYPES, CATEGORIES
from lenovo_pipeline.measures.metrics.basic import BASIC_METRICS

KINDS = ("baselines", "raw_foundation")
"""Kinds of candidates: each has a table of scores of that name."""

_HEADER = r"[0-9a-f]{16}"

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
    ),
)


def score_table(kind: str, description: str, *, partitioned: bool) -> Table:
    """The table of the scores of one kind of candidates: one row for each candidate and question."""
    return Table(
        stage="evaluation",
        name=kind,
        description=description,
        key=("model", "candidate", "question_id"),
        partitioned=partitioned,
        columns=(
            Column(name="model", type="text", description="Base model by its name in the catalogue; empty where there is none."),
            Column(name="candidate", type="text", description="Name of the candidate."),
            Column(name="question_id", type="text", description="Question.", derived_from=("evaluation.items.question_id",)),
            Column(name="category", type="text", description="What makes the question hard.", choices=CATEGORIES),
            Column(name="language", type="text", description="Language of the question (BCP 47).", choices=LANGUAGES),
            Column(name="answer_type", type="text", description="What kind of answer is right.", choices=ANSWER_TYPES),
            Column(
                name="cluster",
                type="text",
                description="Entity that is asked about: questions of one share their luck.",
                derived_from=("gold.questions.anchor",),
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

SCORES = {table.name: table for table in (BASELINES, RAW_FOUNDATION)}
"""The score tables by kind of candidate."""

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
            derived_from=tuple(f"evaluation.{kind}.header" for kind in KINDS),
        ),
        Column(name="candidate", type="text", description="Name of the candidate."),
        Column(name="kind", type="text", description="What it is built as.", choices=KINDS),
        Column(name="model", type="text", description="Base model by its name in the catalogue; empty where there is none."),
        Column(name="items", type="integer", description="Questions that were asked.", unit="question", minimum=1),
        Column(name="items_hash", type="text", description="Hash of questions, passages and right answers.", pattern=_HEADER),
        Column(name="prompt_version", type="text", description="Hash of the wording; empty without a prompt.", nullable=True),
        Column(name="commit", type="text", description="Commit that was checked out; empty outside a repository.", nullable=True),
        Column(
            name="made_by",
            type="json",
            description="The whole header.",
            derived_from=tuple(f"evaluation.{kind}.made_by" for kind in KINDS),
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
        Column(name="metric", type="text", description="Figure.", choices=tuple(FIGURES)),
        Column(name="slice", type="text", description="Questions that it is taken over.", choices=SLICES),
        Column(
            name="value",
            type="number",
            description="The figure; empty where nothing was scored.",
            nullable=True,
            derived_from=tuple(f"evaluation.{kind}.{name}" for kind in KINDS for name in ("correct", "latency_s")),
        ),
        Column(name="lower", type="number", description="Lower bound of the 95 % interval; empty: none.", nullable=True),
        Column(name="upper", type="number", description="Upper bound of the 95 % interval; empty: none.", nullable=True),
        Column(name="scored", type="integer", description="Questions that count.", unit="question", minimum=0),
        Column(name="unscored", type="integer", description="Questions without a score.", unit="question", minimum=0),
        Column(name="clusters", type="integer", description="Entities that the questions are about.", unit="entity", minimum=0),
        Column(name="unit", type="text", description="Unit of the figure."),
        Column(
            name="current",
            type="boolean",
            description="Whether exactly the questions of evaluation.items were asked.",
            derived_from=("evaluation.items.question_id",),
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

TABLES = (ITEMS, BASELINES, RAW_FOUNDATION, HEADERS, LEADERBOARD)
