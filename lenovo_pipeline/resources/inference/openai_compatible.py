"""Any server that speaks OpenAI's chat completions: `transformers serve`, vLLM, llama.cpp, a company's gateway."""

from collections.abc import Generator, Sequence
from typing import Any

from lenovo_pipeline.resources.inference.chat_completions import read_answer, request_body
from lenovo_pipeline.resources.inference.connection import Server
from lenovo_pipeline.resources.inference.drafts import Draft
from lenovo_pipeline.resources.inference.errors import GenerationFailed, ModelUnavailable
from lenovo_pipeline.resources.inference.exchange import Reply
from lenovo_pipeline.resources.inference.messages import GenerationSettings, Message, ModelIdentity
from lenovo_pipeline.resources.inference.remote import LOOK_UP_WITHIN_S, RemoteBackend
from lenovo_pipeline.settings import Settings

_CONTEXT_FIELDS = ("max_model_len", "context_length", "context_window")
"""What servers call the context length in their list of models, which the format itself does not know."""


def openai_server(settings: Settings) -> Server:
    """The server that is configured. Raises ModelUnavailable when none is, or it cannot be used safely."""
    if not settings.openai_url:
        raise ModelUnavailable(
            "No OpenAI-compatible server is configured",
            remedy="Set LENOVO_OPENAI_URL, for example to http://127.0.0.1:8000/v1, and LENOVO_OPENAI_API_KEY if it needs a key.",
        )
    return Server(
        name="The OpenAI-compatible server",
        url=settings.openai_url,
        setting="LENOVO_OPENAI_URL",
        start="Start it, for example with transformers serve, or correct LENOVO_OPENAI_URL.",
        token=settings.openai_api_key,
        token_from="LENOVO_OPENAI_API_KEY",
        use_proxy=settings.use_proxy,
    )


class OpenAIBackend(RemoteBackend):
    """A model of an OpenAI-compatible server."""

    def listed(self, *, timeout_s: float = LOOK_UP_WITHIN_S, retry: bool = True) -> dict[str, dict[str, Any]]:
        """GET /models. Some servers list nothing though they have a model, `transformers serve` with a folder for one."""
        listed = self.connection.ask("GET", "/models", timeout_s=timeout_s, retry=retry)
        models = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(models, list):
            raise GenerationFailed(f"{self.connection.server.name} answered /models without a list of models")
        return {str(model["id"]): model for model in models if isinstance(model, dict) and model.get("id")}

    def identity(self) -> ModelIdentity:
        """What the server's list says of the model: mostly only that it is there."""
        found = self.entry()
        lengths = [found.get(name) for name in _CONTEXT_FIELDS]
        return ModelIdentity(
            source="openai",
            identifier=self.source.identifier,
            revision=None,
            tokenizer_hash=None,
            template_hash=None,
            size_bytes=None,
            context_length=next((length for length in lengths if isinstance(length, int) and length > 0), None),
            parameters=None,
        )

    def _request(self, messages: Sequence[Message], settings: GenerationSettings) -> tuple[str, dict[str, Any]]:
        return "/chat/completions", request_body(self.source.identifier, messages, settings)

    def _read(self, reply: Reply, draft: Draft) -> Generator[str, None, None]:
        return read_answer(reply, draft)
