"""Vectors by tuned encoders, computed once per content and encoder: what selection encodes, the collections need not.

Belongs here: the files of vectors beside the stores. Does not belong here: encoders (resources/encoders.py), Chroma.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import read_manifest, write_manifest
from lenovo_pipeline.resources.encoders import Encoder, Vectors32
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.store import Store

_FILE = "vectors.npz"


class RememberingEncoder(Encoder):
    """An encoder that knows the vectors of some texts (by `text_hash`) already; its identity is that of `inner`."""

    def __init__(self, inner: Encoder, known: Mapping[str, Vectors32]) -> None:
        super().__init__(inner.folder)
        self._inner = inner
        self._known = known

    def stream(self, texts: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.int64], Vectors32]]:
        hashes = [text_hash(text) for text in texts]
        known = [place for place, each in enumerate(hashes) if each in self._known]
        if known:
            yield np.array(known, dtype=np.int64), np.stack([self._known[hashes[place]] for place in known])
        missing = np.array([place for place, each in enumerate(hashes) if each not in self._known], dtype=np.int64)
        for positions, vectors in self._inner.stream([texts[place] for place in missing]):
            yield missing[positions], vectors


def remembering(encoder: Encoder, store: Store) -> RememberingEncoder:
    """The encoder with the vectors that are kept of it."""
    return RememberingEncoder(encoder, _read(_folder(store, encoder)))


def encode_kept(encoder: Encoder, texts: Sequence[str], store: Store) -> Vectors32:
    """Unit vectors [len(texts), width]; those that are kept are taken, and what is kept afterwards is exactly these texts."""
    folder = _folder(store, encoder)
    known = _read(folder)
    vectors = RememberingEncoder(encoder, known).encode(texts)
    hashes = [text_hash(text) for text in texts]
    if set(hashes) != known.keys():
        order = sorted(range(len(hashes)), key=hashes.__getitem__)
        with folder_aside(folder) as aside:
            np.savez(aside / _FILE, hashes=np.array([hashes[place] for place in order]), vectors=vectors[order])
            write_manifest(aside, {"encoder": encoder.id})
    return vectors


def text_hash(text: str) -> str:
    """Hash (32 hex digits) of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _folder(store: Store, encoder: Encoder) -> Path:
    return store.artifacts / "embedding_vectors" / encoder.id


def _read(folder: Path) -> dict[str, Vectors32]:
    """What is kept; nothing where there is none, or where it is damaged: then it is computed again."""
    try:
        read_manifest(folder, remedy="")
        with np.load(folder / _FILE) as held:
            return dict(zip(held["hashes"].tolist(), held["vectors"], strict=True))
    except (PermanentFailure, OSError, ValueError, KeyError):
        return {}
