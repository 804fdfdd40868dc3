"""Evidence from all sources, joined by what kind of question it is.

Belongs here: asking the sources in an order in which one helps the next, context, versions, fusion, and saying who found
what. Does not belong here: the sources themselves, and how the weights come about (settings.py).

The tables resolve what a question describes (an order by its value, a process by its month); from there the graph goes on.
A source that weighs nothing for the kind of question is not asked, and the graph only if a relation of it is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lenovo_pipeline.retrieval.fusion import Ranking, fuse
from lenovo_pipeline.retrieval.graph_source import GraphRetriever
from lenovo_pipeline.retrieval.interface import Evidence, Filters, Request, Result, Retriever, request
from lenovo_pipeline.retrieval.ranking import Candidate, result
from lenovo_pipeline.retrieval.reading import Reading, read
from lenovo_pipeline.retrieval.register import Register
from lenovo_pipeline.retrieval.settings import CONTEXT, SOURCES, HybridSettings
from lenovo_pipeline.retrieval.stages import stage
from lenovo_pipeline.retrieval.tables_source import TablesRetriever

_DEPTH = 30
"""Records taken of each source that could go on for ever: what lies deeper never reached the first ten."""

_SET = 60
_BEHIND = 1e-9
_TOLD = 10


@dataclass(frozen=True)
class HybridRetriever:
    """The source `hybrid`. `only` leaves out sources, for comparisons."""

    keyword: Retriever
    dense: Retriever
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
            told.said = {"route": reading.route, **reading.understood()}
        weighting = self.settings.routes[reading.route]
        wanted = self.only & {name for name in SOURCES if weighting.weights[name] > 0}
        found = self.ask(asked, reading, wanted)
        with stage("fusion", "RERANKER", route=reading.route, method=weighting.method, weights=dict(weighting.weights)) as told:
            rankings = {name: _ranking(each) for name, each in found.items()}
            rankings[CONTEXT] = self.in_context(rankings, reading)
            fused = fuse(rankings, weighting.weights, method=weighting.method, k=weighting.k)
            joined = self._joined(asked, found, self._versions(fused, reading))
            told.said = as_told(joined.evidence)
        return joined

    def ask(self, asked: Request, reading: Reading, wanted: frozenset[str]) -> dict[str, Sequence[Evidence]]:
        """What each wanted source finds."""
        deep = Request(asked.question, max(_DEPTH, asked.k), asked.filters)
        sets = Request(asked.question, max(_SET, asked.k), asked.filters)
        found: dict[str, Sequence[Evidence]] = {}
        exact: tuple[str, ...] = ()
        if "tables" in wanted:
            with stage("tables", question=asked.question) as told:
                rows = self.tables.find(reading)
                exact = rows.exact
                found["tables"] = self.tables.result(sets, rows.candidates).evidence
                told.said = as_told(found["tables"])
        if "graph" in wanted:
            with stage("graph", question=asked.question, starts=exact) as told:
                related = self.graph.find(reading, exact)
                found["graph"] = result(self.graph.name, sets, related, self.register, "").evidence
                told.said = as_told(found["graph"])
        for name, source in (("keyword", self.keyword), ("dense", self.dense)):
            if name in wanted:
                with stage(name, question=asked.question) as told:
                    found[name] = source.retrieve(deep.question, deep.k, deep.filters).evidence
                    told.said = as_told(found[name])
        return found

    def in_context(self, rankings: Mapping[str, Ranking], reading: Reading) -> Ranking:
        """Of all that was found, what is about the device, the series or the customer that the question or its context names."""
        devices = set(reading.devices) | {i for i, device in self.register.devices.items() if device.series in reading.series}
        customers = set(reading.customers)
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
        return moved

    def _joined(self, asked: Request, found: Mapping[str, Sequence[Evidence]], fused: Mapping[str, float]) -> Result:
        by_record: dict[str, list[Evidence]] = {}
        for evidence in found.values():
            for each in evidence:
                by_record.setdefault(each.record_id, []).append(each)
        candidates = []
        for record, score in fused.items():
            parts = by_record[record]
            # Only words and meaning know passages; the other sources name the record's first.
            passage = next((each.chunk_id for name in ("keyword", "dense") for each in parts if each.source == name), None)
            candidates.append(Candidate(record, score, "; ".join(f"{e.source}: {e.why}" for e in parts), passage))
        joined = result(self.name, asked, candidates, self.register, "no source found anything")
        sources = {record: "+".join(dict.fromkeys(each.source for each in parts)) for record, parts in by_record.items()}
        evidence = tuple(Evidence(e.record_id, e.chunk_id, e.score, sources[e.record_id], e.why) for e in joined.evidence)
        return Result(evidence, joined.notes)


def _ranking(evidence: Sequence[Evidence]) -> Ranking:
    return [(each.record_id, each.score) for each in evidence]


def as_told(evidence: Sequence[Evidence]) -> dict[str, Any]:
    """Evidence as a stage tells it: how many records, and the best of them with score and reason."""
    best = [{"record": each.record_id, "score": each.score, "why": each.why} for each in evidence[:_TOLD]]
    return {"records": len(evidence), "best": best}
