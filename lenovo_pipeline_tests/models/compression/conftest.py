"""A small base model with random weights behind the bundled model's tokenizer, and conversations to recover with."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.models.compression.base import open_model
from lenovo_pipeline.models.compression.export import build_edge
from lenovo_pipeline.settings import PROJECT_ROOT

NANO = PROJECT_ROOT / "data" / "models" / "lenovo-nano"


def make_base(folder: Path, **changes: Any) -> Path:
    """One of two layers, whose feed-forward parts weigh more than its embeddings, in 16 bits."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = {"hidden_size": 64, "intermediate_size": 1536, "num_hidden_layers": 2, "num_attention_heads": 2, "head_dim": 32}
    config = LlamaConfig(
        vocab_size=5120,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=2,
        rope_parameters={"rope_type": "default", "rope_theta": 500_000.0},
        initializer_range=0.1,
        **{**shape, **changes},
    )
    model: Any = LlamaForCausalLM(config)
    model.to(torch.float16).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(NANO / name, folder / name)
    return folder


def example(number: int, split: str, task: str) -> dict[str, Any]:
    """An example as models.training_sets holds it."""
    value = f"{number % 7 + 1} kg"
    messages = [
        {"role": "system", "content": "Answer from the passages only."},
        {
            "role": "user",
            "content": f"[1] The weight of device {number} is {value}.\n\nQuestion: What does device {number} weigh?",
        },
        {"role": "assistant", "content": f"For device {number} [1] the weight:\nThe weight is {value}.\nAnswer: {value}"},
    ]
    return {"messages": messages, "tools": [], "task": task, "split": split, "version": "0123456789abcdef"}


EXAMPLES = [
    *(example(number, "train", "rehearsal" if number % 2 else "open_book_answer") for number in range(40)),
    *(example(number, "validation", "open_book_answer") for number in range(40, 60)),
]


@pytest.fixture
def examples() -> list[dict[str, Any]]:
    return EXAMPLES


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture
def base_folder(tiny_base: Path, tmp_path: Path) -> Path:
    """A copy that the test may damage."""
    return Path(shutil.copytree(tiny_base, tmp_path / "base"))


@pytest.fixture(scope="session")
def single_precision(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base, exported once for all tests."""
    folder = tmp_path_factory.mktemp("exports") / "single"
    build_edge(tiny_base, folder, "fp32")
    return folder


@pytest.fixture
def bases(tmp_path: Path) -> Callable[..., Path]:
    """Makes bases of other shapes."""
    return lambda name, **changes: make_base(tmp_path / name, **changes)


@pytest.fixture(scope="session")
def adapter(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that changes much, with an alpha of its own for one kind of matrices."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    config = LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj", "down_proj"], alpha_pattern={"v_proj": 4})
    model: Any = get_peft_model(open_model(tiny_base), config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.05)
    folder = tmp_path_factory.mktemp("adapters") / "float"
    model.save_pretrained(folder)
    return folder
