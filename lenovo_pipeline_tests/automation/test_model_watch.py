"""A model that changed is evaluated again once; one that cannot be read keeps what was known of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetKey, AssetMaterialization, DagsterInstance, RunRequest, build_sensor_context

from lenovo_pipeline.automation.model_watch import Look, Watch, decide
from lenovo_pipeline.automation.sensors import make_sensors
from lenovo_pipeline.build import build_defs
from lenovo_pipeline.resources.inference import ModelIdentity, Reach
from lenovo_pipeline.settings import Settings


def test_a_model_seen_for_the_first_time_is_remembered_and_not_requested() -> None:
    found = decide(Watch({}), Look({"nano": "a"}))
    assert (dict(found.run_keys), dict(found.watch.identities)) == ({}, {"nano": "a"})
    assert found.unread == ()


def test_a_changed_model_is_requested_once_and_changing_back_is_a_change_too() -> None:
    keys = []
    watch = Watch({"nano": "a", "phi": "x"})
    for identity in ("b", "b", "a", "b"):
        found = decide(watch, Look({"nano": identity, "phi": "x"}))
        watch = Watch.from_json(found.watch.to_json())
        keys += list(found.run_keys.values())
    assert len(keys) == len(set(keys)) == 3
    assert all(key.startswith("model-nano-") for key in keys)


def test_two_changed_models_are_two_requests_whose_keys_carry_their_identities() -> None:
    found = decide(Watch({"nano": "a", "phi": "x"}), Look({"nano": "b", "phi": "y"}))
    assert dict(found.run_keys) == {"nano": "model-nano-1-b", "phi": "model-phi-2-y"}


def test_a_failed_read_is_no_change_and_is_said() -> None:
    found = decide(Watch({"phi": "x"}), Look({}, {"phi": "The server is away."}))
    assert dict(found.run_keys) == {}
    assert dict(found.watch.identities) == {"phi": "x"}
    assert found.unread == ("phi cannot be read: The server is away.",)
    assert dict(decide(found.watch, Look({"phi": "y"})).run_keys) == {"phi": "model-phi-1-y"}


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"identities": 3}', '{"requests": "many"}'])
def test_an_unreadable_memory_counts_as_none(text: str | None) -> None:
    assert Watch.from_json(text) == Watch({})


class Served:
    """Models behind a server: `revisions` says which one each is, or that it cannot be reached."""

    def __init__(self) -> None:
        self.revisions: dict[str, str] = {}

    def reach(self, source: Any) -> Reach:
        return Reach(source.identifier in self.revisions, "The server is away.")

    def open(self, source: Any) -> Any:
        return Opened(self.revisions[source.identifier])


class Opened:
    def __init__(self, revision: str) -> None:
        self.revision = revision

    def identity(self) -> ModelIdentity:
        return ModelIdentity("ollama", "phi4-mini", self.revision, None, None, None, None, None)

    def close(self) -> None:
        self.revision = ""


@pytest.fixture
def kept_instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    """An instance on disk: what a sensor asks of its instance, it asks through a reference to it."""
    place = tmp_path / "instance"
    place.mkdir()
    with DagsterInstance.from_ref(DagsterInstance.local_temp(str(place)).get_ref()) as kept:
        yield kept


def test_ticks_request_the_partition_that_changed_and_no_model_that_nobody_has_made(
    settings: Settings, kept_instance: DagsterInstance
) -> None:
    served = Served()
    served.revisions = {"phi4-mini": "one", "llama3.2:3b": "one"}
    defs = build_defs(settings=settings)
    (sensor,) = [each for each in make_sensors(settings, served) if each.name == "models_changed"]
    cursor = None

    def tick() -> tuple[list[RunRequest], str | None]:
        nonlocal cursor
        context = build_sensor_context(instance=kept_instance, cursor=cursor, repository_def=defs.get_repository_def())
        found = sensor.evaluate_tick(context)
        cursor = found.cursor or cursor
        return list(found.run_requests or []), found.skip_message

    assert tick() == ([], "No model has changed.")
    kept_instance.report_runless_asset_event(AssetMaterialization(AssetKey(["models", "foundation"]), partition="phi-4-mini"))
    assert tick() == ([], "No model has changed.")
    served.revisions = {"phi4-mini": "two", "llama3.2:3b": "two"}
    ((request,), _) = tick()
    assert request.partition_key == "phi-4-mini"
    assert str(request.run_key).startswith("model-phi-4-mini-1-")
    assert tick()[0] == []
    served.revisions = {}
    requests, said = tick()
    assert requests == []
    assert "phi-4-mini cannot be read" in str(said)
    broken = make_sensors(settings.model_copy(update={"catalogue": settings.store / "nowhere.yaml"}), served)
    (sensor,) = [each for each in broken if each.name == "models_changed"]
    requests, said = tick()
    assert requests == []
    assert "nowhere.yaml" in str(said)


def test_the_run_that_a_changed_model_starts_evaluates_it_and_decides(settings: Settings) -> None:
    job = build_defs(settings=settings).resolve_job_def("evaluate_model")
    selected = {"/".join(key.path) for key in job.asset_layer.selected_asset_keys}
    assert {"models/foundation", "evaluation/raw_foundation", "evaluation/leaderboard", "roster/decisions"} <= selected
    assert {"roster/deployments", "roster/published"} <= selected
    assert not [name for name in selected if name.startswith(("enterprise/", "gold/", "knowledge/"))]
    assert job.partitions_def is not None
