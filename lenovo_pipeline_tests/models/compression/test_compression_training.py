"""What is left out stays out while a model recovers, a student is half of its teacher, and what cannot work says so."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure, SkippedPartition
from lenovo_pipeline.models.compression.awareness import rounding_aware
from lenovo_pipeline.models.compression.base import open_model, open_tokenizer, parameters_of, save_model
from lenovo_pipeline.models.compression.blocks import rounded
from lenovo_pipeline.models.compression.distillation import distillation_loss, make_student
from lenovo_pipeline.models.compression.graphs import Bits
from lenovo_pipeline.models.compression.pruning import columns_left, narrow_feed_forward, without_small_weights, zeros_of
from lenovo_pipeline.models.compression.recovery import Lesson, lesson_of, lesson_version, plan_of, training_set_of
from lenovo_pipeline.models.compression.sizes import SIZES
from lenovo_pipeline.models.tuning.batching import batch_of
from lenovo_pipeline.models.tuning.trainer import train, validation_loss

SMOKE = SIZES["smoke"]
BITS = Bits(matrices=4, matrix_block=64, embeddings=8, embedding_block=64)


@pytest.fixture
def lesson(tiny_base: Path, examples: Sequence[dict[str, Any]]) -> Lesson:
    return lesson_of(open_tokenizer(tiny_base), examples, SMOKE, 0)


@pytest.fixture
def model(tiny_base: Path) -> Any:
    return open_model(tiny_base)


def recover(model: Any, lesson: Lesson, steps: int = 3, **more: Any) -> Any:
    return train(model, lesson.rows, [], plan_of(SMOKE, steps, 1e-3, 0), None, **more)


def test_rows_come_from_both_kinds_of_examples_and_none_is_learnt_from_and_measured_on(
    tiny_base: Path, examples: Sequence[dict[str, Any]]
) -> None:
    tokenizer = open_tokenizer(tiny_base)
    lesson = lesson_of(tokenizer, examples, SMOKE, 0)
    parts = (lesson.rows, lesson.validation, lesson.calibration, lesson.exam)
    assert [len(part) for part in parts] == [SMOKE.rows, SMOKE.validation, SMOKE.calibration, SMOKE.agreement]
    assert len({tuple(row.ids) for part in parts for row in part}) == sum(map(len, parts))
    assert training_set_of(examples) == "0123456789abcdef"


def test_the_version_of_a_lesson_follows_all_that_decides_its_rows(examples: Sequence[dict[str, Any]]) -> None:
    version = lesson_version(examples, SMOKE, 0)
    assert version == lesson_version([dict(each) for each in examples], SMOKE, 0)
    other = [{**examples[0], "messages": [*examples[0]["messages"], {"role": "user", "content": "more"}]}, *examples[1:]]
    changed = (lesson_version(examples, SMOKE, 1), lesson_version(other, SMOKE, 0), lesson_version(examples, SIZES["full"], 0))
    assert len({version, *changed}) == 4


def test_an_empty_training_set_is_an_error_that_says_what_to_do(tiny_base: Path) -> None:
    with pytest.raises(PermanentFailure, match=r"0 conversations .* to learn from.*Materialise models/training_sets"):
        lesson_of(open_tokenizer(tiny_base), [], SMOKE, 0)


def test_small_weights_are_zero_and_stay_zero_while_the_others_learn(model: Any, lesson: Lesson) -> None:
    before = model.model.layers[0].mlp.up_proj.weight.detach().clone()
    with without_small_weights(model, 0.3) as count:
        zeros = model.model.layers[0].mlp.up_proj.weight == 0
        recover(model, lesson)
    after = model.model.layers[0].mlp.up_proj.weight.detach()
    assert zeros_of(model) == pytest.approx(0.3, abs=0.001)
    assert count == pytest.approx(
        0.3 * sum(w.numel() for n, w in model.model.named_parameters() if w.ndim == 2 and "embed" not in n), abs=20
    )
    assert (after[zeros] == 0).all()
    assert (after[~zeros] != before[~zeros]).float().mean() > 0.99
    assert before[zeros].abs().max() <= before[~zeros].abs().min()


def test_columns_are_really_gone_and_those_that_did_nothing_go_first(
    model: Any, lesson: Lesson, tmp_path: Path, tiny_base: Path
) -> None:
    import torch

    ids = torch.tensor([lesson.rows[0].ids])
    with torch.no_grad():
        for layer in model.model.layers:
            layer.mlp.down_proj.weight[:, ::3] = 0
    expected = model(input_ids=ids).logits
    kept = columns_left(1536, 1 / 3)
    narrow_feed_forward(model, kept, lesson.rows, SMOKE.batch_tokens)
    assert kept == 1024
    torch.testing.assert_close(model(input_ids=ids).logits, expected, rtol=1e-4, atol=1e-4)
    before = parameters_of(open_model(tiny_base))
    assert parameters_of(model) == before - 2 * 3 * 64 * 512
    recover(model, lesson, 1)
    save_model(model, tiny_base, tmp_path / "narrow")
    again = open_model(tmp_path / "narrow")
    assert again.config.intermediate_size == 1024
    torch.testing.assert_close(again(input_ids=ids).logits, model(input_ids=ids).logits, rtol=0.05, atol=0.05)
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (tmp_path / "narrow", tiny_base)]
    assert sizes[0] < 0.85 * sizes[1]


def test_columns_are_kept_in_multiples_that_kernels_and_blocks_like() -> None:
    assert [columns_left(width, 0.3) for width in (640, 8192, 100, 8)] == [448, 5760, 64, 6]


def test_a_model_without_gated_parts_is_skipped(tmp_path: Path, tiny_base: Path, lesson: Lesson) -> None:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    other: Any = GPT2LMHeadModel(GPT2Config(vocab_size=5120, n_embd=32, n_layer=1, n_head=2, n_positions=1024))
    with pytest.raises(SkippedPartition, match="gpt2 model have no gated feed-forward parts"):
        narrow_feed_forward(other, 16, lesson.rows, SMOKE.batch_tokens)


def test_training_with_rounding_ends_with_weights_that_rounding_does_not_change(model: Any, lesson: Lesson) -> None:
    import torch

    plan = plan_of(SMOKE, 2, 1e-3, 0)
    plain = validation_loss(model, lesson.exam, plan)
    before = model.model.layers[0].self_attn.q_proj.weight.detach().clone()
    with rounding_aware(model, BITS):
        seen = validation_loss(model, lesson.exam, plan)
        recover(model, lesson)
    assert seen != plain
    names = [name for name, _ in model.named_parameters()]
    assert not any("parametrizations" in name for name in names)
    assert model.lm_head.weight is model.model.embed_tokens.weight
    for part, bits in ((model.model.layers[0].self_attn.q_proj, 4), (model.lm_head, 8)):
        torch.testing.assert_close(rounded(part.weight, bits, 64), part.weight, rtol=1e-5, atol=1e-7)
    assert not torch.allclose(before, model.model.layers[0].self_attn.q_proj.weight)


def test_a_student_has_at_most_half_of_the_parameters_and_comes_nearer_to_its_teacher(
    tiny_base: Path, model: Any, lesson: Lesson, tmp_path: Path
) -> None:
    teacher = open_model(tiny_base)
    shape = make_student(model, lesson.rows[:4], plan_of(SMOKE, 1, 1e-3, 0))
    assert parameters_of(model) <= parameters_of(teacher) / 2
    assert len(shape["layers"]) == len(model.model.layers) == model.config.num_hidden_layers
    loss = distillation_loss(teacher)
    batch = batch_of(lesson.rows[:8])
    before = float(loss(model, batch).detach())
    recover(model, lesson, 12, loss_of=loss)
    assert float(loss(model, batch).detach()) < before
    save_model(model, tiny_base, tmp_path / "student")
    assert parameters_of(open_model(tmp_path / "student")) == parameters_of(model)


def test_a_base_that_is_nearly_all_embeddings_has_no_student(bases: Callable[..., Path], lesson: Lesson) -> None:
    small = open_model(bases("flat", intermediate_size=64, num_hidden_layers=1))
    with pytest.raises(SkippedPartition, match=r"embeddings of this llama model are 9\d% of its weights"):
        make_student(small, lesson.rows[:2], plan_of(SMOKE, 1, 1e-3, 0))


def test_a_loss_that_is_no_number_ends_the_training_with_an_error(model: Any, lesson: Lesson) -> None:
    import torch

    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight[0, 0] = float("inf")
    with pytest.raises(PermanentFailure, match=r"broke at step 1: its loss is (nan|inf)"), rounding_aware(model, BITS):
        recover(model, lesson)
