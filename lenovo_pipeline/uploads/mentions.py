"""Which devices a text mentions: the longest name at each place, whatever its case and punctuation, in linear time.

A name is cut into tokens (runs of letters, runs of digits, a plus sign) that form a trie; it is entered wherever a name may
begin, and left after a few tokens. A name must begin and end at the edge of a word: "ThinkPad T14" is not in "ThinkPad T14s",
and "razr 2026" not in "razr+ 2026". Between its tokens a few blanks, hyphens and the like may stand, but no other punctuation.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_CJK = "\u2e80-\u2fff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_LETTER = rf"(?![{_CJK}])[^\W\d_]"
_TOKEN = re.compile(rf"[{_CJK}]|(?:{_LETTER})+|\d+|(?<=[^\W_])\+")
_BEGINS = rf"(?:(?<![^\W_])|(?<=[{_CJK}]))"
# Ideographs end a word of Latin letters, since Chinese and Japanese put no blanks between words; a plus sign belongs to it.
_ENDS = re.compile(rf"(?=[{_CJK}])|(?<=[{_CJK}])|(?![^\W_]|\+)")
_GAP = re.compile(r"[\s\-_/.()'\"]{0,4}")
_MARKS = str.maketrans("™®©", "   ")
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

        first = "|".join(re.escape(token) for token in sorted(self._trie, key=lambda token: (-len(token), token)))
        self._start = re.compile(f"{_BEGINS}(?:{first})(?!{_LETTER})") if first else None

    def __call__(self, text: str) -> list[str]:
        """Ids of the mentioned devices, sorted. Time grows linearly with the text."""
        found: set[str] = set()
        text, place = _plain(text), 0
        while self._start is not None and (start := self._start.search(text, place)):
            device_id, place = self._longest(text, start.start())
            if device_id is not None:
                found.add(device_id)
        return sorted(found)

    def _longest(self, text: str, place: int) -> tuple[str | None, int]:
        """The device with the longest name at `place`, and where to go on: behind the name, or behind the first token."""
        node: dict[str, Any] | None = self._trie
        found, after = None, place + 1
        while node is not None and (token := _TOKEN.match(text, place)):
            node = node.get(token.group())
            if node is not None and _END in node and _ENDS.match(text, token.end()):
                found, after = node[_END], token.end()
            gap = _GAP.match(text, token.end())
            place = gap.end() if gap else token.end()
        return found, after


def _plain(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text.translate(_MARKS)).casefold()


def _key(name: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(_plain(name)))


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
