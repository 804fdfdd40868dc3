"""Many questions at once: bounded, in order, each with its own fate, and interruptible."""

import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lenovo_pipeline.resources.inference import (
    BatchInterrupted,
    Completion,
    GenerationFailed,
    GenerationSettings,
    Inference,
    Message,
    ModelSource,
)
from lenovo_pipeline.resources.inference.openai_compatible import OpenAIBackend
from lenovo_pipeline.settings import Settings

CHAT = ("POST", "/chat/completions")
BRIEF = GenerationSettings(max_tokens=8, timeout_s=60)


@pytest.fixture
def backend(server: Any, settings: Settings) -> Iterator[OpenAIBackend]:
    configured = settings.model_copy(update={"openai_url": server.url, "inference_concurrency": 3})
    opened = Inference(configured).open(ModelSource("openai", "small"))
    assert isinstance(opened, OpenAIBackend)
    yield opened
    opened.close()


def questions(count: int) -> list[list[Message]]:
    return [[Message("user", str(number))] for number in range(count)]


class Echo:
    """Answers each question with itself; keeps how many were under way at once. What `instead` holds is answered otherwise."""

    def __init__(self, server: Any, instead: dict[str, Any] | None = None, pause_s: float = 0.0) -> None:
        self.server, self.instead, self.pause_s = server, instead or {}, pause_s
        self.lock = threading.Lock()
        self.under_way = self.most = 0

    def __call__(self, handler: Any) -> None:
        text = handler.asked.body["messages"][0]["content"]
        with self.lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        time.sleep(self.pause_s)
        with self.lock:
            self.under_way -= 1
        answer = self.server.json({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})
        self.instead.get(text, answer)(handler)


def texts(results: list[Any]) -> list[str | None]:
    return [result.text if isinstance(result, Completion) else None for result in results]


def test_a_batch_keeps_its_order_and_its_bound(server: Any, backend: OpenAIBackend) -> None:
    echo = Echo(server, pause_s=0.01)
    server.on(*CHAT, echo)
    assert texts(backend.generate_batch(questions(20), BRIEF)) == [str(number) for number in range(20)]
    assert 2 <= echo.most <= 3
    assert backend.generate_batch([], BRIEF) == []


def test_one_failure_does_not_lose_the_others(server: Any, backend: OpenAIBackend) -> None:
    cut = server.events([{"choices": []}], done=False, cut=True)
    server.on(*CHAT, Echo(server, {"2": server.json({"error": "too long"}, 400), "5": cut, "7": server.body(b"<html>")}))
    results = backend.generate_batch(questions(9), BRIEF)
    assert texts(results) == [None if number in (2, 5, 7) else str(number) for number in range(9)]
    assert all(isinstance(results[number], GenerationFailed) for number in (2, 5, 7))
    assert [str(results[number]).split(". ")[0] for number in (2, 7)] == [
        "The OpenAI-compatible server answered 400, which says: too long",
        "The OpenAI-compatible server sent an HTML page instead of JSON",
    ]


def test_an_interrupted_batch_gives_what_is_done_and_ends_the_rest(server: Any, backend: OpenAIBackend) -> None:
    server.on(*CHAT, Echo(server, {"4": server.silent(), "5": server.silent(), "6": server.silent()}))

    def interrupt() -> None:
        # Once all three workers wait for a server that says nothing, the four answers before are done.
        while len(server.asked) < 7:
            time.sleep(0.01)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(BatchInterrupted, match="interrupted after 4 of 30 answers") as caught:
        backend.generate_batch(questions(30), GenerationSettings(timeout_s=500))
    assert texts(caught.value.results) == ["0", "1", "2", "3", *[None] * 26]
    assert caught.value.results[4:] == [None] * 26
    assert isinstance(caught.value, KeyboardInterrupt)
    assert len(server.asked) == 7
    assert texts(backend.generate_batch(questions(2), BRIEF)) == ["0", "1"]


def test_an_error_that_no_server_causes_is_not_taken_for_an_answer(server: Any, backend: OpenAIBackend) -> None:
    server.on(*CHAT, Echo(server))
    wrong: Any = [[Message("user", "0")], ["no message"]]
    with pytest.raises(AttributeError):
        backend.generate_batch(wrong, BRIEF)


def test_a_closed_backend_asks_nothing(server: Any, backend: OpenAIBackend) -> None:
    backend.close()
    with pytest.raises(GenerationFailed, match="was not asked: the request was cancelled"):
        backend.generate(questions(1)[0], BRIEF)
    assert server.asked == []


def test_connections_are_used_again(server: Any, backend: OpenAIBackend) -> None:
    ports: set[int] = set()

    def answer(handler: Any) -> None:
        ports.add(handler.client_address[1])
        Echo(server)(handler)

    server.on(*CHAT, answer)
    for question in questions(5):
        backend.generate(question, BRIEF)
    assert len(ports) == 1
