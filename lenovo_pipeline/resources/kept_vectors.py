"""Vectors of texts in a folder beside the stores, so that a text is encoded once, not once in every run.

Belongs here: the folder, and the encoder that knows what is in it. Does not belong here: encoders (encoders.py), Chroma.

A folder bears the encoder's id, which is a hash: whatever removes artifacts that nothing cites removes it, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import read_manifest, write_manifest
from lenovo_pipeline.resources.encoders import Encoder, RememberingEncoder, Vectors32
from lenovo_pipeline.resources.folders import folder_aside

_FILE = "vectors.npz"


def read_vectors(folder: Path) -> dict[str, Vectors32]:
    """Unit vectors [width] by `text_hash`; none where there is no such folder, or it is damaged: then they are computed again."""
    try:
        read_manifest(folder, remedy="")
        with np.load(folder / _FILE) as held:
            return dict(zip(held["hashes"].tolist(), held["vectors"], strict=True))
    except (PermanentFailure, OSError, ValueError, KeyError):
        return {}


def write_vectors(folder: Path, encoder: Encoder, vectors: Mapping[str, Vectors32]) -> None:
    """Keep exactly these vectors, in their order; whole or not at all."""
    with folder_aside(folder) as aside:
        rows = np.stack(list(vectors.values())) if vectors else np.empty((0, encoder.width), dtype=np.float32)
        np.savez(aside / _FILE, hashes=np.array(list(vectors), dtype=str), vectors=rows)
        write_manifest(aside, {"encoder": encoder.id})


@contextmanager
def keeping(inner: Encoder, artifacts: Path, *, room: int) -> Iterator[RememberingEncoder]:
    """`inner` with what is known of it, for the length of a run; what was encoded is kept at its end, also where it failed.

    It remembers `room` texts in all and keeps half as many, those that were used last.
    """
    known = _Keeping(inner, artifacts / "known_vectors" / inner.id, room)
    try:
        yield known
    finally:
        known.keep()


class _Keeping(RememberingEncoder):
    """See `keeping`. The folder is read when the first text is encoded: many runs encode none."""

    def __init__(self, inner: Encoder, folder: Path, room: int) -> None:
        super().__init__(inner, room=room)
        self._folder = folder
        self._kept: frozenset[str] | None = None

    def stream(self, texts: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.int64], Vectors32]]:
        if self._kept is None:
            self._known = read_vectors(self._folder)
            self._kept = frozenset(self._known)
        yield from super().stream(texts)

    def keep(self) -> None:
        """Write down what was used last, if anything is new."""
        if self._kept is not None and not self._known.keys() <= self._kept:
            last = list(self._known.items())[-(self._room // 2) :]
            # Where they cannot be kept, the next run encodes them again: no reason for this one to fail.
            with suppress(PermanentFailure):
                write_vectors(self._folder, self._inner, dict(last))
