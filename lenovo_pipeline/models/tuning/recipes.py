"""How models are customised, by profile: how many examples of which kind, which weights, how long and how fast.

Belongs here: the numbers. A change of one makes every build of that recipe anew; `models/adapter_search` tries others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lenovo_pipeline.models.tuning.trainer import Plan


@dataclass(frozen=True)
class Data:
    """Which rows a training sees: of its domain, of the other domains, and rehearsals, at most so many of each; rows of more than
    `longest` tokens are left out. `validation` rows of its domain measure it, and `skills` rows, spread over the general skills,
    what it costs.
    """

    own: int
    others: int
    rehearsals: int
    validation: int
    longest: int = 640
    skills: int = 0


@dataclass(frozen=True)
class Lora:
    """Shape of an adapter (arXiv:2106.09685): `targets` are module names of the base or all-linear; scaled by alpha / rank."""

    rank: int
    alpha: int
    targets: str | tuple[str, ...] = "all-linear"
    dropout: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """One way to customise a base; `lora` is None where all weights are tuned. An adapter that goes on from the reading adapter
    takes the plan `further`. Of the training the largest of the `strengths` is kept at which the general skills lose nothing
    (strength.py).
    """

    data: Data
    plan: Plan
    lora: Lora | None = None
    further: Plan | None = None
    strengths: tuple[float, ...] = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.35, 0.25)

    def plan_for(self, *, goes_on: bool) -> Plan:
        return self.further if goes_on and self.further is not None else self.plan


@dataclass(frozen=True)
class Search:
    """How a recipe is sought: trials, and the values to choose from."""

    trials: int
    ranks: tuple[int, ...] = (8, 16, 32, 64)
    rates: tuple[float, float] = (5e-4, 2e-2)
    targets: tuple[str, ...] = ("q_proj v_proj", "q_proj k_proj v_proj o_proj", "all-linear")
    steps: tuple[int, int] = (20, 80)


ADAPTER = Lora(rank=64, alpha=64)
"""The shape of all adapters: that of the one that they go on from (reading/)."""


def _gently(plan: Plan, steps: int | None = None) -> Plan:
    """The plan of a training that goes on from the reading adapter: what that has learned is not to be lost."""
    steps = steps or plan.steps
    return replace(plan, steps=steps, rate=2e-4, validate_every=min(steps, plan.validate_every))


_SMALL = Plan(steps=3, rate=3e-3, batch_tokens=1024, warmup=1, validate_every=3, checkpoint_every=2)
_TRIAL = Recipe(Data(own=8, others=0, rehearsals=2, validation=4, skills=3), _SMALL, ADAPTER, _gently(_SMALL), (1.0, 0.5))
# Small batches: in the few seconds that a default run has for each, more steps help more than larger ones.
_PLAN = Plan(steps=16, rate=1e-3, batch_tokens=1024, warmup=3, validate_every=16, checkpoint_every=16)
_LORA = Recipe(Data(own=40, others=8, rehearsals=32, validation=8, skills=52), _PLAN, ADAPTER, _gently(_PLAN, steps=8))
_LONG = replace(_PLAN, steps=200, batch_tokens=2048, warmup=20, validate_every=40, checkpoint_every=40)
_FULL_LORA = replace(
    _LORA,
    data=Data(own=4000, others=1000, rehearsals=1500, validation=120, skills=260),
    plan=_LONG,
    further=_gently(_LONG, steps=100),
)

RECIPES: Mapping[str, Mapping[str, Recipe]] = {
    "smoke": {"lora": _TRIAL, "qlora": _TRIAL, "full": replace(_TRIAL, lora=None)},
    "default": {
        "lora": _LORA,
        "qlora": replace(_LORA, plan=replace(_PLAN, steps=8, validate_every=8)),
        "full": replace(_LORA, data=replace(_LORA.data, own=48, others=0), plan=replace(_PLAN, rate=3e-4), lora=None),
    },
    "full": {
        "lora": _FULL_LORA,
        "qlora": _FULL_LORA,
        "full": replace(_FULL_LORA, lora=None, plan=replace(_LONG, rate=5e-4, gradient_checkpointing=True)),
    },
}
"""Recipes by profile and method."""

SEARCHES: Mapping[str, Search] = {
    "smoke": Search(trials=3, ranks=(4, 64), steps=(2, 4)),
    "default": Search(trials=16),
    "full": Search(trials=100, steps=(100, 1000)),
}
