"""Firmware releases of each device, from its release until support ends.

Belongs here: versions, days and what a release changes. Which incident a release fixed is decided in incidents.py.
"""

from datetime import timedelta

import numpy as np
import pandas as pd

from lenovo_pipeline.enterprise.components import COMPONENTS, components_of
from lenovo_pipeline.enterprise.sampling import day_number, day_of
from lenovo_pipeline.enterprise.seeding import WORLD_END, generator

_FIRST_SUMMARIES = (
    "First release for general availability.",
    "Initial production image.",
    "Ships from the factory with this level.",
)
_SUMMARIES = (
    "Corrects how the {part} is initialised after a restart.",
    "Improves the error handling of the {part} under sustained load.",
    "Updates the tuning of the {part} and removes a rare time-out.",
    "Fixes a regression in the {part} that appeared with the previous level.",
    "Makes the {part} recover by itself after a fault.",
    "Revises the limits of the {part} and logs them on request.",
    "Resolves a wrong status report of the {part}.",
    "Reworks the start-up order so that the {part} is ready sooner.",
    "Closes a security advisory that concerned the {part}.",
    "Restores the expected speed of the {part} after standby.",
)


def make_firmware(devices: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Firmware releases of `devices`, four to nine for each, the oldest first, the last one not after the world's end."""
    rng = generator(seed, "firmware")
    ids, families = devices["device_id"].tolist(), devices["family"].tolist()
    first = np.array([day_number(day) for day in devices["release_date"].tolist()], dtype=np.int64)
    support = np.array([day_number(day) for day in devices["end_of_support"].tolist()], dtype=np.int64)
    last = np.minimum(support, day_number(WORLD_END.date() - timedelta(days=1)))
    counts = rng.integers(4, 10, size=len(devices))
    majors = rng.integers(1, 4, size=len(devices)).tolist()
    letters = rng.integers(0, 26, size=(len(devices), 3)).tolist()
    columns: dict[str, list[object]] = {
        name: [] for name in ("firmware_id", "device_id", "version", "released_on", "previous_id", "change_summary")
    }
    for i, device in enumerate(ids):
        count = int(counts[i])
        span = int(last[i] - first[i])
        # Distinct days, so that releases of a device have one order in time.
        later = np.sort(rng.choice(np.arange(14, span), size=count - 1, replace=False)) if span > 14 + count else np.empty(0)
        days = [int(first[i]), *(int(first[i]) + int(offset) for offset in later)]
        parts = fixed_parts(seed, device, families[i], len(days))
        minor = 0
        previous = None
        steps = rng.integers(1, 5, size=len(days)).tolist()
        wording = rng.integers(0, len(_SUMMARIES), size=len(days)).tolist()
        for k, day in enumerate(days):
            minor += steps[k]
            version = _version(families[i], majors[i], minor, letters[i])
            firmware = f"FW-{device.removeprefix('DEV-')}-{version}"
            columns["firmware_id"].append(firmware)
            columns["device_id"].append(device)
            columns["version"].append(version)
            columns["released_on"].append(day_of(day))
            columns["previous_id"].append(previous)
            columns["change_summary"].append(
                _FIRST_SUMMARIES[wording[k] % len(_FIRST_SUMMARIES)]
                if k == 0
                else _SUMMARIES[wording[k]].format(part=_PART_NAMES[parts[k]])
            )
            previous = firmware
    return pd.DataFrame(columns)


_PART_NAMES = {component: name for component, name, _, _ in COMPONENTS}


def fixed_parts(seed: int, device_id: str, family: str, releases: int) -> list[str]:
    """Component that each release of a device changes; the first release changes none of what was before it."""
    parts = components_of(family)
    return [parts[i] for i in generator(seed, "firmware-parts", device_id).integers(0, len(parts), size=releases).tolist()]


def _version(family: str, major: int, minor: int, letters: list[int]) -> str:
    if family == "Mobile":
        build = "".join(chr(ord("A") + n) for n in letters)
        return f"U{major}{build}3{major}.{minor}"
    if family == "Server":
        return f"{major}.{minor:02d}"
    return f"1.{minor + 10 * major}"
