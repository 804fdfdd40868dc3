"""From what a source found to a result: filters, each record once, the best first.

Belongs here: what every source does with its candidates. Does not belong here: searching, fusion.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from lenovo_pipeline.retrieval.interface import Evidence, Filters, Request, Result
from lenovo_pipeline.retrieval.register import Register


class Candidate(NamedTuple):
    """A record that a source found, with the passage that it found it by, if it was one."""

    record_id: str
    score: float
    why: str
    chunk_id: str | None = None


class Searcher(Protocol):
    """A source that the hybrid asks: candidates as `best` and `of_passages` leave them, without a result around them."""

    def candidates(self, asked: Request) -> Sequence[Candidate]: ...


def best(candidates: Iterable[Candidate], asked: Request, register: Register) -> list[Candidate]:
    """The `k` best candidates that pass the filters, each record by its best; equal scores in order of ids."""
    found: dict[str, Candidate] = {}
    passes = _filter(asked.filters, register)
    for candidate in candidates:
        known = found.get(candidate.record_id)
        if (known is None or candidate.score > known.score) and passes(candidate.record_id):
            found[candidate.record_id] = candidate
    return sorted(found.values(), key=_order)[: asked.k]


def of_passages(
    passages: Iterable[tuple[str, float]],
    asked: Request,
    record_of: Mapping[str, str],
    register: Register,
    why: Callable[[float], str],
) -> list[Candidate]:
    """As `best`, from passages with their scores, best first: no further than the last record that may still count."""
    passes = _filter(asked.filters, register)
    seen: set[str] = set()
    found: list[tuple[str, float, str]] = []
    for chunk, score in passages:
        if len(found) >= asked.k and score < found[-1][1]:
            break
        record = record_of.get(chunk)
        if record is not None and record not in seen:
            seen.add(record)
            if passes(record):
                found.append((record, score, chunk))
    found.sort(key=lambda each: (-each[1], each[0]))
    return [Candidate(record, score, why(score), chunk) for record, score, chunk in found[: asked.k]]


def result(source: str, asked: Request, candidates: Sequence[Candidate], register: Register, nothing: str) -> Result:
    """The result of candidates that are in order; `nothing` is the note of an empty one."""
    evidence = tuple(
        Evidence(each.record_id, each.chunk_id or first_chunk(each.record_id, register), each.score, source, each.why)
        for each in candidates
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


def first_chunk(record_id: str, register: Register) -> str | None:
    """The first passage of a record, if it has one."""
    chunks = register.chunks.get(record_id)
    return chunks[0] if chunks else None


def _filter(filters: Filters, register: Register) -> Callable[[str], bool]:
    if not narrows(filters):
        return register.records.__contains__
    return lambda record_id: fits(record_id, filters, register)


def _order(candidate: Candidate) -> tuple[float, str]:
    return -candidate.score, candidate.record_id
