"""Conditions on columns: whether a record fulfils them, how a question words them, how a text states them.

Belongs here: what constrained and negated questions share.
"""

from collections.abc import Sequence
from datetime import date
from operator import eq, gt, lt, ne
from typing import Any

from lenovo_pipeline.gold.attributes import BY_TABLE
from lenovo_pipeline.gold.groups import forms_of
from lenovo_pipeline.gold.surfaces import date_forms, number_forms, share_forms
from lenovo_pipeline.gold.world import World

Condition = tuple[str, str, Any]
"""Column, comparison (=, !=, <, >) and value."""


def matching(world: World, table: str, conditions: Sequence[Condition]) -> list[str]:
    """Ids of the rows that fulfil all conditions, of which at least one must be an equality."""
    equal = [world.members(table, column, value) for column, operator, value in conditions if operator == "="]
    candidates = sorted(frozenset.intersection(*equal))
    others = [condition for condition in conditions if condition[1] != "="]
    return [i for i in candidates if all(holds(world.row(table, i)[column], operator, v) for column, operator, v in others)]


def holds(value: Any, operator: str, bound: Any) -> bool:
    """Whether a value fulfils a comparison; a missing value fulfils none."""
    if value is None:
        return False
    fulfilled: bool = {"=": eq, "!=": ne, "<": lt, ">": gt}[operator](value, bound)
    return fulfilled


def stated_forms(world: World, table: str, record_id: str, column: str) -> tuple[str, ...]:
    """The forms in which the text of a record may state what a condition on this column is about."""
    row = world.row(table, record_id)
    if column in {"brand", "category", "process_family"}:
        return (str(row[column]),)
    if column == "release_year":
        return date_forms(row["release_date"])
    if column == "started_month":
        return date_forms(row["started_at"])
    if column in {"device_id", "customer_id"}:
        return (str(world.row(f"{column[:-3]}s", row[column])["name"]),)
    if column == "satisfaction":
        return (f"{row[column]}/5",)
    attribute = next(a for a in BY_TABLE[table] if a.column == column)
    return forms_of(world, attribute, record_id)


_UNIT_OF = {a.column: a.unit for attributes in BY_TABLE.values() for a in attributes}
_SPOKEN = {
    "brand": "{v}",
    "process_family": "{v}",
    "release_year": "came out in {v}",
    "memory_gb": "has {v} of base memory",
    "storage_gb": "has {v} of base storage",
    "operating_system": "ships with {v}",
    "warranty_months": "carries {v} of base warranty",
    "cpu_cores": "has {v}",
    "display_inch": "has a display of {v}",
    "power_supply_w": "comes with a {v} power supply",
    "price_usd": "cost {v} at release",
    "weight_kg": "weighs {v}",
    "department_id": "is run by {v}",
    "sla_hours": "allows {v} per case",
    "target_rate": "wants {v} of its cases on time",
    "category": "concerned {v}",
    "severity": "was rated {v}",
    "started_month": "began in {v}",
    "component_id": "was caused by the {v}",
    "affected_users": "touched {v}",
    "device_id": "{v}",
    "customer_id": "{v}",
    "outcome": "has the outcome {v}",
    "stage": "last reached the stage {v}",
    "satisfaction": "was rated {v} out of 5",
    "value_usd": "was worth {v}",
    "units": "covered {v}",
}
_RELATIONS = {"<": "less than ", ">": "more than ", "=": ""}


def spoken(world: World, table: str, condition: Condition) -> str:
    column, operator, value = condition
    if column.endswith("_id"):
        owner = {
            "department_id": "departments",
            "device_id": "devices",
            "customer_id": "customers",
            "component_id": "components",
        }[column]
        text = str(world.row(owner, value)["name"])
    elif column == "started_month":
        year, month = str(value).split("-")
        text = f"{date(int(year), int(month), 1):%B} {year}"
    elif column == "target_rate":
        text = share_forms(value)[0]
    elif isinstance(value, int | float):
        text = number_forms(value, _UNIT_OF.get(column))[0]
    else:
        text = str(value).replace("_", " ")
    return _SPOKEN[column].format(v=_RELATIONS[operator] + text)
