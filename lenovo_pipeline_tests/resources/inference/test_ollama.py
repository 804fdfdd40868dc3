"""Ollama as it documents itself: chat, completion, tools, identity, and the models that it keeps."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.inference import (
    GenerationFailed,
    GenerationSettings,
    Inference,
    Message,
    ModelSource,
    ModelUnavailable,
    Tool,
    ToolCall,
)
from lenovo_pipeline.resources.inference.ollama import OllamaBackend
from lenovo_pipeline.resources.inference.ollama_library import OllamaLibrary, Progress
from lenovo_pipeline.settings import Settings

CHAT = ("POST", "/api/chat")
QUESTION = [Message("user", "why is the sky blue?")]
BRIEF = GenerationSettings(max_tokens=8, timeout_s=60)
TOOL = Tool("get_weather", "Get the weather in a given city", {"type": "object", "properties": {"city": {"type": "string"}}})


@pytest.fixture
def inference(server: Any, settings: Settings) -> Inference:
    return Inference(settings.model_copy(update={"ollama_url": server.url}))


@pytest.fixture
def backend(inference: Inference) -> Iterator[OllamaBackend]:
    opened = inference.open(ModelSource("ollama", "llama3.2"))
    assert isinstance(opened, OllamaBackend)
    yield opened
    opened.close()


@pytest.fixture
def library(inference: Inference) -> OllamaLibrary:
    return inference.ollama_library()


@pytest.fixture(scope="session")
def recorded(reference: Path) -> list[dict[str, Any]]:
    """Each documented request with the answers that follow it."""
    talks: list[dict[str, Any]] = []
    for example in json.loads((reference / "ollama" / "examples.json").read_text()):
        if example.get("path"):
            talks.append({"path": example["path"], "body": example.get("body", {}), "answers": []})
        elif talks and "value" in example:
            talks[-1]["answers"].append(example["value"])
        elif talks and "lines" in example:
            talks[-1]["answers"].extend(json.loads(line) if isinstance(line, str) else line for line in example["lines"])
    return talks


def the_talk(recorded: list[dict[str, Any]], path: str, **body: Any) -> list[Any]:
    """The answers to the first documented request with this path and these fields."""
    for talk in recorded:
        if talk["path"] == path and talk["answers"] and all(talk["body"].get(name) == value for name, value in body.items()):
            return list(talk["answers"])
    raise AssertionError(f"nothing documented for {path} with {body}")


def test_every_documented_chat_is_read(server: Any, backend: OllamaBackend, recorded: list[dict[str, Any]]) -> None:
    chats = [talk for talk in recorded if talk["path"] == "/api/chat" and talk["answers"]]
    assert len(chats) >= 8
    for talk in chats:
        server.on(*CHAT, server.lines(talk["answers"]))
        answer = backend.generate(QUESTION, BRIEF)
        parts = [each.get("message", {}) for each in talk["answers"]]
        assert answer.text == "".join(part.get("content", "") for part in parts)
        assert answer.tokens_out == talk["answers"][-1].get("eval_count")
        assert answer.tokens_in == talk["answers"][-1].get("prompt_eval_count")
        calls = [call["function"] for part in parts for call in part.get("tool_calls", [])]
        assert [(call.name, call.arguments) for call in answer.tool_calls] == [
            (call["name"], call["arguments"]) for call in calls
        ]


def test_a_documented_stream_is_timed_and_counted(server: Any, backend: OllamaBackend, recorded: list[dict[str, Any]]) -> None:
    server.on(*CHAT, server.lines(the_talk(recorded, "/api/chat", model="llama3.2"), pause_s=0.02))
    stream = backend.stream(QUESTION, BRIEF)
    assert list(stream) == ["The"]
    assert stream.completion is not None
    assert (stream.completion.tokens_in, stream.completion.tokens_out) == (26, 282)
    assert stream.completion.first_token_s is not None
    assert stream.completion.first_token_s < stream.completion.latency_s
    assert stream.completion.cost is None


def test_every_documented_completion_is_read(server: Any, backend: OllamaBackend, recorded: list[dict[str, Any]]) -> None:
    talks = [talk for talk in recorded if talk["path"] == "/api/generate" and talk["answers"]]
    assert len(talks) >= 5
    for talk in talks:
        answers = [answer for answer in talk["answers"] if "done" in answer]
        server.on("POST", "/api/generate", server.lines(answers))
        completion = backend.complete("Why is the sky blue?", BRIEF)
        assert completion.text == "".join(answer["response"] for answer in answers)
        assert completion.tokens_out == answers[-1].get("eval_count")
    assert server.asked[-1].body["raw"] is True


def test_parallel_tool_calls_are_told_apart(server: Any, backend: OllamaBackend) -> None:
    calls = [{"function": {"name": "get_weather", "arguments": {"city": city}}} for city in ("Tokyo", "Toronto")]
    frames = [{"message": {"role": "assistant", "content": "", "tool_calls": [call]}, "done": False} for call in calls]
    server.on(*CHAT, server.lines([*frames, {"message": {"role": "assistant", "content": ""}, "done": True}]))
    answer = backend.generate(QUESTION, BRIEF)
    assert [(call.arguments["city"], call.id) for call in answer.tool_calls] == [("Tokyo", "call_0"), ("Toronto", "call_1")]
    assert answer.finish_reason == "tool_calls"


def test_requests_are_what_ollama_has_published(
    server: Any, backend: OllamaBackend, library: OllamaLibrary, reference: Path, tmp_path: Path
) -> None:
    from jsonschema import Draft202012Validator

    spec = yaml.safe_load((reference / "ollama" / "openapi.yaml").read_text())
    server.on(*CHAT, server.lines([{"message": {"content": "y"}, "done": True}]))
    server.on("POST", "/api/generate", server.lines([{"response": "y", "done": True}]))
    server.on("POST", "/api/show", server.json({"template": "", "model_info": {}}))
    server.on("GET", "/api/tags", server.json({"models": [{"model": "llama3.2:latest"}]}))
    server.on("POST", "/api/embed", server.json({"embeddings": [[1.0], [2.0]]}))
    server.on("GET", "/api/version", server.json({"version": "0.5.1"}))
    for path in ("/api/pull", "/api/create"):
        server.on("POST", path, server.lines([{"status": "success"}]))
    call = ToolCall("get_weather", {"city": "Toronto"}, "c1")
    talk = [*QUESTION, Message("assistant", "", (call,)), Message("tool", "11 degrees", tool_call_id="c1")]
    backend.generate(talk, GenerationSettings(stop=("\n",), seed=1, tools=(TOOL,), temperature=0.3, top_p=0.8))
    backend.complete("once", BRIEF)
    backend.identity()
    library.embed("all-minilm", ["a", "b"])
    assert library.version() == "0.5.1"
    list(library.pull("llama3.2"))
    modelfile = tmp_path / "Modelfile"
    modelfile.write_text('FROM llama3.2\nPARAMETER stop "</s>"\nSYSTEM Be brief.\nMESSAGE user hello\nLICENSE Apache-2.0\n')
    list(library.create("brief", modelfile))
    assert len(server.asked) == 8
    for asked in server.asked:
        operation = spec["paths"][asked.path][asked.method.lower()]
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if asked.data:
            schema = {**content["schema"], "components": spec["components"]}
            assert [error.message for error in Draft202012Validator(schema).iter_errors(asked.body)] == []
            assert set(asked.body) <= set(spec["components"]["schemas"][content["schema"]["$ref"].split("/")[-1]]["properties"])
    sent = server.asked[0].body
    assert sent["messages"][2]["tool_name"] == "get_weather"
    assert sent["options"] == {"num_predict": 128, "temperature": 0.3, "top_p": 0.8, "stop": ["\n"], "seed": 1}


def test_a_model_is_identified_by_its_digest(
    server: Any, backend: OllamaBackend, recorded: list[dict[str, Any]], reference: Path
) -> None:
    server.on("GET", "/api/tags", server.json(the_talk(recorded, "/api/tags")[0]))
    facts = {"general.architecture": "llama", "general.parameter_count": 3_212_749_888, "llama.context_length": 131_072}
    server.on("POST", "/api/show", server.json({"template": "{{ .Prompt }}", "model_info": facts}))
    identity = backend.identity()
    assert identity.revision == "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72"
    assert (identity.size_bytes, identity.parameters, identity.context_length) == (2_019_393_189, 3_212_749_888, 131_072)
    assert identity.template_hash == hashlib.sha256(b"{{ .Prompt }}").hexdigest()
    assert identity.tokenizer_hash is None


def test_a_model_that_the_server_lacks_names_the_command_that_gets_it(
    server: Any, inference: Inference, recorded: list[dict[str, Any]]
) -> None:
    server.on("GET", "/api/tags", server.json(the_talk(recorded, "/api/tags")[0]))
    assert inference.reach(ModelSource("ollama", "llama3.2")).reachable
    assert inference.reach(ModelSource("ollama", "llama3.2:latest")).reachable
    lacking = inference.reach(ModelSource("ollama", "llama3.2:3b"))
    assert not lacking.reachable
    assert "has no model llama3.2:3b; it has llama3.2:latest" in lacking.reason
    assert lacking.reason.endswith("Run ollama pull llama3.2:3b.")
    server.on("GET", "/api/tags", server.json({"models": []}))
    assert inference.reach(ModelSource("ollama", "phi4-mini")).reason.endswith("has no model at all. Run ollama pull phi4-mini.")
    assert {asked.path for asked in server.asked} == {"/api/tags"}


def test_a_model_that_vanished_is_unavailable(server: Any, backend: OllamaBackend) -> None:
    server.on(*CHAT, server.json({"error": "model 'llama3.2' not found"}, 404))
    with pytest.raises(ModelUnavailable, match=r"does not have .*model 'llama3\.2' not found"):
        backend.generate(QUESTION, BRIEF)


def said(content: Any = "y", **more: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": content}, "done": False, **more}


@pytest.mark.parametrize(
    ("frames", "sentence"),
    [
        ([said()], "broke off its stream before the answer was done"),
        ([said(), {"error": "llama runner process has terminated"}], "reported an error: llama runner process has terminated"),
        ([said(7)], "sent int where the answer's text was expected"),
        ([{"message": "y", "done": True}], "where a message was expected"),
        ([{"message": {"tool_calls": 1}, "done": True}], "a list of tool calls was expected"),
        ([{"message": {"tool_calls": [{"name": "x"}]}, "done": True}], "a tool call without a function"),
        ([{"message": {"tool_calls": [{"function": {"arguments": {}}}]}, "done": True}], "without the tool's name"),
        (
            [{"message": {"tool_calls": [{"function": {"name": "x", "arguments": "oops"}}]}, "done": True}],
            "are no JSON object: oops",
        ),
        ([{"message": {"tool_calls": [{"function": {"name": "x", "arguments": [1]}}]}, "done": True}], "arguments were expected"),
        ([said(done=True, eval_count=1.5)], "where a number of tokens was expected"),
        (["y"], "sent a str where an object was expected"),
    ],
)
def test_nonsense_is_one_recorded_failure(server: Any, backend: OllamaBackend, frames: list[Any], sentence: str) -> None:
    server.on(*CHAT, server.lines(frames))
    with pytest.raises(GenerationFailed, match=sentence):
        backend.generate(QUESTION, BRIEF)


def test_endless_words_and_a_cut_line_are_recorded_failures(server: Any, backend: OllamaBackend) -> None:
    server.on(*CHAT, server.endless(json.dumps(said("more ")).encode() + b"\n", "application/x-ndjson"))
    with pytest.raises(GenerationFailed, match="Ollama does not stop"):
        backend.generate(QUESTION, BRIEF)
    server.on(*CHAT, server.stream([json.dumps(said()).encode() + b"\n", b'{"message": {"con'], "application/x-ndjson"))
    with pytest.raises(GenerationFailed, match="no valid JSON"):
        backend.generate(QUESTION, BRIEF)
    server.on(*CHAT, server.silent())
    with pytest.raises(GenerationFailed, match=r"Ollama sent nothing within its time-out of 0\.2 s"):
        backend.generate(QUESTION, GenerationSettings(timeout_s=0.2))


def test_a_pull_tells_its_progress(server: Any, library: OllamaLibrary, recorded: list[dict[str, Any]]) -> None:
    server.on("POST", "/api/pull", server.lines(the_talk(recorded, "/api/pull")))
    steps = list(library.pull("llama3.2"))
    assert steps[0] == Progress("pulling manifest")
    assert Progress("pulling digestname", 241_970, 2_142_590_208) in steps
    assert steps[-1].status == "success"


@pytest.mark.parametrize(
    ("frames", "error", "sentence"),
    [
        (
            [{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}],
            ModelUnavailable,
            "does not exist",
        ),
        ([{"status": "pulling manifest"}], GenerationFailed, "broke off /api/pull of nobody after 'pulling manifest'"),
        ([], GenerationFailed, "broke off /api/pull"),
    ],
)
def test_a_pull_that_fails_says_why(
    server: Any, library: OllamaLibrary, frames: list[Any], error: type[Exception], sentence: str
) -> None:
    server.on("POST", "/api/pull", server.lines(frames))
    with pytest.raises(error, match=sentence):
        list(library.pull("nobody"))


def test_embeddings_are_one_vector_for_each_text(server: Any, library: OllamaLibrary, recorded: list[dict[str, Any]]) -> None:
    texts = ["Why is the sky blue?", "Why is the grass green?"]
    server.on("POST", "/api/embed", server.json(the_talk(recorded, "/api/embed", input=texts)[0]))
    vectors = library.embed("all-minilm", texts)
    assert [len(vector) for vector in vectors] == [10, 10]
    assert library.embed("all-minilm", []) == []
    wrong: Any
    for wrong in ({"embeddings": [[1.0]]}, {"embeddings": [[1.0], [1.0, 2.0]]}, {"embeddings": [["a"], [1.0]]}, {}, []):
        server.on("POST", "/api/embed", server.json(wrong))
        with pytest.raises(GenerationFailed, match="Ollama answered"):
            library.embed("all-minilm", texts)


def test_a_model_is_created_from_the_files_that_its_modelfile_names(
    server: Any, library: OllamaLibrary, recorded: list[dict[str, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for name, data in {"model.safetensors": b"weights" * 50_000, "config.json": b"{}", "notes.txt": b"no part of it"}.items():
        (folder / name).write_bytes(data)
    (tmp_path / "tone.gguf").write_bytes(b"adapter")
    modelfile = tmp_path / "Modelfile"
    modelfile.write_text("# nano\nFROM ./model\nADAPTER tone.gguf\nPARAMETER temperature 0.5\n")
    digests = {
        path.name: f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in (folder / "model.safetensors", folder / "config.json", tmp_path / "tone.gguf")
    }
    blobs = {name: f"/api/blobs/{digest}" for name, digest in digests.items()}
    server.on("HEAD", blobs["config.json"], server.body(b""))
    for name in ("model.safetensors", "tone.gguf"):
        server.on("POST", blobs[name], server.body(b"", 201))
    server.on("POST", "/api/create", server.lines(the_talk(recorded, "/api/create", model="fred")))
    assert list(library.create("nano", modelfile))[-1].status == "success"
    sent = {(asked.method, asked.path): asked for asked in server.asked}
    assert ("POST", blobs["config.json"]) not in sent
    assert sent["POST", blobs["model.safetensors"]].data == b"weights" * 50_000
    assert sent["POST", "/api/create"].body == {
        "model": "nano",
        "stream": True,
        "files": {name: digests[name] for name in ("config.json", "model.safetensors")},
        "adapters": {"tone.gguf": digests["tone.gguf"]},
        "parameters": {"temperature": 0.5},
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("FROM ./nowhere", "which is not there"),
        ("FROM llama3.2\nADAPTER nowhere.gguf", "which is not there"),
        ("SYSTEM Hi", "there is no FROM"),
        ("FROM empty", "holds no weights"),
    ],
)
def test_a_modelfile_that_does_not_fit_its_folder_is_refused(
    library: OllamaLibrary, tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "Modelfile").write_text(text)
    with pytest.raises(PermanentFailure, match=sentence):
        list(library.create("nano", tmp_path / "Modelfile"))
