"""Client-side rate limits: sliding windows that requests of all threads share.

Belongs here: how many requests in how many seconds. Does not belong here: what a server asks for (retrying.py).
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Window:
    """At most `requests` in any `seconds` (a sliding window, so that no burst at its edge doubles the rate)."""

    requests: int
    seconds: float


@dataclass
class RateLimit:
    """Says how long to wait before the next request. `now` is a monotonic clock in seconds."""

    windows: tuple[Window, ...]
    now: Callable[[], float] = time.monotonic
    _sent: deque[float] = field(default_factory=deque, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self._sent = deque(maxlen=max(window.requests for window in self.windows))

    def take(self) -> float:
        """0 when a request may be sent now, which is then counted; otherwise the seconds to wait before asking again."""
        with self._lock:
            now = self.now()
            wait = max(self._wait(window, now) for window in self.windows)
            if wait <= 0:
                self._sent.append(now)
                return 0.0
            return wait

    def _wait(self, window: Window, now: float) -> float:
        """The request that must have left the window before another fits is the one sent `window.requests` ago."""
        if len(self._sent) < window.requests:
            return 0.0
        return self._sent[-window.requests] + window.seconds - now
