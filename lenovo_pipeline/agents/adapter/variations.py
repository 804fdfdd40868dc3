"""The same conversation about other names and figures, worded a little otherwise: a few hundred tasks become as many lessons as
there are steps to learn from, and what is copied from a request cannot be learned by heart.

Belongs here: changes that leave what is right as it is. Does not belong here: tasks and their wordings (agents/tasks).

Names are invented (models/pretraining), so that none comes from a record that agents are evaluated on.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from random import Random
from typing import Any

from lenovo_pipeline.models.pretraining.phrasings import FILLERS
from lenovo_pipeline.models.pretraining.values import Invention

Conversation = Sequence[Mapping[str, Any]]

_NAMES = frozenset(["device", "first", "second", "start", "subject", "part", "customer", "article", "ticket", "query", "about"])
"""Arguments whose values stand for records; all others choose among words that the tools know."""

_LEFT_OUT = frozenset(["the", "a", "an", "of", "please", "me", "it", "is", "its", "to", "for", "i", "you", "your", "our"])
"""Words without which a request asks for the same."""

_CODE = re.compile(r"[A-Z]{2,6}-[A-Z0-9-]*\d[A-Z0-9-]*|[A-Z]{3}-[A-F]+")
_FIGURE = re.compile(r"\d[\d.,-]*\d")
_RENAMED, _REWORDED = 0.8, 0.6
"""Share of conversations that are about other names, and that are worded otherwise."""

_ALIKE, _SAME_WORD, _STRANGE = 0.45, 0.3, 0.35
"""Share of other names that are built as the old one, of their words that stay, and of the other names that no language has: a
small model copies what is built as names that it has copied, and stumbles over those that are not.
"""


def varied(conversation: Conversation, random: Random) -> list[dict[str, Any]]:
    """The conversation with other names and figures throughout, and other small words in its requests."""
    messages = [dict(deepcopy(message)) for message in conversation]
    if random.random() < _RENAMED:
        messages = _renamed(messages, random)
    if random.random() < _REWORDED:
        kept = _told(messages)
        for message in messages:
            if message["role"] == "user":
                message["content"] = _reworded(message["content"], kept, random)
    return messages


def _renamed(messages: list[dict[str, Any]], random: Random) -> list[dict[str, Any]]:
    invention = Invention(random, strange=_STRANGE)
    asked = "\n".join(message["content"] for message in messages if message["role"] == "user")
    others: dict[str, str] = {}
    for name in sorted({name for name in _names(messages) if name in asked}, key=len, reverse=True):
        others[name] = _other(name, invention)
    figures = {figure for figure in _answered(messages) if figure not in asked}
    others |= {figure: "".join(random.choice("123456789") if each.isdigit() else each for each in figure) for figure in figures}
    if not others:
        return messages
    # As a whole only: "razr 60" does not stand in "razr 600".
    longest = sorted(others, key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])" for name in longest))

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return pattern.sub(lambda found: others[found[0]], value)
        if isinstance(value, dict):
            return {name: changed(each) for name, each in value.items()}
        return [changed(each) for each in value] if isinstance(value, list) else value

    first, *rest = messages
    return [first, *(changed(message) for message in rest)]


def _other(name: str, invention: Invention) -> str:
    """Another name of the same form: a code for a code, otherwise what a product, company or process may be called."""
    random = invention.random
    if _CODE.fullmatch(name):
        head, _, tail = name.partition("-")
        head = head if random.random() < 0.7 else "".join(random.choices("ABCDEFGHKLMNPRSTVX", k=len(head)))
        signs = "0123456789ABCDEF" if re.search(r"[A-F]", tail) else "0123456789"
        return f"{head}-{''.join(random.choice(signs) if each.isalnum() else each for each in tail)}"
    form = random.random()
    if form < _ALIKE:
        return _alike(name, invention)
    return invention.entity() if form < 0.75 else invention.similar(name)


def _alike(name: str, invention: Invention) -> str:
    """A name with capitals, digits and small letters where this one has them: "KorbelZan Q82" for "LenoTab T14"."""
    random = invention.random

    def sign(each: str) -> str:
        signs = "123456789" if each.isdigit() else "ABCDEFGHKLMNPRSTVXZ" if each.isupper() else "abcdefhikmnpstxz"
        return random.choice(signs) if each.isascii() and each.isalnum() else each

    def word(found: re.Match[str]) -> str:
        made = invention.name(1, 2)
        return made if found[0][0].isupper() else made.lower()

    def other(piece: str) -> str:
        if any(each.isdigit() for each in piece):
            return "".join(map(sign, piece))
        return piece if random.random() < _SAME_WORD else re.sub("[A-Za-z][a-z]*", word, piece)

    return " ".join(map(other, name.split(" ")))


def _names(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for arguments in _arguments(messages):
        yield from (value for name, value in arguments.items() if name in _NAMES and isinstance(value, str) and len(value) > 2)


def _told(messages: Sequence[Mapping[str, Any]]) -> set[str]:
    """Every word of the calls: none of them may go from a request."""
    return {word for arguments in _arguments(messages) for value in arguments.values() for word in str(value).casefold().split()}


def _arguments(messages: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for message in messages:
        yield from (call["function"]["arguments"] for call in message.get("tool_calls", ()))


def _answered(messages: Sequence[Mapping[str, Any]]) -> set[str]:
    """Figures that are told in an answer and stand in the result before it."""
    found: set[str] = set()
    for before, message in pairwise(messages):
        if message["role"] == "assistant" and before["role"] == "tool":
            found |= set(_FIGURE.findall(message["content"])) & set(_FIGURE.findall(before["content"]))
    return found


def _reworded(request: str, kept: set[str], random: Random) -> str:
    words = request.split(" ")
    if len(words) > 4:
        words = [word for word in words if word.casefold() not in _LEFT_OUT or word.casefold() in kept or random.random() < 0.7]
    before, after = (random.choices(FILLERS, k=random.randint(1, 3)) if random.random() < 0.3 else [] for _ in range(2))
    if before:
        before[0] = before[0].capitalize()
    text = " ".join([*before, *words, *after])
    return text[:1].upper() + text[1:] if random.random() < 0.9 else text.lower() if not kept & set(words) else text
