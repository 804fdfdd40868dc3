"""Weights of combined adapters come from data, and a merged model's Modelfile speaks as its chat template does."""

from collections.abc import Mapping
from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.compression.base import Base
from lenovo_pipeline.models.registry.composing import Composing, best_weights, weighted
from lenovo_pipeline.models.registry.ollama_files import ROLES, modelfile, turns_of
from lenovo_pipeline.resources.inference.modelfile import read_modelfile
from lenovo_pipeline.settings import PROJECT_ROOT

NANO = PROJECT_ROOT / "data" / "models" / "lenovo-nano"


def away_from(best: Mapping[str, float]) -> Any:
    return lambda weights: sum((weights[name] - value) ** 2 for name, value in best.items())


@pytest.mark.parametrize("best", [{"a": 0.0, "b": 1.0}, {"a": 0.5, "b": 0.5}, {"a": 2.0, "b": 2.0}, {"a": 0.25, "b": 0.0}])
def test_weights_come_close_to_the_best_ones_and_are_never_worse_than_equal_shares(best: dict[str, float]) -> None:
    loss = away_from(best)
    weights, lowest = best_weights(["a", "b"], loss, rounds=3)
    assert lowest == loss(weights)
    assert lowest <= loss({"a": 0.5, "b": 0.5})
    assert lowest < 0.1


def test_a_search_that_gains_nothing_ends_with_equal_shares() -> None:
    tried: list[Mapping[str, float]] = []

    def flat(weights: Mapping[str, float]) -> float:
        tried.append(dict(weights))
        return 1.0

    assert best_weights(["a", "b", "c"], flat, rounds=9)[0] == dict.fromkeys("abc", 1 / 3)
    assert len(tried) == 2 + 3 * 3, "one round that gains nothing is the last"


def test_one_adapter_alone_cannot_be_combined(store: Any) -> None:
    base = Base(NANO, {"model": "lenovo-nano"}, "MIT")
    with pytest.raises(PermanentFailure, match=r"1 adapters of lenovo-nano cannot be combined.*models/adapters"):
        Composing(base, [{"build": "x"}], [], store, "smoke", 0, print).composed()


def test_adapters_computing_beside_each_other_are_their_combination_and_keep_their_own_strength() -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape: dict[str, Any] = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "vocab_size": 50,
    }
    config: Any = LoraConfig(r=2, lora_alpha=3, target_modules="all-linear", init_lora_weights=False)
    base: Any = LlamaForCausalLM(LlamaConfig(**shape))
    model: Any = get_peft_model(base, config, adapter_name="a").eval()
    model.add_adapter("b", config)
    ids = torch.arange(1, 9)[None]
    alone = model(ids).logits
    model.add_weighted_adapter(["a", "b"], [0.3, 1.7], "both", "cat")
    model.set_adapter("both")
    wanted = model(ids).logits
    model.base_model.set_adapter(["a", "b"])
    with weighted(model, {"a": 0.3, "b": 1.7}):
        assert torch.allclose(model(ids).logits, wanted, atol=1e-6)
    model.set_adapter("a")
    assert torch.equal(model(ids).logits, alone)
    assert not torch.allclose(wanted, alone, atol=1e-3)


class Tokenizer:
    """A chat template as a function, for templates of every kind."""

    def __init__(self, render: Any) -> None:
        self.render = render

    def apply_chat_template(self, messages: Any, *, tokenize: bool, add_generation_prompt: bool) -> str:
        assert not tokenize
        return str(self.render(messages, add_generation_prompt))


def lines(messages: Any, prompt: bool) -> str:
    return "".join(f"[{each['role']}] {each['content']}\n" for each in messages) + ("[assistant] " if prompt else "")


def with_a_default(messages: Any, prompt: bool) -> str:
    first = "" if messages[0]["role"] == "system" else "[system] Be kind.\n"
    return first + lines(messages, prompt)


def without_system(messages: Any, prompt: bool) -> str:
    if messages[0]["role"] == "system":
        raise ValueError("no system here")
    return lines(messages, prompt)


def test_the_modelfile_of_the_bundled_model_renders_a_conversation_as_its_template_does() -> None:
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(NANO)
    turns = turns_of(tokenizer)
    assert turns is not None
    talk = [{"role": role, "content": f"what the {role} says"} for role in (*ROLES, "user", "assistant", "user")]
    assert turns.rendered(talk) == tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True)
    read = read_modelfile(modelfile(NANO, "MIT"))
    assert (read.source, read.licences, read.template) == (".", ["MIT"], turns.for_ollama())
    assert read.parameters == {"temperature": 0, "num_ctx": 4096, "stop": ["<|im_end|>"]}


def test_a_plain_chat_format_becomes_a_template_of_go_and_any_other_one_none() -> None:
    plain = turns_of(Tokenizer(lines))
    assert plain is not None
    assert plain.for_ollama() == (
        '{{- range .Messages }}{{ if eq .Role "system" }}[system] {{ .Content }}\n'
        '{{ else if eq .Role "user" }}[user] {{ .Content }}\n'
        '{{ else if eq .Role "assistant" }}[assistant] {{ .Content }}\n'
        "{{ end }}{{ end }}[assistant] "
    )
    assert turns_of(Tokenizer(with_a_default)) is None
    assert turns_of(Tokenizer(without_system)) is None
    assert turns_of(Tokenizer(lambda messages, prompt: lines(messages, prompt).replace("[", "{{"))) is None
