"""From what a source found to a result: filters, each record once, the best first.

Belongs here: what every source does with its candidates. Does not belong here: searching, fusion.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lenovo_pipeline.retrieval.interface import Evidence, Filters, Request, Result
from lenovo_pipeline.retrieval.register import Register


@dataclass(frozen=True)
class Candidate:
    """A record that a source found, with the passage that it found it by, if it was one."""

    record_id: str
    score: float
    why: str
    chunk_id: str | None = None


def result(source: str, asked: Request, candidates: Iterable[Candidate], register: Register, nothing: str) -> Result:
    """The `k` best candidates that pass the filters, each record by its best; equal scores in order of ids.

    `nothing` is the note of an empty result.
    """
    best: dict[str, Candidate] = {}
    for candidate in candidates:
        known = best.get(candidate.record_id)
        if (known is None or candidate.score > known.score) and fits(candidate.record_id, asked.filters, register):
            best[candidate.record_id] = candidate
    ordered = sorted(best.values(), key=lambda each: (-each.score, each.record_id))[: asked.k]
    evidence = tuple(
        Evidence(each.record_id, each.chunk_id or _first_chunk(each.record_id, register), each.score, source, each.why)
        for each in ordered
    )
    return Result(evidence, asked.notes if evidence else (*asked.notes, nothing))


def fits(record_id: str, filters: Filters, register: Register) -> bool:
    """Whether a record passes the filters. One that is not in the register never does: it may have been erased."""
    record = register.records.get(record_id)
    if record is None:
        return False
    return (
        (not filters.record_types or record.record_type in filters.record_types)
        and (not filters.languages or record.language in filters.languages)
        and (not filters.device_ids or not set(filters.device_ids).isdisjoint(record.devices))
        and (not filters.customer_ids or not set(filters.customer_ids).isdisjoint(record.customers))
    )


def narrows(filters: Filters) -> bool:
    """Whether the filters leave anything out."""
    return bool(filters.record_types or filters.languages or filters.device_ids or filters.customer_ids)


def _first_chunk(record_id: str, register: Register) -> str | None:
    chunks = register.chunks.get(record_id)
    return chunks[0] if chunks else None
