"""Tiny models with random weights: they answer nonsense, but the same nonsense whoever computes it."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.resources.inference.local import LocalBackend, open_local
from lenovo_pipeline.resources.inference.messages import Message

TEMPLATE = (
    "{% for message in messages %}{% if message.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}"
    "<|start|>{{ message.role }}\n{{ message.content }}<|end|>\n{% endfor %}<|start|>assistant\n"
)
TEXTS = [f"The {name} weighs {number} grams and comes in {colour}." for name in ("Ada", "Bob", "Cy") for number in range(40)
         for colour in ("red", "green", "深蓝")]  # fmt: skip
CONTEXT = 256


@dataclass(frozen=True)
class TinyModels:
    """Makes the models, what is put to them, and what `generate` of transformers answers."""

    @staticmethod
    def make(folder: Path, kind: str = "llama", *, seed: int = 0, context: int = CONTEXT) -> Path:
        """A model of two layers and 64 channels, whose four heads share the keys of two; one token in ten ends an answer."""
        import torch
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
        from transformers import (
            AutoConfig,
            AutoModelForCausalLM,
            GenerationConfig,
            PreTrainedTokenizerFast,
        )

        bytewise = Tokenizer(models.BPE())
        bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        bytewise.decoder = decoders.ByteLevel()
        bytewise.train_from_iterator(
            TEXTS,
            trainers.BpeTrainer(
                vocab_size=320,
                special_tokens=["<|pad|>", "<|start|>", "<|end|>"],
                initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                show_progress=False,
            ),
        )
        fast: Any = PreTrainedTokenizerFast
        tokenizer = fast(tokenizer_object=bytewise, pad_token="<|pad|>", eos_token="<|end|>")
        tokenizer.chat_template = TEMPLATE
        tokenizer.save_pretrained(folder)
        torch.manual_seed(seed)
        config = AutoConfig.for_model(
            kind,
            vocab_size=320,
            hidden_size=64,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=context,
            initializer_range=0.3,
            tie_word_embeddings=False,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            **({"sliding_window": 16} if kind == "mistral" else {}),
        )
        auto: Any = AutoModelForCausalLM
        model = auto.from_config(config, dtype=torch.float32)
        settings: Any = GenerationConfig
        model.generation_config = settings(eos_token_id=[2, *range(10, 320, 10)], pad_token_id=0)
        model.save_pretrained(folder)
        return folder

    @staticmethod
    def prompts(count: int, seed: int = 0) -> list[list[int]]:
        """Prompts of 1 to 120 tokens: some begin alike, some are equal, one is the beginning of another."""
        drawn = random.Random(seed)
        beginnings = [[drawn.randrange(3, 320) for _ in range(length)] for length in (0, 30, 60)]
        prompts = [
            drawn.choice(beginnings) + [drawn.randrange(3, 320) for _ in range(drawn.randint(1, 60))] for _ in range(count - 3)
        ]
        return [*prompts, prompts[0], beginnings[1], prompts[1]]

    @staticmethod
    def one_by_one(folder: Path, prompts: Sequence[Sequence[int]], max_tokens: int) -> list[list[int]]:
        """What `generate` of transformers answers to each prompt alone, greedily, without the token that ends it."""
        import torch
        from transformers import AutoModelForCausalLM

        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        model.eval()
        found = model.generation_config.eos_token_id
        ends = set(found if isinstance(found, list) else [found])
        answers = []
        for prompt in prompts:
            answer = model.generate(
                torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt)), max_new_tokens=max_tokens, do_sample=False
            )
            tokens = answer[0, len(prompt) :].tolist()
            answers.append(tokens[:-1] if tokens[-1] in ends else tokens)
        return answers

    @staticmethod
    def asks(number: int, role: Any = "user") -> list[Message]:
        """A conversation of one question."""
        return [Message("system", "Answer briefly."), Message(role, TEXTS[number] + " How heavy is it?")]


@pytest.fixture(scope="session")
def tiny_models() -> TinyModels:
    return TinyModels()


@pytest.fixture(scope="session")
def tiny(tiny_models: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.make(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def backend(tiny: Path) -> LocalBackend:
    return open_local(tiny)


@pytest.fixture
def copied(tiny: Path, tmp_path: Path) -> Callable[[], Path]:
    """A copy of the tiny model that a test may damage."""

    def copy() -> Path:
        import shutil

        return Path(shutil.copytree(tiny, tmp_path / "copied"))

    return copy
