"""Alerts as records, and the channels that they go out by: the log, a file each, a webhook if one is configured.

Belongs here: what an alert is and delivering it. The record comes first, in the monitor's own transaction; delivery follows,
is tried again until it succeeds, and holds up nothing: a webhook that hangs has a thread of its own.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import SecretStr

from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.provenance import short_hash
from lenovo_pipeline.resources.store import write_text_aside
from lenovo_pipeline.roster.monitoring.log import MonitorLog, put
from lenovo_pipeline.roster.monitoring.requests import Moment, Place

_LOGGER = logging.getLogger("lenovo_pipeline.monitor")
_WEBHOOK_TIMEOUT_S = 10.0
_WAIT_S = (1.0, 5.0, 30.0, 120.0)
"""How long a channel is left alone after its first failure in a row, its second, and so on."""


@dataclass(frozen=True)
class Alert:
    """What happened: `event` is `raised` or `cleared`; `alert_id` is made of where, what and when."""

    alert_id: str
    place: Place
    entry: str
    signal: str
    event: str
    when: Moment
    value: float | None
    threshold: float | None
    message: str

    def as_row(self) -> dict[str, Any]:
        """A row of the table `alerts`."""
        return {
            "alert_id": self.alert_id,
            "environment": self.place.environment,
            "use_case": self.place.use_case,
            "entry": self.entry,
            "signal": self.signal,
            "event": self.event,
            "at": self.when.at,
            "clock": self.when.clock,
            "tick_s": self.when.tick_s,
            "value": self.value,
            "threshold": self.threshold,
            "message": self.message,
        }


def make_alert(
    place: Place, entry: str, signal: str, event: str, when: Moment, message: str, *, value: float | None, threshold: float | None
) -> Alert:
    """An alert with its id."""
    parts = [place.environment, place.use_case, entry, signal, event, when.clock, when.tick_s]
    alert_id = f"ALR-{short_hash(json.dumps(parts))}"
    return Alert(alert_id, place, entry, signal, event, when, value, threshold, message)


class Channel(Protocol):
    """A way out for alerts; `slow` ones are served by a thread of their own."""

    name: str
    slow: bool

    def send(self, alert: Mapping[str, Any]) -> None:
        """Deliver a row of the table `alerts`. Any exception means: try again later."""
        ...


class LogChannel:
    """The process's own log."""

    name, slow = "log", False

    def send(self, alert: Mapping[str, Any]) -> None:
        where = f"{alert['environment']}/{alert['use_case']}"
        _LOGGER.warning("%s %s for %s in %s: %s", alert["signal"], alert["event"], alert["entry"], where, alert["message"])


class FileChannel:
    """One file for each alert in data/store/alerts, beside those of failed runs."""

    name, slow = "file", False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, alert: Mapping[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        shown = {"kind": "monitoring", "raised_at": alert["at"], **{key: alert[key] for key in alert if key not in _INNER}}
        write_text_aside(self._folder / f"{alert['alert_id']}.json", json.dumps(shown, indent=1))


class WebhookChannel:
    """A POST of the alert as JSON. The address is a secret: no message ever holds it."""

    name, slow = "webhook", True

    def __init__(self, url: SecretStr) -> None:
        self._url = url

    def send(self, alert: Mapping[str, Any]) -> None:
        """Raises ConnectionError that tells the kind of failure or the status, and nothing else."""
        import httpx

        try:
            body = {key: alert[key] for key in alert if key not in _INNER}
            answer = httpx.post(self._url.get_secret_value(), json=body, timeout=_WEBHOOK_TIMEOUT_S)
        except Exception as error:
            raise ConnectionError(type(error).__name__) from None
        if not answer.is_success:
            raise ConnectionError(f"status {answer.status_code}")


_INNER = ("clock", "tick_s")


def channels_for(folder: Path, webhook: SecretStr | None) -> list[Channel]:
    """The channels that are configured: log and files always, a webhook if there is an address."""
    return [LogChannel(), FileChannel(folder), *([WebhookChannel(webhook)] if webhook is not None else [])]


class Deliveries:
    """Sends out what the log still owes to each channel; what was owed when a process died is sent by the next one.

    A channel that fails is tried again after a wait of its own, as long as the alert is kept; meanwhile the others go on.
    """

    def __init__(self, log: MonitorLog, channels: list[Channel], now: Callable[[], str]) -> None:
        self._log, self._now = log, now
        self._quick = [each for each in channels if not each.slow]
        self._slow = [each for each in channels if each.slow]
        self._failed = dict.fromkeys(self.names, 0)
        self._next_try_s = dict.fromkeys(self.names, float("-inf"))
        self._stopped = threading.Event()
        self._wake = {each.name: threading.Event() for each in self._slow}
        self._threads = [threading.Thread(target=self._keep_sending, args=(each,), daemon=True) for each in self._slow]
        for thread in self._threads:
            thread.start()

    @property
    def names(self) -> list[str]:
        return [each.name for each in (*self._quick, *self._slow)]

    def send(self) -> None:
        """Deliver by the quick channels now, and wake the slow ones; one that failed of late is left alone until its wait is
        over.
        """
        for channel in self._quick:
            if time.monotonic() >= self._next_try_s[channel.name]:
                self._send(channel)
        for wake in self._wake.values():
            wake.set()

    def close(self, wait_s: float = 1.0) -> None:
        """Stop; what is still owed stays in the log."""
        self._stopped.set()
        for wake in self._wake.values():
            wake.set()
        for thread in self._threads:
            thread.join(wait_s)

    def _keep_sending(self, channel: Channel) -> None:
        while not self._stopped.is_set():
            self._wake[channel.name].clear()
            self._send(channel)
            if self._failed[channel.name]:
                # No new alert ends this wait: a channel that is down would be asked at every step.
                self._stopped.wait(self._next_try_s[channel.name] - time.monotonic())
            else:
                self._wake[channel.name].wait()

    def _send(self, channel: Channel) -> None:
        """Try everything that is owed to a channel, and set when to try it next if anything failed."""
        failed = True
        with suppress(PipelineError):
            owed = self._log.rows(
                "SELECT a.* FROM alerts a JOIN deliveries d USING (alert_id)"
                " WHERE d.channel = ? AND d.delivered_at IS NULL ORDER BY a.rowid",
                (channel.name,),
            )
            failed = sum(self._problem_of(channel, alert) is not None for alert in owed) > 0
        count = min(self._failed[channel.name] + 1, len(_WAIT_S)) if failed else 0
        self._failed[channel.name] = count
        self._next_try_s[channel.name] = time.monotonic() + (_WAIT_S[count - 1] if count else 0.0)

    def _problem_of(self, channel: Channel, alert: Mapping[str, Any]) -> str | None:
        """Send one alert and write down what came of it; why it did not go out, or None if it did."""
        if self._stopped.is_set():
            return "stopped"
        problem = None
        try:
            channel.send(alert)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}" if isinstance(error, ConnectionError) else type(error).__name__
        with self._log.writing() as connection:
            connection.execute(
                "UPDATE deliveries SET attempts = attempts + 1, problem = ?, delivered_at = ? WHERE alert_id = ? AND channel = ?",
                (problem, None if problem else self._now(), alert["alert_id"], channel.name),
            )
        return problem


def record(connection: Any, alert: Alert, channels: list[str]) -> None:
    """Write an alert down, with what is owed to each channel."""
    put(connection, "alerts", alert.as_row())
    for name in channels:
        connection.execute("INSERT OR IGNORE INTO deliveries (alert_id, channel) VALUES (?, ?)", (alert.alert_id, name))


def shown(alert: Alert) -> dict[str, Any]:
    """An alert as plain values, for people and tests."""
    return asdict(alert)
