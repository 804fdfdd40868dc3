"""How the hybrid weighs its sources: one weighting for each kind of question, tuned on the validation split.

Belongs here: the settings, reading and writing them, and the tuning. Does not belong here: asking the sources (hybrid.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.ranking import DEPTH, FUSION_K, ndcg
from lenovo_pipeline.retrieval.fusion import METHODS, Ranking, joined, shares

SOURCES = ("keyword", "dense", "graph", "tables")
CONTEXT = "context"
"""What is about the device or customer of the question, as one more ranking of what the sources found."""

BOTH = "dense + keyword"
"""The step before fusion: the two rankings dealt out in turn."""

LADDER = {
    "dense + keyword, fused": ("keyword", "dense"),
    "fused + graph": ("keyword", "dense", "graph"),
    "hybrid": SOURCES,
}
"""The steps to the hybrid that fuse, with the sources of each: its weights are tuned for these."""

FREE = "free"
ROUTES = ("related", "titled", "group", "named", "described", FREE)
_START: dict[str, float] = {"keyword": 1.0, "dense": 0.5, "graph": 3.0, "tables": 3.0, CONTEXT: 0.0}
_STEPS = {
    "keyword": (0.25, 0.5, 1.0, 2.0),
    "dense": (0.0, 0.25, 0.5, 1.0, 2.0),
    "graph": (0.0, 0.5, 1.0, 2.0, 3.0, 5.0),
    "tables": (0.5, 1.0, 2.0, 3.0, 5.0),
    CONTEXT: (0.0, 0.25, 0.5, 1.0),
}
"""Weights tried. Words always count for something: they find what no name, constraint or relation leads to. So do the tables,
which know the versions of a document and where the graph may go on.
"""

_FREE = {"keyword": 1.0, "dense": 1.0, "graph": 1.0, "tables": 1.0, CONTEXT: 0.25}
"""Of a question that names and constrains nothing only words and meaning are left, alike."""

_CONSTANTS = (2.0, 5.0, 10.0, 20.0, 60.0)
_GAIN = 0.001
"""Least gain in nDCG@10 for which a weight is changed: below, the simpler setting stays."""

_PRICE = 0.002
"""nDCG@10 that each source must bring: asking it takes time, and what brings less is not asked."""

_PASSES = 2


@dataclass(frozen=True)
class Weighting:
    """Method and constant of the fusion (fusion.py), and the weight of each source; one that weighs 0 is not asked."""

    method: str = METHODS[0]
    k: float = 10.0
    weights: Mapping[str, float] = field(default_factory=lambda: dict(_START))


@dataclass(frozen=True)
class HybridSettings:
    """The weighting of each route (see Reading.route)."""

    routes: Mapping[str, Weighting] = field(
        default_factory=lambda: {route: Weighting() for route in ROUTES} | {FREE: Weighting(k=float(FUSION_K), weights=_FREE)}
    )

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as they are written to JSON."""
        return {route: {"method": each.method, "k": each.k, "weights": dict(each.weights)} for route, each in self.routes.items()}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "HybridSettings":
        """Settings from plain values. Raises PermanentFailure if a route is missing or a value is none."""
        try:
            return cls(
                {
                    route: Weighting(
                        str(given[route]["method"]),
                        float(given[route]["k"]),
                        {name: float(given[route]["weights"][name]) for name in (*SOURCES, CONTEXT)},
                    )
                    for route in ROUTES
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise PermanentFailure(
                f"the settings of the hybrid retriever do not fit this code ({type(error).__name__}: {error})",
                remedy="Materialise retrieval/hybrid_settings again.",
            ) from error


@dataclass(frozen=True)
class Tried:
    """A question of the validation split: its route, what each source found for it, and what is relevant."""

    route: str
    rankings: Mapping[str, Ranking]
    relevance: Mapping[str, int]
    _shares: dict[tuple[str, float], dict[str, Ranking]] = field(default_factory=dict, repr=False, compare=False)

    def shares(self, method: str, k: float) -> dict[str, Ranking]:
        """What each record counts, by source (fusion.shares), made once: hundreds of weights are tried on the same ones."""
        if (method, k) not in self._shares:
            self._shares[method, k] = {name: shares(ranking, method, k) for name, ranking in self.rankings.items()}
        return self._shares[method, k]


def tune(tried: Sequence[Tried], sources: Sequence[str] = SOURCES) -> HybridSettings:
    """Settings of these sources that reach the best mean nDCG@10 on these questions, less the price of each source that is asked,
    by coordinate ascent.

    First one weighting for all questions, then each route from there on its own questions. Deterministic. Questions that name
    nothing are not tuned for: what they need is known, and the world's own questions hardly ever do.
    """
    common = _ascend(tried, Weighting(), (*sources, CONTEXT))
    tuned = {
        route: _ascend([each for each in tried if each.route == route], common, (*sources, CONTEXT))
        for route in ROUTES
        if route != FREE
    }
    return HybridSettings({**HybridSettings().routes, **tuned})


def mean_ndcg(tried: Sequence[Tried], weighting: Weighting) -> float:
    """Mean nDCG@10 of a weighting on these questions; those without anything relevant are not to be among them."""
    total = 0.0
    for each in tried:
        counted = {name: own for name, own in each.shares(weighting.method, weighting.k).items() if weighting.weights[name] > 0}
        fused = joined(counted, weighting.weights)
        total += ndcg(list(fused)[:DEPTH], each.relevance)
    return total / len(tried)


def _ascend(tried: Sequence[Tried], start: Weighting, sources: Sequence[str]) -> Weighting:
    if not tried:
        return start
    best, reached = start, _worth(tried, start)
    for _ in range(_PASSES):
        before = reached
        for candidate_of in (_other_fusions, *(_other_weights(name) for name in sources)):
            # The smaller weight comes first, so that of equals the one that asks fewer sources is taken.
            for candidate in candidate_of(best):
                found = _worth(tried, candidate)
                if found >= reached + _GAIN or (found >= reached and _cost(candidate) < _cost(best)):
                    best, reached = candidate, found
        if reached < before + _GAIN:
            break
    return best


def _other_fusions(start: Weighting) -> list[Weighting]:
    return [Weighting(METHODS[0], k, start.weights) for k in _CONSTANTS] + [Weighting(METHODS[1], start.k, start.weights)]


def _other_weights(name: str) -> Any:
    def candidates(start: Weighting) -> list[Weighting]:
        return [Weighting(start.method, start.k, {**start.weights, name: step}) for step in _STEPS[name]]

    return candidates


def _worth(tried: Sequence[Tried], weighting: Weighting) -> float:
    return mean_ndcg(tried, weighting) - _PRICE * _cost(weighting)


def _cost(weighting: Weighting) -> int:
    """How many sources are asked."""
    return sum(weighting.weights[name] > 0 for name in SOURCES)
