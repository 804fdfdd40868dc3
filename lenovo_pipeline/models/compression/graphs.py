"""The graph of an ONNX Runtime GenAI build made smaller: weights of a few bits, and nothing stored that can be computed.

Belongs here: changes to a graph. Does not belong here: exporting one (export.py), and which build gets which change (levels.py).

Exported in single precision, a matrix is the constant second input of a MatMul, a table of embeddings that of a Gather; where
the two are the same, the Gather reads a Transpose of the matrix. `with_few_bits` keeps one copy of such a matrix.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.compression.blocks import fitting_block, packed, quantise

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

GRAPH, WEIGHTS, CONFIG = "model.onnx", "model.onnx.data", "genai_config.json"
Floats = npt.NDArray[np.float64]

_CONTRIB = "com.microsoft"
_ANGLE_TOLERANCE = 1e-3
_SMALL = 1024
"""Bytes from which a tensor lies beside the graph."""


@dataclass(frozen=True)
class Bits:
    """How weights are stored: 4 or 8 bits and the longest block, of the layers' matrices and of embeddings and head.

    `integer_products` says whether activations are rounded to 8 bits for products of integers (accuracy_level 4 of MatMulNBits).
    With `plain` matrices of 8 bits are standard operators, for processors without a kernel for them, which ONNX Runtime then
    refuses to run (https://github.com/microsoft/onnxruntime/issues/24769); at 4 bits it has one for every processor.
    """

    matrices: int
    matrix_block: int
    embeddings: int
    embedding_block: int
    integer_products: bool = True
    plain: bool = False


def read_graph(folder: Path) -> "ModelProto":
    """The graph with its weights. Raises PermanentFailure if it is missing or damaged."""
    import onnx

    try:
        return onnx.load(str(folder / GRAPH))
    except Exception as error:  # protobuf, onnx and the file system each raise their own
        raise PermanentFailure(
            f"the graph in {folder} cannot be read ({error})", remedy="Remove its folder and run again: it is exported anew."
        ) from error


def write_graph(model: "ModelProto", folder: Path) -> None:
    """Write the graph and its weights into a folder, without the shapes that the runtime finds out itself."""
    import onnx

    del model.graph.value_info[:]
    onnx.save_model(
        model,
        str(folder / GRAPH),
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=WEIGHTS,
        size_threshold=_SMALL,
    )


def copy_companions(source: Path, folder: Path) -> None:
    """Copy what lies beside the graph: tokenizer, chat template, configuration; no manifest."""
    for path in sorted(source.iterdir()):
        if path.is_file() and path.name not in (GRAPH, WEIGHTS, "manifest.json"):
            shutil.copy(path, folder / path.name)


def change_config(folder: Path, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Set values in sections of genai_config.json; a section is named by its path, such as `model/decoder/session_options`."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    for section, values in changes.items():
        place = config
        for name in section.split("/"):
            place = place.setdefault(name, {})
        place.update(values)
    (folder / CONFIG).write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def head_size(folder: Path) -> int:
    """Channels of an attention head, as the runtime configuration tells."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    return int(config["model"]["decoder"]["head_size"])


def with_computed_positions(model: "ModelProto") -> bool:
    """Replace the stored sines and cosines of rotary positions by nodes that compute them when the model is opened.

    True if that was done; tables that are not those of plain rotary positions (arXiv:2104.09864) stay.
    """
    from onnx import helper, numpy_helper

    stored = {each.name: each for each in model.graph.initializer}
    if not {"cos_cache", "sin_cache"} <= stored.keys():
        return False
    cosines, sines = (numpy_helper.to_array(stored[name]).astype(np.float64) for name in ("cos_cache", "sin_cache"))
    positions = np.arange(len(cosines), dtype=np.float64)
    steps = _angle_steps(cosines, sines)
    angles = np.outer(positions, steps)
    error = max(float(np.abs(np.cos(angles) - cosines).max()), float(np.abs(np.sin(angles) - sines).max()))
    if error > _ANGLE_TOLERANCE:
        return False
    for name in ("cos_cache", "sin_cache"):
        model.graph.initializer.remove(stored[name])
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(np.array(0.0), "positions.first"),
            numpy_helper.from_array(np.array(float(len(positions))), "positions.end"),
            numpy_helper.from_array(np.array(1.0), "positions.one"),
            numpy_helper.from_array(steps[None, :], "positions.steps"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "positions.axis"),
        ]
    )
    kind = stored["cos_cache"].data_type
    nodes = [
        helper.make_node("Range", ["positions.first", "positions.end", "positions.one"], ["positions.row"]),
        helper.make_node("Unsqueeze", ["positions.row", "positions.axis"], ["positions.column"]),
        helper.make_node("Mul", ["positions.column", "positions.steps"], ["positions.angles"]),
        helper.make_node("Cos", ["positions.angles"], ["positions.cos"]),
        helper.make_node("Sin", ["positions.angles"], ["positions.sin"]),
        helper.make_node("Cast", ["positions.cos"], ["cos_cache"], to=kind),
        helper.make_node("Cast", ["positions.sin"], ["sin_cache"], to=kind),
    ]
    _put_first(model, nodes)
    return True


def with_few_bits(model: "ModelProto", bits: Bits) -> None:
    """Store matrices and embeddings in blocks of a few bits. What no block fits stays as it is."""
    from onnx import numpy_helper

    stored = {each.name: each for each in model.graph.initializer}
    transposed = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Transpose"}
    tables = {
        node.input[0]: transposed.get(node.input[0], node.input[0]) for node in model.graph.node if node.op_type == "Gather"
    }
    tables = {read: name for read, name in tables.items() if name in stored and len(stored[name].dims) == 2}
    heads = {node.input[1] for node in model.graph.node if node.op_type == "MatMul" and "logits" in node.output}
    wanted = {
        node.input[1]: node
        for node in model.graph.node
        if node.op_type == "MatMul" and node.input[1] in stored and len(stored[node.input[1]].dims) == 2
    }
    done: dict[str, _Stored] = {}
    for name in dict.fromkeys([*wanted, *tables.values()]):
        weights = numpy_helper.to_array(stored[name]).astype(np.float32)
        rows = np.ascontiguousarray(weights.T) if name in wanted else weights
        outer = name in heads or name in tables.values()
        kind = _Stored.of(name, rows, bits.embeddings if outer else bits.matrices, _block(bits, outer), bits)
        if kind is not None:
            done[name] = kind
    nodes: list[NodeProto] = []
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in done:
            nodes += done[node.input[1]].product(node)
        elif node.op_type == "Gather" and tables.get(node.input[0]) in done:
            nodes += done[tables[node.input[0]]].lookup(node)
        elif node.op_type != "Transpose" or transposed[node.output[0]] not in done:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    for name, kind in done.items():
        model.graph.initializer.remove(stored[name])
        model.graph.initializer.extend(kind.tensors())
    _require_operators(model)


def with_separate_embeddings(model: "ModelProto") -> None:
    """Give a table of embeddings that is read as a Transpose of the head its own copy: the tools of ONNX Runtime change heads
    that are constants of one MatMul alone.
    """
    from onnx import numpy_helper

    stored = {each.name: each for each in model.graph.initializer}
    for node in [each for each in model.graph.node if each.op_type == "Transpose" and each.input[0] in stored]:
        table = np.ascontiguousarray(numpy_helper.to_array(stored[node.input[0]]).T)
        model.graph.initializer.append(numpy_helper.from_array(table, node.output[0]))
        model.graph.node.remove(node)


@dataclass(frozen=True)
class _Stored:
    """One matrix, rows (N, K) for a product with activations (…, K), in blocks."""

    name: str
    levels: npt.NDArray[np.uint8]
    scales: npt.NDArray[np.float32]
    bits: int
    block: int
    accuracy: int
    plain: bool

    @classmethod
    def of(cls, name: str, rows: npt.NDArray[np.float32], bits: int, block: int, how: Bits) -> "_Stored | None":
        fitting = fitting_block(rows.shape[1], block)
        if fitting is None:
            return None
        levels, scales = quantise(rows, bits, fitting)
        return cls(name, levels, scales, bits, fitting, 4 if how.integer_products else 0, how.plain and bits == 8)

    @property
    def shape(self) -> tuple[int, int]:
        return self.levels.shape[0], self.levels.shape[1]

    def tensors(self) -> list[Any]:
        from onnx import numpy_helper

        found = [
            numpy_helper.from_array(packed(self.levels, self.bits), f"{self.name}.levels"),
            numpy_helper.from_array(self.scales, f"{self.name}.scales"),
        ]
        if self.plain:
            found.append(numpy_helper.from_array(np.full(self.scales.shape, 128, np.uint8), f"{self.name}.zero"))
        else:
            rows, width = self.shape
            place = np.array([rows, width // self.block, self.block * self.bits // 8], dtype=np.int64)
            found.append(numpy_helper.from_array(place, f"{self.name}.blocks"))
        return found

    def product(self, node: "NodeProto") -> "list[NodeProto]":
        from onnx import helper

        rows, width = self.shape
        if self.plain:
            inputs = [f"{self.name}.{part}" for part in ("levels", "scales", "zero")]
            return [
                helper.make_node("DequantizeLinear", inputs, [f"{self.name}.rows"], axis=1, block_size=self.block),
                helper.make_node("Transpose", [f"{self.name}.rows"], [f"{self.name}.columns"], perm=[1, 0]),
                helper.make_node("MatMul", [node.input[0], f"{self.name}.columns"], list(node.output), name=node.name),
            ]
        shaped = f"{self.name}.shaped"
        return [
            helper.make_node("Reshape", [f"{self.name}.levels", f"{self.name}.blocks"], [shaped]),
            helper.make_node(
                "MatMulNBits",
                [node.input[0], shaped, f"{self.name}.scales"],
                list(node.output),
                name=node.name,
                domain=_CONTRIB,
                K=width,
                N=rows,
                bits=self.bits,
                block_size=self.block,
                accuracy_level=self.accuracy,
            ),
        ]

    def lookup(self, node: "NodeProto") -> "list[NodeProto]":
        from onnx import helper

        return [
            helper.make_node(
                "GatherBlockQuantized",
                [f"{self.name}.levels", node.input[1], f"{self.name}.scales"],
                list(node.output),
                name=node.name,
                domain=_CONTRIB,
                bits=self.bits,
                block_size=self.block,
                gather_axis=0,
                quantize_axis=1,
            )
        ]


def _block(bits: Bits, outer: bool) -> int:
    return bits.embedding_block if outer else bits.matrix_block


def _angle_steps(cosines: Floats, sines: Floats) -> Floats:
    """The angle between two positions, of each pair of channels: from position 1, then made exact by later and later ones."""
    steps: Floats = np.arctan2(sines[min(1, len(sines) - 1)], cosines[min(1, len(cosines) - 1)])
    place = 2
    while place < len(cosines):
        angle = np.arctan2(sines[place], cosines[place])
        turns = np.rint((place * steps - angle) / (2 * np.pi))
        steps = (angle + 2 * np.pi * turns) / place
        place *= 2
    return steps


def _put_first(model: "ModelProto", nodes: "list[NodeProto]") -> None:
    others = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *others])


def _require_operators(model: "ModelProto") -> None:
    """Name the operator sets that the nodes need."""
    from onnx import helper

    if _CONTRIB not in {each.domain for each in model.opset_import}:
        model.opset_import.append(helper.make_opsetid(_CONTRIB, 1))
