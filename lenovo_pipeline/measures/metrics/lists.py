"""Lists: which items an answer names, in any order.

Belongs here: taking an answer apart into items and comparing the two sets. Commas and `and` also stand inside names
(`Parts Return, United Kingdom and Ireland`), so pieces that together make a right item are taken together first.
"""

import re
from collections.abc import Collection

from lenovo_pipeline.measures.metrics.normalise import comparable

_STRONG = re.compile(r"\s*[;；\n]\s*")
_WEAK = re.compile(r"\s*[,，、]\s*(?:and\s+|or\s+)?|\s+(?:and|or|&)\s+|\s*(?:以及|和|与|與|及)\s*", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*•·]\s+|\(?\d{1,2}[.)、]\s*)")
_JOINED_BY_AND = re.compile(r"^(?:and|or|以及|和)\s+", re.IGNORECASE)


def items_in(answer: str, right_items: Collection[str]) -> set[str]:
    """The distinct items that an answer names, normalised. Semicolons and line ends separate items before commas do."""
    right = {comparable(item) for item in right_items}
    segments = [_JOINED_BY_AND.sub("", _BULLET.sub("", segment)) for segment in _STRONG.split(answer)]
    segments = [segment for segment in segments if comparable(segment)]
    found: set[str] = set()
    for segment in segments:
        pieces = _pieces(segment, right)
        none_right = not any(piece in right for piece in pieces)
        found |= {comparable(segment)} if none_right and len(segments) > 1 else pieces
    return found


def _pieces(segment: str, right: Collection[str]) -> set[str]:
    breaks = list(_WEAK.finditer(segment))
    starts = [0, *(match.end() for match in breaks)]
    ends = [*(match.start() for match in breaks), len(segment)]
    found: set[str] = set()
    place = 0
    while place < len(starts):
        for last in range(len(ends) - 1, place - 1, -1):
            piece = comparable(segment[starts[place] : ends[last]])
            if piece in right or last == place:
                found |= {piece} if piece else set()
                place = last + 1
                break
    return found


def list_f1(answer: str, right_items: Collection[str]) -> float:
    """F1 of the set of items named against the right ones. Raises ValueError if there is no right item."""
    right = {comparable(item) for item in right_items}
    if not right:
        raise ValueError("the item has no right items to compare with")
    named = items_in(answer, right_items)
    return 2 * len(named & right) / (len(named) + len(right))
