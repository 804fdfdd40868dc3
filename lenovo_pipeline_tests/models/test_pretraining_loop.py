"""The training loop: the schedule, checkpoints, resuming, and that the recorded training can be repeated."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.models import pretrain
from lenovo_pipeline.models.pretraining import loop, recipe, run, skills
from lenovo_pipeline.models.pretraining.loop import CHECKPOINT
from lenovo_pipeline.models.pretraining.recipe import Optimisation, Phase, Stage
from lenovo_pipeline.provenance import file_hash

SMALL = (Phase("a", 3, 2, 48, (("induction", 1.0),)), Phase("b", 3, 2, 120, (("closed_book", 1.0),)))
STAGE = Stage("small", 1, Optimisation(rates=((0, 0.5), (1, 1.0), (6, 0.0))), SMALL)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(pretrain.FOLDER)


@pytest.fixture
def small_shape(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(recipe.SHAPE, "num_hidden_layers", 2)
    yield


def _train(tokenizer: Any, folder: Path, **settings: Any) -> tuple[Any, loop.Progress]:
    model = loop.new_model(tokenizer, 1)
    progress = loop.train(
        model,
        tokenizer,
        folder,
        say=lambda line: None,
        **{"stage": STAGE, **settings},
    )
    return model, progress


def test_the_rate_follows_its_knots() -> None:
    optimisation = Optimisation(rates=((0, 0.1), (9, 1.0), (75, 1.0), (100, 0.0)))
    rates = [recipe.rate_factor(step, optimisation) for step in range(120)]
    assert rates[0] == 0.1
    assert rates[9:76] == pytest.approx([1.0] * 67)
    assert rates[80] == pytest.approx(0.8)
    assert rates[100:] == [0.0] * 20


def test_every_step_belongs_to_one_phase_and_none_comes_after_the_last() -> None:
    names = [recipe.phase_at(step, SMALL).name for step in range(6)]
    assert names == ["a", "a", "a", "b", "b", "b"]
    with pytest.raises(IndexError):
        recipe.phase_at(6, SMALL)
    assert recipe.PHASES[-1].length >= 2048


@pytest.mark.usefixtures("small_shape")
def test_a_training_that_was_interrupted_ends_like_one_that_was_not(tokenizer: Any, tmp_path: Path) -> None:
    whole, done = _train(tokenizer, tmp_path / "whole")
    _train(tokenizer, tmp_path / "cut", stop_at=2)
    resumed, progress = _train(tokenizer, tmp_path / "cut", resume=True)
    assert progress.losses == pytest.approx(done.losses, rel=1e-4)
    for name, weight in whole.state_dict().items():
        assert resumed.state_dict()[name].allclose(weight, atol=1e-4), name


@pytest.mark.usefixtures("small_shape")
def test_a_kill_leaves_a_checkpoint_to_resume_from(tokenizer: Any, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "lenovo_pipeline.models.pretrain",
        "--out",
        str(tmp_path / "out"),
        "--checkpoints",
        str(tmp_path / "kept"),
        "--threads",
        "1",
    ]
    process = subprocess.Popen(
        [*command, "--steps", "100000"], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("step "):
            process.send_signal(signal.SIGTERM)
            break
    rest, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "go on with --resume" in rest
    done = subprocess.run([*command, "--resume", "--export"], capture_output=True, text=True, check=True, timeout=120)
    assert "wrote" in done.stdout
    assert json.loads((tmp_path / "out" / run.RECORD).read_text())["complete"] is False


@pytest.mark.usefixtures("small_shape")
def test_no_checkpoint_and_a_damaged_one_are_errors_that_say_what_to_do(tokenizer: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="without --resume"):
        _train(tokenizer, tmp_path, resume=True)
    (tmp_path / CHECKPOINT).write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(ValueError, match="does not fit"):
        _train(tokenizer, tmp_path, resume=True)


@pytest.mark.usefixtures("small_shape")
def test_a_checkpoint_of_another_stage_is_an_error_that_says_which(tokenizer: Any, tmp_path: Path) -> None:
    _train(tokenizer, tmp_path, stop_at=1)
    with pytest.raises(ValueError, match="stage `small`, not `other`"):
        _train(tokenizer, tmp_path, stage=replace(STAGE, name="other"), resume=True)


@pytest.fixture
def earlier(tokenizer: Any, tmp_path: Path, small_shape: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small model as it is published, and a further stage of six steps in the place of the recipe's."""
    model = loop.new_model(tokenizer, 1)
    folder = tmp_path / "earlier"
    run.write_model(folder, model, tokenizer, run.record(loop.Progress("small", 7, losses=[1.5] * 7), STAGE))
    monkeypatch.setattr(recipe, "STAGES", (STAGE, replace(STAGE, name="further")))
    monkeypatch.setattr(recipe, "SHAPE", dict(recipe.SHAPE))
    return folder


def test_a_further_stage_starts_from_the_published_weights_and_its_record_keeps_theirs(
    earlier: Path, tokenizer: Any, tmp_path: Path
) -> None:
    from lenovo_pipeline.models.pretraining.batches import batch_of

    out = tmp_path / "out"
    progress = run.pretrain(out, tmp_path / "kept", start=earlier, say=lambda line: None)
    ids, said = batch_of(SMALL[0], 0, STAGE.seed, tokenizer)
    model = run.open_model(earlier)
    model.set_attn_implementation("eager")
    assert progress.losses[0] == pytest.approx(float(loop.loss_of(model, ids, said).detach()), rel=1e-3)

    record = json.loads((out / run.RECORD).read_text(encoding="utf-8"))
    before = json.loads((earlier / run.RECORD).read_text(encoding="utf-8"))
    assert (record["stage"], record["steps"], record["complete"]) == ("further", 6, True)
    assert record["continued_from"].pop("weights_sha256") == file_hash(earlier / run.WEIGHTS)
    assert record["continued_from"] == {name: fact for name, fact in before.items() if name not in ("model", "recipe")}


def test_a_further_stage_goes_on_when_the_folder_that_it_started_from_holds_other_weights(earlier: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"start": earlier, "say": lambda line: None}
    whole = run.pretrain(tmp_path / "a", tmp_path / "whole", **settings)
    started_from = file_hash(earlier / run.WEIGHTS)
    run.pretrain(tmp_path / "b", tmp_path / "cut", stop_at=2, **settings)
    assert not (tmp_path / "b").exists()
    (earlier / run.WEIGHTS).write_bytes(b"other weights")
    resumed = run.pretrain(tmp_path / "b", tmp_path / "cut", resume=True, **settings)
    assert resumed.losses == pytest.approx(whole.losses, rel=1e-4)
    record = json.loads((tmp_path / "b" / run.RECORD).read_text(encoding="utf-8"))
    assert record["continued_from"]["weights_sha256"] == started_from


def test_a_stage_that_keeps_a_share_of_its_start_publishes_the_mean(
    earlier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    weights = {}
    for kept in (0.0, 0.25):
        monkeypatch.setattr(recipe, "STAGES", (STAGE, replace(STAGE, name="further", kept=kept)))
        run.pretrain(tmp_path / f"{kept}", tmp_path / f"checkpoints {kept}", start=earlier, say=lambda line: None)
        weights[kept] = load_file(tmp_path / f"{kept}" / run.WEIGHTS)
    started = load_file(earlier / run.WEIGHTS)
    for name, trained in weights[0.0].items():
        expected = 0.75 * trained.float() + 0.25 * started[name].float()
        assert weights[0.25][name].float().numpy() == pytest.approx(expected.numpy(), abs=1e-3)
    assert any(not weights[0.0][name].equal(weights[0.25][name]) for name in started)


def test_a_model_of_the_last_stage_cannot_be_continued(earlier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run.pretrain(tmp_path / "out", tmp_path / "kept", start=earlier, say=lambda line: None)
    given = ["--continue", str(tmp_path / "out"), "--checkpoints", str(tmp_path / "again"), "--out", str(tmp_path / "more")]
    assert pretrain.main(given) == 1
    assert "no stage follows `further`" in capsys.readouterr().err
    assert not (tmp_path / "more").exists()


@pytest.mark.parametrize(
    ("lost", "said"), [("model.safetensors", "git checkout"), ("training_record.json", "cannot be continued")]
)
def test_a_model_without_weights_or_record_cannot_be_continued(
    earlier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], lost: str, said: str
) -> None:
    (earlier / lost).unlink()
    given = ["--continue", str(earlier), "--checkpoints", str(tmp_path / "kept"), "--out", str(tmp_path / "out")]
    assert pretrain.main(given) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "kept").exists()


@pytest.mark.usefixtures("small_shape")
def test_a_loss_that_is_no_number_stops_the_training(tokenizer: Any) -> None:
    import torch

    model = loop.new_model(tokenizer, 1)
    with torch.no_grad():
        model.model.norm.weight.fill_(float("nan"))
    ids = torch.full((1, 8), 7)
    with pytest.raises(FloatingPointError, match="resume"):
        loop.train_step(model, [], ids, ids > 0, 1.0, 1.0)


def test_the_start_copies_repeated_tokens_and_chance_does_not(tokenizer: Any) -> None:
    import torch

    from lenovo_pipeline.models.pretraining.batches import batch_of

    ids, said = batch_of(recipe.PHASES[0], 0, recipe.SEED, tokenizer)
    model = loop.new_model(tokenizer, recipe.SEED)
    with torch.inference_mode():
        assert float(loop.loss_of(model, ids, said)) < 2.0
        model.model.layers[1].self_attn.o_proj.weight.zero_()
        assert float(loop.loss_of(model, ids, said)) > 6.0


def test_the_recorded_training_is_the_one_in_the_code_and_its_first_steps_repeat(tokenizer: Any) -> None:
    """Means of 20 steps within 2 %: single losses differ by more, because products in bfloat16 depend on the threads at work.

    All 200 steps in profile full; otherwise the induction phase, which costs seconds.
    """
    import torch

    from lenovo_pipeline.models.pretraining.batches import batch_of

    record = json.loads((pretrain.FOLDER / run.RECORD).read_text(encoding="utf-8"))
    assert record["recipe"] == json.loads(json.dumps(run.recipe_json()))
    second = record["continued_from"]
    first = second["continued_from"]
    assert (second["stage"], record["stage"]) == (recipe.FURTHER.name, recipe.LONGER.name)
    for ran, stage in zip((first, second, record), recipe.STAGES, strict=True):
        assert ran["steps"] == len(ran["losses"]) == recipe.total_steps(stage.phases)
        assert ran["complete"] is True
    assert recipe.LONGER.phases[-1].length >= 2048
    steps = 200 if os.environ.get("LENOVO_PROFILE") == "full" else 20
    model = loop.new_model(tokenizer, recipe.SEED)
    optims = loop.optimisers(model, Optimisation())
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    losses = []
    try:
        for step in range(steps):
            phase = recipe.phase_at(step)
            ids, said = batch_of(phase, step, recipe.SEED, tokenizer)
            factor = phase.rate * recipe.rate_factor(step, Optimisation())
            losses.append(loop.train_step(model, optims, ids, said, factor, Optimisation().clip))
    finally:
        torch.set_num_threads(threads)
    for start in range(0, steps, 20):
        window = slice(start, start + 20)
        assert sum(losses[window]) == pytest.approx(sum(first["losses"][window]), rel=0.02), f"from step {start}"


def test_the_interval_of_a_share_is_wilsons() -> None:
    low, high = skills.wilson(80, 100)
    assert (round(low, 4), round(high, 4)) == (0.7112, 0.8666)
    assert skills.wilson(0, 10)[0] == 0.0
