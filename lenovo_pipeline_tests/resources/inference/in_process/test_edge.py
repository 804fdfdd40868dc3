"""Builds for the edge answer as their base model does, with the same limits and faults."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.compression import export
from lenovo_pipeline.models.compression.export import build_edge
from lenovo_pipeline.resources.inference import edge as edge_module
from lenovo_pipeline.resources.inference.edge import EdgeBackend, open_edge
from lenovo_pipeline.resources.inference.errors import GenerationFailed, ModelUnavailable
from lenovo_pipeline.resources.inference.local import LocalBackend
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message

GREEDY = GenerationSettings(max_tokens=30)


@pytest.fixture(scope="module")
def built(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("edge") / "tiny-fp32"
    build_edge(tiny, out, "fp32")
    return out


@pytest.fixture(scope="module")
def edge(built: Path) -> EdgeBackend:
    return open_edge(built)


def texts(answers: list[Completion | Exception]) -> list[str]:
    assert all(isinstance(each, Completion) for each in answers), answers
    return [each.text for each in answers if isinstance(each, Completion)]


def test_a_build_answers_as_its_base_does(tiny_models: Any, edge: EdgeBackend, backend: LocalBackend) -> None:
    questions = [tiny_models.asks(i) for i in range(12)]
    expected = texts(backend.generate_batch(questions, GREEDY))
    assert texts(edge.generate_batch(questions, GREEDY)) == expected
    assert [edge.generate(question, GREEDY).text for question in questions[:3]] == expected[:3]


def test_a_stream_of_a_build_gives_the_same_text(tiny_models: Any, edge: EdgeBackend) -> None:
    for i in range(3):
        assert "".join(edge.stream(tiny_models.asks(i), GREEDY)) == edge.generate(tiny_models.asks(i), GREEDY).text


def test_a_build_keeps_the_limits(tiny_models: Any, edge: EdgeBackend) -> None:
    cut = edge.generate(tiny_models.asks(0), replace(GREEDY, max_tokens=1))
    assert cut.tokens_out in (0, 1)
    good, long = edge.generate_batch([tiny_models.asks(0), [Message("user", "red green " * 200)]], GREEDY)
    assert isinstance(good, Completion)
    assert isinstance(long, GenerationFailed) and "at most 256" in str(long)
    slow = edge.generate_batch([tiny_models.asks(i) for i in range(4)], replace(GREEDY, timeout_s=0))
    assert any("not finished within 0 s" in str(each) for each in slow)
    drawn = GenerationSettings(max_tokens=20, temperature=1.5, seed=3)
    assert edge.generate(tiny_models.asks(0), drawn).text == edge.generate(tiny_models.asks(0), drawn).text


def test_a_build_is_identified_and_a_damaged_one_refused(built: Path, edge: EdgeBackend, tmp_path: Path) -> None:
    found = edge.identity()
    assert (found.source, found.context_length, found.parameters) == ("edge", 256, None)
    assert found.revision and found.tokenizer_hash and found.template_hash
    damaged = Path(shutil.copytree(built, tmp_path / "damaged"))
    (damaged / "model.onnx").write_bytes(b"not a graph")
    with pytest.raises(ModelUnavailable, match=r"cannot be loaded.*Build the edge model again"):
        open_edge(damaged)
    (damaged / "model.onnx").unlink()
    with pytest.raises(ModelUnavailable, match=r"no \*.onnx file"):
        open_edge(damaged)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted as Linux shows them")
@pytest.mark.parametrize(("small", "more"), [(200_000_000, 0), (0, 5)], ids=["small", "large"])
def test_a_small_build_takes_one_thread_here_whatever_its_target_has(
    tiny_models: Any, built: Path, edge: EdgeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: int, more: int
) -> None:
    monkeypatch.setattr(edge_module, "_SMALL_BYTES", small)
    folder = Path(shutil.copytree(built, tmp_path / "for six threads"))
    config = json.loads((folder / "genai_config.json").read_text(encoding="utf-8"))
    config["model"]["decoder"]["session_options"]["intra_op_num_threads"] = 6
    (folder / "genai_config.json").write_text(json.dumps(config), encoding="utf-8")
    questions = [tiny_models.asks(i) for i in range(4)]
    expected = texts(edge.generate_batch(questions, GREEDY))
    before = len(list(Path("/proc/self/task").iterdir()))
    backend = open_edge(folder)
    assert len(list(Path("/proc/self/task").iterdir())) - before == more
    assert texts(backend.generate_batch(questions, GREEDY)) == expected
    backend.close()


@pytest.mark.parametrize("most", [200_000_000, -1], ids=["in this process", "in a process of its own"])
def test_what_cannot_be_built_leaves_nothing_behind(most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_SMALL_BYTES", most)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    with pytest.raises(PermanentFailure, match="cannot be built for edge targets at int4"):
        build_edge(tmp_path / "model", tmp_path / "out", "int4")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_large_model_is_built_in_a_process_of_its_own_to_the_same_files(
    tiny: Path, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_SMALL_BYTES", 0)
    build_edge(tiny, tmp_path / "apart", "fp32")
    for path in built.iterdir():
        assert path.read_bytes() == (tmp_path / "apart" / path.name).read_bytes(), path.name


def test_a_builder_that_is_killed_for_its_memory_is_a_failure_that_says_so(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = tmp_path / "python"
    killed.write_text("#!/bin/sh\nkill -9 $$\n", encoding="utf-8")
    killed.chmod(0o755)
    monkeypatch.setattr(export, "_SMALL_BYTES", 0)
    monkeypatch.setattr(sys, "executable", str(killed))
    with pytest.raises(PermanentFailure, match=r"it ended with -9"):
        build_edge(tiny, tmp_path / "out", "fp32")
    assert [path.name for path in tmp_path.iterdir()] == ["python"]
