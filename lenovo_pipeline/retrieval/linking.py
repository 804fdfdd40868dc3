"""Entity linking: from names in a question, misspelt or not, to the ids of what they name.

Belongs here: finding names. Does not belong here: which names there are (register.py) and what follows from them (reading.py).

A name is cut into tokens (runs of letters, runs of digits, single ideographs), so that case, punctuation and blanks do not
matter; at each place the longest name wins. Where no name is found, the nearest one by edit distance is taken (Levenshtein,
by RapidFuzz: MIT, maintained), but never one with other digits: T14 Gen 4 is not a misspelt T14 Gen 5.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lenovo_pipeline.retrieval.words import plain

_WIDE = "\u2e80-\u2fff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_WIDE}]|(?:(?![{_WIDE}])[^\W\d_])+|\d+|(?<=[^\W_])\++")
_WORD_BEFORE = re.compile(rf"(?![{_WIDE}])[^\W_]")
_NEAR = 84.0
"""Least similarity (0 to 100) of a misspelt name: two slips in a name of 14 letters."""

_FUZZY_TOKENS = 60
_FUZZY_WIDTH = 7
_FUZZY_LETTERS = 5


@dataclass(frozen=True)
class Name:
    """A form under which something is known."""

    kind: str
    id: str
    form: str


@dataclass(frozen=True)
class Link:
    """A name found at [start, end) of the plain text. Several ids share the form; `score` is 1 where it stands as written."""

    kind: str
    ids: tuple[str, ...]
    surface: str
    start: int
    end: int
    score: float = 1.0
    inside: str = ""
    """Kind of the longer name that this one is a part of; empty for a name of its own."""


class Linker:
    """Finds names. `fuzzy` are the kinds whose misspelt names are found too; titles hold names of other kinds inside."""

    def __init__(self, names: Iterable[Name], *, fuzzy: Iterable[str] = (), titles: Iterable[str] = ()) -> None:
        self._known: dict[tuple[str, ...], dict[str, dict[str, None]]] = {}
        self._lengths: dict[str, set[int]] = {}
        self._titles = frozenset(titles)
        self._fuzzy = frozenset(fuzzy)
        near: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
        for name in names:
            tokens = tuple(_TOKEN.findall(plain(name.form)))
            if not tokens:
                continue
            self._known.setdefault(tokens, {}).setdefault(name.kind, {})[name.id] = None
            self._lengths.setdefault(tokens[0], set()).add(len(tokens))
            if name.kind in self._fuzzy:
                near.setdefault(_digits(tokens), {})[" ".join(tokens)] = tokens
        self._near = near

    def find(self, text: str) -> list[Link]:
        """Names in a `plain` text, in its order: the longest at each place, and those inside titles. Misspelt ones only if
        no name of a fuzzy kind stands as written.
        """
        tokens = list(_TOKEN.finditer(text))
        words = [token.group() for token in tokens]
        found: list[Link] = []
        place = 0
        while place < len(words):
            width = self._longest(text, tokens, words, place, len(words))
            if width:
                outer = self._links(tokens, words, place, width)
                found += outer
                titles = [link.kind for link in outer if link.kind in self._titles]
                if titles:
                    found += self._inside(text, tokens, words, place, width, titles[0])
            place += width or 1
        if not any(link.kind in self._fuzzy for link in found):
            found += self._misspelt(tokens[:_FUZZY_TOKENS], words[:_FUZZY_TOKENS])
        return found

    def _inside(self, text: str, tokens: list[re.Match[str]], words: list[str], start: int, width: int, title: str) -> list[Link]:
        found: list[Link] = []
        place, end = start, start + width
        while place < end:
            inner = self._longest(text, tokens, words, place, end, below=width)
            if inner:
                found += [
                    Link(link.kind, link.ids, link.surface, link.start, link.end, inside=title)
                    for link in self._links(tokens, words, place, inner)
                    if link.kind not in self._titles
                ]
            place += inner or 1
        return found

    def _longest(
        self, text: str, tokens: list[re.Match[str]], words: list[str], place: int, end: int, below: int | None = None
    ) -> int:
        if not _edge(text, tokens[place].start(), before=True):
            return 0
        for width in sorted(self._lengths.get(words[place], ()), reverse=True):
            last = place + width
            if last > end or (below is not None and width >= below):
                continue
            if tuple(words[place:last]) in self._known and _edge(text, tokens[last - 1].end(), before=False):
                return width
        return 0

    def _links(self, tokens: list[re.Match[str]], words: list[str], place: int, width: int) -> list[Link]:
        surface = " ".join(words[place : place + width])
        start, end = tokens[place].start(), tokens[place + width - 1].end()
        kinds = self._known[tuple(words[place : place + width])]
        return [Link(kind, tuple(ids), surface, start, end) for kind, ids in kinds.items()]

    def _misspelt(self, tokens: list[re.Match[str]], words: list[str]) -> list[Link]:
        import numpy as np
        from rapidfuzz import fuzz, process

        # All that could be compared, by digits, so that one call compares a group: each call costs more than its comparisons.
        said: dict[tuple[str, ...], list[tuple[int, int, str]]] = {}
        lettered = [sum(map(str.isalpha, word)) for word in words]
        for place in range(len(words)):
            text, letters = "", 0
            digits: tuple[str, ...] = ()
            for width, word in enumerate(words[place : place + _FUZZY_WIDTH], 1):
                text = f"{text} {word}" if text else word
                letters += lettered[place + width - 1]
                digits += _digits((word,))
                if letters >= _FUZZY_LETTERS and digits in self._near:
                    said.setdefault(digits, []).append((place, width, text))
        best: list[tuple[float, int, int, tuple[str, ...]]] = []
        for digits, windows in said.items():
            names = list(self._near[digits])
            scores = process.cdist(
                [text for _, _, text in windows], names, scorer=fuzz.ratio, score_cutoff=_NEAR, dtype=np.float64
            )
            nearest = scores.argmax(axis=1)
            for (place, width, _), name, row in zip(windows, nearest.tolist(), scores, strict=True):
                if row[name] >= _NEAR:
                    best.append((float(row[name]), place, width, self._near[digits][names[name]]))
        found: list[Link] = []
        taken: set[int] = set()
        for score, place, width, name in sorted(best, key=lambda each: (-each[0], -each[2], each[1])):
            if taken.isdisjoint(range(place, place + width)):
                taken.update(range(place, place + width))
                start, end = tokens[place].start(), tokens[place + width - 1].end()
                found += [
                    Link(kind, tuple(ids), " ".join(words[place : place + width]), start, end, score / 100)
                    for kind, ids in self._known[name].items()
                ]
        return sorted(found, key=lambda link: link.start)


def _edge(text: str, place: int, *, before: bool) -> bool:
    """Whether a word begins (ends) here: the neighbours are no two letters or digits of one word."""
    if place in (0, len(text)):
        return True
    outside, within = (text[place - 1], text[place]) if before else (text[place], text[place - 1])
    return not (_WORD_BEFORE.match(outside) or (outside == "+" and not before)) or not _WORD_BEFORE.match(within)


def _digits(tokens: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(token for token in tokens if token.isdigit())
