"""Real builds of the bundled model, opened by the backends that run them: an adapter and a model of its own."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.evaluation.builds import grouped
from lenovo_pipeline.evaluation.keeping import stored_rows
from lenovo_pipeline.evaluation.kinds import build_contenders, raw_contenders
from lenovo_pipeline.evaluation.scoring import score_all
from lenovo_pipeline.evaluation.tables import ADAPTER
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.models.builds import Build, kept
from lenovo_pipeline.models.catalogue import read_catalogue, require_row
from lenovo_pipeline.models.foundation import resolve
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.inference.adapters import base_of, record_base
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

NANO = PROJECT_ROOT / "data" / "models" / "lenovo-nano"
SETTINGS = RunSettings(batch_size=8, timeout_s=300.0)


def untrained(folder: Path) -> dict[str, Any]:
    """An adapter that changes nothing: its second matrices are zero before any training."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(NANO)
    adapted: Any = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    adapted.save_pretrained(str(folder))
    (folder / "README.md").unlink(missing_ok=True)
    record_base(folder, identify(NANO))
    return {}


def copied(folder: Path) -> dict[str, Any]:
    shutil.copytree(NANO, folder, dirs_exist_ok=True)
    return {}


@pytest.fixture
def resolved(settings: Settings) -> tuple[dict[str, Any], Any]:
    row = require_row(read_catalogue(settings.catalogue).rows(), "lenovo-nano")
    return resolve(row, Inference(settings), PROJECT_ROOT, bundled="lenovo-nano"), row


def test_an_adapter_that_changes_nothing_and_a_copy_answer_as_their_base(
    store: Store, settings: Settings, resolved: tuple[dict[str, Any], Any], build: Any, gold: Any, warehouse: Any
) -> None:
    foundation, row = resolved
    of_base = {name: foundation[name] for name in ("tokenizer_hash", "template_hash")}
    of_base |= {"base": foundation["identity"], "base_revision": foundation["revision"]}
    made: list[Build] = []
    for name, form, make in (("a", "adapter", untrained), ("b", "transformers", copied)):
        recipe = base_of(identify(NANO)) if form == "adapter" else {"trial": name}
        artifact = kept(store, form, recipe, make)
        made.append(build(name, format=form, artifact=artifact.content, path=artifact.path, **of_base))
    inference, (closed, opened) = Inference(settings), gold.asked(2)
    with raw_contenders(foundation, row, inference, closed, opened) as contenders:
        base = score_all(contenders[1:], ADAPTER, None, logs=store.artifacts / "logs", settings=SETTINGS).frame
    builds = grouped([("adapters", asdict(each)) for each in made])
    with build_contenders(builds, foundation, row, inference, store, opened) as contenders:
        found = score_all(contenders, ADAPTER, None, logs=store.artifacts / "logs", settings=SETTINGS)
    assert (found.refused, found.failed, found.asked) == ({}, 0, 2 * len(opened))
    said = {name: mine["said"].tolist() for name, mine in found.frame.groupby("candidate")}
    assert said == {"a": base["said"].tolist(), "b": base["said"].tolist()}
    warehouse.replace(ADAPTER, found.frame, model="lenovo-nano")
    with build_contenders(builds, foundation, row, inference, store, opened) as contenders:
        stored = stored_rows(warehouse, ADAPTER, "lenovo-nano")
        assert score_all(contenders, ADAPTER, stored, logs=store.artifacts / "logs", settings=SETTINGS).asked == 0
