"""The workflow of GitHub Actions names commands, assets and jobs that there are."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import AssetKey

from lenovo_pipeline.definitions import defs
from lenovo_pipeline.settings import PROJECT_ROOT

WORKFLOW = PROJECT_ROOT / ".github" / "workflows" / "ci.yml"


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    found: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def commands(workflow: dict[str, Any]) -> str:
    return "\n".join(step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step)


def test_it_runs_the_two_commands_of_the_readme(commands: str) -> None:
    targets = re.findall(r"^make (\w+)", commands, re.MULTILINE)
    assert set(targets) == {"run", "test"}
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_it_runs_assets_jobs_and_modules_that_there_are(commands: str) -> None:
    assets = re.findall(r"asset materialize -m (\S+) --select '([^']+)'", commands)
    jobs = re.findall(r"job execute -m (\S+) -j (\w+)", commands)
    modules = re.findall(r"python -m (\S+)", commands)
    assert assets and jobs and modules
    for module, name in assets:
        assert module == "lenovo_pipeline.definitions"
        assert defs.resolve_asset_graph().has(AssetKey(name.split("/")))
    for module, name in jobs:
        assert module == "lenovo_pipeline.definitions"
        assert defs.resolve_job_def(name).name == name
    assert all(importlib.util.find_spec(module) for module in modules)


def test_every_job_caches_packages_by_what_pins_them_and_ends_in_time(workflow: dict[str, Any]) -> None:
    for job in workflow["jobs"].values():
        (python,) = (step["with"] for step in job["steps"] if str(step.get("uses", "")).startswith("actions/setup-python"))
        assert python["cache"] == "pip"
        assert all(Path(PROJECT_ROOT / name).is_file() for name in python["cache-dependency-path"].split())
        assert job["timeout-minutes"] <= 90


def test_it_keeps_what_came_out_also_when_a_step_fails(workflow: dict[str, Any]) -> None:
    kept = [step for step in workflow["jobs"]["run"]["steps"] if str(step.get("uses", "")).startswith("actions/upload-artifact")]
    assert [step["if"] for step in kept] == ["always()", "failure()"]
    assert "data/store/artifacts/report" in kept[0]["with"]["path"]
    assert len({step["with"]["name"] for step in kept}) == len(kept)


def test_it_may_read_the_repository_and_nothing_else(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets." not in WORKFLOW.read_text(encoding="utf-8")
