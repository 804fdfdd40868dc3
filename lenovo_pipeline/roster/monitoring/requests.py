"""One served request as the log keeps it, and the clock that windows go by.

Belongs here: plain values. No text of a question or an answer is ever kept: sizes, a language, and a sketch of the meaning.
"""

import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

CHAMPION, CHALLENGER = "champion", "challenger"
ROLES = (CHAMPION, CHALLENGER)
SKETCH_WIDTH = 16


@dataclass(frozen=True)
class Place:
    """Where something runs."""

    environment: str
    use_case: str

    def __str__(self) -> str:
        return f"{self.environment}/{self.use_case}"


@dataclass(frozen=True)
class Moment:
    """A point in time: `tick_s` is monotonic and only comparable within one `clock`; `at` is what the wall clock said (UTC)."""

    clock: str
    tick_s: float
    at: str


@dataclass(frozen=True)
class Request:
    """A request that was served, at the end of its answer.

    `error` is the class of what went wrong, never its message, which may quote a question. `chars_out` is None where the length
    of the answer is not known. `score` in [0, 1] is there where a gold question was asked. `sketch` [SKETCH_WIDTH] is a random
    projection of the question's embedding; empty: not made. `problem` says what of a logged record cannot be read.
    """

    place: Place
    entry: str
    when: Moment
    role: str = CHAMPION
    latency_s: float | None = None
    error: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    chars_in: int = 0
    chars_out: int | None = 0
    language: str = ""
    sketch: tuple[float, ...] = ()
    score: float | None = None
    problem: str | None = None


class Clock:
    """The machine's clocks. Durations and windows go by the monotonic one, which no change of the date moves."""

    def now(self) -> Moment:
        """This moment on the clock of this boot of the machine, which all its processes share."""
        return Moment(boot_id(), time.monotonic(), datetime.now(UTC).isoformat(timespec="milliseconds"))


@cache
def boot_id() -> str:
    """What tells one run of the monotonic clock from another: it starts anew when the machine does."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        pass
    if sys.platform == "darwin":
        found = subprocess.run(["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=False)
        if found.stdout.strip():
            return found.stdout.strip()
    import psutil

    return f"boot-{int(psutil.boot_time())}"
