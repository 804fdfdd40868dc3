"""Business processes: steps, owner, agreed time, and which one waits for which."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lenovo_pipeline.enterprise.process_families import FAMILIES, LINES, SCOPES, ProcessFamily
from lenovo_pipeline.enterprise.sampling import Integers, day_number, day_of, rows
from lenovo_pipeline.enterprise.seeding import WORLD_END, generator

_PROCESSES_AT_SCALE_1 = 100
_MOST_UPSTREAM = 3
_TARGETS = (0.8, 0.85, 0.9, 0.92, 0.95, 0.97, 0.99)


def make_processes(departments: pd.DataFrame, users: pd.DataFrame, seed: int, scale: float) -> pd.DataFrame:
    """Processes, 100 x `scale` but at least one of every family, without the text columns.

    All departments have some. The owner works in the department or, where it has no people of its own, is a manager
    elsewhere, and was hired before the process was established. A process waits for up to three processes of earlier
    families, so that waiting never goes in a circle; downstream is the mirror image of upstream.
    """
    count = rows(_PROCESSES_AT_SCALE_1 * scale, len(FAMILIES))
    rng = generator(seed, "processes")
    family_of = np.sort(np.arange(count) % len(FAMILIES)).tolist()
    names = _names(seed, family_of)
    owners, established = _owners(rng, departments, users, family_of)
    sla = rng.integers(0, 1000, size=count).tolist()
    targets = rng.integers(0, len(_TARGETS), size=count).tolist()
    ids = [f"PRC-{_initials(FAMILIES[f])}-{10_001 + i}" for i, f in enumerate(family_of)]
    upstream = _upstream(rng, family_of)
    downstream: list[list[str]] = [[] for _ in range(count)]
    for i, waits_for in enumerate(upstream):
        for j in waits_for:
            downstream[j].append(ids[i])
    records: list[dict[str, Any]] = []
    for i, place in enumerate(family_of):
        family = FAMILIES[place]
        low, high = family.hours
        records.append(
            {
                "process_id": ids[i],
                "name": names[i],
                "process_family": family.name,
                "department_id": family.department_id,
                "owner_id": owners[i],
                "steps": _steps(rng, family.steps),
                "sla_hours": _agreed_hours(low + (high - low) * sla[i] / 1000),
                "target_rate": _TARGETS[targets[i]],
                "upstream_ids": [ids[j] for j in upstream[i]],
                "downstream_ids": downstream[i],
                "established_on": day_of(established[i]),
            }
        )
    return pd.DataFrame(records)


def _initials(family: ProcessFamily) -> str:
    return "".join(word[:3] for word in family.name.upper().replace("AND ", "").split())


def _names(seed: int, family_of: list[int]) -> list[str]:
    """Distinct names: an activity of the family, where it is done and, in a large world, for which products."""
    waiting = []
    for place, family in enumerate(FAMILIES):
        wanted = family_of.count(place)
        plain = [f"{activity}, {scope}" for activity in family.activities for scope in SCOPES]
        fuller = [f"{name}, {line}" for line in LINES for name in plain]
        order = generator(seed, "process-names", family.name)
        shuffled = [plain[i] for i in order.permutation(len(plain)).tolist()]
        if wanted > len(plain):
            shuffled += [fuller[i] for i in order.permutation(len(fuller)).tolist()]
        waiting.append(iter(shuffled[:wanted]))
    return [next(waiting[place]) for place in family_of]


def _owners(
    rng: np.random.Generator, departments: pd.DataFrame, users: pd.DataFrame, family_of: list[int]
) -> tuple[list[str], list[int]]:
    """Owner of each process and the day it was established on, which lies after the owner was hired."""
    latest = day_number(WORLD_END.date()) - 150
    hired = {user: day_number(day) for user, day in zip(users["user_id"].tolist(), users["hired_on"].tolist(), strict=True)}
    known = [user for user in users["user_id"].tolist() if hired[user] < latest - 60]
    department_of = dict(zip(users["user_id"].tolist(), users["department_id"].tolist(), strict=True))
    senior = dict(zip(users["user_id"].tolist(), users["seniority"].tolist(), strict=True))
    members: dict[str, list[str]] = {department: [] for department in departments["department_id"].tolist()}
    for user in known:
        members[department_of[user]].append(user)
    managers = [user for user in known if senior[user] in ("manager", "director")]
    draws = rng.integers(0, 1_000_000, size=(len(family_of), 2)).tolist()
    owners, days = [], []
    for place, (who, when) in zip(family_of, draws, strict=True):
        candidates = members[FAMILIES[place].department_id] or managers
        owner = candidates[who % len(candidates)]
        owners.append(owner)
        days.append(hired[owner] + 30 + (latest - hired[owner] - 30) * when // 1_000_000)
    return owners, days


def _upstream(rng: np.random.Generator, family_of: list[int]) -> list[list[int]]:
    """Rows that each process waits for: of the five families before its own, none for the first family."""
    first = {place: i for i, place in reversed(list(enumerate(family_of)))}
    draws: Integers = rng.integers(0, 1_000_000, size=(len(family_of), _MOST_UPSTREAM + 1))
    upstream = []
    for place, row in zip(family_of, draws.tolist(), strict=True):
        low, high = first[max(0, place - 5)], first[place]
        wanted = row[0] % (_MOST_UPSTREAM + 1) if high > low else 0
        upstream.append(sorted({low + draw % (high - low) for draw in row[1 : 1 + wanted]}))
    return upstream


def _steps(rng: np.random.Generator, steps: Sequence[str]) -> list[str]:
    """At least five of the family's steps, in their order."""
    kept = np.sort(rng.permutation(len(steps))[: int(rng.integers(5, len(steps) + 1))])
    return [steps[i] for i in kept.tolist()]


def _agreed_hours(hours: float) -> float:
    """Agreed times are round: half hours below 8, whole hours below 48, days above."""
    if hours < 8:
        return max(0.5, round(hours * 2) / 2)
    return float(round(hours)) if hours < 48 else float(round(hours / 24) * 24)
