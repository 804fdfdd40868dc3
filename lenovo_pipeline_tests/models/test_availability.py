"""What can be reached now: the order of the sources, one sentence for what cannot, and no source that spoils the others."""

from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.contracts import conform
from lenovo_pipeline.models.availability import find, hub_snapshot, survey
from lenovo_pipeline.models.catalogue import read_catalogue
from lenovo_pipeline.models.tables import AVAILABILITY
from lenovo_pipeline.resources.inference import ModelSource, Reach
from lenovo_pipeline.settings import PROJECT_ROOT


def test_what_is_on_this_machine_is_taken_before_what_a_server_has(row: Any, sources: Any, folder: Path) -> None:
    model = row(folder=folder.name, ollama="tiny:1", github="somebody/tiny")
    reaching = sources({"tiny:1": None, "somebody/tiny": None})
    found = find(model, reaching, folder.parent)
    assert found.reason is None
    assert found.route is not None
    assert (found.route.source, found.route.identifier) == ("folder", "tiny")
    assert found.route.model == ModelSource("folder", str(folder))
    assert reaching.asked == [f"folder {folder}"]
    found = find(row(folder="absent", ollama="tiny:1", github="somebody/tiny"), reaching, folder.parent)
    assert found.route is not None
    assert (found.route.source, found.route.identifier) == ("ollama", "tiny:1")


def test_what_cannot_be_reached_has_one_sentence_that_names_every_source(row: Any, sources: Any, tmp_path: Path) -> None:
    found = find(row(huggingface="some/tiny", ollama="tiny:1", github="some/tiny"), sources(), tmp_path, hub=tmp_path)
    assert found.route is None
    assert found.reason == (
        "Hugging Face cache: some/tiny is not there (get it with: hf download some/tiny); "
        "Ollama: No server for ollama is configured, Set its address; "
        "GitHub Models: No server for github is configured, Set its address."
    )


def test_a_model_that_only_its_owner_offers_says_so(row: Any, sources: Any, tmp_path: Path) -> None:
    found = find(row(provider="Tiny Voice"), sources(), tmp_path)
    assert found.reason == "Only Somebody itself offers it (Tiny Voice), by a service that is not connected here."


def test_a_source_that_breaks_is_a_reason_and_spoils_no_other_model(row: Any, folder: Path) -> None:
    class Broken:
        def reach(self, source: ModelSource) -> Reach:
            if source.kind == "ollama":
                raise RuntimeError("no\nanswer")
            return Reach(True)

    lines = survey([row("a", ollama="x"), row("b", folder="tiny"), row("c", ollama="x", github="y")], Broken(), folder.parent)
    assert [(line["name"], line["reachable"], line["source"]) for line in lines] == [
        ("a", False, None),
        ("b", True, "folder"),
        ("c", True, "github"),
    ]
    assert lines[0]["reason"] == "Ollama: RuntimeError: no answer."


def test_weights_in_the_hugging_face_cache_are_found_and_nothing_else_there(folder: Path, tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    place = hub / "models--some--tiny"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("abc")
    (place / "snapshots").mkdir()
    assert hub_snapshot("some/tiny", hub) is None
    folder.rename(place / "snapshots" / "abc")
    assert hub_snapshot("some/tiny", hub) == place / "snapshots" / "abc"
    (place / "snapshots" / "abc" / "model.safetensors").unlink()
    assert hub_snapshot("some/tiny", hub) is None
    assert hub_snapshot("../../etc", hub) is None


def test_every_entry_of_the_committed_catalogue_gets_a_line_and_every_missing_one_a_reason(sources: Any, tmp_path: Path) -> None:
    rows = read_catalogue(PROJECT_ROOT / "data" / "catalogue" / "models.yaml").rows()
    lines = survey(rows, sources({"phi4-mini": None}), tmp_path, hub=tmp_path)
    frame = conform(pd.DataFrame(lines, columns=list(AVAILABILITY.column_names)), AVAILABILITY)
    assert frame["name"].tolist() == [each["name"] for each in rows]
    assert frame[frame["reachable"]]["name"].tolist() == ["phi-4-mini"]
    reasons = frame[~frame["reachable"].astype(bool)]["reason"]
    assert all(reason.endswith(".") and "\n" not in reason for reason in reasons)
