"""One backend for many attempts at once: questions that wait at the same time are answered together.

Belongs here: collecting questions from threads, giving each its own answer, and the processes beside this one that answer some.
Does not belong here: attempts (bulk.py).
A small model answers sixteen questions at once nearly as fast as one, since most of a step is reading its weights.
"""

import pickle
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from typing import Any, Protocol

from lenovo_pipeline.resources.beside import Beside, Call, LastSent, Lost
from lenovo_pipeline.resources.inference.backend import Backend
from lenovo_pipeline.resources.inference.errors import GenerationFailed
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message

_PATIENCE_S = 0.02
"""How long a question waits for others once nobody else asks: tools take about as long."""

Batch = Sequence[tuple[Sequence[Message], GenerationSettings]]


class Lane(Protocol):
    """Who answers batches as the backend would. Both raise Lost once that cannot be done any more."""

    def open(self) -> None:
        """Get ready, for as long as that takes."""
        ...

    def answer(self, batch: Batch) -> list[Completion | Exception]:
        """An answer to each question, or what went wrong with it. Raises what goes wrong with all of them."""
        ...


@dataclass
class Gathering:
    """A backend over another one, for `most` threads. Use it as a context; then its own thread asks for all.

    Each of the `lanes` beside it answers a share of what waits, in a thread of its own, as soon as it is open.
    """

    backend: Backend
    most: int = 16
    lanes: Sequence[Lane] = ()
    _waiting: list[tuple[Sequence[Message], GenerationSettings, "Future[Completion]"]] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _active: int = 0
    _open_lanes: int = 1
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
        threading.Thread(
            target=self._run, args=[partial(answered, self.backend)], name="gathering questions", daemon=True
        ).start()
        for lane in self.lanes:
            threading.Thread(target=self._run_beside, args=[lane], name="gathering questions", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run_beside(self, lane: Lane) -> None:
        try:
            lane.open()
        except Exception:
            # The backend has all questions then, and says what is wrong if the model is.
            return
        with self._changed:
            self._open_lanes += 1
        self._run(lane.answer)

    def _run(self, answer: Callable[[Batch], list[Completion | Exception]]) -> None:
        while batch := self._next():
            try:
                answers = answer([(messages, settings) for messages, settings, _ in batch])
            except Lost:
                with self._changed:
                    # For the others: the backend's own lane is never lost.
                    self._waiting[:0] = batch
                    self._open_lanes -= 1
                    self._changed.notify_all()
                return
            except BaseException as error:
                answers = [GenerationFailed(f"the batch was not answered ({type(error).__name__}: {error})")] * len(batch)
            for (_, _, future), found in zip(batch, answers, strict=True):
                if isinstance(found, Completion):
                    future.set_result(found)
                else:
                    future.set_exception(found)

    def _next(self) -> list[Any]:
        """The questions to be answered together; none once closed."""
        with self._changed:
            while True:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                until = time.monotonic() + _PATIENCE_S
                while len(self._waiting) < self._share(max(self._active, 1)) and not self._closed:
                    left = until - time.monotonic()
                    if left <= 0:
                        break
                    self._changed.wait(left)
                share = self._share(self.most)
                batch, self._waiting = self._waiting[:share], self._waiting[share:]
                # Another lane may have taken all of them meanwhile.
                if batch or self._closed:
                    return batch

    def _share(self, asking: int) -> int:
        return ceil(min(self.most, asking) / self._open_lanes)


@dataclass(frozen=True)
class LaneBeside:
    """A lane in another process, which opens the backend for itself. `opening` is pickled for it."""

    call: Call
    opening: bytes

    def open(self) -> None:
        """Start the process, if need be, and open the backend there."""
        self.call(_open_beside, self.opening)

    def answer(self, batch: Batch) -> list[Completion | Exception]:
        """See Lane."""
        found: list[Completion | Exception] = self.call(_answered_beside, self.opening, batch)
        return found


def lanes_beside(beside: Beside, opening: Callable[[], Backend]) -> list[Lane]:
    """A lane in each process beside this one; `opening` must be picklable."""
    content = pickle.dumps(opening)
    return [LaneBeside(call, content) for call in beside.calls]


_backends: LastSent[Backend] = LastSent(lambda opening: opening(), lambda backend: backend.close())
"""What such a process has open: the workflows of a run ask one after the other."""


def _open_beside(opening: bytes) -> None:
    _backends.of(opening)


def _answered_beside(opening: bytes, batch: Batch) -> list[Completion | Exception]:
    return answered(_backends.of(opening), batch)


def answered(backend: Backend, batch: Batch) -> list[Completion | Exception]:
    """An answer to each question, or what went wrong with it. Raises what the backend raises for all of them."""
    mixed = getattr(backend, "generate_mixed", None)
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
        given = backend.generate_batch([batch[place][0] for place in places], batch[places[0]][1])
        for place, answer in zip(places, given, strict=True):
            answers[place] = answer
    return [answer if answer is not None else GenerationFailed("no answer came") for answer in answers]
