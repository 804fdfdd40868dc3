"""Evidence by meaning: the passages in Chroma whose vectors are nearest to the question's.

Belongs here: the source `dense`, and the vectors of questions, encoded once each. Collections of moderate size are read into
memory once and searched exactly, all of one encoder together, which takes a tenth of the time of asking Chroma for each; a larger
one is asked by its HNSW index. Does not belong here: the collections (knowledge/vector_collections, embeddings/collections).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import chain
from operator import itemgetter
from typing import Any, Protocol

import numpy as np

from lenovo_pipeline.resources.encoders import Encoder, Vectors32
from lenovo_pipeline.resources.threads import one_blas_thread
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.retrieval.interface import Filters, Request, Result, request
from lenovo_pipeline.retrieval.keyword import PASSAGES_PER_RECORD
from lenovo_pipeline.retrieval.ranking import Candidate, narrows, of_passages, result
from lenovo_pipeline.retrieval.register import Register

_REMEMBERED = 20_000
_EXACT_UP_TO = 100_000
"""Vectors of a collection up to which it is searched exactly: 150 MB of memory, and quicker than to ask Chroma's HNSW for as many
as are looked at here, which misses neighbours where vectors lie apart.
"""

_PAGE = 2_000
_BLOCK = 64


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
    _opened: "list[tuple[QueryEncoder, _Part]]" = field(default_factory=list, repr=False)

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
        return result(self.name, asked, self.candidates(asked), self.register, "no passage lies near the question")

    def candidates(self, asked: Request) -> list[Candidate]:
        """See ranking.Searcher."""
        return of_passages(self._nearest(asked), asked, self.record_of, self.register, _why)

    def _nearest(self, asked: Request) -> list[tuple[str, float]]:
        """Passages with their cosines, best first: as many as may be needed, or all that there are where filters narrow."""
        depth = len(self.record_of) if narrows(asked.filters) else asked.k * PASSAGES_PER_RECORD
        parts = [part.nearest(encoder.vector(asked.question), depth) for encoder, part in self._parts()]
        # Of all collections together no more is looked at than of one: what lies behind belongs to no better record.
        return parts[0][:depth] if len(parts) == 1 else nlargest(depth, chain(*parts), key=itemgetter(1))

    def _parts(self) -> "list[tuple[QueryEncoder, _Part]]":
        if self._opened:
            return self._opened
        opened: list[tuple[QueryEncoder, _Part]] = []
        small: dict[str, list[Any]] = {}
        for kind, encoder in self.encoders.items():
            collection = self.vectors.collection(kind, encoder.encoder.id)
            with self.vectors.explained():
                held = collection.count()
                if held > self.exact_up_to:
                    opened.append((encoder, _Indexed(collection, held, self.vectors)))
                else:
                    small.setdefault(encoder.encoder.id, []).append(collection)
        asking = {encoder.encoder.id: encoder for encoder in self.encoders.values()}
        with self.vectors.explained():
            opened += [(asking[encoder_id], _Exact.read(collections)) for encoder_id, collections in small.items()]
        self._opened = opened
        return opened


class _Part(Protocol):
    """Some collections of one encoder, to search."""

    def nearest(self, query: Vectors32, k: int) -> list[tuple[str, float]]:
        """The `k` nearest ids with their cosines, best first."""
        ...


@dataclass(frozen=True)
class _Indexed:
    """A collection that Chroma searches by its HNSW index."""

    collection: Any
    held: int
    vectors: Vectors

    def nearest(self, query: Vectors32, k: int) -> list[tuple[str, float]]:
        with self.vectors.explained():
            depth = min(k, self.held)
            found = self.collection.query(query_embeddings=np.asarray([query]), n_results=depth, include=["distances"])
        return [(i, 1.0 - float(d)) for i, d in zip(found["ids"][0], (found["distances"] or [[]])[0], strict=True)]


@dataclass(frozen=True)
class _Exact:
    """Collections in memory: ids, and their unit vectors as columns [width, n or more], in the order of the ids."""

    ids: list[str]
    columns: Vectors32

    @classmethod
    def read(cls, collections: Sequence[Any]) -> "_Exact":
        held: dict[str, Any] = {}
        for collection in collections:
            for start in range(0, collection.count(), _PAGE):
                page = collection.get(limit=_PAGE, offset=start, include=["embeddings"])
                held.update(zip(page["ids"], page["embeddings"], strict=True))
        ids = sorted(held)
        rows = np.asarray([held[i] for i in ids], dtype=np.float32)
        if not ids:
            return cls(ids, rows)
        # Columns, since a product that runs along all vectors takes half the time of one vector after the other where they must
        # come from memory. Whole blocks of them, since BLAS adds up what is left over in another way, and equal vectors are to
        # have equal scores.
        columns = np.zeros((rows.shape[1], -(-len(ids) // _BLOCK) * _BLOCK), dtype=np.float32)
        np.divide(rows.T, np.linalg.norm(rows, axis=1), out=columns[:, : len(ids)])
        return cls(ids, columns)

    def nearest(self, query: Vectors32, k: int) -> list[tuple[str, float]]:
        """Equal ones come in the order of ids."""
        if not self.ids:
            return []
        # In one thread: two wait for one another, on a busy machine for longer than the product takes.
        with one_blas_thread():
            scores = ((query / np.linalg.norm(query)) @ self.columns)[: len(self.ids)]
        places = np.arange(len(scores))
        if k < len(scores):
            places = np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])
        best = places[np.lexsort((places, -scores[places]))][:k]
        return list(zip(map(self.ids.__getitem__, best.tolist()), scores[best].tolist(), strict=True))


def _why(score: float) -> str:
    return f"a passage means something similar (cosine {score:.2f})"
