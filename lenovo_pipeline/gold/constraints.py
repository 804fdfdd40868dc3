"""Questions with several conditions that together fit one record in the whole world: constrained."""

from collections.abc import Iterator, Sequence

from lenovo_pipeline.gold.choosing import family_of, order_of, round_robin
from lenovo_pipeline.gold.conditions import Condition, matching, spoken, stated_forms
from lenovo_pipeline.gold.drafts import Draft, number_answer, proof, proofs, text_answer
from lenovo_pipeline.gold.world import World


def constrained(world: World) -> Iterator[Draft]:
    """Several conditions that together fit one device, process or incident in the whole world."""
    return round_robin([_constrained(world, table) for table in ("devices", "processes", "incidents", "journeys")])


_EQUAL = {
    "devices": (
        "release_year",
        "memory_gb",
        "storage_gb",
        "operating_system",
        "warranty_months",
        "cpu_cores",
        "display_inch",
        "power_supply_w",
    ),
    "processes": ("department_id", "sla_hours", "target_rate"),
    "incidents": ("category", "severity", "started_month", "component_id"),
    "journeys": ("outcome", "stage", "started_month", "satisfaction"),
}
_BOUNDED = {
    "devices": ("price_usd", "weight_kg", "memory_gb", "storage_gb"),
    "processes": ("sla_hours",),
    "incidents": ("affected_users",),
    "journeys": ("value_usd", "units"),
}
_BASE = {"devices": "brand", "processes": "process_family", "incidents": "device_id", "journeys": "customer_id"}


def _constrained(world: World, table: str) -> Iterator[Draft]:
    base = _BASE[table]
    for place, record_id in enumerate(order_of(world, table, "constrained") * 3):
        row = world.row(table, record_id)
        choice = world.random("constrained", table, record_id, place // max(1, len(world.rows[table])))
        columns = [c for c in choice.permutation(_EQUAL[table]).tolist() if row[c] is not None][:2]
        conditions: list[Condition] = [(base, "=", row[base])] + [(c, "=", row[c]) for c in columns]
        bounded = [c for c in _BOUNDED[table] if row[c] and c not in columns]
        if bounded:
            column = bounded[int(choice.integers(len(bounded)))]
            above = bool(choice.integers(2))
            bound = _round_bound(row[column] * (0.9 if above else 1.1), above)
            conditions.append((column, ">" if above else "<", bound))
        if len(matching(world, table, conditions)) != 1:
            continue
        # A condition that nothing hangs on makes no question harder: leave out what is not needed, but keep two.
        for condition in conditions[1:]:
            fewer = [c for c in conditions if c is not condition]
            if len(fewer) > 2 and len(matching(world, table, fewer)) == 1:
                conditions = fewer
        draft = _constrained_draft(world, table, record_id, conditions)
        if draft is not None:
            yield draft


def _round_bound(value: float, above: bool) -> float:
    """A bound that a person would name, still on the same side of the value."""
    for digits in (-3, -2, -1, 0, 1, 2):
        rounded = round(value, digits)
        if rounded and abs(rounded - value) <= 0.05 * value:
            return int(rounded) if digits <= 0 else rounded
    return value


def _constrained_draft(world: World, table: str, record_id: str, conditions: Sequence[Condition]) -> Draft | None:
    row = world.row(table, record_id)
    answer_column = {"devices": "name", "processes": "name", "incidents": "error_code", "journeys": "value_usd"}[table]
    if row[answer_column] is None or (
        table == "journeys" and (not row["value_usd"] or any(c[0] == "value_usd" for c in conditions))
    ):
        return None
    answer = number_answer(row["value_usd"], "USD", extractive=True) if table == "journeys" else text_answer(row[answer_column])
    stated = (proof(world, record_id, stated_forms(world, table, record_id, column), "support") for column, _, _ in conditions)
    evidence = proofs(proof(world, record_id, answer.forms), *stated)
    if evidence is None:
        return None
    parts = [spoken(world, table, condition) for condition in conditions]
    return Draft(
        bank=f"constrained_{table}",
        category="constrained",
        anchor=world.anchors[record_id],
        answer=answer,
        evidence=evidence,
        slots={"base": parts[0], "c": _joined(parts[1:])},
        program={
            "op": "filter",
            "table": table,
            "conditions": [list(condition) for condition in conditions],
            "column": answer_column,
            "unit": "USD" if table == "journeys" else None,
        },
        family=family_of(world, record_id),
    )


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
