"""Model folders of a few bytes, adapters for them, and a stand-in for `inference` that reaches what the test says."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenovo_pipeline.models.builds import Build, kept
from lenovo_pipeline.resources.inference import ModelIdentity, ModelSource, Reach
from lenovo_pipeline.resources.inference.adapters import base_of, record_base
from lenovo_pipeline.resources.inference.model_folder import identify, tensor_shapes
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import PROJECT_ROOT

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


class Workshop:
    """Makes LoRA adapters with random matrices, in peft's format, without loading any model; and the builds that hold them."""

    def __init__(self, store: Store, base: Path) -> None:
        self.store = store
        self.base = base

    def adapter(self, folder: Path, seed: int, *, rank: int = 2, targets: Sequence[str] = ("q_proj", "down_proj")) -> Path:
        """An adapter of `base` in that folder; its matrices are large enough to change what the base answers."""
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        drawn = np.random.default_rng(seed)
        tensors = {}
        for name, shape in tensor_shapes(self.base).items():
            module = name.removesuffix(".weight")
            if module.rpartition(".")[2] in targets:
                for side, wanted in (("A", (rank, shape[1])), ("B", (shape[0], rank))):
                    scale = 1 / np.sqrt(wanted[1])
                    key = f"base_model.model.{module}.lora_{side}.weight"
                    tensors[key] = (drawn.standard_normal(wanted) * scale).astype(np.float32)
        save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
        config = {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "r": rank,
            "lora_alpha": 2 * rank,
            "target_modules": list(targets),
            "bias": "none",
            "inference_mode": True,
        }
        (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
        record_base(folder, identify(self.base), seed=seed)
        return folder

    def build(
        self,
        domain: str = "device_support",
        *,
        seed: int = 0,
        method: str = "lora",
        model: str = "tiny",
        loss: float | None = 1.0,
        **changes: Any,
    ) -> dict[str, Any]:
        """The row of a build of that adapter, made in the store as every build is."""
        base = identify(self.base)
        made_by = {"seed": seed, "domain": domain, "method": method, **base_of(base)}

        def make(folder: Path) -> dict[str, Any]:
            self.adapter(folder, seed)
            return {}

        made = kept(self.store, "adapters", made_by, make)
        build = Build(
            model=model,
            build=f"{model}/{method}/{domain}",
            method=method,
            domain=domain,
            format="adapter",
            artifact=made.content,
            path=made.path,
            base="0" * 64,
            base_revision=base.revision,
            tokenizer_hash=base.tokenizer_hash,
            template_hash=base.template_hash,
            training_set="0123456789abcdef",
            licence="MIT",
            parameters=1_000,
            trainable_parameters=100,
            size_bytes=made.size_bytes,
            validation_loss=loss,
            measures={"steps": 3},
            made_by=made_by,
        )
        return {**asdict(build), **changes}


@pytest.fixture(scope="session")
def llama_shaped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tensors of a two-layer Llama of eight channels: enough to hold adapters against."""
    from safetensors.numpy import save_file

    folder = tmp_path_factory.mktemp("models") / "llama-shaped"
    folder.mkdir()
    shapes = {"model.embed_tokens.weight": (16, 8)}
    for layer in range(2):
        shapes[f"model.layers.{layer}.self_attn.q_proj.weight"] = (8, 8)
        shapes[f"model.layers.{layer}.mlp.down_proj.weight"] = (8, 12)
    save_file({name: np.zeros(shape, dtype=np.float32) for name, shape in shapes.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "max_position_embeddings": CONTEXT}))
    (folder / "tokenizer.json").write_text(json.dumps({"version": "1.0"}))
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    return folder


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two layers with random weights and the tokenizer of the bundled one: it answers nonsense, always the same."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    bundled = PROJECT_ROOT / "data" / "models" / "lenovo-nano"
    folder = tmp_path_factory.mktemp("models") / "small"
    torch.manual_seed(0)
    config: Any = AutoConfig.for_model(
        "llama",
        vocab_size=json.loads((bundled / "config.json").read_text())["vocab_size"],
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=256,
        initializer_range=0.3,
        eos_token_id=2,
        pad_token_id=0,
    )
    auto: Any = AutoModelForCausalLM
    auto.from_config(config, dtype=torch.float32).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(bundled / name, folder / name)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "store")
    found.open()
    return found


@pytest.fixture
def workshop(store: Store, llama_shaped: Path, tmp_path: Path) -> Workshop:
    return Workshop(store, Path(shutil.copytree(llama_shaped, tmp_path / "base")))
