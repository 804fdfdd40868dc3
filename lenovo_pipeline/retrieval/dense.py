"""Evidence by meaning: the passages in Chroma whose vectors are nearest to the question's.

Belongs here: the source `dense`, and the vectors of questions, encoded once each. A collection of moderate size is read into
memory once and searched exactly, which takes a tenth of the time of asking Chroma; a larger one is asked by its HNSW index.
Does not belong here: the collections
(knowledge/vector_collections, embeddings/collections).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from operator import itemgetter
from typing import Any

import numpy as np

from lenovo_pipeline.resources.encoders import Encoder, Vectors32
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.retrieval.interface import Filters, Result, request
from lenovo_pipeline.retrieval.keyword import PASSAGES_PER_RECORD
from lenovo_pipeline.retrieval.ranking import Candidate, narrows, result
from lenovo_pipeline.retrieval.register import Register

_REMEMBERED = 20_000
_EXACT_UP_TO = 20_000
"""Vectors of a collection up to which it is searched exactly: 30 MB of memory, and about as quick as HNSW."""

_PAGE = 2_000


@dataclass
class QueryEncoder:
    """The vectors of questions by one encoder; each question is encoded once, many together where they are known before.

    `others` are prepared along with it: tuned encoders that serve some of the collections.
    """

    encoder: Encoder
    others: tuple["QueryEncoder", ...] = ()
    _known: dict[str, Vectors32] = field(default_factory=dict, repr=False)

    def prepare(self, questions: Sequence[str]) -> None:
        """Encode these questions together, which is several times as fast as one by one."""
        new = [question for question in dict.fromkeys(questions) if question not in self._known]
        if len(self._known) + len(new) > _REMEMBERED:
            self._known.clear()
        self._known.update(zip(new, self.encoder.encode(new), strict=True))
        for other in self.others:
            other.prepare(questions)

    def vector(self, question: str) -> Vectors32:
        """The unit vector [width] of a question."""
        if question not in self._known:
            self.prepare([question])
        return self._known[question]


@dataclass
class DenseRetriever:
    """The source `dense`. `encoders` says which encoder asks which collection; `kind` is its name without the prefix.

    `retrieve` raises PermanentFailure for a collection that is missing or was built with another encoder.
    """

    vectors: Vectors
    encoders: Mapping[str, QueryEncoder]
    register: Register
    record_of: dict[str, str]
    name: str = "dense"
    exact_up_to: int = _EXACT_UP_TO
    _opened: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def over_chosen(
        cls, vectors: Vectors, chosen: Mapping[str, Encoder], encoder: QueryEncoder, register: Register, record_of: dict[str, str]
    ) -> "DenseRetriever":
        """Over the collections that were chosen, each with its encoder (embeddings/chosen.py); `encoder` is the base's."""
        asking = {encoder.encoder.id: encoder} | {each.encoder.id: each for each in encoder.others}
        return cls(vectors, {kind: asking[each.id] for kind, each in chosen.items()}, register, record_of)

    def retrieve(self, question: str, k: int = 10, filters: Filters | dict[str, Any] | None = None) -> Result:
        asked = request(question, k, filters)
        if asked.empty:
            return Result(notes=asked.notes)
        candidates = [
            Candidate(self.record_of[chunk], score, f"a passage means something similar (cosine {score:.2f})", chunk)
            for chunk, score in self._nearest(asked.question, asked.k, narrows(asked.filters))
            if chunk in self.record_of
        ]
        return result(self.name, asked, candidates, self.register, "no passage lies near the question")

    def _nearest(self, question: str, k: int, narrowed: bool) -> list[tuple[str, float]]:
        found: list[tuple[str, float]] = []
        for kind, encoder in self.encoders.items():
            collection, held = self._collection(kind, encoder.encoder.id)
            depth = min(held, held if narrowed else k * PASSAGES_PER_RECORD)
            if not depth:
                continue
            query = encoder.vector(question)
            if isinstance(collection, _Exact):
                found += collection.nearest(query, depth)
                continue
            with self.vectors.explained():
                nearest = collection.query(query_embeddings=np.asarray([query]), n_results=depth, include=["distances"])
            found += [(i, 1.0 - float(d)) for i, d in zip(nearest["ids"][0], (nearest["distances"] or [[]])[0], strict=True)]
        # Of all collections together no more is looked at than of one: what lies behind belongs to no better record.
        return found if narrowed else nlargest(k * PASSAGES_PER_RECORD, found, key=itemgetter(1))

    def _collection(self, kind: str, encoder_id: str) -> tuple[Any, int]:
        if kind not in self._opened:
            collection = self.vectors.collection(kind, encoder_id)
            with self.vectors.explained():
                held = collection.count()
                self._opened[kind] = (_Exact.read(collection) if held <= self.exact_up_to else collection, held)
        opened: tuple[Any, int] = self._opened[kind]
        return opened


@dataclass(frozen=True)
class _Exact:
    """A collection in memory: ids and their unit vectors [n, width], in the order of the ids."""

    ids: list[str]
    rows: Vectors32

    @classmethod
    def read(cls, collection: Any) -> "_Exact":
        held: dict[str, Any] = {}
        for start in range(0, collection.count(), _PAGE):
            page = collection.get(limit=_PAGE, offset=start, include=["embeddings"])
            held.update(zip(page["ids"], page["embeddings"], strict=True))
        ids = sorted(held)
        rows = np.asarray([held[i] for i in ids], dtype=np.float32)
        return cls(ids, rows / np.linalg.norm(rows, axis=1, keepdims=True) if ids else rows)

    def nearest(self, query: Vectors32, k: int) -> list[tuple[str, float]]:
        """The `k` nearest ids with their cosine, best first; equal ones in the order of ids."""
        # In one thread: those of a BLAS product wait for one another, on a busy machine for longer than the product takes.
        scores = np.einsum("ij,j->i", self.rows, query / np.linalg.norm(query))
        places = np.arange(len(scores))
        if k < len(scores):
            places = np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])
        best = places[np.lexsort((places, -scores[places]))][:k]
        return [(self.ids[place], float(scores[place])) for place in best]
