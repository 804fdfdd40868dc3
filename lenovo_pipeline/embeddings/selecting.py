"""Which encoder each kind of text is embedded with: a tuned one only where it has shown that it is better than the base.

Belongs here: measuring the candidates and the order of the decisions. Does not belong here: the rule itself (verify.py), and
search in memory (measuring.py).

What is cheap comes first, and what has failed is measured no further: the validation split, then the test split, then a
public set of other texts, then dense search over all kinds with the tuned vectors in place, since cosines of two encoders
meet there in one ranking. Where the public set is not on this machine nothing can be chosen, and the test split is not asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lenovo_pipeline.embeddings.domains import JUDGED, encoders_for
from lenovo_pipeline.embeddings.measuring import Corpus, Relevance, ndcg_by_question, similarities
from lenovo_pipeline.embeddings.public_set import PublicSet, mean_ndcg
from lenovo_pipeline.embeddings.tables import SELECTION
from lenovo_pipeline.embeddings.verify import shortfalls
from lenovo_pipeline.measures.statistics.paired import compare_paired
from lenovo_pipeline.resources.encoders import Encoder, Vectors32

Encode = Callable[[Encoder, Mapping[str, Corpus]], dict[str, Vectors32]]
"""From an encoder and corpora to the vectors of their passages, by kind."""


@dataclass(frozen=True)
class Candidate:
    """A tuned encoder: its domain and folder as ENCODERS has them."""

    domain: str
    path: str
    encoder: Encoder


@dataclass
class Judging:
    """What the candidates are judged on. `questions` has the questions of each split, with relevant records; `encode` embeds
    passages; `public` is None where the public set is not on this machine, and the test split is then not asked.
    """

    base: Encoder
    corpora: Mapping[str, Corpus]
    questions: Mapping[str, pd.DataFrame]
    relevance: Relevance
    encode: Encode
    public: PublicSet | None
    seed: int
    say: Callable[[str], None] = lambda _: None
    serving: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Encoder id -> the kinds that it is measured on; the base on all."""
    _passages: dict[tuple[str, str], Vectors32] = field(default_factory=dict, repr=False)
    _asked: dict[tuple[str, str], Vectors32] = field(default_factory=dict, repr=False)
    _public: dict[str, float] = field(default_factory=dict, repr=False)

    def similar(self, encoder: Encoder, split: str, kind: str) -> npt.NDArray[np.float32]:
        """Cosine of the questions of a split with the records of a kind."""
        if (encoder.id, kind) not in self._passages:
            wanted = {each: self.corpora[each] for each in self._served(encoder)}
            self._passages |= {(encoder.id, each): found for each, found in self.encode(encoder, wanted).items()}
        if (encoder.id, split) not in self._asked:
            self._asked[encoder.id, split] = encoder.encode(self.questions[split]["question"].tolist())
        return similarities(self._asked[encoder.id, split], self._passages[encoder.id, kind], self.corpora[kind])

    def by_question(self, encoder: Encoder, split: str, kind: str) -> npt.NDArray[np.float64]:
        """nDCG@10 of each question of a split among the records of a kind; NaN where it needs none of them."""
        ids = self.questions[split]["question_id"].tolist()
        return ndcg_by_question(self.similar(encoder, split, kind), self.corpora[kind].distinct, ids, self.relevance)

    def overall(self, encoders: Mapping[str, Encoder]) -> float:
        """Mean nDCG@10 on validation of dense search over all kinds, each with its encoder."""
        parts = [self.similar(encoders[kind], "validation", kind) for kind in JUDGED]
        records = [record for kind in JUDGED for record in self.corpora[kind].distinct]
        ids = self.questions["validation"]["question_id"].tolist()
        return float(np.nanmean(ndcg_by_question(np.concatenate(parts, axis=1), records, ids, self.relevance)))

    def on_public(self, encoder: Encoder) -> float:
        """nDCG@10 on the public set, which must be there."""
        assert self.public is not None
        if encoder.id not in self._public:
            self.say(f"encoding {len(self.public.documents)} documents of SciFact with {encoder.id}")
            self._public[encoder.id] = mean_ndcg(encoder, self.public)
        return self._public[encoder.id]

    def _served(self, encoder: Encoder) -> tuple[str, ...]:
        return JUDGED if encoder.id == self.base.id else self.serving[encoder.id]


def select(judging: Judging, candidates: list[Candidate]) -> pd.DataFrame:
    """A row of SELECTION for each candidate and kind that it may serve. Raises what encoding raises."""
    rows: list[dict[str, Any]] = []
    by_domain = {each.domain: each for each in candidates}
    for each in candidates:
        judging.serving[each.encoder.id] = tuple(kind for kind in JUDGED if each.domain in encoders_for(kind))
    in_use: dict[str, Encoder] = dict.fromkeys(JUDGED, judging.base)
    overall = judging.overall(in_use)
    for kind in JUDGED:
        own = [_validated(judging, by_domain[domain], kind) for domain in encoders_for(kind) if domain in by_domain]
        taken = None
        for row in sorted(own, key=lambda each: -_number(each["validation_tuned"])):
            if taken is not None:
                row |= {"verdict": "not needed", "reason": f"{taken} is better on validation and suffices"}
                continue
            encoder = by_domain[row["domain"]].encoder
            overall = _judge(judging, row, encoder, kind, in_use, overall)
            if row["verdict"] == "chosen":
                taken = row["domain"]
                in_use[kind] = encoder
            judging.say(f"{kind}, {row['domain']}: {row['verdict']}; {row['reason']}")
        rows += own
    return pd.DataFrame(rows, columns=list(SELECTION.column_names))


def _validated(judging: Judging, candidate: Candidate, kind: str) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(SELECTION.column_names)
    row |= {"kind": kind, "domain": candidate.domain, "encoder_id": candidate.encoder.id, "path": candidate.path}
    row |= {"test_questions": 0, "public_documents": 0}
    means, *_ = _means(judging, candidate.encoder, kind, "validation")
    row |= means
    return row


def _judge(
    judging: Judging, row: dict[str, Any], encoder: Encoder, kind: str, in_use: Mapping[str, Encoder], overall: float
) -> float:
    """Measure as far as it is needed and write the verdict into the row; returns nDCG@10 over all kinds with what is chosen."""
    if judging.public is not None and _number(row["validation_tuned"]) > _number(row["validation_base"]):
        means, tuned, base, clusters = _means(judging, encoder, kind, "test")
        row |= means
        if len(set(clusters)) > 1:
            compared = compare_paired(tuned, base, clusters, seed=judging.seed)
            row |= {"test_lower": compared.low, "test_upper": compared.high}
        if _number(row["test_lower"]) > 0:
            row |= {"public_base": judging.on_public(judging.base), "public_tuned": judging.on_public(encoder)}
            row["public_documents"] = len(judging.public.documents)
            row |= {"overall_base": overall, "overall_tuned": judging.overall({**in_use, kind: encoder})}
    problems = shortfalls(row)
    row["verdict"] = "base stays" if problems else "chosen"
    row["reason"] = "; ".join(problems) or "better than the base on validation and test, and no worse elsewhere"
    return overall if problems else float(row["overall_tuned"])


def _means(judging: Judging, encoder: Encoder, kind: str, split: str) -> Any:
    tuned = judging.by_question(encoder, split, kind)
    base = judging.by_question(judging.base, split, kind)
    asked = ~np.isnan(base)
    clusters = judging.questions[split]["anchor"].to_numpy()[asked].tolist()
    named = {f"{split}_base": base, f"{split}_tuned": tuned}
    means = {name: float(values[asked].mean()) if asked.any() else None for name, values in named.items()}
    return {**means, f"{split}_questions": int(asked.sum())}, tuned[asked], base[asked], clusters


def _number(value: object) -> float:
    """The value, and what is not known as less than anything."""
    return float("-inf") if value is None else float(str(value))
