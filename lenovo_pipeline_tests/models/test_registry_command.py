"""The command shows, finds, verifies and restores adapters, from the published snapshot."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.models.registry.__main__ import main
from lenovo_pipeline.models.registry.champions import champions_of, choose
from lenovo_pipeline.models.registry.register import register
from lenovo_pipeline.models.tables import FOUNDATION
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import get_settings

NOW = datetime(2026, 11, 21, 12, 0)


@pytest.fixture
def published(
    workshop: Any, monkeypatch: pytest.MonkeyPatch, empty_tracking_database: Path
) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Publishes two versions of an adapter for device support, and one for customer service; gives the three builds."""
    monkeypatch.setenv("LENOVO_STORE", str(workshop.store.root))
    get_settings.cache_clear()
    workshop.store.mlflow.write_bytes(empty_tracking_database.read_bytes())

    def run() -> list[dict[str, Any]]:
        warehouse, base = Warehouse(str(workshop.store.warehouse)), identify(workshop.base)
        builds = [
            workshop.build(seed=1, loss=2.0),
            workshop.build(seed=2, loss=1.0, training_set="fedcba9876543210"),
            workshop.build("customer_service", seed=3, method="qlora", loss=None, licence="Apache-2.0"),
        ]
        for number, made in enumerate((builds[:1], builds[1:])):
            now = NOW + timedelta(days=number)
            assert register(workshop.store, warehouse, made, base, now).refused == {}
            choose(warehouse, "tiny", base.revision, made, now)
        row = {
            "model": "tiny",
            "source": "folder",
            "identifier": str(workshop.base),
            "revision": base.revision,
            "tokenizer_hash": base.tokenizer_hash,
            "template_hash": base.template_hash,
            "parameters": base.parameters,
            "size_bytes": base.size_bytes,
            "context_length": base.context_length,
            "licence_class": "open_source",
            "targets": ["server"],
            "identity": "0" * 64,
        }
        warehouse.replace(FOUNDATION, pd.DataFrame([row]), model="tiny")
        publish(workshop.store, warehouse, made_by={"seed": 1})
        return builds

    yield run
    get_settings.cache_clear()


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(list(arguments)) == code
    captured = capsys.readouterr()
    return captured.err if code == 2 else captured.out


def test_every_version_is_listed_with_what_is_used(published: Any, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = published()
    lines = {line.split()[0]: line for line in said(capsys, "list").splitlines()}
    assert lines[second["artifact"][:12]].endswith("champion")
    assert lines[first["artifact"][:12]].endswith("previous")
    assert "tiny/qlora/customer_service" in lines[third["artifact"][:12]]
    assert "unknown" in lines[third["artifact"][:12]]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--domain", "customer_service"], [2]),
        (["--method", "lora"], [0, 1]),
        (["--base", "tiny"], [0, 1, 2]),
        (["--base", "0000"], []),
        (["--model", "other"], []),
        (["FEDCBA9876543210"], [1]),
        (["apache"], [2]),
        (["down_proj", "--domain", "device_support"], [0, 1]),
        (["no such thing"], []),
    ],
)
def test_adapters_are_found_by_domain_method_base_and_text(
    published: Any, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: list[int]
) -> None:
    builds = published()
    output = said(capsys, "search", *arguments)
    assert [number for number, build in enumerate(builds) if build["artifact"][:12] in output] == expected
    assert ("No adapter is registered that fits." in output) == (not expected)


def test_everything_about_one_is_shown_with_its_versions(published: Any, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, _ = published()
    shown = said(capsys, "show", "tiny/lora/device_support")
    for fact in (second["artifact"], "fedcba9876543210", "MIT", "lowest validation loss", first["artifact"][:12], "steps"):
        assert fact in shown
    assert "version 1" in said(capsys, "show", first["artifact"][:8])


def test_verifying_tells_damage_and_another_base_and_ends_with_1(
    published: Any, workshop: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _, _ = published()
    assert said(capsys, "verify").count("ok  ") == 3
    config = workshop.store.artifacts / "adapter_registry" / first["artifact"] / "adapter_config.json"
    config.write_text(config.read_text() + " ")
    broken = said(capsys, "verify", code=1)
    assert (broken.count("ok  "), broken.count("NO  ")) == (2, 1)
    assert "adapter_config.json was changed" in broken
    (workshop.base / "chat_template.jinja").write_text("another")
    assert "base_template_hash is" in said(capsys, "verify", "tiny/qlora/customer_service", code=1)


def test_an_earlier_version_is_restored_published_and_told_to_mlflow(
    published: Any, workshop: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, _ = published()
    assert "is the champion of tiny for device_support" in said(capsys, "restore", first["artifact"][:12])
    (line,) = [line for line in said(capsys, "list").splitlines() if line.startswith(first["artifact"][:12])]
    assert line.endswith("champion, restored")
    tracking = Tracking(workshop.store.mlflow, workshop.store.artifacts / "mlflow")
    champion = tracking.client().get_model_version_by_alias("tiny.device_support", "champion")
    tracking.close()
    assert champion.tags["artifact"] == first["artifact"]
    assert "The next run chooses again." in said(capsys, "release", "tiny", "device_support")
    warehouse = Warehouse(str(workshop.store.warehouse))
    held = {row["domain"]: row["chosen_by"] for row in champions_of(warehouse)}
    assert held == {"device_support": "validation_loss", "customer_service": "validation_loss"}
    assert second["artifact"] in {row["previous"] for row in champions_of(warehouse)}


def test_what_cannot_be_answered_is_said_with_what_to_run(published: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nothing has been published" in said(capsys, "list", code=2)
    assert "nothing has been published" in said(capsys, "restore", "abc", code=2)
    published()
    assert "there is no adapter 'tiny/lora/all'" in said(capsys, "show", "tiny/lora/all", code=2)
    assert "no adapter of tiny for all was restored" in said(capsys, "release", "tiny", "all", code=2)


def test_looking_imports_neither_pandas_nor_dagster() -> None:
    code = (
        "import sys\n"
        "from lenovo_pipeline.models.registry.__main__ import main\n"
        "main(['list'])\n"
        "print(sorted({'pandas', 'dagster', 'torch', 'mlflow'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"
