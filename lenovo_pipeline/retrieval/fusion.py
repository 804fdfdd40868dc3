"""Joining the rankings of several sources into one.

Belongs here: weighted reciprocal rank fusion and weighted sums of scores, over plain values. Does not belong here: which
sources are asked and with which weights (hybrid.py).

Reciprocal rank fusion by Cormack, Clarke and Büttcher 2009, with a weight for each source; with equal weights and without
ties it orders as `measures.ranking.reciprocal_rank_fusion`. Records that a source scores alike share the mean of their ranks:
a set found by a constraint has no order of its own, and the larger it is the less it says of any of its records. Weighted
sums scale each source's scores to [0, 1] by its best.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

METHODS = ("reciprocal_rank", "weighted")

Ranking = Sequence[tuple[str, float]]
"""Record ids with their scores, best first."""


def fuse(rankings: Mapping[str, Ranking], weights: Mapping[str, float], *, method: str, k: float) -> dict[str, float]:
    """Score by record, best first; equal scores in the order of ids. Sources without a weight, or with 0, do not count.

    Raises ValueError for an unknown method, or a record that comes twice in one ranking.
    """
    if method not in METHODS:
        raise ValueError(f"the fusion method is {method!r}, expected one of {', '.join(METHODS)}")
    for source, ranking in rankings.items():
        if len({record for record, _ in ranking}) != len(ranking):
            raise ValueError(f"a record comes twice in the ranking of {source}")
    counted = {source: ranking for source, ranking in rankings.items() if weights.get(source, 0.0) > 0}
    return joined({source: shares(ranking, method, k) for source, ranking in counted.items()}, weights)


def shares(ranking: Ranking, method: str, k: float) -> Ranking:
    """What each record of one source counts before it is weighted."""
    if not ranking:
        return []
    if method == METHODS[0]:
        return [(record, 1 / (k + rank)) for (record, _), rank in zip(ranking, _shared_ranks(ranking), strict=True)]
    best = ranking[0][1]
    return [(record, score / best if best > 0 else 0.0) for record, score in ranking]


def joined(of_sources: Mapping[str, Ranking], weights: Mapping[str, float]) -> dict[str, float]:
    """The weighted sums of the shares of several sources, best first; equal ones in the order of ids."""
    scores: dict[str, float] = {}
    for source, counted in of_sources.items():
        weight = weights[source]
        for record, share in counted:
            scores[record] = scores.get(record, 0.0) + weight * share
    return dict(sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])))


def _shared_ranks(ranking: Ranking) -> list[float]:
    """The rank of each place, from 1; of equal scores the mean."""
    ranks: list[float] = []
    for _, group in groupby(ranking, key=itemgetter(1)):
        size = len(list(group))
        ranks += [len(ranks) + (size + 1) / 2] * size
    return ranks
