"""The stage as Dagster runs it: twice the same inputs change nothing, and a broken template never stops the good ones."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from dagster import DagsterInstance, ExecuteInProcessResult

from lenovo_pipeline.enterprise.tables import TABLES as ENTERPRISE_TABLES
from lenovo_pipeline.prompts import assets, checks
from lenovo_pipeline.prompts.external import EMPTY
from lenovo_pipeline.prompts.tables import LIBRARY, TABLES
from lenovo_pipeline.settings import PROJECT_ROOT

STAGE = (assets.library, assets.external, assets.evaluation_prompts, assets.adversarial, assets.counterfactuals)


def metadata(result: ExecuteInProcessResult, name: str) -> dict[str, Any]:
    [event] = [e for e in result.get_asset_materialization_events() if e.asset_key and e.asset_key.path == ["prompts", name]]
    return {key: value.value for key, value in event.materialization.metadata.items()}


def test_the_stage_is_made_once_and_a_broken_template_leaves_the_others(
    trial: Any, tmp_path: Path, frames: dict[str, pd.DataFrame], instance: DagsterInstance
) -> None:
    folder = tmp_path / "prompts"
    (folder / "device_support").mkdir(parents=True)
    file = folder / "device_support" / "hardware.yaml"
    shutil.copy(PROJECT_ROOT / "data" / "prompts" / "device_support" / "hardware.yaml", file)
    trial.settings = trial.settings.model_copy(update={"prompts": folder, "seed": 11})
    trial.store.open()
    for table in assets.WORLD:
        trial.warehouse.replace(table, frames[table.name])
    tables = [*ENTERPRISE_TABLES, *TABLES]

    first = trial.run(*STAGE, tables=tables)
    assert first.success
    assert metadata(first, "library")["new_versions"] == 4
    assert metadata(first, "external")["by_collection"] == EMPTY
    assert metadata(first, "evaluation_prompts")["balance"].startswith("1,080 prompts.")

    again = trial.run(*STAGE, tables=tables)
    assert again.success
    assert {name: metadata(again, name)["changed"] for name in ("library", "external", "evaluation_prompts", "adversarial")} == {
        "library": False, "external": False, "evaluation_prompts": False, "adversarial": False,
    }  # fmt: skip
    assert metadata(again, "library")["new_versions"] == metadata(again, "library")["moved_aliases"] == 0

    read = yaml.safe_load(file.read_text(encoding="utf-8"))
    read["templates"][0] |= {"template": read["templates"][0]["template"] + "\nBe brief.", "version": 2}
    read["templates"][1]["language"] = "fr"
    file.write_text(yaml.safe_dump(read, allow_unicode=True), encoding="utf-8")
    broken = trial.run(assets.library, checks.every_template_is_valid, tables=tables)
    assert broken.success
    [verdict] = broken.get_asset_check_evaluations()
    assert not verdict.passed
    assert "field language: found 'fr'" in str(verdict.metadata["found"].value)
    stored = trial.warehouse.load(LIBRARY)
    assert sorted(stored["registry_version"]) == [1, 1, 2]
    assert metadata(broken, "library")["rejected"] > 0
