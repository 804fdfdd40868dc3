"""MLflow's aliases say what runs where, whatever happened in between; others' aliases are left alone."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetCheckResult

from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster import checks
from lenovo_pipeline.roster.deploying import aliases
from lenovo_pipeline.roster.deploying.aliases import Followed, astray, follow
from lenovo_pipeline.roster.deploying.book import Book

MODEL, ADAPTER, NEWER = "lenovo-nano.device_support", "lenovo-nano/lora/device_support", "lenovo-nano/qlora/device_support"
ARTIFACTS = {ADAPTER: "a" * 32, NEWER: "b" * 32}
DESK, TRIAL = ("production", "desk"), ("testing", "desk")


@pytest.fixture
def tracking(tmp_path: Path, empty_tracking_database: Path) -> Iterator[Tracking]:
    shutil.copy(empty_tracking_database, tmp_path / "mlflow.db")
    made = Tracking(tmp_path / "mlflow.db", tmp_path / "artifacts")
    client = made.client()
    client.create_registered_model(MODEL, tags={"lenovo.kind": "adapter"})
    for number, (build, artifact) in enumerate(ARTIFACTS.items(), start=1):
        tags = {"lenovo.kind": "adapter", "artifact": artifact, "build": build}
        client.create_model_version(MODEL, (tmp_path / str(number)).as_uri(), tags=tags)
    client.set_registered_model_alias(MODEL, "champion", "1")
    yield made
    made.close()


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "deployments.db", clock=lambda: datetime(2026, 3, 1, tzinfo=UTC))


def promote(book: Book, place: tuple[str, str], entry: str) -> None:
    book.promote(*place, entry, f"DEC-{entry}", actor="run", reason="it keeps all rules")


def there(tracking: Tracking) -> dict[str, str]:
    return {name: str(version) for name, version in dict(tracking.client().get_registered_model(MODEL).aliases).items()}


def test_aliases_are_set_moved_and_taken_away_with_what_runs(tracking: Tracking, book: Book) -> None:
    promote(book, DESK, ADAPTER)
    promote(book, TRIAL, NEWER)
    assert follow(tracking.client(), book.running(), ARTIFACTS) == Followed(2, 0, 2)
    assert there(tracking) == {"champion": "1", "production-desk": "1", "testing-desk": "2"}
    assert follow(tracking.client(), book.running(), ARTIFACTS) == Followed(0, 0, 2)
    promote(book, DESK, NEWER)
    book.retire(*TRIAL, actor="run", reason="no decision in force")
    assert follow(tracking.client(), book.running(), ARTIFACTS) == Followed(1, 1, 1)
    assert there(tracking) == {"champion": "1", "production-desk": "2"}
    book.rollback(*DESK, actor="monitor", reason="errors")
    follow(tracking.client(), book.running(), ARTIFACTS)
    assert there(tracking)["production-desk"] == "1"


def test_what_is_no_registered_model_has_no_alias(tracking: Tracking, book: Book) -> None:
    promote(book, DESK, "top-evidence-sentence")
    promote(book, TRIAL, ADAPTER)
    # Its files are others now than those of any version.
    assert follow(tracking.client(), book.running(), {ADAPTER: "c" * 32}) == Followed(0, 0, 0)
    assert there(tracking) == {"champion": "1"}


@pytest.mark.parametrize("call", ["set_registered_model_alias", "delete_registered_model_alias"])
def test_what_was_interrupted_is_done_the_next_time(
    tracking: Tracking, book: Book, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = tracking.client()
    promote(book, TRIAL, ADAPTER)
    follow(client, book.running(), ARTIFACTS)
    book.retire(*TRIAL, actor="run", reason="no decision in force")
    promote(book, DESK, NEWER)
    with monkeypatch.context() as patched:

        def killed(*_: Any) -> None:
            raise KeyboardInterrupt

        patched.setattr(type(client), call, killed)
        with pytest.raises(KeyboardInterrupt):
            follow(client, book.running(), ARTIFACTS)
    assert astray(client, book.running(), ARTIFACTS)
    follow(client, book.running(), ARTIFACTS)
    assert there(tracking) == {"champion": "1", "production-desk": "2"}
    assert astray(client, book.running(), ARTIFACTS) == []


def test_an_alias_that_points_elsewhere_is_found(
    tracking: Tracking, book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = [type("Built", (), {"name": name, "row": {"artifact": artifact}}) for name, artifact in ARTIFACTS.items()]
    monkeypatch.setattr("lenovo_pipeline.evaluation.builds.stored_builds", lambda warehouse: built)
    store, warehouse = Store(tmp_path), Warehouse(str(tmp_path / "warehouse.duckdb"))
    judge: Callable[[], Any] = lambda: checks.mlflow_aliases_say_what_runs(  # noqa: E731
        warehouse=warehouse, store=store, tracking=tracking
    )
    promote(book, DESK, ADAPTER)
    follow(tracking.client(), book.running(), ARTIFACTS)
    passed = judge()
    assert isinstance(passed, AssetCheckResult) and passed.passed
    tracking.client().set_registered_model_alias(MODEL, "production-desk", "2")
    tracking.client().set_registered_model_alias(MODEL, "staging-desk", "2")
    said = str(judge().metadata["found"].value)
    assert f"{MODEL}: alias production-desk points at version 2, not at version 1" in said
    assert f"{MODEL}: alias staging-desk points at version 2, not at nothing" in said


def test_an_alias_bears_the_name_of_its_place() -> None:
    assert aliases.alias_of("production", "support_desk") == "production-support_desk"
