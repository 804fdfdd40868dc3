"""What users do on their devices: sessions and actions over 30 days, with working hours, weekends and spikes.

Belongs here: the flow of interactions, block of users by block of users, so that a large world never stands in memory
at once. All steps work on whole arrays of a block.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from lenovo_pipeline.enterprise.sampling import Integers, second_number, weighted
from lenovo_pipeline.enterprise.seeding import INTERACTION_DAYS, INTERACTIONS_START, WORLD_END, generator

_BLOCK = 500
_DAY = 86_400
_START, _END = second_number(INTERACTIONS_START), second_number(WORLD_END)

UTC_OFFSETS = {
    "en-US": -4, "en-GB": 1, "en-SG": 8, "zh-HK": 8, "zh-CN": 8, "zh-TW": 8, "de-DE": 2, "fr-FR": 2, "es-ES": 2, "pt-BR": -3,
    "ja-JP": 9,
}  # fmt: skip
"""Hours that local time is ahead of UTC, by locale: one for all of the 30 days."""

_SESSIONS_ON_A_WORKDAY = (80, 300, 420, 200)
_SESSIONS_AT_A_WEEKEND = (940, 50, 10, 0)
"""Weights of 0, 1, 2 and 3 sessions a day, in thousandths."""
_FIRST_HOUR = 7
_HOURS = (12, 90, 190, 180, 120, 60, 110, 170, 160, 110, 40, 10, 8, 6)
"""Weights of the local hours from `_FIRST_HOUR` on in which a session begins."""
_LAST_HOUR = 22
"""Local hour after which nobody begins anything."""

_WORK: dict[str, tuple[tuple[str, str, int], ...]] = {
    "Laptop": (
        ("Mail", "open", 16), ("Mail", "search", 8), ("Mail", "sync", 5), ("Documents", "edit", 18), ("Documents", "print", 4),
        ("Spreadsheets", "edit", 13), ("Video Meetings", "call", 12), ("Web Browser", "search", 14),
        ("Customer Portal", "open", 8), ("Customer Portal", "edit", 6), ("Development Studio", "edit", 7),
        ("Cloud Drive", "sync", 8), ("System", "restart", 1), ("Support Assistant", "report_error", 1),
    ),
    "Mobile": (
        ("Mail", "open", 20), ("Mail", "sync", 12), ("Chat", "open", 22), ("Chat", "edit", 14), ("Phone", "call", 16),
        ("Video Meetings", "call", 6), ("Web Browser", "search", 12), ("Cloud Drive", "sync", 8), ("System", "restart", 1),
        ("Support Assistant", "report_error", 1),
    ),
    "Server": (
        ("Management Console", "open", 24), ("Management Console", "search", 14), ("Management Console", "edit", 14),
        ("Backup", "sync", 16), ("Monitoring", "open", 20), ("Monitoring", "search", 10), ("System", "restart", 2),
        ("Support Assistant", "report_error", 1),
    ),
}  # fmt: skip
"""Applications and actions by device family, with their weights."""
_FAMILIES = tuple(_WORK)
_CHOICES = tuple((application, action) for work in _WORK.values() for application, action, _ in work)
_SECONDS = {
    "open": (5, 240), "edit": (60, 2400), "search": (10, 300), "call": (120, 3600), "sync": (3, 180), "print": (10, 120),
    "restart": (40, 240), "report_error": (60, 600),
}  # fmt: skip
_LONGEST_PAUSE = 600
_SHORTEST = np.array([_SECONDS[action][0] for _, action in _CHOICES], dtype=np.int64)
_SPREAD = np.array([_SECONDS[action][1] - _SECONDS[action][0] + 1 for _, action in _CHOICES], dtype=np.int64)
_RESTART = _CHOICES.index(("System", "restart"))
_REPORT = _CHOICES.index(("Support Assistant", "report_error"))
_SPIKE_SECONDS = 4 * 3600
_WORKDAY_BEGINS, _TOO_LATE = 9 * 3600, 16 * 3600


@dataclass(frozen=True)
class _Rows:
    """Interactions of a block as arrays of one length: user (row), session, device (row), choice, start, duration,
    incident (row, -1 for none); times in seconds since 1970."""

    user: Integers
    session: Integers
    device: Integers
    choice: Integers
    started: Integers
    duration: Integers
    incident: Integers

    def __getitem__(self, places: Integers | npt.NDArray[np.bool_]) -> "_Rows":
        return _Rows(*(values[places] for values in vars(self).values()))


def make_interactions(
    users: pd.DataFrame, devices: pd.DataFrame, incidents: pd.DataFrame, seed: int, scale: float
) -> Iterator[pd.DataFrame]:
    """Interactions of all `users` over the last 30 days, in frames of about 75,000 rows, ordered by user and time.

    Sessions begin in working hours of the user's locale, hardly ever at weekends. An incident that began in these days
    makes the people who carry its device restart it and report errors in their next working hours, until it is fixed;
    those rows carry its id, and there are never more people than the incident affected. `scale` is the one that `users`
    were made with; the number of rows follows from them.
    """
    staff = _Staff(users, devices)
    names = _Names(users, devices, incidents)
    began, fixed = _window(incidents)
    user, incident = _affected(staff, names, incidents, began, seed)
    for first in range(0, len(users), _BLOCK):
        last = min(first + _BLOCK, len(users))
        rng = generator(seed, "interactions", first)
        daily = _sessions(rng, staff, first, last)
        mine = slice(*np.searchsorted(user, (first, last)).tolist())
        spikes = _spikes(rng, staff, user[mine], incident[mine], began, fixed, names.device_of_incident)
        merged = _Rows(*(np.concatenate(pair) for pair in zip(vars(daily).values(), vars(spikes).values(), strict=True)))
        yield names.frame(merged[np.lexsort((merged.choice, merged.session, merged.started, merged.user))])


class _Staff:
    """Time zones and devices of all users as arrays: the devices of user i are `device[start[i] : start[i + 1]]`."""

    def __init__(self, users: pd.DataFrame, devices: pd.DataFrame) -> None:
        place = {device: i for i, device in enumerate(devices["device_id"].tolist())}
        self.offset = np.array([UTC_OFFSETS[locale] * 3600 for locale in users["locale"].tolist()], dtype=np.int64)
        owned = [[place[device] for device in own] for own in users["device_ids"].tolist()]
        self.start = np.concatenate([[0], np.cumsum([len(own) for own in owned])]).astype(np.int64)
        self.device = np.array([device for own in owned for device in own], dtype=np.int64)
        families = {family: i for i, family in enumerate(_FAMILIES)}
        self.family = np.array([families[family] for family in devices["family"].tolist()], dtype=np.int64)


class _Names:
    """What rows of a block are called once they leave as a frame."""

    def __init__(self, users: pd.DataFrame, devices: pd.DataFrame, incidents: pd.DataFrame) -> None:
        self.users: list[str] = users["user_id"].tolist()
        self.numbers = [user.removeprefix("USR-") for user in self.users]
        self.devices: list[str] = devices["device_id"].tolist()
        self.incidents: list[str | None] = [*incidents["incident_id"].tolist(), None]
        self.applications = [application for application, _ in _CHOICES]
        self.actions = [action for _, action in _CHOICES]
        place = {device: i for i, device in enumerate(self.devices)}
        self.device_of_incident = np.array([place[d] for d in incidents["device_id"].tolist()], dtype=np.int64)

    def frame(self, rows: _Rows) -> pd.DataFrame:
        """The contract's columns; interactions and sessions are numbered within each user."""
        numbers = [self.numbers[i] for i in rows.user.tolist()]
        starts = np.flatnonzero(np.diff(rows.user, prepend=-1))
        within = np.arange(len(rows.user)) - np.repeat(starts, np.diff(starts, append=len(rows.user)))
        return pd.DataFrame(
            {
                "interaction_id": [f"INT-{number}-{k}" for number, k in zip(numbers, (within + 1).tolist(), strict=True)],
                "session_id": [f"SES-{number}-{k}" for number, k in zip(numbers, rows.session.tolist(), strict=True)],
                "user_id": [self.users[i] for i in rows.user.tolist()],
                "device_id": [self.devices[i] for i in rows.device.tolist()],
                "application": [self.applications[i] for i in rows.choice.tolist()],
                "action": [self.actions[i] for i in rows.choice.tolist()],
                "started_at": rows.started.astype("datetime64[s]"),
                "duration_s": rows.duration,
                # Row -1 is the last one: no incident.
                "incident_id": pd.Series([self.incidents[i] for i in rows.incident.tolist()], dtype=object),
            }
        )


def _sessions(rng: np.random.Generator, staff: _Staff, first: int, last: int) -> _Rows:
    """The ordinary days of users `first` to `last` (exclusive)."""
    size = last - first
    weekday = (np.arange(INTERACTION_DAYS) + INTERACTIONS_START.weekday()) % 7
    workday = np.tile(weekday < 5, (size, 1))
    draws = rng.integers(0, 1000, size=(size, INTERACTION_DAYS))
    counts = np.where(
        workday,
        np.searchsorted(np.cumsum(_SESSIONS_ON_A_WORKDAY), draws, side="right"),
        np.searchsorted(np.cumsum(_SESSIONS_AT_A_WEEKEND), draws, side="right"),
    ).ravel()
    cell = np.repeat(np.arange(len(counts)), counts)
    user, day = first + cell // INTERACTION_DAYS, cell % INTERACTION_DAYS
    sessions = len(user)
    hour = _FIRST_HOUR + weighted(rng, _HOURS, sessions)
    begins = _START + day * _DAY + hour * 3600 + rng.integers(0, 3600, size=sessions)
    order = np.lexsort((begins, user))
    user, begins = user[order], begins[order]
    owned = staff.start[user + 1] - staff.start[user]
    device = staff.device[staff.start[user] + rng.integers(0, 1_000_000, size=sessions) % owned]
    within = np.arange(sessions) - np.searchsorted(user, user, side="left")

    actions = rng.integers(2, 7, size=sessions)
    row = np.repeat(np.arange(sessions), actions)
    choice = _choices(rng, staff.family[device][row])
    duration = _SHORTEST[choice] + rng.integers(0, 1_000_000, size=len(row)) % _SPREAD[choice]
    taken = duration + rng.integers(1, _LONGEST_PAUSE, size=len(row))
    elapsed = np.cumsum(taken) - taken
    session_first = np.cumsum(actions) - actions
    local = begins[row] + elapsed - elapsed[session_first][row]
    started = local - staff.offset[user][row]
    rows = _Rows(user[row], within[row] + 1, device[row], choice, started, duration, np.full(len(row), -1, dtype=np.int64))
    kept = (started >= _START) & (started < _END) & (local - begins[row] // _DAY * _DAY < _LAST_HOUR * 3600)
    return rows[kept]


def _choices(rng: np.random.Generator, family: Integers) -> Integers:
    """An application and action for each row, by the family of its device."""
    choice = np.zeros(len(family), dtype=np.int64)
    offset = 0
    for i, work in enumerate(_WORK.values()):
        chosen = np.flatnonzero(family == i)
        choice[chosen] = offset + weighted(rng, [weight for *_, weight in work], len(chosen))
        offset += len(work)
    return choice


def _window(incidents: pd.DataFrame) -> tuple[Integers, Integers]:
    """Begin and end of each incident in seconds since 1970; the present for those still open."""
    began = incidents["started_at"].to_numpy(dtype="datetime64[s]").astype(np.int64)
    resolved = pd.to_datetime(incidents["resolved_at"]).fillna(pd.Timestamp(WORLD_END))
    return began, resolved.to_numpy(dtype="datetime64[s]").astype(np.int64)


def _affected(staff: _Staff, names: "_Names", incidents: pd.DataFrame, began: Integers, seed: int) -> tuple[Integers, Integers]:
    """Pairs of user and incident (rows), ordered by user: who carries a device that broke in the 30 days."""
    rng = generator(seed, "affected")
    owners = np.repeat(np.arange(len(staff.start) - 1), np.diff(staff.start)).tolist()
    carriers: dict[int, list[int]] = {}
    for device, owner in zip(staff.device.tolist(), owners, strict=True):
        carriers.setdefault(device, []).append(owner)
    limits = incidents["affected_users"].tolist()
    pairs: list[tuple[int, int]] = []
    for i in np.flatnonzero((began >= _START) & (began < _END)).tolist():
        known = carriers.get(int(names.device_of_incident[i]), [])
        chosen = rng.permutation(len(known))[: int(limits[i])]
        pairs += [(known[k], i) for k in chosen.tolist()]
    pairs.sort()
    ordered = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return ordered[:, 0], ordered[:, 1]


def _spikes(
    rng: np.random.Generator,
    staff: _Staff,
    user: Integers,
    incident: Integers,
    began: Integers,
    fixed: Integers,
    device_of_incident: Integers,
) -> _Rows:
    """Restarts and error reports of affected users in their next working hours after an incident began."""
    local = began[incident] + staff.offset[user]
    day, second = local // _DAY, local % _DAY
    late = second >= _TOO_LATE
    day, second = day + late, np.where(late, 0, second)
    weekday = (day + 3) % 7
    weekend = weekday >= 5
    day, second = np.where(weekend, day + 7 - weekday, day), np.where(weekend, 0, second)
    base = day * _DAY + np.maximum(second, _WORKDAY_BEGINS) - staff.offset[user]
    row = np.repeat(np.arange(len(user)), rng.integers(8, 21, size=len(user)))
    started = base[row] + rng.integers(0, _SPIKE_SECONDS, size=len(row))
    choice = np.where(rng.integers(0, 5, size=len(row)) < 2, _RESTART, _REPORT)
    duration = _SHORTEST[choice] + rng.integers(0, 1_000_000, size=len(row)) % _SPREAD[choice]
    # Far above the numbers of ordinary sessions, and the same for all rows of a user and an incident.
    session = 100_000 + incident[row]
    rows = _Rows(user[row], session, device_of_incident[incident[row]], choice, started, duration, incident[row])
    return rows[(started < fixed[incident[row]]) & (started < _END)]
