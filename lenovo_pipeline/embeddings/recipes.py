"""How encoders are tuned and judged, by profile: which, on how many pairs, how long, and on how much they are measured.

Belongs here: the numbers. A change of one that makes an encoder makes it anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lenovo_pipeline.embeddings.domains import JOINT, KINDS_OF
from lenovo_pipeline.embeddings.training import Plan


@dataclass(frozen=True)
class Recipe:
    """How an encoder is tuned: on at most `pairs` pairs with `negatives` hard negatives each, texts cut to `tokens` tokens.

    `kept` is the share of the tuned weights in the result, the rest is the base's: averaging the two keeps what the base knew
    of other texts (Wortsman et al. 2022, robust fine-tuning).
    """

    domains: tuple[str, ...]
    pairs: int | None
    held_out: int
    plan: Plan
    negatives: int = 1
    tokens: int = 96
    scale: float = 20.0
    kept: float = 0.5


@dataclass(frozen=True)
class Sizes:
    """On how much an encoder is judged: questions of each split (balanced by category), records of each kind that are searched
    beside the relevant ones, and of SciFact queries and documents. None: all.
    """

    validation: int | None
    test: int | None
    other_records: int | None
    public_queries: int | None
    public_documents: int | None


RECIPES: Mapping[str, Recipe] = {
    "smoke": Recipe((JOINT,), pairs=6, held_out=3, plan=Plan(epochs=1, rate=5e-5, batch=3, frozen_layers=4), tokens=48),
    "default": Recipe((JOINT,), pairs=200, held_out=16, plan=Plan(epochs=1, rate=2e-4, frozen_layers=0)),
    "full": Recipe((*KINDS_OF, JOINT), pairs=None, held_out=64, plan=Plan(epochs=2, rate=1e-4, batch=32), negatives=2),
}

SIZES: Mapping[str, Sizes] = {
    "smoke": Sizes(validation=22, test=33, other_records=10, public_queries=10, public_documents=20),
    "default": Sizes(validation=160, test=320, other_records=40, public_queries=100, public_documents=250),
    "full": Sizes(validation=None, test=None, other_records=None, public_queries=None, public_documents=None),
}
