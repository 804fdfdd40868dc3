"""Split a Markdown text into passages by its structure: headings, paragraphs, lines, sentences, clauses, words.

Belongs here: one text at a time in, passages out, and the batches of token counts that this takes.
Does not belong here: which records have a text and what their chunks are called (chunks.py).

A passage is a slice of the text, cut only where the finer structure begins, so that putting the passages
together gives the text again, white space aside.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

CountTokens = Callable[[Sequence[str]], npt.NDArray[np.int64]]

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S.*?)(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")

# Where a piece may be cut, coarse to fine; each pattern matches the end of a piece. Chinese punctuation needs no space after it.
_CUTS = (
    re.compile(r"\n[ \t]*\n+"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+|[。！？…]+[”’」』）]*"),
    re.compile(r"(?<=[,;:])\s+|[，、；：]+"),
    re.compile(r"\s+"),
)


@dataclass
class Passage:
    """A slice of a text under its headings (outermost first)."""

    headings: tuple[str, ...]
    text: str
    tokens: int = 0


@dataclass
class _Piece:
    text: str
    level: int = 0
    tokens: int = 0


@dataclass
class Section:
    """A heading with what follows it up to the next one. `pieces` are what it is cut into."""

    headings: tuple[str, ...]
    text: str
    pieces: list[_Piece] = field(default_factory=list)


def sections(text: str) -> list[Section]:
    """Cut a text at its Markdown headings; a heading without a body goes to the section after it. Code fences are no headings."""
    found: list[Section] = []
    open_headings: list[tuple[int, str]] = []
    lines: list[str] = []
    has_body = fenced = False
    for line in text.splitlines(keepends=True):
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line.rstrip("\r\n"))
        if heading:
            if has_body:
                found.append(Section(tuple(name for _, name in open_headings), "".join(lines)))
                lines, has_body = [], False
            level = len(heading[1])
            open_headings = [(above, name) for above, name in open_headings if above < level] + [(level, heading[2])]
        elif line.strip():
            has_body = True
        lines.append(line)
    if "".join(lines).strip():
        found.append(Section(tuple(name for _, name in open_headings), "".join(lines)))
    return found


def cut(whole: Sequence[tuple[Section, int]], count_tokens: CountTokens) -> list[list[Passage]]:
    """The passages of each section, none above its limit (tokens of the passage alone).

    What fits is never cut further: paragraphs first, then lines, sentences, clauses, words, halves of words. Neighbours
    are joined again up to the limit. Token counts add up at all these cuts but the last: joined passages are counted again.
    """
    for section, _ in whole:
        section.pieces = [_Piece(section.text)]
    pending = [(section, limit) for section, limit in whole]
    while pending:
        fresh = [piece for section, _ in pending for piece in section.pieces if not piece.tokens]
        for piece, tokens in zip(fresh, count_tokens([piece.text for piece in fresh]), strict=True):
            piece.tokens = max(1, int(tokens))
        pending = [(section, limit) for section, limit in pending if any(_too_long(piece, limit) for piece in section.pieces)]
        for section, limit in pending:
            section.pieces = [
                finer for piece in section.pieces for finer in (_cut_once(piece) if _too_long(piece, limit) else [piece])
            ]
    joined = [_join(section, limit) for section, limit in whole]
    return _recount(joined, [limit for _, limit in whole], count_tokens)


def _too_long(piece: _Piece, limit: int) -> bool:
    return piece.tokens > limit and len(piece.text) > 1


def _cut_once(piece: _Piece) -> list[_Piece]:
    for level in range(piece.level, len(_CUTS)):
        ends = [match.end() for match in _CUTS[level].finditer(piece.text)]
        bounds = sorted({0, *ends, len(piece.text)})
        parts = [piece.text[a:b] for a, b in pairwise(bounds)]
        if sum(bool(part.strip()) for part in parts) > 1:
            return [_Piece(part, level + 1) for part in parts]
    middle = len(piece.text) // 2
    return [_Piece(piece.text[:middle], len(_CUTS)), _Piece(piece.text[middle:], len(_CUTS))]


def _join(section: Section, limit: int) -> list[Passage]:
    passages: list[Passage] = []
    for piece in section.pieces:
        blank = not piece.text.strip()
        tokens = 0 if blank else piece.tokens
        if passages and passages[-1].tokens + tokens <= limit:
            passages[-1].text += piece.text
            passages[-1].tokens += tokens
        elif not blank:
            passages.append(Passage(section.headings, piece.text, tokens))
    for passage in passages:
        passage.text = passage.text.strip()
    return [passage for passage in passages if passage.text]


def _recount(joined: list[list[Passage]], limits: list[int], count_tokens: CountTokens) -> list[list[Passage]]:
    flat = [passage for passages in joined for passage in passages]
    for passage, tokens in zip(flat, count_tokens([passage.text for passage in flat]), strict=True):
        passage.tokens = int(tokens)
    for i, passages in enumerate(joined):
        while any(passage.tokens > limits[i] and len(passage.text) > 1 for passage in passages):
            finer = []
            for passage in passages:
                if passage.tokens <= limits[i]:
                    finer.append(passage)
                    continue
                halves = [half.text.strip() for half in _cut_once(_Piece(passage.text))]
                counts = count_tokens(halves)
                finer += [Passage(passage.headings, t, int(n)) for t, n in zip(halves, counts, strict=True) if t]
            passages = finer
        joined[i] = passages
    return joined
