"""The tables of stage models, first half: which models there are, which can be reached, and which base model each partition has.

Belongs here: declarations only.
"""

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.models.licences import LICENCE_CLASSES, RIGHTS
from lenovo_pipeline.partitions import NAME_PATTERN

SOURCES = ("folder", "huggingface", "ollama", "openai", "github")
"""Where a model can be reached, in the order in which it is tried: what is on this machine comes first."""

_JUDGED = tuple(
    f"models.catalogue.{name}" for name in ("licence_class", "commercial_use", "redistribution", "modification", "parameters")
)
_HASH = r"[0-9a-f]{64}"


def _text(name: str, description: str, **more: object) -> Column:
    return Column(name=name, type="text", description=description, **more)  # type: ignore[arg-type]


def _list(name: str, description: str, **more: object) -> Column:
    return Column(name=name, type="text[]", description=description, **more)  # type: ignore[arg-type]


def _count(name: str, description: str, unit: str | None = None) -> Column:
    return Column(name=name, type="integer", description=description, unit=unit, nullable=True, minimum=1)


CATALOGUE = Table(
    stage="models",
    name="catalogue",
    description="The models that are known: what each is, what its licence allows, and what it may be used for.",
    key=("name",),
    columns=(
        _text("name", "Name of the model here, and of its partition.", pattern=NAME_PATTERN),
        Column(name="is_partition", type="boolean", description="Whether assets are made for this model."),
        _text("title", "Name that the owner gives it."),
        _text("provider", "Who offers it."),
        _text("family", "Family of models."),
        _count("parameters", "Parameters; empty: unknown."),
        _count("context_length", "Longest context; empty: unknown.", "token"),
        _list("input", "What it takes in: text, image, audio."),
        _list("output", "What it gives out: text, image, audio."),
        _list("languages", "Languages that the owner names (ISO 639-1); empty: unknown.", nullable=True),
        _text("licence", "Name of the licence; unknown if none was found."),
        _text("licence_reference", "SPDX identifier or address of the licence.", nullable=True),
        _text("licence_class", "Kind of licence.", choices=LICENCE_CLASSES),
        _text("commercial_use", "Whether it may be used commercially.", choices=RIGHTS),
        _text("redistribution", "Whether the weights may be passed on.", choices=RIGHTS),
        _text("modification", "Whether other models may be made from it.", choices=RIGHTS),
        _list("conditions", "Conditions of the licence."),
        *(_text(f"{source}_id", f"Identifier for the source {source}.", nullable=True) for source in (*SOURCES, "provider")),
        _text("use_case", "What it is in the catalogue for."),
        Column(name="fine_tuning_target", type="boolean", description="Whether custom models are to be made from it."),
        _list("targets", "Where it may be deployed: mobile, edge, server, cloud."),
        Column(
            name="price",
            type="json",
            description="What a million tokens cost: {currency, input_per_million, output_per_million}; empty: not stated.",
            nullable=True,
        ),
        Column(name="sources", type="json", description="Where each fact is from, by field; `default` for the others."),
        _list(
            "eligible_for",
            "Intended uses that licence and size allow: evaluation, production, on_device, customisation.",
            derived_from=_JUDGED,
        ),
        _list("ineligible_because", "For each other intended use, `use: reasons`.", derived_from=_JUDGED),
    ),
)

AVAILABILITY = Table(
    stage="models",
    name="availability",
    description="For each model of the catalogue, whether it could be reached when this was made, by what, and why not.",
    key=("name",),
    columns=(
        _text("name", "Model.", references="models.catalogue.name"),
        Column(name="reachable", type="boolean", description="Whether any source reaches it."),
        _text("source", "The first source that reaches it.", nullable=True, choices=SOURCES),
        _text(
            "identifier",
            "What that source calls it.",
            nullable=True,
            derived_from=tuple(f"models.catalogue.{source}_id" for source in SOURCES),
        ),
        _text("reason", "Why no source reaches it, in one sentence; empty if one does.", nullable=True),
    ),
)

FOUNDATION = Table(
    stage="models",
    name="foundation",
    description="The base model that each partition resolves to: exactly which weights, tokenizer and chat template.",
    key=("model",),
    partitioned=True,
    columns=(
        _text("model", "Model partition.", references="models.catalogue.name"),
        _text("source", "Source that it is reached by.", choices=SOURCES),
        _text("identifier", "What that source calls it.", derived_from=("models.availability.identifier",)),
        _text("revision", "Hash of the weights, digest or version, as the source tells it; empty: unknown.", nullable=True),
        _text("tokenizer_hash", "Hash of the tokenizer; empty: the source does not show it.", nullable=True),
        _text("template_hash", "Hash of the chat template; empty: the source does not show it.", nullable=True),
        _count("parameters", "Parameters counted, or stated by the source; empty: unknown."),
        _count("size_bytes", "Size of the weights; empty: unknown.", "B"),
        _count("context_length", "Longest context; empty: unknown.", "token"),
        _text("licence_class", "Kind of licence.", choices=LICENCE_CLASSES, derived_from=("models.catalogue.licence_class",)),
        _list("targets", "Where it may be deployed.", derived_from=("models.catalogue.targets",)),
        _text("identity", "SHA-256 over source, identifier, revision, tokenizer and template.", pattern=_HASH),
    ),
)

DOMAINS = ("technical_documentation", "device_support", "customer_service", "business_process")
"""The domains that models are customised for."""

METHODS = (
    "lora",
    "qlora",
    "full",
    "weighted",
    "stacked",
    "merged",
    "magnitude",
    "structured",
    "distilled",
    "int8_dynamic",
    "int8_static",
    "int8_qat",
    "int4",
    "quantised_adapter",
    "edge",
    "dropped",
)
FORMATS = ("adapter", "transformers", "onnx")
LEVELS = ("light", "medium", "aggressive")
TARGETS = ("android-arm64-v8a", "ios-arm64", "edge-x86_64", "embedded-armv7")
CHOICES = ("validation_loss", "restored")
_ARTIFACT = r"[0-9a-f]{32}"


def build_table(name: str, description: str) -> Table:
    """The table of one kind of builds: one row for each, whose files lie in a folder of data/store/artifacts."""
    return Table(
        stage="models",
        name=name,
        description=description,
        key=("model", "build"),
        partitioned=True,
        min_rows=0,
        columns=(
            _text("model", "Model partition.", references="models.foundation.model"),
            _text("build", "Name, unique among all kinds of builds: model/method/what it is for."),
            _text("method", "How it was made.", choices=METHODS),
            _text("domain", "Domain that it was customised for; all: every domain.", choices=("all", *DOMAINS)),
            _text("format", "How it is opened: an adapter needs its base.", choices=FORMATS),
            _text("artifact", "Hash of its files.", pattern=_ARTIFACT),
            _text("path", "Its folder, relative to data/store."),
            _text("base", "What it was made from: identity of the base model, or artifact of another build."),
            _text("base_revision", "Revision of the base model.", nullable=True, derived_from=("models.foundation.revision",)),
            _text("tokenizer_hash", "Tokenizer of the base.", nullable=True, derived_from=("models.foundation.tokenizer_hash",)),
            _text("template_hash", "Chat template.", nullable=True, derived_from=("models.foundation.template_hash",)),
            _text("training_set", "Version of the training set; empty: made without one, or elsewhere.", nullable=True),
            _text("licence", "Licence that it inherits from its base.", derived_from=("models.catalogue.licence",)),
            _count("parameters", "Parameters in all; empty: unknown."),
            _count("trainable_parameters", "Parameters that were trained; empty: none."),
            _count("size_bytes", "Size of its files.", "B"),
            Column(
                name="validation_loss",
                type="number",
                description="Mean cross-entropy on the validation split; empty: not measured.",
                unit="nat/token",
                minimum=0,
                nullable=True,
            ),
            _text("level", "Edge level.", nullable=True, choices=LEVELS),
            _text("target", "Target that an edge build is for.", nullable=True, choices=TARGETS),
            Column(name="measures", type="json", description="What was measured of the build itself, with units in the names."),
            Column(name="made_by", type="json", description="Everything that made it; the same gives the same files."),
            _text("mlflow_run_id", "MLflow run of its making.", nullable=True),
        ),
    )


ADAPTERS = build_table("adapters", "LoRA adapters of the base model, one for each domain.")
QLORA_ADAPTERS = build_table("qlora_adapters", "LoRA adapters trained over the base model in 4 bits (NF4), one for each domain.")
FINE_TUNED = build_table("fine_tuned", "Base models with all weights tuned on the training sets.")
COMPOSED_ADAPTERS = build_table("composed_adapters", "Adapters made of several: weighted combinations and stacks.")
DROPPED_ADAPTERS = build_table("dropped_adapters", "LoRA adapters that somebody made elsewhere and dropped into data/adapters.")
MERGED = build_table("merged", "Base models with an adapter merged into their weights.")
PRUNED = build_table("pruned", "Models with weights or whole parts left out, and trained again to recover.")
DISTILLED = build_table("distilled", "Students of half the size that learnt from their base model's answers.")
QUANTISED = build_table("quantised", "Models and adapters with weights of fewer bits.")
EDGE_BUILDS = build_table("edge_builds", "Builds for ONNX Runtime GenAI, by level and target.")

ADAPTER_REGISTRY = Table(
    stage="models",
    name="adapter_registry",
    description="Every adapter that was ever made and fitted its base, by content: rows are added, never changed or removed.",
    key=("model", "build", "artifact"),
    min_rows=0,
    columns=(
        _text("model", "Model partition.", references="models.foundation.model"),
        _text("build", "Name of the build: model/method/what it is for."),
        _text("artifact", "Hash of its files.", pattern=_ARTIFACT),
        Column(name="version", type="integer", description="Number among the contents that this build has had.", minimum=1),
        _text("previous", "Content of this build before; empty: the first one.", nullable=True, pattern=_ARTIFACT),
        Column(name="registered_at", type="timestamp", description="When it was registered."),
        _text("method", "How it was made.", choices=METHODS),
        _text("domain", "Domain that it was customised for; all: every domain.", choices=("all", *DOMAINS)),
        _text("path", "The registry's own copy of its folder, relative to data/store."),
        _text("base", "What it was made from: identity of the base model, or artifact of another build."),
        _text("base_revision", "Revision of the base model.", nullable=True, derived_from=("models.foundation.revision",)),
        _text("tokenizer_hash", "Tokenizer of the base.", nullable=True, derived_from=("models.foundation.tokenizer_hash",)),
        _text("template_hash", "Chat template.", nullable=True, derived_from=("models.foundation.template_hash",)),
        _text("training_set", "Version of the training set; empty: made without one.", nullable=True),
        _text("licence", "Licence that it inherits from its base.", derived_from=("models.catalogue.licence",)),
        Column(
            name="validation_loss",
            type="number",
            description="Mean cross-entropy on the validation split; empty: not measured.",
            unit="nat/token",
            minimum=0,
            nullable=True,
        ),
        _count("size_bytes", "Size of its files.", "B"),
        _count("parameters", "Parameters of base and adapter; empty: unknown."),
        _count("trainable_parameters", "Parameters of the adapter."),
        _count("rank", "Rank of its matrices (LoRA's r)."),
        _list("targets", "Modules of the base that it changes, as its configuration names them."),
        _text("weights_sha256", "SHA-256 of its weights.", pattern=_HASH),
        Column(name="measures", type="json", description="What was measured of it, with units in the names."),
        Column(name="made_by", type="json", description="Everything that made it."),
        _text("mlflow_run_id", "MLflow run of its making.", nullable=True),
    ),
)

ADAPTER_CHAMPIONS = Table(
    stage="models",
    name="adapter_champions",
    description="For each model and domain the adapter to use, and the one to go back to.",
    key=("model", "domain"),
    min_rows=0,
    columns=(
        _text("model", "Model partition.", references="models.foundation.model"),
        _text("domain", "Domain.", choices=("all", *DOMAINS)),
        _text("champion", "Content of the adapter to use.", references="models.adapter_registry.artifact"),
        _text("build", "Its name.", derived_from=("models.adapter_registry.build",)),
        _text("previous", "Content of the champion before; empty: none.", nullable=True, pattern=_ARTIFACT),
        _text("chosen_by", "What it was chosen by; restored: by a person, and it stays.", choices=CHOICES),
        _text("reason", "Why, in one sentence."),
        Column(name="since", type="timestamp", description="Since when."),
        _text("registered_model", "Registered model of MLflow whose aliases say the same."),
    ),
)

TRAINING_SETS = Table(
    stage="models",
    name="training_sets",
    description="The examples that models are customised with: conversations whose last turn is what should be said.",
    key=("example_id",),
    columns=(
        _text("example_id", "Made from its content.", pattern=r"TS-[0-9a-f]{16}"),
        _text("domain", "Domain; all: rehearsal of what the base can do.", choices=("all", *DOMAINS)),
        _text("task", "What is practised.", choices=("open_book_answer", "refusal", "rehearsal")),
        _text("split", "Trained on, or measured on to stop in time.", choices=("train", "validation")),
        _text("question_id", "Gold question; empty: none.", nullable=True, references="gold.questions.question_id"),
        Column(
            name="messages",
            type="json",
            description="Chat messages (role, content), the last one the assistant's.",
            derived_from=("gold.questions.question", "gold.questions.answer", "knowledge.chunks.text"),
        ),
        Column(name="tools", type="json", description="Tools shown with them, as JSON schemas."),
        _list("record_ids", "Records whose passages are shown.", derived_from=("knowledge.chunks.record_id",)),
        _text("version", "Hash of the whole set.", pattern=r"[0-9a-f]{16}"),
    ),
)

ADAPTER_SEARCH = Table(
    stage="models",
    name="adapter_search",
    description="What other adapter recipes would reach on the validation split. Not part of `everything`: run the job "
    "`search_adapters` for a model, then put the best row's values into models/tuning/recipes.py.",
    key=("model", "trial"),
    partitioned=True,
    columns=(
        _text("model", "Model partition.", references="models.foundation.model"),
        _text("study", "Hash of base, training set and what is searched.", pattern=_ARTIFACT),
        Column(name="trial", type="integer", description="Number of the trial, from 0.", minimum=0),
        _text(
            "state",
            "pruned: it fell behind the others; failed: it broke or was killed.",
            choices=("complete", "pruned", "failed"),
        ),
        _count("rank", "Rank of the adapter."),
        Column(name="rate", type="number", description="Highest learning rate.", unit="1", minimum=0, nullable=True),
        _text("targets", "Modules with an adapter.", nullable=True),
        _count("steps", "Updates."),
        Column(
            name="validation_loss",
            type="number",
            description="Lowest mean cross-entropy on the validation split; empty: it was never measured.",
            unit="nat/token",
            minimum=0,
            nullable=True,
        ),
        Column(name="seconds", type="number", description="How long it took.", unit="s", minimum=0, nullable=True),
        Column(name="best", type="boolean", description="Whether no other trial has a lower loss."),
    ),
)

TABLES = (
    CATALOGUE,
    AVAILABILITY,
    FOUNDATION,
    TRAINING_SETS,
    ADAPTERS,
    QLORA_ADAPTERS,
    FINE_TUNED,
    ADAPTER_SEARCH,
    PRUNED,
    DISTILLED,
    QUANTISED,
    EDGE_BUILDS,
    COMPOSED_ADAPTERS,
    DROPPED_ADAPTERS,
    MERGED,
    ADAPTER_REGISTRY,
    ADAPTER_CHAMPIONS,
)
