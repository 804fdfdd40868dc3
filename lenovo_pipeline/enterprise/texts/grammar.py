"""The phrase banks' notation, and how a family of phrases turns facts into a Markdown text.

A bank is a text file that looks like the documents it makes:

    === train/counter-notes free      a family: split/name; `free` lets its sections (but the first) come in any order
    # {name}: the short version       a title; ` || ` separates alternatives, here and in every line
    ## Inside || Under the lid        a section; `##?` makes it optional
    It runs on {cpu} [at heart|].     a sentence: slots in braces, inline choices in brackets; `{slot^}` begins with a capital
    ? Nice to have.                   an optional sentence
    - Weight: {weight}                a bullet (these come in any order); `- {ports}` and `1. {steps}` spell a list out
    @greeting Hello {name}            a snippet, for code that composes a text itself

A line whose slot is empty is left out, and so is a section without lines. An unknown slot is an error.
Does not belong here: which family writes which record (voices.py), the facts (records.py and its neighbours).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from lenovo_pipeline.enterprise.texts.rendering import LIST_SEPARATORS

Facts: TypeAlias = Mapping[str, str | list[str] | None]

_PART = re.compile(r"\[([^\[\]]*)\]|\{(\w+)(\^?)\}")


@dataclass(frozen=True)
class Slot:
    name: str
    capital: bool


@dataclass(frozen=True)
class Choice:
    options: tuple["Frame", ...]


@dataclass(frozen=True)
class Frame:
    """One phrase: literals, slots and inline choices in order; `source` is how the bank writes it."""

    source: str
    parts: tuple[str | Slot | Choice, ...]

    def fill(self, facts: Facts, random: Random, separator: str = ", ") -> str | None:
        """The phrase with its slots filled; None where a slot is empty. Raises KeyError for a slot that facts lacks."""
        filled: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                filled.append(part)
                continue
            if isinstance(part, Choice):
                value = pick(part.options, random).fill(facts, random, separator)
            else:
                given = facts[part.name]
                value = separator.join(given) if isinstance(given, list) else given
                if value and part.capital:
                    value = value[0].upper() + value[1:]
                if not value:
                    return None
            if value is None:
                return None
            filled.append(value)
        return "".join(filled)

    @property
    def list_slot(self) -> str | None:
        """The slot of a line that is nothing but a list item, `- {ports}`."""
        if len(self.parts) == 2 and self.parts[0] in ("- ", "1. ") and isinstance(self.parts[1], Slot):
            return self.parts[1].name
        return None


@dataclass(frozen=True)
class Line:
    """Alternatives of one sentence, bullet or row; an empty line (no alternatives) ends a paragraph."""

    frames: tuple[Frame, ...]
    optional: bool = False


@dataclass(frozen=True)
class Section:
    headings: tuple[Frame, ...]
    lines: tuple[Line, ...]
    optional: bool


@dataclass(frozen=True)
class Family:
    """One template family: the phrases of one voice for one kind of text, in one language and split."""

    name: str
    language: str
    titles: tuple[Frame, ...]
    sections: tuple[Section, ...]
    snippets: Mapping[str, tuple[Frame, ...]]
    free: bool

    def frames(self) -> list[Frame]:
        """Every phrase of the family: titles, headings, lines and snippets."""
        found = [*self.titles]
        for section in self.sections:
            found += section.headings
            found += [frame for line in section.lines for frame in line.frames]
        return found + [frame for frames in self.snippets.values() for frame in frames]

    def headings(self) -> list[Frame]:
        """Every section heading of the family, those in snippets named `heading` included."""
        return [h for section in self.sections for h in section.headings] + list(self.snippets.get("heading", ()))

    def title(self, facts: Facts, random: Random) -> str:
        """One of the family's titles. Raises ValueError when all of them need an empty slot."""
        return self._first(self.titles, facts, random, "title")

    def say(self, snippet: str, facts: Facts, random: Random) -> str:
        """One of the snippet's phrases. Raises KeyError for an unknown snippet, ValueError when all need an empty slot."""
        return self._first(self.snippets[snippet], facts, random, snippet)

    def write(self, facts: Facts, random: Random, title: str | None = None) -> str:
        """The whole text: title, then sections. `title` overrides the family's own."""
        sections = list(self.sections)
        if self.free:
            rest = sections[1:]
            shuffle(rest, random)
            sections = sections[:1] + rest
        blocks = [f"# {title or self.title(facts, random)}"]
        for section in sections:
            if section.optional and random.random() < 0.5:
                continue
            body = self._body(section, facts, random)
            if body:
                heading = self._first(section.headings, facts, random, "heading") if section.headings else None
                blocks += [f"## {heading}", *body] if heading else body
        return "\n\n".join(blocks)

    def _first(self, frames: tuple[Frame, ...], facts: Facts, random: Random, what: str) -> str:
        start = int(random.random() * len(frames))
        for offset in range(len(frames)):
            filled = frames[(start + offset) % len(frames)].fill(facts, random, LIST_SEPARATORS[self.language])
            if filled is not None:
                return filled.strip()
        raise ValueError(f"family {self.name}: every phrase of its {what} needs an empty slot")

    def _body(self, section: Section, facts: Facts, random: Random) -> list[str]:
        blocks: list[str] = []
        run: list[str] = []
        shape = ""

        def close() -> None:
            if shape == "text" and run:
                blocks.append(paragraph(run, self.language))
            elif shape == "list" and run:
                shuffle(run, random)
                blocks.append("\n".join(run))
            elif shape == "table":
                rows = run[2:]
                shuffle(rows, random)
                blocks.append("\n".join(run[:2] + rows))
            run.clear()

        for line in section.lines:
            if not line.frames:
                close()
                continue
            if line.optional and random.random() < 0.5:
                continue
            frame = pick(line.frames, random)
            if slot := frame.list_slot:
                close()
                items = facts[slot]
                if items:
                    items = [items] if isinstance(items, str) else items
                    numbered = frame.parts[0] == "1. "
                    blocks.append("\n".join(f"{f'{i}.' if numbered else '-'} {item}" for i, item in enumerate(items, start=1)))
                continue
            filled = frame.fill(facts, random, LIST_SEPARATORS[self.language])
            if filled is None:
                continue
            kind = "list" if filled.startswith("- ") else "table" if filled.startswith("|") else "text"
            if kind != shape:
                close()
                shape = kind
            run.append(filled.strip())
        close()
        return blocks


def paragraph(sentences: list[str], language: str) -> str:
    """Sentences in a row: English ones with spaces, Chinese ones without, except after a quoted English sentence."""
    if language == "en":
        return " ".join(s for s in sentences if s)
    return "".join(s + " " if s[-1:].isascii() else s for s in sentences if s).rstrip()


def pick(options: tuple[Frame, ...], random: Random) -> Frame:
    """One of the options, with one draw (the same on every Python version)."""
    return options[int(random.random() * len(options))] if len(options) > 1 else options[0]


def shuffle(items: list[str] | list[Section], random: Random) -> None:
    """Bring the items into a random order, in place."""
    items.sort(key=lambda _: random.random())


def parse_frame(source: str) -> Frame:
    """A phrase from the bank's notation."""
    parts: list[str | Slot | Choice] = []
    end = 0
    for match in _PART.finditer(source):
        if match.start() > end:
            parts.append(source[end : match.start()])
        if match[2]:
            parts.append(Slot(match[2], bool(match[3])))
        else:
            parts.append(Choice(tuple(parse_frame(option) for option in match[1].split("|"))))
        end = match.end()
    if end < len(source):
        parts.append(source[end:])
    return Frame(source, tuple(parts))


def _frames(line: str) -> tuple[Frame, ...]:
    return tuple(parse_frame(option.strip()) for option in line.split(" || "))


def parse_bank(text: str, kind: str, language: str) -> list[Family]:
    """The families of a bank file. Raises ValueError naming the line that belongs to no family."""
    families: list[Family] = []
    for block in re.split(r"^=== ", text, flags=re.MULTILINE):
        if not block.strip():
            continue
        header, *rows = block.splitlines()
        name, *flags = header.split()
        if name.count("/") != 1:
            raise ValueError(f"bank {kind} ({language}): found {header!r}, expected `=== split/name`")
        titles: list[Frame] = []
        sections: list[tuple[tuple[Frame, ...], list[Line], bool]] = []
        snippets: dict[str, tuple[Frame, ...]] = {}
        for row in rows:
            row = row.strip()
            if row.startswith("# "):
                titles += _frames(row[2:])
            elif row.startswith("##"):
                optional = row.startswith("##?")
                sections.append((_frames(row.removeprefix("##?" if optional else "##").strip()), [], optional))
            elif row.startswith("@"):
                snippet, _, phrases = row[1:].partition(" ")
                snippets[snippet] = snippets.get(snippet, ()) + _frames(phrases)
            elif not row:
                if sections:
                    sections[-1][1].append(Line(()))
            else:
                if not sections:
                    sections.append(((), [], False))
                optional = row.startswith("? ")
                sections[-1][1].append(Line(_frames(row.removeprefix("? ")), optional))
        suffix = "" if language == "en" else f"/{language}"
        families.append(
            Family(
                name=f"{kind}/{name}{suffix}",
                language=language,
                titles=tuple(titles),
                sections=tuple(Section(headings, tuple(lines), optional) for headings, lines, optional in sections),
                snippets=snippets,
                free="free" in flags,
            )
        )
    return families
