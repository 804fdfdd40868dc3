"""The asset of the reranker: trained once for what it is made of, its weight decided on the validation split. Thin by rule.

The logic is imported inside the asset, so that loading the definitions stays quick.
"""

from dataclasses import replace

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.contracts import HASH_COLUMN, digest
from lenovo_pipeline.embeddings.tables import TRAINING_PAIRS
from lenovo_pipeline.gold.tables import QRELS, QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.provenance import MANIFEST, file_hash
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.kept_vectors import keeping
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.tables import RERANKER
from lenovo_pipeline.settings import Settings

_PAIRS_REMEMBERED = 20_000


@table_asset(
    RERANKER,
    kinds={"pytorch", "onnx"},
    deps=["retrieval/hybrid_settings"],
    training_pairs=TRAINING_PAIRS,
    questions=QUESTIONS,
    qrels=QRELS,
    chunks=CHUNKS,
)
def reranker(
    context: AssetExecutionContext,
    training_pairs: pd.DataFrame,
    questions: pd.DataFrame,
    qrels: pd.DataFrame,
    chunks: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    vectors: ResourceParam[Vectors],
    encoder: ResourceParam[Encoder],
    graph_store: ResourceParam[GraphStore],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.embeddings.plots import loss_curves
    from lenovo_pipeline.retrieval import scoring
    from lenovo_pipeline.retrieval.kept_settings import read_settings
    from lenovo_pipeline.retrieval.library import open_library
    from lenovo_pipeline.retrieval.reranking.model import CrossEncoder
    from lenovo_pipeline.retrieval.reranking.recipes import RECIPES
    from lenovo_pipeline.retrieval.reranking.retriever import RerankedRetriever
    from lenovo_pipeline.retrieval.reranking.training import Training
    from lenovo_pipeline.retrieval.reranking.tuning import compared, noted_before, try_weights, write_note
    from lenovo_pipeline.retrieval.tables import RERANKED

    recipe = RECIPES[settings.profile]
    artifact = Training(
        encoder.folder, training_pairs, chunks, store, tracking, recipe, settings.seed, context.log.info
    ).reranker()
    relevance = scoring.relevance_of(qrels)
    asked = scoring.asked(questions, relevance, "validation", recipe.tuning, settings.seed)
    hybrid_settings = store.artifacts / "hybrid_settings"
    made_by = {
        "reranker": artifact.content,
        "questions": digest(asked[HASH_COLUMN]),
        "chunks": digest(chunks[HASH_COLUMN]),
        "settings": file_hash(hybrid_settings / MANIFEST),
        "code": code_version(try_weights, whole=True),
    }
    tried = noted_before(store, made_by)
    reused = tried is not None
    if tried is None:
        cross_encoder = CrossEncoder.load(store, artifact.path)
        with (
            open_library(warehouse, store, vectors, encoder, graph_store) as library,
            # What was read together in an earlier run, question and passage, is not read again.
            keeping(cross_encoder.encoder, store.artifacts, room=_PAIRS_REMEMBERED) as reading,
        ):
            library.encoder.prepare(asked["question"].tolist())
            hybrid = library.hybrid(read_settings(hybrid_settings)["hybrid"])
            cross_encoder = replace(cross_encoder, encoder=reading)
            reranked = RerankedRetriever(hybrid, cross_encoder, library.passages.texts, 1.0, RERANKED)
            tried = try_weights(reranked, asked, relevance, context.log.info)
    weight = write_note(store, artifact.path, tried, made_by)
    figures = compared(tried, asked["anchor"].tolist(), settings.seed)
    report = artifact.made_by["report"]
    named = ("questions", "updates", "loss_before", "loss_after", "training_s", "curves", "mlflow_run_id")
    row = {
        "path": artifact.path,
        "content": artifact.content,
        "size_bytes": artifact.size_bytes,
        **{name: report[name] for name in named},
        "weight": weight,
        "tried": figures,
        "validation_questions": len(asked),
    }
    shown = pd.DataFrame([{"weight": each, **values} for each, values in figures.items()]).round(4)
    context.add_output_metadata(
        {
            "weight": weight,
            "tried": MetadataValue.md(markdown_table(shown)),
            "loss": MetadataValue.md(loss_curves({"reranker": report["curves"]})),
            "training_reused": artifact.reused,
            "reused": reused,
        }
    )
    return pd.DataFrame([row], columns=list(RERANKER.column_names))
