"""Taking the next window that is over out of the log: in the order in which requests were logged, each of them once.

Belongs here: which requests make a window, and what becomes of those whose time says nothing. Does not belong here: judging a
window, and what is durable after it (monitor.py).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lenovo_pipeline.roster.monitoring.log import MonitorLog
from lenovo_pipeline.roster.monitoring.requests import Moment, Request
from lenovo_pipeline.roster.monitoring.windows import Key, window_number

GRACE_S = 0.5
"""How long a window stays open after its end, for requests that were being written down."""

MOST = 50_000
"""Requests of a window that are judged, at most: its first ones. The others are only counted, so that memory is bounded."""

_AT_ONCE = 500


@dataclass
class Taken:
    """A window with its requests by what they have in common, up to request `last`. `number` is None where there is no window:
    nothing but records of which cannot be read what served them, and where (`unreadable`).
    """

    last: int
    clock: str = ""
    number: int | None = None
    groups: dict[Key, list[tuple[int, Request]]] = field(default_factory=lambda: defaultdict(list))
    requests: int = 0
    unreadable: int = 0

    @property
    def left_out(self) -> int:
        """Requests beyond MOST."""
        return max(0, self.requests - MOST)

    def add(self, identity: int, request: Request) -> None:
        """Count a request of this window."""
        self.last = max(self.last, identity)
        self.requests += 1
        if self.requests <= MOST:
            self.groups[Key(request.place, request.entry, request.role)].append((identity, request))


def take(
    log: MonitorLog, last: int, closed: Mapping[str, int], now: Moment, window_s: float, *, finish: bool = False
) -> Taken | None:
    """The first window after request `last` if it is over (`finish`: or not), whole; None if there is nothing to take.

    `closed`: of each clock the first window that is not closed yet. Windows go in the order of the log: one that is still open
    holds up those behind it. A request whose time cannot be read, or lies further ahead than a window, is counted as invalid
    in the window that is taken next, and holds up nothing.
    """
    taken, timeless = Taken(last), list[tuple[int, Request]]()
    seen = last
    while following := log.requests_after(seen, _AT_ONCE):
        for seen, each in following:
            if each is None:
                taken.unreadable += 1
                taken.last = seen
            elif (problem := _problem(each, now, window_s)) is not None:
                timeless.append((seen, replace(each, problem=problem)))
            else:
                number = window_number(each.when.tick_s, window_s, not_before=closed.get(each.when.clock))
                open_yet = each.when.clock == now.clock and not finish and (number + 1) * window_s + GRACE_S > now.tick_s
                another = taken.number is not None and (taken.clock, taken.number) != (each.when.clock, number)
                if open_yet or another:
                    return _with(taken, timeless) if taken.number is not None else None
                taken.clock, taken.number = each.when.clock, number
                taken.add(seen, each)
    if taken.number is None and timeless:
        taken.clock = timeless[0][1].when.clock
        over = int((now.tick_s - GRACE_S) // window_s) - 1 if taken.clock == now.clock else 0
        taken.number = max(over, closed.get(taken.clock, 0))
    return _with(taken, timeless) if taken.last != last or timeless else None


def _problem(request: Request, now: Moment, window_s: float) -> str | None:
    """Why the time of a request says nothing of the window it belongs to; None if it does."""
    tick = request.when.tick_s
    if tick != tick:
        return request.problem or "tick_s cannot be read"
    return "time ahead of the clock" if request.when.clock == now.clock and tick > now.tick_s + window_s else None


def _with(taken: Taken, timeless: list[tuple[int, Request]]) -> Taken:
    for identity, each in timeless:
        taken.add(identity, each)
    for rows in taken.groups.values():
        rows.sort(key=lambda each: each[0])
    return taken
