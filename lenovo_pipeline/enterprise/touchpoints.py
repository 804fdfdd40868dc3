"""Contacts within a journey, in the order of time and of stages."""

from bisect import bisect_left
from typing import Any

import numpy as np
import pandas as pd

from lenovo_pipeline.enterprise.journeys import stages_until
from lenovo_pipeline.enterprise.sampling import day_number, moment_of, second_number
from lenovo_pipeline.enterprise.seeding import WORLD_END, generator

_LATEST = second_number(WORLD_END) - 1

_CHANNELS: dict[str, tuple[str, ...]] = {
    "awareness": ("web", "event", "email"),
    "consideration": ("email", "phone", "web", "meeting"),
    "evaluation": ("meeting", "phone", "portal", "email"),
    "purchase": ("portal", "email", "meeting"),
    "deployment": ("meeting", "phone", "portal"),
    "support": ("phone", "chat", "portal"),
    "renewal": ("meeting", "email", "phone"),
}
_DEPARTMENTS = {
    "awareness": "DPT-MKT",
    "consideration": "DPT-SAL",
    "evaluation": "DPT-SAL",
    "purchase": "DPT-SAL",
    "deployment": "DPT-SVC",
    "support": "DPT-SUP",
    "renewal": "DPT-SAL",
}
_NOTES: dict[str, tuple[str, ...]] = {
    "awareness": (
        "{customer} read about {device} and asked for a brochure.",
        "A visitor from {customer} left a card at the stand where {device} was shown.",
        "{contact} answered a mailing about {device}.",
    ),
    "consideration": (
        "{contact} described what the people at {customer} need from {device}.",
        "Sent {customer} a comparison that includes {device}.",
        "{customer} asked how long {device} will be supported.",
    ),
    "evaluation": (
        "{customer} tries {device} with a group of pilot users.",
        "{contact} reported results of the {device} pilot.",
        "Answered security questions of {customer} about {device}.",
        "Quoted {device} to {customer}.",
    ),
    "purchase": (
        "{contact} asked for better terms for {device}.",
        "Went through the order form for {device} with {customer}.",
        "The buyer at {customer} checked the delivery dates of {device}.",
    ),
    "deployment": (
        "Agreed on the roll-out plan of {device} with {customer}.",
        "The first {device} units went into use at {customer}.",
        "{contact} accepted the installation of {device}.",
    ),
    "support": (
        "{customer} opened a case about {device}.",
        "Explained an update of {device} to {contact}.",
        "Closed a case about {device} for {customer}.",
    ),
    "renewal": (
        "Reviewed the use of {device} with {contact}.",
        "{customer} thinks of extending the contract that covers {device}.",
        "Proposed a follow-on for {device} to {customer}.",
    ),
}
_LAST_NOTES = {
    "won": "{customer} signed the order for {device}.",
    "lost": "{customer} decided against {device}.",
}


def make_touchpoints(
    journeys: pd.DataFrame, customers: pd.DataFrame, users: pd.DataFrame, devices: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Four to a dozen contacts per journey: the first at its start, the last at its end, stages in order.

    The order is signed at the last contact of the stage `purchase`, a refusal at the very last contact. Whoever is in
    charge had been hired by then.
    """
    rng = generator(seed, "touchpoints")
    in_charge = _InCharge(users)
    names = dict(zip(devices["device_id"].tolist(), devices["name"].tolist(), strict=True))
    people = {
        customer: (name, contact, manager)
        for customer, name, contact, manager in zip(
            *(customers[c].tolist() for c in ("customer_id", "name", "contact_name", "account_manager_id")), strict=True
        )
    }
    ended = [None if pd.isna(moment) else second_number(moment) for moment in journeys["ended_at"].tolist()]
    columns = ("journey_id", "customer_id", "stage", "outcome", "quoted_device_ids", "bought_device_ids", "started_at")
    records: list[dict[str, Any]] = []
    for i, (journey, customer, last_stage, outcome, quoted, bought, started_at) in enumerate(
        zip(*(journeys[c].tolist() for c in columns), strict=True)
    ):
        stages = _stages(rng, stages_until(last_stage))
        times = _times(rng, len(stages), second_number(started_at), ended[i])
        draws = rng.integers(0, 1_000_000, size=(len(stages), 4)).tolist()
        name, contact, manager = people[customer]
        signed = max((k for k, stage in enumerate(stages) if stage == "purchase"), default=-1) if outcome == "won" else -1
        for k, (stage, moment, draw) in enumerate(zip(stages, times, draws, strict=True)):
            bought_by_now = outcome == "won" and k >= signed
            device = (bought if bought_by_now else quoted)[draw[0] % len(bought if bought_by_now else quoted)]
            if k == signed:
                note = _LAST_NOTES["won"]
            elif outcome == "lost" and k == len(stages) - 1:
                note = _LAST_NOTES["lost"]
            else:
                note = _NOTES[stage][draw[1] % len(_NOTES[stage])]
            records.append(
                {
                    "touchpoint_id": f"TCH-{journey.removeprefix('JRN-')}-{k + 1:02d}",
                    "journey_id": journey,
                    "stage": stage,
                    "channel": _CHANNELS[stage][draw[2] % len(_CHANNELS[stage])],
                    "user_id": in_charge.at(moment, _DEPARTMENTS[stage], manager, draw[3]),
                    "device_id": device,
                    "happened_at": moment_of(moment),
                    "note": note.format(customer=name, contact=contact, device=names[device]),
                }
            )
    return pd.DataFrame(records)


class _InCharge:
    """People of each department in the order of being hired."""

    def __init__(self, users: pd.DataFrame) -> None:
        self.hired: dict[str, int] = {}
        members: dict[str, list[tuple[int, str]]] = {}
        columns = ("user_id", "department_id", "hired_on")
        for user, department, day in zip(*(users[c].tolist() for c in columns), strict=True):
            self.hired[user] = day_number(day) * 86_400
            members.setdefault(department, []).append((self.hired[user], user))
        self.days: dict[str, list[int]] = {}
        self.people: dict[str, list[str]] = {}
        for department, known in members.items():
            known.sort()
            self.days[department] = [day for day, _ in known]
            self.people[department] = [user for _, user in known]

    def at(self, moment: int, department: str, account_manager: str, draw: int) -> str:
        """Sales contacts mostly belong to the account manager, all others to somebody of the department."""
        if department == "DPT-SAL" and draw % 5 and self.hired[account_manager] <= moment:
            return account_manager
        employed = bisect_left(self.days[department], moment)
        return self.people[department][draw % employed] if employed else account_manager


def _stages(rng: np.random.Generator, reached: tuple[str, ...]) -> list[str]:
    """Each stage that was reached once at least, four contacts at least in all."""
    repeats = rng.integers(1, 3, size=len(reached)).tolist()
    repeats[-1] += max(0, 4 - sum(repeats))
    return [stage for stage, count in zip(reached, repeats, strict=True) for _ in range(count)]


def _times(rng: np.random.Generator, count: int, start: int, end: int | None) -> list[int]:
    """Rising moments: the first at the start; the last at the end, or not after the present while open."""
    until = min(start + 60 * 86_400, _LATEST) if end is None else end
    inner = np.sort(rng.integers(1, 1_000_000, size=count - 1)).tolist()
    times = [start, *(start + (until - start) * share // 1_000_000 for share in inner)]
    if end is not None:
        times[-1] = end
    return times
