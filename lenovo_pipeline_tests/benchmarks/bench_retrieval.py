"""Latency of the hybrid against the fusions of LangChain and LlamaIndex over the same sources, on a filled store.

Run: python lenovo_pipeline_tests/benchmarks/bench_retrieval.py [--store FOLDER] [--questions 100] [--rounds 5] [--only TEXT]
Wanted: p95 of the hybrid at most half of theirs, and with the time that encoding the question takes, which is the same for all,
not above them. The store is that of a run (by default data/store; nothing else may have it open). All questions are encoded
before the clock starts, and once more each to time that alone. The sides take turns question by question, in an order drawn
anew each time, so that a busy machine slows all of them and none always runs beside threads that the same other one left
spinning; the best of the rounds counts. With `--only` the hybrid is compared with the sides whose name holds the text:
`Retriever` leaves out the slow ones, so that a busy machine can be given more rounds.

The frameworks fuse twice: our four sources behind their retriever classes, which leaves them nothing but the fusion to do, and
the same stores with the dense retriever that they bring themselves (FAISS for LangChain, Chroma for LlamaIndex). The reranker
is asked with a weight of 1, whatever weight the validation split gave it: with 0 it costs nothing.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from lenovo_pipeline.gold.tables import QRELS, QUESTIONS
from lenovo_pipeline.provenance import MANIFEST
from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.graph_server import GraphServer
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.assets import faiss_folder, tree_folder
from lenovo_pipeline.retrieval.interface import Retriever
from lenovo_pipeline.retrieval.kept_settings import read_settings, settings_folder
from lenovo_pipeline.retrieval.langchain_faiss import LangChainRetriever
from lenovo_pipeline.retrieval.library import open_library
from lenovo_pipeline.retrieval.llamaindex import LlamaIndexRetriever
from lenovo_pipeline.retrieval.reranking.tuning import note_folder
from lenovo_pipeline.retrieval.scoring import asked, relevance_of
from lenovo_pipeline.settings import get_settings

Ask = Callable[[str], object]

_DEPTH = 30
"""Records taken of each source, as the hybrid does."""


_ENCODING = "encoding the question"


def _p95(milliseconds: Any) -> float:
    return float(np.percentile(milliseconds, 95))


def ensemble(sources: list[Retriever], depth: int) -> Ask:
    """LangChain's EnsembleRetriever over these sources."""
    from langchain_classic.retrievers.ensemble import EnsembleRetriever
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class Source(BaseRetriever):
        source: Any

        def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
            found = self.source.retrieve(query, depth).evidence
            return [Document(each.record_id, metadata={"record_id": each.record_id}) for each in found]

    retrievers = [Source(source=source) for source in sources]
    whole = EnsembleRetriever(retrievers=list(retrievers), weights=[1.0] * len(sources), id_key="record_id")
    return whole.invoke


def query_fusion(sources: list[Retriever], depth: int) -> Ask:
    """LlamaIndex's QueryFusionRetriever (reciprocal rank) over these sources."""
    from llama_index.core.llms import MockLLM
    from llama_index.core.retrievers import BaseRetriever, QueryFusionRetriever
    from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

    class Source(BaseRetriever):
        def __init__(self, source: Retriever) -> None:
            self._source = source
            super().__init__()

        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            found = self._source.retrieve(query_bundle.query_str, depth).evidence
            return [NodeWithScore(node=TextNode(id_=e.record_id, text=e.record_id), score=e.score) for e in found]

    whole = QueryFusionRetriever(
        [Source(source) for source in sources],
        llm=MockLLM(),
        mode=FUSION_MODES.RECIPROCAL_RANK,
        similarity_top_k=10,
        num_queries=1,
        use_async=False,
    )
    return whole.retrieve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=get_settings().store)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    store = Store(arguments.store)
    if not store.warehouse.exists():
        print(f"skipped: {store.root} holds nothing yet; run make run, or name a filled store with --store")
        return
    warehouse, vectors = Warehouse(str(store.warehouse)), Vectors(store.chroma)
    encoder = OnnxEncoder(bundled_encoder(), store.artifacts)
    with (
        warehouse.kept_open(),
        GraphStore(GraphServer(store.graph)) as graph,
        open_library(warehouse, store, vectors, encoder, graph) as library,
    ):
        questions = asked(warehouse.load(QUESTIONS), relevance_of(warehouse.load(QRELS)), "validation", arguments.questions, 1)
        texts = questions["question"].tolist()
        library.encoder.prepare(texts)
        hybrid = library.hybrid(read_settings(settings_folder(store))["hybrid"])
        faiss, tree = faiss_folder(store), tree_folder(store)
        alike: list[Retriever] = [library.keyword, library.graph, library.tables]
        of_langchain = LangChainRetriever(faiss, library.encoder, library.register, library.register.record_of)
        of_llamaindex = LlamaIndexRetriever(tree, vectors, library.encoder, library.register)
        sides: dict[str, Ask] = {
            "hybrid": lambda text: hybrid.retrieve(text, 10),
            "LangChain EnsembleRetriever": ensemble([*alike, library.dense], _DEPTH),
            "LlamaIndex QueryFusionRetriever": query_fusion([*alike, library.dense], _DEPTH),
            "LangChain, its dense retriever": ensemble([*alike, of_langchain], _DEPTH),
            "LlamaIndex, its dense retriever": query_fusion([*alike, of_llamaindex], _DEPTH),
        }
        if (note_folder(store) / MANIFEST).exists():
            reranked = replace(library.reranked(store, hybrid.settings), weight=1.0)
            sides["hybrid with the reranker"] = lambda text: reranked.retrieve(text, 10)
        sides = {name: ask for name, ask in sides.items() if name == "hybrid" or arguments.only in name}
        taken = {name: np.full((arguments.rounds, len(texts)), np.nan) for name in (*sides, _ENCODING)}
        for ask in sides.values():
            ask(texts[0])
        random = Random(1)
        for turn in range(arguments.rounds):
            for place, text in enumerate(texts):
                for name in random.sample(list(sides), len(sides)):
                    begun = time.perf_counter()
                    sides[name](text)
                    taken[name][turn, place] = time.perf_counter() - begun
                begun = time.perf_counter()
                encoder.encode([text])
                taken[_ENCODING][turn, place] = time.perf_counter() - begun
        best = {name: each.min(axis=0) * 1000 for name, each in taken.items()}
        encoding = best.pop(_ENCODING)
        hybrids = [_p95(best["hybrid"] + more) for more in (0, encoding)]
        for name, each in best.items():
            shares = [hybrid / _p95(each + more) for hybrid, more in zip(hybrids, (0, encoding), strict=True)]
            print(
                f"{name:32} p50 {np.median(each):7.1f} ms   p95 {_p95(each):7.1f} ms   "
                f"p95 of the hybrid / this {shares[0]:.2f}, with query encoding {shares[1]:.2f}"
            )
        print(f"{_ENCODING:32} p50 {np.median(encoding):7.1f} ms   p95 {_p95(encoding):7.1f} ms")
        vectors.close()


if __name__ == "__main__":
    main()
