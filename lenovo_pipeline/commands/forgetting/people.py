"""Who is meant: from what a person typed to one person, in the simulated world or in the uploads alone.

Belongs here: resolving and recognising somebody. Names live in this process only; what is stored of them: privacy.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.privacy import Tombstones, name_words, names_in_address, pseudonym, same_name
from lenovo_pipeline.settings import Settings

_RULE = "Give a user id (USR-…), a customer id (CUS-…) for its contact person, an e-mail address, or a full name."


@dataclass(frozen=True)
class Sought:
    """The person to erase. `others` are names of people who stay and whose names contain this one.

    `shared_with` are the ids of people who stay and have one of `shared_names`, the very same name.
    """

    records: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    shared_names: tuple[str, ...] = ()
    shared_with: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How reports call the person: never by name."""
        return ", ".join(self.records) or "this person"

    def tombstones(self, known: Tombstones, erased_at: str) -> Tombstones:
        return known.with_person(records=self.records, names=self.names, addresses=self.addresses, erased_at=erased_at)

    @property
    def telling_names(self) -> tuple[str, ...]:
        """Names that, where they stand, can only mean this person."""
        return tuple(name for name in self.names if name not in self.shared_names)

    def is_in(self, text: str) -> bool:
        """Whether a text names the person or has their address; people who stay and are called alike do not count."""
        for other in self.others:
            text = text.replace(other, " ")
        return self._telling.redact_text(text) != text

    def is_in_raw(self, text: str) -> bool:
        """Whether redaction would change the text: namesakes count."""
        return self._all.redact_text(text) != text

    def splits_over(self, values: Mapping[Any, Any]) -> bool:
        """Whether redaction would change a row, a name split over neighbouring fields included."""
        return self._all.redact_values(values) != dict(values)

    @cached_property
    def _telling(self) -> Tombstones:
        if not self.telling_names and not self.addresses:
            return Tombstones()
        return Tombstones().with_person(names=self.telling_names, addresses=self.addresses, erased_at="")

    @cached_property
    def _all(self) -> Tombstones:
        return Tombstones().with_person(names=self.names, addresses=self.addresses, erased_at="")


@dataclass(frozen=True)
class Person:
    """Somebody with a record: `identity` is its id."""

    identity: str
    name: str
    address: str


def resolve(
    who: str, stored: Sequence[Person], world: Sequence[Person], known: Tombstones, occurs: Callable[[Sought], bool]
) -> Sought:
    """The person that `who` stands for: an id, an address or a full name.

    `stored` are the people of the tables as they are, who come first, `world` those of the world as it would be made now;
    they differ after a change of seed or code, and for those who have been erased. `occurs` tells whether somebody who is
    neither stands in uploads or stores. Raises PermanentFailure if `who` is ambiguous (naming the candidates' ids), stands
    nowhere, or is a single word.
    """
    who = " ".join(who.split())
    found = _matching(who, stored) or _matching(who, world)
    if len(found) > 1:
        ids = ", ".join(sorted(person.identity for person in found))
        raise PermanentFailure(f"{len(found)} people have that name: {ids}", remedy="Give the id of the one who is meant.")
    if found:
        everybody = dict.fromkeys([*stored, *world])
        return _sought(found[0], [person for person in everybody if not known.find(person.address)])
    if who.upper().startswith(("USR-", "CUS-")):
        raise PermanentFailure(f"there is nobody with the id {who.upper()}", remedy=_RULE)
    if "@" not in who and len(name_words(who)) < 2:
        raise PermanentFailure(f"{who!r} is one word, which would take that word out of every text", remedy=_RULE)
    stranger = Sought(addresses=(who,)) if "@" in who else Sought(names=(who,))
    if not known.find(who) and not occurs(stranger):
        raise PermanentFailure("nobody of that name or address is in the world, in the uploads or in the store", remedy=_RULE)
    return stranger


def _matching(who: str, people: Sequence[Person]) -> list[Person]:
    by_id = [person for person in people if person.identity == who.upper()]
    if by_id:
        return by_id
    if "@" in who:
        return [person for person in people if person.address.casefold() == who.casefold()]
    return [person for person in people if same_name(person.name, who)]


def people_of(users: pd.DataFrame, customers: pd.DataFrame) -> list[Person]:
    """Users and the contact persons of customers; whoever stands under a pseudonym is nobody any more."""
    people = [
        Person(identity, name, address)
        for identities, names, addresses in (
            (users["user_id"], users["name"], users["email"]),
            (customers["customer_id"], customers["contact_name"], customers["contact_email"]),
        )
        for identity, name, address in zip(identities, names, addresses, strict=True)
    ]
    return [person for person in people if person.address != pseudonym(person.identity)[1]]


def people_of_world(settings: Settings) -> list[Person]:
    """Those of the world as it would be made now, were nobody erased."""
    world = build_world(settings.seed, settings.effective_scale, only=("users", "customers"))
    return people_of(world["users"], world["customers"])


def _sought(person: Person, people: list[Person]) -> Sought:
    romanised = [name for name in names_in_address(person.address) if not same_name(name, person.name)]
    names = (person.name, *romanised)
    alone = Sought(names=names, addresses=(person.address,))
    rest = [other for other in people if other.identity != person.identity]
    shared = tuple(name for name in names if any(same_name(other.name, name) for other in rest))
    alike = [other for other in rest if any(same_name(other.name, name) for name in shared)]
    containing = {other.name for other in rest if other not in alike and alone.is_in_raw(other.name)}
    return Sought(
        records=(person.identity,),
        names=names,
        addresses=(person.address,),
        others=tuple(sorted(containing)),
        shared_names=shared,
        shared_with=tuple(other.identity for other in alike),
    )
