"""A public retrieval set in the BEIR layout (Thakur et al. 2021), to see what tuning costs on other texts: SciFact.

Belongs here: reading it, drawing a part of it, and nDCG@10 of an encoder on it. The product does not need it: where the folder
is not there, nothing is measured. Layout: corpus.jsonl[.gz] (_id, title, text), queries.jsonl (_id, text), qrels/test.tsv.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lenovo_pipeline.embeddings.drawing import hashed
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.ranking import DEPTH, ndcg
from lenovo_pipeline.resources.encoders import Encoder

SCIFACT = Path("retrieval") / "scifact"
"""Its place in the folder of reference data."""


@dataclass(frozen=True)
class PublicSet:
    """Documents and queries by id, and relevance: query id -> document id -> grade."""

    documents: dict[str, str]
    queries: dict[str, str]
    relevance: dict[str, dict[str, int]]

    @property
    def version(self) -> str:
        """Hash over everything."""
        return hashed(*(f"{i}={text}" for part in (self.documents, self.queries) for i, text in sorted(part.items())))[:16]

    def part(self, queries: int | None, documents: int | None, seed: int) -> "PublicSet":
        """At most so many queries, what is relevant to them, and other documents up to that number; the same ones each time."""

        def drawn(ids: Any, size: int | None) -> list[str]:
            return sorted(ids, key=lambda each: hashed(str(seed), each))[:size]

        asked = drawn(self.relevance, queries)
        needed = {document for query in asked for document in self.relevance[query]}
        others = [] if documents is not None and documents <= len(needed) else drawn(self.documents.keys() - needed, documents)
        room = len(others) if documents is None else max(documents - len(needed), 0)
        return PublicSet(
            {i: self.documents[i] for i in sorted({*needed, *others[:room]})},
            {i: self.queries[i] for i in asked},
            {i: self.relevance[i] for i in asked},
        )


def read_public_set(folder: Path) -> PublicSet | None:
    """The set in `folder`; None where there is no such folder. Raises PermanentFailure for one that is incomplete or damaged."""
    if not folder.is_dir():
        return None
    remedy = f"Restore {folder}, or point LENOVO_REFERENCE at a folder without it: then it is not measured."
    try:
        corpus = next(path for name in ("corpus.jsonl.gz", "corpus.jsonl") if (path := folder / name).is_file())
        documents = {row["_id"]: f"{row.get('title', '')} {row['text']}".strip() for row in _rows(corpus)}
        queries = {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl")}
        relevance: dict[str, dict[str, int]] = {}
        for line in (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
            query, document, grade = line.split("\t")
            if int(grade) > 0:
                relevance.setdefault(query, {})[document] = int(grade)
    except (OSError, StopIteration, ValueError, KeyError, TypeError) as error:
        raise PermanentFailure(f"the retrieval set in {folder} cannot be read ({error!r})", remedy=remedy) from error
    unknown = [query for query, graded in relevance.items() if query not in queries or graded.keys() - documents.keys()]
    if unknown or not relevance:
        raise PermanentFailure(
            f"the retrieval set in {folder} is incomplete: {len(unknown)} of {len(relevance)} queries lack text or document",
            remedy=remedy,
        )
    return PublicSet(documents, queries, relevance)


def mean_ndcg(encoder: Encoder, data: PublicSet) -> float:
    """Mean nDCG@10 over the queries, by exact search."""
    ids = list(data.documents)
    vectors = encoder.encode([data.documents[i] for i in ids])
    asked = encoder.encode([data.queries[i] for i in data.relevance])
    depth = min(DEPTH, len(ids))
    total = 0.0
    for row, graded in zip(asked @ vectors.T, data.relevance.values(), strict=True):
        best = np.argsort(-row, kind="stable")[:depth]
        total += ndcg([ids[place] for place in best], graded)
    return total / len(data.relevance)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as handle:
        for line in handle:
            if line.strip():
                yield json.loads(line)
