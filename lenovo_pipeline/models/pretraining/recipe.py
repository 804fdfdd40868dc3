"""The recipe of `lenovo-nano`: shape, optimiser, and the phases of the training with what each is made of.

Belongs here: the numbers that made the weights. What stands here is what ran; changing it makes another model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lenovo_pipeline.models.pretraining.scenes import Reading

SEED = 20261121
TOKENIZER_SEED = 7

SHAPE = {
    "hidden_size": 256, "intermediate_size": 640, "num_hidden_layers": 5, "num_attention_heads": 4, "num_key_value_heads": 4,
    "max_position_embeddings": 4096, "rope_theta": 500000.0,
}  # fmt: skip


@dataclass(frozen=True)
class Optimisation:
    """Muon for the matrices of the layers, AdamW for embeddings and norms; a warm-up, a plateau and a linear decay to zero (trapezoid)."""

    matrix_rate: float = 0.02
    other_rate: float = 3e-3
    momentum: float = 0.95
    matrix_decay: float = 0.02
    warm_up: int = 20
    decay_share: float = 0.25
    clip: float = 1.0


@dataclass(frozen=True)
class Phase:
    """`steps` batches of `rows` sequences of `length` tokens, drawn from `mix`: (kind of conversation, weight).

    Kinds are `induction` (random tokens, repeated), `reading/<plan>` (a plan of `PLANS`), `closed_book`, `tool_requests` and `tool_results`.
    """

    name: str
    steps: int
    rows: int
    length: int
    mix: tuple[tuple[str, float], ...]

    @property
    def tokens(self) -> int:
        """Tokens of all batches, padding included."""
        return self.steps * self.rows * self.length


_LOOKUP = (("lookup", 0.9), ("inverse", 0.1))
_WITH_ABSENT = (("lookup", 0.66), ("absent", 0.28), ("inverse", 0.06))
_BROAD = (("lookup", 0.5), ("absent", 0.24), ("inverse", 0.05), ("yes_no", 0.06), ("compare", 0.06), ("chain", 0.06), ("step", 0.05), ("count", 0.02), ("list", 0.02))

PLANS = {
    "one": Reading(passages=(1,), facts=(2, 4), turns=(4, 6), questions=_LOOKUP),
    "two": Reading(passages=(2,), facts=(2, 4), turns=(6, 9), questions=_LOOKUP),
    "two_absent": Reading(passages=(1, 2, 2, 2), facts=(2, 5), turns=(6, 9), questions=_WITH_ABSENT, chinese=0.05),
    "broad": Reading(passages=(1, 2, 2, 3), facts=(2, 5), turns=(6, 9), questions=_BROAD, similar=0.25),
    "chinese": Reading(passages=(1, 2), facts=(2, 4), turns=(5, 7), questions=_WITH_ABSENT, chinese=1.0),
    "single": Reading(passages=(1, 2, 3, 4), facts=(2, 6), turns=(1, 3), questions=_BROAD, similar=0.25),
    "many": Reading(passages=(6, 8, 10, 12), facts=(3, 6), turns=(14, 20), questions=_WITH_ABSENT, similar=0.1, shared=0.3),
}

PHASES = (
    Phase("induction", 140, 16, 96, (("induction", 1.0),)),
    Phase("one passage", 300, 12, 288, (("reading/one", 0.95), ("induction", 0.05))),
    Phase("two passages", 500, 12, 512, (("reading/two", 0.72), ("reading/one", 0.1), ("reading/two_absent", 0.18))),
    Phase(
        "refusals and tools", 700, 12, 512,
        (("reading/two_absent", 0.6), ("reading/broad", 0.1), ("tool_requests", 0.24), ("reading/chinese", 0.04), ("closed_book", 0.02)),
    ),
    Phase(
        "everything", 800, 12, 512,
        (("reading/two_absent", 0.35), ("reading/broad", 0.25), ("reading/single", 0.08), ("tool_requests", 0.16), ("tool_results", 0.04), ("reading/chinese", 0.1), ("closed_book", 0.02)),
    ),
    Phase("long contexts", 70, 4, 2048, (("reading/many", 0.6), ("reading/broad", 0.2), ("tool_requests", 0.1), ("reading/two_absent", 0.1))),
)  # fmt: skip


def total_steps(phases: Sequence[Phase] = PHASES) -> int:
    """Steps of all phases."""
    return sum(phase.steps for phase in phases)


def phase_at(step: int, phases: Sequence[Phase] = PHASES) -> Phase:
    """The phase that the step (from 0) belongs to; raises IndexError past the end."""
    for phase in phases:
        if step < phase.steps:
            return phase
        step -= phase.steps
    raise IndexError("the recipe has no such step")


def rate_factor(step: int, total: int, optimisation: Optimisation) -> float:
    """The share of the full learning rate at a step (from 0) of `total`."""
    decay_from = total * (1 - optimisation.decay_share)
    return min((step + 1) / optimisation.warm_up, 1.0, max(0.0, (total - step) / (total - decay_from)))
