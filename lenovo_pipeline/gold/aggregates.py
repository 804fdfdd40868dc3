"""Questions over all records of a set: aggregate.

Belongs here: counts, sums, means and extremes of sets that one anchor holds, so that every record can be named as proof.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lenovo_pipeline.gold.attributes import Attribute, numbers
from lenovo_pipeline.gold.choosing import family_of, spread
from lenovo_pipeline.gold.drafts import Draft, number_answer, proof, proofs
from lenovo_pipeline.gold.groups import OWNERS, Group, forms_of, of_all_groups
from lenovo_pipeline.gold.world import World


def aggregate(world: World, language: str = "en", category: str = "aggregate") -> Iterator[Draft]:
    """Counts, sums, means and extremes over a series, a process family, a customer's journeys or a device's incidents."""
    return of_all_groups(world, category, language, _aggregates)


def _aggregates(world: World, category: str, language: str, members: Sequence[Group]) -> Iterator[Draft]:
    choices: list[tuple[str, Attribute | None]] = [("count", None)]
    for attribute in numbers(members[0].table):
        choices += [(function, attribute) for function in _FUNCTIONS if function != "sum" or attribute.column in _SUMMED]
    for group, (function, chosen) in spread(members, choices):
        draft = _aggregate(world, category, language, group, function, chosen)
        if draft is not None:
            yield draft


_FUNCTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "max": max,
    "min": min,
    "range": lambda values: max(values) - min(values),
}
# Nobody asks for the sum of display sizes.
_SUMMED = {"price_usd", "sla_hours", "affected_users", "value_usd", "units"}


def _aggregate(
    world: World, category: str, language: str, group: Group, function: str, attribute: Attribute | None
) -> Draft | None:
    program: dict[str, Any] = {
        "op": "aggregate",
        "table": group.table,
        "where": {group.column: group.value},
        "function": function,
    }
    noun = ""
    if attribute is None:
        answer = number_answer(len(group.ids), None, extractive=False)
        # To count a set, each text must say that its record belongs to it.
        evidence = proofs(*(proof(world, i, _membership(world, group, i)) for i in group.ids))
    else:
        values = [world.row(group.table, i)[attribute.column] for i in group.ids]
        if any(v is None for v in values) or (len(set(values)) == 1 and function == "range"):
            return None
        answer = number_answer(round(_FUNCTIONS[function](values), 6), attribute.unit, extractive=False)
        evidence = proofs(*(proof(world, i, forms_of(world, attribute, i)) for i in group.ids))
        program |= {"column": attribute.column, "unit": attribute.unit}
        noun = attribute.noun if language == "en" else attribute.chinese
    if evidence is None:
        return None
    members = _MEMBERS[group.table] if language == "en" else _MEMBERS_CHINESE[group.table]
    return Draft(
        bank=f"count_{group.table}" if function == "count" else f"{function}_of",
        category=category,
        anchor=world.anchors[group.ids[0]],
        answer=answer,
        evidence=evidence,
        slots={"s": group.phrase},
        wording={"noun": noun, "members": members},
        program=program,
        language=language,
        family=family_of(world, group.ids[0]),
    )


_MEMBERS = {
    "devices": "the models of {s}",
    "processes": "the processes of {s}",
    "incidents": "the recorded incidents on {s}",
    "journeys": "the purchase journeys of {s}",
}
_MEMBERS_CHINESE = {
    "devices": "{s}的各款机型",
    "processes": "{s}的各个流程",
    "incidents": "{s}上记录的各次故障",
    "journeys": "{s}的各次采购过程",
}


def _membership(world: World, group: Group, record_id: str) -> list[str]:
    owner = OWNERS.get(group.column)
    if owner:
        return [world.row(owner, group.value)["name"]]
    return [group.value, world.row(group.table, record_id)["name"]]
