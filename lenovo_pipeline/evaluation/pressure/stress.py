"""Stress: a candidate as a server that batches, under load that rises step by step.

Belongs here: the load, the queue, and what is measured of it (contract STRESS). Arrivals are open-loop: they come when they
come, whether earlier ones were answered or not (Schroeder, Wierman and Harchol-Balter 2006), so that waiting counts.
A request that waited beyond its limit is dropped before it is asked, as a server would, and one answered later counts as lost.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lenovo_pipeline.measures.asking import sentence
from lenovo_pipeline.measures.candidate import Answer, BatchCandidate, Candidate, Question
from lenovo_pipeline.measures.header import described, hardware, package_versions
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.measures.speed import percentiles
from lenovo_pipeline.provenance import short_hash

VERSION = 1
TENANTS = ("retail", "enterprise", "partner")


@dataclass(frozen=True)
class Step:
    """One step of a level: `requests` offered at `per_s` (all at once in bursts of `burst`), at most `concurrency` served at
    once, `passages` shown with each, lost after `limit_s`.
    """

    level: str
    step: int
    concurrency: int
    passages: int
    per_s: float
    requests: int
    limit_s: float
    burst: int = 1


def steps(size: int) -> tuple[Step, ...]:
    """The load: `size` requests in the first step of the consumer level, more in each later one."""
    consumer = (Step("consumer", n, 2**n, 0, 8.0 * 2**n, size * n, limit) for n, limit in ((1, 4.0), (2, 3.0), (3, 2.0)))
    business = (
        Step("business", n, 2**n, 4 * n, 2.0 * n, max(2, size * n // 3), limit, burst=2 * n)
        for n, limit in ((1, 6.0), (2, 5.0), (3, 4.0))
    )
    return (*consumer, *business)


SIZES = {"smoke": 3, "default": 10, "full": 200}


def header_of(candidate: Candidate, load: Sequence[Step], seed: int) -> str:
    """16 hex digits over everything that decides a measurement but the moment."""
    content: dict[str, Any] = {
        "candidate": described(candidate.name, candidate.describe()),
        "load": [asdict(step) for step in load],
        "seed": seed,
        "version": VERSION,
        "packages": package_versions(),
        "hardware": hardware(),
    }
    return short_hash(json.dumps(content, sort_keys=True, ensure_ascii=False))


def questions_of(items: Sequence[Item], step: Step, seed: int) -> list[Question]:
    """The requests of a step: questions in a random order, with the passages of several of them where volume is asked for."""
    chance = random.Random(f"{seed}/{step.level}/{step.step}")
    ordered = chance.sample(list(items), len(items))
    pool = [passage for item in ordered for passage in item.question.passages]
    asked = []
    for number in range(step.requests):
        item = ordered[number % len(ordered)]
        shown = [*item.question.passages, *chance.sample(pool, min(len(pool), step.passages))][: step.passages]
        asked.append(Question(f"{item.question_id}-{number}", item.question.text, item.question.language, tuple(shown)))
    return asked


def measure(
    candidate: Candidate,
    questions: Sequence[Question],
    step: Step,
    *,
    seed: int,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Offer the requests of one step and measure (fields of the contract STRESS, times in s). Errors are counted, not raised."""
    chance = random.Random(f"{seed}/arrivals/{step.level}/{step.step}")
    arrivals = _arrivals(len(questions), step, chance)
    tenants = [chance.choices(TENANTS, weights=(6, 3, 1))[0] for _ in questions]
    started = clock()
    waiting, taken = list(range(len(questions))), 0
    took: dict[int, float] = {}
    lost, errors = set[int](), Counter[str]()
    while taken < len(waiting):
        now = clock() - started
        if arrivals[taken] > now:
            sleep(arrivals[taken] - now)
            continue
        due = [each for each in waiting[taken : taken + step.concurrency] if arrivals[each] <= now]
        taken += len(due)
        late = {each for each in due if now - arrivals[each] > step.limit_s}
        lost |= late
        asked = [each for each in due if each not in late]
        answers = _answers(candidate, [questions[each] for each in asked])
        done = clock() - started
        for each, answer in zip(asked, answers, strict=True):
            if isinstance(answer, Exception):
                errors[sentence(answer)] += 1
            elif done - arrivals[each] > step.limit_s:
                lost.add(each)
            else:
                took[each] = done - arrivals[each]
    elapsed = clock() - started
    by_tenant = {name: [took[each] for each in took if tenants[each] == name] for name in TENANTS}
    p50, p95, p99 = _percentiles(list(took.values()))
    return {
        "offered_per_s": step.per_s,
        "limit_s": step.limit_s,
        "concurrency": step.concurrency,
        "passages": step.passages,
        "requests": len(questions),
        "answered": len(took),
        "timed_out": len(lost),
        "failed": errors.total(),
        "throughput_per_s": len(took) / elapsed if elapsed else None,
        "p50_s": p50,
        "p95_s": p95,
        "p99_s": p99,
        "recovery_s": max(0.0, elapsed - arrivals[-1]),
        "worst_tenant_p95_s": max(
            (found for times in by_tenant.values() if (found := _percentiles(times)[1]) is not None), default=None
        ),
        "error": errors.most_common(1)[0][0] if errors else None,
    }


def _arrivals(count: int, step: Step, chance: random.Random) -> list[float]:
    """Seconds after the start: Poisson arrivals of single requests, or of bursts."""
    moment, found = 0.0, list[float]()
    while len(found) < count:
        found += [moment] * min(step.burst, count - len(found))
        moment += chance.expovariate(step.per_s / step.burst)
    return found


def _answers(candidate: Candidate, questions: Sequence[Question]) -> list[Answer | Exception]:
    if isinstance(candidate, BatchCandidate) and len(questions) > 1:
        try:
            return candidate.answer_batch(questions)
        except Exception as error:
            return [error] * len(questions)
    found: list[Answer | Exception] = []
    for question in questions:
        try:
            found.append(candidate.answer(question))
        except Exception as error:
            found.append(error)
    return found


def _percentiles(times: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    if not times:
        return None, None, None
    found = percentiles(times)
    return found["p50"], found["p95"], found["p99"]
