"""Which adapter is used follows the validation loss until a person goes back to another one, and MLflow says the same."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.registry.champions import choose, release, restore
from lenovo_pipeline.models.registry.mlflow_models import Synchronised, disagreements, synchronise
from lenovo_pipeline.models.registry.register import register
from lenovo_pipeline.models.tables import ADAPTER_CHAMPIONS, ADAPTER_REGISTRY
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.ledger import Ledger
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse

NOW = datetime(2026, 11, 21, 12, 0)
NAME = "tiny.device_support"


@dataclass
class Registry:
    """The registry of a model of this test, with a day between two registrations."""

    workshop: Any
    warehouse: Warehouse
    days: int = 0

    def add(self, *builds: dict[str, Any]) -> list[str]:
        """What materialising the registry does with the builds that are made now."""
        self.days += 1
        base = identify(self.workshop.base)
        now = NOW + timedelta(days=self.days)
        assert register(self.workshop.store, self.warehouse, builds, base, now).refused == {}
        return choose(self.warehouse, "tiny", base.revision, builds, now)

    def restore(self, wanted: str) -> dict[str, Any]:
        return restore(self.workshop.store, self.warehouse, wanted, NOW + timedelta(days=self.days, hours=1))

    @property
    def adapters(self) -> list[dict[str, Any]]:
        return Ledger(self.warehouse, ADAPTER_REGISTRY).rows()

    @property
    def champions(self) -> list[dict[str, Any]]:
        return Ledger(self.warehouse, ADAPTER_CHAMPIONS).rows()

    @property
    def champion(self) -> dict[str, Any]:
        (found,) = self.champions
        return found


@pytest.fixture
def registry(workshop: Any) -> Registry:
    return Registry(workshop, Warehouse(str(workshop.store.warehouse)))


@pytest.fixture
def client(tmp_path: Path, empty_tracking_database: Path) -> Iterator[Any]:
    shutil.copy(empty_tracking_database, tmp_path / "mlflow.db")
    tracking = Tracking(tmp_path / "mlflow.db", tmp_path / "artifacts")
    yield tracking.client()
    tracking.close()


def test_the_lowest_validation_loss_of_a_domain_is_the_champion(registry: Registry) -> None:
    make = registry.workshop.build
    good, better = make(seed=1, loss=2.0), make(seed=2, method="qlora", loss=1.5)
    unknown = make(seed=3, method="stacked", loss=None)
    assert registry.add(unknown) == [
        "tiny/stacked/device_support is the champion for device_support: none of 1 has a validation loss; the first by name"
    ]
    assert registry.add(good, unknown) == [
        "tiny/lora/device_support is the champion for device_support: lowest validation loss of 2, 2.0000 nat/token"
    ]
    registry.add(good, better, unknown)
    assert (registry.champion["champion"], registry.champion["previous"]) == (better["artifact"], good["artifact"])
    assert registry.champion["registered_model"] == NAME
    assert registry.add(good, better, unknown) == []
    assert registry.champion["since"] == NOW + timedelta(days=3)


def test_domains_have_champions_of_their_own(registry: Registry) -> None:
    registry.add(registry.workshop.build(seed=1), registry.workshop.build("customer_service", seed=2))
    assert [row["domain"] for row in registry.champions] == ["customer_service", "device_support"]


def test_an_earlier_version_is_restored_and_stays_until_it_is_released(registry: Registry) -> None:
    first, second = registry.workshop.build(seed=1, loss=2.0), registry.workshop.build(seed=2, loss=1.0)
    registry.add(first)
    registry.add(second)
    shutil.rmtree(registry.workshop.store.artifacts / "adapters")
    restored = registry.restore(first["artifact"][:10])
    assert (restored["champion"], restored["previous"]) == (first["artifact"], second["artifact"])
    assert restored["reason"] == "version 1 of tiny/lora/device_support was restored"
    second = registry.workshop.build(seed=2, loss=1.0)
    assert registry.add(second) == []
    assert registry.champion["champion"] == first["artifact"]
    release(registry.warehouse, "tiny", "device_support")
    registry.add(second)
    assert (registry.champion["champion"], registry.champion["previous"]) == (second["artifact"], first["artifact"])
    with pytest.raises(PermanentFailure, match="no adapter of tiny for device_support was restored"):
        release(registry.warehouse, "tiny", "device_support")


def test_a_restored_adapter_does_not_outlive_its_base(registry: Registry) -> None:
    first, second = registry.workshop.build(seed=1, loss=2.0), registry.workshop.build(seed=2, loss=1.0)
    registry.add(first)
    registry.add(second)
    registry.restore(first["artifact"])
    (registry.workshop.base / "config.json").write_text('{"model_type": "llama", "max_position_embeddings": 128}')
    anew = registry.workshop.build(seed=2, loss=3.0)
    assert len(registry.add(anew)) == 1
    assert registry.champion["build"] == anew["build"]


def test_what_is_unknown_ambiguous_or_damaged_is_not_restored(registry: Registry) -> None:
    builds = [registry.workshop.build(seed=seed, loss=1.0) for seed in (1, 2)]
    for build in builds:
        registry.add(build)
    before = registry.champions
    with pytest.raises(PermanentFailure, match="there is no adapter 'zzz'"):
        registry.restore("zzz")
    with pytest.raises(PermanentFailure, match="there is no adapter ''"):
        registry.restore("")
    copy = registry.workshop.store.artifacts / "adapter_registry" / builds[0]["artifact"] / "adapter_config.json"
    copy.write_text("{}")
    with pytest.raises(PermanentFailure, match=r"adapter_config\.json was changed"):
        registry.restore(builds[0]["artifact"])
    assert registry.champions == before


def test_mlflow_has_a_version_of_each_adapter_with_its_base_and_aliases(registry: Registry, client: Any) -> None:
    first, second = registry.workshop.build(seed=1, loss=2.0), registry.workshop.build(seed=2, loss=1.0)
    store = registry.workshop.store
    registry.add(first)
    assert synchronise(client, store, registry.adapters, registry.champions) == Synchronised(1, 1, 1)
    registry.add(second)
    assert disagreements(client, registry.adapters, registry.champions) != []
    assert synchronise(client, store, registry.adapters, registry.champions) == Synchronised(0, 1, 2)
    assert synchronise(client, store, registry.adapters, registry.champions) == Synchronised()
    assert disagreements(client, registry.adapters, registry.champions) == []
    champion = client.get_model_version_by_alias(NAME, "champion")
    assert (champion.version, champion.tags["artifact"], champion.tags["method"]) == (2, second["artifact"], "lora")
    assert champion.tags["base_revision"] == identify(registry.workshop.base).revision
    assert Path(champion.source.removeprefix("file://")) == store.artifacts / "adapter_registry" / second["artifact"]
    assert client.get_model_version_by_alias(NAME, "previous").version == 1
    assert client.get_model_version_by_alias(NAME, "latest").version == 2
    registry.restore(first["artifact"])
    synchronise(client, store, registry.adapters, registry.champions)
    assert client.get_model_version_by_alias(NAME, "champion").version == 1
    assert client.get_model_version_by_alias(NAME, "previous").version == 2


class Killed(BaseException):
    """Ends everything, as a kill does."""


@pytest.mark.parametrize("call", ["create_registered_model", "create_model_version", "set_registered_model_alias"])
@pytest.mark.parametrize("after", [False, True])
def test_a_kill_while_mlflow_is_told_is_made_good_by_the_next_time(
    registry: Registry, client: Any, monkeypatch: pytest.MonkeyPatch, call: str, after: bool
) -> None:
    registry.add(registry.workshop.build(seed=1, loss=2.0), registry.workshop.build("all", seed=2))
    real = getattr(client, call)

    def kill(*arguments: Any, **options: Any) -> Any:
        if after:
            real(*arguments, **options)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(client, call, kill)
        with pytest.raises(Killed):
            synchronise(client, registry.workshop.store, registry.adapters, registry.champions)
    assert disagreements(client, registry.adapters, registry.champions) != []
    synchronise(client, registry.workshop.store, registry.adapters, registry.champions)
    assert disagreements(client, registry.adapters, registry.champions) == []
    versions = client.search_model_versions("tags.`lenovo.kind` = 'adapter'")
    assert sorted((each.name, each.version) for each in versions) == [("tiny.all", 1), ("tiny.device_support", 1)]


def test_an_alias_that_somebody_moved_is_told_and_moved_back(registry: Registry, client: Any) -> None:
    for seed, loss in ((1, 2.0), (2, 1.0)):
        registry.add(registry.workshop.build(seed=seed, loss=loss))
    synchronise(client, registry.workshop.store, registry.adapters, registry.champions)
    client.set_registered_model_alias(NAME, "champion", "1")
    assert disagreements(client, registry.adapters, registry.champions) == [f"{NAME}: champion points at version 1, not at 2"]
    synchronise(client, registry.workshop.store, registry.adapters, registry.champions)
    assert disagreements(client, registry.adapters, registry.champions) == []
    client.delete_registered_model(NAME)
    assert len(disagreements(client, registry.adapters, registry.champions)) == 2
