"""A student of half the size that learns from its base model's answers.

Belongs here: the student's shape and first weights, and the loss. Does not belong here: the loop (tuning/trainer.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import SkippedPartition
from lenovo_pipeline.models.compression.pruning import feed_forward_parts, narrow_feed_forward
from lenovo_pipeline.models.tuning.batching import Batch
from lenovo_pipeline.models.tuning.rows import Row

if TYPE_CHECKING:
    from torch import Tensor

    from lenovo_pipeline.models.tuning.trainer import Loss, Plan

HALF = 0.5
_NARROWEST = 0.25
"""Of the feed-forward width: below it, a student gives up layers instead."""
_TEMPERATURE = 2.0
_FROM_TEACHER = 0.7


def make_student(model: Any, rows: Sequence[Row], plan: "Plan", *, share: float = HALF) -> dict[str, Any]:
    """Shrink a copy of the teacher, in place, to at most `share` of its parameters: layers are left out, those that are missed
    least first, and columns of the feed-forward parts; returns what was kept.

    As many layers are kept as leave the feed-forward parts a quarter of their width. Raises SkippedPartition for a model
    whose embeddings alone are too large, or that is built otherwise.
    """
    parts = feed_forward_parts(model)
    total = sum(weight.numel() for weight in model.parameters())
    layers = model.base_model.layers
    layer = sum(weight.numel() for weight in layers[0].parameters())
    width = parts[0].down_proj.in_features
    column = sum(weight.numel() for weight in parts[0].parameters()) // width
    outside = total - layer * len(layers)
    for depth in range(len(layers), 0, -1):
        room = share * total - outside - depth * (layer - column * width)
        fits = int(room // (depth * column)) // 16 * 16
        if fits >= _NARROWEST * width:
            break
    else:
        raise SkippedPartition(
            f"the embeddings of this {model.config.model_type} model are {outside / total:.0%} of its weights: a student of "
            f"{share:.0%} has no room for layers."
        )
    kept = _least_missed(model, depth, rows, plan)
    columns = min(fits, width)
    if columns < width:
        narrow_feed_forward(model, columns, rows, plan.batch_tokens)
    return {"layers": kept, "feed_forward_columns": columns}


def distillation_loss(teacher: Any) -> "Loss":
    """Kullback-Leibler divergence from the teacher's distribution, at a temperature, and cross-entropy (arXiv:1503.02531), summed
    over the tokens that are said.
    """
    import torch
    from torch.nn import functional

    def scores(model: Any, batch: Batch) -> "Tensor":
        hidden = model.base_model(input_ids=batch.ids, use_cache=False).last_hidden_state[:, :-1][batch.said[:, 1:]]
        found: Tensor = model.get_output_embeddings()(hidden).float()
        return found

    def loss(student: Any, batch: Batch) -> "Tensor":
        with torch.no_grad():
            wanted = functional.log_softmax(scores(teacher, batch) / _TEMPERATURE, dim=-1)
        found = scores(student, batch)
        divergence = functional.kl_div(
            functional.log_softmax(found / _TEMPERATURE, dim=-1), wanted, reduction="sum", log_target=True
        )
        truth = functional.cross_entropy(found, batch.ids[:, 1:][batch.said[:, 1:]], reduction="sum")
        return _FROM_TEACHER * _TEMPERATURE**2 * divergence + (1 - _FROM_TEACHER) * truth

    return loss


def _least_missed(model: Any, depth: int, rows: Sequence[Row], plan: "Plan") -> list[int]:
    """Leave layers out until `depth` are left, each time the one whose absence costs least; returns the numbers of those kept."""
    from torch import nn

    from lenovo_pipeline.models.tuning.trainer import validation_loss

    kept = list(range(len(model.base_model.layers)))
    whole = list(model.base_model.layers)
    while len(kept) > depth:
        costs = {}
        for place in kept:
            model.base_model.layers = nn.ModuleList([whole[other] for other in kept if other != place])
            model.config.num_hidden_layers = len(kept) - 1
            costs[place] = validation_loss(model, rows, plan)
        kept.remove(min(costs, key=lambda place: costs[place]))
    model.base_model.layers = nn.ModuleList([whole[place] for place in kept])
    model.config.num_hidden_layers = depth
    if getattr(model.config, "layer_types", None):
        model.config.layer_types = [model.config.layer_types[place] for place in kept]
    for number, layer in enumerate(model.base_model.layers):
        layer.self_attn.layer_idx = number
    return kept
