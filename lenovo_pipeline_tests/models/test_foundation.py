"""The base model of a partition: exactly identified, skipped where it cannot be reached, refused where it is damaged."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure, SkippedPartition
from lenovo_pipeline.models.foundation import contradictions, resolve
from lenovo_pipeline.resources.inference import GenerationFailed, ModelIdentity, ModelUnavailable

SERVED = ModelIdentity("ollama", "tiny:1", "sha256:abc", None, "t1", 400, 128, 37)


def resolved(row: Any, sources: Any, root: Path, bundled: str = "nano") -> dict[str, Any]:
    return resolve(row, sources, root, bundled=bundled, hub=root)


def test_a_folder_is_identified_by_its_files_without_opening_it(row: Any, sources: Any, folder: Path) -> None:
    found = resolved(row(folder="tiny"), sources(), folder.parent)
    assert (found["model"], found["source"], found["identifier"]) == ("tiny", "folder", "tiny")
    assert (found["parameters"], found["context_length"]) == (37, 64)
    assert found["size_bytes"] >= 37 * 4
    assert all(found[name] for name in ("revision", "tokenizer_hash", "template_hash"))
    assert resolved(row(folder="tiny"), sources(), folder.parent) == found


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "chat_template.jinja"])
def test_other_weights_another_tokenizer_or_template_is_another_model(row: Any, sources: Any, folder: Path, name: str) -> None:
    before = resolved(row(folder="tiny"), sources(), folder.parent)
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    assert resolved(row(folder="tiny"), sources(), folder.parent)["identity"] != before["identity"]


def test_the_same_files_in_another_place_are_the_same_model(row: Any, sources: Any, folder: Path, tmp_path: Path) -> None:
    before = resolved(row(folder="tiny"), sources(), folder.parent)
    (tmp_path / "elsewhere").mkdir()
    folder.rename(tmp_path / "elsewhere" / "tiny")
    assert resolved(row(folder="tiny"), sources(), tmp_path / "elsewhere")["identity"] == before["identity"]


def test_a_server_tells_which_model_it_has_and_another_digest_is_another_model(row: Any, sources: Any, tmp_path: Path) -> None:
    found = resolved(row(ollama="tiny:1"), sources({"tiny:1": SERVED}), tmp_path)
    assert (found["source"], found["identifier"], found["revision"]) == ("ollama", "tiny:1", "sha256:abc")
    assert found["tokenizer_hash"] is None
    other = resolved(row(ollama="tiny:1"), sources({"tiny:1": replace(SERVED, revision="sha256:def")}), tmp_path)
    assert other["identity"] != found["identity"]


def test_a_model_that_cannot_be_reached_is_skipped_with_the_reason(row: Any, sources: Any, tmp_path: Path) -> None:
    with pytest.raises(SkippedPartition, match=r"tiny cannot be reached\. Ollama: No server for ollama is configured"):
        resolved(row(ollama="tiny:1"), sources(), tmp_path)


@pytest.mark.parametrize(
    "error", [ModelUnavailable("it was removed", remedy="Pull it."), GenerationFailed("the server hung up", remedy="Wait.")]
)
def test_a_server_that_loses_the_model_meanwhile_skips_the_partition(
    row: Any, sources: Any, tmp_path: Path, error: Exception
) -> None:
    with pytest.raises(SkippedPartition, match="tiny cannot be reached"):
        resolved(row(ollama="tiny:1"), sources({"tiny:1": error}), tmp_path)


def cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-20])


def overwritten(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")


def without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def without_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def without_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def with_another_config(folder: Path) -> None:
    (folder / "config.json").write_text("{not json")


DAMAGES = [cut, overwritten, without_weights, without_tokenizer, without_config, with_another_config]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_bundled_model_is_refused_with_how_to_get_it_back(row: Any, sources: Any, folder: Path, damage: Any) -> None:
    damage(folder)
    with pytest.raises(PermanentFailure) as caught:
        resolved(row(folder="tiny"), sources(), folder.parent, bundled="tiny")
    said = str(caught.value)
    assert said.startswith("the bundled model tiny cannot be used: ")
    assert said.endswith("Get its files back: git checkout -- tiny")


@pytest.mark.parametrize("damage", [cut, overwritten, without_weights, without_tokenizer, with_another_config])
def test_a_damaged_folder_of_another_model_is_refused_too(row: Any, sources: Any, folder: Path, damage: Any) -> None:
    damage(folder)
    with pytest.raises(ModelUnavailable, match="tiny"):
        resolved(row(folder="tiny"), sources(), folder.parent)


def test_a_model_that_is_not_what_the_catalogue_says_is_told(row: Any, sources: Any, folder: Path) -> None:
    found = resolved(row(folder="tiny"), sources(), folder.parent)
    assert contradictions(found, row()) == []
    stated = {**row(), "parameters": 50, "context_length": 63}
    assert contradictions(found, stated) == ["tiny has 37 parameters, the catalogue says 50"]
    assert contradictions(found, {**row(), "parameters": None, "context_length": None}) == []
