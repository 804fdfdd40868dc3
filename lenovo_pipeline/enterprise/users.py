"""The employees who use the devices."""

from datetime import timedelta

import numpy as np
import pandas as pd

from lenovo_pipeline.enterprise.departments import DEPARTMENTS, STAFFED
from lenovo_pipeline.enterprise.devices import fleet_weights
from lenovo_pipeline.enterprise.names import address, person_names
from lenovo_pipeline.enterprise.sampling import Integers, day_number, day_of, rows, weighted
from lenovo_pipeline.enterprise.seeding import INTERACTIONS_START, generator

_USERS_AT_SCALE_1 = 200
_FEWEST = 30
_TEAM = 9
_FIRST_HIRES = day_number(INTERACTIONS_START.date()) - 4200
_SENIORITY = ("junior", "intermediate", "senior", "lead")
_SENIORITY_WEIGHTS = (24, 40, 26, 10)

_ROLES: dict[str, tuple[str, ...]] = {
    "DPT-ENG": ("Firmware Engineer", "Hardware Engineer", "Mechanical Engineer", "Systems Architect", "Validation Engineer"),
    "DPT-ITS": ("System Administrator", "Network Engineer", "Service Desk Analyst", "Cloud Engineer", "Database Administrator"),
    "DPT-SUP": ("Support Engineer", "Escalation Specialist", "Knowledge Author", "Field Technician", "Support Analyst"),
    "DPT-SAL": ("Account Executive", "Presales Consultant", "Inside Sales Agent", "Channel Specialist", "Bid Specialist"),
    "DPT-MKT": ("Product Marketer", "Campaign Specialist", "Content Designer", "Market Analyst", "Event Planner"),
    "DPT-FIN": ("Financial Analyst", "Accountant", "Treasury Analyst", "Tax Specialist", "Cost Controller"),
    "DPT-HRS": ("Recruiter", "HR Business Partner", "Payroll Specialist", "Learning Designer", "Compensation Analyst"),
    "DPT-SCM": ("Demand Planner", "Logistics Coordinator", "Inventory Analyst", "Customs Specialist", "Production Planner"),
    "DPT-QUA": ("Test Engineer", "Reliability Engineer", "Quality Auditor", "Failure Analyst", "Certification Engineer"),
    "DPT-SVC": ("Deployment Consultant", "Migration Engineer", "Solution Architect", "Service Planner", "Data Centre Technician"),
}
_DEPARTMENT_WEIGHTS = (22, 12, 16, 14, 7, 6, 5, 8, 6, 4)
_LOCALES_BY_SITE: dict[str, tuple[tuple[str, int], ...]] = {
    "Beijing": (("zh-CN", 70), ("en-US", 20), ("en-SG", 10)),
    "Hong Kong": (("zh-HK", 70), ("en-GB", 15), ("zh-CN", 15)),
    "Bratislava": (("en-GB", 35), ("de-DE", 35), ("fr-FR", 15), ("es-ES", 15)),
    "Singapore": (("en-SG", 60), ("en-GB", 15), ("zh-TW", 25)),
    "Milan": (("en-GB", 35), ("fr-FR", 35), ("es-ES", 30)),
    "Morrisville": (("en-US", 80), ("pt-BR", 20)),
    "Shenzhen": (("zh-CN", 75), ("zh-HK", 15), ("zh-TW", 10)),
    "Yokohama": (("ja-JP", 80), ("en-US", 20)),
    "Stuttgart": (("de-DE", 80), ("en-GB", 20)),
}
_SITES = {department: site for department, _, site, _ in DEPARTMENTS}


def make_users(departments: pd.DataFrame, devices: pd.DataFrame, seed: int, scale: float) -> pd.DataFrame:
    """Employees, 200 x `scale` but at least 30, in the 10 staffed departments of `departments`.

    Each department has a director at the top and a manager for about every nine people; whoever manages somebody was
    hired before them and works in the same department, so that nobody is above himself. Everybody carries a laptop and
    a phone or one of them; information technology and services also look after servers.
    """
    rng = generator(seed, "users")
    count = rows(_USERS_AT_SCALE_1 * scale, _FEWEST)
    staffed = [d for d in departments["department_id"].tolist() if d in STAFFED]
    # Three people at least in every department, in the order of being hired: director, manager, first member.
    others = weighted(rng, _DEPARTMENT_WEIGHTS, count - 3 * len(staffed))
    department_of = [staffed[i] for i in np.sort(np.concatenate([np.repeat(np.arange(len(staffed)), 3), others])).tolist()]
    locales = _locales(rng, department_of)
    names = _names(seed, locales)
    seniority = weighted(rng, _SENIORITY_WEIGHTS, count).tolist()
    roles = rng.integers(0, 5, size=count).tolist()
    hired = _hiring_days(rng, department_of)
    assigned_devices = _assigned_devices(rng, devices, fleet_weights(devices, seed, scale), department_of)
    title = {d: str(name) for d, name in zip(departments["department_id"], departments["name"], strict=True)}
    records = []
    place, director, managers = -1, "", [""]
    for i, department in enumerate(department_of):
        user = f"USR-{10001 + i}"
        place = 0 if i == 0 or department != department_of[i - 1] else place + 1
        if place == 0:
            level, role, manager, director, managers = "director", f"Director of {title[department]}", None, user, []
        elif (place - 1) % (_TEAM + 1) == 0:
            level, role, manager = "manager", f"{title[department]} Manager", director
            managers.append(user)
        else:
            level, role, manager = _SENIORITY[seniority[i]], _ROLES[department][roles[i]], managers[-1]
        name, roman = names[i]
        records.append(
            {
                "user_id": user,
                "name": name,
                "email": address(roman, 10001 + i, "lenovo.example"),
                "department_id": department,
                "role": role,
                "seniority": level,
                "locale": locales[i],
                "manager_id": manager,
                "device_ids": assigned_devices[i],
                "hired_on": day_of(hired[i]),
            }
        )
    return pd.DataFrame(records)


def _locales(rng: np.random.Generator, department_of: list[str]) -> list[str]:
    draws = rng.integers(0, 100, size=len(department_of)).tolist()
    locales = []
    for department, draw in zip(department_of, draws, strict=True):
        for locale, weight in _LOCALES_BY_SITE[_SITES[department]]:
            draw -= weight
            if draw < 0:
                locales.append(locale)
                break
    return locales


def _names(seed: int, locales: list[str]) -> list[tuple[str, str]]:
    """A name for each user, drawn locale by locale, so that two people share one only where the lists run out."""
    waiting = {
        locale: iter(person_names(generator(seed, "user-names", locale), locale, locales.count(locale)))
        for locale in sorted(set(locales))
    }
    return [next(waiting[locale]) for locale in locales]


def _hiring_days(rng: np.random.Generator, department_of: list[str]) -> list[int]:
    """Days of hiring, rising within a department, from more than eleven years before the interactions until a month before."""
    latest = day_number((INTERACTIONS_START - timedelta(days=30)).date())
    days: list[int] = []
    start = 0
    for end in range(1, len(department_of) + 1):
        if end == len(department_of) or department_of[end] != department_of[start]:
            early = _FIRST_HIRES + np.sort(rng.integers(0, 700, size=3))
            later = np.sort(rng.integers(_FIRST_HIRES + 700, latest, size=end - start - 3))
            days += [*early.tolist(), *later.tolist()]
            start = end
    return days


def _assigned_devices(
    rng: np.random.Generator, devices: pd.DataFrame, weights: Integers, department_of: list[str]
) -> list[list[str]]:
    ids, families = devices["device_id"].tolist(), devices["family"].to_numpy(dtype=object)
    count = len(department_of)
    drawn: dict[str, list[str]] = {}
    for family in ("Laptop", "Mobile", "Server"):
        places = np.flatnonzero(families == family)
        drawn[family] = [ids[places[i]] for i in weighted(rng, weights[places], 2 * count).tolist()]
    carries = rng.integers(0, 100, size=(count, 3)).tolist()
    assigned = []
    for i, department in enumerate(department_of):
        has_laptop, has_phone, has_server = carries[i][0] < 92, carries[i][1] < 70, carries[i][2] < 60
        mine = [drawn["Laptop"][i]] if has_laptop or not has_phone else []
        mine += [drawn["Mobile"][i]] if has_phone else []
        if department in ("DPT-ITS", "DPT-SVC", "DPT-ENG") and has_server:
            mine += dict.fromkeys((drawn["Server"][i], drawn["Server"][count + i]))
        assigned.append(mine)
    return assigned
