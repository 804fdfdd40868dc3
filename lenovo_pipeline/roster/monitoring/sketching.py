"""The sketch of a question's meaning that the log keeps: a random projection of its embedding.

Belongs here: the projection (Johnson and Lindenstrauss 1984; Achlioptas 2003), the same in every process. Distances between
sketches stand for those between embeddings, while no text can be read from sixteen numbers.
"""

from collections.abc import Sequence
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lenovo_pipeline.roster.monitoring.requests import SKETCH_WIDTH

_SEED = 20_261


class Encodes(Protocol):
    """What gives embeddings, as resources/encoders.py does."""

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors [len(texts), width]."""
        ...


def sketches(texts: Sequence[str], encoder: Encodes) -> list[tuple[float, ...]]:
    """The sketch of each text; nothing for an empty one."""
    told = [text for text in texts if text.strip()]
    if not told:
        return [() for _ in texts]
    vectors = np.asarray(encoder.encode(told), dtype=np.float64)
    projected = iter(vectors @ _projection(vectors.shape[1]))
    return [tuple(map(float, next(projected))) if text.strip() else () for text in texts]


@cache
def _projection(width: int) -> npt.NDArray[np.float64]:
    drawn = np.random.default_rng(_SEED).standard_normal((width, SKETCH_WIDTH))
    return np.asarray(drawn / np.sqrt(SKETCH_WIDTH), dtype=np.float64)
