"""How good a ranking is against graded relevance, and joining several rankings into one.

Belongs here: nDCG, recall, precision, reciprocal rank, average precision and reciprocal rank fusion, for one question each; the
mean over questions belongs to whoever has the questions. Every measure is NaN where nothing is relevant, for then it is not
defined: leave such questions out and say how many they are. Does not belong here: searching.

Relevance counts as relevant from 1 up, as in TREC. Sources: nDCG by Järvelin and Kekäläinen 2002 (gain = relevance, discount
log2(rank + 1)); the others as in Manning, Raghavan and Schütze 2008, 8.4; fusion by Cormack, Clarke and Büttcher 2009.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

DEPTH = 10
FUSION_K = 60
"""The constant of reciprocal rank fusion that its authors found best."""


def ndcg(ranked: Sequence[str], relevance: Mapping[str, int], depth: int = DEPTH) -> float:
    """nDCG at `depth` of a ranking, best first, in [0, 1]. Raises ValueError if a target comes twice."""
    best = sum(grade / math.log2(rank + 1) for rank, grade in enumerate(sorted(_grades(relevance), reverse=True)[:depth], 1))
    gained = sum(max(relevance.get(target, 0), 0) / math.log2(rank + 1) for rank, target in enumerate(_top(ranked, depth), 1))
    return gained / best if best else math.nan


def recall(ranked: Sequence[str], relevance: Mapping[str, int], depth: int = DEPTH) -> float:
    """Share of the relevant targets that are among the first `depth`. Raises ValueError if a target comes twice."""
    relevant = len(_grades(relevance))
    return _hits(ranked, relevance, depth) / relevant if relevant else math.nan


def precision(ranked: Sequence[str], relevance: Mapping[str, int], depth: int = DEPTH) -> float:
    """Share of the first `depth` places that hold a relevant target; places left empty count. Raises ValueError likewise."""
    return _hits(ranked, relevance, depth) / depth if _grades(relevance) else math.nan


def reciprocal_rank(ranked: Sequence[str], relevance: Mapping[str, int], depth: int | None = None) -> float:
    """1 / rank of the first relevant target (its mean is the MRR), 0 if none is found. Raises ValueError likewise."""
    if not _grades(relevance):
        return math.nan
    ranks = (rank for rank, target in enumerate(_top(ranked, depth), 1) if relevance.get(target, 0) > 0)
    return 1 / next(ranks, math.inf)


def average_precision(ranked: Sequence[str], relevance: Mapping[str, int], depth: int | None = None) -> float:
    """Mean over the relevant targets of the precision at their rank (its mean is the MAP). Raises ValueError likewise."""
    relevant = len(_grades(relevance))
    found, total = 0, 0.0
    for rank, target in enumerate(_top(ranked, depth), 1):
        if relevance.get(target, 0) > 0:
            found += 1
            total += found / rank
    return total / relevant if relevant else math.nan


def reciprocal_rank_fusion(rankings: Sequence[Sequence[T]], k: int = FUSION_K) -> dict[T, float]:
    """Score by target, best first (ties in order of first appearance): the sum of 1 / (k + rank) over the rankings that have it.

    Raises ValueError if a target comes twice in a ranking, or if `k` is negative.
    """
    if k < 0:
        raise ValueError(f"k is {k}, expected a number of at least 0")
    scores: dict[T, float] = {}
    for ranked in rankings:
        for rank, target in enumerate(_top(ranked, None), 1):
            scores[target] = scores.get(target, 0.0) + 1 / (k + rank)
    return dict(sorted(scores.items(), key=lambda pair: -pair[1]))


def _grades(relevance: Mapping[str, int]) -> list[int]:
    return [grade for grade in relevance.values() if grade > 0]


def _hits(ranked: Sequence[str], relevance: Mapping[str, int], depth: int) -> int:
    return sum(relevance.get(target, 0) > 0 for target in _top(ranked, depth))


def _top(ranked: Sequence[T], depth: int | None) -> Sequence[T]:
    if depth is not None and depth < 1:
        raise ValueError(f"the depth is {depth}, expected at least 1")
    if len(set(ranked)) != len(ranked):
        raise ValueError("a target comes twice in the ranking: leave out all but its best place")
    return ranked[:depth]
