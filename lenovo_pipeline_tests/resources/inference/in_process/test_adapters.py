"""Adapters over one base: mixed in a batch they answer as they do alone, and they fit their base only."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.resources.inference.adapters import record_base
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.local import LocalBackend, open_local
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings
from lenovo_pipeline.resources.inference.model_folder import identify

GREEDY = GenerationSettings(max_tokens=20)


def make_adapter(folder: Path, base: Path, seed: int) -> Path:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    # Random matrices on both sides: an adapter at its start changes nothing.
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM", init_lora_weights=False)
    get_peft_model(model, config).save_pretrained(str(folder))
    record_base(folder, identify(base), seed=seed)
    return folder


@pytest.fixture(scope="module")
def adapters(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    place = tmp_path_factory.mktemp("adapters")
    return [make_adapter(place / f"adapter-{seed}", tiny, seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def adaptable(tiny: Path) -> LocalBackend:
    return open_local(tiny)


def texts(answers: list[Completion | Exception]) -> list[str]:
    assert all(isinstance(each, Completion) for each in answers), answers
    return [each.text for each in answers if isinstance(each, Completion)]


def test_adapters_mixed_in_a_batch_answer_as_each_does_alone(
    tiny_models: Any, tiny: Path, adapters: list[Path], adaptable: LocalBackend, backend: LocalBackend
) -> None:
    questions = [tiny_models.asks(i) for i in range(4)]
    alone = [texts(backend.generate_batch(questions, GREEDY))]
    alone += [texts(open_local(tiny, adapter).generate_batch(questions, GREEDY)) for adapter in adapters]
    assert len({tuple(each) for each in alone}) == 3, "the adapters must change the answers to test anything"
    which = [None, *adapters]
    mixed = adaptable.generate_mixed([(question, GREEDY, adapter) for question in questions for adapter in which])
    assert texts(mixed) == [alone[kind][i] for i in range(4) for kind in range(3)]
    assert texts(adaptable.generate_batch(questions, GREEDY)) == alone[0]
    assert texts(adaptable.with_adapter(adapters[1]).generate_batch(questions, GREEDY)) == alone[2]


def test_an_adapter_answers_as_the_model_that_it_is_merged_into(
    tiny_models: Any, tiny: Path, adapters: list[Path], tmp_path: Path
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    merged = Path(shutil.copytree(tiny, tmp_path / "merged"))
    PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny), adapters[0]).merge_and_unload().save_pretrained(merged)
    questions = [tiny_models.asks(i) for i in range(4)]
    assert texts(open_local(merged).generate_batch(questions, GREEDY)) == texts(
        open_local(tiny, adapters[0]).generate_batch(questions, GREEDY)
    )


def test_a_stream_keeps_its_adapter_while_another_one_answers(
    tiny_models: Any, adapters: list[Path], adaptable: LocalBackend
) -> None:
    first, second = (adaptable.with_adapter(adapter) for adapter in adapters)
    expected = [first.generate(tiny_models.asks(0), GREEDY).text, second.generate(tiny_models.asks(0), GREEDY).text]
    streams = [first.stream(tiny_models.asks(0), GREEDY), second.stream(tiny_models.asks(0), GREEDY)]
    said = ["", ""]
    for _ in range(GREEDY.max_tokens + 1):
        for number, stream in enumerate(streams):
            said[number] += next(stream, "")
    assert said == expected


def test_an_adapter_of_another_base_is_refused_with_every_mismatch(
    adapters: list[Path], adaptable: LocalBackend, tmp_path: Path
) -> None:
    foreign = Path(shutil.copytree(adapters[0], tmp_path / "foreign"))
    (foreign / "manifest.json").unlink()
    record_base(foreign, identify_with(adaptable, revision="0" * 16, tokenizer_hash="1" * 16, template_hash="2" * 16))
    with pytest.raises(ModelUnavailable, match=r"base_revision is '0+'.*base_tokenizer_hash is '1+'.*base_template_hash is '2+'"):
        adaptable.with_adapter(foreign)


def test_an_adapter_that_does_not_say_its_base_or_is_pickled_is_refused(
    tiny_models: Any, adapters: list[Path], adaptable: LocalBackend, tmp_path: Path
) -> None:
    unsaid = Path(shutil.copytree(adapters[0], tmp_path / "unsaid"))
    (unsaid / "manifest.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"has no manifest.json.*Train the adapter"):
        adaptable.with_adapter(unsaid)
    pickled = Path(shutil.copytree(adapters[0], tmp_path / "pickled"))
    (pickled / "adapter_model.safetensors").rename(pickled / "adapter_model.bin")
    with pytest.raises(ModelUnavailable, match=r"has no adapter_model.safetensors"):
        adaptable.with_adapter(pickled)
    bad, good = adaptable.generate_mixed([(tiny_models.asks(0), GREEDY, unsaid), (tiny_models.asks(0), GREEDY, adapters[0])])
    assert "its adapter cannot be used" in str(bad)
    assert isinstance(good, Completion)


def test_an_adapter_that_was_changed_after_it_was_made_is_refused(
    adapters: list[Path], adaptable: LocalBackend, tmp_path: Path
) -> None:
    changed = Path(shutil.copytree(adapters[0], tmp_path / "changed"))
    weights = changed / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(ModelUnavailable, match=r"adapter_model.safetensors was changed"):
        adaptable.with_adapter(changed)


def identify_with(backend: LocalBackend, **other: str) -> Any:
    from dataclasses import replace

    return replace(backend.identity(), **other)  # type: ignore[arg-type]
