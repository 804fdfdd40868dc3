"""Which devices a text mentions: the longest name at each place, whatever its case and punctuation, in linear time.

A name is cut into tokens (runs of letters, runs of digits, a plus sign) that form a trie; a text is walked once. A name
must begin and end at the edge of a word: "ThinkPad T14" is not in "ThinkPad T14s", and "razr 2026" not in "razr+ 2026".
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_CJK = "\u2e80-\u2fff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]|(?:(?![{_CJK}])[^\W\d_])+|\d+|(?<=[^\W_])\+")
_IDEOGRAPH = re.compile(f"[{_CJK}]")
_END = ""


class Mentions:
    """Finds the devices that a text mentions."""

    def __init__(self, devices: Iterable[Mapping[str, Any]]) -> None:
        """`devices` are mappings with device_id, name and brand. Forms that several devices share find none of them."""
        devices = list(devices)
        full = {_key(device["name"]): str(device["device_id"]) for device in devices}
        forms: dict[tuple[str, ...], set[str]] = {}
        for device in devices:
            for form in _shorter(device):
                for spelling in (form, _generation(form)):
                    if spelling not in full:
                        forms.setdefault(spelling, set()).add(str(device["device_id"]))
            long_spelling = _generation(_key(device["name"]))
            if long_spelling not in full:
                forms.setdefault(long_spelling, set()).add(str(device["device_id"]))
        known = {form: next(iter(ids)) for form, ids in forms.items() if len(ids) == 1} | full
        self._trie: dict[str, Any] = {}
        for form, device_id in known.items():
            node = self._trie
            for token in form:
                node = node.setdefault(token, {})
            if form:
                node[_END] = device_id

    def __call__(self, text: str) -> list[str]:
        """Ids of the mentioned devices, sorted. Time grows linearly with the text."""
        tokens = list(_tokens(text))
        found: set[str] = set()
        place = 0
        while place < len(tokens):
            token, begins, _ = tokens[place]
            node = self._trie.get(token) if begins else None
            best, after = None, place
            while node is not None:
                if _END in node and tokens[after][2]:
                    best = (node[_END], after)
                after += 1
                node = node.get(tokens[after][0]) if after < len(tokens) else None
            if best:
                found.add(best[0])
                place = best[1]
            place += 1
        return sorted(found)


def _tokens(text: str) -> Iterator[tuple[str, bool, bool]]:
    """Tokens with whether each begins and ends a word. Ideographs stand alone: their scripts have no blanks between words."""
    text = unicodedata.normalize("NFKC", text).casefold()
    previous: tuple[str, bool, int] | None = None
    for match in _TOKEN.finditer(text):
        token, start, end = match.group(), match.start(), match.end()
        alone = bool(_IDEOGRAPH.match(token))
        glued = previous is not None and previous[2] == start and not alone and not _IDEOGRAPH.match(previous[0])
        if previous is not None:
            yield previous[0], previous[1], not glued
        previous = (token, not glued, end)
    if previous is not None:
        yield previous[0], previous[1], True


def _key(name: str) -> tuple[str, ...]:
    return tuple(token for token, _, _ in _tokens(name))


def _shorter(device: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The name without its brand, and without the first word of a brand of several words, as far as it still says which."""
    name, brand = _key(device["name"]), _key(str(device.get("brand") or ""))
    if not brand or name[: len(brand)] != brand:
        return
    rest = name[len(brand) :]
    if _telling(device["name"], rest):
        yield rest
    if len(brand) > 1 and len(rest) > 0:
        yield name[1:]


def _telling(name: str, rest: tuple[str, ...]) -> bool:
    """Whether what is left names a model: a word of letters and digits together with more after it, or with a long number.

    So T14 Gen 5 and SR650 do, but 50, 5 Pro or E14 do not.
    """
    words = [word for word in re.findall(r"\w+", name.casefold()) if re.search(r"\d", word) and re.search(r"[^\W\d_]", word)]
    return bool(words) and (len(rest) >= 3 or any(token.isdigit() and len(token) >= 3 for token in rest))


def _generation(form: tuple[str, ...]) -> tuple[str, ...]:
    """The same with `G5` for `Gen 5`."""
    return tuple(
        "g" if token == "gen" and form[index + 1 : index + 2] and form[index + 1].isdigit() else token
        for index, token in enumerate(form)
    )
