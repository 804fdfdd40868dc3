"""What the levels of edge builds store, and what the targets run them with.

Belongs here: declarations, and what is assumed of processors that are not here. Does not belong here: making a build (edge.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lenovo_pipeline.models.compression.graphs import Bits


@dataclass(frozen=True)
class Level:
    """A level: the share by which a build must be smaller than the one in single precision, how its weights are stored, and
    whether they are trained for that first.
    """

    name: str
    smaller_by: float
    bits: Bits
    trained: bool = False


LEVEL_PLANS = (
    Level("light", 0.5, Bits(matrices=8, matrix_block=64, embeddings=8, embedding_block=64)),
    Level("medium", 0.7, Bits(matrices=4, matrix_block=32, embeddings=8, embedding_block=64)),
    Level("aggressive", 0.85, Bits(matrices=4, matrix_block=128, embeddings=4, embedding_block=64), trained=True),
)
"""Embeddings and head are one copy where a model ties them. In a model of five million parameters they are a quarter of the
weights, and what is read from them is what is said: they keep 8 bits until the last level.
"""


@dataclass(frozen=True)
class Target:
    """A target: its runtime configuration (changes of genai_config.json), whether it can run here, and what is assumed of it.

    `speed` is the assumed ratio of one of its cores to one of this host's, `threads` how many of them the configuration uses.
    All run on ONNX Runtime's processor backend: those of NNAPI, XNNPACK and Core ML have no kernels for weights in blocks.
    """

    name: str
    here: bool
    processor: str
    speed: float
    threads: int | None
    config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    integer_products: bool = True
    plain: bool = False

    def bits(self, level: Level) -> Bits:
        """How the weights of a level are stored for this target."""
        return replace(level.bits, integer_products=self.integer_products, plain=self.plain)

    def key(self) -> dict[str, Any]:
        """What of the target decides the files of its builds."""
        return {"config": self.config, "integer_products": self.integer_products, "plain": self.plain}


_SESSION = "model/decoder/session_options"
_ARM64 = {_SESSION: {"intra_op_num_threads": 2}}
"""Phones have at least two fast cores, and slow ones that a product would wait for."""

TARGET_PLANS = (
    Target("edge-x86_64", True, "this host", 1.0, None),
    Target("android-arm64-v8a", False, "Cortex-A78 at 2.4 GHz, 2 threads", 0.5, 2, _ARM64),
    Target("ios-arm64", False, "Apple A15 performance core, 2 threads", 0.9, 2, _ARM64),
    Target(
        "embedded-armv7",
        False,
        "Cortex-A7 at 1.2 GHz, 4 threads",
        0.04,
        4,
        {
            # Weights of 8 bits are unpacked when the model is opened: this processor has no products of integers to use them in.
            _SESSION: {"intra_op_num_threads": 4, "session.disable_quant_qdq": "1"},
            # The cache of keys and values is given out whole: a shorter one fits a small memory.
            "model": {"context_length": 2048},
            "search": {"max_length": 2048},
        },
        integer_products=False,
        plain=True,
    ),
)
