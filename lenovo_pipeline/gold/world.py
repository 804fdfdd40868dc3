"""The records as gold sees them: rows by id, their texts, anchors and splits, and how often a description fits.

Belongs here: looking things up. Does not belong here: asking anything about them.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from lenovo_pipeline.enterprise.anchors import Split, split_of
from lenovo_pipeline.enterprise.seeding import generator
from lenovo_pipeline.enterprise.tables import TABLES
from lenovo_pipeline.gold.surfaces import find, sequences, words
from lenovo_pipeline.gold.tables import EVIDENCE_TABLES

Row: TypeAlias = Mapping[str, Any]

ID_COLUMNS = {table.name: table.key[0] for table in TABLES}
DERIVED: dict[str, dict[str, tuple[str, Callable[[Any], str]]]] = {
    "devices": {"release_year": ("release_date", lambda day: f"{day:%Y}")},
    "incidents": {"started_month": ("started_at", lambda moment: f"{moment:%Y-%m}")},
    "journeys": {"started_month": ("started_at", lambda moment: f"{moment:%Y-%m}")},
}
"""Columns that descriptions use beside those of the tables: name -> the column that it is made from, and how."""

USED_TABLES = (*EVIDENCE_TABLES, "firmware", "components", "departments")


class World:
    """The enterprise frames (table name -> frame, at least USED_TABLES) with indexes.

    Raises KeyError naming the tables that are missing.
    """

    def __init__(self, frames: Mapping[str, pd.DataFrame], seed: int) -> None:
        missing = [name for name in USED_TABLES if name not in frames]
        if missing:
            raise KeyError(f"questions need the enterprise tables {', '.join(USED_TABLES)}; missing: {', '.join(missing)}")
        self.seed = seed
        self.rows: dict[str, dict[str, Row]] = {}
        self.table_of: dict[str, str] = {}
        self.anchors: dict[str, str] = {}
        self.templates: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self._lowered: dict[str, str] = {}
        self._counts: dict[tuple[str, tuple[str, ...]], Counter[tuple[Any, ...]]] = {}
        self._groups: dict[tuple[str, str], dict[Any, list[str]]] = {}
        self._sequences: dict[str, set[tuple[str, ...]]] = {}
        self._members: dict[tuple[str, str, Any], frozenset[str]] = {}
        self._containing: dict[str, list[str]] = {}
        for name in USED_TABLES:
            self._take(name, frames[name])
        self._splits = {anchor: split_of(anchor) for anchor in set(self.anchors.values())}

    def _take(self, name: str, frame: pd.DataFrame) -> None:
        id_column = ID_COLUMNS[name]
        convert = _CONVERTERS[name]
        records = [{str(k): convert.get(str(k), _python)(v) for k, v in row.items()} for row in frame.to_dict("records")]
        # A store gives rows back in any order; what is asked must not hang on it.
        records.sort(key=lambda record: str(record[id_column]))
        for column, (source, derive) in DERIVED.get(name, {}).items():
            for record in records:
                record[column] = derive(record[source])
        self.rows[name] = {row[id_column]: row for row in records}
        for row in records if name in EVIDENCE_TABLES else ():
            record_id = row[id_column]
            self.table_of[record_id] = name
            self.anchors[record_id] = row["anchor"]
            self.templates[record_id] = row["template"]
            self.texts[record_id] = row["text"]

    def row(self, table: str, record_id: str) -> Row:
        return self.rows[table][record_id]

    def split(self, record_id: str) -> Split:
        return self._splits[self.anchors[record_id]]

    def one_split(self, record_ids: Iterable[str]) -> Split | None:
        """The split of all these records, or None where they lie in several."""
        splits = {self.split(record_id) for record_id in record_ids}
        return splits.pop() if len(splits) == 1 else None

    def lowered(self, record_id: str) -> str:
        if record_id not in self._lowered:
            self._lowered[record_id] = self.texts[record_id].lower()
        return self._lowered[record_id]

    def stated(self, record_id: str, forms: Iterable[str]) -> tuple[str, ...]:
        """Those forms that stand in the text of the record."""
        return tuple(find(self.lowered(record_id), forms))

    def retold(self, record_id: str) -> list[str]:
        """Records that tell of the same thing: an incident and the articles that explain it."""
        table = self.table_of[record_id]
        if table == "incidents":
            return self.group("support_articles", "incident_id").get(record_id, [])
        incident = self.row(table, record_id)["incident_id"] if table == "support_articles" else None
        return [] if incident is None else [incident, *(i for i in self.retold(incident) if i != record_id)]

    def sequences(self, record_id: str) -> set[tuple[str, ...]]:
        """The sequences of four words in the text of a record (phrasing.sequences)."""
        if record_id not in self._sequences:
            self._sequences[record_id] = sequences(self.texts[record_id])
        return self._sequences[record_id]

    def containing(self, term: str) -> list[str]:
        """Ids of the records whose text contains a term (lower-case), anywhere."""
        if term not in self._containing:
            self._containing[term] = [record_id for record_id in self.texts if term in self.lowered(record_id)]
        return self._containing[term]

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """All words of all texts, lower-case."""
        return frozenset(word for record_id in self.texts for word in words(self.texts[record_id]))

    def count(self, table: str, **values: Any) -> int:
        """How many rows of a table have these values: 1 means that the description fits only one."""
        columns = tuple(sorted(values))
        key = (table, columns)
        if key not in self._counts:
            self._counts[key] = Counter(tuple(_hashable(row[c]) for c in columns) for row in self.rows[table].values())
        return self._counts[key][tuple(_hashable(values[c]) for c in columns)]

    def group(self, table: str, column: str) -> dict[Any, list[str]]:
        """Ids of the rows of a table by the value of a column; a list column puts its row under each element."""
        key = (table, column)
        if key not in self._groups:
            groups: dict[Any, list[str]] = defaultdict(list)
            for record_id, row in self.rows[table].items():
                value = row[column]
                for element in dict.fromkeys(value) if isinstance(value, list) else [value]:
                    if element is not None:
                        groups[element].append(record_id)
            self._groups[key] = dict(groups)
        return self._groups[key]

    def members(self, table: str, column: str, value: Any) -> frozenset[str]:
        """Ids of the rows of a table with a value in a column."""
        key = (table, column, value)
        if key not in self._members:
            self._members[key] = frozenset(self.group(table, column).get(value, ()))
        return self._members[key]

    def random(self, *purpose: object) -> np.random.Generator:
        """An independent random generator for one purpose."""
        return generator(self.seed, "gold", *purpose)

    def place(self, *purpose: object) -> str:
        """A random place in an order, as a text to sort by: stable whatever else is in the order."""
        return hashlib.sha256("/".join([str(self.seed), *map(str, purpose)]).encode()).hexdigest()

    def shuffled(self, table: str, purpose: str, by: str | None = None) -> list[str]:
        """Ids of a table in a random order that depends on seed and purpose only; with `by`, one of each group in turn."""
        ids = sorted(self.rows[table])
        generator(self.seed, "gold", purpose, table).shuffle(ids)
        if by is None:
            return ids
        queues: dict[Any, list[str]] = defaultdict(list)
        for record_id in ids:
            queues[str(self.rows[table][record_id][by])].append(record_id)
        return list(in_turn([queues[key] for key in sorted(queues)]))


def in_turn(lists: Sequence[Sequence[Any]]) -> Iterator[Any]:
    """One element of each list in turn until all are used up."""
    for position in range(max(map(len, lists), default=0)):
        for elements in lists:
            if position < len(elements):
                yield elements[position]


def _python(value: Any) -> Any:
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if hasattr(value, "tolist"):
        return value.tolist()
    return value


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _whole(value: Any) -> Any:
    value = _python(value)
    return None if value is None else int(value)


def _day(value: Any) -> Any:
    value = _python(value)
    return value.date() if isinstance(value, datetime) else value


# Frames that come from a store hold timestamps for days, and floats for whole numbers where some are missing.
_CONVERTERS: dict[str, dict[str, Callable[[Any], Any]]] = {
    table.name: {
        column.name: {"integer": _whole, "date": _day}[column.type]
        for column in table.columns
        if column.type in {"integer", "date"}
    }
    for table in TABLES
}
