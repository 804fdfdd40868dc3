"""The tables of stage `retrieval`: how well each retriever finds what a question needs, and what each step adds.

Belongs here: declarations only. Nothing of these tables may be indexed or shown to a candidate: they are made from gold.
"""

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.enterprise.tables import LANGUAGES
from lenovo_pipeline.gold.tables import CATEGORIES
from lenovo_pipeline.retrieval.settings import BOTH, LADDER

SINGLE = ("keyword", "dense", "langchain", "llamaindex_vector", "llamaindex_hierarchical", "graph", "tables")
"""Retrievers that ask one source."""

RERANKED = "hybrid + reranker"
"""The hybrid whose first records the cross-encoder has put in order; asked fewer questions than the others."""

STEPS = ("dense", BOTH, *LADDER, RERANKED)
"""The ladder, from one source to all, read once more."""

RETRIEVERS = (*SINGLE, *(step for step in STEPS if step not in SINGLE))
MEASURES = ("ndcg", "recall")
"""What the steps are compared by, each among the first ten records."""

ALL = "all"


def _share(name: str, description: str) -> Column:
    return Column(name=name, type="number", description=description, unit="1", minimum=0, maximum=1)


SCORES = Table(
    stage="retrieval",
    name="scores",
    description="What each retriever finds of the records that answer a gold test question.",
    key=("retriever", "question_id"),
    columns=(
        Column(name="retriever", type="text", description="Retriever.", choices=RETRIEVERS),
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
        Column(name="anchor", type="text", description="Anchor entity: questions about one share their luck."),
        _share("ndcg", "nDCG@10 over records."),
        _share("recall", "Share of the relevant records among the first ten."),
        _share("reciprocal_rank", "1 / rank of the first relevant record among the first ten, 0 if there is none."),
        _share("hit", "1 if a relevant record is among the first ten, otherwise 0."),
        Column(
            name="found_ids",
            type="text[]",
            description="The first ten records, in order.",
            derived_from=("knowledge.chunks.record_id",),
        ),
    ),
)

ABLATION = Table(
    stage="retrieval",
    name="ablation",
    description="What each step from dense search to the hybrid adds, by category, with paired 95 % intervals.",
    key=("step", "category", "measure"),
    columns=(
        Column(name="step", type="text", description="Retriever of this step.", choices=STEPS),
        Column(name="position", type="integer", description="Place on the ladder, from 1.", minimum=1),
        Column(name="category", type="text", description="Category of the questions.", choices=(ALL, *CATEGORIES)),
        Column(name="measure", type="text", description="What is compared.", choices=MEASURES),
        Column(name="questions", type="integer", description="Questions compared.", unit="question", minimum=1),
        Column(
            name="value",
            type="number",
            description="Mean of this step.",
            unit="1",
            minimum=0,
            maximum=1,
            derived_from=("retrieval.scores.ndcg", "retrieval.scores.recall"),
        ),
        Column(
            name="difference", type="number", description="Mean minus that of the step before; empty on the first.", nullable=True
        ),
        Column(name="lower", type="number", description="Lower end of its interval.", nullable=True),
        Column(name="upper", type="number", description="Upper end of its interval.", nullable=True),
        Column(
            name="p_value", type="number", description="Two-sided p-value of no difference.", nullable=True, minimum=0, maximum=1
        ),
    ),
)

RERANKER = Table(
    stage="retrieval",
    name="reranker",
    description="The cross-encoder trained here: its folder, its training, and how much its word counts, as validation decided.",
    key=("path",),
    columns=(
        Column(name="path", type="text", description="Its folder, relative to data/store."),
        Column(name="content", type="text", description="Hash of its files.", pattern=r"[0-9a-f]{32}"),
        Column(name="size_bytes", type="integer", description="Size of its files.", unit="byte", minimum=1),
        Column(
            name="questions",
            type="integer",
            description="Questions trained on.",
            unit="question",
            minimum=1,
            derived_from=("embeddings.training_pairs.pair_id",),
        ),
        Column(name="updates", type="integer", description="Updates of the weights.", minimum=1),
        Column(name="loss_before", type="number", description="Loss on held-out questions before the training.", nullable=True),
        Column(name="loss_after", type="number", description="Lowest loss on them; its weights were kept.", nullable=True),
        Column(name="training_s", type="number", description="Seconds of the updates.", unit="s", minimum=0),
        Column(name="weight", type="number", description="What its word counts beside the hybrid's; 0: not asked.", minimum=0),
        Column(name="tried", type="json", description="By weight: nDCG@10 on validation, its difference to 0, 95 % interval."),
        Column(name="validation_questions", type="integer", description="Validation questions that decided.", minimum=1),
        Column(name="curves", type="json", description="Loss by update, and of the held-out questions."),
        Column(name="mlflow_run_id", type="text", description="Run of the training."),
    ),
)

CHUNKING = Table(
    stage="retrieval",
    name="chunking",
    description="Ways to cut texts, compared on the same validation questions with the same encoder.",
    key=("strategy",),
    columns=(
        Column(
            name="strategy",
            type="text",
            description="How texts are cut; structural is what the product does.",
            choices=("fixed", "structural", "sentence window", "parent and child"),
        ),
        Column(name="questions", type="integer", description="Questions asked.", unit="question", minimum=1),
        Column(name="units", type="integer", description="Pieces that are searched.", unit="piece", minimum=1),
        Column(name="searched_tokens", type="number", description="Mean length of what is searched.", unit="token", minimum=1),
        Column(name="shown_tokens", type="number", description="Mean length of what is shown.", unit="token", minimum=1),
        _share("ndcg", "nDCG@10 over records, by the best piece of each."),
        _share("recall", "Share of the relevant records among the first ten."),
        _share("answered", "Questions whose answer stands in the first five pieces shown, in a relevant record."),
        Column(name="difference", type="number", description="nDCG@10 minus that of structural; empty there.", nullable=True),
        Column(name="lower", type="number", description="Lower end of its paired 95 % interval.", nullable=True),
        Column(name="upper", type="number", description="Upper end of it.", nullable=True),
    ),
)

TABLES = (SCORES, RERANKER, ABLATION, CHUNKING)
