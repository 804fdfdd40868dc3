"""Processes beside this one that take a share of a run's work: started when there is something to share, ended with the run.

Belongs here: such a process, and how parts of some work are divided. Does not belong here: what the work is.

Small models compute no quicker with two threads than with one, so a second core helps through a second process alone. It is a
fresh interpreter that gets functions and their arguments through a pipe: a fork would take over threads and locks of libraries
that do not survive one, and a process pool cannot be ended while it works.
"""

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Generic, TypeVar

from lenovo_pipeline.settings import PROJECT_ROOT

Part = TypeVar("Part")
Done = TypeVar("Done")
Made = TypeVar("Made")
Call = Callable[..., Any]
"""Calls the function that is its first argument in another process, and gives what that returns or raises."""

_LENGTH_BYTES = 8
_SERVE = "from lenovo_pipeline.resources.beside import serve; serve()"


class Lost(Exception):
    """The process ended before its work was done."""


class Beside:
    """At most `processes` processes, this one among them; with 1 there is nobody beside it."""

    def __init__(self, processes: int) -> None:
        self._helpers = [_Helper() for _ in range(processes - 1)]

    def __len__(self) -> int:
        """How many processes there may be beside this one."""
        return len(self._helpers)

    def in_shares(self, parts: Sequence[Part], here: Callable[[Part], Done], there: Callable[[Part, Call], Done]) -> list[Done]:
        """What came of each part, in order; this process takes them from the first one on, the others from the last one on.

        `there` runs in a thread of this process. What it calls over there are functions of modules, with arguments and results
        that can be pickled; torch has one thread there, and should have one here (`one_thread`). A part whose process was lost,
        for want of memory perhaps, is done here. Raises what any of them raises; the other processes are ended then.
        """
        waiting = deque(enumerate(parts))
        done: dict[int, Done] = {}
        raised: list[BaseException] = []

        def help_out(helper: "_Helper") -> None:
            while not raised:
                try:
                    place, part = waiting.pop()
                except IndexError:
                    return
                try:
                    done[place] = there(part, helper.call)
                except Lost:
                    waiting.append((place, part))
                    return
                except BaseException as error:
                    raised.append(error)

        threads = [
            threading.Thread(target=help_out, args=[helper], daemon=True)
            for helper, _ in zip(self._helpers, parts[1:], strict=False)
        ]
        try:
            for thread in threads:
                thread.start()
            while not raised and (waiting or any(thread.is_alive() for thread in threads)):
                try:
                    place, part = waiting.popleft()
                except IndexError:
                    for thread in threads:
                        thread.join()
                else:
                    done[place] = here(part)
            if raised:
                raise raised[0]
        except BaseException:
            waiting.clear()
            self.close()
            raise
        return [done[place] for place in range(len(parts))]

    @property
    def calls(self) -> list[Call]:
        """A call into each of the other processes, for work that is no list of parts; it raises Lost if the process is gone."""
        return [helper.call for helper in self._helpers]

    def close(self) -> None:
        """End the other processes, whatever they are at; the next work starts new ones."""
        for helper in self._helpers:
            helper.end()


@dataclass
class _Helper:
    """One other process; threads that call it take turns."""

    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What the function returns over there. Raises what it raises, or Lost."""
        with self._turn:
            return self._called(function, arguments)

    def _called(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = _started()
        assert process.stdin is not None and process.stdout is not None
        try:
            _write(process.stdin, pickle.dumps((function, arguments)))
            answer = _read(process.stdout)
        except (OSError, ValueError) as error:  # ValueError: the pipe was closed by `end`
            raise Lost from error
        if answer is None:
            raise Lost
        fine, value = pickle.loads(answer)
        if not fine:
            raise value
        return value

    def end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


@dataclass
class LastSent(Generic[Made]):
    """What was made of something sent to this process, kept for the next call that is sent the same; `close` gives back what
    something else takes the place of.
    """

    make: Callable[[Any], Made]
    close: Callable[[Made], None]
    _held: dict[bytes, Made] = field(default_factory=dict, repr=False)

    def of(self, content: bytes) -> Made:
        """What `make` makes of the pickled content. Raises what `make` raises; then nothing is held."""
        if content not in self._held:
            while self._held:
                self.close(self._held.popitem()[1])
            self._held[content] = self.make(pickle.loads(content))
        return self._held[content]


def serve() -> None:
    """Do what comes through the pipe until it is closed: then whoever started this process has ended, by whatever way."""
    results = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a library prints is no result.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=[sys.stdin.buffer, calls], daemon=True).start()
    import torch

    torch.set_num_threads(1)
    while True:
        _write(results, _answer(calls.get()))


def _receive(source: IO[bytes], calls: "queue.SimpleQueue[bytes]") -> None:
    while (call := _read(source)) is not None:
        calls.put(call)
    # In the middle of some work, too: nobody waits for it.
    os._exit(0)


def _answer(call: bytes) -> bytes:
    try:
        function, arguments = pickle.loads(call)
        return pickle.dumps((True, function(*arguments)))
    except Exception as error:
        try:
            return pickle.dumps((False, error))
        except Exception:
            return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))


def _started() -> "subprocess.Popen[bytes]":
    place = os.pathsep.join([str(PROJECT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        # Modules are those of this project, whatever lies in the folder that it is run in.
        [sys.executable, "-P", "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": place},
        # Ctrl-C at a terminal is for the one who started it, and ends this one with it.
        start_new_session=True,
    )


def _write(target: IO[bytes], content: bytes) -> None:
    target.write(len(content).to_bytes(_LENGTH_BYTES, "big") + content)
    target.flush()


def _read(source: IO[bytes]) -> bytes | None:
    """The next message; None at the end."""
    length = source.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        return None
    content = source.read(int.from_bytes(length, "big"))
    return content if len(content) == int.from_bytes(length, "big") else None
