"""Of a training as much is kept as leaves the general skills as they were, on a model of a few thousand weights."""

from typing import Any

import pytest

from lenovo_pipeline.models import pretrain
from lenovo_pipeline.models.pretraining.batches import Row
from lenovo_pipeline.models.tuning import strength
from lenovo_pipeline.models.tuning.lessons import skill_rows
from lenovo_pipeline.models.tuning.trainer import Plan, train, validation_loss

PLAN = Plan(steps=12, rate=0.02, batch_tokens=64, warmup=1, mixed_precision=False)
UP = [Row([first + place for place in range(9)], [place > 2 for place in range(9)]) for first in range(1, 20)]
DOWN = [Row([first - place for place in range(9)], [place > 2 for place in range(9)]) for first in range(30, 49)]


def _model(*, lora: bool) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape: dict[str, Any] = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    base: Any = LlamaForCausalLM(LlamaConfig(vocab_size=64, **shape))
    train(base, [*UP, *DOWN], [], PLAN, None)
    if not lora:
        return base
    return get_peft_model(base, LoraConfig(r=4, lora_alpha=8, target_modules="all-linear"))


def _weights(model: Any) -> dict[str, Any]:
    return {name: weight.detach().clone() for name, weight in model.named_parameters() if weight.requires_grad}


@pytest.mark.parametrize("lora", [True, False])
def test_a_training_that_costs_skills_is_kept_in_part(lora: bool) -> None:
    model = _model(lora=lora)
    before, start = _weights(model), strength.untrained(model, DOWN, PLAN)
    train(model, UP, [], PLAN, None)
    after, gained = _weights(model), validation_loss(model, UP, PLAN)
    found = strength.apply(model, start, DOWN, (1.0, 0.5, 0.0), PLAN)
    assert found.strength < 1 and found.kept
    assert found.skill_loss is not None and start.skill_loss is not None and found.skill_loss <= start.skill_loss
    assert found.skill_loss == validation_loss(model, DOWN, PLAN)
    assert gained < validation_loss(model, UP, PLAN)
    for name, weight in _weights(model).items():
        fixed = ".lora_A." in name
        wanted = after[name] if fixed else before[name] + found.strength * (after[name] - before[name])
        assert weight.allclose(wanted), name


def test_a_training_that_costs_no_skill_is_kept_whole() -> None:
    model = _model(lora=True)
    start = strength.untrained(model, UP, PLAN)
    train(model, UP, [], PLAN, None)
    after = _weights(model)
    found = strength.apply(model, start, UP, (0.5, 1.0), PLAN)
    assert (found.strength, found.kept) == (1.0, True)
    assert all(weight.equal(after[name]) for name, weight in _weights(model).items())


def test_where_every_share_costs_skills_the_smallest_is_kept_and_said() -> None:
    model = _model(lora=True)
    start = strength.untrained(model, DOWN, PLAN)
    train(model, UP, [], PLAN, None)
    found = strength.apply(model, start, DOWN, (1.0, 0.9), PLAN)
    assert (found.strength, found.kept) == (0.9, False)


def test_rows_of_skills_are_of_all_skills_and_others_than_an_evaluation_asks() -> None:
    from transformers import AutoTokenizer

    from lenovo_pipeline.models.pretraining.skills import SKILLS, items
    from lenovo_pipeline.models.tuning.rows import encode

    tokenizer = AutoTokenizer.from_pretrained(pretrain.FOLDER)
    found = skill_rows(tokenizer, 2 * len(SKILLS), seed=5)
    assert len(found) == 2 * len(SKILLS)
    asked = [
        encode(tokenizer, one.conversation.messages, one.conversation.tools) for skill in SKILLS for one in items(skill, 2, 5)
    ]
    assert not {tuple(row.ids) for row in found} & {tuple(row.ids) for row in asked}
