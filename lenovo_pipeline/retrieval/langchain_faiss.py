"""Evidence by LangChain: its own retriever over a FAISS index of the same vectors as in Chroma.

Belongs here: building, saving and opening the index, and the source `langchain`. Does not belong here: the encoder.

The vector store is a small one of ours on langchain-core, since langchain-community is being retired; the retriever is
LangChain's VectorStoreRetriever. FAISS (MIT) searches exactly: IndexFlatIP over unit vectors is the cosine similarity.
"""

import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.knowledge.tables import KINDS
from lenovo_pipeline.provenance import mismatches, read_manifest, require_provenance, write_manifest
from lenovo_pipeline.resources.encoders import Vectors32
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.retrieval.dense import QueryEncoder
from lenovo_pipeline.retrieval.interface import Filters, Result, request
from lenovo_pipeline.retrieval.keyword import PASSAGES_PER_RECORD
from lenovo_pipeline.retrieval.ranking import Candidate, best, narrows, result
from lenovo_pipeline.retrieval.register import Register

if TYPE_CHECKING:
    from langchain_core.vectorstores import VectorStoreRetriever

FORMAT = 1
REMEDY = "Materialise retrieval/faiss_index again; it is built from knowledge/vector_collections."
_INDEX, _IDS = "index.faiss", "chunk_ids.json"
_PAGE = 2_000


def build_faiss(vectors: Vectors, encoder_id: str, folder: Path) -> dict[str, Any]:
    """Index all vectors of the collections into `folder`; nothing is written if it already holds exactly them.

    Returns what made it (format, encoder, chunks, vectors: SHA-256 over ids) plus `reused`. Raises PermanentFailure for a
    collection that is missing or of another encoder.
    """
    ids, rows = _stored(vectors, encoder_id)
    made_by = {**_made_by(encoder_id), "chunks": len(ids), "vectors": hashlib.sha256("\n".join(ids).encode()).hexdigest()}
    if _holds(folder, made_by):
        return {**made_by, "reused": True}
    import faiss

    with folder_aside(folder) as aside:
        index = faiss.IndexFlatIP(rows.shape[1])
        index.add(rows)
        faiss.write_index(index, str(aside / _INDEX))
        (aside / _IDS).write_bytes(orjson.dumps(ids))
        write_manifest(aside, made_by)
    return {**made_by, "reused": False}


def _stored(vectors: Vectors, encoder_id: str) -> tuple[list[str], Vectors32]:
    """Ids in order and their unit vectors [n, width]. An id stands for a text, so equal ids mean equal vectors."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        collection = vectors.collection(kind, encoder_id)
        with vectors.explained():
            for start in range(0, collection.count(), _PAGE):
                page = collection.get(limit=_PAGE, offset=start, include=["embeddings"])
                found.update(zip(page["ids"], np.asarray(page["embeddings"], dtype=np.float32), strict=True))
    if not found:
        raise PermanentFailure(f"{vectors.place} holds no vectors", remedy="Materialise knowledge/vector_collections (make run).")
    ids = sorted(found)
    return ids, np.stack([found[i] for i in ids])


def _made_by(encoder_id: str) -> dict[str, Any]:
    return {"format": FORMAT, "encoder": encoder_id, "faiss": version("faiss-cpu")}


def _holds(folder: Path, made_by: dict[str, Any]) -> bool:
    try:
        return not mismatches(read_manifest(folder, remedy=REMEDY), made_by)
    except PermanentFailure:
        return False


class LangChainRetriever:
    """The source `langchain`: LangChain's VectorStoreRetriever over FAISS."""

    name = "langchain"

    def __init__(self, folder: Path, encoder: QueryEncoder, register: Register, record_of: dict[str, str]) -> None:
        """Open the index. Raises PermanentFailure if it is missing, damaged or built with another encoder."""
        require_provenance(folder, _made_by(encoder.encoder.id), remedy=REMEDY)
        import faiss

        self._ids: list[str] = orjson.loads((folder / _IDS).read_bytes())
        self._index = faiss.read_index(str(folder / _INDEX))
        self._encoder = encoder
        self._register = register
        self._record_of = record_of
        self._retriever = self.as_langchain()

    def retrieve(self, question: str, k: int = 10, filters: Filters | dict[str, Any] | None = None) -> Result:
        asked = request(question, k, filters)
        if asked.empty:
            return Result(notes=asked.notes)
        depth = len(self._ids) if narrows(asked.filters) else min(len(self._ids), asked.k * PASSAGES_PER_RECORD)
        self._retriever.search_kwargs["k"] = depth
        documents = [(document.metadata, document.id) for document in self._retriever.invoke(asked.question)]
        candidates = [
            Candidate(metadata["record_id"], metadata["score"], f"FAISS: cosine {metadata['score']:.2f}", chunk)
            for metadata, chunk in documents
        ]
        found = best(candidates, asked, self._register)
        return result(self.name, asked, found, self._register, "no passage lies near the question")

    def as_langchain(self) -> "VectorStoreRetriever":
        """The retriever as LangChain knows it: documents with chunk id, record id and score; their text is the chunk id."""
        from langchain_core.documents import Document
        from langchain_core.embeddings import Embeddings
        from langchain_core.vectorstores import VectorStore

        index, ids, record_of, encoder = self._index, self._ids, self._record_of, self._encoder

        class FaissStore(VectorStore):
            """Reads only: the index is filled by the asset that makes it."""

            def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
                scores, places = index.search(encoder.vector(query)[None, :], k)
                return [
                    Document(ids[place], id=ids[place], metadata={"record_id": record_of[ids[place]], "score": float(score)})
                    for score, place in zip(scores[0], places[0], strict=True)
                    if place >= 0 and ids[place] in record_of
                ]

            @classmethod
            def from_texts(
                cls, texts: list[str], embedding: Embeddings, metadatas: list[dict[str, Any]] | None = None, **kwargs: Any
            ) -> "FaissStore":
                raise NotImplementedError(REMEDY)

            def add_texts(self, texts: Iterable[str], metadatas: list[dict[str, Any]] | None = None, **kwargs: Any) -> list[str]:
                raise NotImplementedError(REMEDY)

        return FaissStore().as_retriever(search_kwargs={"k": PASSAGES_PER_RECORD})
