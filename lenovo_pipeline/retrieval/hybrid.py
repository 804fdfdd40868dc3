"""Evidence from all sources, joined by what kind of question it is.

Belongs here: asking the sources in an order in which one helps the next, context, versions, fusion, and saying who found
what. Does not belong here: the sources themselves, and how the weights come about (settings.py).

The tables resolve what a question describes (an order by its value, a process by its month); from there the graph goes on.
A source that weighs nothing for the kind of question is not asked, and the graph only for relations that the tables do not hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lenovo_pipeline.retrieval.fusion import Ranking, fuse
from lenovo_pipeline.retrieval.graph_source import GraphRetriever
from lenovo_pipeline.retrieval.interface import Evidence, Filters, Request, Result, request
from lenovo_pipeline.retrieval.ranking import Candidate, Searcher, best, first_chunk
from lenovo_pipeline.retrieval.reading import Reading, read
from lenovo_pipeline.retrieval.register import Register
from lenovo_pipeline.retrieval.settings import CONTEXT, SOURCES, HybridSettings
from lenovo_pipeline.retrieval.stages import stage
from lenovo_pipeline.retrieval.tables_source import Rows, TablesRetriever

_DEPTH = 30
"""Records taken of each source that could go on for ever: what lies deeper never reached the first ten."""

_SET = 60
_BEHIND = 1e-9
_TOLD = 10


@dataclass(frozen=True)
class HybridRetriever:
    """The source `hybrid`. `only` leaves out sources, for comparisons."""

    keyword: Searcher
    dense: Searcher
    tables: TablesRetriever
    graph: GraphRetriever
    register: Register
    settings: HybridSettings = field(default_factory=HybridSettings)
    only: frozenset[str] = frozenset(SOURCES)
    name: str = "hybrid"

    def retrieve(self, question: str, k: int = 10, filters: Filters | dict[str, Any] | None = None) -> Result:
        asked = request(question, k, filters)
        if asked.empty:
            return Result(notes=asked.notes)
        with stage("reading", "PARSER", question=asked.question) as told:
            reading = read(asked.question, self.register, asked.filters)
            told.tell(_understood, reading)
        route = reading.route
        weighting = self.settings.routes[route]
        wanted = self.only & {name for name in SOURCES if weighting.weights[name] > 0}
        found = self.ask(asked, reading, wanted)
        with stage("fusion", "RERANKER", route=route, method=weighting.method, weights=dict(weighting.weights)) as told:
            rankings = {name: _ranking(each) for name, each in found.items()}
            if weighting.weights[CONTEXT] > 0:
                rankings[CONTEXT] = self.in_context(rankings, reading)
            fused = fuse(rankings, weighting.weights, method=weighting.method, k=weighting.k)
            joined = self._joined(asked, found, self._versions(fused, reading))
            told.tell(as_told, joined.evidence)
        return joined

    def ask(self, asked: Request, reading: Reading, wanted: frozenset[str]) -> dict[str, Sequence[Candidate]]:
        """What each wanted source finds, one after the other: a thread of its own would cost most of them more than it saves."""
        return self._looked_up(asked, reading, wanted) | self._searched(asked, wanted)

    def _looked_up(self, asked: Request, reading: Reading, wanted: frozenset[str]) -> dict[str, Sequence[Candidate]]:
        sets = Request(asked.question, max(_SET, asked.k), asked.filters)
        found: dict[str, Sequence[Candidate]] = {}
        rows: Rows | None = None
        if "tables" in wanted:
            with stage("tables", question=asked.question) as told:
                rows = self.tables.find(reading)
                found["tables"] = best(rows.candidates, sets, self.register)
                told.tell(as_told, found["tables"])
        if "graph" in wanted:
            with stage("graph", question=asked.question, starts=rows.exact if rows else ()) as told:
                found["graph"] = best(self.graph.find(reading, rows), sets, self.register)
                told.tell(as_told, found["graph"])
        return found

    def _searched(self, asked: Request, wanted: frozenset[str]) -> dict[str, Sequence[Candidate]]:
        deep = Request(asked.question, max(_DEPTH, asked.k), asked.filters)
        found: dict[str, Sequence[Candidate]] = {}
        for name, source in (("keyword", self.keyword), ("dense", self.dense)):
            if name in wanted:
                with stage(name, question=asked.question) as told:
                    found[name] = source.candidates(deep)
                    told.tell(as_told, found[name])
        return found

    def in_context(self, rankings: Mapping[str, Ranking], reading: Reading) -> Ranking:
        """Of all that was found, what is about the device, the series or the customer that the question or its context names."""
        devices, customers = set(reading.devices), set(reading.customers)
        if reading.series:
            devices |= {i for i, device in self.register.devices.items() if device.series in reading.series}
        if not devices and not customers:
            return []
        records = {record for ranking in rankings.values() for record, _ in ranking}
        return [
            (record, 1.0)
            for record in sorted(records)
            if not (
                devices.isdisjoint(self.register.records[record].devices)
                and customers.isdisjoint(self.register.records[record].customers)
            )
        ]

    def _versions(self, fused: dict[str, float], reading: Reading) -> dict[str, float]:
        """A superseded document never before the one that replaced it, unless the question named that very version."""
        if "superseded" in reading.relations:
            return fused
        named = set(reading.documents[:1])
        moved = dict(fused)
        for record in fused:
            newer = self.register.records[record].superseded_by
            if newer in moved and record not in named and moved[record] >= moved[newer]:
                moved[record] = moved[newer] * (1 - _BEHIND) - _BEHIND
        return fused if moved == fused else dict(sorted(moved.items(), key=lambda pair: (-pair[1], pair[0])))

    def _joined(self, asked: Request, found: Mapping[str, Sequence[Candidate]], fused: Mapping[str, float]) -> Result:
        """The result: only of what is in it is told which sources found it, and why."""
        by_source = {name: {each.record_id: each for each in candidates} for name, candidates in found.items()}
        evidence = []
        for record, score in islice(fused.items(), asked.k):
            parts = {name: own[record] for name, own in by_source.items() if record in own}
            # Only words and meaning know passages; of the others the record's first is taken.
            passage = next((parts[name].chunk_id for name in ("keyword", "dense") if name in parts), None)
            why = "; ".join(f"{name}: {each.why}" for name, each in parts.items())
            shown = passage or first_chunk(record, self.register)
            evidence.append(Evidence(record, shown, score, "+".join(parts), why))
        return Result(tuple(evidence), asked.notes if evidence else (*asked.notes, "no source found anything"))


def _ranking(candidates: Sequence[Candidate]) -> Ranking:
    return [(each.record_id, each.score) for each in candidates]


def _understood(reading: Reading) -> dict[str, Any]:
    return {"route": reading.route, **reading.understood()}


def as_told(evidence: Sequence[Evidence | Candidate]) -> dict[str, Any]:
    """Evidence as a stage tells it: how many records, and the best of them with score and reason."""
    first = [{"record": each.record_id, "score": each.score, "why": each.why} for each in evidence[:_TOLD]]
    return {"records": len(evidence), "best": first}
