"""The tables of stage `embeddings`: what encoders are trained on, the encoders, and which of them is used for what.

Belongs here: declarations only. They are made from gold: nothing of them may be indexed or shown to a candidate.
"""

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.embeddings.domains import JOINT, JUDGED
from lenovo_pipeline.gold.tables import CATEGORIES
from lenovo_pipeline.models.tables import DOMAINS

ENCODER_DOMAINS = (*DOMAINS, JOINT)
ROLES = ("train", "held_out")
VERDICTS = ("chosen", "base stays", "not needed")

_ID = r"[0-9a-f]{16}"


def _figure(name: str, description: str, unit: str = "1") -> Column:
    return Column(name=name, type="number", description=description, unit=unit, nullable=True)


TRAINING_PAIRS = Table(
    stage="embeddings",
    name="training_pairs",
    description="Questions of the train split with a passage that answers each, and passages with its words that do not.",
    key=("pair_id",),
    columns=(
        Column(name="pair_id", type="text", description="Hash of question and passage.", unique=True, pattern=r"EP-" + _ID),
        Column(name="domain", type="text", description="Domain of the passage.", choices=DOMAINS),
        Column(name="role", type="text", description="Trained on, or held out to measure the training.", choices=ROLES),
        Column(name="question_id", type="text", description="Question.", references="gold.questions.question_id"),
        Column(name="question", type="text", description="Its words.", derived_from=("gold.questions.question",)),
        Column(
            name="category",
            type="text",
            description="What makes the question hard.",
            choices=CATEGORIES,
            derived_from=("gold.questions.category",),
        ),
        Column(name="language", type="text", description="Language of the question (BCP 47)."),
        Column(
            name="positive_id",
            type="text",
            description="Passage that states the answer.",
            references="knowledge.chunks.chunk_id",
            derived_from=("gold.qrels.target_id",),
        ),
        Column(
            name="negative_ids",
            type="text[]",
            description="Passages found by the question's words, of records that are not relevant to it, best first.",
            references="knowledge.chunks.chunk_id",
        ),
        Column(name="relevant_ids", type="text[]", description="All records that are relevant to the question."),
    ),
)

ENCODERS = Table(
    stage="embeddings",
    name="encoders",
    description="Sentence encoders tuned from all-MiniLM-L6-v2, each in a folder named by what made it, with a card.",
    key=("domain",),
    columns=(
        Column(name="domain", type="text", description="Domain, or all of them jointly.", choices=ENCODER_DOMAINS),
        Column(name="encoder_id", type="text", description="Hash of weights, tokenizer and settings.", pattern=_ID),
        Column(name="base_id", type="text", description="Identity of the encoder that it was tuned from.", pattern=_ID),
        Column(name="path", type="text", description="Its folder, relative to data/store."),
        Column(name="size_bytes", type="integer", description="Size of its files.", unit="byte", minimum=1),
        Column(
            name="pairs",
            type="integer",
            description="Pairs trained on.",
            unit="pair",
            minimum=1,
            derived_from=("embeddings.training_pairs.pair_id",),
        ),
        Column(name="updates", type="integer", description="Updates of the weights.", minimum=1),
        _figure("loss_before", "Loss on the held-out pairs before the training.", "nat/pair"),
        _figure("loss_after", "Lowest loss on the held-out pairs, whose weights were kept.", "nat/pair"),
        _figure("training_s", "Seconds of the updates.", "s"),
        Column(name="curves", type="json", description="Loss by update, and of the held-out pairs."),
        Column(name="mlflow_run_id", type="text", description="Run of the training."),
    ),
)

_SPLIT_FIGURES = tuple(
    column
    for split in ("validation", "test")
    for column in (
        Column(name=f"{split}_questions", type="integer", description=f"Questions of the {split} split asked.", minimum=0),
        _figure(f"{split}_base", f"nDCG@10 of the base among this kind's records, {split} split."),
        _figure(f"{split}_tuned", f"nDCG@10 of the tuned encoder on the same questions of the {split} split."),
    )
)

SELECTION = Table(
    stage="embeddings",
    name="selection",
    description="Each tuned encoder on each kind of text that it may serve: its figures beside the base's, and the verdict.",
    key=("kind", "domain"),
    columns=(
        Column(name="kind", type="text", description="Kind of text: the collection.", choices=JUDGED),
        Column(name="domain", type="text", description="Tuned encoder, by its domain.", choices=ENCODER_DOMAINS),
        Column(
            name="encoder_id",
            type="text",
            description="Its identity.",
            pattern=_ID,
            derived_from=("embeddings.encoders.encoder_id",),
        ),
        Column(name="path", type="text", description="Its folder, relative to data/store."),
        *_SPLIT_FIGURES,
        _figure("test_lower", "Lower end of the paired 95 % interval of the difference on the test split."),
        _figure("test_upper", "Upper end of that interval."),
        _figure("overall_base", "nDCG@10 of dense search over all kinds on validation, before this choice."),
        _figure("overall_tuned", "The same with this choice."),
        _figure("public_base", "nDCG@10 of the base on SciFact; empty: not measured."),
        _figure("public_tuned", "nDCG@10 of the tuned encoder on SciFact; empty: not measured."),
        Column(name="public_documents", type="integer", description="Documents of SciFact searched.", minimum=0, unit="document"),
        Column(name="verdict", type="text", description="What follows.", choices=VERDICTS),
        Column(name="reason", type="text", description="Why, in words."),
    ),
)

TABLES = (TRAINING_PAIRS, ENCODERS, SELECTION)
