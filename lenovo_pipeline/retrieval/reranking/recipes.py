"""How the reranker is trained and used, by profile. Belongs here: the numbers. A change of one trains it anew."""

from collections.abc import Mapping
from dataclasses import dataclass

from lenovo_pipeline.embeddings.training import Plan

DEPTH = 20
"""Records that are put in a new order; what lies deeper stays behind them."""


@dataclass(frozen=True)
class Recipe:
    """A cross-encoder of the first `layers` layers of the base, trained on `pairs` questions with so many `negatives` each.

    Question and passage together are cut to `tokens` tokens. `tuning` questions of the validation split decide how much its
    word counts (None: all).
    """

    pairs: int | None
    held_out: int
    plan: Plan
    tuning: int | None
    layers: int = 3
    negatives: int = 3
    tokens: int = 112
    scale: float = 10.0


RECIPES: Mapping[str, Recipe] = {
    "smoke": Recipe(pairs=6, held_out=3, plan=Plan(epochs=1, rate=1e-4, batch=3), tuning=22, layers=1, negatives=2, tokens=48),
    "default": Recipe(pairs=64, held_out=16, plan=Plan(epochs=1, rate=3e-4, batch=8), tuning=33),
    "full": Recipe(pairs=None, held_out=100, plan=Plan(epochs=2, rate=1e-4, batch=16), tuning=None, layers=6),
}

SCORED: Mapping[str, int | None] = {"smoke": 11, "default": 150, "full": None}
"""Questions of the test split whose evidence is reranked."""
