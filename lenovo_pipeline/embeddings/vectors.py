"""Vectors by tuned encoders, computed once per content and encoder: what selection encodes, the collections need not.

Belongs here: the files of vectors beside the stores. Does not belong here: encoders (resources/encoders.py), Chroma.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import read_manifest, write_manifest
from lenovo_pipeline.resources.encoders import Encoder, RememberingEncoder, Vectors32, text_hash
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.store import Store

_FILE = "vectors.npz"


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
