"""The product catalogue: devices with typed specifications, generation after generation.

Belongs here: which devices a world of a given scale has, and what a seed may change about them.
Does not belong here: the product line itself (catalogue.py) and the texts about devices (texts/).
"""

import re
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from lenovo_pipeline.enterprise.catalogue import MARKETS, SERIES, Generation, Series
from lenovo_pipeline.enterprise.sampling import Integers, day_number, rows
from lenovo_pipeline.enterprise.seeding import generator

DEVICES_AT_SCALE_1 = 130
_FEWEST = 24


def make_devices(seed: int, scale: float) -> pd.DataFrame:
    """Devices, 130 x `scale` but at least 24, without the text columns.

    Up to scale 1 they are the base catalogue: the newest two generations of each series first. Above it come
    configurations of the same models for one market each. Names, processors and memory are the same for every seed;
    prices, weights, machine types and days are not. A predecessor is the generation before, in the same configuration.
    """
    listing = _listing(rows(DEVICES_AT_SCALE_1 * scale, _FEWEST))
    rng = generator(seed, "devices")
    count = len(listing)
    price_shift = rng.integers(-40, 41, size=count)
    weight_shift = rng.integers(-15, 16, size=count)
    release_day = rng.integers(1, 29, size=count)
    support_shift = rng.integers(0, 12, size=count)
    machine_types = _machine_types(rng, count)
    records: list[dict[str, Any]] = []
    by_place: dict[tuple[str, int, int], str] = {}
    for i, (series, position, variant) in enumerate(listing):
        record = _specify(series, series.generations[position], variant, int(price_shift[i]), int(weight_shift[i]))
        year, month = (int(part) for part in series.generations[position].month.split("-"))
        record["machine_type"] = machine_types[i]
        record["release_date"] = date(year, month, int(release_day[i]))
        last_month = month - 1 + int(support_shift[i])
        record["end_of_support"] = date(year + series.support_years + last_month // 12, last_month % 12 + 1, 28)
        by_place[series.name, position, variant] = record["device_id"]
        records.append(record)
    for record, (series, position, variant) in zip(records, listing, strict=True):
        record["predecessor_id"] = by_place.get((series.name, position - 1, variant))
        record["successor_id"] = by_place.get((series.name, position + 1, variant))
    return pd.DataFrame(records)


def device_id(name: str) -> str:
    """The id of a device, made from its name."""
    return "DEV-" + re.sub(r"[^A-Z0-9]+", "-", name.upper().replace("+", " PLUS")).strip("-")


def fleet_weights(devices: pd.DataFrame, seed: int, scale: float) -> Integers:
    """How common each device is in the organisation, as whole numbers, one per row of `devices`.

    A fleet is standardised: about 24 x `scale` models, released in the last years, are what most people carry; the
    rest of the catalogue is rare. Users are equipped by these weights, and recent incidents hit by them.
    """
    rng = generator(seed, "fleet")
    released = np.array([day_number(day) for day in devices["release_date"].tolist()], dtype=np.int64)
    newest_first = np.argsort(-released, kind="stable")
    carried = np.isin(devices["family"].to_numpy(dtype=object)[newest_first], ("Mobile", "Laptop"))
    candidates = newest_first[carried]
    wanted = min(rows(24 * scale, 6), len(candidates))
    pool = candidates[: max(wanted, len(candidates) * 6 // 10)]
    standard = rng.permutation(pool)[:wanted]
    weights = np.ones(len(devices), dtype=np.int64)
    weights[standard] = 40 + rng.integers(0, 60, size=wanted)
    return weights


def _listing(count: int) -> list[tuple[Series, int, int]]:
    """Series, position of the generation and variant of the first `count` devices."""
    base = [(series, position) for series in _series_in_order() for position in range(len(series.generations))]
    age = {(s.name, p): len(s.generations) - 1 - p for s, p in base}
    if count < len(base):
        place = {series.name: i for i, series in enumerate(_series_in_order())}
        base.sort(key=lambda item: (max(0, age[item[0].name, item[1]] - 1), place[item[0].name], item[1]))
    return [(*base[i % len(base)], i // len(base)) for i in range(count)]


def _series_in_order() -> list[Series]:
    """The series so that every beginning of the list has all device families in it."""
    by_family: dict[str, list[Series]] = {}
    for series in SERIES:
        by_family.setdefault(series.family, []).append(series)
    ranked = [(i / len(members), series) for members in by_family.values() for i, series in enumerate(members)]
    return [series for _, series in sorted(ranked, key=lambda item: (item[0], item[1].name))]


def _specify(series: Series, generation: Generation, variant: int, price_shift: int, weight_shift: int) -> dict[str, Any]:
    memory_gb, storage_gb, name, surcharge = generation.memory_gb, generation.storage_gb, generation.name, 0
    if variant:
        large, market = divmod(variant - 1, len(MARKETS))
        storage_gb *= 1 + large
        memory_gb *= 1 + large if series.family != "Mobile" else 1
        surcharge = 150 * large
        name = f"{name} ({memory_gb} GB, {storage_gb} GB, {MARKETS[market]})"
    year = int(generation.month[:4])
    display = series.display or (None, None, None)
    return {
        "device_id": device_id(name),
        "name": name,
        "family": series.family,
        "brand": series.brand,
        "series": series.name,
        "generation": generation.number,
        "cpu": generation.cpu,
        "cpu_cores": generation.cores,
        "memory_gb": memory_gb,
        "storage_gb": storage_gb,
        "display_inch": display[0],
        "display_resolution": display[1],
        "refresh_rate_hz": display[2],
        "battery_mah": generation.battery_mah,
        "battery_wh": series.battery_wh,
        "power_supply_w": series.power_supply_w,
        "rack_units": series.rack_units,
        "weight_kg": round(series.weight_kg * (1000 + weight_shift) / 1000, 3),
        "ports": list(series.ports),
        "operating_system": [system for since, system in series.operating_systems if since <= year][-1],
        "price_usd": round(generation.price_usd * (1000 + price_shift + surcharge) // 1000 - 0.01, 2),
        "warranty_months": series.warranty_months,
    }


def _machine_types(rng: np.random.Generator, count: int) -> list[str]:
    """Distinct machine types such as 21ML: two digits and two letters."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    numbers = rng.choice(80 * len(letters) ** 2, size=count, replace=False).tolist()
    pairs = [first + second for first in letters for second in letters]
    return [f"{20 + n // len(pairs)}{pairs[n % len(pairs)]}" for n in numbers]
