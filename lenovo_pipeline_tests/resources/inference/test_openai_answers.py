"""What a server that speaks chat completions may answer, and what becomes of it when it is no answer."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.resources.inference import (
    GenerationFailed,
    GenerationSettings,
    Inference,
    Message,
    ModelSource,
    ModelUnavailable,
    Price,
    Tool,
    ToolCall,
)
from lenovo_pipeline.resources.inference.openai_compatible import OpenAIBackend
from lenovo_pipeline.settings import Settings

CHAT = ("POST", "/v1/chat/completions")
QUESTION = [Message("user", "How much memory has the ThinkPad?")]
BRIEF = GenerationSettings(max_tokens=8, timeout_s=60)


@pytest.fixture
def backend(server: Any, settings: Settings) -> Iterator[OpenAIBackend]:
    configured = settings.model_copy(update={"openai_url": f"{server.url}/v1"})
    opened = Inference(configured).open(ModelSource("openai", "small", Price(2.0, 10.0)))
    assert isinstance(opened, OpenAIBackend)
    yield opened
    opened.close()


def frame(content: Any = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {} if content is None else {"content": content}, "finish_reason": finish}], **more}


def test_an_answer_is_streamed_counted_timed_and_priced(server: Any, backend: OpenAIBackend) -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 1_000, "completion_tokens": 300}}
    server.on(*CHAT, server.events([frame(""), frame("16 "), frame("GB"), frame(finish="stop"), usage], pause_s=0.02))
    stream = backend.stream(QUESTION, BRIEF)
    assert list(stream) == ["16 ", "GB"]
    answer = stream.completion
    assert answer is not None
    assert (answer.text, answer.finish_reason, answer.tokens_in, answer.tokens_out) == ("16 GB", "stop", 1_000, 300)
    assert answer.cost == pytest.approx(0.005)
    assert answer.first_token_s is not None
    assert 0 < answer.first_token_s < answer.latency_s


def test_what_was_recorded_of_openai_is_read(server: Any, backend: OpenAIBackend, reference: Path) -> None:
    spec = json.loads((reference / "openai" / "openapi_subset.json").read_text())
    examples = {each["title"]: each for each in spec["paths"]["/chat/completions"]["post"]["x-oaiMeta"]["examples"]}
    server.on(*CHAT, server.json(json.loads(examples["Default"]["response"])))
    whole = backend.generate(QUESTION, BRIEF)
    assert (whole.text, whole.tokens_in, whole.tokens_out) == ("Hello! How can I assist you today?", 19, 10)
    assert whole.first_token_s is None

    server.on(*CHAT, server.json(json.loads(examples["Functions"]["response"])))
    called = backend.generate(QUESTION, BRIEF)
    assert called.tool_calls == (ToolCall("get_current_weather", {"location": "Boston, MA"}, "call_abc123"),)
    assert (called.text, called.finish_reason) == ("", "tool_calls")

    frames = [json.loads(line) for line in examples["Streaming"]["response"].splitlines() if line.startswith("{")]
    server.on(*CHAT, server.events(frames))
    assert backend.generate(QUESTION, BRIEF).text == "Hello"


def test_requests_are_what_openai_has_published(server: Any, backend: OpenAIBackend, reference: Path) -> None:
    from jsonschema import Draft202012Validator

    server.on(*CHAT, server.events([frame("yes", "stop")]))
    tool = Tool("look_up", "Looks up a device.", {"type": "object", "properties": {"name": {"type": "string"}}})
    call = ToolCall("look_up", {"name": "razr 50", "größe": 2}, "c1")
    talk = [
        Message("system", "Answer."),
        Message("user", "Which?"),
        Message("assistant", "", (call,)),
        Message("tool", "found", tool_call_id="c1"),
    ]
    full = GenerationSettings(max_tokens=9, temperature=0.5, top_p=0.9, stop=("\n",), seed=3, tools=(tool,))
    for settings in (BRIEF, full):
        backend.generate(talk, settings)
        asked = server.asked[-1]
        spec = json.loads((reference / "openai" / "openapi_subset.json").read_text())
        schema = {"$ref": "#/components/schemas/CreateChatCompletionRequest", "components": spec["components"]}
        problems = [error.message for error in Draft202012Validator(schema).iter_errors(asked.body)]
        assert problems == []
        assert asked.headers["content-type"] == "application/json"
        assert asked.body["stream_options"] == {"include_usage": True}
        assert json.loads(asked.body["messages"][2]["tool_calls"][0]["function"]["arguments"]) == call.arguments
    assert (asked.body["top_p"], asked.body["stop"], asked.body["seed"]) == (0.9, ["\n"], 3)
    assert "authorization" not in asked.headers


def test_tool_calls_come_in_pieces_and_in_parallel(server: Any, backend: OpenAIBackend) -> None:
    def delta(*calls: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": {"tool_calls": list(calls)}, "finish_reason": finish}]}

    first = {"index": 0, "id": "a", "type": "function", "function": {"name": "look_up", "arguments": ""}}
    second = {"index": 1, "id": "b", "type": "function", "function": {"name": "count", "arguments": '{"of":'}}
    pieces = [
        delta(first),
        delta({"index": 0, "function": {"arguments": '{"name": "razr'}}),
        delta(second, {"index": 0, "function": {"arguments": ' 50"}'}}),
        delta({"index": 1, "function": {"arguments": " 2}"}}, finish="tool_calls"),
    ]
    server.on(*CHAT, server.events(pieces))
    answer = backend.generate(QUESTION, BRIEF)
    assert answer.tool_calls == (ToolCall("look_up", {"name": "razr 50"}, "a"), ToolCall("count", {"of": 2}, "b"))
    assert answer.finish_reason == "tool_calls"


def test_tool_calls_without_an_index_are_told_apart_by_their_names(server: Any, backend: OpenAIBackend) -> None:
    calls = [{"function": {"name": "one", "arguments": "{"}}, {"function": {"arguments": "}"}}, {"function": {"name": "two"}}]
    server.on(*CHAT, server.events([{"choices": [{"delta": {"tool_calls": [call]}}]} for call in calls]))
    answer = backend.generate(QUESTION, BRIEF)
    assert [(call.name, call.arguments, call.id) for call in answer.tool_calls] == [("one", {}, "call_0"), ("two", {}, "call_1")]


@pytest.mark.parametrize("arguments", ['{"name": ', "[1, 2]", "null", "razr"])
def test_arguments_that_are_no_object_are_a_recorded_failure(server: Any, backend: OpenAIBackend, arguments: str) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "look_up", "arguments": arguments}}
    server.on(*CHAT, server.json({"choices": [{"message": {"content": None, "tool_calls": [call]}}]}))
    with pytest.raises(GenerationFailed, match="arguments for the tool 'look_up' are no JSON object"):
        backend.generate(QUESTION, BRIEF)


def test_what_a_server_does_not_count_is_unknown_and_not_zero(server: Any, backend: OpenAIBackend) -> None:
    server.on(*CHAT, server.events([frame("yes", "stop", usage=None)]))
    answer = backend.generate(QUESTION, BRIEF)
    assert (answer.tokens_in, answer.tokens_out, answer.cost) == (None, None, None)


def whole(**more: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}], **more}


NONSENSE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "an HTML page": (lambda s: s.body(b"<html><body>Sign in</body></html>", 200, "text/html"), "an HTML page instead of JSON"),
    "JSON that is cut": (lambda s: s.body(b'{"choices": [', 200, "application/json"), "no valid JSON"),
    "nothing": (lambda s: s.body(b"", 200, "application/json"), "no valid JSON"),
    "nested JSON": (lambda s: s.body(b"[" * 100_000, 200, "application/json"), "no valid JSON"),
    "no UTF-8": (lambda s: s.body(b'{"choices": "\xff\xfe"}', 200, "application/json"), "no UTF-8"),
    "no UTF-8 in a frame": (lambda s: s.stream([b'data: {"a": "\xff"}\n\n'], "text/event-stream"), "no UTF-8"),
    "a list": (lambda s: s.json([]), "an object was expected"),
    "no choices": (lambda s: s.json({"choices": []}), "without a choice"),
    "no choices in a stream": (lambda s: s.events([{"choices": []}]), "without a choice"),
    "choices of a wrong type": (lambda s: s.json({"choices": "yes"}), "a list of choices was expected"),
    "a choice of a wrong type": (lambda s: s.json({"choices": ["yes"]}), "a choice was expected"),
    "a message of a wrong type": (lambda s: s.json({"choices": [{"message": "yes"}]}), "a message was expected"),
    "text of a wrong type": (lambda s: s.json({"choices": [{"message": {"content": 5}}]}), "the answer's text was expected"),
    "half a character": (lambda s: s.events([frame("\ud83d", "stop")]), "surrogate"),
    "usage of a wrong type": (lambda s: s.json(whole(usage=[1])), "the usage was expected"),
    "tokens of a wrong type": (lambda s: s.json(whole(usage={"prompt_tokens": "many"})), "a number of tokens was expected"),
    "negative tokens": (lambda s: s.json(whole(usage={"completion_tokens": -1})), "a number of tokens was expected"),
    "an error in its stream": (lambda s: s.events([frame("y"), {"error": {"message": "out of memory"}}]), "out of memory"),
    "an error as its answer": (lambda s: s.json({"error": {"message": "no such template"}}), "no such template"),
    "a stream that is not events": (lambda s: s.stream([b"hello\n"], "text/event-stream"), "other than events: hello"),
    "a stream that ends early": (lambda s: s.events([frame("yes")], done=False), "broke off its stream"),
    "a stream that is cut": (lambda s: s.events([frame("yes")], done=False, cut=True), "broke off its answer after"),
    "a frame without end": (lambda s: s.endless(b"data: " + b"x" * 65_000, "text/event-stream"), "a line of more than"),
    "words without end": (
        lambda s: s.endless(b'data: {"choices": [{"delta": {"content": "more "}}]}\n\n', "text/event-stream"),
        "does not stop: 33 pieces came, and max_tokens is 8",
    ),
    "frames without words": (
        lambda s: s.endless(b'data: {"choices": []}' + b" " * 4_000 + b"\n\n", "text/event-stream"),
        "sent more than",
    ),
    "a body without end": (lambda s: s.endless(b" " * 65_000, "application/json"), "sent more than"),
    "a compressed body": (
        lambda s: s.body(b"\x1f\x8b", 200, "application/json", content_encoding="gzip"),
        "answered in the encoding 'gzip'",
    ),
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_is_one_recorded_failure(server: Any, backend: OpenAIBackend, kind: str) -> None:
    answer, sentence = NONSENSE[kind]
    server.on(*CHAT, answer(server))
    with pytest.raises(GenerationFailed, match=sentence) as caught:
        backend.generate(QUESTION, BRIEF)
    assert str(caught.value).startswith("The OpenAI-compatible server")
    assert len(server.asked) == 1
    server.on(*CHAT, server.events([frame("yes", "stop")]))
    assert backend.generate(QUESTION, BRIEF).text == "yes"


@pytest.mark.parametrize("kind", ["silent", "dripping headers", "dripping body", "dripping frames"])
def test_a_slow_server_is_given_up_at_the_time_out(server: Any, backend: OpenAIBackend, kind: str) -> None:
    slow = {
        "silent": server.silent(),
        "dripping headers": server.dripping(b"HTTP/1.1 200 OK\r\nX-Patience: " + b"x" * 500, 0.05),
        "dripping body": server.dripping(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"choices"' + b" " * 500, 0.005),
        "dripping frames": server.events([frame("")] * 400, pause_s=0.05),
    }
    server.on(*CHAT, slow[kind])
    with pytest.raises(GenerationFailed, match=r"time-out of 1 s"):
        backend.generate(QUESTION, GenerationSettings(timeout_s=1))
    assert len(server.asked) <= 1


def test_closing_a_stream_ends_the_generation_on_the_server(server: Any, backend: OpenAIBackend) -> None:
    server.on(*CHAT, server.events([frame("word ")] * 2_000, pause_s=0.01))
    stream = backend.stream(QUESTION, GenerationSettings(max_tokens=5_000))
    assert next(stream) == "word "
    stream.close()
    assert server.hung_up.wait(5)
    assert stream.completion is None


def test_429_and_5xx_are_tried_again_as_the_server_asks(server: Any, backend: OpenAIBackend, hurried: Any) -> None:
    waits = hurried(backend)
    busy = server.json({"error": {"message": "slow down"}}, 429, retry_after="3")
    server.on(*CHAT, busy, server.body(b"oops", 503), server.body(b"oops", 500), server.events([frame("yes", "stop")]))
    assert backend.generate(QUESTION, BRIEF).text == "yes"
    assert waits == [3, 1, 2]


def test_attempts_are_bounded_and_the_last_answer_is_quoted(server: Any, backend: OpenAIBackend, hurried: Any) -> None:
    hurried(backend)
    server.on(*CHAT, server.json({"error": {"message": "out of\nmemory"}}, 500))
    with pytest.raises(GenerationFailed, match="answered 500, which says: out of memory"):
        backend.generate(QUESTION, BRIEF)
    assert len(server.asked) == 4


def test_a_server_that_asks_for_too_long_a_wait_is_not_waited_for(server: Any, backend: OpenAIBackend, hurried: Any) -> None:
    waits = hurried(backend)
    server.on(*CHAT, server.json({}, 429, retry_after="4000"))
    with pytest.raises(GenerationFailed, match=r"answered 429.* limits how often"):
        backend.generate(QUESTION, BRIEF)
    assert (len(server.asked), waits) == (1, [])


@pytest.mark.parametrize("status", [400, 402, 409, 413, 418, 422])
def test_a_request_that_is_refused_is_not_sent_again(server: Any, backend: OpenAIBackend, hurried: Any, status: int) -> None:
    hurried(backend)
    server.on(*CHAT, server.json({"detail": "unexpected field"}, status))
    with pytest.raises(GenerationFailed, match=f"answered {status}, which says: unexpected field"):
        backend.generate(QUESTION, BRIEF)
    assert len(server.asked) == 1


@pytest.mark.parametrize(("status", "sentence"), [(401, "asks for a token"), (403, "asks for a token"), (404, "does not have")])
def test_a_model_that_cannot_be_had_is_unavailable(server: Any, backend: OpenAIBackend, status: int, sentence: str) -> None:
    server.on(*CHAT, server.json({"error": "no"}, status))
    with pytest.raises(ModelUnavailable, match=sentence):
        backend.generate(QUESTION, BRIEF)
    assert len(server.asked) == 1


def test_a_connection_that_is_lost_before_the_answer_is_tried_again(server: Any, backend: OpenAIBackend, hurried: Any) -> None:
    waits = hurried(backend)
    server.on(*CHAT, server.hanging_up(), server.hanging_up(), server.events([frame("yes", "stop")]))
    assert backend.generate(QUESTION, BRIEF).text == "yes"
    assert len(waits) == 2


def test_a_server_that_is_gone_is_unavailable(free_port: int, settings: Settings, hurried: Any) -> None:
    configured = settings.model_copy(update={"openai_url": f"http://127.0.0.1:{free_port}/v1"})
    gone = Inference(configured).open(ModelSource("openai", "small"))
    assert len(hurried(gone)) == 0
    with pytest.raises(ModelUnavailable, match=f"at http://127.0.0.1:{free_port}/v1 does not answer .*refused.*Start it"):
        gone.generate(QUESTION, BRIEF)


def test_messages_that_are_no_unicode_are_a_recorded_failure(server: Any, backend: OpenAIBackend) -> None:
    with pytest.raises(GenerationFailed, match="cannot be written as JSON"):
        backend.generate([Message("user", "\ud83d")], BRIEF)
    assert server.asked == []


def test_the_list_of_models_identifies_one(server: Any, backend: OpenAIBackend) -> None:
    server.on("GET", "/v1/models", server.json({"data": [{"id": "small", "max_model_len": 4_096}, {"id": "large"}]}))
    assert backend.identity().context_length == 4_096
    server.on("GET", "/v1/models", server.json({"data": [{"id": "large"}]}))
    with pytest.raises(ModelUnavailable, match="has no model small; it has large"):
        backend.identity()
    server.on("GET", "/v1/models", server.json({"models": []}))
    with pytest.raises(GenerationFailed, match="without a list of models"):
        backend.identity()
