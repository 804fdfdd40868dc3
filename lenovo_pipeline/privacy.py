"""Who has been erased, and taking their names and addresses out of whatever is stored from then on.

Belongs here: the list of erased people (ids and keyed hashes, never a name) and redaction. Does not belong here: which
table or store is redacted when (the stages' assets) and scrubbing what was stored before (commands/forget.py).

The world is made anew from its seed and uploads are read again from the user's files, so an erasure that only deleted
rows would be undone by the next run. Hashes are HMAC-SHA-256 (RFC 2104) of normalised names and addresses.
"""

import hashlib
import hmac
import json
import re
import secrets
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.failures import PermanentFailure

FILE = "forgotten.json"
"""The list of erased people, inside the folder of the store. It goes with backups and outlives `make clean-store`."""

MARK = "[erased]"
"""What stands where a name or an address stood."""

FORMAT = 1
_PSEUDONYM_DOMAIN = "invalid.example"
_LONGEST_PART = 3

_CJK = "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002ffff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_HAS_CJK = re.compile(rf"[{_CJK}]")
_GAP = re.compile(r"\s*[-‐‑–'’`.,_·・]?\s*")
_LONGEST_GAP = 8
_ADDRESS = re.compile(r"[\w.!#$%&*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True)
class Erased:
    """One erased person: ids of their records, and hashes (hex, under `key`, hex) of their addresses and names.

    `names` pairs each hash with the number of words of the name, and `words` holds the first three digits of the hash of
    each of its words: many words share them, so they tell little, and nearly all of a text can be passed over quickly.
    """

    records: tuple[str, ...]
    names: tuple[tuple[int, str], ...]
    words: tuple[str, ...]
    addresses: tuple[str, ...]
    key: str
    erased_at: str


@dataclass(frozen=True)
class Tombstones:
    """Everybody who has been erased. Empty, it costs nothing and changes nothing."""

    people: tuple[Erased, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.people)

    @property
    def version(self) -> str:
        """SHA-256 (hex) of the list: what was made under another version has to be made again. Empty for an empty list."""
        hashes = sorted(value for person in self.people for value in (*(name for _, name in person.names), *person.addresses))
        return hashlib.sha256("\n".join([MARK, *hashes]).encode()).hexdigest() if self.people else ""

    def with_person(
        self, *, records: Iterable[str] = (), names: Iterable[str] = (), addresses: Iterable[str] = (), erased_at: str
    ) -> "Tombstones":
        """The list with one more person; the same list if it holds them already.

        Raises ValueError for a name of one word, which would take that word out of every text, and if nothing is given.
        """
        key = self.people[0].key if self.people else secrets.token_hex(32)
        hashed_names: list[tuple[int, str]] = []
        fingerprints: set[str] = set()
        for name in names:
            words = _words(name)
            if len(words) < 2:
                raise ValueError(f"a name of {len(words)} words names nobody in particular; the full name is needed")
            hashed_names.append((len(words), _hash(key, _name_form(words))))
            fingerprints.update(_fingerprint(key, word) for word in words)
        person = Erased(
            records=tuple(sorted(set(records))),
            names=tuple(sorted(set(hashed_names))),
            words=tuple(sorted(fingerprints)),
            addresses=tuple(sorted({_hash(key, _address_form(address)) for address in addresses})),
            key=key,
            erased_at=erased_at,
        )
        if not person.names and not person.addresses:
            raise ValueError("a name or an address is needed")
        if any(replace(known, erased_at="") == replace(person, erased_at="") for known in self.people):
            return self
        return Tombstones((*self.people, person))

    def merged(self, other: "Tombstones") -> "Tombstones":
        """Everybody in either list."""
        return Tombstones((*self.people, *(person for person in other.people if person not in self.people)))

    def find(self, who: str) -> list[Erased]:
        """The erased people whom an id, an address or a full name stands for."""
        words = _words(who)
        return [
            person
            for person in self.people
            if who.strip().upper() in person.records
            or ("@" in who and _hash(person.key, _address_form(who)) in person.addresses)
            or (len(words) > 1 and (len(words), _hash(person.key, _name_form(words))) in person.names)
        ]

    def redact_text(self, text: str) -> str:
        """`text` with every erased name and address replaced by MARK; the very same text if there is none.

        Names are found whatever their case, accents, spacing and the order of their words ("Smith, Jane"), as whole words;
        names in Chinese characters, which have no spaces around them, wherever they stand.
        """
        if not self.people or not text:
            return text
        normal = text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
        # Addresses first: a name that ends in one would leave the rest of it behind.
        without_addresses = _replaced(normal, self._addresses_in(normal))
        redacted = _replaced(without_addresses, sorted(self._names_in(without_addresses)))
        return text if redacted == normal else redacted

    def redact_value(self, value: Any) -> Any:
        """The same for the texts in lists and mappings, however nested; other values pass through."""
        if isinstance(value, str):
            return self.redact_text(value)
        if isinstance(value, Mapping):
            return self.redact_values(value)
        if isinstance(value, list | tuple):
            return [self.redact_value(element) for element in value]
        return value

    def redact_values(self, values: Mapping[Any, Any]) -> dict[Any, Any]:
        """A row or object, redacted; its keys stay. A name whose parts stand in neighbouring fields is found too."""
        if not self.people:
            return dict(values)
        redacted = {key: self.redact_value(value) for key, value in values.items()}
        parts = [
            (key, words)
            for key, value in redacted.items()
            if isinstance(value, str) and value != MARK and 0 < len(words := _words(value[:200])) <= _LONGEST_PART
        ]
        for size in (2, 3):
            for start in range(len(parts) - size + 1):
                some = parts[start : start + size]
                joined = [word for _, words in some for word in words]
                backwards = [word for _, words in reversed(some) for word in words]
                if self._is_name(joined) or self._is_name(backwards):
                    redacted.update({key: MARK for key, _ in some})
        return redacted

    def redact_frame(self, frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
        """A copy of `frame` with these columns redacted; `frame` itself if nobody has been erased."""
        if not self.people:
            return frame
        return frame.assign(**{name: pd.Series(map(self.redact_value, frame[name].tolist()), dtype=object) for name in columns})

    def pseudonymise(self, frame: pd.DataFrame, *, identity: str, name: str, address: str) -> pd.DataFrame:
        """A copy of a frame of people in which erased ones have a pseudonym made from their id; the columns are given by name.

        A person is known by the address, or by id and name together: an id alone is another person under another seed.
        """
        if not self.people:
            return frame
        names, addresses = frame[name].tolist(), frame[address].tolist()
        for place, identifier in enumerate(frame[identity].tolist()):
            if self._is_person(identifier, names[place], addresses[place]):
                names[place], addresses[place] = pseudonym(identifier)
        return frame.assign(**{name: names, address: addresses})

    def _is_person(self, identifier: str, name: str, address: str) -> bool:
        words = _words(name)
        return any(
            _hash(person.key, _address_form(address)) in person.addresses
            or (identifier in person.records and (len(words), _hash(person.key, _name_form(words))) in person.names)
            for person in self.people
        )

    @cached_property
    def _names(self) -> dict[str, tuple[dict[int, set[str]], set[str]]]:
        """Key -> (number of words -> hashes of names, fingerprints of words)."""
        found: dict[str, tuple[dict[int, set[str]], set[str]]] = {}
        for person in self.people:
            lengths, fingerprints = found.setdefault(person.key, ({}, set()))
            fingerprints.update(person.words)
            for count, hashed in person.names:
                lengths.setdefault(count, set()).add(hashed)
        return found

    @cached_property
    def _hashed_addresses(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for person in self.people:
            found.setdefault(person.key, set()).update(person.addresses)
        return found

    def _is_name(self, words: list[str]) -> bool:
        return any(
            all(_fingerprint(key, word) in fingerprints for word in words)
            and _hash(key, _name_form(words)) in lengths.get(len(words), ())
            for key, (lengths, fingerprints) in self._names.items()
        )

    def _addresses_in(self, text: str) -> Iterator[tuple[int, int]]:
        if "@" not in text:
            return
        for match in _ADDRESS.finditer(text):
            form = _address_form(match.group())
            if any(_hash(key, form) in hashes for key, hashes in self._hashed_addresses.items()):
                yield match.span()

    def _names_in(self, text: str) -> Iterator[tuple[int, int]]:
        tokens = list(_TOKEN.finditer(text))
        written = [token.group() for token in tokens]
        for key, (lengths, fingerprints) in self._names.items():
            likely = {word for word in set(written) if _fingerprint(key, _folded(word)) in fingerprints}
            places = [place for place, word in enumerate(written) if word in likely] if likely else []
            for run in _runs(places, tokens, text):
                words = [_folded(token.group()) for token in run]
                for count, hashes in lengths.items():
                    for start in range(len(words) - count + 1):
                        if _hash(key, _name_form(words[start : start + count])) in hashes:
                            yield run[start].start(), run[start + count - 1].end()

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, "people": [asdict(person) for person in self.people]}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Tombstones":
        """Raises ValueError, KeyError or TypeError if the text is no such list."""
        read = json.loads(text)
        if read["format"] != FORMAT:
            raise ValueError(f"it has format {read['format']}; this code knows {FORMAT}")
        return cls(
            tuple(
                Erased(
                    records=tuple(person["records"]),
                    names=tuple((int(count), str(hashed)) for count, hashed in person["names"]),
                    words=tuple(person["words"]),
                    addresses=tuple(person["addresses"]),
                    key=str(person["key"]),
                    erased_at=str(person["erased_at"]),
                )
                for person in read["people"]
            )
        )


def load_tombstones(store: Path) -> Tombstones:
    """The list that lies in the folder of a store; empty if there is none.

    Raises PermanentFailure if it cannot be read: going on without it would bring erased people back.
    """
    place = store / FILE
    try:
        return Tombstones.from_json(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Tombstones()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PermanentFailure(
            f"{place}, the list of erased people, cannot be read ({error})",
            remedy="Put it back from a backup. Only if nobody was ever erased may it be deleted.",
        ) from error


def pseudonym(identifier: str) -> tuple[str, str]:
    """Name and address that stand for the erased person with this record id."""
    return f"Erased person {identifier}", f"erased-{identifier.lower()}@{_PSEUDONYM_DOMAIN}"


def erased_ids(frame: pd.DataFrame, *, identity: str, address: str) -> set[str]:
    """Ids of the people of a frame that stand under a pseudonym."""
    known = zip(frame[identity].tolist(), frame[address].tolist(), strict=True)
    return {identifier for identifier, given in known if given == pseudonym(identifier)[1]}


def without(frame: pd.DataFrame, column: str, ids: Collection[str]) -> pd.DataFrame:
    """The rows whose `column` holds none of these ids; `frame` itself if there are no ids."""
    return frame[~frame[column].isin(list(ids))] if ids else frame


def names_in_address(address: str) -> list[str]:
    """The name that the local part of an address spells, if it has two words at least: romanised names stand only there."""
    words = [word for word in _words(address.partition("@")[0]) if not word.isdigit()]
    return [" ".join(words)] if len(words) > 1 else []


def name_words(name: str) -> list[str]:
    """The words of a name as redaction compares them: without case and accents; each Chinese character is one."""
    return _words(name)


def same_name(one: str, other: str) -> bool:
    """Whether redaction takes two names for the same."""
    return _name_form(_words(one)) == _name_form(_words(other))


def _words(text: str) -> list[str]:
    return [_folded(token) for token in _TOKEN.findall(unicodedata.normalize("NFC", text))]


def _is_gap(between: str) -> bool:
    return between in ("", " ") or (len(between) <= _LONGEST_GAP and _GAP.fullmatch(between) is not None)


def _runs(places: list[int], tokens: "list[re.Match[str]]", text: str) -> "Iterator[list[re.Match[str]]]":
    """The tokens at these places, those that follow each other closely together."""
    run: list[re.Match[str]] = []
    last = -2
    for place in places:
        if run and (place != last + 1 or not _is_gap(text[run[-1].end() : tokens[place].start()])):
            yield run
            run = []
        run.append(tokens[place])
        last = place
    if run:
        yield run


def _replaced(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with each span replaced, spans in order; one that overlaps the span before it is passed over."""
    parts: list[str] = []
    place = 0
    for start, end in spans:
        if start >= place:
            parts += [text[place:start], MARK]
            place = end
    return "".join([*parts, text[place:]]) if parts else text


@lru_cache(maxsize=200_000)
def _folded(token: str) -> str:
    if token.isascii():
        return token.lower()
    decomposed = unicodedata.normalize("NFKD", token.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def _name_form(words: list[str]) -> str:
    # The order of words in Latin script varies with who writes; that of Chinese characters tells names apart.
    ordered = words if any(_HAS_CJK.match(word) for word in words) else sorted(words)
    return " ".join(ordered)


def _address_form(address: str) -> str:
    return unicodedata.normalize("NFKC", address.strip().strip(".")).casefold()


def _hash(key: str, form: str) -> str:
    return hmac.digest(bytes.fromhex(key), form.encode(), "sha256").hex()


@lru_cache(maxsize=200_000)
def _fingerprint(key: str, word: str) -> str:
    return _hash(key, word)[:3]
