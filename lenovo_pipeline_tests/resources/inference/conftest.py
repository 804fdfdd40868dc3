"""A local HTTP server that answers as it is told: recorded shapes, and every way in which a server can misbehave."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.resources.inference.remote import RemoteBackend
from lenovo_pipeline.resources.inference.retrying import RetryPolicy
from lenovo_pipeline.settings import PROJECT_ROOT

REFERENCE = PROJECT_ROOT.parent / "shared" / "reference" / "api"

Answer = Callable[["Handler"], None]


@dataclass
class Asked:
    """A request that came in; `body` is its JSON, `data` its bytes."""

    method: str
    path: str
    headers: dict[str, str]
    data: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.data)


class Handler(BaseHTTPRequestHandler):
    """Keeps what was asked and gives the next answer of the script."""

    protocol_version = "HTTP/1.1"
    script: "Scripted"
    asked: Asked

    def answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        data = self.rfile.read(length) if length else b"".join(self.chunks())
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.asked = Asked(self.command, self.path, headers, data)
        with self.script.lock:
            self.script.asked.append(self.asked)
            answers = self.script.answers.get((self.command, self.path), [])
            chosen = answers.pop(0) if len(answers) > 1 else (answers or [missing])[0]
        try:
            chosen(self)
        except (BrokenPipeError, ConnectionResetError):
            self.script.hung_up.set()
            self.close_connection = True

    do_GET = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815

    def chunks(self) -> Iterator[bytes]:
        if self.headers.get("transfer-encoding") != "chunked":
            return
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def begin(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass
class Scripted:
    """The server: `on` sets the answers to a request, in order, the last one for ever after."""

    url: str = ""
    listening: Any = None
    asked: list[Asked] = field(default_factory=list)
    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    hung_up: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self.answers[(method, path)] = list(answers)

    @staticmethod
    def json(value: Any, status: int = 200, **headers: str) -> Answer:
        return Scripted.body(json.dumps(value).encode(), status, "application/json", **headers)

    @staticmethod
    def body(data: bytes, status: int = 200, content_type: str = "text/plain", **headers: str) -> Answer:
        def answer(handler: Handler) -> None:
            handler.begin(status, content_type=content_type, content_length=str(len(data)), **headers)
            if handler.command != "HEAD":
                handler.wfile.write(data)

        return answer

    @staticmethod
    def stream(frames: Sequence[bytes], content_type: str, *, pause_s: float = 0, cut: bool = False) -> Answer:
        """Frame by frame; `cut` drops the connection in the middle of the body."""

        def answer(handler: Handler) -> None:
            handler.begin(200, content_type=content_type, transfer_encoding="chunked")
            for frame in frames:
                handler.chunk(frame)
                time.sleep(pause_s)
            if cut:
                handler.connection.shutdown(socket.SHUT_RDWR)
                handler.close_connection = True
            else:
                handler.wfile.write(b"0\r\n\r\n")

        return answer

    @staticmethod
    def events(frames: Sequence[Any], *, done: bool = True, **how: Any) -> Answer:
        """Server-sent events, as OpenAI streams them."""
        data = [f"data: {json.dumps(frame)}\n\n".encode() for frame in frames]
        return Scripted.stream([*data, *([b"data: [DONE]\n\n"] if done else [])], "text/event-stream", **how)

    @staticmethod
    def lines(frames: Sequence[Any], **how: Any) -> Answer:
        """Lines of JSON, as Ollama streams them."""
        return Scripted.stream([json.dumps(frame).encode() + b"\n" for frame in frames], "application/x-ndjson", **how)

    @staticmethod
    def endless(frame: bytes, content_type: str) -> Answer:
        def answer(handler: Handler) -> None:
            handler.begin(200, content_type=content_type, transfer_encoding="chunked")
            while not handler.script.over.is_set():
                handler.chunk(frame)

        return answer

    @staticmethod
    def silent() -> Answer:
        """Takes the request and says nothing."""

        def answer(handler: Handler) -> None:
            handler.script.over.wait(20)

        return answer

    @staticmethod
    def dripping(data: bytes, pause_s: float) -> Answer:
        """Sends a byte now and then, headers included: never silent for long, never done."""

        def answer(handler: Handler) -> None:
            for byte in data:
                if handler.script.over.wait(pause_s):
                    return
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()

        return answer

    @staticmethod
    def hanging_up() -> Answer:
        """Closes the connection without an answer."""

        def answer(handler: Handler) -> None:
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True

        return answer


def missing(handler: Handler) -> None:
    Scripted.json({"error": f"no script for {handler.command} {handler.path}"}, 404)(handler)


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A server on loopback, whose script the test writes."""
    script = Scripted()
    listening = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"script": script}))
    listening.daemon_threads = True
    listening.handle_error = lambda *_: None  # type: ignore[method-assign]
    script.listening = listening
    script.url = f"http://127.0.0.1:{listening.server_address[1]}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield script
    script.over.set()
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def free_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def reference() -> Path:
    """The wire shapes that the servers' makers have published; skipped where a checkout has none."""
    if not REFERENCE.is_dir():
        pytest.skip(f"the reference material is not there: {REFERENCE}")
    return REFERENCE


@pytest.fixture
def hurried() -> Callable[[RemoteBackend], list[float]]:
    """Makes a backend's waits between attempts take no time; the list that it gives holds how long each would have been."""

    def hurry(backend: RemoteBackend) -> list[float]:
        waits: list[float] = []

        def pause(seconds: float) -> bool:
            waits.append(seconds)
            return False

        backend.connection.pause = pause
        backend.connection.retries = RetryPolicy(draw=lambda low, high: high)
        return waits

    return hurry
