"""How well encoders find the records of one kind of text, and of all kinds together: exact search, in memory.

Belongs here: the corpus that is searched and nDCG@10 by question. Does not belong here: what follows from it (selecting.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from lenovo_pipeline.embeddings.domains import JUDGED
from lenovo_pipeline.embeddings.drawing import hashed
from lenovo_pipeline.knowledge.chunks import indexed_texts
from lenovo_pipeline.measures.ranking import DEPTH, ndcg
from lenovo_pipeline.resources.encoders import Vectors32

Relevance = Mapping[str, Mapping[str, int]]
"""Question id -> record id -> grade."""


@dataclass(frozen=True)
class Corpus:
    """The passages of one kind, those of a record beside each other: chunk ids, texts and records [n]."""

    chunk_ids: list[str]
    texts: list[str]
    records: list[str]

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where each record's passages begin."""
        return np.array([i for i, each in enumerate(self.records) if i == 0 or each != self.records[i - 1]], dtype=np.int64)

    @property
    def distinct(self) -> list[str]:
        """The records, in order."""
        return [self.records[place] for place in self.starts]


def corpora(chunks: pd.DataFrame, relevance: Relevance, others: int | None, seed: int) -> dict[str, Corpus]:
    """What is searched, by kind: the passages of all relevant records and of at most `others` further ones (None: all)."""
    needed = {record for graded in relevance.values() for record in graded}
    made = {}
    for kind in JUDGED:
        own = chunks[chunks["kind"] == kind]
        rest = sorted(set(own["record_id"]) - needed, key=lambda record: hashed(str(seed), record))[:others]
        own = own[own["record_id"].isin(needed | set(rest))].sort_values(["record_id", "position"], kind="stable")
        made[kind] = Corpus(own["chunk_id"].tolist(), indexed_texts(own), own["record_id"].tolist())
    return made


def similarities(questions: Vectors32, passages: Vectors32, corpus: Corpus) -> npt.NDArray[np.float32]:
    """Cosine of each question with the best passage of each record [questions, records]; `passages`: its vectors [n, width]."""
    if not corpus.records:
        return np.empty((len(questions), 0), dtype=np.float32)
    found: npt.NDArray[np.float32] = np.maximum.reduceat(questions @ passages.T, corpus.starts, axis=1)
    return found


def ndcg_by_question(
    similar: npt.NDArray[np.float32], records: Sequence[str], question_ids: Sequence[str], relevance: Relevance
) -> npt.NDArray[np.float64]:
    """nDCG@10 of each question [questions] by these similarities [questions, records]; NaN where no record is relevant."""
    known = set(records)
    found = np.full(len(question_ids), np.nan)
    depth = min(DEPTH, len(records))
    for place, question in enumerate(question_ids):
        graded = {record: grade for record, grade in relevance[question].items() if record in known}
        if graded:
            best = np.argsort(-similar[place], kind="stable")[:depth]
            found[place] = ndcg([records[i] for i in best], graded)
    return found
