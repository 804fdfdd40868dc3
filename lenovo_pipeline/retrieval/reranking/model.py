"""The cross-encoder: question and passage in one text, its vector, and a number that says how well the passage answers.

Belongs here: the pair as a text, scoring with ONNX Runtime, the folder. Does not belong here: training (training.py) and what
its scores do to a ranking (retriever.py).

It is a BERT over `question [SEP] passage` (Nogueira and Cho 2019), pooled and normalised as the sentence encoder that it starts
from, so that the same fast graph runs it (resources/encoder_graph.py), with a linear head on the unit vector.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import require_provenance
from lenovo_pipeline.resources.encoders import Encoder, OnnxEncoder
from lenovo_pipeline.resources.store import Store

KIND = "reranker"
REMEDY = "Materialise retrieval/reranker again."
HEAD = "head.json"
_QUESTION_CHARACTERS = 240
"""What of a long question is read, so that some of the passage always is."""


def pair_text(question: str, passage: str) -> str:
    """Question and passage as the cross-encoder reads them."""
    return f"{question[:_QUESTION_CHARACTERS]} [SEP] {passage}"


@dataclass(frozen=True)
class CrossEncoder:
    """A trained cross-encoder; made by `load`."""

    encoder: Encoder
    head: npt.NDArray[np.float32]
    """Weights of the head [width]."""

    scale: float
    """What scores are multiplied with before a softmax."""

    @classmethod
    def load(cls, store: Store, path: str, threads: int = 2) -> "CrossEncoder":
        """The cross-encoder in a folder of the store (relative to it).

        Raises PermanentFailure if it is missing, damaged, or none of ours.
        """
        folder = store.root / path
        made_by = require_provenance(folder, {"kind": KIND}, remedy=REMEDY)
        encoder = OnnxEncoder(folder, store.artifacts, threads)
        return cls(encoder, read_head(folder, encoder.width), float(made_by["recipe"]["scale"]))

    def scores(self, question: str, passages: Sequence[str]) -> npt.NDArray[np.float32]:
        """How well each passage answers the question [passages], in one batch; higher is better, comparable for one question."""
        vectors = self.encoder.encode([pair_text(question, passage) for passage in passages])
        scores: npt.NDArray[np.float32] = vectors @ self.head
        return scores


def read_head(folder: Path, width: int) -> npt.NDArray[np.float32]:
    """The head [width] in a folder. Raises PermanentFailure where it does not fit."""
    try:
        head = np.asarray(json.loads((folder / HEAD).read_text(encoding="utf-8")), dtype=np.float32)
    except (OSError, ValueError, TypeError) as error:
        raise PermanentFailure(f"{folder / HEAD} cannot be read ({error})", remedy=REMEDY) from error
    if head.shape != (width,) or not np.isfinite(head).all():
        raise PermanentFailure(f"{folder / HEAD} has the shape {head.shape}, expected {width} numbers", remedy=REMEDY)
    return head
