"""Real ticks of the sensors that keep the roster right: each change is acted on once, and a failed look never."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    DagsterInstance,
    Definitions,
    RunRequest,
    build_schedule_context,
    build_sensor_context,
)
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from lenovo_pipeline.automation.production_watch import Entry, Failed, evidence_graph, new_failures, stale
from lenovo_pipeline.automation.watching import Watch, changes, content_of
from lenovo_pipeline.build import build_defs
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.monitoring.alerts import make_alert, record
from lenovo_pipeline.roster.monitoring.log import MonitorLog
from lenovo_pipeline.roster.monitoring.requests import Moment, Place
from lenovo_pipeline.settings import Settings

DECISION = "DEC-0000000000000001"
NANO = "lenovo-nano/open-book"


@pytest.fixture
def kept_instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    """An instance on disk: what a sensor asks of its instance, it asks through a reference to it."""
    place = tmp_path / "instance"
    place.mkdir()
    with DagsterInstance.from_ref(DagsterInstance.local_temp(str(place)).get_ref()) as kept:
        yield kept


@pytest.fixture
def here(settings: Settings, tmp_path: Path) -> Settings:
    """Settings whose inputs are the test's own."""
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    (prompts / "a.yaml").write_text("id: a\n")
    policy = tmp_path / "roster.yaml"
    shutil.copy(settings.policy, policy)
    return settings.model_copy(update={"prompts": prompts, "policy": policy})


@pytest.fixture
def defs(here: Settings) -> Definitions:
    return build_defs(settings=here)


class Ticks:
    """One sensor, tick after tick, with its cursor as the daemon keeps it."""

    def __init__(self, defs: Definitions, instance: DagsterInstance, name: str) -> None:
        self._defs, self._instance, self._sensor = defs, instance, defs.resolve_sensor_def(name)
        self.cursor: str | None = None
        self.skipped: str | None = None
        self.events: list[Any] = []

    def __call__(self) -> list[RunRequest]:
        context = build_sensor_context(
            instance=self._instance, cursor=self.cursor, repository_def=self._defs.get_repository_def()
        )
        found = self._sensor.evaluate_tick(context)
        self.cursor = found.cursor or self.cursor
        self.skipped, self.events = found.skip_message, list(found.asset_events)
        return list(found.run_requests or [])


@pytest.fixture
def ticks(defs: Definitions, kept_instance: DagsterInstance) -> Callable[[str], Ticks]:
    return lambda name: Ticks(defs, kept_instance, name)


def runs(here: Settings, entry: str = NANO, model: str = "lenovo-nano", kind: str = "raw_foundation") -> Book:
    """The entry runs for the support desk, and the snapshot knows its kind."""
    store = Store(here.store)
    book = Book(store.deployments)
    book.promote("production", "support_desk", entry, DECISION, actor="run", reason="it keeps every rule", model=model)
    place = store.root / "published-1"
    place.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(place / "warehouse.duckdb")) as connection:
        connection.execute("CREATE SCHEMA roster")
        connection.execute("CREATE TABLE roster.entries AS SELECT ? AS entry, ? AS kind", [entry, kind])
    (place / "manifest.json").write_text(json.dumps({"version": "1"}))
    store.published.symlink_to(place.name)
    return book


def test_the_first_look_remembers_and_each_change_after_it_is_named_once_with_its_version() -> None:
    first = changes("x", Watch(), {"a": "1", "b": "1"}, new_counts=True)
    assert first.run_keys == {}
    keys: list[str] = []
    watch = first.watch
    for now in ({"a": "2", "b": "1"}, {"a": "2", "b": "1"}, {"a": "1", "b": "1"}, {"a": "1", "b": "1", "c": "9"}, {"a": "1"}):
        found = changes("x", Watch.from_json(watch.to_json()), now, new_counts=True)
        watch = found.watch
        keys += found.run_keys.values()
    assert keys == ["x-a-1-2", "x-a-2-1", "x-c-3-9"]
    assert changes("x", watch, {}, new_counts=True, gone_counts=True).run_keys == {"a": "x-a-4-gone"}


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"versions": 3, "requests": 1}', '{"versions": {}}'])
def test_an_unreadable_memory_counts_as_a_first_look(text: str | None) -> None:
    assert changes("x", Watch.from_json(text), {"a": "1"}, new_counts=True).run_keys == {}


def test_the_content_of_a_folder_is_told_by_names_and_bytes_and_not_by_times(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "a").write_text("1")
    first = content_of(tmp_path / "f")
    (tmp_path / "f" / "a").touch()
    assert content_of(tmp_path / "f") == first
    (tmp_path / "f" / "a").rename(tmp_path / "f" / "b")
    assert content_of(tmp_path / "f") != first


@pytest.mark.parametrize("name", [".a.yaml.swp", "a.yaml~", ".DS_Store", "#a.yaml#", ".git/HEAD"])
def test_what_an_editor_leaves_beside_a_prompt_is_no_change(here: Settings, ticks: Any, name: str) -> None:
    tick = ticks("inputs_changed")
    tick()
    (here.prompts / name).parent.mkdir(exist_ok=True)
    (here.prompts / name).write_text("half")
    assert tick() == []
    (here.prompts / "b.yaml").write_text("id: b\n")
    assert len(tick()) == 1


def test_an_edited_prompt_or_policy_has_its_asset_made_again_and_nothing_else(here: Settings, ticks: Any) -> None:
    tick = ticks("inputs_changed")
    assert tick() == []
    (here.prompts / "a.yaml").write_text("id: a\nversion: 2\n")
    (request,) = tick()
    assert [key.path for key in request.asset_selection] == [["prompts", "library"]]
    assert tick() == []
    here.policy.write_text(here.policy.read_text() + "\n# stricter\n")
    (request,) = tick()
    assert [key.path for key in request.asset_selection] == [["roster", "policy"]]
    assert str(request.run_key).startswith("input-policy-2-")


def test_an_input_that_cannot_be_read_is_no_change(here: Settings, ticks: Any) -> None:
    tick = ticks("inputs_changed")
    tick()
    here.policy.rename(here.policy.with_name("away"))
    assert tick() == []
    assert "cannot be read" in str(tick.skipped)
    here.policy.with_name("away").rename(here.policy)
    assert tick() == []


def test_a_rollback_of_the_monitor_is_recorded_once_as_an_asset_event_and_followed(here: Settings, ticks: Any) -> None:
    book = runs(here, "old")
    tick = ticks("deployments_changed")
    assert (tick(), tick.events) == ([], [])
    book.promote("production", "support_desk", NANO, "DEC-0000000000000002", actor="run", reason="better")
    book.rollback("production", "support_desk", reason="error_rate 0.4", actor="monitor", only=NANO)
    (request,) = tick()
    (event,) = tick.events
    assert isinstance(event, AssetObservation)
    assert event.asset_key == AssetKey(["roster", "deployments"])
    told = {name: value.value for name, value in event.metadata.items()}
    assert (told["change"], told["entry"], told["instead_of"], told["actor"]) == ("rolled_back", "old", NANO, "monitor")
    assert str(request.run_key).startswith("deployments-3-")
    assert (tick(), tick.events) == ([], [])


def test_a_damaged_book_is_no_change(here: Settings, ticks: Any) -> None:
    Store(here.store).root.mkdir(parents=True)
    Store(here.store).deployments.write_bytes(b"no database at all, " * 100)
    tick = ticks("deployments_changed")
    assert tick() == []
    assert "damaged" in str(tick.skipped)


def drift_alert(here: Settings, entry: str, number: int) -> None:
    when = Moment("boot", float(number), f"2026-03-01T12:00:{number:02}.000+00:00")
    place = Place("production", "support_desk")
    alert = make_alert(place, entry, "drift", "raised", when, "drift 6 >= 4", value=6.0, threshold=4.0)
    with MonitorLog(Store(here.store).monitoring).writing() as connection:
        record(connection, alert, ["file"])


def test_drift_has_the_model_of_the_entry_evaluated_again_once_for_each_alert(here: Settings, ticks: Any) -> None:
    runs(here)
    tick = ticks("drift_alerts")
    assert tick() == []
    drift_alert(here, NANO, 1)
    (request,) = tick()
    assert (request.job_name, request.partition_key) == ("evaluate_model", "lenovo-nano")
    assert tick() == []
    drift_alert(here, "top-evidence-sentence", 2)
    (request,) = tick()
    assert request.job_name == "check_drift"
    assert tick() == []


def test_a_damaged_log_of_the_monitor_is_no_news(here: Settings, ticks: Any) -> None:
    Store(here.store).root.mkdir(parents=True)
    Store(here.store).monitoring.write_bytes(b"no database at all, " * 100)
    tick = ticks("drift_alerts")
    assert tick() == []
    assert "damaged" in str(tick.skipped)


def check(instance: DagsterInstance, asset: str, name: str, *, passed: bool, warn: bool = False) -> None:
    instance.report_runless_asset_event(
        AssetCheckEvaluation(
            asset_key=AssetKey(asset.split("/")),
            check_name=name,
            passed=passed,
            severity=AssetCheckSeverity.WARN if warn else AssetCheckSeverity.ERROR,
        )
    )


def alerts(here: Settings) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(Store(here.store).alerts.glob("*.json"))]


def test_a_check_that_fails_under_a_production_entry_raises_one_alert_and_one_evaluation(
    here: Settings, ticks: Any, kept_instance: DagsterInstance
) -> None:
    tick = ticks("production_checks_failed")
    check(kept_instance, "evaluation/items", "items_fit_their_contract", passed=False)
    assert tick() == []
    runs(here)
    tick.cursor = None
    (request,) = tick()
    assert request.partition_key == "lenovo-nano"
    (alert,) = alerts(here)
    assert (alert["kind"], alert["entry"]) == ("failed_check", NANO)
    assert alert["found"] == ["evaluation/items: items_fit_their_contract"]
    assert tick() == []
    check(kept_instance, "evaluation/items", "items_fit_their_contract", passed=True)
    assert tick() == []
    check(kept_instance, "evaluation/items", "items_fit_their_contract", passed=False)
    assert len(tick()) == 1


def test_a_warning_and_a_check_of_what_the_entry_does_not_rest_on_raise_nothing(
    here: Settings, ticks: Any, kept_instance: DagsterInstance
) -> None:
    runs(here)
    check(kept_instance, "evaluation/mobile_model", "mobile_model_fit_their_contract", passed=False)
    check(kept_instance, "evaluation/items", "items_fit_their_contract", passed=False, warn=True)
    assert ticks("production_checks_failed")() == []
    assert alerts(here) == []


def made(instance: DagsterInstance, asset: str, version: str, partition: str | None = None) -> None:
    instance.report_runless_asset_event(
        AssetMaterialization(AssetKey(asset.split("/")), partition=partition, tags={DATA_VERSION_TAG: version})
    )


def test_a_champion_is_flagged_once_when_what_its_decision_rests_on_changes_and_not_before(
    here: Settings, ticks: Any, kept_instance: DagsterInstance
) -> None:
    runs(here)
    tick = ticks("stale_champions")
    for asset in ("gold/questions", "evaluation/items"):
        made(kept_instance, asset, "1")
    for model in ("lenovo-nano", "phi-4-mini"):
        made(kept_instance, "models/foundation", f"{model} 1", model)
        made(kept_instance, "evaluation/raw_foundation", f"{model} 1", model)
    for asset in ("evaluation/leaderboard", "roster/entries", "roster/policy", "roster/decisions"):
        made(kept_instance, asset, "1")
    assert (tick(), tick.events, alerts(here)) == ([], [], [])
    # Made again without a change, another model, another kind: nothing that this decision rests on.
    made(kept_instance, "evaluation/items", "1")
    made(kept_instance, "models/foundation", "phi-4-mini 2", "phi-4-mini")
    made(kept_instance, "evaluation/mobile_model", "2", "lenovo-nano")
    assert (tick(), tick.events, alerts(here)) == ([], [], [])
    made(kept_instance, "gold/questions", "2")
    assert tick() == []
    (event,) = tick.events
    assert event.metadata["stale"].value == f"{NANO} in production/support_desk"
    (alert,) = alerts(here)
    assert (alert["kind"], alert["decision"]) == ("stale_champion", DECISION)
    assert any(each.startswith("gold/questions is 2, but evaluation/items rests on 1") for each in alert["found"])
    assert (tick(), tick.events) == ([], [])
    made(kept_instance, "models/foundation", "lenovo-nano 2", "lenovo-nano")
    tick()
    assert len(tick.events) == 1
    assert len(alerts(here)) == 2


def test_one_change_is_one_alert_however_long_what_follows_from_it_takes(
    here: Settings, ticks: Any, kept_instance: DagsterInstance
) -> None:
    runs(here)
    tick = ticks("stale_champions")
    line = ("gold/questions", "evaluation/items", "evaluation/raw_foundation", "evaluation/leaderboard", "roster/decisions")

    def make(asset: str, version: str) -> None:
        made(kept_instance, asset, version, "lenovo-nano" if asset == "evaluation/raw_foundation" else None)

    for asset in ("roster/policy", *line):
        make(asset, "1")
    assert (tick(), alerts(here)) == ([], [])
    for asset in line[:-1]:
        make(asset, "2")
        tick()
    assert len(alerts(here)) == 1, "each asset on the way was a change to the next"
    make("roster/policy", "2")
    tick()
    assert len(alerts(here)) == 2, "the policy is another input"
    make("gold/questions", "3")
    tick()
    assert len(alerts(here)) == 3, "the questions changed once more"
    for asset in line[1:]:
        make(asset, "3")
    tick()
    assert tick.skipped == "0 of 1 entries are stale, 0 of them newly."
    make("gold/questions", "2")
    tick()
    assert len(alerts(here)) == 4, "it was fresh in between"
    tick()
    assert len(alerts(here)) == 4


def test_a_roster_that_cannot_be_read_flags_nothing(here: Settings, ticks: Any) -> None:
    Book(Store(here.store).deployments).promote("production", "desk", "a", DECISION, actor="run", reason="good")
    for name in ("stale_champions", "production_checks_failed"):
        tick = ticks(name)
        assert tick() == []
        assert "nothing has been published" in str(tick.skipped)


def test_the_evidence_of_an_entry_leaves_out_what_only_other_kinds_rest_on() -> None:
    dependencies = {
        "roster/decisions": {"evaluation/leaderboard"},
        "evaluation/leaderboard": {"evaluation/raw", "evaluation/edge"},
        "evaluation/raw": {"gold/questions"},
        "evaluation/edge": {"models/edge"},
    }
    entry = Entry("production", "desk", "a", "m", "raw", DECISION)
    assert {source for _, source in evidence_graph(dependencies, entry, ("raw", "edge"))} == {
        "evaluation/leaderboard",
        "evaluation/raw",
        "gold/questions",
    }
    assert stale(entry, [("a", "b")], lambda _a, _b: None, lambda _b: "1") is None
    failed = [Failed("gold/questions", "c", "1"), Failed("gold/questions", "c", "2")]
    assert [each.evaluation for each in new_failures(["1"], failed, {"x": {"gold/questions"}})["x"]] == ["2"]


def test_a_version_that_somebody_registered_in_mlflow_has_its_model_evaluated_again(
    here: Settings, ticks: Any, empty_tracking_database: Path
) -> None:
    from mlflow import MlflowClient

    tick = ticks("mlflow_models_changed")
    assert tick() == []
    store = Store(here.store)
    store.root.mkdir(parents=True, exist_ok=True)
    shutil.copy(empty_tracking_database, store.mlflow)
    client = MlflowClient(f"sqlite:///{store.mlflow}", registry_uri=f"sqlite:///{store.mlflow}")
    client.create_registered_model("lenovo-nano.support")
    client.create_model_version("lenovo-nano.support", here.uploads.as_uri())
    client.create_model_version("lenovo-nano.support", here.uploads.as_uri(), tags={"lenovo.kind": "adapter"})
    client.create_registered_model("somebody-elses")
    client.create_model_version("somebody-elses", here.uploads.as_uri())
    (request,) = tick()
    assert request.partition_key == "lenovo-nano"
    assert request.tags["mlflow_version"] == "lenovo-nano.support/1"
    (alert,) = alerts(here)
    assert (alert["kind"], alert["version"]) == ("unknown_model", "somebody-elses/1")
    assert tick() == []
    store.mlflow.write_bytes(b"no database at all, " * 100)
    assert tick() == []
    assert "MLflow cannot be read" in str(tick.skipped)


@pytest.mark.parametrize(
    ("name", "at", "job"),
    [
        ("weekly_retraining", datetime(2026, 3, 1, 6), "retrain"),
        ("hourly_drift_check", datetime(2026, 3, 3, 7, 15), "check_drift"),
    ],
)
def test_a_schedule_of_the_roster_starts_its_job(
    defs: Definitions, kept_instance: DagsterInstance, name: str, at: datetime, job: str
) -> None:
    schedule = defs.resolve_schedule_def(name)
    assert schedule.job_name == job
    kept_instance.report_runless_asset_event(AssetMaterialization(AssetKey(["models", "foundation"]), partition="lenovo-nano"))
    moment = at.replace(tzinfo=ZoneInfo("Asia/Hong_Kong"))
    found = schedule.evaluate_tick(
        build_schedule_context(kept_instance, scheduled_execution_time=moment, repository_def=defs.get_repository_def())
    )
    assert len(found.run_requests or []) == 1


def test_sensors_look_often_enough_to_say_within_a_minute_what_happened(defs: Definitions) -> None:
    for name in ("deployments_changed", "stale_champions", "production_checks_failed", "drift_alerts", "inputs_changed"):
        assert (defs.resolve_sensor_def(name).minimum_interval_seconds or 60) <= 30


def test_an_edited_policy_flags_what_runs_at_once_whenever_it_is_read(here: Settings, ticks: Any) -> None:
    runs(here)
    tick = ticks("inputs_changed")
    tick()
    alerts = Store(here.store).alerts
    assert not list(alerts.glob("stale-*"))
    here.policy.write_text(here.policy.read_text() + "\n# stricter\n")
    tick()
    (alert,) = [json.loads(path.read_text()) for path in alerts.glob("stale-*.json")]
    assert (alert["kind"], alert["entry"]) == ("stale_champion", NANO)
    assert alert["found"][0].startswith("roster/policy is being read again")
    tick()
    assert len(list(alerts.glob("stale-*.json"))) == 1
