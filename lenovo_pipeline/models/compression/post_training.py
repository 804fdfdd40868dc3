"""INT8 after training, with the quantisation tools of ONNX Runtime: activations scaled when they come, or by calibration.

Belongs here: the two conversions. Does not belong here: weights in blocks (graphs.py), training with rounding (awareness.py).
"""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lenovo_pipeline.models.compression.graphs import with_computed_positions, with_separate_embeddings

if TYPE_CHECKING:
    from onnx import ModelProto

_TYPES = ("MatMul", "Gather")
_PAST = "past_key_values."


def with_dynamic_integers(model: "ModelProto") -> "ModelProto":
    """Weights in 8 bits with a scale for each column; activations are scaled for each input as a whole when they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with_computed_positions(model)
    with_separate_embeddings(model)
    with _quiet(), tempfile.TemporaryDirectory() as place:
        quantize_dynamic(
            model, Path(place) / "out.onnx", op_types_to_quantize=list(_TYPES), per_channel=True, weight_type=QuantType.QInt8
        )
        return _loaded(Path(place) / "out.onnx")


def with_calibrated_integers(model: "ModelProto", prompts: Sequence[Sequence[int]], head_size: int) -> "ModelProto":
    """Weights in 8 bits with a scale for each column; the range of each activation is the one seen over the prompts (token ids).

    `head_size` is what genai_config.json tells.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    with_computed_positions(model)
    with_separate_embeddings(model)
    with _quiet(), tempfile.TemporaryDirectory() as place:
        quantize_static(
            model,
            Path(place) / "out.onnx",
            _prompts(model, prompts, head_size),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_TYPES),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        return _loaded(Path(place) / "out.onnx")


def inputs_of(model: "ModelProto", ids: Sequence[int], head_size: int) -> dict[str, npt.NDArray[Any]]:
    """What a GenAI graph is given for one prompt with nothing computed before: ids, mask, positions, and an empty cache."""
    from onnx import helper

    known: Mapping[str, npt.NDArray[Any]] = {
        "input_ids": np.array([ids], dtype=np.int64),
        "attention_mask": np.ones((1, len(ids)), dtype=np.int64),
        "position_ids": np.arange(len(ids), dtype=np.int64)[None],
    }
    given = {}
    for each in model.graph.input:
        if each.name.startswith(_PAST):
            kind = each.type.tensor_type
            heads = kind.shape.dim[1].dim_value
            given[each.name] = np.zeros((1, heads, 0, head_size), dtype=helper.tensor_dtype_to_np_dtype(kind.elem_type))
        else:
            given[each.name] = known[each.name]
    return given


def _prompts(model: "ModelProto", prompts: Sequence[Sequence[int]], head_size: int) -> Any:
    """The prompts as ONNX Runtime reads calibration data."""
    from onnxruntime.quantization import CalibrationDataReader

    class Prompts(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter([inputs_of(model, ids, head_size) for ids in prompts])

        def get_next(self) -> dict[str, npt.NDArray[Any]] | None:
            return next(self._left, None)

    return Prompts()


def _loaded(path: Path) -> "ModelProto":
    import onnx

    return onnx.load(str(path))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the advice to optimise graphs first: what the model builder writes is optimised already.

    Their way of logging also gives the root logger a handler, which would show what every library says from then on.
    """
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
