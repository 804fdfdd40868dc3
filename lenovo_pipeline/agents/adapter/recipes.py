"""How the agent adapter is trained, by profile.

Belongs here: the numbers. A change of one makes the adapter anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lenovo_pipeline.models.tuning.recipes import Lora
from lenovo_pipeline.models.tuning.trainer import Plan


@dataclass(frozen=True)
class AgentRecipe:
    """`passes` are how often each conversation is dealt out, varied anew each time; `openings` is the share of them that ends
    with the first call. Rows have at most `longest` tokens; `validation` conversations of that split measure the training.
    """

    plan: Plan
    lora: Lora
    passes: int = 1
    openings: float = 0.6
    longest: int = 1024
    validation: int = 48


_LORA = Lora(rank=32, alpha=64)
_PLAN = Plan(steps=240, rate=3e-3, batch_tokens=26_000, warmup=10, validate_every=50, checkpoint_every=10, patience=0)

BUNDLED = AgentRecipe(_PLAN, _LORA, passes=40)
"""How `python -m lenovo_pipeline.agents.adapter` trains one that runs go on from: about a quarter of an hour on one core."""

_SHORT = replace(_PLAN, warmup=2, validate_every=1_000)

RECIPES: Mapping[str, AgentRecipe] = {
    "smoke": AgentRecipe(replace(_SHORT, steps=2, batch_tokens=4_096, checkpoint_every=1), _LORA, validation=8),
    "default": AgentRecipe(replace(_SHORT, steps=10, batch_tokens=13_000), _LORA, validation=32),
    "full": AgentRecipe(replace(_PLAN, steps=600, patience=4), _LORA, passes=8, validation=240),
}
"""How a run trains it, by profile; only `full` trains long enough for an adapter to be judged by its tasks."""
