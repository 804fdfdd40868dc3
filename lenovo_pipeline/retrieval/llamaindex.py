"""Evidence by LlamaIndex: its vector retriever and its hierarchical retriever, on the same Chroma.

Belongs here: the tree of records and passages that the hierarchical retriever climbs, and both sources. Does not belong here:
the collections.

VectorIndexRetriever searches each collection and QueryFusionRetriever joins them; AutoMergingRetriever replaces passages by
their record where it found most of them. Nothing is written to Chroma, and no language model takes part.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.knowledge.tables import KINDS
from lenovo_pipeline.provenance import mismatches, read_manifest, require_provenance, write_manifest
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.retrieval.dense import QueryEncoder
from lenovo_pipeline.retrieval.interface import Filters, Result, request
from lenovo_pipeline.retrieval.ranking import Candidate, best, narrows, result
from lenovo_pipeline.retrieval.register import Register

if TYPE_CHECKING:
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.storage.docstore import SimpleDocumentStore

FORMAT = 1
REMEDY = "Materialise retrieval/llamaindex_index again; it is built from knowledge/chunks."
_TREE = "docstore.json"
PASSAGES_PER_RECORD = 3
"""Passages of each collection for each record wanted: LlamaIndex makes an object of every one, which takes its time."""

NAMES = ("llamaindex_vector", "llamaindex_hierarchical")

Searched = dict[tuple[str, tuple[float, ...], int], Any]
"""What Chroma found, by collection, vector of the question, and how much was wanted."""


def build_tree(chunks: pd.DataFrame, encoder_id: str, folder: Path) -> dict[str, Any]:
    """Write the records as parents of their passages (columns of CHUNKS) into `folder`; nothing if it holds exactly them.

    Returns what made it (format, encoder, records, chunks: SHA-256 over ids) plus `reused`.
    """
    ids = sorted(chunks["chunk_id"])
    made_by = {
        **_made_by(encoder_id),
        "records": int(chunks["record_id"].nunique()),
        "chunks": hashlib.sha256("\n".join(ids).encode()).hexdigest(),
    }
    try:
        if not mismatches(read_manifest(folder, remedy=REMEDY), made_by):
            return {**made_by, "reused": True}
    except PermanentFailure:
        pass
    with folder_aside(folder) as aside:
        _tree(chunks).persist(str(aside / _TREE))
        write_manifest(aside, made_by)
    return {**made_by, "reused": False}


def _made_by(encoder_id: str) -> dict[str, Any]:
    return {"format": FORMAT, "encoder": encoder_id}


def _tree(chunks: pd.DataFrame) -> "SimpleDocumentStore":
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
    from llama_index.core.storage.docstore import SimpleDocumentStore

    store = SimpleDocumentStore()
    parents = []
    for record_id, of_record in chunks.sort_values(["record_id", "position"], kind="stable").groupby("record_id", sort=True):
        children = [RelatedNodeInfo(node_id=chunk) for chunk in of_record["chunk_id"]]
        text = "\n\n".join(of_record["text"])
        relationships: dict[Any, Any] = {NodeRelationship.CHILD: children}
        parents.append(
            TextNode(id_=str(record_id), text=text, metadata={"record_id": str(record_id)}, relationships=relationships)
        )
    store.add_documents(parents)
    return store


class LlamaIndexRetriever:
    """A source by LlamaIndex: `llamaindex_vector`, or `llamaindex_hierarchical` where `hierarchical`."""

    def __init__(
        self,
        folder: Path,
        vectors: Vectors,
        encoder: QueryEncoder,
        register: Register,
        *,
        hierarchical: bool = False,
        searched: Searched | None = None,
    ) -> None:
        """Open the tree and the collections. Sources that share `searched` ask Chroma once for what each of them wants.

        Raises PermanentFailure if one is missing, damaged or built with another encoder.
        """
        require_provenance(folder, _made_by(encoder.encoder.id), remedy=REMEDY)
        self.name = NAMES[hierarchical]
        self._register = register
        self._vectors = vectors
        self._encoder = encoder
        self._folder = folder
        self._hierarchical = hierarchical
        self._searched = searched
        self._opened: dict[int, BaseRetriever] = {}

    def retrieve(self, question: str, k: int = 10, filters: Filters | dict[str, Any] | None = None) -> Result:
        asked = request(question, k, filters)
        if asked.empty:
            return Result(notes=asked.notes)
        total = sum(map(len, self._register.chunks.values()))
        depth = max(1, total if narrows(asked.filters) else min(total, asked.k * PASSAGES_PER_RECORD))
        if depth not in self._opened:
            self._opened[depth] = self.as_llamaindex(depth)
        with self._vectors.explained():
            nodes = self._opened[depth].retrieve(asked.question)
        candidates = []
        for node in nodes:
            record_id, score = str(node.node.metadata["record_id"]), float(node.score or 0.0)
            chunk = None if node.node.node_id == record_id else node.node.node_id
            candidates.append(Candidate(record_id, score, f"LlamaIndex: similarity {score:.2f}", chunk))
        found = best(candidates, asked, self._register)
        return result(self.name, asked, found, self._register, "no passage lies near the question")

    def as_llamaindex(self, depth: int) -> "BaseRetriever":
        """The retriever as LlamaIndex knows it, for `depth` passages."""
        from llama_index.core import StorageContext, VectorStoreIndex
        from llama_index.core.base.embeddings.base import BaseEmbedding
        from llama_index.core.llms import MockLLM
        from llama_index.core.retrievers import AutoMergingRetriever, QueryFusionRetriever
        from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
        from llama_index.core.schema import NodeRelationship, RelatedNodeInfo
        from llama_index.core.storage.docstore import SimpleDocumentStore
        from llama_index.core.vector_stores import VectorStoreQuery, VectorStoreQueryResult
        from llama_index.vector_stores.chroma import ChromaVectorStore

        encoder, searched = self._encoder, self._searched

        class QuestionEmbedding(BaseEmbedding):
            """The encoder of the collections, as LlamaIndex asks for it."""

            def _get_query_embedding(self, query: str) -> list[float]:
                return list(encoder.vector(query).tolist())

            def _get_text_embedding(self, text: str) -> list[float]:
                return self._get_query_embedding(text)

            async def _aget_query_embedding(self, query: str) -> list[float]:
                return self._get_query_embedding(query)

        class Collection(ChromaVectorStore):
            """A collection whose passages know the record that they are a part of."""

            def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
                key = (self._collection.name, tuple(query.query_embedding or ()), query.similarity_top_k)
                found = searched.get(key) if searched is not None else None
                if found is None:
                    found = super().query(query, **kwargs)
                    for node in found.nodes or ():
                        node.relationships[NodeRelationship.PARENT] = RelatedNodeInfo(node_id=str(node.metadata["record_id"]))
                    if searched is not None:
                        searched[key] = found
                return found

        embedding = QuestionEmbedding(model_name=encoder.encoder.id)
        tree = StorageContext.from_defaults(docstore=SimpleDocumentStore.from_persist_path(str(self._folder / _TREE)))
        retrievers: list[Any] = []
        for kind in KINDS:
            collection = self._vectors.collection(kind, encoder.encoder.id)
            if not collection.count():
                continue
            held = Collection(chroma_collection=collection)  # type: ignore[call-arg]
            index = VectorStoreIndex.from_vector_store(held, embed_model=embedding)
            retriever: Any = index.as_retriever(similarity_top_k=min(depth, collection.count()))
            retrievers.append(AutoMergingRetriever(retriever, tree) if self._hierarchical else retriever)
        if not retrievers:
            raise PermanentFailure(
                f"{self._vectors.place} holds no vectors", remedy="Materialise knowledge/vector_collections (make run)."
            )
        return QueryFusionRetriever(
            retrievers,
            llm=MockLLM(),
            mode=FUSION_MODES.SIMPLE,
            similarity_top_k=depth,
            num_queries=1,
            use_async=False,
        )
