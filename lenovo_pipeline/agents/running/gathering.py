"""One backend for many attempts at once: questions that wait at the same time are answered together.

Belongs here: collecting questions from threads, and giving each its own answer. Does not belong here: attempts (bulk.py).
A small model answers sixteen questions at once nearly as fast as one, since most of a step is reading its weights.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from lenovo_pipeline.resources.inference.backend import Backend
from lenovo_pipeline.resources.inference.errors import GenerationFailed
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message

_PATIENCE_S = 0.02
"""How long a question waits for others once nobody else asks: tools take about as long."""


@dataclass
class Gathering:
    """A backend over another one, for `most` threads. Use it as a context; then its own thread asks for all."""

    backend: Backend
    most: int = 16
    _waiting: list[tuple[Sequence[Message], GenerationSettings, "Future[Completion]"]] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _active: int = 0
    _closed: bool = False

    def generate(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        """One whole answer. Raises what the backend raises."""
        future: Future[Completion] = Future()
        with self._changed:
            if self._closed:
                raise GenerationFailed("the model was closed")
            self._waiting.append((messages, settings, future))
            self._changed.notify_all()
        return future.result()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around one attempt: once all that are under way wait for an answer, nobody waits any longer."""
        with self._changed:
            self._active += 1
        try:
            yield
        finally:
            with self._changed:
                self._active -= 1
                self._changed.notify_all()

    def __enter__(self) -> "Gathering":
        threading.Thread(target=self._run, name="gathering questions", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            batch = self._next()
            if not batch:
                return
            try:
                answers = self._answers([(messages, settings) for messages, settings, _ in batch])
            except BaseException as error:
                answers = [GenerationFailed(f"the batch was not answered ({type(error).__name__}: {error})")] * len(batch)
            for (_, _, future), answer in zip(batch, answers, strict=True):
                if isinstance(answer, Completion):
                    future.set_result(answer)
                else:
                    future.set_exception(answer)

    def _next(self) -> list[Any]:
        """The questions to be answered together; none once closed."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            until = time.monotonic() + _PATIENCE_S
            while len(self._waiting) < min(self.most, max(self._active, 1)) and not self._closed:
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            batch, self._waiting = self._waiting[: self.most], self._waiting[self.most :]
            return batch

    def _answers(self, batch: Sequence[tuple[Sequence[Message], GenerationSettings]]) -> list[Completion | Exception]:
        mixed = getattr(self.backend, "generate_mixed", None)
        if mixed is not None:
            return list(mixed([(messages, settings, None) for messages, settings in batch]))
        answers: list[Completion | Exception | None] = [None] * len(batch)
        kinds: list[tuple[GenerationSettings, list[int]]] = []
        for place, (_, settings) in enumerate(batch):
            # The time that is left is each attempt's own, and the first one's holds for all that are answered with it.
            alike = next((places for known, places in kinds if replace(known, timeout_s=settings.timeout_s) == settings), None)
            if alike is None:
                kinds.append((settings, [place]))
            else:
                alike.append(place)
        for _, places in kinds:
            given = self.backend.generate_batch([batch[place][0] for place in places], batch[places[0]][1])
            for place, answer in zip(places, given, strict=True):
                answers[place] = answer
        return [answer if answer is not None else GenerationFailed("no answer came") for answer in answers]
