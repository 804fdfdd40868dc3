"""What `reach` says when a model cannot be had: one sentence, what to do, and soon."""

from pathlib import Path
from typing import Any

import pytest
from dagster import build_init_resource_context

from lenovo_pipeline.resources.inference import Inference, ModelSource, ModelUnavailable
from lenovo_pipeline.resources.inference.connection import Connection
from lenovo_pipeline.resources.wiring import make_resources
from lenovo_pipeline.settings import Settings


def test_a_folder_is_reached_when_it_holds_a_model(settings: Settings, tmp_path: Path) -> None:
    inference = Inference(settings)
    for kind, needed in (("folder", "config.json"), ("edge", "genai_config.json")):
        folder = tmp_path / kind
        source = ModelSource(kind, str(folder))  # type: ignore[arg-type]
        assert inference.reach(source).reason.startswith(f"There is no model folder {folder}. ")
        folder.mkdir()
        assert f"has no {needed}. " in inference.reach(source).reason
        (folder / needed).write_text("{}")
        assert inference.reach(source).reachable


def test_nothing_listening_is_said_without_a_second_attempt(
    settings: Settings, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_wait(self: Connection, seconds: float) -> None:
        raise AssertionError(f"waited {seconds} s")

    monkeypatch.setattr(Connection, "_wait", no_wait)
    reach = Inference(settings.model_copy(update={"ollama_url": f"http://localhost:{free_port}"})).reach(
        ModelSource("ollama", "x")
    )
    assert reach.reason.startswith(f"Ollama at http://localhost:{free_port} does not answer")
    assert reach.reason.endswith("Start it with ollama serve, or correct LENOVO_OLLAMA_URL.")


@pytest.mark.parametrize("fault", ["silent", "html", "error", "list"])
def test_a_server_that_is_there_and_makes_no_sense_is_not_reached(server: Any, settings: Settings, fault: str) -> None:
    answers = {
        "silent": (server.silent(), "sent nothing within its time-out of 2 s"),
        "html": (server.body(b"<html>"), "sent an HTML page instead of JSON"),
        "error": (server.json({"error": "starting"}, 503), "answered 503, which says: starting"),
        "list": (server.json(["x"]), "without a list of models"),
    }
    answer, sentence = answers[fault]
    server.on("GET", "/api/tags", answer)
    reach = Inference(settings.model_copy(update={"ollama_url": server.url})).reach(ModelSource("ollama", "x"))
    assert not reach.reachable
    assert sentence in reach.reason
    assert reach.reason.endswith(". Look at what the server logs, or correct its address.")
    assert len(server.asked) <= 1


def test_a_host_that_cannot_be_looked_up_is_not_reached(settings: Settings) -> None:
    reach = Inference(settings.model_copy(update={"ollama_url": f"http://{'a' * 70}.test"})).reach(ModelSource("ollama", "x"))
    assert "has a name that no look-up takes" in reach.reason


def test_an_adapter_is_for_a_folder_only(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="only a model folder takes one"):
        Inference(settings).open(ModelSource("ollama", "llama3.2"), adapter=tmp_path)


def test_an_unknown_kind_of_source_is_named(settings: Settings) -> None:
    source = ModelSource("telepathy", "x")  # type: ignore[arg-type]
    assert "'telepathy' is no kind of source" in Inference(settings).reach(source).reason
    with pytest.raises(ModelUnavailable, match="Use folder, edge, ollama, github or openai"):
        Inference(settings).open(source)


def test_the_resource_is_wired(settings: Settings) -> None:
    found = make_resources(settings, {})["inference"](build_init_resource_context())
    assert isinstance(found, Inference)
    assert found.settings == settings
