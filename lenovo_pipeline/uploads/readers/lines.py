"""Lines of a text file, none longer than the limit in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from lenovo_pipeline.uploads.encodings import BAD_BYTE

EXCERPT = 200
"""Characters of the input that a reject shows."""


@dataclass(frozen=True, slots=True)
class Line:
    """One physical line with its end. `complete` is False if it was over the limit: then `text` is its beginning."""

    number: int
    text: str
    complete: bool = True


def lines(handle: TextIO, limit: int) -> Iterator[Line]:
    """The lines of a file, from 1. A line over `limit` bytes is passed over but for its beginning."""
    number = 0
    while text := handle.readline(limit + 1):
        number += 1
        if len(text) > limit and not text.endswith(("\n", "\r")):
            head = text[:EXCERPT]
            while (rest := handle.readline(limit + 1)) and not rest.endswith(("\n", "\r")):
                pass
            yield Line(number, head, complete=False)
        elif over(text, limit):
            yield Line(number, text[:EXCERPT], complete=False)
        else:
            yield Line(number, text)


def over(text: str, limit: int) -> bool:
    """Whether a text is longer than `limit` bytes in UTF-8, its line end aside."""
    if 4 * len(text) <= limit:
        return False
    return len(text.rstrip("\r\n").encode("utf-8", errors="surrogatepass")) > limit


def damage(text: str) -> tuple[str, str] | None:
    """Why a text cannot be loaded (reason, remedy): bytes outside its encoding, or NUL characters. None if it can."""
    if not text.isascii() and BAD_BYTE.search(text):
        return "bytes that do not fit the file's encoding", "Save the file as UTF-8."
    if "\0" in text:
        return "NUL characters", "Remove the NUL characters (tr -d '\\0')."
    return None


def too_long(limit: int) -> tuple[str, str]:
    """Reason and remedy for a line or cell over the limit."""
    return f"longer than {limit:,} bytes", "Shorten it, or raise LENOVO_UPLOAD_MAX_LINE_BYTES."


def excerpt(text: str) -> str:
    """The beginning of what was found, printable and storable."""
    cut = text[: EXCERPT + 1].encode("utf-8", errors="backslashreplace").decode().replace("\0", "\\0")
    return cut if len(cut) <= EXCERPT else cut[:EXCERPT] + "…"
