"""A model of an Ollama server: chat, completion of a raw prompt, identity.

Belongs here: how Ollama answers. Does not belong here: how models get onto the server (ollama_library.py).
API: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

import hashlib
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from lenovo_pipeline.resources.inference.backend import TextStream
from lenovo_pipeline.resources.inference.chat_completions import tool_object
from lenovo_pipeline.resources.inference.connection import Server
from lenovo_pipeline.resources.inference.drafts import Draft
from lenovo_pipeline.resources.inference.errors import GenerationFailed, ModelMissing
from lenovo_pipeline.resources.inference.exchange import Reply
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message, ModelIdentity
from lenovo_pipeline.resources.inference.remote import LOOK_UP_WITHIN_S, RemoteBackend, read_to_its_end
from lenovo_pipeline.resources.inference.streams import json_lines
from lenovo_pipeline.settings import Settings


def ollama_server(settings: Settings) -> Server:
    """The Ollama server as configured. Raises ModelUnavailable for an address that is none."""
    return Server(
        name="Ollama",
        url=settings.ollama_url,
        setting="LENOVO_OLLAMA_URL",
        start="Start it with ollama serve, or correct LENOVO_OLLAMA_URL.",
        use_proxy=settings.use_proxy,
    )


def full_name(name: str) -> str:
    """A model's name with its tag, which is `latest` where none is given."""
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"


class OllamaBackend(RemoteBackend):
    """A model that the server has; pulling one is never done on the way (see `OllamaLibrary.pull`)."""

    @property
    def name(self) -> str:
        """The model's name with its tag."""
        return full_name(self.source.identifier)

    def remedy_for_missing(self) -> str:
        """The command that gets the model."""
        return f"Run ollama pull {self.source.identifier}."

    def listed(self, *, timeout_s: float = LOOK_UP_WITHIN_S, retry: bool = True) -> dict[str, dict[str, Any]]:
        """GET /api/tags; a server without any model is one that lacks this one."""
        listed = self.connection.ask("GET", "/api/tags", timeout_s=timeout_s, retry=retry)
        models = listed.get("models") if isinstance(listed, dict) else None
        if not isinstance(models, list):
            raise GenerationFailed("Ollama answered /api/tags without a list of models")
        found = {str(model.get("model") or model.get("name")): model for model in models if isinstance(model, dict)}
        if not found:
            raise ModelMissing(f"Ollama at {self.connection.server.url} has no model at all", remedy=self.remedy_for_missing())
        return found

    def identity(self) -> ModelIdentity:
        """Digest and size from the list, context length and parameters from the model's metadata, hash of its template."""
        found = self.entry()
        shown = self.show()
        facts = shown.get("model_info")
        facts = facts if isinstance(facts, Mapping) else {}
        template = shown.get("template")
        return ModelIdentity(
            source="ollama",
            identifier=self.source.identifier,
            revision=str(found["digest"]) if found.get("digest") else None,
            tokenizer_hash=None,
            template_hash=hashlib.sha256(template.encode("utf-8")).hexdigest() if isinstance(template, str) else None,
            size_bytes=_whole(found.get("size")),
            context_length=_whole(facts.get(f"{facts.get('general.architecture')}.context_length")),
            parameters=_whole(facts.get("general.parameter_count")),
        )

    def show(self) -> dict[str, Any]:
        """POST /api/show: template, parameters, licence, capabilities and metadata of the model."""
        shown = self.connection.ask("POST", "/api/show", {"model": self.source.identifier}, timeout_s=LOOK_UP_WITHIN_S)
        if not isinstance(shown, dict):
            raise GenerationFailed("Ollama answered /api/show without an object")
        return shown

    def complete(self, prompt: str, settings: GenerationSettings, *, raw: bool = True) -> Completion:
        """POST /api/generate: what follows a prompt; `raw` leaves the model's chat template out."""
        body = {"model": self.source.identifier, "prompt": prompt, "raw": raw, "stream": True, "options": options(settings)}
        return read_to_its_end(TextStream(self._pieces("/api/generate", body, settings)))

    def _request(self, messages: Sequence[Message], settings: GenerationSettings) -> tuple[str, dict[str, Any]]:
        body: dict[str, Any] = {
            "model": self.source.identifier,
            "messages": message_objects(messages),
            "stream": True,
            "options": options(settings),
        }
        if settings.tools:
            body["tools"] = [tool_object(tool) for tool in settings.tools]
        return "/api/chat", body

    def _read(self, reply: Reply, draft: Draft) -> Generator[str, None, None]:
        done = False
        for frame in json_lines(reply.chunks(), draft.server):
            piece = _read_frame(frame, draft)
            if piece:
                yield piece
            done = frame.get("done") is True
            if done:
                break
        if not done:
            raise GenerationFailed(f"{draft.server.name} broke off its stream before the answer was done")


def options(settings: GenerationSettings) -> dict[str, Any]:
    """The settings by Ollama's names."""
    found: dict[str, Any] = {"num_predict": settings.max_tokens, "temperature": settings.temperature, "top_p": settings.top_p}
    if settings.stop:
        found["stop"] = list(settings.stop)
    if settings.seed is not None:
        found["seed"] = settings.seed
    return found


def message_objects(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages; a tool's answer names the tool, which is found by the id of the call that it answers."""
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    found = []
    for message in messages:
        each: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.tool_calls:
            each["tool_calls"] = [{"function": {"name": call.name, "arguments": call.arguments}} for call in message.tool_calls]
        if message.role == "tool" and message.tool_call_id in names:
            each["tool_name"] = names[message.tool_call_id]
        found.append(each)
    return found


def _read_frame(frame: dict[str, Any], draft: Draft) -> str:
    server = draft.server
    if frame.get("error"):
        raise GenerationFailed(f"{server.name} reported an error: {server.clean(str(frame['error']))}")
    message = frame.get("message", {})
    if not isinstance(message, dict):
        raise GenerationFailed(f"{server.name} sent {type(message).__name__} where a message was expected")
    text = draft.add_text(message.get("content") if "response" not in frame else frame["response"])
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise GenerationFailed(f"{server.name} sent {type(calls).__name__} where a list of tool calls was expected")
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise GenerationFailed(f"{server.name} sent a tool call without a function")
        # Each call comes whole, so it never goes on with an earlier one.
        draft.add_call(index=draft.calls, id=call.get("id"), name=function.get("name"), arguments=function.get("arguments", {}))
    if frame.get("done") is True:
        draft.add_finish(frame.get("done_reason", "stop"))
        draft.add_tokens(frame.get("prompt_eval_count"), frame.get("eval_count"))
    return text


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
