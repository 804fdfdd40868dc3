"""The assets of stage `retrieval`: the indexes of the frameworks, the settings of the hybrid, scores and what each step adds.

The logic is imported inside the assets, so that loading the definitions stays quick.
"""

from pathlib import Path

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.contracts import HASH_COLUMN, digest
from lenovo_pipeline.gold.tables import QRELS, QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.provenance import MANIFEST, file_hash, write_manifest
from lenovo_pipeline.resources.assets import StoreReport, store_asset, table_asset
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.tables import ABLATION, RERANKER, SCORES
from lenovo_pipeline.settings import Settings

_SOURCES = ("knowledge/keyword_index", "knowledge/vector_collections", "knowledge/graph", "embeddings/collections")


@store_asset(
    "retrieval",
    "faiss_index",
    description="An exact FAISS index of the vectors in Chroma, for LangChain's retriever; a folder in artifacts.",
    kinds={"faiss", "langchain"},
    columns=CHUNKS,
    deps=["knowledge/vector_collections"],
)
def faiss_index(store: ResourceParam[Store], vectors: ResourceParam[Vectors], encoder: ResourceParam[Encoder]) -> StoreReport:
    from lenovo_pipeline.retrieval.langchain_faiss import build_faiss

    folder = faiss_folder(store)
    return _report(build_faiss(vectors, encoder.id, folder), folder, store, "chunks")


@store_asset(
    "retrieval",
    "llamaindex_index",
    description="Records over their passages, for LlamaIndex's hierarchical retriever on the same Chroma; a folder in artifacts.",
    kinds={"llamaindex"},
    columns=CHUNKS,
    deps=["knowledge/vector_collections"],
    chunks=CHUNKS,
)
def llamaindex_index(chunks: pd.DataFrame, store: ResourceParam[Store], encoder: ResourceParam[Encoder]) -> StoreReport:
    from lenovo_pipeline.retrieval.llamaindex import build_tree

    folder = tree_folder(store)
    return _report(build_tree(chunks, encoder.id, folder), folder, store, "records")


@store_asset(
    "retrieval",
    "hybrid_settings",
    description="How the hybrid weighs its sources for each kind of question, tuned on the validation split; a folder.",
    kinds={"json"},
    columns=SCORES,
    deps=_SOURCES,
    questions=QUESTIONS,
    qrels=QRELS,
    chunks=CHUNKS,
)
def hybrid_settings(
    context: AssetExecutionContext,
    questions: pd.DataFrame,
    qrels: pd.DataFrame,
    chunks: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    vectors: ResourceParam[Vectors],
    encoder: ResourceParam[Encoder],
    graph_store: ResourceParam[GraphStore],
    settings: ResourceParam[Settings],
) -> StoreReport:
    from lenovo_pipeline.retrieval import scoring
    from lenovo_pipeline.retrieval.kept_settings import are_made_by, read_settings, settings_folder, write_settings
    from lenovo_pipeline.retrieval.library import open_library
    from lenovo_pipeline.retrieval.settings import HybridSettings

    relevance = scoring.relevance_of(qrels)
    asked = scoring.asked(questions, relevance, "validation", scoring.TUNING_SIZES[settings.profile], settings.seed)
    made_by = _made_by("validation", asked, chunks, warehouse, store, encoder, code_version(scoring.tuned, whole=True))
    folder = settings_folder(store)
    reused = are_made_by(folder, made_by)
    if not reused:
        with open_library(warehouse, store, vectors, encoder, graph_store) as library:
            library.encoder.prepare(asked["question"].tolist())
            write_settings(scoring.tuned(library.hybrid(HybridSettings()), asked, relevance), folder, made_by)
    routes = read_settings(folder)["hybrid"].routes
    shown = pd.DataFrame([{"kind of question": r, "method": w.method, "k": w.k, **w.weights} for r, w in routes.items()])
    return StoreReport(
        data_version=digest([shown.to_json()]),
        counts={"questions": len(asked)},
        metadata={"weights": MetadataValue.md(markdown_table(shown)), "path": store.relative(folder), "reused": reused},
    )


@table_asset(
    SCORES,
    kinds={"faiss", "langchain", "llamaindex", "chroma", "neo4j"},
    deps=[
        *_SOURCES,
        "retrieval/faiss_index",
        "retrieval/llamaindex_index",
        "retrieval/hybrid_settings",
        RERANKER,
    ],
    questions=QUESTIONS,
    qrels=QRELS,
    chunks=CHUNKS,
)
def scores(
    context: AssetExecutionContext,
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
    from lenovo_pipeline.retrieval import scoring
    from lenovo_pipeline.retrieval.kept_settings import FORMAT, are_made_by, read_settings, settings_folder
    from lenovo_pipeline.retrieval.langchain_faiss import LangChainRetriever
    from lenovo_pipeline.retrieval.library import open_library
    from lenovo_pipeline.retrieval.llamaindex import LlamaIndexRetriever, Searched
    from lenovo_pipeline.retrieval.reranking.recipes import SCORED
    from lenovo_pipeline.retrieval.reranking.tuning import note_folder
    from lenovo_pipeline.retrieval.traces import EXPERIMENT, replace_traces

    relevance = scoring.relevance_of(qrels)
    asked = scoring.asked(questions, relevance, "test", scoring.SIZES[settings.profile], settings.seed)
    made_by = {
        **_made_by("test", asked, chunks, warehouse, store, encoder, code_version(scoring.score_all, whole=True)),
        "settings": file_hash(settings_folder(store) / MANIFEST),
        "reranker": file_hash(note_folder(store) / MANIFEST),
    }
    note = store.artifacts / "retrieval_scores"
    if warehouse.described(SCORES) is not None and are_made_by(note, made_by):
        context.add_output_metadata({"questions": len(asked), "reused": True})
        return warehouse.load(SCORES).drop(columns=HASH_COLUMN)
    with open_library(warehouse, store, vectors, encoder, graph_store) as library:
        library.encoder.prepare(asked["question"].tolist())
        tuned = read_settings(settings_folder(store))
        # Both sources of LlamaIndex search the same collections: the times of the second one leave that out.
        searched: Searched = {}
        frame, summary = scoring.score_all(
            [
                library.keyword,
                library.dense,
                LangChainRetriever(faiss_folder(store), library.encoder, library.register, library.register.record_of),
                *(
                    LlamaIndexRetriever(
                        tree_folder(store), vectors, library.encoder, library.register, hierarchical=merging, searched=searched
                    )
                    for merging in (False, True)
                ),
                library.graph,
                library.tables,
                *library.ladder(tuned),
                library.hybrid(tuned["hybrid"]),
            ],
            asked,
            relevance,
            say=context.log.info,
        )
        few = scoring.asked(asked, relevance, "test", SCORED[settings.profile], settings.seed)
        reranked, means_of = scoring.score_all([library.reranked(store, tuned["hybrid"])], few, relevance, say=context.log.info)
        frame, summary = pd.concat([frame, reranked], ignore_index=True), summary | means_of
        examples = list(scoring.watched_examples(library.hybrid(tuned["hybrid"]), asked))
    replace_traces(tracking.client(), tracking.experiment(EXPERIMENT), examples, "scores")
    for name, means in summary.items():
        tracking.record(
            f"retrieval {name.replace('+', 'and').replace(',', '')}",
            "scores",
            metrics=means,
            parameters={"retriever": name, "questions": len(asked), "encoder": encoder.id},
            tags={"questions": str(made_by["questions"])},
        )
    for measure in ("ndcg", "recall"):
        shown = scoring.figures(frame, measure).round(3).reset_index()
        context.add_output_metadata({f"{measure}@10 by category": MetadataValue.md(markdown_table(shown))})
    latency = pd.DataFrame([{"retriever": name, **means} for name, means in summary.items()])
    context.add_output_metadata(
        {"questions": len(asked), "reused": False, "summary": MetadataValue.md(markdown_table(latency.round(4)))}
    )
    with folder_aside(note) as aside:
        (aside / "figures.json").write_text(latency.to_json(orient="records", indent=1), encoding="utf-8")
        write_manifest(aside, {"format": FORMAT, **made_by})
    return frame


@table_asset(ABLATION, scores=SCORES, pure=True)
def ablation(context: AssetExecutionContext, scores: pd.DataFrame, settings: ResourceParam[Settings]) -> pd.DataFrame:
    from lenovo_pipeline.retrieval import scoring
    from lenovo_pipeline.retrieval.plots import ladder

    found = scoring.ablation(scores, settings.seed)
    context.add_output_metadata({"ladder": MetadataValue.md(ladder(found))})
    return found


def faiss_folder(store: Store) -> Path:
    """Where the FAISS index lies."""
    return store.artifacts / "faiss_index"


def tree_folder(store: Store) -> Path:
    """Where LlamaIndex's tree of records and passages lies."""
    return store.artifacts / "llamaindex_index"


def _made_by(
    split: str, asked: pd.DataFrame, chunks: pd.DataFrame, warehouse: Warehouse, store: Store, encoder: Encoder, code: str
) -> dict[str, object]:
    """What figures on these questions follow from: the questions, all that retrieval reads, the encoders, the code."""
    from lenovo_pipeline.embeddings.chosen import choice_version
    from lenovo_pipeline.retrieval.register import VIEWED

    return {
        "split": split,
        "questions": digest(asked[HASH_COLUMN]),
        "chunks": digest(chunks[HASH_COLUMN]),
        "read": digest(f"{table.qualified_name} {warehouse.fingerprint(table.qualified_name)}" for table in VIEWED),
        "encoder": encoder.id,
        "tuned": choice_version(store, encoder.id),
        "code": code,
    }


def _report(made_by: dict[str, object], folder: Path, store: Store, counted: str) -> StoreReport:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return StoreReport(
        data_version=digest(f"{name}={value}" for name, value in made_by.items() if name != "reused"),
        counts={counted: float(str(made_by[counted])), "bytes": size},
        metadata={"path": store.relative(folder), "reused": bool(made_by["reused"])},
    )
