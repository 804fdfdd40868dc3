"""Taking erased people out of what a reader hands over, before any of it is stored.

Belongs here: redaction of events and paths. Does not belong here: how a name is recognised (lenovo_pipeline/privacy.py).
"""

from collections.abc import Iterable
from dataclasses import replace

from lenovo_pipeline.privacy import MARK, Tombstones
from lenovo_pipeline.uploads.records import Event, Facts, FileProblem, Reject, Row, Start, Text
from lenovo_pipeline.uploads.scan import Found


class Redactor:
    """Redacts the events of one file. Columns and tables named after an erased person get distinct names."""

    def __init__(self, tombstones: Tombstones) -> None:
        self._tombstones = tombstones
        self._names: dict[tuple[str, str], str] = {}
        self._given: set[tuple[str, str]] = set()

    def __call__(self, event: Event) -> Event:
        """The event without erased people; the same object if nobody has been erased."""
        if not self._tombstones:
            return event
        redact = self._tombstones.redact_text
        if isinstance(event, Row):
            table = self._name("", event.table)
            values = self._tombstones.redact_values(event.values)
            return replace(event, table=table, values={self._name(table, key): value for key, value in values.items()})
        if isinstance(event, Start):
            table = self._name("", event.table)
            return replace(event, table=table, columns=tuple(self._name(table, column) for column in event.columns))
        if isinstance(event, Reject):
            return replace(event, raw=redact(event.raw), reason=redact(event.reason), remedy=redact(event.remedy))
        if isinstance(event, Text):
            section, title = self._optional(event.section), self._optional(event.title)
            return replace(event, text=redact(event.text), section=section, title=title)
        assert isinstance(event, Facts)
        return replace(event, title=self._optional(event.title), notes=tuple(map(redact, event.notes)))

    def problem(self, problem: FileProblem) -> FileProblem:
        """What is wrong with a file, without erased people that its reader quoted."""
        if not self._tombstones:
            return problem
        redact = self._tombstones.redact_text
        return FileProblem(redact(problem.found), remedy=redact(problem.remedy))

    def _optional(self, text: str | None) -> str | None:
        return self._tombstones.redact_text(text) if text else text

    def _name(self, table: str, name: str) -> str:
        known = self._names.get((table, name))
        if known is None:
            known = self._tombstones.redact_text(name)
            if known != name:
                known = distinct(known, {taken for within, taken in self._given if within == table})
            self._names[table, name] = known
            self._given.add((table, known))
        return known


def redacted_paths(found: Iterable[Found], tombstones: Tombstones) -> list[Found]:
    """The files under paths that name no erased person; two paths that become the same are told apart by a number."""
    places: list[Found] = []
    taken: set[str] = set()
    for place in found:
        path = tombstones.redact_text(place.path)
        if path != place.path:
            path = distinct(path, taken)
        taken.add(path)
        places.append(replace(place, path=path))
    return places


def distinct(name: str, taken: Iterable[str]) -> str:
    """`name`, or the first `name` with a number after the mark that is not taken."""
    known = set(taken)
    number, candidate = 1, name
    while candidate in known:
        number += 1
        candidate = name.replace(MARK, f"{MARK[:-1]} {number}]", 1)
    return candidate
