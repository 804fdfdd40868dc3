"""Guesses at the next tokens of an answer: what followed the last tokens in its prompt, or in answers to other prompts.

Belongs here: guessing, and when it pays. Every guess is checked by the model, so that answers stay what they were (decoding.py).
Source: Saxena 2023, "Prompt Lookup Decoding"; a special case of Leviathan et al. 2023, "Fast Inference from Transformers via
Speculative Decoding".
"""

from collections.abc import Sequence

_LONGEST = 3
"""Tokens that a place is recognised by, at most: the more agree, the likelier it is the place that is copied from."""

_GUESSES = 3
"""Tokens guessed for each answer in a pass."""

_WORTH = 1.3
"""Tokens that a pass must give each answer on average for guessing to pay: a pass over guesses takes longer."""

_TRIED_AGAIN = 16
"""Passes without guesses before guessing is tried again."""

Followers = dict[tuple[int, ...], int]
"""The token that followed each run of up to three tokens when it came last."""


class Lookup:
    """What came after what in one conversation, prompt and answer so far. `answers` holds the same of all answers together."""

    def __init__(self, prompt: Sequence[int], answers: Followers) -> None:
        self._last: tuple[int, ...] = ()
        self._own: Followers = {}
        own, said = self._own, answers
        # What is copied is in the prompt, what stands between is as in other answers.
        self._order = ((own, 3), (said, 3), (said, 2), (own, 2), (said, 1), (own, 1))
        self._answers = answers
        for token in prompt:
            self._follow(own, token)
            self._last = (*self._last, token)[-_LONGEST:]

    def add(self, token: int) -> None:
        """The next token of the answer."""
        self._follow(self._own, token)
        self._follow(self._answers, token)
        self._last = (*self._last, token)[-_LONGEST:]

    def guess(self, count: int) -> list[int]:
        """Up to `count` tokens that may come next."""
        guessed: list[int] = []
        last = self._last
        while len(guessed) < count:
            keys = ((table, last[-length:]) for table, length in self._order if length <= len(last))
            token = next((table[key] for table, key in keys if key in table), None)
            if token is None:
                break
            guessed.append(token)
            last = (*last, token)[-_LONGEST:]
        return guessed

    def _follow(self, table: Followers, token: int) -> None:
        for length in range(1, len(self._last) + 1):
            table[self._last[-length:]] = token


class Pace:
    """How many tokens to guess in a pass: some while most are right, none for a while when they are not."""

    def __init__(self) -> None:
        self._gained = 2 * _WORTH
        self._without = 0

    def guesses(self) -> int:
        """Tokens to guess for each answer in the next pass."""
        if self._gained >= _WORTH:
            return _GUESSES
        self._without += 1
        if self._without < _TRIED_AGAIN:
            return 0
        self._without = 0
        return _GUESSES

    def note(self, tokens: int, answers: int) -> None:
        """What a pass with guesses gave: tokens of so many answers."""
        self._gained = 0.5 * self._gained + 0.5 * tokens / answers
