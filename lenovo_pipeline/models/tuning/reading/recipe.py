"""How the reading adapter is trained.

Belongs here: the numbers. What stands here is what ran; a change of one makes another adapter.
"""

from dataclasses import dataclass

from lenovo_pipeline.models.tuning.recipes import ADAPTER, Lora
from lenovo_pipeline.models.tuning.trainer import Plan


@dataclass(frozen=True)
class ReadingRecipe:
    """`worlds` are the seeds of those that teach; `rehearsed` is the share of tokens that rehearse what the base was trained
    for last. Rows have at most `longest` tokens, `filled` is the share of a batch that is no padding, by estimate: with it the
    plan tells how many rows there are to be. `validation` examples of the first world's validation split measure the training,
    and `skills` rows of the general skills decide which of the `strengths` is kept of it (tuning/strength.py).
    """

    worlds: tuple[int, ...]
    plan: Plan
    lora: Lora
    seed: int = 0
    rehearsed: float = 0.35
    longest: int = 1100
    filled: float = 0.9
    validation: int = 150
    skills: int = 520
    strengths: tuple[float, ...] = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)


BUNDLED = ReadingRecipe(
    worlds=tuple(range(101, 126)),
    plan=Plan(steps=1500, rate=2e-3, batch_tokens=6000, warmup=20, validate_every=100, checkpoint_every=50, patience=0),
    lora=ADAPTER,
)
"""How `python -m lenovo_pipeline.models.tuning.reading` trains one that runs go on from."""
