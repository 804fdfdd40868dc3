"""How the agent adapter is trained, by profile.

Belongs here: the numbers. A change of one makes the adapter anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lenovo_pipeline.models.tuning.recipes import Lora
from lenovo_pipeline.models.tuning.trainer import Plan


@dataclass(frozen=True)
class AgentRecipe:
    """`together` conversations share one system message, as far as they fit into `longest` tokens: the list of tools, which is
    most of a conversation, is then read once for all of them. `passes` are how many ways they are dealt out.
    """

    plan: Plan
    lora: Lora
    together: int = 5
    longest: int = 1280
    passes: int = 1
    validation: int = 24

    @property
    def validating(self) -> "AgentRecipe":
        """How the validation split is packed: once."""
        return replace(self, passes=1)


_LORA = Lora(rank=32, alpha=64)

RECIPES: Mapping[str, AgentRecipe] = {
    "smoke": AgentRecipe(
        Plan(steps=3, rate=3e-3, batch_tokens=2048, warmup=1, validate_every=3, checkpoint_every=2), Lora(rank=4, alpha=8)
    ),
    "default": AgentRecipe(Plan(steps=32, rate=5e-3, batch_tokens=2600, warmup=4, validate_every=32, checkpoint_every=16), _LORA),
    "full": AgentRecipe(
        Plan(steps=1500, rate=3e-3, batch_tokens=5200, warmup=20, validate_every=100, checkpoint_every=50), _LORA, passes=4
    ),
}
