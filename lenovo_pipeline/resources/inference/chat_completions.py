"""The wire format of OpenAI's chat completions, which GitHub Models and most servers share: requests out, answers in.

Belongs here: fields and frames. Does not belong here: addresses, headers and how a model is looked up.
"""

import json
from collections.abc import Generator, Iterable, Sequence
from typing import Any

from lenovo_pipeline.resources.inference.connection import Server, error_message, parse_json
from lenovo_pipeline.resources.inference.drafts import Draft
from lenovo_pipeline.resources.inference.errors import GenerationFailed
from lenovo_pipeline.resources.inference.exchange import Reply
from lenovo_pipeline.resources.inference.messages import GenerationSettings, Message, Tool
from lenovo_pipeline.resources.inference.streams import events


def request_body(model: str, messages: Sequence[Message], settings: GenerationSettings) -> dict[str, Any]:
    """The body of POST …/chat/completions, streamed and with the usage at its end. Defaults of the format are left out."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [message_object(message) for message in messages],
        "max_tokens": settings.max_tokens,
        "temperature": settings.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if settings.top_p != 1.0:
        body["top_p"] = settings.top_p
    if settings.stop:
        body["stop"] = list(settings.stop)
    if settings.seed is not None:
        body["seed"] = settings.seed
    if settings.tools:
        body["tools"] = [tool_object(tool) for tool in settings.tools]
    return body


def message_object(message: Message) -> dict[str, Any]:
    """A message; the arguments of its tool calls are JSON in a string."""
    found: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        found["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for call in message.tool_calls
        ]
    if message.role == "tool":
        found["tool_call_id"] = message.tool_call_id or ""
    return found


def tool_object(tool: Tool) -> dict[str, Any]:
    """A function that the model may call; Ollama takes the same shape."""
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
    }


def read_answer(reply: Reply, draft: Draft) -> Generator[str, None, None]:
    """Fill the draft from a reply, piece by piece: from events, or from one JSON body where the server does not stream.

    Raises GenerationFailed for an answer that is cut, malformed or reports an error.
    """
    if "text/event-stream" in reply.headers.get("content-type", ""):
        yield from _read_events(events(reply.chunks(), draft.server), draft)
        return
    draft.streamed = False
    piece = _read_frame(_expect(parse_json(reply.body(), draft.server), dict, "an object", draft.server), draft)
    if not draft.seen:
        raise GenerationFailed(f"{draft.server.name} answered without a choice")
    yield piece


def _read_events(frames: Iterable[dict[str, Any] | None], draft: Draft) -> Generator[str, None, None]:
    for frame in frames:
        if frame is None:
            break
        piece = _read_frame(frame, draft)
        if piece:
            yield piece
    else:
        # Not every server ends with [DONE], but an answer that gives no reason for its end was cut.
        if draft.finish_reason is None:
            raise GenerationFailed(f"{draft.server.name} broke off its stream before the answer was finished")
    if not draft.seen:
        raise GenerationFailed(f"{draft.server.name} answered without a choice")


def _read_frame(frame: dict[str, Any], draft: Draft) -> str:
    """The text that one frame (or whole answer) adds."""
    server = draft.server
    if frame.get("error"):
        message = error_message(json.dumps({"error": frame["error"]}).encode())
        raise GenerationFailed(f"{server.name} reported an error: {server.clean(message)}")
    text = ""
    for choice in _expect(frame.get("choices") or [], list, "a list of choices", server):
        choice = _expect(choice, dict, "a choice", server)
        # A frame carries a delta, a whole answer a message; GitHub Models has been seen to stream messages.
        part = _expect(choice.get("delta") or choice.get("message") or {}, dict, "a message", server)
        text += draft.add_text(part.get("content") if part.get("content") is not None else part.get("refusal"))
        for call in _expect(part.get("tool_calls") or [], list, "a list of tool calls", server):
            call = _expect(call, dict, "a tool call", server)
            function = _expect(call.get("function") or {}, dict, "a function", server)
            draft.add_call(
                index=call.get("index"), id=call.get("id"), name=function.get("name"), arguments=function.get("arguments")
            )
        draft.add_finish(choice.get("finish_reason"))
    usage = _expect(frame.get("usage") or {}, dict, "the usage", server)
    draft.add_tokens(usage.get("prompt_tokens"), usage.get("completion_tokens"))
    return text


def _expect(value: Any, kind: type, what: str, server: Server) -> Any:
    if not isinstance(value, kind):
        raise GenerationFailed(f"{server.name} sent {type(value).__name__} where {what} was expected")
    return value
