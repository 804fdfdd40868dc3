"""Four ways to cut a record's text: fixed, structural, sentence window, parent and child.

Belongs here: one record in, units out. Does not belong here: searching them (comparing.py), and the chunks that the product
uses, which are the structural ones (knowledge/chunks.py).

A unit is searched by one text and shown as another, which may be longer: a sentence with its neighbours, a child's parent.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from lenovo_pipeline.knowledge.chunks import SOURCES, indexed_texts, make_chunks
from lenovo_pipeline.knowledge.splitting import CountTokens, Section, cut, sections

STRUCTURAL = "structural"
_OVERLAP = 4
"""A fixed window begins anew after all but a fourth of it."""

_CHILD_SHARE = 3
"""A child is at most a third as long as a chunk, a parent twice as long."""

_PARENT_SHARE = 2
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+|[。！？…]+[”’」』）]*|\n[ \t]*\n+")
_WORD = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")


@dataclass(frozen=True)
class Unit:
    """What is searched, and what is shown when it is found."""

    record_id: str
    searched: str
    shown: str


@dataclass(frozen=True)
class Text:
    """A record's title and text."""

    record_id: str
    title: str
    text: str


Strategy = Callable[[Mapping[str, pd.DataFrame], int, CountTokens], list[Unit]]
"""From tables with texts (see knowledge.chunks.SOURCES), the longest chunk in tokens and a way to count them, to units."""


def texts_of(sources: Mapping[str, pd.DataFrame]) -> list[Text]:
    """The texts of these tables."""
    found = []
    for table, frame in sources.items():
        source = SOURCES[table]
        titles = frame[source.title_column] if source.title_column else frame[source.id_column]
        rows = zip(frame[source.id_column], titles, frame["text"], strict=True)
        found += [Text(record_id, str(title), text) for record_id, title, text in rows if isinstance(text, str) and text.strip()]
    return found


def fixed(sources: Mapping[str, pd.DataFrame], limit: int, count: CountTokens) -> list[Unit]:
    """Windows of so many tokens, whatever stands in them, each beginning with the last quarter of the one before."""
    units = []
    for each in texts_of(sources):
        room = _room(each, limit, count)
        words = list(_WORD.finditer(each.text))
        sizes = [max(1, int(size)) for size in count([word[0] for word in words])]
        first = 0
        while first < len(words):
            end, taken = first, 0
            while end < len(words) and (end == first or taken + sizes[end] <= room):
                taken += sizes[end]
                end += 1
            passage = each.text[words[first].start() : words[end - 1].end()]
            units.append(Unit(each.record_id, f"{each.title}\n{passage}", passage))
            if end == len(words):
                break
            first = max(first + 1, end - (end - first) // _OVERLAP)
    return units


def structural(sources: Mapping[str, pd.DataFrame], limit: int, count: CountTokens) -> list[Unit]:
    """The product's chunks: cut at headings, paragraphs, lines and sentences, under title and headings."""
    chunks = make_chunks(sources, limit, count)
    return [
        Unit(record_id, searched, text)
        for record_id, searched, text in zip(chunks["record_id"], indexed_texts(chunks), chunks["text"], strict=True)
    ]


def sentence_window(sources: Mapping[str, pd.DataFrame], limit: int, count: CountTokens) -> list[Unit]:
    """Single sentences, shown with the one before and the one after; what is too long for a sentence is cut as chunks are."""
    units = []
    for each in texts_of(sources):
        room = _room(each, limit, count)
        sentences = [passage.text for text in _sentences(each.text) for passage in cut([(Section((), text), room)], count)[0]]
        for place, sentence in enumerate(sentences):
            window = " ".join(sentences[max(0, place - 1) : place + 2])
            units.append(Unit(each.record_id, f"{each.title}\n{sentence}", window))
    return units


def parent_child(sources: Mapping[str, pd.DataFrame], limit: int, count: CountTokens) -> list[Unit]:
    """Small children that are searched, each shown as the parent that it was cut from: a section, twice a chunk at most."""
    units = []
    for each in texts_of(sources):
        room = _room(each, limit, count)
        parents = [p for found in cut([(part, _PARENT_SHARE * limit) for part in sections(each.text)], count) for p in found]
        small = max(8, min(room, limit // _CHILD_SHARE))
        children = cut([(Section(parent.headings, parent.text), small) for parent in parents], count)
        for parent, own in zip(parents, children, strict=True):
            units += [Unit(each.record_id, f"{each.title}\n{child.text}", parent.text) for child in own]
    return units


STRATEGIES: Mapping[str, Strategy] = {
    "fixed": fixed,
    STRUCTURAL: structural,
    "sentence window": sentence_window,
    "parent and child": parent_child,
}


def _room(each: Text, limit: int, count: CountTokens) -> int:
    """Tokens that are left for the passage beside the title; half at least."""
    return max(limit // 2, limit - int(count([each.title])[0]))


def _sentences(text: str) -> Iterator[str]:
    ends: Sequence[int] = [match.end() for match in _SENTENCE_END.finditer(text)]
    for first, last in pairwise(sorted({0, *ends, len(text)})):
        if text[first:last].strip():
            yield text[first:last].strip()
