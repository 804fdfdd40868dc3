"""Leaving out weights: single ones by magnitude, or whole columns of the feed-forward parts, which makes a model smaller.

Belongs here: what is left out. Does not belong here: the training that recovers (recovery.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import SkippedPartition
from lenovo_pipeline.models.tuning.batching import batch_of, in_batches
from lenovo_pipeline.models.tuning.rows import Row

if TYPE_CHECKING:
    from torch import Tensor

_STEPS = (64, 32, 16)
"""Multiples that columns are kept in: what kernels compute at once, and what blocks of few bits fit."""


@contextmanager
def without_small_weights(model: Any, share: float) -> Iterator[int]:
    """Set the smallest `share` of the weights of each matrix of the layers to zero (Han et al. 2015, arXiv:1506.02626), and hold
    them there while training; gives how many they are.
    """
    import torch

    handles = []
    count = 0
    with torch.no_grad():
        for weight in _matrices(model):
            mask = _larger(weight, share)
            weight.mul_(mask)
            count += int((~mask).sum())
            # With no gradient and no decay, Adam leaves a zero a zero.
            handles.append(weight.register_hook(lambda gradient, mask=mask: gradient * mask))  # type: ignore[no-untyped-call]
    try:
        yield count
    finally:
        for handle in handles:
            handle.remove()


def zeros_of(model: Any) -> float:
    """Share of the weights of the layers' matrices that are zero."""
    matrices = list(_matrices(model))
    return float(sum(int((weight == 0).sum()) for weight in matrices) / sum(weight.numel() for weight in matrices))


def narrow_feed_forward(model: Any, kept: int, rows: Sequence[Row], batch_tokens: int) -> None:
    """Remove all but this many columns of every feed-forward part.

    Those go whose outputs are smallest: the mean magnitude of the activation times the norm of the weights that read it (the
    measure of Wanda, arXiv:2306.11695, summed for each column). Raises SkippedPartition where a model has no such parts.
    """
    import torch
    from torch import nn

    parts = feed_forward_parts(model)
    width = parts[0].down_proj.in_features
    activity = _mean_magnitudes(model, parts, rows, batch_tokens)
    with torch.no_grad():
        for part, mean in zip(parts, activity, strict=True):
            weight = mean * part.down_proj.weight.norm(dim=0)
            chosen = weight.topk(kept).indices.sort().values
            part.down_proj.weight = nn.Parameter(part.down_proj.weight[:, chosen].clone())
            part.down_proj.in_features = kept
            if hasattr(part, "gate_up_proj"):
                both = torch.cat([chosen, chosen + width])
                part.gate_up_proj.weight = nn.Parameter(part.gate_up_proj.weight[both].clone())
                part.gate_up_proj.out_features = 2 * kept
            else:
                for one in (part.gate_proj, part.up_proj):
                    one.weight = nn.Parameter(one.weight[chosen].clone())
                    one.out_features = kept
            if hasattr(part, "intermediate_size"):
                part.intermediate_size = kept
    model.config.intermediate_size = kept


def columns_left(width: int, share: float) -> int:
    """How many columns of a feed-forward part are left without this share of them, in multiples of what kernels compute at once
    where it is wide enough.
    """
    step = next((step for step in _STEPS if width >= 4 * step), 1)
    return max(step, round(width * (1 - share) / step) * step)


def feed_forward_parts(model: Any) -> list[Any]:
    """The gated feed-forward part of every layer. Raises SkippedPartition where a model is built otherwise."""
    layers = getattr(model.base_model, "layers", [])
    parts = [getattr(layer, "mlp", None) for layer in layers]
    whole: list[Any] = [
        part
        for part in parts
        if hasattr(part, "down_proj")
        and (hasattr(part, "gate_up_proj") or (hasattr(part, "gate_proj") and hasattr(part, "up_proj")))
        and part is not None
        and part.down_proj.bias is None
    ]
    if not whole or len(whole) != len(parts):
        raise SkippedPartition(
            f"the layers of a {model.config.model_type} model have no gated feed-forward parts that columns could be removed "
            "from: choose a base of the Llama, Mistral, Qwen or Phi kind."
        )
    return whole


def _matrices(model: Any) -> "Iterator[Tensor]":
    for name, weight in model.base_model.named_parameters():
        if weight.ndim == 2 and "embed" not in name:
            yield weight


def _larger(weight: "Tensor", share: float) -> "Tensor":
    import torch

    order = weight.abs().flatten().argsort()
    mask = torch.ones(weight.numel(), dtype=torch.bool, device=weight.device)
    mask[order[: int(share * weight.numel())]] = False
    return mask.reshape(weight.shape)


def _mean_magnitudes(model: Any, parts: Sequence[Any], rows: Sequence[Row], batch_tokens: int) -> "list[Tensor]":
    """Mean magnitude of each column's activation over the tokens of the rows, for each part."""
    import torch

    sums: list[Any] = [0.0] * len(parts)
    shown: list[Any] = [None]

    def reads(place: int) -> Any:
        def hook(_: Any, given: "tuple[Tensor, ...]") -> None:
            sums[place] = sums[place] + given[0][shown[0]].abs().float().sum(0)

        return hook

    handles = [part.down_proj.register_forward_pre_hook(reads(place)) for place, part in enumerate(parts)]
    count = 0
    try:
        with torch.inference_mode():
            for places in in_batches(rows, range(len(rows)), batch_tokens):
                batch = batch_of([rows[place] for place in places]).to(model.device.type)
                lengths = torch.tensor([len(rows[place].ids) for place in places], device=batch.ids.device)
                shown[0] = torch.arange(batch.ids.shape[1], device=batch.ids.device)[None] < lengths[:, None]
                count += batch.tokens
                model.base_model(input_ids=batch.ids, use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    return [total.clone() / count for total in sums]
