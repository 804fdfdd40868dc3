"""Customer journeys: from the first contact to the outcome.

Belongs here: what was quoted and bought, when, and with which outcome. The contacts on the way are in touchpoints.py.
"""

from typing import Any

import numpy as np
import pandas as pd

from lenovo_pipeline.enterprise.sampling import day_number, moment_of, rows, second_number, weighted
from lenovo_pipeline.enterprise.seeding import WORLD_END, generator
from lenovo_pipeline.enterprise.tables import JOURNEY_STAGES

_JOURNEYS_AT_SCALE_1 = 100
_FEWEST = 20
_DAY = 86_400
_FIRST_DAY = day_number(WORLD_END.date()) - 4 * 365
_UNITS = {"enterprise": 900, "small_business": 25, "public_sector": 600, "education": 700, "reseller": 1200}
"""Most laptops or phones of one order by customer type; servers go by the twentieth part."""
_PREFERENCES = {"small_business": (30, 65, 5), "reseller": (45, 35, 20)}
_USUAL_PREFERENCE = (20, 50, 30)
_FAMILIES = ("Mobile", "Laptop", "Server")
_WON_STAGES = ("purchase", "deployment", "support", "renewal")
_LOST_STAGES = ("consideration", "evaluation", "purchase")
_OPEN_STAGES = ("awareness", "consideration", "evaluation", "purchase")


def make_journeys(customers: pd.DataFrame, devices: pd.DataFrame, seed: int, scale: float) -> pd.DataFrame:
    """Journeys, 100 x `scale` but at least 20, without the text columns, in the order in which they began.

    A journey begins after the customer's first contract and quotes devices that were released in the three years before
    and are supported for another year. Won: some of the quoted devices are bought, units and order value are above zero. Lost or
    open: nothing is bought. Open journeys began in the last months. Satisfaction is asked once a journey has ended.
    """
    rng = generator(seed, "journeys")
    count = rows(_JOURNEYS_AT_SCALE_1 * scale, _FEWEST)
    end = second_number(WORLD_END)
    # Rising shares make every world have won, lost and open journeys.
    outcomes = [("won", "lost", "open")[i] for i in weighted(rng, (52, 33, 15), count - 3).tolist()] + ["won", "lost", "open"]
    owners = rng.integers(0, len(customers), size=count).tolist()
    draws = rng.integers(0, 1_000_000, size=(count, 8)).tolist()
    since = [day_number(day) for day in customers["customer_since"].tolist()]
    kinds, ids = customers["customer_type"].tolist(), customers["customer_id"].tolist()
    catalogue = _Catalogue(devices)
    drafts = []
    for i, outcome in enumerate(outcomes):
        customer, draw = owners[i], draws[i]
        first = max(since[customer] * _DAY, _FIRST_DAY * _DAY)
        if outcome == "open":
            started = max(first, end - 120 * _DAY) + 9 * 3600 + draw[0] * 90 % (80 * _DAY)
            length = 0
        else:
            length = 20 * _DAY + draw[1] * 150 % (190 * _DAY)
            started = first + (end - length - 2 * _DAY - first) * draw[0] // 1_000_000
        drafts.append((started, customer, outcome, length, draw))
    drafts.sort(key=lambda d: (d[0], d[1]))
    records: list[dict[str, Any]] = []
    for i, (started, customer, outcome, length, draw) in enumerate(drafts):
        weights = _PREFERENCES.get(kinds[customer], _USUAL_PREFERENCE)
        quoted = catalogue.quoted(rng, started // _DAY, weights, 1 + draw[2] % 4)
        bought = quoted[: 1 + draw[3] % len(quoted)] if outcome == "won" else []
        units, value = _order(catalogue, bought, _UNITS[kinds[customer]], draw)
        stages = {"won": _WON_STAGES, "lost": _LOST_STAGES, "open": _OPEN_STAGES}[outcome]
        records.append(
            {
                "journey_id": f"JRN-{100_001 + i}",
                "customer_id": ids[customer],
                "stage": stages[draw[6] % len(stages)],
                "outcome": outcome,
                "quoted_device_ids": [catalogue.ids[d] for d in quoted],
                "bought_device_ids": [catalogue.ids[d] for d in bought],
                "units": units,
                "value_usd": value,
                "satisfaction": _satisfaction(outcome, draw[7]),
                "started_at": moment_of(started),
                "ended_at": None if outcome == "open" else moment_of(started + length),
            }
        )
    return pd.DataFrame(records)


def stages_until(stage: str) -> tuple[str, ...]:
    """The stages of a journey up to the last one it reached, in order."""
    return JOURNEY_STAGES[: JOURNEY_STAGES.index(stage) + 1]


class _Catalogue:
    """Devices by family in the order of their release, so that what was on sale on a day is a slice."""

    def __init__(self, devices: pd.DataFrame) -> None:
        self.ids: list[str] = devices["device_id"].tolist()
        self.cents = [round(price * 100) for price in devices["price_usd"].tolist()]
        families = devices["family"].to_numpy(dtype=object)
        self.is_server = (families == "Server").tolist()
        self.supported = [day_number(day) for day in devices["end_of_support"].tolist()]
        released = np.array([day_number(day) for day in devices["release_date"].tolist()], dtype=np.int64)
        self.by_family = []
        for family in _FAMILIES:
            places = np.flatnonzero(families == family)
            order = places[np.argsort(released[places], kind="stable")]
            self.by_family.append((order, released[order]))

    def quoted(self, rng: np.random.Generator, day: int, weights: tuple[int, ...], wanted: int) -> list[int]:
        """Up to `wanted` distinct devices of one family, at least one, released before `day` and supported on it.

        Candidates are the releases of three years, or the newest two where there are fewer. Raises ValueError if no
        device of any family qualifies.
        """
        preferred = int(weighted(rng, weights, 1)[0])
        for family in (preferred, *(f for f in range(len(_FAMILIES)) if f != preferred)):
            order, released = self.by_family[family]
            last = int(np.searchsorted(released, day, side="left"))
            first = min(int(np.searchsorted(released, day - 3 * 365, side="left")), max(0, last - 2))
            draws = rng.integers(first, last, size=3 * wanted).tolist() if last > first else []
            chosen = [int(order[i]) for i in dict.fromkeys(draws)]
            supported = [d for d in chosen if self.supported[d] > day + 365][:wanted]
            if supported:
                return supported
        raise ValueError(f"no device of any family is on sale on day {day} since 1970")


def _order(catalogue: _Catalogue, bought: list[int], most: int, draw: list[int]) -> tuple[int, float]:
    """Units and order value (USD): the same number of each device, less a discount that grows with the number."""
    units = cents = 0
    for place, device in enumerate(bought):
        limit = max(2, most // 20) if catalogue.is_server[device] else most
        number = 1 + (draw[4] + place * 7919) % limit
        units += number
        cents += number * catalogue.cents[device]
    discount = min(180, 20 + units // 8 + draw[5] % 40)
    return units, round(cents * (1000 - discount) / 1000 / 100, 2) if bought else 0.0


def _satisfaction(outcome: str, draw: int) -> int | None:
    """Answers are better after a purchase; about a quarter of customers does not answer."""
    if outcome == "open" or draw % 4 == 0:
        return None
    scores = (2, 3, 4, 4, 4, 5, 5, 5) if outcome == "won" else (1, 2, 2, 3, 3, 3, 4, 4)
    return scores[draw // 4 % len(scores)]
