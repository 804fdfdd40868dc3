"""The MLflow prompt registry follows data/prompts by difference, offline, on SQLite."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.prompts.library import Entry, Library, library_table
from lenovo_pipeline.prompts.registry import Synchronised, disagreements, synchronise
from lenovo_pipeline.prompts.templates import Template
from lenovo_pipeline.resources.tracking import Tracking

NAME = "device_support.software.explain-code"


@pytest.fixture
def client(tmp_path: Path, empty_tracking_database: Path) -> Iterator[Any]:
    shutil.copy(empty_tracking_database, tmp_path / "mlflow.db")
    tracking = Tracking(tmp_path / "mlflow.db", tmp_path / "artifacts")
    yield tracking.client()
    tracking.close()


@pytest.fixture
def entry(values: Any) -> Any:
    def make(**changes: Any) -> Entry:
        return Entry("device_support", "software", "device_support/software.yaml", "0" * 64, Template(**values(**changes)))

    return make


def aliases(client: Any) -> dict[str, int]:
    [prompt] = client.search_registered_models("tags.`mlflow.prompt.is_prompt` = 'true'")
    return {alias: int(version) for alias, version in dict(prompt.aliases).items()}


def test_a_text_is_registered_once_and_found_again_under_its_alias(client: Any, entry: Any) -> None:
    first = synchronise(client, [entry()])
    assert first == Synchronised({NAME: (1, "production")}, new_prompts=1, new_versions=1, moved_aliases=1)
    assert synchronise(client, [entry()]) == Synchronised({NAME: (1, "production")})
    assert client.load_prompt(f"prompts:/{NAME}@production").template == entry().template.template
    assert (
        client.load_prompt(f"prompts:/{NAME}@production").format(code="A", day="B") == "Explain the code A as it was seen on B."
    )


def test_a_changed_text_is_a_new_version_and_the_old_one_can_be_rolled_back_to(client: Any, entry: Any) -> None:
    synchronise(client, [entry()])
    changed = entry(template="Tell what {{code}} of {{day}} means.", version=2)
    again = synchronise(client, [changed])
    assert (again.versions[NAME], again.new_prompts, again.new_versions) == ((2, "production"), 0, 1)
    assert again.same_number == ()
    assert aliases(client) == {"production": 2, "previous": 1}
    back = synchronise(client, [entry()])
    assert (back.versions[NAME], back.new_versions) == ((1, "production"), 0)
    assert aliases(client) == {"production": 1, "previous": 2}


def test_a_changed_purpose_is_no_new_version(client: Any, entry: Any) -> None:
    synchronise(client, [entry()])
    assert synchronise(client, [entry(purpose="Explain an error code to somebody else.")]).new_versions == 0


def test_a_new_text_under_an_old_number_is_told(client: Any, entry: Any) -> None:
    synchronise(client, [entry()])
    again = synchronise(client, [entry(template="Tell what {{code}} of {{day}} means.")])
    assert again.new_versions == 1
    assert NAME in again.same_number[0]


def test_a_draft_leaves_production_where_it_is_until_it_is_active(client: Any, entry: Any) -> None:
    synchronise(client, [entry()])
    changed = {"template": "Tell what {{code}} of {{day}} means.", "version": 2}
    draft = synchronise(client, [entry(**changed, status="draft")])
    assert draft.versions[NAME] == (2, "staging")
    assert aliases(client) == {"production": 1, "staging": 2}
    assert synchronise(client, [entry(**changed)]).versions[NAME] == (2, "production")
    assert aliases(client) == {"production": 2, "previous": 1}


def test_a_registry_that_was_changed_by_hand_is_found(client: Any, entry: Any) -> None:
    versions = dict(synchronise(client, [entry()]).versions)
    table = library_table(Library((entry(),), ()), versions)
    assert disagreements(client, table) == []
    assert "not registered" in disagreements(client, table.assign(template_id="a.b.c"))[0]
    assert "another text" in disagreements(client, table.assign(text_sha256="1" * 64))[0]
    client.delete_prompt_alias(NAME, "production")
    assert "production points at version None" in disagreements(client, table)[0]
