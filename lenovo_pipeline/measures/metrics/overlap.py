"""ROUGE and BLEU, by the libraries of their authors and keepers (rouge-score by Google Research, sacrebleu).

Belongs here: how the two are called, and the metrics made of them. Both compare words, so they suit whole sentences.
Chinese is taken apart into characters (ROUGE as here, BLEU by sacrebleu's tokenizer `zh`), since neither library knows its words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from lenovo_pipeline.measures.items import AnswerType, Item
from lenovo_pipeline.measures.metrics.metric import Metric
from lenovo_pipeline.measures.metrics.normalise import CJK

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

RougeKind = Literal["rouge1", "rouge2", "rougeL", "rougeLsum"]
_WORDS: tuple[AnswerType, ...] = ("text", "list")
_CHINESE = re.compile(f"[{CJK}]")
_TOKEN = re.compile(f"[{CJK}]|[a-z0-9]+")


@dataclass(frozen=True)
class Overlap:
    """Precision, recall and F1 in [0, 1]."""

    precision: float
    recall: float
    f1: float


def rouge(answer: str, reference: str, kind: RougeKind, *, stem: bool = False) -> Overlap:
    """ROUGE (Lin 2004) of an answer against one reference; `stem` applies the Porter stemmer to English words."""
    chinese = bool(_CHINESE.search(answer) or _CHINESE.search(reference))
    found = _rouge_scorer(kind, stem, chinese).score(reference, answer)[kind]
    return Overlap(found.precision, found.recall, found.fmeasure)


def bleu(answers: Sequence[str], references: Sequence[Sequence[str]], **options: Any) -> float:
    """Corpus BLEU (Papineni et al. 2002) in [0, 100] of answers [n] against `references` [sets, n]; options are sacrebleu's.

    Raises ValueError if a set of references has another length, or if there is nothing to score.
    """
    from sacrebleu.metrics.bleu import BLEU

    if not answers or not references or any(len(one) != len(answers) for one in references):
        raise ValueError(f"there are {len(answers)} answers and reference sets of {[len(one) for one in references]}")
    return float(BLEU(**options).corpus_score(list(answers), [list(one) for one in references]).score)


def sentence_bleu(answer: str, references: Sequence[str], **options: Any) -> float:
    """BLEU in [0, 100] of one answer, with effective order and exponential smoothing (Chen and Cherry 2014) unless told."""
    from sacrebleu.metrics.bleu import BLEU

    if not references:
        raise ValueError("there is no reference to compare with")
    settings: Mapping[str, Any] = {"effective_order": True} | options
    return float(BLEU(**settings).sentence_score(answer, list(references)).score)


@dataclass(frozen=True)
class Rouge:
    """Highest ROUGE F1 with a right form, in [0, 1]."""

    kind: RougeKind = "rougeL"

    @property
    def name(self) -> str:
        return self.kind

    def applies(self, answer_type: AnswerType) -> bool:
        return answer_type in _WORDS

    def values(self, answers: Sequence[str], items: Sequence[Item]) -> list[float]:
        return [
            max(rouge(answer, form, self.kind).f1 for form in item.right_forms)
            for answer, item in zip(answers, items, strict=True)
        ]


@dataclass(frozen=True)
class Bleu:
    """Sentence BLEU against all right forms, in [0, 1]."""

    name: str = "bleu"

    def applies(self, answer_type: AnswerType) -> bool:
        return answer_type in _WORDS

    def values(self, answers: Sequence[str], items: Sequence[Item]) -> list[float]:
        return [
            sentence_bleu(answer, item.right_forms, tokenize="zh" if _CHINESE.search(item.answer + answer) else "13a") / 100
            for answer, item in zip(answers, items, strict=True)
        ]


OVERLAP_METRICS: tuple[Metric, ...] = (Rouge("rouge1"), Rouge("rougeL"), Bleu())


class _Characters:
    """A tokenizer for rouge-score: each Chinese character and each run of Latin letters and digits is a token."""

    def tokenize(self, text: str) -> list[str]:
        return _TOKEN.findall(text.lower())


@cache
def _rouge_scorer(kind: RougeKind, stem: bool, chinese: bool) -> "RougeScorer":
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer([kind], use_stemmer=stem, tokenizer=_Characters() if chinese else None)
