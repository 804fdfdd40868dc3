"""What every test may rely on: settings of its own, an instance of its own, and no way to the store of the checkout."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance

from lenovo_pipeline.settings import Settings, get_settings

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
        for name in [name for name in os.environ if name.startswith(("LENOVO_", "MLFLOW_TRACKING", "DAGSTER_"))]:
            patched.delenv(name)
        for name, value in _LIBRARY_SWITCHES.items():
            patched.setenv(name, value)
        patched.setenv("LENOVO_STORE", str(place / "store"))
        patched.setenv("LENOVO_UPLOADS", str(place / "uploads"))
        patched.setitem(Settings.model_config, "env_file", None)
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The smallest world, in folders of this test."""
    (tmp_path / "uploads").mkdir()
    return Settings(profile="smoke", store=tmp_path / "store", uploads=tmp_path / "uploads", lock_wait_s=0)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    """A Dagster instance that lives as long as the test."""
    with DagsterInstance.ephemeral(str(tmp_path)) as ephemeral:
        yield ephemeral


@pytest.fixture
def write_when_ready(tmp_path: Path) -> Callable[[str], str]:
    """A line of Python that makes a file of that name, by which a subprocess says that it has come so far."""
    return lambda name: f"import pathlib; pathlib.Path({str(tmp_path / name)!r}).touch()"
