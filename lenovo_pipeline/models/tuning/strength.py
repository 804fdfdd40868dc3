"""How much of a training is kept: as much as leaves the general skills of the base as they were.

Belongs here: weights between those of the base and those that a training ended with (WiSE-FT, arXiv:2109.01903), and the choice
among them on held-out rows. Does not belong here: training (trainer.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.models.pretraining.batches import Row
from lenovo_pipeline.models.tuning.checkpoints import put
from lenovo_pipeline.models.tuning.trainer import Plan, validation_loss

if TYPE_CHECKING:
    from torch import Tensor

_FIXED = ".lora_A."
"""LoRA adds B A to a matrix, and B begins at zero: a share of B is that share of the change."""


@dataclass(frozen=True)
class Untrained:
    """A model before all training: the weights that lead back to it, by name, and its loss (nat/token) on the skills' rows."""

    weights: "Mapping[str, Tensor]"
    skill_loss: float | None


@dataclass(frozen=True)
class Applied:
    """The share of a training that a model was left with, and its loss (nat/token) on the skills' rows; `kept` says whether that
    is no higher than the base's, which no share may have reached.
    """

    strength: float
    skill_loss: float | None
    kept: bool


def untrained(model: Any, skills: Sequence[Row], plan: Plan, known: float | None = None) -> Untrained:
    """What there is to go back to, before a training; `skills` are rows of what the model should be able to do afterwards, and
    `known` is their loss where it was measured already.
    """
    weights = {name: weight.detach().clone() for name, weight in _moving(model).items()}
    if known is None and skills:
        known = validation_loss(model, skills, plan)
    return Untrained(weights, known)


def apply(model: Any, base: Untrained, skills: Sequence[Row], strengths: Sequence[float], plan: Plan) -> Applied:
    """Leave the model with the largest share of its training at which the skills lose nothing; with the smallest one if they
    lose at every share. `strengths` are the shares to try, of which 1 is the training as it ended.
    """
    ordered = sorted(strengths, reverse=True)
    if base.skill_loss is None:
        return Applied(1.0, None, kept=True)
    moving = _moving(model)
    ends = {name: weight.detach().clone() for name, weight in moving.items()}
    for strength in ordered:
        put(moving, {name: base.weights[name] + strength * (end - base.weights[name]) for name, end in ends.items()})
        loss = validation_loss(model, skills, plan)
        if loss <= base.skill_loss:
            return Applied(strength, loss, kept=True)
    return Applied(ordered[-1], loss, kept=False)


def _moving(model: Any) -> "dict[str, Tensor]":
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad and _FIXED not in name}
