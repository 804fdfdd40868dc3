"""All sources over one store, opened together.

Belongs here: how the sources are put together, and the steps from one of them to the hybrid. Does not belong here: any source.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from lenovo_pipeline.embeddings.chosen import chosen_encoders
from lenovo_pipeline.knowledge.keyword_index import KeywordIndex
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.views import open_views
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.dense import DenseRetriever, QueryEncoder
from lenovo_pipeline.retrieval.graph_source import GraphRetriever
from lenovo_pipeline.retrieval.hybrid import HybridRetriever
from lenovo_pipeline.retrieval.interface import Evidence, Filters, Request, Result, Retriever
from lenovo_pipeline.retrieval.keyword import KeywordRetriever
from lenovo_pipeline.retrieval.passages import Passages
from lenovo_pipeline.retrieval.ranking import Candidate
from lenovo_pipeline.retrieval.register import VIEWED, Register, read_register
from lenovo_pipeline.retrieval.reranking.retriever import RerankedRetriever
from lenovo_pipeline.retrieval.reranking.tuning import open_reranked
from lenovo_pipeline.retrieval.settings import BOTH, LADDER, HybridSettings
from lenovo_pipeline.retrieval.tables import RERANKED
from lenovo_pipeline.retrieval.tables_source import TablesRetriever


@dataclass(frozen=True)
class Library:
    """The sources over one store."""

    register: Register
    encoder: QueryEncoder
    keyword: KeywordRetriever
    dense: DenseRetriever
    tables: TablesRetriever
    graph: GraphRetriever
    passages: Passages

    def hybrid(self, settings: HybridSettings) -> HybridRetriever:
        return HybridRetriever(self.keyword, self.dense, self.tables, self.graph, self.register, settings)

    def reranked(self, store: Store, settings: HybridSettings) -> RerankedRetriever:
        """The hybrid, read once more by the reranker. Raises PermanentFailure if none was trained, or it is damaged."""
        return open_reranked(store, self.hybrid(settings), self.passages.texts, RERANKED)

    def ladder(self, settings: dict[str, HybridSettings]) -> list[Retriever]:
        """The steps from dense search to the hybrid, without its ends; `settings` by step, as tuned for its sources."""
        keyword, dense = Remembering(self.keyword), Remembering(self.dense)
        steps: list[Retriever] = [Dealt((dense, keyword))]
        for step, sources in LADDER.items():
            if step != "hybrid":
                whole = replace(self.hybrid(settings[step]), keyword=keyword, dense=dense)
                steps.append(replace(whole, only=frozenset(sources), name=step))
        return steps


@contextmanager
def open_library(warehouse: Warehouse, store: Store, vectors: Vectors, encoder: Encoder, graph: GraphStore) -> Iterator[Library]:
    """The sources over what knowledge made. Raises what their stores raise where one is missing or does not fit."""
    with open_views(warehouse, VIEWED, templates=True) as views:
        register = read_register(views)
        record_of = register.record_of
        chosen = chosen_encoders(store, encoder)
        tuned = {each.id: each for each in chosen.values() if each.id != encoder.id}
        questions = QueryEncoder(encoder, tuple(QueryEncoder(each) for each in tuned.values()))
        yield Library(
            register,
            questions,
            KeywordRetriever(KeywordIndex.load(store.artifacts / "keyword_index"), register, record_of),
            DenseRetriever.over_chosen(vectors, chosen, questions, register, record_of),
            TablesRetriever(views, register),
            GraphRetriever(graph, register),
            Passages(views, register),
        )


@dataclass
class Remembering:
    """A source that answers the same question from memory: for comparisons in which several retrievers ask it."""

    source: KeywordRetriever | DenseRetriever
    _known: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return self.source.name

    def retrieve(self, question: str, k: int = 10, filters: Filters | dict[str, Any] | None = None) -> Result:
        found: Result = self._remembered((question, k, Filters.of(filters)), lambda: self.source.retrieve(question, k, filters))
        return found

    def candidates(self, asked: Request) -> list[Candidate]:
        found: list[Candidate] = self._remembered(asked, lambda: self.source.candidates(asked))
        return found

    def _remembered(self, key: Any, ask: Callable[[], Any]) -> Any:
        if key not in self._known:
            self._known[key] = ask()
        return self._known[key]


@dataclass(frozen=True)
class Dealt:
    """Several rankings dealt out in turn, the first source first: all of them, without any judgement."""

    sources: tuple[Retriever, ...]
    name: str = BOTH

    def retrieve(self, question: str, k: int = 10, filters: Filters | dict[str, Any] | None = None) -> Result:
        results = [source.retrieve(question, k, filters) for source in self.sources]
        dealt: dict[str, Evidence] = {}
        for place in range(max(len(each.evidence) for each in results)):
            for each in results:
                if place < len(each.evidence):
                    dealt.setdefault(each.evidence[place].record_id, each.evidence[place])
        best = list(dealt.values())[:k]
        evidence = tuple(
            Evidence(each.record_id, each.chunk_id, 1 / rank, each.source, each.why) for rank, each in enumerate(best, 1)
        )
        return Result(evidence, results[0].notes if not evidence else ())
