"""The longer training of the agent adapter: what it leaves, what a kill leaves, and what runs go on from."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from lenovo_pipeline.agents.adapter.__main__ import main
from lenovo_pipeline.agents.adapter.bundling import bundle
from lenovo_pipeline.agents.adapter.recipes import RECIPES, AgentRecipe
from lenovo_pipeline.agents.adapter.start import start_of, told, wanted_of
from lenovo_pipeline.agents.adapter.training import Lessons, make_adapter
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models import pretrain
from lenovo_pipeline.models.compression.base import Base
from lenovo_pipeline.models.tuning.adapters import with_adapter
from lenovo_pipeline.models.tuning.recipes import Lora
from lenovo_pipeline.models.tuning.starts import RECORD, WEIGHTS
from lenovo_pipeline.provenance import MANIFEST, write_manifest
from lenovo_pipeline.resources.inference.local import open_local
from lenovo_pipeline.resources.inference.messages import GenerationSettings, Message
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline_tests.agents.adapter.test_lessons import conversation

LORA = Lora(rank=4, alpha=8)
TAUGHT = Lessons([conversation(), conversation("Tarn 3", "8"), conversation("ThinkPad T14", "52")], [conversation("Orlo 5", "9")])


def recipe(steps: int = 3) -> AgentRecipe:
    smoke = RECIPES["smoke"]
    plan = replace(smoke.plan, steps=steps, checkpoint_every=1)
    return replace(smoke, plan=plan, further=replace(plan, rate=1e-4), lora=LORA)


def train(place: Path, said: list[str], *, steps: int = 3, say: Callable[[str], None] | None = None) -> Path:
    bundle(
        pretrain.FOLDER,
        "nano",
        TAUGHT,
        place,
        place.parent / "checkpoints",
        seed=1,
        say=say or said.append,
        recipe=recipe(steps),
    )
    return place / "nano.agent"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of adapters with one in it."""
    place = tmp_path_factory.mktemp("bundled") / "agents"
    train(place, [])
    return place


def wanted(**changes: Any) -> dict[str, Any]:
    return {**wanted_of(asdict(identify(pretrain.FOLDER)), LORA), **changes}


def base() -> Base:
    identity = identify(pretrain.FOLDER)
    row = {
        "model": "nano",
        "identity": "nano's",
        "revision": identity.revision,
        "tokenizer_hash": identity.tokenizer_hash,
        "template_hash": identity.template_hash,
        "parameters": identity.parameters,
    }
    return Base(pretrain.FOLDER, row, "Apache-2.0")


def test_the_training_leaves_an_adapter_that_answers_and_the_record_of_its_training(trained: Path) -> None:
    folder = trained / "nano.agent"
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    assert len(record["losses"]) == 3 and record["conversations"] == 3 and record["started_from"] is None
    assert record["validation_losses"][-1][1] < record["validation_losses"][0][1]
    assert not (trained.parent / "checkpoints").exists() and [path.name for path in trained.iterdir()] == ["nano.agent"]
    backend = open_local(pretrain.FOLDER, folder)
    assert backend.generate([Message("user", "Hello")], GenerationSettings(max_tokens=4)).tokens_out
    backend.close()


def test_a_training_that_gains_nothing_leaves_the_adapter_and_says_so(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "agents")
    before = {path.name: path.read_bytes() for path in (tmp_path / "agents" / "nano.agent").iterdir()}
    said: list[str] = []
    # Steps as large as these only do harm.
    wild = recipe(4)
    wild = replace(wild, further=replace(wild.further, rate=5.0, warmup=0))
    place, checkpoints = tmp_path / "agents", tmp_path / "checkpoints"
    bundle(pretrain.FOLDER, "nano", TAUGHT, place, checkpoints, seed=1, say=said.append, recipe=wild)
    assert said[-1].startswith("nothing was gained") and str(checkpoints) in said[-1]
    assert {path.name: path.read_bytes() for path in (place / "nano.agent").iterdir()} == before
    assert any(checkpoints.iterdir())


def test_a_second_training_goes_on_from_the_first_and_says_so(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "agents")
    said: list[str] = []
    folder = train(tmp_path / "agents", said, steps=4)
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    first = json.loads((trained / "nano.agent" / RECORD).read_text(encoding="utf-8"))
    assert said[0].startswith("goes on from") and record["started_from"]["seconds"] == first["seconds"]
    assert "losses" not in record["started_from"] and len(record["losses"]) == 4
    assert record["validation_losses"][0] == [0, pytest.approx(min(loss for _, loss in first["validation_losses"]), abs=1e-3)]


def test_a_kill_leaves_the_old_adapter_and_the_same_command_goes_on(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "agents")
    before = (tmp_path / "agents" / "nano.agent" / WEIGHTS).read_bytes()

    def killed(line: str) -> None:
        if line.startswith("step 10/"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "agents", [], steps=11, say=killed)
    assert (tmp_path / "agents" / "nano.agent" / WEIGHTS).read_bytes() == before
    assert start_of("nano", wanted(), tmp_path / "agents").fits  # type: ignore[union-attr]
    said: list[str] = []
    folder = train(tmp_path / "agents", said, steps=11)
    assert any(line.startswith("resumed after step") for line in said)
    assert len(json.loads((folder / RECORD).read_text(encoding="utf-8"))["losses"]) == 11
    assert (folder / WEIGHTS).read_bytes() != before


@pytest.mark.parametrize("name", ["base_revision", "base_tokenizer_hash", "base_template_hash", "form"])
def test_an_adapter_for_another_base_or_form_is_left_where_it_is_and_the_sentence_names_what_differs(
    trained: Path, name: str
) -> None:
    start = start_of("nano", wanted(**{name: "another"}), trained)
    assert start is not None and not start.fits
    assert told(start).startswith("starts from nothing") and f"{name} is " in told(start) and "agents.adapter" in told(start)
    assert start_of("other", wanted(), trained) is None and "no adapter" in told(None)


def test_the_long_training_begins_with_an_adapter_for_other_weights_of_its_base_and_a_run_does_not(
    trained: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path / "agents")
    folder = tmp_path / "agents" / "nano.agent"
    made_by = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["made_by"]
    (folder / MANIFEST).unlink()
    write_manifest(folder, {**made_by, "base_revision": "earlier"})
    start = start_of("nano", wanted(), tmp_path / "agents")
    assert start is not None and start.other_weights and not start.fits and told(start).startswith("starts from nothing")

    said: list[str] = []
    record = json.loads((train(tmp_path / "agents", said, steps=1) / RECORD).read_text(encoding="utf-8"))
    first = json.loads((trained / "nano.agent" / RECORD).read_text(encoding="utf-8"))
    assert said[0].startswith("begins with") and "'earlier'" in said[0]
    assert record["started_from"]["base_revision"] == "earlier" and record["plan"] == asdict(recipe(1).plan)
    assert record["validation_losses"][0] == [0, pytest.approx(min(loss for _, loss in first["validation_losses"]), abs=1e-3)]
    assert start_of("nano", wanted(), tmp_path / "agents").fits  # type: ignore[union-attr]


def test_an_adapter_of_another_shape_does_not_fit(trained: Path) -> None:
    start = start_of("nano", wanted_of(asdict(identify(pretrain.FOLDER)), Lora(rank=8, alpha=8)), trained)
    assert start is not None and [problem.split(" is ")[0] for problem in start.problems] == ["lora"]


def test_a_damaged_adapter_is_an_error_with_the_remedy(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "agents")
    folder = tmp_path / "agents" / "nano.agent"
    (folder / WEIGHTS).write_bytes(b"damaged")
    with pytest.raises(PermanentFailure, match=r"was changed.*git checkout"):
        start_of("nano", wanted(), tmp_path / "agents")
    made_by = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["made_by"]
    (folder / MANIFEST).unlink()
    write_manifest(folder, made_by)
    start, model = start_of("nano", wanted(), tmp_path / "agents"), with_adapter(pretrain.FOLDER, LORA, four_bits=False, seed=2)
    assert start is not None
    with pytest.raises(PermanentFailure, match="cannot be read"):
        start.put_into(model)
    weights = load_file(trained / "nano.agent" / WEIGHTS)
    save_file({name: weight[:-1].contiguous() for name, weight in weights.items()}, folder / WEIGHTS)
    with pytest.raises(PermanentFailure, match="another shape"):
        start.put_into(model)
    assert all(float(weight.abs().max()) == 0 for name, weight in model.named_parameters() if "lora_B" in name)


def test_a_run_goes_on_from_the_bundled_adapter_and_loses_nothing_of_it(trained: Path, tmp_path: Path) -> None:
    said: list[str] = []
    store, tracking = Store(tmp_path / "store"), Tracking(tmp_path / "mlflow.db", tmp_path / "mlflow")
    made = make_adapter(base(), TAUGHT, recipe(1), store, tracking, seed=1, say=said.append, bundled=trained)
    first = json.loads((trained / "nano.agent" / RECORD).read_text(encoding="utf-8"))
    assert made.measures["goes_on"] and any("goes on from" in line for line in said)
    assert made.validation_loss is not None and made.validation_loss <= min(loss for _, loss in first["validation_losses"]) + 1e-3
    again = make_adapter(base(), TAUGHT, recipe(1), store, tracking, seed=1, bundled=tmp_path / "none")
    assert not again.measures["goes_on"] and again.artifact != made.artifact
    assert again.validation_loss is not None and again.validation_loss > made.validation_loss


def test_the_command_names_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LENOVO_STORE", str(tmp_path / "nothing"))
    assert main(["--out", str(tmp_path / "out"), "--tasks", "3"]) == 2
    assert "error:" in capsys.readouterr().err and not (tmp_path / "out").exists()
