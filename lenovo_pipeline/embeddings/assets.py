"""The assets of stage `embeddings`: training pairs, tuned encoders, which of them is used where, and their collections.

The logic is imported inside the assets, so that loading the definitions stays quick.
"""

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.contracts import digest
from lenovo_pipeline.embeddings.tables import ENCODERS, SELECTION, TRAINING_PAIRS
from lenovo_pipeline.gold.tables import QRELS, QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.resources.assets import StoreReport, store_asset, table_asset
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

_TOLD_EVERY = 0.2


@table_asset(TRAINING_PAIRS, kinds={"bm25"}, deps=["knowledge/keyword_index"], questions=QUESTIONS, qrels=QRELS, chunks=CHUNKS)
def training_pairs(
    context: AssetExecutionContext,
    questions: pd.DataFrame,
    qrels: pd.DataFrame,
    chunks: pd.DataFrame,
    store: ResourceParam[Store],
) -> pd.DataFrame:
    from lenovo_pipeline.embeddings.pairs import make_pairs
    from lenovo_pipeline.knowledge.keyword_index import KeywordIndex

    made = make_pairs(questions, qrels, chunks, KeywordIndex.load(store.artifacts / "keyword_index").search)
    counts = made.groupby(["domain", "role", "language"]).size().reset_index(name="pairs")
    context.add_output_metadata({"pairs": len(made), "by_domain": MetadataValue.md(markdown_table(counts))})
    return made


@table_asset(ENCODERS, kinds={"pytorch", "huggingface"}, training_pairs=TRAINING_PAIRS, chunks=CHUNKS)
def encoders(
    context: AssetExecutionContext,
    training_pairs: pd.DataFrame,
    chunks: pd.DataFrame,
    store: ResourceParam[Store],
    encoder: ResourceParam[Encoder],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.embeddings.encoders import Tuning
    from lenovo_pipeline.embeddings.plots import loss_curves

    tuning = Tuning(
        base=encoder.folder,
        pairs=training_pairs,
        chunks=chunks,
        store=store,
        tracking=tracking,
        profile=settings.profile,
        seed=settings.seed,
        say=context.log.info,
    )
    made = tuning.encoders()
    shown = pd.DataFrame(made).drop(columns=["curves", "base_id", "mlflow_run_id"])
    context.add_output_metadata(
        {
            "encoders": MetadataValue.md(markdown_table(shown)),
            "loss": MetadataValue.md(loss_curves({row["domain"]: row["curves"] for row in made})),
            "paths": MetadataValue.json({row["domain"]: row["path"] for row in made}),
            "mlflow_runs": MetadataValue.json({row["domain"]: row["mlflow_run_id"] for row in made}),
        }
    )
    return pd.DataFrame(made, columns=list(ENCODERS.column_names))


@table_asset(
    SELECTION,
    kinds={"onnx", "chroma"},
    deps=["knowledge/vector_collections"],
    encoders=ENCODERS,
    questions=QUESTIONS,
    qrels=QRELS,
    chunks=CHUNKS,
)
def selection(
    context: AssetExecutionContext,
    encoders: pd.DataFrame,
    questions: pd.DataFrame,
    qrels: pd.DataFrame,
    chunks: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    vectors: ResourceParam[Vectors],
    encoder: ResourceParam[Encoder],
    settings: ResourceParam[Settings],
    tracking: ResourceParam[Tracking],
) -> pd.DataFrame:
    from lenovo_pipeline.embeddings.kept_selection import selected
    from lenovo_pipeline.embeddings.plots import selection_bars

    found, reused = selected(
        encoders, questions, qrels, chunks, warehouse, store, vectors, encoder, settings, say=context.log.info
    )
    for row in found.to_dict("records"):
        tracking.record(
            "embeddings",
            "selection",
            metrics={str(name): value for name, value in row.items() if isinstance(value, float)},
            tags={"kind": row["kind"], "domain": row["domain"], "verdict": row["verdict"], "encoder": row["encoder_id"]},
        )
    told = [f"- {r['kind']}, {r['domain']}: **{r['verdict']}** ({r['reason']})" for r in found.to_dict("records")]
    figures = found.drop(columns=["encoder_id", "path", "verdict", "reason"]).round(4)
    context.add_output_metadata(
        {
            "verdicts": MetadataValue.md("\n".join(told)),
            "figures": MetadataValue.md(markdown_table(figures)),
            "picture": MetadataValue.md(selection_bars(found)),
            "chosen": int((found["verdict"] == "chosen").sum()),
            "reused": reused,
        }
    )
    return found


@store_asset(
    "embeddings",
    "collections",
    description="Chroma collections of the tuned encoders, for the kinds of text that selection chose one for; by difference.",
    kinds={"chroma"},
    columns=CHUNKS,
    deps=["knowledge/vector_collections", SELECTION],
    chunks=CHUNKS,
)
def collections(
    context: AssetExecutionContext,
    chunks: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    vectors: ResourceParam[Vectors],
    encoder: ResourceParam[Encoder],
) -> StoreReport:
    from lenovo_pipeline.embeddings.chosen import choice_version
    from lenovo_pipeline.embeddings.collections import follow
    from lenovo_pipeline.knowledge.vector_collections import Progress

    def progress(encoder_id: str) -> Progress:
        told = 0.0

        def tell(done: int, total: int) -> None:
            nonlocal told
            if total and done / total >= told:
                context.log.info(f"{encoder_id}: {done:,} of {total:,} texts embedded")
                told = done / total + _TOLD_EVERY

        return tell

    # Knowledge may be refreshed before anything was ever selected.
    made = warehouse.described(SELECTION) is not None
    selection = warehouse.load(SELECTION) if made else pd.DataFrame(columns=list(SELECTION.column_names))
    counts = follow(selection, chunks, store, vectors, encoder.id, progress)
    shown = pd.DataFrame([{"collection": name, **each.as_dict()} for name, each in counts.items()])
    names = ("total", "embedded", "reused", "relabelled", "deleted", "unchanged")
    totals = {name: sum(getattr(each, name) for each in counts.values()) for name in names}
    held = [f"{i} {h}" for i, h in zip(chunks["chunk_id"], chunks["content_hash"], strict=True)] if counts else []
    return StoreReport(
        data_version=digest([choice_version(store, encoder.id), *held]),
        counts=totals,
        metadata={
            "collections": MetadataValue.md(markdown_table(shown) if counts else "*the base encoder serves every kind of text*"),
            "place": vectors.place,
        },
    )
