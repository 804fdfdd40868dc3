"""Adapters are combined, merged, registered and chosen in real runs; every check of that fails on data that breaks it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from dagster import AssetCheckResult

from lenovo_pipeline.models import assets
from lenovo_pipeline.models.compression.base import Base
from lenovo_pipeline.models.registry import assets as made
from lenovo_pipeline.models.registry import checks
from lenovo_pipeline.models.registry.merging import Merging, best_adapter
from lenovo_pipeline.models.tables import (
    ADAPTER_CHAMPIONS,
    ADAPTER_REGISTRY,
    ADAPTERS,
    AVAILABILITY,
    CATALOGUE,
    COMPOSED_ADAPTERS,
    DOMAINS,
    DROPPED_ADAPTERS,
    FOUNDATION,
    MERGED,
    TRAINING_SETS,
)
from lenovo_pipeline.resources.checks import contract_check
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.inference.modelfile import read_modelfile
from lenovo_pipeline.resources.ledger import Ledger
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

TABLES = (
    CATALOGUE,
    AVAILABILITY,
    FOUNDATION,
    TRAINING_SETS,
    ADAPTERS,
    COMPOSED_ADAPTERS,
    DROPPED_ADAPTERS,
    MERGED,
    ADAPTER_REGISTRY,
    ADAPTER_CHAMPIONS,
)
CHECKS = (
    checks.every_adapter_is_registered,
    checks.registered_adapters_are_whole,
    checks.adapters_take_at_most_50_mib,
    checks.mlflow_holds_every_adapter,
    checks.champions_fit_the_present_base,
    checks.combinations_are_better_than_the_base,
    checks.merged_models_answer_as_base_and_adapter,
)
ASSETS = (made.composed_adapters, made.merged, made.adapter_registry, made.adapter_champions)
COMMITTED = PROJECT_ROOT / "data" / "catalogue" / "models.yaml"


def examples() -> list[dict[str, Any]]:
    return [
        {
            "example_id": f"TS-{number:016x}",
            "domain": DOMAINS[number % 4],
            "task": "open_book_answer",
            "split": "validation" if number % 2 else "train",
            "question_id": None,
            "messages": [
                {"role": "user", "content": f"Question: what does part {number} cost?"},
                {"role": "assistant", "content": f"Answer: {number} USD"},
            ],
            "tools": [],
            "record_ids": [],
            "version": "0" * 16,
        }
        for number in range(24)
    ]


class Architect:
    """Somebody whose bundled model is a small one, with two adapters of it in the warehouse."""

    def __init__(self, trial: Any, workshop: Any, base: Path, catalogue: Path) -> None:
        self.trial, self.workshop = trial, workshop
        workshop.base, workshop.store = base, trial.store
        found = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
        found["partitions"][0]["identifiers"]["folder"] = str(base)
        catalogue.write_text(yaml.safe_dump(found, allow_unicode=True), encoding="utf-8")
        changes = {"catalogue": catalogue, "ollama_url": "http://127.0.0.1:9", "github_token": None, "openai_url": None}
        trial.settings = Settings(**{**trial.settings.model_dump(), **changes})
        trial.store.open()
        self.warehouse = trial.warehouse
        self.warehouse.replace(TRAINING_SETS, pd.DataFrame(examples(), columns=list(TRAINING_SETS.column_names)))
        self.adapters = [workshop.build(domain, seed=seed, model="lenovo-nano") for seed, domain in enumerate(DOMAINS[:2])]
        self.put(ADAPTERS, self.adapters)

    def put(self, table: Any, rows: list[dict[str, Any]]) -> None:
        self.warehouse.replace(table, pd.DataFrame(rows, columns=list(table.column_names)), model="lenovo-nano")

    def run(self, *parts: Any, model: str = "lenovo-nano") -> Any:
        first = (assets.catalogue, assets.availability, assets.foundation)
        return self.trial.run(*first, *parts, tables=TABLES, partition=model)

    def judge(self, check: Any) -> AssetCheckResult:
        resources: dict[str, Any] = {"store": self.trial.store, "warehouse": self.warehouse}
        if check is checks.mlflow_holds_every_adapter:
            resources["tracking"] = Tracking(self.trial.store.mlflow, self.trial.store.artifacts / "mlflow")
        if check is checks.dropped_adapters_are_taken:
            resources["settings"] = self.trial.settings
        found = check(**resources)
        assert isinstance(found, AssetCheckResult)
        return found


@pytest.fixture
def architect(trial: Any, workshop: Any, small_model: Path, tmp_path: Path) -> Architect:
    return Architect(trial, workshop, Path(shutil.copytree(small_model, tmp_path / "small")), tmp_path / "models.yaml")


def stored(architect: Architect, table: Any) -> list[dict[str, Any]]:
    rows: list[Any] = architect.warehouse.load(table).to_dict("records")
    return [{**row, "measures": json.loads(row["measures"])} for row in rows]


def test_adapters_are_combined_merged_registered_and_chosen_and_nothing_is_made_twice(architect: Architect) -> None:
    contracts = [contract_check(table) for table in (COMPOSED_ADAPTERS, MERGED, ADAPTER_REGISTRY, ADAPTER_CHAMPIONS)]
    result = architect.run(*ASSETS, *CHECKS, *contracts)
    assert result.success
    failed = {each.check_name for each in result.get_asset_check_evaluations() if not each.passed}
    assert failed <= {"combinations_are_better_than_the_base"}, "random adapters need not help"
    weighted, stacked = sorted(stored(architect, COMPOSED_ADAPTERS), key=lambda row: str(row["method"]), reverse=True)
    names = {"base", *(row["build"] for row in architect.adapters)}
    for row, rank in ((weighted, 2), (stacked, 4)):
        assert set(row["measures"]["losses"]) == names
        assert (row["domain"], row["measures"]["rank"]) == ("all", rank)
        assert row["validation_loss"] > 0
    assert set(stacked["measures"]["weights"].values()) == {1 / len(stacked["measures"]["weights"])}
    (merged,) = stored(architect, MERGED)
    folder = architect.trial.store.root / merged["path"]
    assert merged["measures"]["token_agreement"] >= 0.995
    assert identify(folder).template_hash == identify(architect.workshop.base).template_hash
    assert read_modelfile((folder / "Modelfile").read_text()).source == "."
    rows = Ledger(architect.warehouse, ADAPTER_REGISTRY).rows()
    assert {row["build"] for row in rows} == {weighted["build"], stacked["build"], *names - {"base"}}
    assert {row["domain"] for row in Ledger(architect.warehouse, ADAPTER_CHAMPIONS).rows()} == {"all", *DOMAINS[:2]}

    again = architect.run(*ASSETS)
    assert again.success
    for name in ("composed_adapters", "merged", "adapter_registry", "adapter_champions"):
        assert again.asset_materializations_for_node(f"models__{name}")[0].metadata["changed"].value is False, name


def test_an_adapter_that_cannot_be_used_is_refused_and_its_check_says_why_while_the_others_are_registered(
    architect: Architect,
) -> None:
    bad, good = architect.adapters
    (architect.trial.store.root / bad["path"] / "adapter_model.bin").write_bytes(b"\x80\x04.")
    result = architect.run(made.adapter_registry, made.adapter_champions, checks.every_adapter_is_registered)
    assert result.success
    (refusal,) = result.asset_materializations_for_node("models__adapter_registry")
    assert refusal.metadata["refused"].value == 1
    (failed,) = [each for each in result.get_asset_check_evaluations() if not each.passed]
    assert f"{bad['build']} is not registered: adapter_model.bin is pickled" in str(failed.metadata["found"].value)
    assert [row["build"] for row in Ledger(architect.warehouse, ADAPTER_REGISTRY).rows()] == [good["build"]]


def test_an_adapter_that_was_dropped_is_registered_and_a_bad_one_beside_it_fails_the_check(architect: Architect) -> None:
    place = architect.trial.settings.adapters / "lenovo-nano"
    architect.workshop.adapter(place / "good", 7)
    architect.workshop.adapter(place / "bad", 8)
    (place / "bad" / "adapter_config.json").unlink()
    result = architect.run(made.dropped_adapters, made.adapter_registry, checks.dropped_adapters_are_taken)
    assert result.success
    (row,) = architect.warehouse.load(DROPPED_ADAPTERS).to_dict("records")
    assert row["build"] == "lenovo-nano/dropped/good"
    assert "lenovo-nano/dropped/good" in {row["build"] for row in Ledger(architect.warehouse, ADAPTER_REGISTRY).rows()}
    (failed,) = [each for each in result.get_asset_check_evaluations() if not each.passed]
    assert "adapter_config.json" in str(failed.metadata["found"].value)
    shutil.rmtree(place / "bad")
    assert architect.judge(checks.dropped_adapters_are_taken).passed


def test_a_dropped_copy_of_an_adapter_that_the_pipeline_made_is_told(architect: Architect) -> None:
    original = architect.adapters[0]
    place = architect.trial.settings.adapters / "lenovo-nano" / "mine"
    shutil.copytree(architect.workshop.store.root / original["path"], place)
    result = architect.run(made.dropped_adapters, made.adapter_registry, checks.dropped_adapters_are_new)
    assert result.success
    (told,) = [each for each in result.get_asset_check_evaluations() if not each.passed]
    said = f"lenovo-nano/dropped/mine has the same content as {original['build']}, version 1"
    assert said in str(told.metadata["found"].value)
    shutil.rmtree(place)
    assert architect.run(made.dropped_adapters).success
    assert architect.judge(checks.dropped_adapters_are_new).passed


def test_a_combination_of_adapters_of_another_base_fails_with_every_mismatch_and_leaves_what_was_registered(
    architect: Architect,
) -> None:
    assert architect.run(made.adapter_registry).success
    before = Ledger(architect.warehouse, ADAPTER_REGISTRY).rows()
    (architect.workshop.base / "chat_template.jinja").write_text("{{ messages }}")
    result = architect.run(*ASSETS)
    assert not result.success
    said = " ".join(str(event.event_specific_data) for event in result.all_events if event.is_step_failure)
    assert "base_revision is" in said
    assert "base_template_hash is" in said
    assert Ledger(architect.warehouse, ADAPTER_REGISTRY).rows() == before


def test_a_model_that_is_not_on_this_machine_is_skipped_and_the_other_partition_stays(architect: Architect) -> None:
    assert architect.run(made.adapter_registry).success
    before = Ledger(architect.warehouse, ADAPTER_REGISTRY).rows()
    assert architect.run(*ASSETS, model="phi-4-mini").success
    assert Ledger(architect.warehouse, ADAPTER_REGISTRY).rows() == before != []


def test_checks_of_the_registry_fail_on_damage_on_size_on_another_base_and_on_a_foreign_alias(architect: Architect) -> None:
    assert architect.run(made.adapter_registry, made.adapter_champions).success
    judged = (
        checks.every_adapter_is_registered,
        checks.registered_adapters_are_whole,
        checks.adapters_take_at_most_50_mib,
        checks.mlflow_holds_every_adapter,
        checks.champions_fit_the_present_base,
    )
    assert all(architect.judge(check).passed for check in judged)
    registry = Ledger(architect.warehouse, ADAPTER_REGISTRY)
    row = registry.rows()[0]
    registry.put([{**row, "size_bytes": 51 * 2**20}])
    (architect.trial.store.root / row["path"] / "adapter_config.json").write_text("{}")
    client = architect.trial.client()
    client.delete_registered_model_alias(f"lenovo-nano.{row['domain']}", "champion")
    foundation: list[Any] = architect.warehouse.load(FOUNDATION).drop(columns="content_hash").to_dict("records")
    architect.put(FOUNDATION, [{**foundation[0], "revision": "f" * 16}])
    architect.put(ADAPTERS, [*architect.adapters, architect.workshop.build("all", seed=9, model="lenovo-nano")])
    expected = ("lora/all is not registered", "was changed", "takes 51.0 MiB", "points at version None", "the base is ffff")
    for check, words in zip(judged, expected, strict=True):
        found = architect.judge(check)
        assert not found.passed
        assert words in str(found.metadata["found"].value)


def test_a_merged_model_with_other_weights_does_not_agree_and_its_check_fails(architect: Architect, tmp_path: Path) -> None:
    base = architect.workshop.base
    identity = identify(base)
    foundation = {"identity": "0" * 64, "revision": identity.revision, "model": "lenovo-nano"}
    merging = Merging(Base(base, foundation, "MIT"), examples(), architect.trial.store, "smoke", print)
    other = Path(shutil.copytree(base, tmp_path / "other"))
    agreed = merging.agreed(architect.trial.store.root / architect.adapters[0]["path"], other)
    assert agreed["token_agreement"] < 0.9
    build = architect.workshop.build("all", method="merged", model="lenovo-nano", measures=agreed, format="transformers")
    architect.put(MERGED, [build])
    assert not architect.judge(checks.merged_models_answer_as_base_and_adapter).passed
    architect.put(MERGED, [{**build, "measures": {**agreed, "token_agreement": 0.999}}])
    assert architect.judge(checks.merged_models_answer_as_base_and_adapter).passed


def test_a_combination_that_is_worse_than_the_base_fails_its_check(architect: Architect) -> None:
    measures = {"losses": {"base": 2.0}, "weights": {}, "rank": 2, "compared_on_rows": 4}
    build = architect.workshop.build("all", method="stacked", model="lenovo-nano", measures=measures, loss=2.5)
    architect.put(COMPOSED_ADAPTERS, [build])
    found = architect.judge(checks.combinations_are_better_than_the_base)
    assert not found.passed
    assert "2.5000 nat/token, the base alone has 2.0000" in str(found.metadata["found"].value)
    architect.put(COMPOSED_ADAPTERS, [{**build, "validation_loss": 1.5}])
    assert architect.judge(checks.combinations_are_better_than_the_base).passed


def test_the_adapter_with_the_lowest_loss_over_all_domains_is_merged() -> None:
    singles = [{"build": "m/lora/a", "validation_loss": 0.1}, {"build": "m/lora/b", "validation_loss": 0.2}]
    losses = {"base": 0.0, "m/lora/a": 3.0, "m/lora/b": 1.0}
    composed = [{"build": "m/weighted/all", "validation_loss": 2.0, "measures": {"losses": losses}}]
    assert best_adapter(singles, composed)["build"] == "m/lora/b"
    assert best_adapter(singles, [{**composed[0], "validation_loss": 0.5}])["build"] == "m/weighted/all"
