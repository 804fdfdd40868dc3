"""Incidents: what broke, on which device and firmware, when, why, and what fixed it.

They are the reason behind support articles, chats and spikes of interactions. Four kinds are made: fixed by a later
firmware (which then is the one that changed that component), fixed otherwise, still open, and those of the last 30 days,
which hit the devices that many people carry.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from lenovo_pipeline.enterprise.components import components_of
from lenovo_pipeline.enterprise.devices import fleet_weights
from lenovo_pipeline.enterprise.faults import FAULTS, OCCASIONS
from lenovo_pipeline.enterprise.firmware import fixed_parts
from lenovo_pipeline.enterprise.sampling import Integers, day_number, moment_of, rows, second_number, weighted
from lenovo_pipeline.enterprise.seeding import INTERACTION_DAYS, INTERACTIONS_START, WORLD_END, generator
from lenovo_pipeline.enterprise.tables import SEVERITIES

_INCIDENTS_AT_SCALE_1 = 270
_FEWEST = 36
_DAY = 86_400
_END = second_number(WORLD_END)
_SEVERITY_WEIGHTS = (25, 42, 25, 8)
_MOST_HOURS = {"low": 900, "medium": 500, "high": 240, "critical": 72}
"""Longest time until a fix that needs no firmware, in hours."""
_LEAST_RECENTLY_AFFECTED = 12
"""Incidents of the interactions' 30 days are broad enough to be seen in them."""
_MOST_AFFECTED = {"low": 15, "medium": 40, "high": 120, "critical": 400}


@dataclass(frozen=True)
class _Draft:
    """An incident before it is put into words: rows of device and firmware, component, seconds since 1970."""

    device: int
    firmware: int
    fixed_by: int | None
    component: str
    severity: str
    started: int
    detected: int
    resolved: int | None


def make_incidents(
    devices: pd.DataFrame, firmware: pd.DataFrame, components: pd.DataFrame, seed: int, scale: float
) -> pd.DataFrame:
    """Incidents, 270 x `scale` but at least 36, without the text columns, in the order in which they began.

    About 55 % are fixed by firmware, 10 % began in the last 30 days on the devices of the fleet, some of all are open.
    `components` is used for the names of categories. Every error code is distinct.
    """
    count = rows(_INCIDENTS_AT_SCALE_1 * scale, _FEWEST)
    releases = _Releases(devices, firmware)
    recent = max(6, count // 10)
    by_firmware = min(count * 55 // 100, len(releases.fixing))
    drafts = _fixed_by_firmware(generator(seed, "incidents", "firmware"), releases, seed, by_firmware)
    drafts += _recent(generator(seed, "incidents", "recent"), releases, fleet_weights(devices, seed, scale), recent)
    drafts += _fixed_otherwise(generator(seed, "incidents", "other"), releases, count - len(drafts))
    drafts.sort(key=lambda d: (d.started, d.detected, d.device, d.component))
    return _described(generator(seed, "incidents", "words"), drafts, releases, components)


class _Releases:
    """Firmware by device, as whole numbers, looked up once: rows of the firmware frame are the currency."""

    def __init__(self, devices: pd.DataFrame, firmware: pd.DataFrame) -> None:
        self.device_ids: list[str] = devices["device_id"].tolist()
        self.families: list[str] = devices["family"].tolist()
        self.support_ends = [(day_number(day) + 1) * _DAY for day in devices["end_of_support"].tolist()]
        place = {device: i for i, device in enumerate(self.device_ids)}
        self.firmware_ids: list[str] = firmware["firmware_id"].tolist()
        self.versions: list[str] = firmware["version"].tolist()
        self.released = [day_number(day) * _DAY for day in firmware["released_on"].tolist()]
        self.device_of = [place[device] for device in firmware["device_id"].tolist()]
        self.of_device: list[list[int]] = [[] for _ in self.device_ids]
        for i, device in enumerate(self.device_of):
            self.of_device[device].append(i)
        for own in self.of_device:
            own.sort(key=lambda i: self.released[i])
        self.previous = {after: before for own in self.of_device for before, after in pairwise(own)}
        self.next = {before: after for after, before in self.previous.items()}
        # A release needs room before it for something to break, to be noticed and to be worked on.
        self.fixing = [
            after for after, before in self.previous.items() if self.released[after] - self.released[before] >= 6 * _DAY
        ]

    def at(self, device: int, moment: int) -> int:
        """The newest release of a device at a moment that is not before its first one."""
        return max((i for i in self.of_device[device] if self.released[i] <= moment), key=lambda i: self.released[i])


def _severities(rng: np.random.Generator, count: int) -> list[str]:
    return [SEVERITIES[i] for i in weighted(rng, _SEVERITY_WEIGHTS, count).tolist()]


def _fixed_by_firmware(rng: np.random.Generator, releases: _Releases, seed: int, count: int) -> list[_Draft]:
    chosen = np.sort(rng.permutation(len(releases.fixing))[:count]).tolist()
    shares = rng.integers(0, 1000, size=(count, 2)).tolist()
    delays = rng.integers(6 * 3600, 4 * _DAY, size=count).tolist()
    severities = _severities(rng, count)
    drafts = []
    parts: dict[int, list[str]] = {}
    for i, place in enumerate(chosen):
        after = releases.fixing[place]
        before, device = releases.previous[after], releases.device_of[after]
        if device not in parts:
            own = releases.of_device[device]
            parts[device] = fixed_parts(seed, releases.device_ids[device], releases.families[device], len(own))
        room = releases.released[after] - releases.released[before]
        # What a release fixes began at most four months before it.
        window = min(room - 4 * _DAY, 120 * _DAY)
        started = releases.released[after] - 3 * _DAY - window * shares[i][0] // 1000
        detected = started + 600 + (2 * _DAY) * shares[i][1] // 1000
        resolved = releases.released[after] + delays[i]
        component = parts[device][releases.of_device[device].index(after)]
        if resolved < _END:
            drafts.append(_Draft(device, before, after, component, severities[i], started, detected, resolved))
    return drafts


def _recent(rng: np.random.Generator, releases: _Releases, weights: Integers, count: int) -> list[_Draft]:
    """Incidents within the interactions' 30 days, begun on weekdays between 02:00 and 14:00 UTC, when most sites work."""
    start = second_number(INTERACTIONS_START)
    weekdays = [d for d in range(INTERACTION_DAYS - 2) if moment_of(start + d * _DAY).weekday() < 5]
    days = rng.integers(0, len(weekdays), size=count).tolist()
    seconds = rng.integers(2 * 3600, 14 * 3600, size=count).tolist()
    candidates = [i for i, end in enumerate(releases.support_ends) if end > _END]
    where = [candidates[i] for i in weighted(rng, weights[np.array(candidates)], count).tolist()]
    picks = rng.integers(0, 1_000_000, size=(count, 3)).tolist()
    severities = _severities(rng, count)
    drafts = []
    for i in range(count):
        started = start + weekdays[days[i]] * _DAY + seconds[i]
        device = where[i]
        parts = components_of(releases.families[device])
        detected = started + 600 + picks[i][1] % (3 * 3600)
        still_open = i % 4 == 0
        resolved = detected + 7200 + picks[i][2] % (4 * _DAY)
        fixed = None if still_open or resolved >= _END else resolved
        part = parts[picks[i][0] % len(parts)]
        drafts.append(_Draft(device, releases.at(device, started), None, part, severities[i], started, detected, fixed))
    return drafts


def _fixed_otherwise(rng: np.random.Generator, releases: _Releases, count: int) -> list[_Draft]:
    before_recent = second_number(INTERACTIONS_START)
    usable = [i for i, moment in enumerate(releases.released) if moment < before_recent - 2 * _DAY]
    where = [usable[i] for i in rng.integers(0, len(usable), size=count).tolist()]
    picks = rng.integers(0, 1_000_000, size=(count, 4)).tolist()
    severities = _severities(rng, count)
    drafts = []
    for i, release in enumerate(where):
        device = releases.device_of[release]
        follower = releases.next.get(release)
        until = min(before_recent, releases.support_ends[device], releases.released[follower] if follower is not None else _END)
        started = releases.released[release] + (until - releases.released[release]) * picks[i][0] // 1_000_000
        detected = started + 600 + picks[i][1] % (2 * _DAY)
        hours = _MOST_HOURS[severities[i]]
        resolved = detected + 3600 * (1 + picks[i][2] % hours) + picks[i][3] % 3600
        parts = components_of(releases.families[device])
        fixed = resolved if resolved < _END else None
        drafts.append(_Draft(device, release, None, parts[picks[i][3] % len(parts)], severities[i], started, detected, fixed))
    return drafts


def _described(rng: np.random.Generator, drafts: list[_Draft], releases: _Releases, components: pd.DataFrame) -> pd.DataFrame:
    categories = dict(zip(components["component_id"].tolist(), components["category"].tolist(), strict=True))
    count = len(drafts)
    # Distinct over the whole world, so that a code leads to one incident.
    codes = rng.choice(np.arange(0x1000, 0x10000), size=count, replace=count > 0xF000).tolist()
    picks = rng.integers(0, 1_000_000, size=(count, 4)).tolist()
    window = second_number(INTERACTIONS_START)
    records: list[dict[str, Any]] = []
    for i, draft in enumerate(drafts):
        family = releases.families[draft.device]
        faults, occasions = FAULTS[draft.component], OCCASIONS[family]
        fault = faults[picks[i][0] % len(faults)]
        number = fault.low + picks[i][2] % (fault.high - fault.low + 1)
        category = categories[draft.component]
        least = _LEAST_RECENTLY_AFFECTED if draft.started >= window else 1
        records.append(
            {
                "incident_id": f"INC-{100_001 + i}",
                "device_id": releases.device_ids[draft.device],
                "component_id": draft.component,
                "firmware_id": releases.firmware_ids[draft.firmware],
                "fixed_firmware_id": None if draft.fixed_by is None else releases.firmware_ids[draft.fixed_by],
                "category": category,
                "error_code": f"{category[:3].upper()}-{codes[i]:04X}",
                "symptom": fault.symptom.format(n=number, when=occasions[picks[i][1] % len(occasions)]),
                "cause": fault.cause,
                "fix": fault.other_fix
                if draft.fixed_by is None
                else f"Install firmware {releases.versions[draft.fixed_by]}, which {fault.firmware_fix}.",
                "severity": draft.severity,
                "affected_users": least + picks[i][3] % _MOST_AFFECTED[draft.severity],
                "started_at": moment_of(draft.started),
                "detected_at": moment_of(draft.detected),
                "resolved_at": None if draft.resolved is None else moment_of(draft.resolved),
            }
        )
    return pd.DataFrame(records)
