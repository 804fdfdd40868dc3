"""How the agent adapter is trained, by profile.

Belongs here: the numbers. A change of one makes the adapter anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lenovo_pipeline.models.tuning.recipes import Lora
from lenovo_pipeline.models.tuning.trainer import Plan


@dataclass(frozen=True)
class AgentRecipe:
    """`plan` is for an adapter that starts from nothing, `further` for one that goes on from data/agents, `moved` (or else
    `plan`) for the long training of one that begins with what was made for other weights of its base.

    `passes` are how often each conversation is dealt out, varied anew each time, with `emphasis` some of them more often
    (lessons.py); `openings` is the share of those of one call that ends with it. Rows have at most `longest` tokens;
    `validation` conversations of that split measure the training.
    """

    plan: Plan
    further: Plan
    lora: Lora
    passes: int = 1
    openings: float = 0.3
    longest: int = 1100
    validation: int = 80
    emphasis: bool = True
    moved: Plan | None = None

    def plan_for(self, *, goes_on: bool) -> Plan:
        return self.further if goes_on else self.plan


_LORA = Lora(rank=64, alpha=64)
_PLAN = Plan(steps=600, rate=2e-3, batch_tokens=16_000, warmup=10, validate_every=50, checkpoint_every=10, patience=0)
_FURTHER = replace(_PLAN, steps=300, rate=1.3e-3, batch_tokens=12_000)
_MOVED = replace(_PLAN, steps=600, rate=1.6e-3, batch_tokens=12_000)

BUNDLED = AgentRecipe(_PLAN, _FURTHER, _LORA, passes=3, moved=_MOVED)
"""How `python -m lenovo_pipeline.agents.adapter` trains one that runs go on from."""

TASKS = {"train": 4000, "validation": 160}
"""How many tasks that training learns from and is measured on."""

_SHORT = replace(_PLAN, warmup=2, validate_every=1_000)
_TOUCH = replace(_SHORT, steps=2, rate=1e-4, batch_tokens=8_192)
"""A run whose adapter goes on from data/agents takes two small steps, and keeps them if they help on its own validation tasks."""

RECIPES: Mapping[str, AgentRecipe] = {
    "smoke": AgentRecipe(
        replace(_SHORT, steps=2, batch_tokens=4_096, checkpoint_every=1), replace(_TOUCH, batch_tokens=4_096), _LORA, validation=8
    ),
    "default": AgentRecipe(replace(_SHORT, steps=10, batch_tokens=13_000), _TOUCH, _LORA, validation=24),
    "full": AgentRecipe(replace(_PLAN, patience=4), replace(_FURTHER, patience=4), _LORA, passes=2, validation=240),
}
"""How a run trains it, by profile."""
