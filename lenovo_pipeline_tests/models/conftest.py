"""A model folder of a few bytes, and a stand-in for the resource `inference` that reaches what the test says."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenovo_pipeline.resources.inference import ModelIdentity, ModelSource, Reach

CONTEXT = 64


class Sources:
    """Reaches folders that exist, and of the servers' models those that it was given with an identity or an error."""

    def __init__(self, served: Mapping[str, ModelIdentity | Exception] | None = None) -> None:
        self.served = dict(served or {})
        self.asked: list[str] = []

    def reach(self, source: ModelSource) -> Reach:
        self.asked.append(f"{source.kind} {source.identifier}")
        if source.kind == "folder":
            there = (Path(source.identifier) / "config.json").is_file()
            return Reach(there, "" if there else f"There is no model folder {source.identifier}. Put it there.")
        there = source.identifier in self.served
        return Reach(there, "" if there else f"No server for {source.kind} is configured. Set its address.")

    def open(self, source: ModelSource) -> Any:
        found = self.served[source.identifier]
        if isinstance(found, Exception):
            raise found
        return _Opened(found)


class _Opened:
    def __init__(self, identity: ModelIdentity) -> None:
        self._identity = identity

    def identity(self) -> ModelIdentity:
        return self._identity

    def close(self) -> None:
        self._identity = None  # type: ignore[assignment]


@pytest.fixture
def sources() -> type[Sources]:
    return Sources


@pytest.fixture(scope="session")
def whole_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from safetensors.numpy import save_file

    folder = tmp_path_factory.mktemp("models") / "tiny"
    folder.mkdir()
    save_file({"a": np.zeros((8, 4), dtype=np.float32), "b": np.ones(5, dtype=np.float32)}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "max_position_embeddings": CONTEXT}))
    (folder / "tokenizer.json").write_text(json.dumps({"version": "1.0"}))
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    return folder


@pytest.fixture
def folder(whole_folder: Path, tmp_path: Path) -> Path:
    """A copy that the test may damage."""
    return Path(shutil.copytree(whole_folder, tmp_path / "tiny"))


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """A row of models.catalogue, with identifiers as given."""

    def make(name: str = "tiny", **identifiers: str) -> dict[str, Any]:
        ids = {f"{source}_id": None for source in ("folder", "huggingface", "ollama", "openai", "github", "provider")}
        return {
            "name": name,
            "provider": "Somebody",
            "parameters": 37,
            "context_length": CONTEXT,
            "licence_class": "open_source",
            "targets": ["server"],
            **ids,
            **{f"{source}_id": identifier for source, identifier in identifiers.items()},
        }

    return make
