"""Nearness in meaning, by a sentence encoder on this machine.

Belongs here: BERTScore and the cosine of sentence vectors. Which encoder there is, is the caller's to say: an `embed` function or
a folder. Nothing is downloaded. Both compare what texts are about: an answer with a wrong number can be near, so neither decides
whether an answer is correct.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.items import AnswerType, Item

if TYPE_CHECKING:
    from bert_score import BERTScorer

Embed = Callable[[Sequence[str]], npt.NDArray[Any]]
_TYPES: tuple[AnswerType, ...] = ("text", "list")


@dataclass(frozen=True)
class Similarity:
    """Highest cosine with a right form, in [-1, 1]. `embed` turns texts [n] into vectors [n, width] of any length."""

    embed: Embed
    name: str = "similarity"

    def applies(self, answer_type: AnswerType) -> bool:
        return answer_type in _TYPES

    def values(self, answers: Sequence[str], items: Sequence[Item]) -> list[float]:
        texts = list(dict.fromkeys([*answers, *(form for item in items for form in item.right_forms)]))
        vectors = np.asarray(self.embed(texts), dtype=np.float64)
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise ValueError(f"the encoder gave vectors of shape {vectors.shape} for {len(texts)} texts")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit = dict(zip(texts, np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0), strict=True))
        return [
            max(float(unit[answer] @ unit[form]) for form in item.right_forms)
            for answer, item in zip(answers, items, strict=True)
        ]


@dataclass(frozen=True)
class BertScore:
    """Highest BERTScore F1 (Zhang et al. 2020) with a right form, without idf weights and without rescaling.

    `encoder` is a folder that transformers can load; `layers` which layer's vectors are compared (the last one of
    all-MiniLM-L6-v2 is 6). Figures of other encoders or layers cannot be compared with these.
    """

    encoder: Path
    layers: int = 6
    name: str = "bertscore"

    def applies(self, answer_type: AnswerType) -> bool:
        return answer_type in _TYPES

    def values(self, answers: Sequence[str], items: Sequence[Item]) -> list[float]:
        # An empty text has no tokens to match, and bert-score warns and returns 0 for it, as here.
        said = [answer if answer.strip() else "-" for answer in answers]
        scorer = _bert_scorer(self.encoder, self.layers)
        _, _, f1 = scorer.score(said, [list(item.right_forms) for item in items])
        return [float(value) if answer.strip() else 0.0 for value, answer in zip(f1, answers, strict=True)]


@lru_cache(maxsize=2)
def _bert_scorer(encoder: Path, layers: int) -> "BERTScorer":
    if not (encoder / "config.json").is_file():
        raise PermanentFailure(f"{encoder} holds no encoder (config.json is missing)", remedy="Give an encoder's folder.")
    from bert_score import BERTScorer

    return BERTScorer(model_type=str(encoder), num_layers=layers, idf=False, rescale_with_baseline=False, device="cpu")
