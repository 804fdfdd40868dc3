"""What every test may rely on: settings of its own, an instance of its own, and no way to the store of the checkout."""

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from dagster import (
    AssetChecksDefinition,
    AssetsDefinition,
    DagsterInstance,
    Definitions,
    ExecuteInProcessResult,
    define_asset_job,
    in_process_executor,
)

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.resources.wiring import make_resources
from lenovo_pipeline.settings import Settings, get_settings

if TYPE_CHECKING:
    from mlflow import MlflowClient


def pytest_configure() -> None:
    """Let Ctrl-C reach tests and the processes that they start: a shell that starts tests in the background has it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if "PYTEST_XDIST_WORKER" in os.environ:
        # A worker for each core: more threads than that wait for one another.
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes comes first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("whole_graph") is None)


# The same examples every time: a test suite that fails once in a while tells nobody anything.
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("repeatable")

_LIBRARY_SWITCHES = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "HF_HUB_OFFLINE": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "GX_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@pytest.fixture(scope="session", autouse=True)
def nothing_reaches_the_store_of_the_checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever reads the environment's settings finds a throw-away store; what the developer has configured does not count."""
    place = tmp_path_factory.mktemp("environment")
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith(("LENOVO_", "MLFLOW_TRACKING", "DAGSTER_", "GITHUB_TOKEN"))]:
            patched.delenv(name)
        for name, value in _LIBRARY_SWITCHES.items():
            patched.setenv(name, value)
        patched.setenv("LENOVO_STORE", str(place / "store"))
        patched.setenv("LENOVO_UPLOADS", str(place / "uploads"))
        patched.setenv("LENOVO_ADAPTERS", str(place / "adapters"))
        # Each core has a worker already; what shares work says so.
        patched.setenv("LENOVO_PROCESSES", "1")
        patched.setitem(Settings.model_config, "env_file", None)
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The smallest world, in folders of this test."""
    for name in ("uploads", "adapters"):
        (tmp_path / name).mkdir()
    return Settings(
        profile="smoke",
        store=tmp_path / "store",
        uploads=tmp_path / "uploads",
        adapters=tmp_path / "adapters",
        lock_wait_s=0,
    )


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    """A Dagster instance that lives as long as the test."""
    with DagsterInstance.ephemeral(str(tmp_path)) as ephemeral:
        yield ephemeral


@pytest.fixture(scope="session")
def empty_tracking_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database without a run, made once: its first migration takes seconds."""
    from lenovo_pipeline.resources.tracking import Tracking

    place = tmp_path_factory.mktemp("mlflow")
    tracking = Tracking(place / "mlflow.db", place / "artifacts")
    tracking.record("trial", "nothing")
    tracking.close()
    return place / "mlflow.db"


@dataclass
class Trial:
    """A small pipeline of the test's own assets, with the production resources, on an instance of its own."""

    settings: Settings
    instance: DagsterInstance

    @property
    def store(self) -> Store:
        return Store(self.settings.store)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(str(self.store.warehouse))

    def definitions(self, *parts: AssetsDefinition | AssetChecksDefinition, tables: Sequence[Table]) -> Definitions:
        return Definitions(
            assets=[part for part in parts if not isinstance(part, AssetChecksDefinition)],
            asset_checks=[part for part in parts if isinstance(part, AssetChecksDefinition)],
            resources=make_resources(self.settings, {table.qualified_name: table for table in tables}),
            executor=in_process_executor,
            jobs=[define_asset_job("everything", "*")],
        )

    def run(
        self, *parts: AssetsDefinition | AssetChecksDefinition, tables: Sequence[Table], partition: str | None = None
    ) -> ExecuteInProcessResult:
        job = self.definitions(*parts, tables=tables).resolve_job_def("everything")
        return job.execute_in_process(instance=self.instance, raise_on_error=False, partition_key=partition)

    def client(self) -> "MlflowClient":
        from mlflow import MlflowClient

        return MlflowClient(f"sqlite:///{self.store.mlflow}")


@pytest.fixture
def trial(settings: Settings, instance: DagsterInstance, empty_tracking_database: Path) -> Trial:
    settings.store.mkdir(parents=True)
    shutil.copy(empty_tracking_database, Store(settings.store).mlflow)
    return Trial(settings, instance)
