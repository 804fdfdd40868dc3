"""The recipe of `lenovo-nano`: shape, optimiser, and the stages of the training with what each is made of.

Belongs here: the numbers that made the weights. What stands here is what ran; changing it makes another model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from lenovo_pipeline.models.pretraining.scenes import Reading

SEED = 20261121
CONTINUED_SEED = 20261128
LENGTHENED_SEED = 20261129
TOKENIZER_SEED = 7

SHAPE: dict[str, Any] = {
    "hidden_size": 256,
    "intermediate_size": 640,
    "num_hidden_layers": 5,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 4096,
    "rope_theta": 500000.0,
}


@dataclass(frozen=True)
class Optimisation:
    """Muon for the matrices of the layers, AdamW for embeddings and norms; a warm-up, a short plateau and a long
    linear decay.
    """

    matrix_rate: float = 0.02
    other_rate: float = 3e-3
    momentum: float = 0.95
    matrix_decay: float = 0.02
    # Shares of the full rates at these steps, with straight lines between them.
    rates: tuple[tuple[int, float], ...] = (
        (0, 0.05),
        (19, 1.0),
        (700, 1.0),
        (3460, 0.3989),
        (4400, 0.078),
        (4420, 0.2),
        (4920, 0.02),
    )
    clip: float = 1.0


@dataclass(frozen=True)
class Phase:
    """`steps` batches of `rows` sequences of `length` tokens, drawn from `mix`: (kind of conversation, weight).

    `rate` scales the learning rates: the copying that the initial weights bring along is lost at full rates. Kinds are
    `induction` (random tokens, repeated), `reading/<plan>` (a plan of `PLANS`), `closed_book`, `tool_requests`,
    `tool_requests_loose`, `tool_requests_wide`, `tool_requests_many`, `tool_results` and `tool_results_wide`. A sequence is
    one conversation, or where `packed` as many after one another as fill it, each drawn from `mix`.
    """

    name: str
    steps: int
    rows: int
    length: int
    mix: tuple[tuple[str, float], ...]
    rate: float = 1.0
    packed: bool = False

    @property
    def tokens(self) -> int:
        """Tokens of all batches, padding included."""
        return self.steps * self.rows * self.length


_LOOKUP = (("lookup", 0.9), ("inverse", 0.1))
_WITH_ABSENT = (("lookup", 0.66), ("absent", 0.28), ("inverse", 0.06))
_BROAD = (
    ("lookup", 0.32),
    ("absent", 0.16),
    ("inverse", 0.1),
    ("yes_no", 0.16),
    ("compare", 0.1),
    ("chain", 0.07),
    ("step", 0.05),
    ("count", 0.02),
    ("list", 0.02),
)
_COMPARED = (("compare", 0.5), ("yes_no", 0.2), ("lookup", 0.2), ("inverse", 0.1))
_CHAINED = (("chain", 0.45), ("lookup", 0.25), ("inverse", 0.2), ("absent", 0.1))
_AFAR = (("lookup", 0.46), ("absent", 0.2), ("chain", 0.1), ("inverse", 0.08), ("yes_no", 0.08), ("compare", 0.08))

PLANS = {
    "one": Reading(passages=(1,), facts=(2, 4), turns=(4, 6), questions=_LOOKUP),
    "two": Reading(passages=(2,), facts=(2, 4), turns=(6, 9), questions=_LOOKUP),
    "two_absent": Reading(passages=(1, 2, 2, 2), facts=(2, 5), turns=(6, 9), questions=_WITH_ABSENT, chinese=0.05),
    "broad": Reading(passages=(1, 2, 2, 3), facts=(2, 5), turns=(6, 9), questions=_BROAD, similar=0.25),
    "chinese": Reading(passages=(1, 2), facts=(2, 4), turns=(5, 7), questions=_WITH_ABSENT, chinese=1.0),
    "single": Reading(passages=(1, 2, 3, 4), facts=(2, 6), turns=(1, 3), questions=_BROAD, similar=0.25),
    "compared": Reading(passages=(2, 2, 3), facts=(2, 4), turns=(6, 9), questions=_COMPARED, shared=1.0),
    "many": Reading(passages=(6, 8, 10, 12), facts=(3, 6), turns=(14, 20), questions=_WITH_ABSENT, similar=0.1, shared=0.3),
    "chained": Reading(passages=(2, 3, 4), facts=(2, 4), turns=(5, 8), questions=_CHAINED),
    "long": Reading(passages=(6, 8, 12, 16, 20), facts=(2, 4), turns=(10, 16), questions=_AFAR, similar=0.1, shared=0.3),
    "dense": Reading(passages=(2, 3, 4), facts=(8, 14), turns=(10, 16), questions=_BROAD, similar=0.2, shared=0.4),
}
PLANS |= {
    f"{name}_loose": replace(PLANS[name], loose=0.6) for name in ("two", "two_absent", "broad", "single", "chinese", "many")
}
# Every kind of question worded loosely, words that stand in no list, and documents in further forms.
PLANS |= {
    f"{name}_wide": replace(PLANS[name], loose=0.6, free=0.8, strange=0.35, varied=0.5)
    for name in ("two_absent", "broad", "compared", "single", "chinese", "many", "chained", "long", "dense")
}

PHASES = (
    Phase("induction", 40, 16, 96, (("induction", 1.0),), rate=0.5),
    Phase("one passage, gently", 160, 12, 192, (("reading/one", 0.95), ("induction", 0.05)), rate=0.5),
    Phase("one passage", 60, 16, 256, (("reading/one", 1.0),)),
    Phase(
        "two passages",
        289,
        12,
        384,
        (("reading/two", 0.5), ("reading/one", 0.1), ("reading/two_absent", 0.3), ("tool_requests", 0.1)),
    ),
    Phase(
        "two passages, worded loosely",
        351,
        12,
        384,
        (("reading/two_loose", 0.4), ("reading/two_absent_loose", 0.4), ("tool_requests", 0.2)),
    ),
    Phase(
        "everything",
        3500,
        16,
        384,
        (
            ("reading/two_absent_loose", 0.4),
            ("reading/broad_loose", 0.16),
            ("reading/single_loose", 0.09),
            ("tool_requests", 0.22),
            ("reading/chinese_loose", 0.08),
            ("tool_results", 0.04),
            ("closed_book", 0.01),
        ),
    ),
    Phase(
        "requests worded loosely",
        350,
        16,
        384,
        (
            ("tool_requests_loose", 0.5),
            ("reading/two_absent_loose", 0.2),
            ("reading/broad_loose", 0.12),
            ("reading/single_loose", 0.1),
            ("reading/chinese_loose", 0.06),
            ("tool_results", 0.02),
        ),
    ),
    Phase(
        "longer contexts",
        78,
        8,
        1024,
        (
            ("reading/many_loose", 0.4),
            ("reading/broad_loose", 0.2),
            ("reading/single_loose", 0.1),
            ("tool_requests_loose", 0.2),
            ("tool_results", 0.1),
        ),
    ),
    Phase(
        "long contexts",
        24,
        4,
        2048,
        (("reading/many_loose", 0.5), ("reading/broad_loose", 0.2), ("tool_requests_loose", 0.2), ("tool_results", 0.1)),
    ),
)

# The second stage starts from the weights of the first, in half precision as they are published, with new optimisers: a
# warm-up to part of the full rates, because a decayed model loses skill at full ones, and one long decay.
CONTINUED_RATES = Optimisation(rates=((0, 0.02), (60, 0.4), (1200, 0.4), (1344, 0.3827), (1388, 0.3735), (2400, 0.015)))
CONTINUED = (
    Phase(
        "everything, worded widely",
        1344,
        12,
        512,
        (
            ("reading/two_absent_wide", 0.36),
            ("reading/broad_wide", 0.22),
            ("reading/single_wide", 0.1),
            ("tool_requests_loose", 0.1),
            ("tool_requests_wide", 0.12),
            ("reading/chinese_wide", 0.06),
            ("tool_results_wide", 0.03),
            ("closed_book", 0.01),
        ),
    ),
    Phase(
        "with more comparisons",
        1016,
        12,
        512,
        (
            ("reading/two_absent_wide", 0.34),
            ("reading/compared_wide", 0.1),
            ("reading/broad_wide", 0.14),
            ("reading/single_wide", 0.08),
            ("tool_requests_loose", 0.11),
            ("tool_requests_wide", 0.11),
            ("reading/chinese_wide", 0.06),
            ("tool_results_wide", 0.04),
            ("closed_book", 0.02),
        ),
    ),
    Phase(
        "longer contexts, worded widely",
        40,
        6,
        1024,
        (
            ("reading/many_wide", 0.35),
            ("reading/broad_wide", 0.2),
            ("reading/two_absent_wide", 0.15),
            ("tool_requests_loose", 0.1),
            ("tool_requests_wide", 0.1),
            ("tool_results_wide", 0.1),
        ),
    ),
)


# The third stage is there for length: 2,048 tokens throughout, full of conversations one after another, so that an answer is
# also found far away and among what does not belong to it. Rates as in the second for a batch of two thirds its size.
LENGTHENED_RATES = Optimisation(rates=((0, 0.02), (60, 0.33), (500, 0.33), (850, 0.2833), (2350, 0.01)))
LENGTHENED = (
    Phase(
        "everything, packed into 2,048 tokens",
        1618,
        2,
        2048,
        (
            ("reading/long_wide", 0.1),
            ("reading/dense_wide", 0.06),
            ("reading/two_absent_wide", 0.2),
            ("reading/broad_wide", 0.12),
            ("reading/compared_wide", 0.08),
            ("reading/chained_wide", 0.1),
            ("reading/single_wide", 0.08),
            ("reading/chinese_wide", 0.05),
            ("tool_requests_loose", 0.05),
            ("tool_requests_wide", 0.08),
            ("tool_requests_many", 0.04),
            ("tool_results_wide", 0.03),
            ("closed_book", 0.01),
        ),
        packed=True,
    ),
    Phase(
        "the same, with more requests for tools",
        732,
        2,
        2048,
        (
            ("reading/long_wide", 0.07),
            ("reading/dense_wide", 0.04),
            ("reading/two_absent_wide", 0.2),
            ("reading/broad_wide", 0.09),
            ("reading/compared_wide", 0.07),
            ("reading/chained_wide", 0.09),
            ("reading/single_wide", 0.07),
            ("reading/chinese_wide", 0.05),
            ("tool_requests_loose", 0.11),
            ("tool_requests_wide", 0.12),
            ("tool_requests_many", 0.05),
            ("tool_results_wide", 0.03),
            ("closed_book", 0.01),
        ),
        packed=True,
    ),
)


@dataclass(frozen=True)
class Stage:
    """One training from its start to the end of its decay; `attention` is the implementation that computes it.

    What is published is the mean of its last weights and of those that it started from, which have the share `kept`: what the
    one learned and the other did not forget (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
    """

    name: str
    seed: int
    optimisation: Optimisation
    phases: tuple[Phase, ...]
    kept: float = 0.0
    attention: str = "eager"  # on a CPU faster than the fused kernel up to about a thousand tokens, and compiles better


SCRATCH = Stage("from scratch", SEED, Optimisation(), PHASES)
FURTHER = Stage("continued", CONTINUED_SEED, CONTINUED_RATES, CONTINUED)
LONGER = Stage("lengthened", LENGTHENED_SEED, LENGTHENED_RATES, LENGTHENED, kept=0.3, attention="sdpa")
STAGES = (SCRATCH, FURTHER, LONGER)


def stage_after(name: str) -> Stage:
    """The stage that continues a model of the stage of that name; raises ValueError where it is the last or unknown."""
    for stage, following in pairwise(STAGES):
        if stage.name == name:
            return following
    raise ValueError(f"no stage follows `{name}`; a model can be continued after {', '.join(one.name for one in STAGES[:-1])}")


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


def rate_factor(step: int, optimisation: Optimisation) -> float:
    """The share of the full learning rates at a step (from 0); before the first and after the last knot it is that knot's."""
    knots = optimisation.rates
    for (start, low), (end, high) in pairwise(knots):
        if start <= step <= end:
            return low + (high - low) * (step - start) / (end - start)
    return knots[0][1] if step < knots[0][0] else knots[-1][1]
