"""Vectors by tuned encoders, computed once per content and encoder: what selection encodes, the collections need not.

Belongs here: which of them are kept. Does not belong here: the files (resources/kept_vectors.py), encoders, Chroma.
"""

from collections.abc import Sequence
from pathlib import Path

from lenovo_pipeline.resources.encoders import Encoder, RememberingEncoder, Vectors32, text_hash
from lenovo_pipeline.resources.kept_vectors import read_vectors, write_vectors
from lenovo_pipeline.resources.store import Store


def remembering(encoder: Encoder, store: Store, *, room: int = 0) -> RememberingEncoder:
    """The encoder with the vectors that are kept of it; it remembers `room` further ones."""
    return RememberingEncoder(encoder, read_vectors(_folder(store, encoder)), room=room)


def encode_kept(encoder: Encoder, texts: Sequence[str], store: Store) -> Vectors32:
    """Unit vectors [len(texts), width]; those that are kept are taken, and what is kept afterwards is exactly these texts."""
    folder = _folder(store, encoder)
    known = read_vectors(folder)
    vectors = RememberingEncoder(encoder, known).encode(texts)
    made = dict(zip(map(text_hash, texts), vectors, strict=True))
    if made.keys() != known.keys():
        write_vectors(folder, encoder, {each: made[each] for each in sorted(made)})
    return vectors


def _folder(store: Store, encoder: Encoder) -> Path:
    return store.artifacts / "embedding_vectors" / encoder.id
