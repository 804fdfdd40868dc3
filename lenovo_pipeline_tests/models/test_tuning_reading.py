"""The reading adapter: what it is taught, its long training, and what the domains' adapters make of it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.reading import question_messages
from lenovo_pipeline.models import pretrain
from lenovo_pipeline.models.compression.base import Base, open_tokenizer
from lenovo_pipeline.models.tables import DOMAINS
from lenovo_pipeline.models.tuning import recipes
from lenovo_pipeline.models.tuning.customising import Customising
from lenovo_pipeline.models.tuning.reading.bundling import bundle
from lenovo_pipeline.models.tuning.reading.lessons import exam, lessons
from lenovo_pipeline.models.tuning.reading.recipe import BUNDLED, ReadingRecipe
from lenovo_pipeline.models.tuning.reading.start import FOLDER, place_of, start_of, told, wanted_of
from lenovo_pipeline.models.tuning.reading.worlds import examples_to_teach, without_sentences
from lenovo_pipeline.models.tuning.recipes import RECIPES, Data, Lora, Recipe
from lenovo_pipeline.models.tuning.starts import RECORD, WEIGHTS
from lenovo_pipeline.models.tuning.trainer import Plan
from lenovo_pipeline.provenance import MANIFEST
from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
from lenovo_pipeline.resources.inference.local import open_local
from lenovo_pipeline.resources.inference.messages import GenerationSettings, Message
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking

LORA = Lora(rank=4, alpha=4)
PLAN = Plan(steps=3, rate=3e-3, batch_tokens=600, warmup=1, validate_every=3, checkpoint_every=1, patience=0)


def example(number: int, domain: str = "device_support") -> dict[str, Any]:
    asked = question_messages(f"What is the price of thing {number}?", [f"# thing {number}\n\n- Price: {number} USD"])
    said = {"role": "assistant", "content": f"For thing {number} [1] price:\n- Price: {number} USD\nAnswer: {number} USD"}
    split = "validation" if number % 4 == 0 and domain != "all" else "train"
    return {"domain": domain, "split": split, "messages": [*asked, said], "tools": [], "version": "0" * 16}


EXAMPLES = [example(number) for number in range(1, 17)]


def recipe(**changes: Any) -> ReadingRecipe:
    return replace(ReadingRecipe(worlds=(1,), plan=PLAN, lora=LORA, validation=2, skills=2), **changes)


def train(place: Path, said: list[str], *, say: Callable[[str], None] | None = None, plan: Plan = PLAN) -> Path:
    checkpoints = place.parent / "checkpoints"
    return bundle(pretrain.FOLDER, "nano", EXAMPLES, place, checkpoints, say=say or said.append, recipe=recipe(plan=plan))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of reading adapters with one in it."""
    place = tmp_path_factory.mktemp("bundled") / "reading"
    train(place, [])
    return place


def wanted(**changes: Any) -> dict[str, Any]:
    return {**wanted_of(asdict(identify(pretrain.FOLDER)), LORA), **changes}


def tuning(store: Path, empty_tracking_database: Path, starts: Path) -> Customising:
    shutil.copy(empty_tracking_database, store / "mlflow.db")
    identity = identify(pretrain.FOLDER)
    row = {"model": "nano", "identity": "nano's", "parameters": identity.parameters, **asdict(identity)}
    examples = [example(number, [*DOMAINS, "all"][number % 5]) for number in range(1, 41)]
    tracking = Tracking(store / "mlflow.db", store / "mlflow")
    base = Base(pretrain.FOLDER, row, "Apache-2.0")
    return Customising("adapters", base, examples, Store(store), tracking, "smoke", 1, lambda _: None, starts)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Data(own=4, others=1, rehearsals=1, validation=2, skills=2)
    made = Recipe(data, PLAN, LORA, replace(PLAN, rate=1e-9), strengths=(1.0,))
    monkeypatch.setitem(recipes.RECIPES, "smoke", {"lora": made, "qlora": made, "full": replace(made, lora=None)})


def test_worlds_teach_of_their_train_split_and_no_sentence_that_answers_a_question_of_any_split(tmp_path: Path) -> None:
    said: list[str] = []
    encoder = OnnxEncoder(bundled_encoder(), tmp_path)
    found = examples_to_teach([7, 8], 128, encoder.count_tokens, said.append, scale=0.05)
    assert len(said) == 2 and {each["split"] for each in found} == {"train", "validation"}
    assert len({each["example_id"] for each in found}) == len(found) > 100
    again = examples_to_teach([7], 128, encoder.count_tokens, said.append, scale=0.05)
    assert {each["example_id"] for each in found} & {each["example_id"] for each in again}


def test_an_example_with_a_sentence_that_answers_a_question_is_left_out() -> None:
    import pandas as pd

    told = "Replace the left hinge before you do anything else to it."
    other = example(3)
    other["messages"] = [*other["messages"][:-1], {"role": "assistant", "content": f"Answer: {told}"}]
    asked = pd.DataFrame({"answer": [told], "aliases": [[]], "answer_type": ["text"]})
    assert without_sentences([example(1), other], asked) == [example(1)]


def test_lessons_are_of_the_train_split_with_their_share_of_rehearsals_and_as_many_as_the_plan_needs() -> None:
    tokenizer = open_tokenizer(pretrain.FOLDER)
    rows = lessons(tokenizer, EXAMPLES, recipe())
    shown = [tokenizer.decode(row.ids) for row in rows]
    own = [text for text in shown if "price of thing" in text]
    assert own and not any(f"thing {number}?" in text for text in own for number in (4, 8, 12, 16))
    of_own = sum(len(row.ids) for row, text in zip(rows, shown, strict=True) if text in own)
    assert 0.2 < 1 - of_own / sum(len(row.ids) for row in rows) < 0.6
    assert len(lessons(tokenizer, EXAMPLES, recipe(plan=replace(PLAN, steps=1)))) < len(rows)
    assert [row.ids for row in rows] == [row.ids for row in lessons(tokenizer, EXAMPLES, recipe())]
    assert all(
        "thing 4" in tokenizer.decode(row.ids) or "thing 8" in tokenizer.decode(row.ids)
        for row in exam(tokenizer, EXAMPLES, recipe())
    )


def test_the_long_training_leaves_an_adapter_that_answers_and_its_record(trained: Path) -> None:
    folder = place_of("nano", trained)
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    assert len(record["losses"]) == 3 and record["recipe"]["worlds"] == [1] and record["rows"] > 3
    assert record["validation_losses"][-1][1] < record["validation_losses"][0][1]
    assert record["strength"] in BUNDLED.strengths and record["skill_loss"] and record["base_skill_loss"]
    assert not (trained.parent / "checkpoints").exists() and [path.name for path in trained.iterdir()] == ["nano.reading"]
    backend = open_local(pretrain.FOLDER, folder)
    assert backend.generate([Message("user", "Hello")], GenerationSettings(max_tokens=4)).tokens_out
    backend.close()


def test_a_kill_leaves_the_old_one_and_the_same_command_goes_on(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "reading")
    before = (place_of("nano", tmp_path / "reading") / WEIGHTS).read_bytes()

    def killed(line: str) -> None:
        if line.startswith("step 10/"):
            raise KeyboardInterrupt

    longer = replace(PLAN, steps=11)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "reading", [], say=killed, plan=longer)
    assert (place_of("nano", tmp_path / "reading") / WEIGHTS).read_bytes() == before
    said: list[str] = []
    folder = train(tmp_path / "reading", said, plan=longer)
    assert any(line.startswith("resumed after step") for line in said)
    assert len(json.loads((folder / RECORD).read_text(encoding="utf-8"))["losses"]) == 11
    assert (folder / WEIGHTS).read_bytes() != before


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_adapters_go_on_from_one_that_fits(
    trained: Path, tmp_path: Path, small: None, empty_tracking_database: Path, method: str
) -> None:
    said: list[str] = []
    made = replace(tuning(tmp_path, empty_tracking_database, trained), say=said.append).adapters(method)
    first = place_of("nano", trained)
    assert sum(f"goes on from {first}" in line for line in said) == len(DOMAINS)
    kept = load_file(first / WEIGHTS)
    for build in made:
        assert build.measures["goes_on"] is True
        assert build.made_by["start"] == start_of("nano", wanted(), trained).content  # type: ignore[union-attr]
        # Steps that hardly move leave the weights that it went on from.
        now = load_file(tmp_path / build.path / WEIGHTS)
        assert all(bool((now[name] - kept[name]).abs().max() < 1e-6) for name in kept)


def test_adapters_of_a_changed_start_are_made_anew(
    trained: Path, tmp_path: Path, small: None, empty_tracking_database: Path
) -> None:
    made = tuning(tmp_path, empty_tracking_database, trained).adapters("lora")
    other = tuning(tmp_path, empty_tracking_database, tmp_path / "nothing")
    said: list[str] = []
    anew = replace(other, say=said.append).adapters("lora")
    assert {build.artifact for build in made}.isdisjoint(build.artifact for build in anew)
    assert all(build.measures["goes_on"] is False and "start" not in build.made_by for build in anew)
    assert sum("starts from nothing: there is no adapter in data/reading" in line for line in said) == len(DOMAINS)


def test_weights_that_are_no_adapter_any_more_are_an_error_with_a_remedy(
    trained: Path, tmp_path: Path, small: None, empty_tracking_database: Path
) -> None:
    shutil.copytree(trained, tmp_path / "reading")
    weights = place_of("nano", tmp_path / "reading") / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(PermanentFailure, match="is damaged"):
        tuning(tmp_path, empty_tracking_database, tmp_path / "reading").adapters("lora")
    weights.write_bytes(b"no adapter")
    (weights.parent / MANIFEST).unlink()
    with pytest.raises(PermanentFailure):
        tuning(tmp_path, empty_tracking_database, tmp_path / "reading").adapters("lora")


@pytest.mark.parametrize("name", ["base_revision", "base_tokenizer_hash", "base_template_hash", "form"])
def test_one_for_another_base_or_form_is_not_gone_on_from_and_the_sentence_names_what_differs(trained: Path, name: str) -> None:
    start = start_of("nano", wanted(**{name: "another"}), trained)
    assert start is not None and not start.fits
    assert told(start).startswith("starts from nothing") and f"{name} is " in told(start) and "tuning.reading" in told(start)
    assert start_of("other", wanted(), trained) is None


def test_weights_of_another_shape_are_refused_and_change_nothing(trained: Path, tmp_path: Path) -> None:
    from lenovo_pipeline.models.tuning.adapters import with_adapter

    shutil.copytree(trained, tmp_path / "reading")
    start = start_of("nano", wanted(), tmp_path / "reading")
    assert start is not None
    weights = load_file(start.folder / WEIGHTS)
    model = with_adapter(pretrain.FOLDER, LORA, four_bits=False, seed=3)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters() if weight.requires_grad}
    save_file({name: weight[:1].clone() for name, weight in weights.items()}, start.folder / WEIGHTS)
    with pytest.raises(PermanentFailure, match="of another shape"):
        start.put_into(model)
    assert all(bool((weight == before[name]).all()) for name, weight in model.named_parameters() if weight.requires_grad)


def test_the_one_that_comes_with_the_product_fits_the_bundled_model_and_the_recipes_of_every_profile() -> None:
    for profile, methods in RECIPES.items():
        for method in ("lora", "qlora"):
            lora = methods[method].lora
            assert lora is not None
            start = start_of("lenovo-nano", wanted_of(asdict(identify(pretrain.FOLDER)), lora))
            assert start is not None and start.fits, (profile, method, told(start))
    record = json.loads((place_of("lenovo-nano", FOLDER) / RECORD).read_text(encoding="utf-8"))
    assert record["recipe"] == json.loads(json.dumps(asdict(BUNDLED)))
