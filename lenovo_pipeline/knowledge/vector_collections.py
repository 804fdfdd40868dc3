"""Keep the vector store equal to the chunks, by difference.

Belongs here: what is new, changed, moved and gone; embedding and writing side by side; the store's state for the agreement.
Does not belong here: clients (resources/vectors.py) and the encoder (resources/encoders.py).

Every batch is written as soon as it is embedded, and only then is anything deleted: after a kill at any point the store
holds whole chunks, and the next run embeds what is still missing.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from lenovo_pipeline.contracts import HASH_COLUMN, conform
from lenovo_pipeline.knowledge.chunks import indexed_texts
from lenovo_pipeline.knowledge.tables import CHUNKS, KINDS
from lenovo_pipeline.resources.encoders import Encoder, Vectors32
from lenovo_pipeline.resources.vectors import ENCODER_KEY, Vectors

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the texts embedded so far and the texts to embed."""

COLLECTIONS: Mapping[str, str] = {kind: kind for kind in KINDS}
"""The collection of each kind, as the base encoder fills it."""

_WRITE_BATCH = 256
"""Chunks written at a time: what a kill can lose, and few enough round trips that writing stays below encoding."""

_READ_BATCH = 2_000
_WRITES_AHEAD = 4
_TEXT_HASH = "text_hash"
_METADATA = ("record_id", "record_type", "title", "section", "language", "position", "context", "tokens", "anchor", HASH_COLUMN)
_NULLABLE = tuple(column.name for column in CHUNKS.columns if column.nullable)


@dataclass
class Counts:
    """What a synchronisation did to one collection, in chunks.

    `embedded` texts were encoded for it, `reused` vectors came from chunks of the same text, `relabelled` chunks got new
    metadata only, `rebuilt` says that the collection was missing or of another encoder.
    """

    total: int = 0
    embedded: int = 0
    reused: int = 0
    relabelled: int = 0
    deleted: int = 0
    unchanged: int = 0
    rebuilt: bool = False

    def as_dict(self) -> dict[str, int | bool]:
        return asdict(self)


@dataclass
class _Plan:
    """The difference of one collection: rows (of the chunks) to write, ids to delete."""

    collection: "Collection"
    counts: Counts
    missing: list[int] = field(default_factory=list)
    relabel: list[int] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)


def synchronise(
    chunks: pd.DataFrame,
    vectors: Vectors,
    encoder: Encoder,
    progress: Progress = lambda done, total: None,
    *,
    collections: Mapping[str, str] = COLLECTIONS,
) -> dict[str, Counts]:
    """Make each kind's collection hold exactly its chunks (columns of CHUNKS), and say what that took, by kind.

    `collections` says which kinds, and what their collections are called.
    Only new and changed texts are embedded, equal texts once; a collection of another encoder is rebuilt.
    Raises ContractError for chunks that do not fit, and what `Vectors` raises.
    """
    frame = chunks if HASH_COLUMN in chunks.columns else conform(chunks, CHUNKS)
    texts = indexed_texts(frame)
    hashes = [_text_hash(text) for text in texts]
    known: dict[str, tuple[Collection, str]] = {}
    plans = {kind: _plan(kind, name, frame, vectors, encoder.id, known) for kind, name in collections.items()}
    items = _Items(frame, texts, hashes)
    with _Writer(vectors) as writer:
        fresh: dict[str, list[tuple[str, int]]] = {}
        stored: dict[str, list[tuple[str, int]]] = {}
        for kind, plan in plans.items():
            for row in plan.missing:
                (stored if hashes[row] in known else fresh).setdefault(hashes[row], []).append((kind, row))
        for vector_of, batch in _stored_vectors(vectors, stored, known):
            for text_hash in batch:
                for kind, row in stored[text_hash]:
                    plans[kind].counts.reused += 1
                    writer.put(plans[kind].collection, items.item(row), vector_of[text_hash])
        wanted = list(fresh)
        done = 0
        progress(0, len(wanted))
        for positions, batch_vectors in encoder.stream([texts[fresh[text_hash][0][1]] for text_hash in wanted]):
            for position, vector in zip(positions, batch_vectors, strict=True):
                for place, (kind, row) in enumerate(fresh[wanted[position]]):
                    plans[kind].counts.embedded += place == 0
                    plans[kind].counts.reused += place > 0
                    writer.put(plans[kind].collection, items.item(row), vector)
            done += len(positions)
            progress(done, len(wanted))
        for plan in plans.values():
            for row in plan.relabel:
                writer.put(plan.collection, items.item(row), None)
    with vectors.explained():
        for plan in plans.values():
            for some in _batches(plan.surplus, _READ_BATCH):
                plan.collection.delete(ids=list(some))
    return {kind: plan.counts for kind, plan in plans.items()}


def read_vector_state(vectors: Vectors) -> pd.DataFrame:
    """What the vector store holds: one row per entry with kind, id, record_id and content_hash (empty where it is missing)."""
    rows = []
    for kind in KINDS:
        collection = vectors.find(kind)
        if collection is not None:
            with vectors.explained():
                rows += [(kind, i, str(m.get("record_id", "")), str(m.get(HASH_COLUMN, ""))) for i, m in _entries(collection)]
    return pd.DataFrame(rows, columns=["kind", "id", "record_id", HASH_COLUMN], dtype=object)


def search(
    vectors: Vectors, encoder: Encoder, kind: str, query: str, k: int, where: dict[str, Any] | None = None
) -> list[tuple[str, float]]:
    """The `k` chunks of a kind nearest to the query with their cosine similarity, best first; `where` filters by metadata.

    Raises PermanentFailure if the collection is missing or of another encoder.
    """
    collection = vectors.collection(kind, encoder.id)
    with vectors.explained():
        found = collection.query(query_embeddings=encoder.encode([query]), n_results=k, where=where, include=["distances"])
    return [(i, 1.0 - float(d)) for i, d in zip(found["ids"][0], (found["distances"] or [[]])[0], strict=True)]


def _plan(
    kind: str, name: str, frame: pd.DataFrame, vectors: Vectors, encoder_id: str, known: dict[str, tuple["Collection", str]]
) -> _Plan:
    """Compare one collection with its chunks; note in `known` where the vector of each text already lies."""
    rows = np.flatnonzero(frame["kind"].to_numpy() == kind).tolist()
    ids, row_hashes = frame["chunk_id"].tolist(), frame[HASH_COLUMN].tolist()
    counts = Counts(total=len(rows))
    collection = vectors.find(name)
    if collection is None or (collection.metadata or {}).get(ENCODER_KEY) != encoder_id:
        counts.rebuilt = True
        return _Plan(vectors.create(name, encoder_id), counts, missing=rows)
    with vectors.explained():
        present = dict(_entries(collection))
    for entry, metadata in present.items():
        known.setdefault(str(metadata.get(_TEXT_HASH, "")), (collection, entry))
    plan = _Plan(collection, counts)
    wanted = set()
    for row in rows:
        wanted.add(ids[row])
        if ids[row] not in present:
            plan.missing.append(row)
        elif present[ids[row]].get(HASH_COLUMN) != row_hashes[row]:
            # The id stands for the text, so only what is said about it has changed.
            plan.relabel.append(row)
        else:
            counts.unchanged += 1
    plan.surplus = [entry for entry in present if entry not in wanted]
    counts.relabelled, counts.deleted = len(plan.relabel), len(plan.surplus)
    return plan


class _Items:
    """Chunks as Chroma takes them."""

    def __init__(self, frame: pd.DataFrame, texts: list[str], hashes: list[str]) -> None:
        self._ids: list[str] = frame["chunk_id"].tolist()
        self._documents: list[str] = frame["text"].tolist()
        self._columns: dict[str, list[Any]] = {name: frame[name].tolist() for name in _METADATA} | {_TEXT_HASH: hashes}

    def item(self, row: int) -> tuple[str, str, dict[str, Any]]:
        """Id, document and metadata; Chroma knows no empty values, so what is empty is left out."""
        metadata = {name: values[row] for name, values in self._columns.items()}
        return self._ids[row], self._documents[row], {name: value for name, value in metadata.items() if value is not None}


class _Writer:
    """Writes batches in a thread of its own while the next ones are encoded.

    Leaving the block waits for them and raises what went wrong.
    """

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        with vectors.explained():
            self._size = min(_WRITE_BATCH, vectors.client().get_max_batch_size())
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="vectors")
        self._waiting: dict[tuple[str, bool], tuple[Collection, list[Any]]] = {}
        self._running: list[Future[None]] = []

    def __enter__(self) -> "_Writer":
        return self

    def put(self, collection: "Collection", item: tuple[str, str, dict[str, Any]], vector: Vectors32 | None) -> None:
        """Write one chunk, with its vector if it is a new one; without, only what is said about it."""
        key = (collection.name, vector is not None)
        batch = self._waiting.setdefault(key, (collection, []))[1]
        batch.append((item, vector))
        if len(batch) >= self._size:
            self._start(*self._waiting.pop(key))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            # What is embedded is worth keeping even when the run is being stopped.
            for collection, batch in self._waiting.values():
                self._start(collection, batch)
            for running in self._running:
                running.result()
        except Exception:
            # An exception that is already on its way says more than the writes that failed in its wake.
            if kind is None:
                raise
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self, collection: "Collection", batch: list[Any]) -> None:
        while len(self._running) >= _WRITES_AHEAD:
            self._running.pop(0).result()
        self._running.append(self._pool.submit(self._write, collection, batch))

    def _write(self, collection: "Collection", batch: list[Any]) -> None:
        ids = [item[0] for item, _ in batch]
        documents = [item[1] for item, _ in batch]
        metadatas = [item[2] for item, _ in batch]
        with self._vectors.explained():
            if batch[0][1] is None:
                # An update merges, so what is empty now must be named to go.
                cleared = [dict.fromkeys(_NULLABLE) | metadata for metadata in metadatas]
                collection.update(ids=ids, metadatas=cleared)
            else:
                embeddings = np.stack([vector for _, vector in batch])
                collection.upsert(ids=ids, embeddings=embeddings, documents=documents, metadatas=metadatas)


def _stored_vectors(
    vectors: Vectors, stored: dict[str, Any], known: dict[str, tuple["Collection", str]]
) -> Iterator[tuple[dict[str, Vectors32], Sequence[str]]]:
    """Vectors that the store already has for these texts, batch by batch: text hash -> vector [width]."""
    by_collection: dict[str, list[str]] = {}
    for text_hash in stored:
        by_collection.setdefault(known[text_hash][0].name, []).append(text_hash)
    for hashes in by_collection.values():
        for batch in _batches(hashes, _WRITE_BATCH):
            hash_of = {known[text_hash][1]: text_hash for text_hash in batch}
            with vectors.explained():
                found = known[batch[0]][0].get(ids=list(hash_of), include=["embeddings"])
            rows = np.asarray(found["embeddings"], dtype=np.float32)
            yield {hash_of[entry]: row for entry, row in zip(found["ids"], rows, strict=True)}, batch


def _entries(collection: "Collection") -> Iterator[tuple[str, dict[str, Any]]]:
    for start in range(0, collection.count(), _READ_BATCH):
        page = collection.get(limit=_READ_BATCH, offset=start, include=["metadatas"])
        for entry, metadata in zip(page["ids"], page["metadatas"] or [], strict=True):
            yield entry, dict(metadata or {})


def _batches(values: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def _text_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
