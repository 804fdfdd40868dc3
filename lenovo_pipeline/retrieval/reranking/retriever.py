"""A retriever whose first records are put in a new order by the cross-encoder.

Belongs here: asking another retriever, and joining its scores with the cross-encoder's. Does not belong here: the cross-encoder
(model.py), the other retriever.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lenovo_pipeline.retrieval.interface import Evidence, Filters, Result, Retriever, request
from lenovo_pipeline.retrieval.reranking.model import CrossEncoder
from lenovo_pipeline.retrieval.reranking.recipes import DEPTH

Texts = Callable[[Sequence[str]], Mapping[str, str]]
"""From chunk ids to what is indexed of each."""


@dataclass(frozen=True)
class RerankedRetriever:
    """The evidence of `source`, its first DEPTH records ordered by its own scores and, `weight` times, the cross-encoder's.

    Both are scaled to [0, 1]: the source's by its best, the cross-encoder's by a softmax over the records. With a weight of 0
    the cross-encoder is not asked.
    """

    source: Retriever
    cross_encoder: CrossEncoder
    texts: Texts
    weight: float
    name: str

    def retrieve(self, question: str, k: int = 10, filters: Filters | dict[str, Any] | None = None) -> Result:
        """See Retriever.retrieve."""
        asked = request(question, k, filters)
        if self.weight <= 0 or asked.empty:
            return self.source.retrieve(question, k, filters)
        found = self.source.retrieve(question, max(k, DEPTH), filters)
        first = found.evidence[:DEPTH]
        shares = self.shares(asked.question, first)
        ordered = reordered(first, shares, self.weight)
        return Result((*ordered, *_behind(ordered, found.evidence[DEPTH:]))[: asked.k], found.notes)

    def shares(self, question: str, evidence: Sequence[Evidence]) -> list[float]:
        """What the cross-encoder says of each, scaled to [0, 1]; 0 for a record without a passage."""
        texts = self.texts([each.chunk_id for each in evidence if each.chunk_id is not None])
        known = [place for place, each in enumerate(evidence) if each.chunk_id in texts]
        shares = [0.0] * len(evidence)
        if known:
            scores = self.cross_encoder.scores(question, [texts[str(evidence[place].chunk_id)] for place in known])
            scaled = np.exp(self.cross_encoder.scale * (scores - scores.max()))
            for place, share in zip(known, scaled, strict=True):
                shares[place] = float(share)
        return shares


def reordered(evidence: Sequence[Evidence], shares: Sequence[float], weight: float) -> list[Evidence]:
    """The evidence by its own scores, scaled by the best, plus `weight` times the shares; equal ones as they were."""
    best = max((each.score for each in evidence), default=0.0)
    joined = [(each.score / best if best > 0 else 0.0) + weight * share for each, share in zip(evidence, shares, strict=True)]
    order = sorted(range(len(evidence)), key=lambda place: -joined[place])
    return [
        Evidence(
            evidence[place].record_id,
            evidence[place].chunk_id,
            joined[place],
            evidence[place].source,
            f"{evidence[place].why}; read with the question: {shares[place]:.2f} of the best",
        )
        for place in order
    ]


def _behind(ordered: Sequence[Evidence], rest: Sequence[Evidence]) -> list[Evidence]:
    """What lies deeper, with scores below those of what was put in order."""
    last = ordered[-1].score if ordered else 0.0
    top = max((each.score for each in rest), default=0.0)
    scale = last / top if top > 0 and last > 0 else 0.0
    return [Evidence(e.record_id, e.chunk_id, e.score * scale, e.source, e.why) for e in rest]
