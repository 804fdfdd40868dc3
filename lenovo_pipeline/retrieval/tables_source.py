"""Evidence by constraints: rows of the warehouse's views that meet what a question says of the records it wants.

Belongs here: the source `tables`, running its queries and scoring their rows. Does not belong here: the SQL (table_queries.py).
"""

from dataclasses import dataclass
from typing import Any

from lenovo_pipeline.resources.views import Views
from lenovo_pipeline.retrieval.interface import Filters, Result, request
from lenovo_pipeline.retrieval.ranking import Candidate, best, result
from lenovo_pipeline.retrieval.reading import Reading, read
from lenovo_pipeline.retrieval.register import Register
from lenovo_pipeline.retrieval.table_queries import LIMIT, Query, queries

_UNWANTED = 0.5
"""Score of a row of a table that the question does not ask for, beside 1 for one that it does."""

_UNFIT = 0.4
"""Share of the score that a row keeps which meets an anchor and no refiner."""

_TITLED = 1.2
"""Score of a record whose title stands in the question."""

_EXACT = 3
"""Most rows that count as found exactly, so that the graph may go on from them."""

_SORTED_HERE = 200
"""Rows up to which they are ordered here: DuckDB takes longer to plan that than to find them."""

_NOTHING = "nothing in the question constrains a table"


@dataclass(frozen=True)
class Rows:
    """What the tables found: candidates, and the records that all constraints single out."""

    candidates: list[Candidate]
    exact: tuple[str, ...]


@dataclass(frozen=True)
class TablesRetriever:
    """The source `tables`: parameterised SELECTs over read-only views."""

    views: Views
    register: Register
    name: str = "tables"

    def retrieve(self, question: str, k: int = 10, filters: Filters | dict[str, Any] | None = None) -> Result:
        asked = request(question, k, filters)
        if asked.empty:
            return Result(notes=asked.notes)
        found = self.find(read(asked.question, self.register, asked.filters)).candidates
        return result(self.name, asked, best(found, asked, self.register), self.register, _NOTHING)

    def find(self, reading: Reading) -> Rows:
        """Rows that meet what a reading says."""
        candidates: list[Candidate] = []
        exact: list[str] = []
        for query in queries(reading):
            rows = self._rows(query)
            if not rows:
                continue
            candidates += _scored(query, rows, reading)
            whole = [i for i, fit in rows if fit == 1.0]
            if query.refiners and len(whole) <= _EXACT:
                exact += whole
        return Rows(candidates, tuple(exact))

    def _rows(self, query: Query) -> list[tuple[str, float]]:
        """Keys with the share of the refiners that they meet."""
        named = query.only_named
        if named is not None:
            # Whether they exist is known without a query.
            return [(record_id, 1.0) for record_id in sorted(set(named)) if record_id in self.register.records]
        sql = query.sql()
        if sql is None:
            return []
        rows = self.views.rows(f"{sql} LIMIT {_SORTED_HERE}", query.parameters)
        if len(rows) == _SORTED_HERE:
            rows = self.views.rows(f"{sql} ORDER BY {query.order} LIMIT {LIMIT}", query.parameters)
        found = [(str(i), sum(map(bool, met)) / len(met) if met else 1.0) for i, *met in rows]
        return sorted(found, key=lambda row: (-row[1], row[0]))[:LIMIT]


def _scored(query: Query, rows: list[tuple[str, float]], reading: Reading) -> list[Candidate]:
    base = 1.0 if query.wanted else _UNWANTED
    titled = {i: place for place, i in enumerate((*reading.articles, *reading.documents, *reading.technical_docs))}
    why = f"{query.table.partition('.')[2]}: {', '.join(dict.fromkeys(query.told))}"
    candidates = []
    for record_id, fit in rows:
        score = base * (_UNFIT + (1 - _UNFIT) * fit if query.refiners else 1.0)
        if record_id in titled:
            # Its title stands in the question; of several versions the one asked for, then the newest, comes first.
            score = _TITLED - 0.05 * min(titled[record_id], 10)
        elif query.table == "enterprise.support_articles" and reading.incidents:
            # Whoever asks for the article on an error wants the article, not the incident.
            score += 0.1
        candidates.append(Candidate(record_id, score, why))
    return candidates
