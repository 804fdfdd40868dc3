"""Keyword search over chunks: BM25 in a folder.

Belongs here: building, saving, loading and asking the index. Does not belong here: what a word is (tokenizer.py).

BM25 (Robertson and Zaragoza 2009) as Lucene scores it, by bm25s: sparse matrices in NumPy alone, maintained, MIT, and its public
figures are known. Scores are computed when the index is built, so a question is a sum over a few columns.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pandas as pd

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.knowledge.chunks import indexed_texts
from lenovo_pipeline.knowledge.tokenizer import tokenize, tokenizer_version
from lenovo_pipeline.provenance import read_manifest, require_provenance, write_manifest
from lenovo_pipeline.resources.folders import folder_aside

if TYPE_CHECKING:
    from bm25s import BM25

FORMAT = 1
K1 = 1.2
B = 0.75
"""Lucene's defaults."""
_REMEDY = "Materialise knowledge/keyword_index again; it is built from knowledge/chunks."
_IDS = "chunk_ids.json"


def build_index(chunks: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Index the chunks (columns chunk_id, context, text) into `folder`, replacing what lies there when all is written.

    The same chunks give the same files. If the folder already holds exactly them, nothing is written.
    Returns the manifest's `made_by` (format, tokenizer, parameters, documents, chunks: SHA-256 over ids) plus `reused`.
    """
    ordered = chunks.sort_values("chunk_id", kind="stable")
    ids: list[str] = ordered["chunk_id"].tolist()
    made_by = {**_made_by(), "documents": len(ids), "chunks": hashlib.sha256("\n".join(ids).encode()).hexdigest()}
    if _holds(folder, made_by):
        return {**made_by, "reused": True}
    with folder_aside(folder) as aside:
        (aside / _IDS).write_bytes(orjson.dumps(ids))
        # bm25s cannot index a corpus without a single word; the empty index is a list of ids.
        tokens = [tokenize(text) for text in indexed_texts(ordered)]
        if any(tokens):
            _bm25(tokens).save(aside, show_progress=False)
        write_manifest(aside, made_by)
    return {**made_by, "reused": False}


class KeywordIndex:
    """An index in memory. Made by `load`."""

    def __init__(self, ids: list[str], bm25: "BM25 | None") -> None:
        self.ids = ids
        self._bm25 = bm25

    @classmethod
    def load(cls, folder: Path) -> "KeywordIndex":
        """Read an index. Raises PermanentFailure if it is missing, damaged, or made by other rules: all mismatches are listed."""
        require_provenance(folder, _made_by(), remedy=_REMEDY)
        from bm25s import BM25

        ids = orjson.loads((folder / _IDS).read_bytes())
        filled = (folder / "params.index.json").is_file()
        return cls(ids, BM25.load(folder, show_progress=False) if filled else None)

    def search(self, query: str, k: int) -> list[tuple[str, float]]:
        """The `k` best chunks with their BM25 scores, best first; chunks without a word of the query are left out.

        Equal scores are ordered by id. Raises ValueError if k is less than 1.
        """
        if k < 1:
            raise ValueError(f"k is {k}; it must be at least 1")
        known = self._bm25.get_tokens_ids(tokenize(query)) if self._bm25 else []
        if self._bm25 is None or not known:
            return []
        scores = np.asarray(self._bm25.get_scores_from_ids(known))
        found = np.flatnonzero(scores > 0)
        if len(found) > k:
            threshold = np.partition(scores[found], len(found) - k)[len(found) - k]
            found = found[scores[found] >= threshold]
        # Ids are stored in order, so their places break ties.
        best = found[np.lexsort((found, -scores[found]))][:k]
        return list(zip(map(self.ids.__getitem__, best.tolist()), scores[best].tolist(), strict=True))


def _made_by() -> dict[str, Any]:
    return {"format": FORMAT, "tokenizer": tokenizer_version(), "k1": K1, "b": B}


def _holds(folder: Path, made_by: Mapping[str, Any]) -> bool:
    try:
        return read_manifest(folder, remedy=_REMEDY) == made_by
    except PermanentFailure:
        return False


def _bm25(tokens: list[list[str]]) -> "BM25":
    from bm25s import BM25
    from bm25s.tokenization import Tokenized

    # Sorted, because bm25s numbers words in the order of a set, which differs from process to process.
    vocabulary = {token: i for i, token in enumerate(sorted({token for document in tokens for token in document}))}
    index = BM25(k1=K1, b=B, method="lucene")
    index.index(
        Tokenized([[vocabulary[t] for t in document] for document in tokens], vocabulary),
        create_empty_token=False,
        show_progress=False,
    )
    return index
