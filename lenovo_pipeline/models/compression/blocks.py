"""Weights in blocks of a few bits: how numbers are rounded, the same in numpy (what is stored) and in torch (what is trained).

Belongs here: the rounding. Does not belong here: where it is applied in a graph (graphs.py) or in training (awareness.py).

The grid is the one that ONNX Runtime's MatMulNBits reads: signed and symmetric, with the number of largest magnitude of a block
on its lowest level, -2^(bits-1).
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

BLOCKS = (256, 128, 64, 32, 16)
"""Sizes of a block that the kernels have, longest first."""


def fitting_block(width: int, wanted: int) -> int | None:
    """The longest block that is no longer than wanted and divides a row of this width; None if there is none."""
    return next((block for block in BLOCKS if block <= wanted and width % block == 0), None)


def quantise(weights: npt.NDArray[np.float32], bits: int, block: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Rows (N, K) as levels from 0 to 2^bits - 1 (N, K), half of which is zero, and the scale of each block (N, K / block)."""
    half = 2 ** (bits - 1)
    blocks = weights.reshape(len(weights), -1, block)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(-1, keepdims=True), -1)
    scales = largest / -half
    safe = np.where(scales == 0, 1, scales)
    levels = np.clip(np.rint(blocks / safe), -half, half - 1) + half
    return levels.reshape(weights.shape).astype(np.uint8), scales[..., 0].astype(np.float32)


def packed(levels: npt.NDArray[np.uint8], bits: int) -> npt.NDArray[np.uint8]:
    """Levels (N, K) as bytes: at 4 bits two in each, the first one low."""
    return levels if bits == 8 else (levels[:, 0::2] | (levels[:, 1::2] << 4)).astype(np.uint8)


def rounded(weights: "Tensor", bits: int, block: int) -> "Tensor":
    """Rows (N, K) as they will be read back; gradients pass as if nothing had been rounded (straight-through estimator,
    Bengio et al. 2013).
    """
    import torch

    half = 2 ** (bits - 1)
    blocks = weights.detach().reshape(len(weights), -1, block)
    scales = blocks.gather(-1, blocks.abs().argmax(-1, keepdim=True)) / -half
    safe = torch.where(scales == 0, torch.ones_like(scales), scales)
    found = torch.clamp(torch.round(blocks / safe), -half, half - 1) * scales
    passed: Tensor = weights + (found.reshape(weights.shape) - weights).detach()
    return passed
