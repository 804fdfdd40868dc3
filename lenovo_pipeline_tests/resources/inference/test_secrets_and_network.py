"""A token is seen by its server alone, and nothing leaves this machine unless it is configured to."""

import logging
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from lenovo_pipeline.resources.inference import GenerationSettings, Inference, Message, ModelSource, ModelUnavailable
from lenovo_pipeline.resources.inference.connection import Server
from lenovo_pipeline.settings import Settings

TOKEN = "ghp_TopSecret0123456789"
QUESTION = [Message("user", "Which?")]
BRIEF = GenerationSettings(max_tokens=8, timeout_s=2)
SOURCE = ModelSource("openai", "small")
CHAT = ("POST", "/chat/completions")


@pytest.fixture
def configured(server: Any, settings: Settings) -> Settings:
    return settings.model_copy(update={"openai_url": server.url, "openai_api_key": SecretStr(TOKEN)})


@pytest.fixture
def every_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything that any library logs, however loud it is asked to be."""
    for name in ("", "httpx", "httpcore", "httpcore.connection", "httpcore.http11"):
        caplog.set_level(logging.DEBUG, logger=name)
    yield caplog


def everything_of(error: BaseException, *, local: bool = True) -> str:
    """All that could be shown of an error: its chain, their attributes and requests, the locals of all frames but this file's."""
    shown: list[str] = []
    chain: list[BaseException] = [error]
    for each in chain:
        headers = getattr(getattr(each, "_request", None), "headers", {})
        shown += [str(each), repr(each), repr(each.args), repr(vars(each)), repr(dict(headers))]
        frames = [frame for frame, _ in traceback.walk_tb(each.__traceback__) if frame.f_code.co_filename != __file__]
        shown += [repr(frame.f_locals) for frame in frames if local]
        chain += [more for more in (each.__cause__, each.__context__) if more is not None and more not in chain]
    return "\n".join(shown)


FAULTS = {
    "refused": lambda s: s.json({"error": {"message": f"the key {TOKEN} is not known"}}, 401),
    "an error that quotes the token": lambda s: s.json({"error": f"Bearer {TOKEN}"}, 400),
    "a page that quotes the token": lambda s: s.body(f"echo {TOKEN}".encode()),
    "a stream that quotes the token": lambda s: s.stream([f"echo {TOKEN}\n".encode()], "text/event-stream"),
    "hanging up": lambda s: s.hanging_up(),
    "silent": lambda s: s.silent(),
    "cut": lambda s: s.events([{"choices": []}], done=False, cut=True),
    "wrong": lambda s: s.json({"choices": [{"message": {"content": "x", "tool_calls": [{"function": {"name": TOKEN}}]}}]}, 500),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_token_is_in_no_error_and_no_log(
    server: Any, configured: Settings, hurried: Any, every_log: pytest.LogCaptureFixture, fault: str
) -> None:
    backend = Inference(configured).open(SOURCE)
    hurried(backend)
    server.on(*CHAT, FAULTS[fault](server))
    with pytest.raises(Exception) as caught:
        backend.generate(QUESTION, BRIEF)
    assert server.asked[-1].headers["authorization"] == f"Bearer {TOKEN}"
    assert "httpcore" in every_log.text
    # What a server sent back lies in the locals of whoever reads it; nothing of ours puts it there.
    assert TOKEN not in everything_of(caught.value, local="quotes" not in fault)
    assert TOKEN not in every_log.text
    assert TOKEN not in repr(backend) + repr(vars(backend)) + repr(configured) + repr(Inference(configured))


def test_a_server_that_is_gone_does_not_reveal_the_token_either(
    free_port: int, configured: Settings, hurried: Any, every_log: pytest.LogCaptureFixture
) -> None:
    gone = configured.model_copy(update={"openai_url": f"http://127.0.0.1:{free_port}"})
    backend = Inference(gone).open(SOURCE)
    hurried(backend)
    with pytest.raises(ModelUnavailable) as caught:
        backend.generate(QUESTION, BRIEF)
    reach = Inference(gone).reach(SOURCE)
    assert TOKEN not in everything_of(caught.value) + every_log.text + repr(reach)


def test_a_redirect_that_quotes_the_token_does_not_reveal_it(server: Any, configured: Settings) -> None:
    server.on(*CHAT, server.body(b"", 307, location=f"http://127.0.0.1:1/?key={TOKEN}"))
    with pytest.raises(ModelUnavailable, match=r"\[token\]") as caught:
        Inference(configured).open(SOURCE).generate(QUESTION, BRIEF)
    assert TOKEN not in everything_of(caught.value, local=False)


def test_the_check_of_errors_would_find_a_token(configured: Settings) -> None:
    import httpx

    with pytest.raises(httpx.ConnectError) as caught, httpx.Client() as client:
        client.get("http://127.0.0.1:1", headers={"Authorization": TOKEN})
    assert TOKEN in everything_of(caught.value)
    with pytest.raises(ValueError) as caught_elsewhere:
        int(TOKEN)
    assert TOKEN in everything_of(caught_elsewhere.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(server: Any, configured: Settings, status: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.1)
        there = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/chat/completions"
        server.on(*CHAT, server.body(b"", status, location=there))
        with pytest.raises(ModelUnavailable, match=f"redirects to {there}, and no redirect is followed.*LENOVO_OPENAI_URL"):
            Inference(configured).open(SOURCE).generate(QUESTION, BRIEF)
        with pytest.raises(TimeoutError):
            elsewhere.accept()
    assert len(server.asked) == 1


@pytest.mark.parametrize("url", ["http://models.example.com/v1", "http://10.0.0.7:8000", "http://127.0.0.1.example.com"])
def test_a_token_does_not_cross_the_network_unencrypted(settings: Settings, url: str) -> None:
    with_token = settings.model_copy(update={"openai_url": url, "openai_api_key": SecretStr(TOKEN)})
    for settings_of in (with_token, settings.model_copy(update={"github_models_url": url, "github_token": SecretStr(TOKEN)})):
        source = SOURCE if settings_of is with_token else ModelSource("github", "x/y")
        with pytest.raises(ModelUnavailable, match="the token would cross the network unencrypted"):
            Inference(settings_of).open(source)
    assert Inference(settings.model_copy(update={"openai_url": url})).open(SOURCE)
    assert Inference(with_token.model_copy(update={"openai_url": "https://models.example.com/v1"})).open(SOURCE)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("models.example.com", "is no address of a server"),
        ("ftp://models.example.com", "is no address of a server"),
        ("http://", "is no address of a server"),
        ("http://127.0.0.1:8000/v1?key=abc", "is no address of a server"),
        ("http://127.0.0.1:eighty", "is no address of a server"),
        ("http://[::1", "is no address of a server"),
        ("http://two words", "is no address of a server"),
        ("https://me:hunter2@models.example.com/v1", "holds a user or a password.*LENOVO_OPENAI_API_KEY"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_anything_is_sent(settings: Settings, url: str, sentence: str) -> None:
    inference = Inference(settings.model_copy(update={"openai_url": url}))
    with pytest.raises(ModelUnavailable, match=sentence) as caught:
        inference.open(SOURCE)
    assert "hunter2" not in str(caught.value)
    assert not inference.reach(SOURCE).reachable


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "schlüssel", "nul\x00"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(settings: Settings, token: str) -> None:
    with pytest.raises(ModelUnavailable, match="no token has") as caught:
        Inference(settings.model_copy(update={"openai_url": "http://127.0.0.1:1", "openai_api_key": SecretStr(token)})).open(
            SOURCE
        )
    assert token not in everything_of(caught.value)


def test_tokens_come_from_the_environment_and_ours_before_githubs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "theirs")
    monkeypatch.setenv("LENOVO_OPENAI_API_KEY", TOKEN)
    found = Settings()
    assert found.github_token is not None and found.github_token.get_secret_value() == "theirs"
    assert found.openai_api_key is not None and found.openai_api_key.get_secret_value() == TOKEN
    monkeypatch.setenv("LENOVO_GITHUB_TOKEN", "ours")
    ours = Settings().github_token
    assert ours is not None and ours.get_secret_value() == "ours"
    assert TOKEN not in repr(found) + found.model_dump_json()


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that this process tries to reach; what is not on this machine is refused, names are not looked up."""
    tried: list[Any] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        tried.append(address)
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
            raise OSError(f"{address} is not on this machine")
        connect(self, address)

    def guarded_look_up(host: Any, *more: Any, **how: Any) -> Any:
        if host not in ("127.0.0.1", "localhost", "::1", None):
            tried.append(host)
            raise socket.gaierror(f"{host} is not looked up")
        return look_up(host, *more, **how)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    return tried


def test_with_nothing_configured_no_socket_leaves_this_machine(
    settings: Settings, free_port: int, guarded: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    assert settings.ollama_url == "http://127.0.0.1:11434"
    inference = Inference(settings.model_copy(update={"ollama_url": f"http://127.0.0.1:{free_port}"}))
    reasons = {
        kind: inference.reach(ModelSource(kind, "x/y")).reason for kind in ("ollama", "github", "openai", "folder", "edge")
    }
    assert {kind for kind, reason in reasons.items() if not reason} == set()
    assert "Start it with ollama serve" in reasons["ollama"]
    assert "LENOVO_GITHUB_TOKEN" in reasons["github"]
    assert "LENOVO_OPENAI_URL" in reasons["openai"]
    assert "no model folder" in reasons["folder"]
    assert guarded == [("127.0.0.1", free_port)]


def test_the_guard_would_see_a_socket_that_leaves(settings: Settings, guarded: list[Any]) -> None:
    inference = Inference(settings.model_copy(update={"github_token": SecretStr(TOKEN)}))
    assert "does not answer" in inference.reach(ModelSource("github", "x/y")).reason
    assert guarded == ["models.github.ai"]


def test_a_proxy_is_used_only_when_asked_and_never_for_this_machine(
    server: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch, guarded: list[Any]
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.on("GET", "/models", server.json({"data": [{"id": "small"}]}))
    server.on("GET", "http://models.example.com/models", server.json({"data": [{"id": "small"}]}))
    far = settings.model_copy(update={"openai_url": "http://models.example.com"})
    assert not Inference(far).reach(SOURCE).reachable
    assert guarded == ["models.example.com"]
    assert Inference(far.model_copy(update={"use_proxy": True})).reach(SOURCE).reachable
    near = settings.model_copy(update={"openai_url": server.url, "use_proxy": True})
    assert Inference(near).reach(SOURCE).reachable
    assert [asked.path for asked in server.asked] == ["http://models.example.com/models", "/models"]


def test_the_resource_costs_no_import() -> None:
    heavy = ("httpx", "torch", "transformers", "onnxruntime", "onnxruntime_genai", "numpy")
    code = (
        "import sys; from lenovo_pipeline.resources.inference import Inference; from lenovo_pipeline.settings import Settings; "
        f"Inference(Settings()); print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_server_keeps_its_token_out_of_what_it_shows() -> None:
    server = Server("X", "http://127.0.0.1:1", "X_URL", "Start X.", SecretStr(TOKEN))
    assert TOKEN not in repr(server) + str(server)
    assert server.clean(f"a {TOKEN}\n\x1b[31mb") == "a [token] [31mb"
    assert server.clean("x" * 500) == "x" * 300 + "…"
    with pytest.raises(ModelUnavailable) as caught:
        Server("X", "http://models.example.com", "X_URL", "Start X.", SecretStr(TOKEN))
    assert TOKEN not in everything_of(caught.value)
