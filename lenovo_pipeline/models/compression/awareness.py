"""Training that sees weights and activations as they will be stored and computed (quantisation-aware training, arXiv:1712.05877).

Belongs here: rounding in the forward pass. Does not belong here: the rounding itself (blocks.py), the loop (tuning/trainer.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.models.compression.blocks import fitting_block, rounded
from lenovo_pipeline.models.compression.graphs import Bits

if TYPE_CHECKING:
    from torch import Tensor


@contextmanager
def rounding_aware(model: Any, bits: Bits) -> Iterator[None]:
    """Within it, every matrix of the model computes with its rounded weights, and with activations in 8 bits where the build
    computes with integers. At the end the rounded weights are the model's own: rounding them again changes nothing.
    """
    from torch import nn
    from torch.nn.utils import parametrize

    outer = {id(model.get_input_embeddings().weight), id(model.get_output_embeddings().weight)}
    touched: list[Any] = []
    handles: list[Any] = []
    for module in model.modules():
        if not isinstance(module, nn.Linear | nn.Embedding):
            continue
        own = id(module.weight) in outer
        width, wanted = module.weight.shape[1], bits.embedding_block if own else bits.matrix_block
        block = fitting_block(width, wanted)
        if block is None:
            continue
        touched.append((module, _Rounding.make(bits.embeddings if own else bits.matrices, block)))
        if isinstance(module, nn.Linear) and bits.integer_products:
            handles.append(module.register_forward_pre_hook(_rounds_inputs(block)))
    for module, rounding in touched:
        parametrize.register_parametrization(module, "weight", rounding)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for module, _ in touched:
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=False)
        _round_for_good(touched)


def _round_for_good(touched: list[Any]) -> None:
    import torch

    with torch.no_grad():
        for module, rounding in touched:
            # A tied table is rounded twice, which changes nothing.
            module.weight.copy_(rounding(module.weight))


def _rounds_inputs(block: int) -> Any:
    def hook(_: Any, given: "tuple[Tensor, ...]") -> "tuple[Tensor, ...]":
        first = given[0]
        return (rounded(first.reshape(-1, first.shape[-1]), 8, block).reshape(first.shape), *given[1:])

    return hook


class _Rounding:
    """Makes the module that torch puts in the place of a weight."""

    @staticmethod
    def make(bits: int, block: int) -> Any:
        from torch import nn

        class Rounding(nn.Module):
            def forward(self, weight: "Tensor") -> "Tensor":
                return rounded(weight, bits, block)

        return Rounding()
