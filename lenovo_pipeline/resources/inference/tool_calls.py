"""Tool calls in the text of a local model: found by the marks that its chat template teaches it.

Belongs here: the ways to write a call. Does not belong here: running a tool.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from lenovo_pipeline.resources.inference.messages import Tool, ToolCall

_MARKS = (
    re.compile(r"<tool_call>(.*?)(?:</tool_call>|$)", re.DOTALL),
    re.compile(r"<\|tool_call\|>(.*?)(?:<\|/tool_call\|>|$)", re.DOTALL),
    re.compile(r"\[TOOL_CALLS\](.*)$", re.DOTALL),
    re.compile(r"<\|python_tag\|>(.*)$", re.DOTALL),
)
"""lenovo-nano and Qwen; Phi; Mistral; Llama, which may also write the bare object."""


def find_calls(text: str, tools: tuple[Tool, ...]) -> tuple[str, tuple[ToolCall, ...]]:
    """The text without its calls, and the calls, in order. `text` still has its special tokens.

    What does not parse, or calls nothing that was offered, is no call and stays text.
    """
    if not tools:
        return text, ()
    offered = {tool.name for tool in tools}
    for mark in _MARKS:
        matches = list(mark.finditer(text))
        found = [call for match in matches for call in _calls(match[1], offered)]
        if found:
            return text[: matches[0].start()].rstrip(), _numbered(found)
    bare = list(_calls(text, offered))
    return ("", _numbered(bare)) if bare else (text, ())


def _calls(text: str, offered: set[str]) -> Iterator[ToolCall]:
    try:
        said = json.loads(text)
    except ValueError:
        return
    for call in said if isinstance(said, list) else [said]:
        if isinstance(call, dict) and isinstance(call.get("name"), str):
            arguments = _arguments(call)
            if arguments is not None and call["name"] in offered:
                yield ToolCall(call["name"], arguments)


def _arguments(call: dict[str, Any]) -> dict[str, Any] | None:
    found = call.get("arguments", call.get("parameters", {}))
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            return None
    return found if isinstance(found, dict) else None


def _numbered(calls: list[ToolCall]) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(call.name, call.arguments, f"call_{number}") for number, call in enumerate(calls))
