"""GitHub Models: the catalogue and chat completions of https://models.github.ai, with a token that may read models.

Paths and headers: https://docs.github.com/rest/models, API version 2022-11-28.
"""

from collections.abc import Generator, Sequence
from typing import Any
from urllib.parse import quote

from lenovo_pipeline.resources.inference.chat_completions import read_answer, request_body
from lenovo_pipeline.resources.inference.connection import Connection, Server
from lenovo_pipeline.resources.inference.drafts import Draft
from lenovo_pipeline.resources.inference.errors import GenerationFailed, ModelUnavailable
from lenovo_pipeline.resources.inference.exchange import Reply
from lenovo_pipeline.resources.inference.messages import GenerationSettings, Message, ModelIdentity, ModelSource
from lenovo_pipeline.resources.inference.remote import LOOK_UP_WITHIN_S, RemoteBackend
from lenovo_pipeline.settings import Settings

API_VERSION = "2022-11-28"
CATALOGUE_PATH = "/catalog/models"


def github_server(settings: Settings) -> Server:
    """GitHub Models as configured. Raises ModelUnavailable without a token."""
    token = settings.github_token
    if token is None or not token.get_secret_value():
        raise ModelUnavailable(
            "GitHub Models asks for a token", remedy="Set LENOVO_GITHUB_TOKEN to a token with the permission models:read."
        )
    return Server(
        name="GitHub Models",
        url=settings.github_models_url,
        setting="LENOVO_GITHUB_MODELS_URL",
        start="Look whether this machine reaches it; a proxy of the environment is used with LENOVO_USE_PROXY=true.",
        token=token,
        token_from="LENOVO_GITHUB_TOKEN (a token with the permission models:read)",
        headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION},
        use_proxy=settings.use_proxy,
    )


class GitHubModelsBackend(RemoteBackend):
    """A model of GitHub Models, charged to `organisation` if one is given and to the token's owner otherwise."""

    def __init__(self, connection: Connection, source: ModelSource, concurrency: int, organisation: str | None = None) -> None:
        super().__init__(connection, source, concurrency)
        attributed = f"/orgs/{quote(organisation, safe='')}" if organisation else ""
        self.chat_path = f"{attributed}/inference/chat/completions"

    def listed(self, *, timeout_s: float = LOOK_UP_WITHIN_S, retry: bool = True) -> dict[str, dict[str, Any]]:
        """The catalogue."""
        listed = self.connection.ask("GET", CATALOGUE_PATH, timeout_s=timeout_s, retry=retry)
        if not isinstance(listed, list):
            raise GenerationFailed(f"{self.connection.server.name} answered {CATALOGUE_PATH} without a list of models")
        return {str(model["id"]): model for model in listed if isinstance(model, dict) and model.get("id")}

    def identity(self) -> ModelIdentity:
        """What the catalogue says: its version of the model, and its longest input as the context length."""
        found = self.entry()
        limits = found.get("limits")
        length = limits.get("max_input_tokens") if isinstance(limits, dict) else None
        version = found.get("version")
        return ModelIdentity(
            source="github",
            identifier=self.source.identifier,
            revision=str(version) if version else None,
            tokenizer_hash=None,
            template_hash=None,
            size_bytes=None,
            context_length=length if isinstance(length, int) and length > 0 else None,
            parameters=None,
        )

    def _request(self, messages: Sequence[Message], settings: GenerationSettings) -> tuple[str, dict[str, Any]]:
        return self.chat_path, request_body(self.source.identifier, messages, settings)

    def _read(self, reply: Reply, draft: Draft) -> Generator[str, None, None]:
        return read_answer(reply, draft)
