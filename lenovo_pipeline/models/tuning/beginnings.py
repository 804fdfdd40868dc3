"""The loss of rows that begin alike: their common beginning goes through the model once, however many rows follow it.

Belongs here: that loss. Does not belong here: the loop (trainer.py), and making such rows.
"""

from typing import TYPE_CHECKING, Any

from lenovo_pipeline.models.tuning.batching import Batch
from lenovo_pipeline.models.tuning.trainer import said_loss

if TYPE_CHECKING:
    from torch import Tensor

_SHORTEST = 64
"""Tokens that a beginning must have to be worth a pass of its own."""


def shared_loss(model: Any, batch: Batch) -> "Tensor":
    """What `said_loss` gives, up to rounding, for less work: every row attends to the beginning and to itself, as an answer that
    is generated from such a prompt does.

    A batch without a long common beginning, and a model that keeps its past in another form than keys and values, are left to
    `said_loss`.
    """
    from torch.nn import functional
    from transformers import DynamicCache

    common = common_beginning(batch)
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    if common < _SHORTEST or batch.ids.shape[0] < 2:
        return said_loss(model, batch)
    first = inner.base_model(input_ids=batch.ids[:1, :common], use_cache=True)
    past = getattr(first, "past_key_values", None)
    if not isinstance(past, DynamicCache):
        return said_loss(model, batch)
    past.batch_repeat_interleave(batch.ids.shape[0])
    rest = inner.base_model(input_ids=batch.ids[:, common:], past_key_values=past, use_cache=True)
    wanted = batch.said[:, common + 1 :]
    logits = inner.get_output_embeddings()(rest.last_hidden_state[:, :-1][wanted])
    return functional.cross_entropy(logits.float(), batch.ids[:, common + 1 :][wanted], reduction="sum")


def common_beginning(batch: Batch) -> int:
    """How many tokens all rows begin with together, none of which is said, nor directly before one that is."""
    alike = (batch.ids == batch.ids[:1]).all(dim=0) & ~batch.said.any(dim=0)
    count = int(alike.long().cumprod(dim=0).sum())
    return max(0, count - 1)
