"""Evidence by relations: records that the graph ties to what a question names, over one or several steps.

Belongs here: the source `graph`, running its templates and scoring what they reach. Does not belong here: the Cypher
(graph_queries.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.retrieval.graph_queries import (
    DEVICE_EXPLAINED,
    INCIDENT_ARTICLES,
    LABELS,
    Template,
    chosen,
    left_to_tables,
    together,
)
from lenovo_pipeline.retrieval.interface import Filters, Result, request
from lenovo_pipeline.retrieval.ranking import Candidate, best, result
from lenovo_pipeline.retrieval.reading import Reading, read
from lenovo_pipeline.retrieval.register import Register
from lenovo_pipeline.retrieval.tables_source import Rows

_NAMED = 0.9
"""Score of a record that the question names and whose kind it asks for, or asks for none."""

_START = 0.65
"""Score of a record that the question names to say which records of another kind it asks for."""

_UNASKED = 0.85
"""Share of its score that a record keeps whose kind the question does not ask for: it may retell what is asked."""

_NOTHING = "the question names nothing that the graph knows"


@dataclass(frozen=True)
class GraphRetriever:
    """The source `graph`. Every query is one of the templates, in a reading transaction."""

    store: GraphStore
    register: Register
    name: str = "graph"

    def retrieve(self, question: str, k: int = 10, filters: Filters | dict[str, Any] | None = None) -> Result:
        asked = request(question, k, filters)
        if asked.empty:
            return Result(notes=asked.notes)
        found = self.find(read(asked.question, self.register, asked.filters))
        return result(self.name, asked, best(found, asked, self.register), self.register, _NOTHING)

    def find(self, reading: Reading, rows: Rows | None = None) -> list[Candidate]:
        """Records tied to what a reading names and, given the tables' `rows` for it, to those that they single out.

        A relation that the tables hold is then taken from these rows, one that a single key holds from the register, and the
        graph is asked for the others.
        """
        further: dict[str, list[str]] = {}
        for record_id in rows.exact if rows else ():
            record = self.register.records.get(record_id)
            if record is not None and record.record_type in LABELS:
                further.setdefault(LABELS[record.record_type], []).append(record_id)
        candidates: list[Candidate] = []
        in_tables: dict[str, list[str]] | None = None
        if rows is not None:
            candidates += self._held(reading, rows.candidates)
            in_tables = {}
            for row in rows.candidates:
                in_tables.setdefault(self.register.records[row.record_id].record_type, []).append(row.record_id)
        parts = chosen(reading, further, in_tables)
        meant = {*reading.incidents, *further.get("Incident", ())}
        tied = [part for part in parts if rows is not None and part[0].name in self.register.ties]
        for way, start, record_id in (*self._tied(tied), *self._rows([part for part in parts if part not in tied])):
            if way is INCIDENT_ARTICLES and start not in meant:
                # Started from what the tables found on a device: one step of the two.
                way = DEVICE_EXPLAINED
            share = 1.0 if self._is_asked_for(record_id, reading) else _UNASKED
            candidates.append(Candidate(record_id, way.score * share, f"{way.name} {start}"))
        for record_id in reading.named:
            score = _NAMED if self._is_asked_for(record_id, reading) else _START
            candidates.append(Candidate(record_id, score, f"the question names {record_id}"))
        return candidates

    def _held(self, reading: Reading, rows: Sequence[Candidate]) -> list[Candidate]:
        """The rows of the tables that templates would find too."""
        candidates: list[Candidate] = []
        for template in left_to_tables(reading):
            share = 1.0 if not reading.kinds or template.held in reading.kinds else _UNASKED
            candidates += [
                Candidate(row.record_id, template.score * share, f"{template.name}, by a key of the tables")
                for row in rows
                if self.register.records[row.record_id].record_type == template.held
            ]
        return candidates

    def _is_asked_for(self, record_id: str, reading: Reading) -> bool:
        record = self.register.records.get(record_id)
        return not reading.kinds or (record is not None and record.record_type in reading.kinds)

    def _tied(self, parts: Sequence[tuple[Template, list[str]]]) -> Iterator[tuple[Template, str, str]]:
        for template, ids in parts:
            for start in ids:
                yield from ((template, start, record) for record in self.register.ties[template.name].get(start, ()))

    def _rows(self, parts: Sequence[tuple[Template, list[str]]]) -> list[tuple[Template, str, str]]:
        if not parts:
            return []
        query, parameters = together(parts)
        found = self.store.look(query, **parameters)
        return [(parts[int(place)][0], str(start), str(record)) for place, start, record in found]
