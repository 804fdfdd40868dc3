"""Which answers are tried again, and after how long: as the server asks, otherwise exponentially with jitter.

Belongs here: reading Retry-After and the x-ratelimit headers. Does not belong here: sending (connection.py).
"""

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_EPOCH = 1_000_000_000
"""A reset beyond this many seconds is a point in time, a smaller one a duration: servers send both."""


def worth_retrying(status: int) -> bool:
    """429 and every 5xx; any other 4xx says that the request itself is wrong, and it stays wrong."""
    return status == 429 or 500 <= status <= 599


@dataclass(frozen=True)
class RetryPolicy:
    """`attempts` in all, waiting at most `longest_wait_s` between two of them.

    Without word from the server the wait before attempt n + 1 is drawn from the upper half of min(`cap_s`, `first_s` * 2^(n-1)).
    """

    attempts: int = 4
    first_s: float = 0.5
    cap_s: float = 20.0
    longest_wait_s: float = 120.0
    draw: Callable[[float, float], float] = random.uniform
    wall_clock: Callable[[], float] = time.time

    def wait(self, attempt: int, headers: Mapping[str, str]) -> float:
        """Seconds to wait after the failed attempt number `attempt` (from 1). More than `longest_wait_s` means: give up."""
        asked = asked_wait(headers, self.wall_clock())
        if asked is not None:
            return asked
        longest = min(self.cap_s, self.first_s * 2 ** (attempt - 1))
        return self.draw(longest / 2, longest)


def asked_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the server asks to wait, at the Unix time `now`; None if it does not say. Headers by lower-case name."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after")
    if asked is not None:
        seconds = _number(asked)
        return seconds if seconds is not None else _until(asked, now)
    for kind in ("", "-requests", "-tokens"):
        if _number(headers.get(f"x-ratelimit-remaining{kind}")) == 0:
            reset = headers.get(f"x-ratelimit-reset{kind}", "")
            seconds = _number(reset)
            if seconds is None:
                seconds = _duration(reset)
            if seconds is not None:
                return max(0.0, seconds - now) if seconds > _EPOCH else seconds
    return None


def _number(text: str | None) -> float | None:
    """A number of seconds, never negative; None for anything else."""
    if text is None or not re.fullmatch(r"\s*-?\d{1,15}(\.\d{1,9})?\s*", text):
        return None
    return max(0.0, float(text))


def _until(date: str, now: float) -> float | None:
    """Seconds until an HTTP date; None if it is none."""
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _duration(text: str) -> float | None:
    """Seconds of a duration such as 1s, 6m0s, 1h30m or 250ms; None if it is none."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
