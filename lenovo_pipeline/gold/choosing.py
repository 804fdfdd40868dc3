"""Choosing among many possible questions: orders in which any beginning is already varied.

Belongs here: interleaving and order. Does not belong here: what is asked.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from lenovo_pipeline.gold.world import World

S = TypeVar("S")
T = TypeVar("T")


def round_robin(sources: Sequence[Iterable[T]]) -> Iterator[T]:
    """One draft of each source in turn until all are used up."""
    running = [iter(source) for source in sources]
    while running:
        for source in tuple(running):
            try:
                yield next(source)
            except StopIteration:
                running.remove(source)


def spread(ids: Sequence[S], choices: Sequence[T]) -> Iterator[tuple[S, T]]:
    """Every pair of one and choice, so that any beginning of the sequence has many of the former and many choices in it."""
    for shift in range(len(choices)):
        for place, one in enumerate(ids):
            yield one, choices[(place + shift) % len(choices)]


def family_of(world: World, record_id: str) -> str | None:
    """The device family that a record is about, where all its devices are of one."""
    row: Any = world.row(world.table_of[record_id], record_id)
    ids = [record_id] if "family" in row else [row["device_id"]] if row.get("device_id") else row.get("device_ids") or []
    families = {world.row("devices", device_id)["family"] for device_id in ids}
    return families.pop() if len(families) == 1 else None


def order_of(world: World, table: str, purpose: str) -> list[str]:
    """Ids of a table in random order; device families take turns."""
    return world.shuffled(table, purpose, by="family" if table == "devices" else None)
