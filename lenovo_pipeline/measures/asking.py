"""Asking a candidate with a time limit: whatever it does, every question gets an answer or a failure.

Belongs here: the watched thread, batches that fall back to single questions, and giving up. Scores belong to runner.py.

A call that outlives its limit cannot be stopped from outside: its thread is left alone. It is a daemon (it never keeps the
process alive), what it still returns is thrown away, and the next call gets a thread of its own. Until the call ends by
itself it holds its memory and processor, so a candidate should also bound itself (`GenerationSettings.timeout_s`).
"""

import queue
import re
import threading
from collections.abc import Callable, Sequence

from lenovo_pipeline.measures.candidate import Answer, BatchCandidate, Candidate, Question

_LONGEST_SENTENCE = 300
_SECRETS = re.compile(
    r"\b\w*(?:token|key|password|secret|authorization)[\"']?\s*[=:]\s*(?:bearer\s+)?\S+|\bbearer\s+\S+"
    r"|\bgh[pousr]_\w+|\bgithub_pat_\w+|\bhf_\w{8,}|\bsk-[\w-]{8,}|(?<=://)[^/\s@]+@",
    re.IGNORECASE,
)


class TimedOut(Exception):
    """The candidate did not answer within its limit."""


class GivenUp(Exception):
    """The candidate was not asked any more, because it hung too often."""


class BadAnswer(Exception):
    """The candidate gave something else than what its protocol says."""


class Asker:
    """Asks one candidate. `timeout_s` is the limit for one question; a batch has as many times that as it has questions."""

    def __init__(self, candidate: Candidate, timeout_s: float, give_up_after: int) -> None:
        self._candidate = candidate
        self._timeout_s = timeout_s
        self._give_up_after = give_up_after
        self._hung = 0
        self._thread = _Thread()

    def close(self) -> None:
        """Let the thread go, and with it what it holds of the candidate; a call that hangs keeps its own."""
        self._thread.close()

    def ask(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        """One answer or failure for each question, in order. KeyboardInterrupt passes through."""
        if isinstance(self._candidate, BatchCandidate) and len(questions) > 1 and self._hung < self._give_up_after:
            answers = self._ask_together(self._candidate, questions)
            if answers is not None:
                return answers
        return [self._ask_alone(question) for question in questions]

    def _ask_together(self, candidate: BatchCandidate, questions: Sequence[Question]) -> list[Answer | Exception] | None:
        """None if the batch failed as a whole: one bad question must not cost its neighbours theirs."""
        given = self._call(lambda: candidate.answer_batch(questions), self._timeout_s * len(questions))
        if isinstance(given, Exception):
            return None
        if not isinstance(given, list | tuple) or len(given) != len(questions):
            return None
        return [_checked(answer) for answer in given]

    def _ask_alone(self, question: Question) -> Answer | Exception:
        if self._hung >= self._give_up_after:
            return GivenUp(f"not asked: the candidate had run out of time on {self._hung} questions in a row")
        answer = _checked(self._call(lambda: self._candidate.answer(question), self._timeout_s))
        self._hung = self._hung + 1 if isinstance(answer, TimedOut) else 0
        return answer

    def _call(self, function: Callable[[], object], limit_s: float) -> object:
        try:
            return self._thread.call(function, limit_s)
        except queue.Empty:
            self._thread = _Thread()
            return TimedOut(f"no answer within {limit_s:g} s")


class _Thread:
    """A daemon thread that makes one call after the other; after a time-out it must not be used again."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._running = False

    def close(self) -> None:
        """End the thread, once the call that it may be in has ended."""
        self._calls.put(None)

    def call(self, function: Callable[[], object], limit_s: float) -> object:
        """What the function returns, or the exception that it raises.

        Raises queue.Empty after `limit_s`, and KeyboardInterrupt as it comes.
        """
        if not self._running:
            threading.Thread(target=_serve, args=(self._calls, self._results), name="candidate", daemon=True).start()
            self._running = True
        self._calls.put(function)
        try:
            result = self._results.get(timeout=limit_s)
        except BaseException:
            self.close()
            raise
        if isinstance(result, KeyboardInterrupt):
            raise result
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            return RuntimeError(f"{type(result).__name__}: {result}")
        return result


def _serve(calls: "queue.SimpleQueue[Callable[[], object] | None]", results: "queue.SimpleQueue[object]") -> None:
    while (function := calls.get()) is not None:
        try:
            results.put(function())
        except BaseException as error:
            results.put(error)
        # Waiting for the next call must not keep this one's candidate alive.
        del function


def sentence(error: Exception) -> str:
    """An error's class and sentence as they are recorded: on one line, not too long, and without tokens and passwords."""
    said = _SECRETS.sub("[hidden]", " ".join(str(error).split()))
    said = said if len(said) <= _LONGEST_SENTENCE else said[:_LONGEST_SENTENCE] + "…"
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _checked(given: object) -> Answer | Exception:
    if isinstance(given, Exception):
        return given
    if not isinstance(given, Answer) or not isinstance(given.text, str):
        return BadAnswer(f"the candidate gave {type(given).__name__}, expected Answer with a text")
    if not 0 <= given.latency_s < float("inf"):
        return BadAnswer(f"the candidate reports a latency of {given.latency_s} s")
    return given
