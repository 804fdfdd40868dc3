"""GitHub Models: its paths, headers, catalogue and limits, as recorded, and who the use is charged to."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from lenovo_pipeline.resources.inference import (
    GenerationFailed,
    GenerationSettings,
    Inference,
    Message,
    ModelSource,
    ModelUnavailable,
    Price,
)
from lenovo_pipeline.resources.inference.github_models import GitHubModelsBackend
from lenovo_pipeline.resources.inference.limits import RateLimit, Window
from lenovo_pipeline.settings import Settings

QUESTION = [Message("user", "Which?")]
BRIEF = GenerationSettings(max_tokens=8, timeout_s=60)
SOURCE = ModelSource("github", "openai/gpt-4.1", Price(2.0, 8.0))
CHAT = ("POST", "/inference/chat/completions")
CATALOGUE = ("GET", "/catalog/models")


@pytest.fixture(scope="session")
def contract(reference: Path) -> dict[str, Any]:
    found = json.loads((reference / "github_models" / "client_contract.json").read_text())
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="session")
def catalogue(reference: Path) -> list[dict[str, Any]]:
    found = json.loads((reference / "github_models" / "catalog_models_response.json").read_text())
    assert isinstance(found, list)
    return found


@pytest.fixture
def configured(server: Any, settings: Settings) -> Settings:
    return settings.model_copy(update={"github_models_url": server.url, "github_token": SecretStr("ghp_secret")})


@pytest.fixture
def backend(configured: Settings) -> Iterator[GitHubModelsBackend]:
    opened = Inference(configured).open(SOURCE)
    assert isinstance(opened, GitHubModelsBackend)
    yield opened
    opened.close()


def answer(text: str = "yes") -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}


def test_requests_are_what_the_contract_says(server: Any, backend: GitHubModelsBackend, contract: dict[str, Any]) -> None:
    server.on("POST", contract["chat_path"], server.json(answer()))
    server.on("GET", contract["catalog_path"], server.json([{"id": "openai/gpt-4.1"}]))
    backend.generate(QUESTION, BRIEF)
    backend.identity()
    expected = {name.lower(): value.replace("<token>", "ghp_secret") for name, value in contract["headers"].items()}
    for asked in server.asked:
        wanted = expected if asked.method == "POST" else {name: expected[name] for name in expected if name != "content-type"}
        assert {name: asked.headers.get(name) for name in wanted} == wanted
    assert server.asked[0].body["model"] == "openai/gpt-4.1"
    assert Settings(store=Path("x")).github_models_url == contract["inference_root"]


def test_an_organisation_is_charged_by_the_path(server: Any, configured: Settings, contract: dict[str, Any]) -> None:
    for organisation, path in (("lenovo", contract["org_chat_path"].replace("{org}", "lenovo")), ("a/../b", "/orgs/a%2F..%2Fb")):
        attributed = configured.model_copy(update={"github_organisation": organisation})
        server.on("POST", path if organisation == "lenovo" else f"{path}/inference/chat/completions", server.json(answer()))
        assert Inference(attributed).open(SOURCE).generate(QUESTION, BRIEF).text == "yes"


def test_the_recorded_frames_are_read(server: Any, backend: GitHubModelsBackend, contract: dict[str, Any]) -> None:
    server.on(*CHAT, server.stream([frame.encode() for frame in contract["stream_frames"]], "text/event-stream"))
    stream = backend.stream(QUESTION, BRIEF)
    assert list(stream) == ["part 1", "part 2"]
    assert stream.completion is not None
    assert (stream.completion.finish_reason, stream.completion.tokens_out, stream.completion.cost) == ("stop", None, None)


def test_the_recorded_catalogue_identifies_a_model(
    server: Any, configured: Settings, backend: GitHubModelsBackend, catalogue: list[dict[str, Any]]
) -> None:
    server.on(*CATALOGUE, server.json(catalogue))
    identity = backend.identity()
    assert (identity.source, identity.revision, identity.context_length) == ("github", "2025-04-14", 1_048_576)
    assert Inference(configured).reach(SOURCE).reachable
    lacking = Inference(configured).reach(ModelSource("github", "openai/gpt-4"))
    assert not lacking.reachable
    assert "has no model openai/gpt-4; it has openai/gpt-4.1" in lacking.reason


def test_without_a_token_the_variable_is_named_and_nothing_is_asked(server: Any, configured: Settings) -> None:
    for token in (None, SecretStr("")):
        without = Inference(configured.model_copy(update={"github_token": token}))
        reach = without.reach(SOURCE)
        assert not reach.reachable
        assert "Set LENOVO_GITHUB_TOKEN to a token with the permission models:read" in reach.reason
        with pytest.raises(ModelUnavailable, match="LENOVO_GITHUB_TOKEN"):
            without.open(SOURCE)
    assert server.asked == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_says_which_permission_it_lacks(
    server: Any, configured: Settings, backend: GitHubModelsBackend, status: int
) -> None:
    server.on(*CHAT, server.json({"message": "Bad credentials for ghp_secret"}, status))
    with pytest.raises(ModelUnavailable, match=rf"refused the token \({status}\), which says: .*models:read") as caught:
        backend.generate(QUESTION, BRIEF)
    assert "Bad credentials for [token]" in str(caught.value)
    server.on(*CATALOGUE, server.json({"message": "Bad credentials"}, status))
    assert "refused the token" in Inference(configured).reach(SOURCE).reason
    assert len(server.asked) == 2


def test_a_rate_limit_is_waited_for_as_github_asks(server: Any, backend: GitHubModelsBackend, hurried: Any) -> None:
    waits = hurried(backend)
    limited = server.json({"message": "slow"}, 429, x_ratelimit_remaining="0", x_ratelimit_reset="17")
    server.on(*CHAT, limited, server.json({"message": "slow"}, 429, retry_after="5"), server.json(answer()))
    assert backend.generate(QUESTION, BRIEF).text == "yes"
    assert waits == [17, 5]
    server.on(*CHAT, server.json({"message": "API rate limit exceeded"}, 403, x_ratelimit_remaining="0"))
    with pytest.raises(GenerationFailed, match="API rate limit exceeded: it limits how often"):
        backend.generate(QUESTION, BRIEF)


def test_every_attempt_counts_towards_the_limit_that_all_backends_share(server: Any, configured: Settings, hurried: Any) -> None:
    now = [0.0]
    inference = Inference(configured, github_limit=RateLimit((Window(3, 60),), now=lambda: now[0]))
    first, second = inference.open(SOURCE), inference.open(ModelSource("github", "meta/llama-3.2-3b-instruct"))
    assert isinstance(first, GitHubModelsBackend) and isinstance(second, GitHubModelsBackend)
    server.on(*CHAT, server.json({}, 503), server.json(answer()))
    hurried(first)
    assert first.generate(QUESTION, BRIEF).text == "yes"
    second.generate(QUESTION, BRIEF)
    now[0] = 10.0
    waits: list[float] = []

    def pause(seconds: float) -> bool:
        waits.append(seconds)
        now[0] += seconds
        return False

    second.connection.pause = pause
    second.generate(QUESTION, BRIEF)
    assert waits == [50.0]
    assert len(server.asked) == 4


def test_an_hour_that_is_used_up_is_not_waited_for(server: Any, configured: Settings) -> None:
    inference = Inference(configured, github_limit=RateLimit((Window(1, 3_600),), now=lambda: 0.0))
    backend = inference.open(SOURCE)
    server.on(*CHAT, server.json(answer()))
    backend.generate(QUESTION, BRIEF)
    with pytest.raises(GenerationFailed, match="takes no further request for 3600 s"):
        backend.generate(QUESTION, BRIEF)
    assert len(server.asked) == 1
