"""Business customers, of five types."""

import numpy as np
import pandas as pd

from lenovo_pipeline.enterprise.names import address, person_names
from lenovo_pipeline.enterprise.places import CITIES, FIRST_WORDS, INDUSTRIES
from lenovo_pipeline.enterprise.sampling import day_number, day_of, rows, weighted
from lenovo_pipeline.enterprise.seeding import WORLD_END, generator
from lenovo_pipeline.enterprise.tables import CUSTOMER_TYPES

_CUSTOMERS_AT_SCALE_1 = 60
_FEWEST = 15
_TYPE_WEIGHTS = (30, 28, 16, 14, 12)
_NAMED_BY_CITY = ("public_sector", "education")


def make_customers(users: pd.DataFrame, seed: int, scale: float) -> pd.DataFrame:
    """Customers, 60 x `scale` but at least 15, without the text columns; three at least of every type.

    Account managers work in sales and were hired before the contract began. Organisations are invented and have
    distinct names; addresses are in a domain that is reserved for examples.
    """
    rng = generator(seed, "customers")
    count = rows(_CUSTOMERS_AT_SCALE_1 * scale, _FEWEST)
    types = [i % len(CUSTOMER_TYPES) for i in range(15)] + weighted(rng, _TYPE_WEIGHTS, count - 15).tolist()
    kinds = [CUSTOMER_TYPES[i] for i in types]
    cities = [CITIES[i] for i in weighted(rng, [weight for *_, weight in CITIES], count).tolist()]
    draws = rng.integers(0, 1_000_000, size=(count, 3)).tolist()
    industries = [INDUSTRIES[kind][draw[1] % len(INDUSTRIES[kind])] for kind, draw in zip(kinds, draws, strict=True)]
    endings = [words[draw[1] // 100 % len(words)] for (_, words), draw in zip(industries, draws, strict=True)]
    names = _organisations(rng, kinds, endings, [city for city, *_ in cities])
    contacts = _contacts(seed, [locale for _, _, locale, _ in cities])
    sellers = _sellers(users)
    latest = day_number(WORLD_END.date()) - 240
    records = []
    for i, (kind, (city, country, locale, _)) in enumerate(zip(kinds, cities, strict=True)):
        manager, hired = sellers[draws[i][0] % len(sellers)]
        contact, roman = contacts[i]
        records.append(
            {
                "customer_id": f"CUS-{10_001 + i}",
                "name": names[i],
                "customer_type": kind,
                "industry": industries[i][0],
                "country": country,
                "city": city,
                "locale": locale,
                "contact_name": contact,
                "contact_email": address(roman, 10_001 + i, "customer.example"),
                "account_manager_id": manager,
                "customer_since": day_of(hired + 30 + max(0, latest - hired - 30) * draws[i][2] // 1_000_000),
            }
        )
    return pd.DataFrame(records)


def _organisations(rng: np.random.Generator, kinds: list[str], endings: list[str], cities: list[str]) -> list[str]:
    """Distinct names that fit the type. A name that is taken gets another first word, then the city."""
    firsts = rng.integers(0, len(FIRST_WORDS), size=len(kinds)).tolist()
    shifts = rng.integers(1, len(FIRST_WORDS), size=len(kinds)).tolist()
    taken: set[str] = set()
    names: list[str] = []
    for kind, ending, city, first, shift in zip(kinds, endings, cities, firsts, shifts, strict=True):
        plain = [f"{city} {ending}"] if kind in _NAMED_BY_CITY else []
        word, other = FIRST_WORDS[first], FIRST_WORDS[(first + shift) % len(FIRST_WORDS)]
        plain += [f"{word} {ending}", f"{word} {ending} {city}", f"{word} {other} {ending}", f"{word} {other} {ending} {city}"]
        name = next((candidate for candidate in plain if candidate not in taken), f"{plain[-1]} {len(names)}")
        taken.add(name)
        names.append(name)
    return names


def _contacts(seed: int, locales: list[str]) -> list[tuple[str, str]]:
    waiting = {
        locale: iter(person_names(generator(seed, "contact-names", locale), locale, locales.count(locale)))
        for locale in sorted(set(locales))
    }
    return [next(waiting[locale]) for locale in locales]


def _sellers(users: pd.DataFrame) -> list[tuple[str, int]]:
    """People in sales with the day they were hired on, those hired within the last ten months left out."""
    latest = day_number(WORLD_END.date()) - 300
    return [
        (user, day_number(day))
        for user, department, day in zip(
            users["user_id"].tolist(), users["department_id"].tolist(), users["hired_on"].tolist(), strict=True
        )
        if department == "DPT-SAL" and day_number(day) < latest
    ]
