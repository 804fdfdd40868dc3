"""The training loop, its token rows, batches and checkpoints, on a model of a few thousand weights."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models import pretrain
from lenovo_pipeline.models.pretraining import batches
from lenovo_pipeline.models.pretraining.batches import Row
from lenovo_pipeline.models.tuning import checkpoints, rows, trainer
from lenovo_pipeline.models.tuning.batching import Order, batch_of, in_batches
from lenovo_pipeline.models.tuning.trainer import Plan, Step, train

PLAN = Plan(steps=6, rate=0.01, batch_tokens=64, warmup=1, validate_every=2, patience=0, checkpoint_every=2)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(pretrain.FOLDER)


def _model(dropout: float = 0.0) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape: dict[str, Any] = {
        "attn_implementation": "eager",
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    config = LlamaConfig(vocab_size=64, attention_dropout=dropout, **shape)
    return LlamaForCausalLM(config)


def _rows(count: int, seed: int = 0) -> list[Row]:
    """Sequences that count upwards: learnt at once."""
    random = Random(seed)
    made = []
    for _ in range(count):
        first, length = random.randrange(1, 20), random.randrange(6, 20)
        made.append(Row([first + place for place in range(length)], [place > 2 for place in range(length)]))
    return made


def _weights(model: Any) -> dict[str, Any]:
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def _same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return all(bool((left[name] == right[name]).all()) for name in left)


@pytest.mark.parametrize("kind", ["reading/two_absent", "reading/chinese", "closed_book", "tool_requests", "tool_results"])
def test_rows_of_the_bundled_model_are_those_of_its_pretraining(tokenizer: Any, kind: str) -> None:
    for seed in range(8):
        conversation = batches.converse(kind, Random(seed))
        assert rows.encode(tokenizer, conversation.messages, conversation.tools) == batches.encode(tokenizer, conversation)


def test_the_mask_of_any_template_covers_what_the_assistant_says_and_the_end_of_its_turn(tokenizer: Any) -> None:
    from copy import deepcopy

    other = deepcopy(tokenizer)
    other.chat_template = (
        "{% for m in messages %}<{{ m.role }}> {{ m.content }}{% if m.role == 'assistant' %}<|im_end|>{% endif %}\n"
        "{% endfor %}{% if add_generation_prompt %}<assistant> {% endif %}"
    )
    said = [("user", "one"), ("assistant", "two three"), ("user", "four"), ("assistant", "five")]
    found = rows.encode(other, [{"role": role, "content": content} for role, content in said])
    shown = other.decode([token for token, own in zip(found.ids, found.said, strict=True) if own])
    assert shown == "two three<|im_end|>five<|im_end|>"


def test_a_turn_that_the_template_shows_otherwise_later_is_not_said(tokenizer: Any) -> None:
    from copy import deepcopy

    other = deepcopy(tokenizer)
    other.chat_template = (
        "{% for m in messages %}{{ m.role }}: {% if loop.last and m.role == 'assistant' %}(thought) {% endif %}{{ m.content }}\n"
        "{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
    )
    said = [("user", "one"), ("assistant", "two"), ("user", "three"), ("assistant", "four")]
    found = rows.encode(other, [{"role": role, "content": content} for role, content in said])
    assert other.decode([token for token, own in zip(found.ids, found.said, strict=True) if own]).strip() == "(thought) four"


def test_a_tokenizer_without_a_template_and_a_conversation_without_an_answer_are_refused(tokenizer: Any) -> None:
    from copy import deepcopy

    with pytest.raises(PermanentFailure, match="nothing of what the assistant says"):
        rows.encode(tokenizer, [{"role": "user", "content": "one"}])
    bare = deepcopy(tokenizer)
    bare.chat_template = None
    with pytest.raises(PermanentFailure, match="no chat template"):
        rows.encode(bare, [{"role": "user", "content": "one"}])


def test_a_pass_shows_every_row_once_in_batches_of_limited_size() -> None:
    some = _rows(50)
    order = Order(some, 64, seed=1)
    seen: list[int] = []
    number = 0
    while len(seen) < 50:
        places = order.places(number)
        assert len(places) * max(len(some[place].ids) for place in places) <= 64
        seen += places
        number += 1
    assert sorted(seen) == list(range(50))
    assert order.places(number) and Order(some, 64, seed=1).places(number) == order.places(number)
    assert [Order(some, 64, seed=2).places(place) for place in range(3)] != [
        Order(some, 64, seed=1).places(place) for place in range(3)
    ]


def test_a_row_longer_than_a_batch_stands_alone() -> None:
    some = [*_rows(3), Row([1] * 90, [True] * 90)]
    assert [3] in in_batches(some, range(4), 64)


def test_training_lowers_the_loss_and_keeps_the_weights_of_the_best_validation() -> None:
    model = _model()
    steps: list[Step] = []
    done = train(model, _rows(40), _rows(8, seed=1), replace(PLAN, steps=30), None, on_step=steps.append)
    assert done.losses[-1] < done.losses[0] and len(done.losses) == len(done.gradient_norms) == done.steps == 30
    assert [step for step, _ in done.validation_losses] == [0, *range(2, 31, 2)]
    assert done.best_validation_loss == min(loss for _, loss in done.validation_losses)
    assert trainer.validation_loss(model, _rows(8, seed=1), PLAN) == pytest.approx(done.best_validation_loss, rel=1e-4)
    assert [step.number for step in steps] == list(range(1, 31)) and steps[1].validation_loss == done.validation_losses[1][1]
    assert done.tokens_per_s > 0 and done.peak_memory_mb > 0 and not done.stopped_early


def test_the_loss_counts_the_said_tokens_alone_however_they_are_batched() -> None:
    import torch

    model, some = _model(), _rows(7)
    whole = trainer.said_loss(model, batch_of(some))
    alone = sum(float(trainer.said_loss(model, batch_of([row])).detach()) for row in some)
    assert float(whole.detach()) == pytest.approx(alone, rel=1e-5)
    one = some[0]
    ids = torch.tensor([one.ids])
    labels = torch.where(torch.tensor([one.said]), ids, -100)
    expected = float(model(input_ids=ids, labels=labels).loss)
    count = sum(one.said[1:])
    assert float(trainer.said_loss(model, batch_of([one])).detach()) / count == pytest.approx(expected, rel=1e-5)


def test_a_model_that_scales_its_logits_is_scored_with_them_scaled() -> None:
    from transformers import GraniteConfig, GraniteForCausalLM

    shape: dict[str, Any] = {
        "attn_implementation": "eager",
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    model: Any = GraniteForCausalLM(GraniteConfig(vocab_size=64, logits_scaling=4.0, **shape))
    import torch

    row = _rows(1)[0]
    ids = torch.tensor([row.ids])
    expected = float(model(input_ids=ids, labels=torch.where(torch.tensor([row.said]), ids, -100)).loss)
    found = float(trainer.said_loss(model, batch_of([row])).detach()) / sum(row.said[1:])
    assert found == pytest.approx(expected, rel=1e-5)


def test_accumulated_batches_give_the_update_of_one_large_batch() -> None:
    some = [Row(list(range(1, 9)), [False] * 4 + [True] * 4) for _ in range(4)]
    found = []
    for plan in (replace(PLAN, batch_tokens=32), replace(PLAN, batch_tokens=16, accumulation=2)):
        model = _model()
        train(model, some, [], replace(plan, steps=1, mixed_precision=False), None)
        found.append(_weights(model))
    assert all(bool((found[0][name] - found[1][name]).abs().max() < 1e-4) for name in found[0])


def test_training_stops_when_validation_no_longer_gains() -> None:
    model = _model()
    wrong = [Row([40, 41, 42, 50, 3, 50], [False, False, False, True, True, True])]
    done = train(model, _rows(40), wrong, replace(PLAN, steps=60, patience=2, rate=0.05), None)
    assert done.stopped_early and done.steps < 60
    assert trainer.validation_loss(model, wrong, PLAN) == pytest.approx(done.best_validation_loss, rel=1e-4)


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("at", [1, 3, 4])
def test_a_killed_training_ends_with_the_weights_of_one_that_was_not(tmp_path: Path, at: int) -> None:
    some, check = _rows(30), _rows(4, seed=1)
    straight = _model(dropout=0.2)
    expected = train(straight, some, check, PLAN, None)

    def kill(step: Step) -> None:
        if step.number == at:
            raise _Killed

    killed = _model(dropout=0.2)
    with pytest.raises(_Killed):
        train(killed, some, check, PLAN, tmp_path, on_step=kill)
    said: list[str] = []
    resumed = _model(dropout=0.2)
    found = train(resumed, some, check, PLAN, tmp_path, say=said.append)
    assert _same(_weights(straight), _weights(resumed))
    assert (found.losses, found.validation_losses, found.tokens) == (
        expected.losses,
        expected.validation_losses,
        expected.tokens,
    )
    assert any("resumed" in line for line in said) == (at >= 2)


def test_a_finished_training_is_not_done_again_until_its_checkpoints_are_dropped(tmp_path: Path) -> None:
    model = _model()
    done = train(model, _rows(30), [], PLAN, tmp_path / "one")
    again = _model()
    steps: list[Step] = []
    assert train(again, _rows(30), [], PLAN, tmp_path / "one", on_step=steps.append).losses == done.losses
    assert not steps and _same(_weights(model), _weights(again))
    checkpoints.drop(tmp_path / "one")
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize("harm", ["cut", "other plan", "other rows"])
def test_a_checkpoint_that_is_damaged_or_of_another_training_is_not_read(tmp_path: Path, harm: str) -> None:
    some = _rows(30)
    train(_model(), some, [], PLAN, tmp_path)
    file = tmp_path / "checkpoint.pt"
    plan = replace(PLAN, rate=0.002) if harm == "other plan" else PLAN
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-500])
    if harm == "other rows":
        some = _rows(30, seed=5)
    fresh, found = _model(), _model()
    train(fresh, some, [], plan, None)
    train(found, some, [], plan, tmp_path)
    assert _same(_weights(fresh), _weights(found))


def test_an_empty_training_set_is_refused() -> None:
    with pytest.raises(PermanentFailure, match=r"training set is empty.*training_sets"):
        train(_model(), [], [], PLAN, None)


def test_a_loss_that_is_no_number_ends_the_training_with_what_to_do() -> None:
    with pytest.raises(PermanentFailure, match=r"loss is (nan|inf).*Lower the rate"):
        train(_model(), _rows(20), [], replace(PLAN, rate=1e20, clip=1e30, steps=20), None)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")]
)
def test_too_little_memory_ends_the_training_with_what_to_do(error: Exception) -> None:
    def full(model: Any, batch: Any) -> Any:
        raise error

    with pytest.raises(PermanentFailure, match=r"64 tokens.*smaller batch"):
        train(_model(), _rows(4), [], PLAN, None, loss_of=full)


def test_an_error_of_the_loss_itself_is_not_taken_for_a_lack_of_memory() -> None:
    def broken(model: Any, batch: Any) -> Any:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        train(_model(), _rows(4), [], PLAN, None, loss_of=broken)


def test_gradient_checkpointing_changes_no_result() -> None:
    plain, saving = _model(), _model()
    train(plain, _rows(20), [], PLAN, None)
    train(saving, _rows(20), [], replace(PLAN, gradient_checkpointing=True), None)
    assert _same(_weights(plain), _weights(saving))
    assert not saving.is_activation_checkpointing
