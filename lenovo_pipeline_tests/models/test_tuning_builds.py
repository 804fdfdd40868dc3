"""Adapters, 4-bit adapters, full tuning and the search, made of a base of a few thousand weights and a dozen examples."""

import builtins
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.reading import question_messages
from lenovo_pipeline.models import pretrain
from lenovo_pipeline.models.builds import build_rows
from lenovo_pipeline.models.compression.base import Base
from lenovo_pipeline.models.pretraining.batches import Row
from lenovo_pipeline.models.tables import ADAPTERS, DOMAINS, FINE_TUNED
from lenovo_pipeline.models.tuning import customising, recipes, search, trainer
from lenovo_pipeline.models.tuning.adapters import save_adapter, with_adapter
from lenovo_pipeline.models.tuning.batching import batch_of
from lenovo_pipeline.models.tuning.customising import Customising
from lenovo_pipeline.models.tuning.lessons import lesson_of
from lenovo_pipeline.models.tuning.recipes import Data, Lora, Recipe
from lenovo_pipeline.models.tuning.trainer import Plan, Step
from lenovo_pipeline.resources.inference.adapters import require_base
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.local import open_local
from lenovo_pipeline.resources.inference.messages import GenerationSettings, Message
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking

PLAN = Plan(steps=4, rate=0.01, batch_tokens=256, warmup=1, validate_every=2, checkpoint_every=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with the bundled model's tokenizer."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    place = tmp_path_factory.mktemp("tuning") / "tiny"
    torch.manual_seed(0)
    shape: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    tokenizer = AutoTokenizer.from_pretrained(pretrain.FOLDER)
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), tie_word_embeddings=True, eos_token_id=2, **shape)).save_pretrained(
        place
    )
    tokenizer.save_pretrained(place)
    return place


def _examples() -> list[dict[str, Any]]:
    made = []
    for number in range(40):
        domain = [*DOMAINS, "all"][number % 5]
        asked = question_messages(
            f"What is the price of thing {number}?", [f"# thing {number}\n\n- Price: {number} USD{' again' * number}"]
        )
        said = {"role": "assistant", "content": f"For thing {number} [1] price:\n- Price: {number} USD\nAnswer: {number} USD"}
        split = "validation" if number % 4 == 0 and domain != "all" else "train"
        made.append({"domain": domain, "split": split, "messages": [*asked, said], "tools": [], "version": "0" * 16})
    return made


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(Data(own=6, others=2, rehearsals=2, validation=2, skills=2), PLAN, Lora(rank=2, alpha=4))
    chosen = {"lora": recipe, "qlora": recipe, "full": replace(recipe, lora=None)}
    monkeypatch.setitem(recipes.RECIPES, "smoke", chosen)


@pytest.fixture
def tuning(folder: Path, tmp_path: Path, small: None, empty_tracking_database: Path) -> Customising:
    import shutil

    shutil.copy(empty_tracking_database, tmp_path / "mlflow.db")
    found = identify(folder)
    foundation = {
        "model": "tiny",
        "identity": "f" * 64,
        "revision": found.revision,
        "tokenizer_hash": found.tokenizer_hash,
        "template_hash": found.template_hash,
        "parameters": found.parameters,
    }
    tracking = Tracking(tmp_path / "mlflow.db", tmp_path / "mlflow")
    base = Base(folder, foundation, "Apache License 2.0")
    return Customising("adapters", base, _examples(), Store(tmp_path), tracking, "smoke", 1, lambda _: None)


_ASKED = [Message("user", "Say something.")]


def _answer(backend: Any) -> str:
    return str(backend.generate(_ASKED, GenerationSettings(max_tokens=8)).text)


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_an_adapter_for_each_domain_fits_its_base_and_is_used_with_it(tuning: Customising, method: str) -> None:
    from lenovo_pipeline.contracts import conform

    made = tuning.adapters(method)
    conform(build_rows(made, ADAPTERS), ADAPTERS)
    assert [build.build for build in made] == [f"tiny/{method}/{domain}" for domain in DOMAINS]
    assert len({build.artifact for build in made}) == len(DOMAINS)
    for build in made:
        place = tuning.store.root / build.path
        names = {path.name for path in place.iterdir()}
        assert names == {"adapter_model.safetensors", "adapter_config.json", "manifest.json"}
        require_base(place, identify(tuning.base.folder))
        assert str(tuning.base.folder) not in (place / "adapter_config.json").read_text(encoding="utf-8")
        assert build.validation_loss and build.validation_loss <= build.measures["base_validation_loss"]
        assert build.trainable_parameters and build.parameters and build.trainable_parameters < build.parameters
        assert 0 < build.measures["strength"] <= 1 and build.measures["skill_loss"] and build.measures["base_skill_loss"]
    backend = open_local(tuning.base.folder, tuning.store.root / made[0].path)
    assert isinstance(_answer(backend), str)
    backend.close()


def test_curves_and_measures_of_a_training_are_in_mlflow(tuning: Customising) -> None:
    build = tuning.fine_tuned()[0]
    client, run_id = tuning.tracking.client(), str(build.mlflow_run_id)
    run = client.get_run(run_id)
    assert run.data.tags["build"] == "tiny/full/all" and run.data.params["rate"] == "0.01"
    assert run.data.metrics["tokens_per_s"] > 0 and run.data.metrics["peak_memory_mb"] > 0
    for curve, count in (("loss", 4), ("gradient_norm", 4), ("validation_loss", 3)):
        found = client.get_metric_history(run_id, curve)
        report = build.made_by["report"]["curves"][curve]
        assert sorted((point.step, round(point.value, 5)) for point in found) == [tuple(point) for point in report]
        assert len(found) == count


def test_a_tuned_model_is_a_folder_that_answers_for_itself(tuning: Customising) -> None:
    from lenovo_pipeline.contracts import conform

    made = tuning.fine_tuned()
    conform(build_rows(made, FINE_TUNED), FINE_TUNED)
    place = tuning.store.root / made[0].path
    assert identify(place).tokenizer_hash == identify(tuning.base.folder).tokenizer_hash
    assert identify(place).revision != identify(tuning.base.folder).revision
    backend = open_local(place)
    assert isinstance(_answer(backend), str)
    backend.close()


def test_nothing_is_trained_again_while_nothing_changed(tuning: Customising, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tuning.adapters("lora")

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("trained again")

    monkeypatch.setattr(customising, "train", never)
    assert tuning.adapters("lora") == before
    with pytest.raises(AssertionError, match="trained again"):
        replace(tuning, seed=2).adapters("lora")


def test_the_same_training_gives_the_same_files(tuning: Customising, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = replace(tuning, store=Store(tmp_path / "other"))
    first, second = tuning.adapters("lora"), other.adapters("lora")
    assert [build.artifact for build in first] == [build.artifact for build in second]


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("where", ["training", "export"])
def test_a_kill_leaves_what_was_made_before_and_ends_with_the_same_files(
    tuning: Customising, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    (tmp_path / "other").mkdir()
    expected = replace(tuning, store=Store(tmp_path / "other")).adapters("lora")
    steps: list[int] = []
    domain_steps = PLAN.steps

    def kill_in_the_second(step: Step) -> None:
        steps.append(step.number)
        if len(steps) == domain_steps + 3 and where == "training":
            raise _Killed

    real = trainer.train
    monkeypatch.setattr(customising, "train", lambda *given, **more: real(*given, **more, on_step=kill_in_the_second))
    saved: list[Path] = []
    write = save_adapter

    def save(model: Any, folder: Path, base: str) -> None:
        write(model, folder, base)
        saved.append(folder)
        if len(saved) == 2 and where == "export":
            raise _Killed

    monkeypatch.setattr(customising, "save_adapter", save)
    with pytest.raises(_Killed):
        tuning.adapters("lora")
    assert len([path for path in (tuning.store.artifacts / "adapters").iterdir() if path.name[0] != "."]) == 1
    before = len(steps)
    said: list[str] = []
    found = replace(tuning, say=said.append).adapters("lora")
    assert [build.artifact for build in found] == [build.artifact for build in expected]
    assert any("resumed after step" in line for line in said)
    # What was trained is not trained again: of the second adapter only what a checkpoint did not hold.
    assert len(steps) - before <= 2 * domain_steps + 2
    assert not list((tuning.store.artifacts / "checkpoints").iterdir())


def test_a_training_set_without_the_domain_is_refused_by_name(tuning: Customising) -> None:
    some = [each for each in _examples() if each["domain"] != "device_support"]
    with pytest.raises(PermanentFailure, match=r"training set of device_support is empty.*training_sets"):
        replace(tuning, examples=some).adapters("lora")
    with pytest.raises(PermanentFailure, match="training set is empty"):
        replace(tuning, examples=[]).fine_tuned()


def test_rows_that_are_too_long_are_left_out(tuning: Customising) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tuning.base.folder)
    whole, _ = lesson_of(tokenizer, _examples(), "all", Data(own=100, others=0, rehearsals=100, validation=5), 1)
    longest = max(len(row.ids) for row in whole)
    cut, _ = lesson_of(tokenizer, _examples(), "all", Data(100, 0, 100, 5, longest=longest - 1), 1)
    assert 0 < len(cut) < len(whole)


def test_without_bitsandbytes_a_sentence_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any, **named: Any) -> Any:
        if name == "bitsandbytes":
            raise ImportError("No module named 'bitsandbytes'")
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PermanentFailure, match=r"need bitsandbytes.*pip install"):
        with_adapter(folder, Lora(2, 4), four_bits=True, seed=0)


def test_a_base_that_has_no_4_bit_form_is_named(tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(vocab_size=32, n_embd=8, n_layer=0, n_head=1, n_positions=16)).save_pretrained(tmp_path)
    with pytest.raises((PermanentFailure, ModelUnavailable), match=r"4.bit.*models/adapters"):
        with_adapter(tmp_path, Lora(2, 4), four_bits=True, seed=0)


def _cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


@pytest.mark.parametrize("four_bits", [False, True])
@pytest.mark.parametrize("harm", [_cut, _pickled])
def test_a_base_with_damaged_or_pickled_weights_is_refused(
    folder: Path, tmp_path: Path, harm: Callable[[Path], None], four_bits: bool
) -> None:
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    harm(broken)
    with pytest.raises(ModelUnavailable, match="cannot be opened"):
        with_adapter(broken, Lora(2, 4), four_bits=four_bits, seed=0)


def test_gradients_through_4_bits_are_the_same_before_and_after_an_evaluation(folder: Path) -> None:
    import torch

    model = with_adapter(folder, Lora(2, 4), four_bits=True, seed=0)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.fill_(0.01)
    batch = batch_of([Row(list(range(10, 40)), [True] * 30)])

    def gradients() -> dict[str, Any]:
        model.train()
        model.zero_grad()
        trainer.said_loss(model, batch).backward()  # type: ignore[no-untyped-call]
        return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.requires_grad}

    before = gradients()
    trainer.validation_loss(model, [Row(list(range(10, 40)), [True] * 30)], PLAN)
    after = gradients()
    assert any(bool(gradient.abs().max() > 0) for gradient in before.values())
    assert all(bool(torch.allclose(before[name], after[name], rtol=1e-3, atol=1e-6)) for name in before)


def test_modules_that_the_base_does_not_have_are_named(folder: Path) -> None:
    with pytest.raises(PermanentFailure, match=r"does not fit.*targets"):
        with_adapter(folder, Lora(2, 4, targets=("no_such_proj",)), four_bits=False, seed=0)


def test_a_loss_that_is_no_number_leaves_nothing_but_the_adapters_made_before(
    tuning: Customising, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    real = trainer.train

    def broken(*given: Any, **more: Any) -> Any:
        made.append("one")
        if len(made) == 2:
            return real(*given, **more, loss_of=lambda model, batch: trainer.said_loss(model, batch) * float("nan"))
        return real(*given, **more)

    monkeypatch.setattr(customising, "train", broken)
    with pytest.raises(PermanentFailure, match="Lower the rate"):
        tuning.adapters("lora")
    assert len(list((tuning.store.artifacts / "adapters").iterdir())) == 1


def test_too_little_memory_leaves_nothing_but_the_adapters_made_before(
    tuning: Customising, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    real = trainer.train

    def full(model: Any, batch: Any) -> Any:
        raise MemoryError

    def hungry(*given: Any, **more: Any) -> Any:
        made.append("one")
        return real(*given, **more, loss_of=full) if len(made) == 2 else real(*given, **more)

    monkeypatch.setattr(customising, "train", hungry)
    with pytest.raises(PermanentFailure, match=r"memory does not suffice.*smaller batch"):
        tuning.adapters("lora")
    assert len(list((tuning.store.artifacts / "adapters").iterdir())) == 1


def test_the_search_ranks_recipes_and_goes_on_after_a_kill(tuning: Customising, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna")
    monkeypatch.setitem(
        recipes.SEARCHES,
        "smoke",
        recipes.Search(trials=4, ranks=(2, 4), rates=(1e-3, 1e-2), targets=("q_proj v_proj",), steps=(2, 4)),
    )
    real, tried = trainer.train, []

    def counted(*given: Any, **more: Any) -> Any:
        tried.append(1)
        if len(tried) == 3:
            raise _Killed
        return real(*given, **more)

    monkeypatch.setattr(search, "train", counted)
    with pytest.raises(_Killed):
        search.search(tuning)
    rows = search.search(tuning)
    done = [row for row in rows if row["state"] in ("complete", "pruned")]
    assert len(done) == 4 and len(tried) == 5
    assert [row["state"] for row in rows].count("failed") == 1
    best = [row for row in rows if row["best"]]
    assert len(best) == 1 and best[0]["validation_loss"] == min(
        row["validation_loss"] for row in rows if row["state"] == "complete"
    )
    assert search.search(tuning) == rows and len(tried) == 5


def test_recipes_of_all_profiles_name_all_methods() -> None:
    assert {profile: set(methods) for profile, methods in recipes.RECIPES.items()} == {
        profile: {"lora", "qlora", "full"} for profile in ("smoke", "default", "full")
    }
    assert set(recipes.SEARCHES) == set(recipes.RECIPES)
    assert json.dumps([str(each) for each in recipes.RECIPES.values()])
