"""Tasks of all kinds for all splits, each with the conversation of its reference solution, which is carried out to see that it
reaches the goal.

Belongs here: how many of which kind, languages, faults, ids, and the table's rows. Does not belong here: the kinds themselves.
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pandas as pd

from lenovo_pipeline.agents.tasks import kinds_reading as reads
from lenovo_pipeline.agents.tasks import kinds_refused as refuses
from lenovo_pipeline.agents.tasks import kinds_writing as writes
from lenovo_pipeline.agents.tasks.attempting import as_chat, attempt
from lenovo_pipeline.agents.tasks.drafting import Draft, Drawing, NothingThere
from lenovo_pipeline.agents.tasks.judge import check
from lenovo_pipeline.agents.tasks.stand_ins import Reference
from lenovo_pipeline.agents.tasks.task import Fault, Split, Task
from lenovo_pipeline.agents.tasks.world import World, worlds
from lenovo_pipeline.agents.tools.sandbox import Sandbox
from lenovo_pipeline.agents.tools.stores import Stores
from lenovo_pipeline.agents.tools.toolbox import open_toolbox
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.retrieval.words import is_chinese

Make = Callable[[Drawing], Draft | None]

_WEIGHTS: tuple[tuple[Make, int], ...] = (
    (reads.look_up, 6),
    (reads.compare, 4),
    (reads.neighbour("successor", "successor_id"), 2),
    (reads.neighbour("predecessor", "predecessor_id"), 2),
    (reads.of_incident("device"), 2),
    (reads.of_incident("part"), 2),
    (reads.department, 2),
    *((reads.figure(report), 1) for report in ("incidents", "users", "completed", "breached")),
    *((reads.figure(report), 1) for report in ("units", "value")),
    (reads.read, 4),
    (reads.search, 3),
    (reads.successor_attribute, 3),
    (reads.injected, 3),
    (writes.open_ticket, 5),
    (writes.assign_ticket, 4),
    (writes.order_part, 4),
    (writes.schedule_visit, 4),
    (writes.hand_over, 3),
    (writes.incident_ticket, 3),
    (writes.ticket_team, 3),
    (writes.look_up_then_ticket, 2),
    (writes.ticket_then_team, 2),
    (refuses.missing_device, 3),
    (refuses.missing_article, 2),
    (refuses.missing_ticket, 2),
    (refuses.missing_for_ticket, 2),
    (refuses.forbidden_figure, 3),
    (refuses.forbidden_visit, 2),
    (refuses.forbidden_ticket, 2),
    (refuses.contradictory_words, 2),
    (refuses.contradictory_part, 2),
    (refuses.contradictory_day, 2),
    (refuses.unsafe_file, 4),
)
_MORE: tuple[tuple[Make, int], ...] = (
    (reads.injected, 3),
    (reads.compare, 4),
    (reads.read, 2),
    (reads.search, 2),
    (writes.schedule_visit, 2),
    (refuses.missing_article, 1),
    (refuses.contradictory_words, 7),
    (refuses.unsafe_file, 4),
)
"""What a small model learns last, and a long training therefore sees more often."""


def _each(weights: Sequence[tuple[Make, int]]) -> tuple[Make, ...]:
    return tuple(itertools.chain.from_iterable([make] * weight for make, weight in weights))


_KINDS, _KINDS_TAUGHT = _each(_WEIGHTS), _each((*_WEIGHTS, *_MORE))
_LANGUAGES = ("en", "en", "en", "zh-Hans", "en", "en", "en", "zh-Hant")
_FAULTY = 12
"""One in so many tasks has a tool that fails once."""

_TRIES, _TRIES_OF_A_KIND = 80, 20

SIZES: Mapping[str, Mapping[Split, int]] = {
    "smoke": {"train": 80, "validation": 12, "test": 45},
    "default": {"train": 300, "validation": 32, "test": 208},
    "full": {"train": 6000, "validation": 240, "test": 1000},
}
"""Tasks by profile and split."""


@dataclass(frozen=True)
class Made:
    """A task, the conversation of its reference solution, and why that did not reach the goal (empty: it did)."""

    task: Task
    conversation: tuple[Mapping[str, Any], ...]
    problems: tuple[str, ...]


def make_tasks(
    frames: Mapping[str, pd.DataFrame], stores: Stores, sizes: Mapping[Split, int], seed: int, *, to_teach: bool = False
) -> list[Made]:
    """All tasks. `frames` are tables of the stage enterprise by name: devices, incidents, support_articles, processes,
    process_metrics, customers, journeys, components, departments.

    With `to_teach` they are for a long training: more of what is hard, those of the train split without the patterns that are
    held back (train_wordings.py), those of another about its own records in the wordings of these patterns.

    Raises PermanentFailure where the train or test split of the world has nothing to make them of; without a validation split
    there are no tasks of it.
    """
    of = worlds(frames)
    sandbox = Sandbox(in_memory=True)
    try:
        return [
            carried_out(task, stores, sandbox)
            for split, size in sizes.items()
            for task in _of_split(of[split], stores, size, seed, to_teach=to_teach)
        ]
    finally:
        sandbox.close()


def carried_out(task: Task, stores: Stores, sandbox: Sandbox) -> Made:
    """The task with the conversation of its reference solution, and what the judge says of it; forgets what the sandbox held."""
    sandbox.begin_again(task.setup)
    toolbox = open_toolbox(stores, task, sandbox=sandbox)
    done = attempt(task, toolbox, Reference(task))
    outcome = check(task, sandbox, toolbox.records, done.answers, stores)
    return Made(task, tuple(as_chat(done.messages)), () if outcome.success else outcome.reasons or ("no success",))


def _of_split(world: World, stores: Stores, size: int, seed: int, *, to_teach: bool = False) -> Iterator[Task]:
    if len(world.devices) < 2:
        if world.split == "validation":
            # The smallest worlds have no series to spare for it; a training without validation keeps its last weights.
            return
        raise PermanentFailure(
            f"the {world.split} split of the world has {len(world.devices)} devices, too few to make tasks of",
            remedy="Raise LENOVO_SCALE, or choose another LENOVO_SEED.",
        )

    def search(query: str) -> Sequence[str]:
        with stores.turn:
            return stores.retriever.retrieve(query, 3).record_ids

    seen: set[str] = set()
    split, worded = world.split, replace(world, split="train") if to_teach else world
    held_back = split != "train" if to_teach else None
    weighted = _KINDS_TAUGHT if to_teach else _KINDS
    kinds = Random(f"tasks/{seed}/{split}/kinds").sample(weighted, len(weighted))
    for number in range(size):
        for again in range(_TRIES):
            random = Random(f"tasks/{seed}/{split}/{number}/{again}")
            language = random.choice(_LANGUAGES)
            # A kind that this split has nothing for gives its place to the next one.
            make = kinds[(number + again // _TRIES_OF_A_KIND) % len(kinds)]
            try:
                draft = make(Drawing(worded, random, language, search, held_back))
            except NothingThere:
                continue
            task = _task(draft, world, random, language) if draft is not None else None
            if task is not None and task.task_id not in seen:
                seen.add(task.task_id)
                yield task
                break


def _task(draft: Draft, world: World, random: Random, drawn: str) -> Task:
    # A wording that there is in English alone is of that language, whatever was drawn.
    language = drawn if is_chinese("\n".join(draft.turns)) else "en"
    task = Task(
        task_id="",
        category=draft.category,
        split=world.split,
        language=language,
        actor=draft.actor,
        turns=tuple(draft.turns),
        steps=draft.steps,
        writes=draft.writes,
        cluster=draft.cluster,
        today=str(world.today),
        reference=tuple(draft.reference),
        goal=tuple(draft.goal),
        expects=tuple(draft.expects),
        allowed=draft.allowed,
        refusal=draft.refusal,
        setup=draft.setup,
        fault=_fault(draft, random),
        evidence=draft.evidence,
    )
    content = hashlib.sha256(json.dumps(task.as_dict(), sort_keys=True, ensure_ascii=False, default=str).encode())
    return replace(task, task_id=f"TSK-{content.hexdigest()[:10].upper()}")


def _fault(draft: Draft, random: Random) -> Fault | None:
    calls = draft.reference[0].calls
    if draft.refusal is not None or random.randrange(_FAULTY):
        return None
    return Fault(calls[0].tool, 0, "fails")
