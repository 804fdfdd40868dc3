"""The assets and checks of stage models in real runs: partitions side by side, wrong catalogues, damaged weights."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import AssetCheckResult, AssetChecksDefinition, DagsterEventType

from lenovo_pipeline.models import assets, checks
from lenovo_pipeline.models.catalogue import read_catalogue
from lenovo_pipeline.models.tables import AVAILABILITY, CATALOGUE, FOUNDATION, TABLES
from lenovo_pipeline.resources.assets import SKIPPED
from lenovo_pipeline.resources.checks import contract_check
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

COMMITTED = PROJECT_ROOT / "data" / "catalogue" / "models.yaml"
PARTS = (
    assets.catalogue,
    assets.availability,
    assets.foundation,
    checks.every_partition_has_a_valid_entry,
    checks.every_reference_is_valid,
    checks.mobile_and_edge_models_have_fewer_than_4b_parameters,
    checks.eligibility_follows_from_the_licence,
    checks.resolved_models_are_what_the_catalogue_says,
)
Edit = Callable[[dict[str, Any]], None]


class User:
    """Somebody with a catalogue of their own, whose bundled model is a folder of a few bytes."""

    def __init__(self, trial: Any, path: Path, folder: Path) -> None:
        self.trial = trial
        self.path = path
        self.folder = folder
        self.edit(lambda found: found["partitions"][0].update(parameters=37, context_length=64))
        # Port 9 discards: no server of the developer's takes part.
        changes = {"catalogue": path, "ollama_url": "http://127.0.0.1:9", "github_token": None, "openai_url": None}
        trial.settings = Settings(**{**trial.settings.model_dump(), **changes})

    def edit(self, change: Edit) -> None:
        found = yaml.safe_load((self.path if self.path.exists() else COMMITTED).read_text(encoding="utf-8"))
        found["partitions"][0]["identifiers"]["folder"] = str(self.folder)
        change(found)
        self.path.write_text(yaml.safe_dump(found, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def run(self, model: str = "lenovo-nano", *more: AssetChecksDefinition) -> Any:
        return self.trial.run(*PARTS, *more, tables=TABLES, partition=model)

    @property
    def models(self) -> list[str]:
        return [str(name) for name in self.trial.warehouse.load(FOUNDATION)["model"]]


@pytest.fixture
def user(trial: Any, folder: Path, tmp_path: Path) -> User:
    return User(trial, tmp_path / "models.yaml", folder)


def failed_checks(result: Any) -> set[str]:
    return {each.check_name for each in result.get_asset_check_evaluations() if not each.passed}


def said_by_the_failed_step(result: Any) -> str:
    (failure,) = [event for event in result.all_events if event.event_type == DagsterEventType.STEP_FAILURE]
    return str(failure.step_failure_data.user_failure_data.description)


def test_the_bundled_model_is_resolved_and_one_that_is_out_of_reach_is_skipped_beside_it(user: User) -> None:
    result = user.run("lenovo-nano", *(contract_check(table) for table in TABLES))
    assert result.success
    assert failed_checks(result) == set()
    (nano,) = user.trial.warehouse.load(FOUNDATION).to_dict("records")
    assert (nano["model"], nano["source"], nano["parameters"]) == ("lenovo-nano", "folder", 37)
    version = user.trial.warehouse.described(FOUNDATION, model="lenovo-nano")["digest"]

    skipped = user.run("phi-4-mini")
    assert skipped.success
    (observed,) = skipped.filter_events(lambda event: event.event_type == DagsterEventType.ASSET_OBSERVATION)
    reason = observed.asset_observation_data.asset_observation.metadata[SKIPPED].value
    assert reason.startswith("phi-4-mini cannot be reached. Hugging Face cache: microsoft/Phi-4-mini-instruct is not there")
    assert "Ollama" in reason
    assert user.models == ["lenovo-nano"]
    availability = user.trial.warehouse.load(AVAILABILITY).set_index("name")
    assert availability.loc["lenovo-nano", "source"] == "folder"
    assert not availability.drop("lenovo-nano")["reachable"].any()

    assert user.run().success
    assert user.trial.warehouse.described(FOUNDATION, model="lenovo-nano")["digest"] == version
    (user.folder / "chat_template.jinja").write_text("another")
    assert user.run().success
    assert user.trial.warehouse.described(FOUNDATION, model="lenovo-nano")["digest"] != version


def test_the_catalogue_is_shown_with_what_licences_allow_and_its_file_hash(user: User) -> None:
    result = user.run()
    (made,) = result.asset_materializations_for_node("models__catalogue")
    shown = str(made.metadata["models"].value)
    assert "qwen-2.5-3b (partition)" in shown
    assert "Qwen RESEARCH LICENSE AGREEMENT" in shown
    assert "unknown" in shown
    assert made.metadata["file_sha256"].value == read_catalogue(user.path).sha256
    assert made.metadata["rejected"].value == "none"


def test_a_wrong_reference_warns_and_a_wrong_partition_fails_its_check_while_the_others_are_made(user: User) -> None:
    def spoil(found: dict[str, Any]) -> None:
        found["references"][0]["licence"] = {**found["references"][0]["licence"], "class": "freeware"}
        found["partitions"][1]["parameters"] = 40_000_000_000

    user.edit(spoil)
    result = user.run()
    assert result.success
    assert user.models == ["lenovo-nano"]
    found = {each.check_name: each for each in result.get_asset_check_evaluations() if not each.passed}
    assert set(found) == {"every_reference_is_valid", "every_partition_has_a_valid_entry"}
    reference, partition = found["every_reference_is_valid"], found["every_partition_has_a_valid_entry"]
    assert (reference.severity.value, partition.severity.value) == ("WARN", "ERROR")
    assert "gpt-5: licence.class: found 'freeware'" in str(reference.metadata["found"].value)
    assert "phi-4-mini has 40,000,000,000 parameters" in str(partition.metadata["found"].value)

    refused = user.run("phi-4-mini")
    assert not refused.success
    assert "the catalogue has no valid entry 'phi-4-mini'" in said_by_the_failed_step(refused)
    assert user.models == ["lenovo-nano"]


def test_a_catalogue_that_cannot_be_read_fails_its_asset_with_what_is_wrong_and_keeps_what_was_made(user: User) -> None:
    assert user.run().success
    user.path.write_text("partitions: [{{{")
    result = user.run()
    assert not result.success
    assert "is no valid YAML" in said_by_the_failed_step(result)
    assert user.models == ["lenovo-nano"]


def test_cut_weights_of_the_bundled_model_fail_its_partition_and_keep_what_was_made(user: User) -> None:
    assert user.run().success
    weights = user.folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    result = user.run()
    assert not result.success
    said = said_by_the_failed_step(result)
    assert "the bundled model lenovo-nano cannot be used" in said
    assert "git checkout -- " in said
    assert user.models == ["lenovo-nano"]
    assert result.asset_materializations_for_node("models__availability")


def test_what_the_catalogue_says_of_a_model_is_held_against_its_files(user: User) -> None:
    user.edit(lambda found: found["partitions"][0].update(parameters=3700))
    result = user.run()
    assert result.success
    assert failed_checks(result) == {"resolved_models_are_what_the_catalogue_says"}


@pytest.mark.parametrize(
    ("check", "column", "value", "expected"),
    [
        (
            checks.mobile_and_edge_models_have_fewer_than_4b_parameters,
            "targets",
            ["mobile"],
            "mistral-nemo has 12,247,782,400 parameters, but its targets name mobile",
        ),
        (
            checks.eligibility_follows_from_the_licence,
            "eligible_for",
            ["on_device"],
            "mistral-nemo is stated as eligible for on_device; its licence allows evaluation, production",
        ),
        (checks.eligibility_follows_from_the_licence, "commercial_use", "no", "its licence allows evaluation"),
    ],
)
def test_a_check_fails_on_a_table_that_says_otherwise(tmp_path: Path, check: Any, column: str, value: Any, expected: str) -> None:
    import pandas as pd

    warehouse = Warehouse(str(tmp_path / "warehouse.duckdb"))
    resources = {"store": Store(tmp_path), "warehouse": warehouse}
    rows = read_catalogue(COMMITTED).rows()
    warehouse.replace(CATALOGUE, pd.DataFrame(rows, columns=list(CATALOGUE.column_names)))
    passed = check(**resources)
    assert isinstance(passed, AssetCheckResult)
    assert passed.passed
    changed = [{**row, column: value} if row["name"] == "mistral-nemo" else row for row in rows]
    warehouse.replace(CATALOGUE, pd.DataFrame(changed, columns=list(CATALOGUE.column_names)))
    failed = check(**resources)
    assert not failed.passed
    assert expected in str(failed.metadata["found"].value)


def test_a_catalogue_in_any_state_leaves_the_code_location_loadable_with_the_partitions_that_can_be_read(
    tmp_path: Path,
) -> None:
    code = (
        "from lenovo_pipeline.definitions import defs\n"
        "from dagster import AssetKey\n"
        "found = defs.resolve_asset_graph().get(AssetKey(['models', 'foundation'])).partitions_def\n"
        "print(*found.get_partition_keys())"
    )
    whole = COMMITTED.read_text(encoding="utf-8")
    states = {
        whole: "lenovo-nano phi-4-mini llama-3.2-3b qwen-2.5-3b ministral-3b mistral-nemo",
        whole[: whole.index("  - name: qwen-2.5-3b")] + "  - {{{": "lenovo-nano phi-4-mini llama-3.2-3b",
    }
    path = tmp_path / "models.yaml"
    environment = {**os.environ, "LENOVO_CATALOGUE": str(path), "LENOVO_STORE": str(tmp_path / "store"), "DAGSTER_HOME": ""}
    for text, expected in states.items():
        path.write_text(text, encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT, env=environment
        )
        assert ended.stdout.splitlines()[-1] == expected
