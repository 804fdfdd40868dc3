"""Complete sets of records that share an anchor: a series, a process family, the incidents of a device, a customer's journeys.

Belongs here: the sets, and how a member is called and stated. Does not belong here: what is asked of a set.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lenovo_pipeline.gold.attributes import Attribute
from lenovo_pipeline.gold.choosing import round_robin
from lenovo_pipeline.gold.describe import say
from lenovo_pipeline.gold.drafts import Draft
from lenovo_pipeline.gold.world import World

LARGEST_SET = 10
"""Records that a set question may rest on: more could not all be found among ten results."""


@dataclass(frozen=True)
class Group:
    """All records of a table with one value in a column, all with one anchor; `phrase` is how a question calls them."""

    table: str
    column: str
    value: str
    phrase: str
    ids: tuple[str, ...]


_SETS = (
    ("devices", "series", "the {n} series", "{n}系列"),
    ("processes", "process_family", "the {n} process family", "{n}流程类别"),
    ("incidents", "device_id", "the {n}", "{n}"),
    ("journeys", "customer_id", "{n}", "{n}"),
)
OWNERS = {"device_id": "devices", "customer_id": "customers"}


def groups(world: World, language: str) -> Iterator[Group]:
    """The complete sets that questions ask about, in a stable order."""
    for table, column, english, chinese in _SETS:
        for value, ids in sorted(world.group(table, column).items()):
            if 2 <= len(ids) <= LARGEST_SET and len({world.anchors[i] for i in ids}) == 1:
                owner = OWNERS.get(column)
                name = world.row(owner, value)["name"] if owner else value
                if owner and world.count(owner, name=name) > 1:
                    continue
                yield Group(table, column, value, say(language, english, chinese, n=name), tuple(ids))


MakeDrafts = Callable[[World, str, str, Sequence[Group]], Iterator[Draft]]


def of_all_groups(world: World, category: str, language: str, make: MakeDrafts) -> Iterator[Draft]:
    """Drafts of all sets in random order, the tables in turn."""
    by_table: dict[str, list[Group]] = {}
    for group in groups(world, language):
        by_table.setdefault(group.table, []).append(group)
    for members in by_table.values():
        members.sort(key=lambda group: world.place(category, language, group.table, group.value))
    return round_robin([make(world, category, language, members) for _, members in sorted(by_table.items())])


def forms_of(world: World, attribute: Attribute, record_id: str) -> tuple[str, ...]:
    answer = attribute.answer(world, world.row(attribute.table, record_id))
    return answer.forms if answer else ()


def name_of(world: World, table: str, record_id: str) -> str:
    """What a record is called in an answer: its name or, for an incident, its error code."""
    row = world.row(table, record_id)
    return str(row["error_code"] if table == "incidents" else row["name"])
