"""What a model's folder must hold, and when it is another model."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.model_folder import identify


def test_a_folder_is_identified_by_its_content(tiny: Path, copied: Callable[[], Path]) -> None:
    from safetensors import safe_open

    found = identify(tiny)
    with safe_open(tiny / "model.safetensors", "np") as weights:
        counted = sum(weights.get_tensor(name).size for name in weights.keys())  # noqa: SIM118 — it is no dict
    assert (found.parameters, found.context_length) == (counted, 256)
    assert found.size_bytes is not None and found.size_bytes > 4 * counted
    copy = copied()
    again = identify(copy)
    assert (again.revision, again.tokenizer_hash, again.template_hash) == (
        found.revision,
        found.tokenizer_hash,
        found.template_hash,
    )
    (copy / "README.md").write_text("Words about the model.")
    assert identify(copy).revision == found.revision
    (copy / "chat_template.jinja").write_text("{{ messages }}")
    changed = identify(copy)
    assert changed.revision != found.revision and changed.template_hash != found.template_hash
    assert changed.tokenizer_hash == found.tokenizer_hash


def test_changed_weights_are_another_revision(tiny: Path, copied: Callable[[], Path]) -> None:
    copy = copied()
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert identify(copy).revision != identify(tiny).revision


def _cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def _garbage(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"<html>not found</html>")


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _one_shard(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}})
    )


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_cut, r"model.safetensors is damaged \(\d+ bytes found, \d+ expected\)"),
        (_garbage, "model.safetensors is damaged"),
        (_pickled, r"pickled \(pytorch_model.bin\).*only safetensors"),
        (_one_shard, "model-2.safetensors is missing"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no weights"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer"),
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json cannot be read"),
        (lambda folder: (folder / "config.json").write_text("[]"), "config.json holds no object"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused_with_what_to_do(
    copied: Callable[[], Path], damage: Callable[[Path], object], said: str
) -> None:
    folder = copied()
    damage(folder)
    with pytest.raises(ModelUnavailable, match=f"{said}.*Put a whole copy of the model there"):
        identify(folder)


def test_everything_that_is_missing_is_listed(copied: Callable[[], Path]) -> None:
    folder = copied()
    (folder / "model.safetensors").unlink()
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"no weights.*; there is no tokenizer"):
        identify(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no model folder"):
        identify(tmp_path / "nothing")
