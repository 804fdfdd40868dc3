"""One answer in the making, whatever computes it: its tokens, when it ends and why.

Belongs here: limits, stop strings, time. Does not belong here: forward passes (decoding.py, edge.py), chat templates (chat.py).
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from lenovo_pipeline.resources.inference.errors import GenerationFailed
from lenovo_pipeline.resources.inference.messages import FinishReason, GenerationSettings
from lenovo_pipeline.resources.inference.tool_grammar import ToolGrammar

_SPARE_TOKENS = 8
"""A stop string is looked for in as many last tokens as it has characters, and these: a token may hold less than a character."""

_TRIED = 64
"""The best tokens, that a grammar is asked about one by one."""


@dataclass(frozen=True)
class Vocabulary:
    """What ends an answer, and how tokens are read: `text(tokens)` without special tokens, `whole(tokens)` with them, and
    `begins(token)` the first character of one.
    """

    ends: frozenset[int]
    text: Callable[[Sequence[int]], str]
    whole: Callable[[Sequence[int]], str]
    begins: Callable[[int], str]


@dataclass(eq=False)
class Generation:
    """One answer: `prompt` are its tokens in, `room` how many may come out, `called` when it was asked for (monotonic, seconds).

    `tokens` grows by `accept`; once `finish` or `failure` is there, it is over. The token that ends an answer is not kept.
    """

    prompt: list[int]
    settings: GenerationSettings
    room: int
    called: float
    tokens: list[int] = field(default_factory=list)
    finish: FinishReason | None = None
    failure: GenerationFailed | None = None
    first_token_s: float | None = None
    latency_s: float = 0.0
    grammar: ToolGrammar | None = None
    """What it may say; None: anything."""
    worked_since: float | None = None
    """Since when it is worked on: what it waited for its turn in a batch does not count against its time-out."""

    @property
    def over(self) -> bool:
        return self.finish is not None or self.failure is not None

    def accept(self, token: int, vocabulary: Vocabulary) -> None:
        """The next token, which may end the answer."""
        now = time.monotonic()
        self.latency_s = now - self.called
        if self.first_token_s is None:
            self.first_token_s = self.latency_s
        if token in vocabulary.ends:
            self.finish = "stop"
            return
        self.tokens.append(token)
        if self.settings.stop and self._stops(vocabulary):
            self.finish = "stop"
        elif len(self.tokens) >= self.room:
            self.finish = "length"
        else:
            self.check_time(now)

    def admits(self, token: int, vocabulary: Vocabulary) -> bool:
        """Whether the grammar lets this token come next."""
        if self.grammar is None:
            return True
        if token in vocabulary.ends:
            return self.grammar.complete(vocabulary.whole(self.tokens))
        return self.grammar.admits(vocabulary.whole([*self.tokens, token]))

    def admitted(self, tokens: Iterable[int], vocabulary: Vocabulary) -> int:
        """The first of these tokens, best first, that the grammar lets come next. Where it lets none, which only half a character
        can lead to, the answer goes on without it.
        """
        first, starts = None, None
        for place, token in enumerate(tokens):
            first = token if first is None else first
            if place >= _TRIED and self.grammar is not None and token not in vocabulary.ends:
                # The best ones do not fit: of all others only those are looked at whose first character may come next.
                starts = self.grammar.starts(vocabulary.whole(self.tokens)) if starts is None else starts
                if vocabulary.begins(token) not in starts:
                    continue
            if self.admits(token, vocabulary):
                return token
        assert first is not None
        self.grammar = None
        return first

    def start(self, spent_s: float = 0.0) -> None:
        """Work on it begins now, after as many seconds of earlier work."""
        self.worked_since = time.monotonic() - spent_s

    def check_time(self, now: float) -> None:
        """End as a failure when the answer took longer than it may."""
        if self.worked_since is not None and now - self.worked_since > self.settings.timeout_s:
            self.fail(
                f"the answer was not finished within {self.settings.timeout_s:g} s ({len(self.tokens)} tokens came)",
                remedy="Allow it more time (timeout_s) or fewer tokens (max_tokens).",
            )

    def fail(self, message: str, *, remedy: str | None = None) -> None:
        """End without an answer."""
        self.failure = GenerationFailed(message) if remedy is None else GenerationFailed(message, remedy=remedy)

    def fail_for_scores(self, model: str) -> None:
        """End because the model computed something that is no number."""
        self.fail(
            f"{model} computed scores that are no numbers (NaN or infinite) after {len(self.tokens)} tokens",
            remedy="Its weights or its adapter are damaged or badly trained: restore or rebuild them.",
        )

    def _stops(self, vocabulary: Vocabulary) -> bool:
        tail = max(map(len, self.settings.stop)) + _SPARE_TOKENS
        text = vocabulary.text(self.tokens[-tail:])
        return any(stop in text for stop in self.settings.stop)


def cut_at_stop(text: str, stop: Sequence[str]) -> str:
    """The text before the first stop string in it."""
    return text[: min((place for place in map(text.find, stop) if place >= 0), default=len(text))]
