"""Real ticks: what uploads start, what a failed run leaves, what the night starts."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from dagster import (
    AssetCheckSeverity,
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
    Definitions,
    RunRequest,
    ScheduleDefinition,
    build_run_status_sensor_context,
    build_schedule_context,
    build_sensor_context,
)
from dagster._utils.schedules import schedule_execution_time_iterator
from safetensors.numpy import save_file

from lenovo_pipeline.automation import input_sensors
from lenovo_pipeline.build import build_defs
from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.inference.model_folder import tensor_shapes
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

PEOPLE = Table(
    stage="enterprise",
    name="people",
    description="People.",
    columns=(Column(name="id", type="text", description="Key."),),
    key=("id",),
)


@pytest.fixture
def defs(settings: Settings) -> Definitions:
    return build_defs(settings=settings)


class Ticks:
    """The uploads sensor, tick after tick, with its cursor as the daemon keeps it."""

    def __init__(self, defs: Definitions, instance: DagsterInstance, sensor: str = "uploads_changed") -> None:
        self._sensor = defs.resolve_sensor_def(sensor)
        self._repository = defs.get_repository_def()
        self._instance = instance
        self._cursor: str | None = None
        self.skipped: str | None = None

    def __call__(self) -> list[RunRequest]:
        context = build_sensor_context(instance=self._instance, cursor=self._cursor, repository_def=self._repository)
        found = self._sensor.evaluate_tick(context)
        self._cursor = found.cursor or self._cursor
        self.skipped = found.skip_message
        return list(found.run_requests or [])


@pytest.fixture
def tick(defs: Definitions, instance: DagsterInstance) -> Ticks:
    return Ticks(defs, instance)


def test_new_changed_and_deleted_files_start_one_run_each_and_a_touched_one_none(tick: Ticks, settings: Settings) -> None:
    place = settings.uploads / "parts.csv"
    assert tick() == []
    keys = []
    changes: list[Callable[[], object]] = [
        lambda: place.write_text("id\n1\n"),
        lambda: place.write_text("id\n2\n"),
        place.unlink,
        lambda: place.write_text("id\n1\n"),
    ]
    for change in changes:
        change()
        (request,) = tick()
        keys.append(request.run_key)
        assert "uploads." in request.tags["uploads"]
        assert tick() == []
        assert tick.skipped is not None
    assert len(set(keys)) == 4
    os.utime(place, (1, 1))
    assert tick() == []


def test_several_files_at_once_start_one_run(tick: Ticks, settings: Settings) -> None:
    (settings.uploads / "deep" / "er").mkdir(parents=True)
    for name in ("a.csv", "deep/b.json", "deep/er/c.txt"):
        (settings.uploads / name).write_text(name)
    (request,) = tick()
    assert request.tags["uploads"] == "3 new, 0 changed, 0 deleted uploads."


def test_a_folder_that_cannot_be_read_is_not_an_empty_folder(tick: Ticks, settings: Settings) -> None:
    (settings.uploads / "parts.csv").write_text("id\n1\n")
    assert len(tick()) == 1
    settings.uploads.rename(settings.uploads.with_name("away"))
    assert tick() == []
    assert tick.skipped is not None
    assert "does not exist" in tick.skipped
    settings.uploads.with_name("away").rename(settings.uploads)
    assert tick() == []


def test_the_run_that_uploads_start_touches_what_is_made_from_uploads_and_nothing_else(defs: Definitions) -> None:
    job = defs.resolve_job_def("refresh_uploads")
    selected = {"/".join(key.path) for key in job.asset_layer.selected_asset_keys}
    uploads = {"uploads/files", "uploads/rows", "uploads/texts", "uploads/rejects"}
    assert uploads | {"knowledge/chunks", "knowledge/graph", "roster/published"} <= selected
    assert not [name for name in selected if name.startswith("enterprise/")]


def failing_run(trial: Any) -> Any:
    @table_asset(PEOPLE)
    def people() -> pd.DataFrame:
        raise PermanentFailure("the catalogue is empty", remedy="Fill it.")

    result = trial.run(people, tables=[PEOPLE])
    assert not result.success
    return result


def alerts(settings: Settings) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((settings.store / "alerts").glob("*.json"))]


def raise_for(result: Any, trial: Any, defs: Definitions) -> None:
    """What the sensor does with a failed run."""
    (failure,) = [event for event in result.all_events if event.is_run_failure]
    context = build_run_status_sensor_context(
        sensor_name="failed_run_alert", dagster_instance=trial.instance, dagster_run=result.dagster_run, dagster_event=failure
    ).for_run_failure()
    sensor: Any = defs.resolve_sensor_def("failed_run_alert")
    sensor(context)


def test_the_alert_of_a_run_that_a_blocking_check_stopped_names_the_check_and_what_it_found(
    trial: Any, defs: Definitions, settings: Settings
) -> None:
    @table_asset(PEOPLE)
    def people() -> pd.DataFrame:
        return pd.DataFrame({"id": ["a", "b"]})

    @violations_check(PEOPLE, blocking=True)
    def nobody_is_odd() -> list[str]:
        """Nobody is odd."""
        return [f"{name} is odd" for name in ("a", "b")]

    @violations_check(PEOPLE, severity=AssetCheckSeverity.WARN)
    def nobody_is_even() -> list[str]:
        """Nobody is even."""
        return ["a is even"]

    result = trial.run(people, nobody_is_odd, nobody_is_even, tables=[PEOPLE])
    assert not result.success
    raise_for(result, trial, defs)
    (alert,) = alerts(settings)
    assert alert["failed_checks"] == [{"check": "enterprise/people: nobody_is_odd", "found": "- a is odd\n- b is odd"}]
    (step,) = alert["failed_steps"]
    assert "nobody_is_odd" in step["message"]


def test_a_failed_run_leaves_one_alert_that_names_what_failed_and_why(trial: Any, defs: Definitions, settings: Settings) -> None:
    result = failing_run(trial)
    for _ in range(2):
        raise_for(result, trial, defs)
    (alert,) = alerts(settings)
    assert (alert["kind"], alert["run_id"], alert["job"]) == ("run_failure", result.run_id, "everything")
    assert alert["message"]
    (step,) = alert["failed_steps"]
    assert step["step"] == "enterprise__people"
    assert "the catalogue is empty. Fill it." in step["message"]
    assert "Stack Trace" not in step["message"]
    assert datetime.fromisoformat(alert["raised_at"]).tzinfo is not None


@pytest.fixture
def kept_instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    """An instance on disk: what a schedule asks of its instance, it asks through a reference to it."""
    place = tmp_path / "instance"
    place.mkdir()
    with DagsterInstance.from_ref(DagsterInstance.local_temp(str(place)).get_ref()) as kept:
        yield kept


def cron(schedule: ScheduleDefinition) -> tuple[str, str]:
    return str(schedule.cron_schedule), str(schedule.execution_timezone)


@pytest.mark.parametrize(
    ("name", "at", "job"),
    [("nightly", datetime(2026, 3, 3, 2), "everything"), ("weekly_retention", datetime(2026, 3, 1, 4, 30), "retention")],
)
def test_a_schedule_starts_its_job_at_its_time_in_hong_kong(
    defs: Definitions, kept_instance: DagsterInstance, name: str, at: datetime, job: str
) -> None:
    schedule = defs.resolve_schedule_def(name)
    assert schedule.job_name == job
    moment = at.replace(tzinfo=ZoneInfo("Asia/Hong_Kong"))
    found = schedule.evaluate_tick(
        build_schedule_context(kept_instance, scheduled_execution_time=moment, repository_def=defs.get_repository_def())
    )
    assert len(found.run_requests or []) == 1
    times = schedule_execution_time_iterator(moment.timestamp() - 1, *cron(schedule), ascending=True)
    assert next(iter(times)) == moment


def test_the_night_refreshes_the_bundled_model_and_every_model_that_was_made_once(
    defs: Definitions, kept_instance: DagsterInstance
) -> None:
    nightly = defs.resolve_schedule_def("nightly")

    def models_at(night: datetime) -> dict[str | None, str | None]:
        moment = night.replace(tzinfo=ZoneInfo("Asia/Hong_Kong"))
        found = nightly.evaluate_tick(
            build_schedule_context(kept_instance, scheduled_execution_time=moment, repository_def=defs.get_repository_def())
        )
        return {request.tags["dagster/partition"]: request.run_key for request in found.run_requests or []}

    assert models_at(datetime(2026, 3, 3, 2)) == {"lenovo-nano": "nightly-2026-03-03-lenovo-nano"}
    for model in ("phi-4-mini", "no-longer-in-the-catalogue"):
        kept_instance.report_runless_asset_event(AssetMaterialization(AssetKey(["models", "foundation"]), partition=model))
    assert models_at(datetime(2026, 3, 4, 2)) == {
        "lenovo-nano": "nightly-2026-03-04-lenovo-nano",
        "phi-4-mini": "nightly-2026-03-04-phi-4-mini",
    }


def test_the_retention_job_runs_on_a_store_that_has_just_been_made(
    defs: Definitions, instance: DagsterInstance, settings: Settings
) -> None:
    settings.store.mkdir(parents=True)
    old = settings.store / ".format.json.1.2"
    old.touch()
    os.utime(old, (1, 1))
    result = defs.resolve_job_def("retention").execute_in_process(instance=instance, raise_on_error=False)
    assert result.success
    assert not old.exists()
    assert Path(settings.store / "format.json").exists()


def test_a_dropped_adapter_is_asked_for_once_when_it_is_whole_and_a_bad_one_is_an_alert(
    defs: Definitions, instance: DagsterInstance, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick = Ticks(defs, instance, "adapters_dropped")
    clock = [1_000.0]
    monkeypatch.setattr(input_sensors, "time", SimpleNamespace(time=lambda: clock[0]))
    assert tick() == []
    bundled = PROJECT_ROOT / "data" / "models" / "lenovo-nano"
    place = settings.adapters / "lenovo-nano"
    drop_adapter(place / "good", bundled)
    (place / "half").mkdir()
    (place / "half" / "adapter_config.json").write_text("{")
    assert tick() == []
    clock[0] += 10
    drop_adapter(settings.adapters / "nobody" / "stray", bundled)
    assert tick() == [], "nothing has settled yet"
    clock[0] += 15
    (request,) = tick()
    assert request.partition_key == "lenovo-nano"
    clock[0] += 100
    assert tick() == []
    assert "nobody/stray is left alone: nobody is no model of the catalogue" in str(tick.skipped)
    assert tick() == []
    alerts = [json.loads(path.read_text()) for path in (settings.store / "alerts").glob("adapter-*.json")]
    assert {alert["adapter"] for alert in alerts} == {"lenovo-nano/half", "nobody/stray"}
    shutil.rmtree(place / "good")
    (gone,) = tick()
    assert gone.partition_key == "lenovo-nano" and gone.run_key != request.run_key


def test_what_is_wrong_with_an_adapter_is_logged_though_the_tick_takes_the_one_beside_it(
    defs: Definitions,
    instance: DagsterInstance,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tick = Ticks(defs, instance, "adapters_dropped")
    clock = [1_000.0]
    monkeypatch.setattr(input_sensors, "time", SimpleNamespace(time=lambda: clock[0]))
    place = settings.adapters / "lenovo-nano"
    drop_adapter(place / "good", PROJECT_ROOT / "data" / "models" / "lenovo-nano")
    (place / "my\nown copy").mkdir()
    assert tick() == []
    clock[0] += 30
    assert len(tick()) == 1
    assert "own copy is left alone: its name is not one of small letters" in "".join(capsys.readouterr())
    (alert,) = (settings.store / "alerts").glob("*.json")
    assert re.fullmatch(r"adapter-lenovo-nano\.my-own-copy-[0-9a-f-]+\.json", alert.name)
    assert json.loads(alert.read_text())["adapter"] == "lenovo-nano/my\nown copy"


def drop_adapter(folder: Path, base: Path) -> None:
    """An adapter of the bundled model as peft saves it, of one module and rank 1."""
    rows, columns = tensor_shapes(base)["model.layers.0.self_attn.q_proj.weight"]
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_{}.weight"
    folder.mkdir(parents=True)
    tensors = {
        name.format("A"): np.ones((1, columns), dtype=np.float32),
        name.format("B"): np.ones((rows, 1), dtype=np.float32),
    }
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 1, "lora_alpha": 2, "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))


def test_a_folder_for_adapters_that_is_not_there_is_no_empty_folder(
    defs: Definitions, instance: DagsterInstance, settings: Settings
) -> None:
    settings.adapters.rename(settings.adapters.with_name("away"))
    tick = Ticks(defs, instance, "adapters_dropped")
    assert tick() == []
    assert "nothing is concluded from that" in str(tick.skipped)
