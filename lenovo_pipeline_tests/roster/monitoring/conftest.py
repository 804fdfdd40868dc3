"""A log, a clock that the test turns, deployments in memory, and profiles of good entries."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenovo_pipeline.roster.monitoring.alerts import Channel, Deliveries, FileChannel
from lenovo_pipeline.roster.monitoring.judging import Limits
from lenovo_pipeline.roster.monitoring.log import MonitorLog
from lenovo_pipeline.roster.monitoring.monitor import Monitor, NotActive
from lenovo_pipeline.roster.monitoring.requests import SKETCH_WIDTH, Clock, Moment, Place
from lenovo_pipeline.roster.monitoring.simulator import Outcome

DESK = Place("production", "support_desk")


@dataclass
class TurnedClock(Clock):
    """Both clocks stand where the test put them, but that no two moments are the same."""

    tick_s: float = 1_000.0
    at: str = "2026-03-01T12:00:00.000+00:00"
    clock: str = "boot-1"

    def now(self) -> Moment:
        self.tick_s += 1e-6
        return Moment(self.clock, self.tick_s, self.at)


@dataclass
class Places:
    """A ledger in memory, with the same rules as the real one."""

    running: dict[Place, str] = field(default_factory=dict)
    before: dict[Place, list[str]] = field(default_factory=dict)
    rolled_back: list[tuple[Place, str, str]] = field(default_factory=list)

    def active(self, place: Place) -> str | None:
        return self.running.get(place)

    def roll_back(self, place: Place, entry: str, reason: str, request_id: str) -> str:
        if self.running.get(place) != entry:
            raise NotActive(f"{entry} does not run in {place}", remedy="")
        self.rolled_back.append((place, entry, reason))
        good = self.before.get(place, [])
        if good:
            self.running[place] = good.pop()
            return f"{self.running[place]} runs"
        del self.running[place]
        return "nothing runs"


def good_profile(seed: int = 0, size: int = 200) -> list[Outcome]:
    """Outcomes of an entry that is quick, nearly always right and never fails."""
    generator = np.random.default_rng(seed)
    return [
        Outcome(
            chars_in=int(generator.integers(30, 120)),
            language=str(generator.choice(["en", "zh-Hans", "zh-Hant"], p=[0.7, 0.2, 0.1])),
            sketch=tuple(map(float, generator.normal(size=SKETCH_WIDTH))),
            chars_out=int(generator.integers(5, 200)),
            tokens_in=100,
            tokens_out=20,
            latency_s=float(generator.gamma(4, 0.05)),
            error=None,
            score=float(generator.random() < 0.9),
        )
        for _ in range(size)
    ]


@pytest.fixture
def log(tmp_path: Path) -> MonitorLog:
    return MonitorLog(tmp_path / "store" / "monitoring.db")


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def places() -> Places:
    return Places({DESK: "new"}, {DESK: ["old"]})


@pytest.fixture
def monitors(tmp_path: Path, log: MonitorLog, places: Places, clock: TurnedClock) -> Iterator[Callable[..., Monitor]]:
    """Makes monitors of the log; a second one is what starts after the first was killed."""
    opened: list[Deliveries] = []

    def make(channels: list[Channel] | None = None, limits: Limits | None = None, **more: Any) -> Monitor:
        sending = Deliveries(
            log, [FileChannel(tmp_path / "store" / "alerts")] if channels is None else channels, lambda: clock.at
        )
        opened.append(sending)
        found = limits or Limits(latency_p95_s=2.0, quality=0.8)
        return Monitor(log, more.pop("deployments", places), sending, lambda _place, _entry: found, clock=clock, **more)

    yield make
    for each in opened:
        each.close()
