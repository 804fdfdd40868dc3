"""Frames of a streamed answer: server-sent events (OpenAI, GitHub) and lines of JSON (Ollama), bounded and strict.

Belongs here: bytes -> JSON objects. Does not belong here: what the objects mean.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from lenovo_pipeline.resources.inference.connection import Server, parse_json
from lenovo_pipeline.resources.inference.errors import GenerationFailed

FRAME_BYTES = 2**19
"""Longest line: a frame carries a few tokens, or the arguments of one tool call."""


def lines(chunks: Iterable[bytes], server: Server) -> Iterator[bytes]:
    """Lines without their ends (LF or CRLF); the last one need not have an end. Raises GenerationFailed for one too long."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
        if len(rest) > FRAME_BYTES:
            raise GenerationFailed(f"{server.name} sent a line of more than {FRAME_BYTES} bytes in its stream")
    if rest:
        yield rest.removesuffix(b"\r")


def json_lines(chunks: Iterable[bytes], server: Server) -> Iterator[dict[str, Any]]:
    """The object on each line. Raises GenerationFailed for anything else."""
    for line in lines(chunks, server):
        if line.strip():
            yield _object(parse_json(line, server), server)


def events(chunks: Iterable[bytes], server: Server) -> Iterator[dict[str, Any] | None]:
    """The object of each event, and None for the `[DONE]` that ends a stream; comments and other fields are passed over.

    The format is that of the HTML standard, section 9.2 (server-sent events). Raises GenerationFailed for data that is no object.
    """
    data: list[bytes] = []
    for line in _closed(lines(chunks, server)):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            whole = b"\n".join(data)
            data = []
            if whole.strip() == b"[DONE]":
                yield None
            elif whole.strip():
                yield _object(parse_json(whole, server), server)
        elif line and not line.startswith((b":", b"event", b"id", b"retry")):
            said = server.clean(line[:200].decode("utf-8", "replace"))
            raise GenerationFailed(f"{server.name} sent something other than events: {said}")


def _closed(found: Iterator[bytes]) -> Iterator[bytes]:
    """The lines and an empty one, which ends an event that the server did not end."""
    yield from found
    yield b""


def _object(value: Any, server: Server) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise GenerationFailed(f"{server.name} sent a {type(value).__name__} where an object was expected")
    return value
