"""Running text: plain text in blocks, Markdown by headings with its front matter."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from lenovo_pipeline.uploads.encodings import Encoding, detect
from lenovo_pipeline.uploads.readers.documents import document_rows
from lenovo_pipeline.uploads.readers.front_matter import LARGEST_CHARACTERS, load_front_matter
from lenovo_pipeline.uploads.readers.lines import Line, damage, excerpt, lines, too_long
from lenovo_pipeline.uploads.records import Event, Facts, FileProblem, Reject, Source, Text

BLOCK_CHARACTERS = 4_000
"""A text without headings is cut at the first empty line after this many characters, or anywhere after twice as many."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LIMIT_FRONT = "---"


class Block:
    """Lines that will be one text."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = 0

    def add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)

    @property
    def full(self) -> bool:
        return self._size >= 2 * BLOCK_CHARACTERS or (self._size >= BLOCK_CHARACTERS and not self._lines[-1].strip())

    def take(self) -> str:
        """The text so far, blanks around it cut; the block is empty then."""
        text = "".join(self._lines).strip()
        self._lines, self._size = [], 0
        return text


def read_text(source: Source) -> Iterator[Event]:
    """Blocks of a plain text."""
    encoding = detect(source.path)
    yield _facts(encoding)
    with encoding.open(source.path) as handle:
        block = Block()
        for item in _sound(lines(handle, source.limits.line_bytes), source.limits.line_bytes):
            if isinstance(item, Reject):
                yield item
                continue
            block.add(item.text)
            if block.full and (text := block.take()):
                yield Text(text)
        if text := block.take():
            yield Text(text)


def read_markdown(source: Source) -> Iterator[Event]:
    """Rows of the front matter, texts of the body: one for each heading, under the path of headings above it."""
    encoding = detect(source.path)
    yield _facts(encoding)
    limit = source.limits.line_bytes
    with encoding.open(source.path) as handle:
        front, body = _split(lines(handle, limit))
        title = None
        if front:
            text = "".join(line.text for line in front)
            try:
                document, places = _front(front, text, limit)
            except FileProblem as problem:
                yield Reject(front[0].number, excerpt(text), problem.found, problem.remedy)
            else:
                if isinstance(document, dict) and isinstance(document.get("title"), str):
                    title = document["title"]
                    yield Facts(title=title)
                if document not in (None, {}):
                    yield from document_rows(document, limit, places)
        yield from _sections(body, limit, title)


def _front(front: list[Line], text: str, limit: int) -> tuple[Any, dict[str, list[int]]]:
    problem = damage(text) if all(line.complete for line in front) else too_long(limit)
    if problem:
        raise FileProblem(f"front matter with {problem[0]}", remedy=problem[1])
    return load_front_matter(text, first_line=front[0].number)


def _split(content: Iterator[Line]) -> tuple[list[Line], Iterator[Line]]:
    """Front matter (without its fences) and body. A first line --- without a second one is no front matter."""
    held: list[Line] = []
    size = 0
    for line in content:
        held.append(line)
        size += len(line.text)
        mark = line.text.rstrip()
        if len(held) == 1 and mark != _LIMIT_FRONT:
            break
        if len(held) > 1 and mark in (_LIMIT_FRONT, "..."):
            return held[1:-1], content
        if size > 2 * LARGEST_CHARACTERS:
            break
    return [], chain(held, content)


def _sections(body: Iterator[Line], limit: int, title: str | None) -> Iterator[Text | Reject]:
    path: list[tuple[int, str]] = []
    block = Block()
    fence: str | None = None
    for item in _sound(body, limit):
        if isinstance(item, Reject):
            yield item
            continue
        section = " › ".join(name for _, name in path) or None
        mark = _FENCE.match(item.text)
        if mark and fence is None:
            fence = mark.group(1)
        elif mark and fence is not None and mark.group(1).startswith(fence):
            fence = None
        heading = _heading(item.text) if fence is None else None
        if heading:
            if text := block.take():
                yield Text(text, section, title)
            path = [(level, name) for level, name in path if level < heading[0]] + [heading]
            title = title or heading[1]
        block.add(item.text)
        if block.full and (text := block.take()):
            yield Text(text, section, title)
    if text := block.take():
        yield Text(text, " › ".join(name for _, name in path) or None, title)


def _heading(line: str) -> tuple[int, str] | None:
    """Level and text of a Markdown heading; None for any other line, and for one of unlikely length."""
    text = line.strip()
    level = len(text) - len(text.lstrip("#"))
    if not 1 <= level <= 6 or len(text) > 300 or text[level : level + 1] not in (" ", "\t"):
        return None
    name = text[level:].strip().rstrip("#").strip()
    return (level, name) if name else None


def _sound(content: Iterator[Line], limit: int) -> Iterator[Line | Reject]:
    for line in content:
        problem = damage(line.text) if line.complete else too_long(limit)
        yield Reject(line.number, excerpt(line.text), *problem) if problem else line


def _facts(encoding: Encoding) -> Facts:
    return Facts(encoding.name, notes=(encoding.note,) if encoding.note else ())
