"""Graphs with weights of a few bits compute what the rounded weights compute, open with the edge backend, and are smaller."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.compression.awareness import rounding_aware
from lenovo_pipeline.models.compression.base import open_model
from lenovo_pipeline.models.compression.blocks import fitting_block, packed, quantise, rounded
from lenovo_pipeline.models.compression.graphs import (
    Bits,
    change_config,
    copy_companions,
    head_size,
    read_graph,
    with_computed_positions,
    with_few_bits,
    write_graph,
)
from lenovo_pipeline.models.compression.post_training import with_calibrated_integers, with_dynamic_integers
from lenovo_pipeline.resources.inference.edge import open_edge
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message

EXACT = Bits(matrices=8, matrix_block=64, embeddings=8, embedding_block=64, integer_products=False)
IDS = list(range(10, 60))
Change = Callable[[Any], Any]


def changed(single: Path, folder: Path, change: Change) -> Path:
    """A build with another graph."""
    folder.mkdir()
    graph = read_graph(single)
    graph = change(graph) or graph
    copy_companions(single, folder)
    write_graph(graph, folder)
    return folder


def few_bits(bits: Bits) -> Change:
    def change(graph: Any) -> None:
        assert with_computed_positions(graph)
        with_few_bits(graph, bits)

    return change


def scores(folder: Path) -> npt.NDArray[np.float32]:
    """Scores (token, vocabulary) of the build for IDS."""
    import onnxruntime_genai

    model = onnxruntime_genai.Model(str(folder))
    settings = onnxruntime_genai.GeneratorParams(model)
    settings.set_search_options(max_length=len(IDS) + 1, do_sample=False)
    generator = onnxruntime_genai.Generator(model, settings)
    generator.append_tokens(np.array(IDS, dtype=np.int32))
    found: npt.NDArray[np.float32] = np.asarray(generator.get_output("logits"), dtype=np.float32)[0]
    return found


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.name.startswith("model.onnx"))


@pytest.mark.parametrize(("bits", "block"), [(4, 32), (8, 64)])
def test_what_is_stored_is_what_training_saw_and_rounding_twice_changes_nothing(bits: int, block: int) -> None:
    import torch

    weights = np.random.default_rng(0).normal(size=(6, 128)).astype(np.float32)
    weights[0, :block] = 0
    levels, scales = quantise(weights, bits, block)
    half = 2 ** (bits - 1)
    read = (levels.reshape(6, -1, block).astype(np.float32) - half) * scales[..., None]
    seen = rounded(torch.tensor(weights), bits, block)
    np.testing.assert_allclose(read.reshape(6, 128), seen.numpy(), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(rounded(seen, bits, block).numpy(), seen.numpy(), rtol=1e-6, atol=1e-7)
    assert np.abs(read.reshape(6, 128) - weights).max() <= np.abs(scales).max() * 1.0001
    assert packed(levels, bits).nbytes == weights.size * bits // 8


def test_gradients_pass_through_the_rounding() -> None:
    import torch

    weights = torch.linspace(-1, 1, 64).reshape(1, 64).requires_grad_()
    (rounded(weights, 4, 32) * 3).sum().backward()  # type: ignore[no-untyped-call]
    assert weights.grad is not None
    assert torch.equal(weights.grad, torch.full((1, 64), 3.0))


def test_a_block_divides_its_row_and_is_no_longer_than_wanted() -> None:
    assert [fitting_block(width, 128) for width in (256, 640, 96, 16, 100)] == [128, 128, 32, 16, None]


@pytest.mark.parametrize(
    ("bits", "share"),
    [
        (EXACT, 0.3),
        (Bits(4, 128, 4, 64, integer_products=False), 0.17),
        (Bits(4, 32, 8, 64, integer_products=False, plain=True), 0.25),
    ],
)
def test_a_build_of_few_bits_computes_with_the_rounded_weights(
    bits: Bits, share: float, tiny_base: Path, single_precision: Path, tmp_path: Path
) -> None:
    import torch

    folder = changed(single_precision, tmp_path / "few", few_bits(bits))
    model = open_model(tiny_base)
    with rounding_aware(model, bits), torch.inference_mode():
        expected = model(input_ids=torch.tensor([IDS])).logits[0].numpy()
    np.testing.assert_allclose(scores(folder), expected, rtol=2e-3, atol=2e-3)
    assert size(folder) < share * size(single_precision)


def test_positions_that_are_computed_are_those_that_were_stored(single_precision: Path, tmp_path: Path) -> None:
    def change(graph: Any) -> None:
        assert with_computed_positions(graph)

    folder = changed(single_precision, tmp_path / "computed", change)
    np.testing.assert_allclose(scores(folder), scores(single_precision), rtol=1e-3, atol=1e-3)
    assert size(folder) < size(single_precision) - 100_000


def test_tables_of_positions_of_another_kind_stay(single_precision: Path) -> None:
    from onnx import numpy_helper

    graph = read_graph(single_precision)
    for each in graph.graph.initializer:
        if each.name == "cos_cache":
            each.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(each) * np.float32(0.8), "cos_cache"))
    before = len(graph.graph.initializer)
    assert not with_computed_positions(graph)
    assert len(graph.graph.initializer) == before


@pytest.mark.parametrize("kind", ["integer products", "dynamic", "static"])
def test_every_kind_of_build_opens_with_the_edge_backend_and_answers(kind: str, single_precision: Path, tmp_path: Path) -> None:
    def change(graph: Any) -> Any:
        if kind == "integer products":
            return few_bits(Bits(4, 64, 8, 64))(graph)
        if kind == "dynamic":
            return with_dynamic_integers(graph)
        return with_calibrated_integers(graph, [IDS, IDS[:20]], head_size(single_precision))

    folder = changed(single_precision, tmp_path / "build", change)
    backend = open_edge(folder)
    answer = backend.generate_batch([[Message("user", "Question: How heavy is it?")]], GenerationSettings(max_tokens=5))[0]
    backend.close()
    assert isinstance(answer, Completion), answer
    assert answer.tokens_out
    assert np.corrcoef(scores(folder).ravel(), scores(single_precision).ravel())[0, 1] > 0.9
    assert size(folder) < 0.45 * size(single_precision)


def test_the_runtime_configuration_is_changed_in_its_place(single_precision: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(single_precision, tmp_path / "build"))
    change_config(folder, {"model/decoder/session_options": {"intra_op_num_threads": 2}, "search": {"max_length": 77}})
    config = json.loads((folder / "genai_config.json").read_text())
    assert config["model"]["decoder"]["session_options"]["intra_op_num_threads"] == 2
    assert (config["search"]["max_length"], config["model"]["type"]) == (77, "llama")
    open_edge(folder).close()


def test_a_damaged_graph_is_refused(single_precision: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(single_precision, tmp_path / "build"))
    (folder / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(PermanentFailure, match=r"cannot be read .*exported anew"):
        read_graph(folder)
    (folder / "model.onnx").write_bytes((single_precision / "model.onnx").read_bytes())
    (folder / "model.onnx.data").unlink()
    with pytest.raises(PermanentFailure, match="cannot be read"):
        read_graph(folder)
