"""The monitor of a store, wired: its log, the book of deployments, its channels and what entries have to keep.

Belongs here: putting the parts together, for the process and for tests alike.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.monitoring.alerts import Deliveries, channels_for
from lenovo_pipeline.roster.monitoring.known import KnownLimits
from lenovo_pipeline.roster.monitoring.log import MonitorLog
from lenovo_pipeline.roster.monitoring.monitor import Monitor
from lenovo_pipeline.roster.monitoring.requests import Clock
from lenovo_pipeline.roster.monitoring.rollback import BookOfDeployments
from lenovo_pipeline.settings import Settings

_HOUR_S = 3_600.0


@contextmanager
def opened_monitor(settings: Settings, clock: Clock | None = None) -> Iterator[Monitor]:
    """The monitor for these settings; what it owes to its channels when the block ends stays in the log."""
    store, clock = Store(settings.store), clock or Clock()
    log = MonitorLog(store.monitoring)
    sending = Deliveries(log, channels_for(store.alerts, settings.alert_webhook), lambda: clock.now().at)
    try:
        yield Monitor(
            log,
            BookOfDeployments(Book(store.deployments)),
            sending,
            KnownLimits(settings),
            window_s=settings.monitor_window_s,
            keep_s=settings.monitor_retention_h * _HOUR_S,
            seed=settings.seed,
            clock=clock,
        )
    finally:
        sending.close()
