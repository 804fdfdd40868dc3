"""Questions over several records: aggregate, comparison, constrained and negated.

Belongs here: sets that one anchor or one split holds completely, so that every record that counts can be named as proof.
Does not belong here: orders in time and versions (versions.py), references through another record (hops.py).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from lenovo_pipeline.gold.attributes import BY_TABLE, Attribute, numbers
from lenovo_pipeline.gold.describe import named
from lenovo_pipeline.gold.drafts import (
    Answer,
    Draft,
    Evidence,
    list_answer,
    number_answer,
    proof,
    proofs,
    text_answer,
    yes_no_answer,
)
from lenovo_pipeline.gold.single import family_of, order_of, round_robin, spread
from lenovo_pipeline.gold.surfaces import date_forms, number_forms, share_forms
from lenovo_pipeline.gold.world import World

LARGEST_SET = 10
"""Records that a set question may rest on: more could not all be found among ten results."""

Condition = tuple[str, str, Any]
"""Column, comparison (=, !=, <, >, <=, >=) and value."""


def forms_of(world: World, attribute: Attribute, record_id: str) -> tuple[str, ...]:
    answer = attribute.answer(world, world.row(attribute.table, record_id))
    return answer.forms if answer else ()


def name_of(world: World, table: str, record_id: str) -> str:
    """What a record is called in an answer: its name or, for an incident, its error code."""
    row = world.row(table, record_id)
    return str(row["error_code"] if table == "incidents" else row["name"])


def sets_of(world: World) -> Iterator[tuple[str, str, str, str, str, list[str]]]:
    """Complete sets with one anchor: table, column and value that make it, phrase in English and Chinese, ids."""
    sources = [
        ("devices", "series", "the {n} series", "{n}系列", "models"),
        ("processes", "process_family", "the {n} process family", "{n}流程类别", "processes"),
        ("incidents", "device_id", "the {n}", "{n}", "incidents"),
        ("journeys", "customer_id", "{n}", "{n}", "journeys"),
    ]
    for table, column, english, chinese, _ in sources:
        for value, ids in sorted(world.group(table, column).items()):
            if 2 <= len(ids) <= LARGEST_SET and len({world.anchors[i] for i in ids}) == 1:
                owner = {"device_id": "devices", "customer_id": "customers"}.get(column)
                name = world.row(owner, value)["name"] if owner else value
                if owner and world.count(owner, name=name) > 1:
                    continue
                yield table, column, value, english.format(n=name), chinese.replace("{n}", name), ids


def _set_drafts(
    world: World, category: str, language: str, make: Callable[..., Iterator[Draft]]
) -> Iterator[Draft]:
    """Drafts of all sets in random order, the tables in turn."""
    by_table: dict[str, list[Any]] = {}
    for one in sets_of(world):
        by_table.setdefault(one[0], []).append(one)
    sources = []
    for table, members in sorted(by_table.items()):
        places = {str(one[2]): one for one in members}
        order = sorted(places, key=lambda value: world.place(f"{category}/{language}/{table}", value))
        sources.append(make(world, category, language, [places[value] for value in order]))
    return round_robin(sources)


def aggregate(world: World, language: str = "en", category: str = "aggregate") -> Iterator[Draft]:
    """Counts, sums, means and extremes over a series, a process family, a customer's journeys or a device's incidents."""
    return _set_drafts(world, category, language, _aggregates)


def _aggregates(world: World, category: str, language: str, members: Sequence[Any]) -> Iterator[Draft]:
    table = members[0][0]
    choices: list[tuple[str, Attribute | None]] = [("count", None)]
    choices += [(function, a) for a in numbers(table) for function in _FUNCTIONS if not (function == "sum" and a.column in _NO_SUM)]
    places = [str(place) for place in range(len(members))]
    for place, (function, attribute) in spread(places, choices):
        _, column, value, english, chinese, ids = members[int(place)]
        draft = _aggregate(world, category, language, table, column, value, english if language == "en" else chinese, ids, function, attribute)
        if draft is not None:
            yield draft


_FUNCTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "max": max,
    "min": min,
    "range": lambda values: max(values) - min(values),
}
# Sums that nobody would ask for.
_NO_SUM = {"display_inch", "refresh_rate_hz", "rack_units", "warranty_months", "target_rate", "cpu_cores", "memory_gb", "storage_gb",
           "battery_mah", "battery_wh", "power_supply_w", "weight_kg"}  # fmt: skip


def _aggregate(
    world: World,
    category: str,
    language: str,
    table: str,
    column: str,
    value: Any,
    phrase: str,
    ids: list[str],
    function: str,
    attribute: Attribute | None,
) -> Draft | None:
    program: dict[str, Any] = {"op": "aggregate", "table": table, "where": {column: value}, "function": function}
    if attribute is None:
        answer = number_answer(len(ids), None, extractive=False)
        # To count a set, each text must say that its record belongs to it.
        evidence = proofs(*(proof(world, i, _membership(world, table, column, value, i)) for i in ids))
    else:
        values = [world.row(table, i)[attribute.column] for i in ids]
        if any(v is None for v in values) or (len(set(values)) == 1 and function == "range"):
            return None
        computed = _FUNCTIONS[function](values)
        unit = attribute.unit
        answer = number_answer(round(computed, 6), unit, extractive=False)
        evidence = proofs(*(proof(world, i, forms_of(world, attribute, i)) for i in ids))
        program |= {"column": attribute.column, "unit": unit}
    if evidence is None:
        return None
    noun = ("" if attribute is None else attribute.noun) if language == "en" else ("" if attribute is None else attribute.chinese)
    return Draft(
        bank=f"{function}_{table}" if function == "count" else f"{function}_of",
        category=category,
        anchor=world.anchors[ids[0]],
        answer=answer,
        evidence=evidence,
        slots={"s": phrase},
        wording={"noun": noun, "members": (_MEMBERS if language == "en" else _MEMBERS_CHINESE)[table]},
        program=program,
        language=language,
        family=family_of(world, ids[0]),
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


def _membership(world: World, table: str, column: str, value: Any, record_id: str) -> list[str]:
    owner = {"device_id": "devices", "customer_id": "customers"}.get(column)
    if owner:
        return [world.row(owner, value)["name"]]
    return [str(value), str(world.row(table, record_id)["name"])]


def comparison(world: World, language: str = "en", category: str = "comparison") -> Iterator[Draft]:
    """Two records of one split in one number: which has more, whether it has, and by how much."""
    return round_robin([
        _comparisons(world, category, language, table) for table in ("devices", "processes", "incidents", "journeys")
    ])  # fmt: skip


def _comparisons(world: World, category: str, language: str, table: str) -> Iterator[Draft]:
    attributes = list(numbers(table))
    queues: dict[Any, list[str]] = {}
    for record_id in order_of(world, table, f"{category}/{language}"):
        queues.setdefault((world.split(record_id), family_of(world, record_id)), []).append(record_id)
    partners = {a: ids[(i + 1) % len(ids)] for ids in queues.values() for i, a in enumerate(ids) if len(ids) > 1}
    for place, (first, attribute) in enumerate(spread(order_of(world, table, f"{category}/{language}"), attributes)):
        second = partners.get(first)
        if second is None:
            continue
        draft = _compare(world, category, language, table, first, second, attribute, ("which", "whether", "difference")[place % 3], place % 2 == 0)
        if draft is not None:
            yield draft


def _compare(
    world: World,
    category: str,
    language: str,
    table: str,
    first: str,
    second: str,
    attribute: Attribute,
    asked: str,
    larger: bool,
) -> Draft | None:
    a, b = (world.row(table, i)[attribute.column] for i in (first, second))
    references = named(world, table, first, language), named(world, table, second, language)
    if a is None or b is None or a == b or references[0] is None or references[1] is None:
        return None
    if asked == "which" and table == "journeys":
        asked = "difference"
    winner = first if (a > b) == larger else second
    answer: Answer
    if asked == "which":
        if name_of(world, table, first) == name_of(world, table, second):
            return None
        answer = text_answer(name_of(world, table, winner))
    elif asked == "whether":
        answer = yes_no_answer(winner == first)
    else:
        answer = number_answer(round(abs(a - b), 6), attribute.unit, extractive=False)
    pairs = [(i, forms_of(world, attribute, i)) for i in (first, second)]
    needed: list[Evidence | None] = [proof(world, i, forms) for i, forms in pairs]
    if asked == "which":
        needed.append(proof(world, winner, answer.forms))
    evidence = proofs(*needed)
    if evidence is None:
        return None
    direction = (attribute.more if larger else attribute.less) if language == "en" else attribute.chinese_more
    if language != "en" and not larger:
        return None
    return Draft(
        bank=f"compare_{asked}",
        category=category,
        anchor=world.anchors[first],
        answer=answer,
        evidence=evidence,
        slots={"a": references[0].phrase, "b": references[1].phrase},
        wording={"noun": attribute.noun if language == "en" else attribute.chinese, "more": str(direction), "verb": _verb(str(direction))},
        program={
            "op": "compare",
            "asked": asked,
            "entities": [r.program for r in references if r is not None],
            "column": attribute.column,
            "larger": larger,
            "unit": attribute.unit,
        },
        language=language,
        family=family_of(world, first),
    )


def _verb(direction: str) -> tuple[str, str] | str:
    """`is` before an adjective (heavier), `has` before a noun."""
    return "is" if direction.split()[0] in {"heavier", "lighter", "cheaper"} or direction.startswith("more expensive") else "has"


def constrained(world: World) -> Iterator[Draft]:
    """Several conditions that together fit one device, process or incident in the whole world."""
    return round_robin([_constrained(world, table) for table in ("devices", "processes", "incidents", "journeys")])


_EQUAL = {
    "devices": ("release_year", "memory_gb", "storage_gb", "operating_system", "warranty_months", "cpu_cores", "display_inch", "power_supply_w"),
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


def matching(world: World, table: str, conditions: Sequence[Condition]) -> list[str]:
    """Ids of the rows that fulfil all conditions; the first must be an equality."""
    column, _, value = conditions[0]
    return [
        i
        for i in world.group(table, column).get(value, [])
        if all(holds(world.row(table, i)[c], operator, v) for c, operator, v in conditions[1:])
    ]


def holds(value: Any, operator: str, bound: Any) -> bool:
    """Whether a value fulfils a comparison; a missing value fulfils none."""
    if value is None:
        return False
    return {
        "=": lambda: value == bound,
        "!=": lambda: value != bound,
        "<": lambda: value < bound,
        ">": lambda: value > bound,
        "<=": lambda: value <= bound,
        ">=": lambda: value >= bound,
    }[operator]()


def _constrained_draft(world: World, table: str, record_id: str, conditions: Sequence[Condition]) -> Draft | None:
    row = world.row(table, record_id)
    answer_column = {"devices": "name", "processes": "name", "incidents": "error_code", "journeys": "value_usd"}[table]
    if row[answer_column] is None or (table == "journeys" and (not row["value_usd"] or any(c[0] == "value_usd" for c in conditions))):
        return None
    answer = number_answer(row["value_usd"], "USD", extractive=True) if table == "journeys" else text_answer(row[answer_column])
    needed: list[Evidence | None] = [proof(world, record_id, answer.forms)]
    for column, _, value in conditions:
        forms = _stated_forms(world, table, record_id, column, value)
        if forms:
            needed.append(proof(world, record_id, forms, "support"))
    evidence = proofs(*needed)
    if evidence is None:
        return None
    parts = [_spoken(world, table, condition) for condition in conditions]
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
            "conditions": [[c, o, v.isoformat() if isinstance(v, date) else v] for c, o, v in conditions],
            "column": answer_column,
            "unit": "USD" if table == "journeys" else None,
        },
        family=family_of(world, record_id),
    )


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _stated_forms(world: World, table: str, record_id: str, column: str, value: Any) -> tuple[str, ...]:
    """How the text states the fact that a condition is about; empty where the condition is a grouping that texts may leave out."""
    row = world.row(table, record_id)
    if column in {"brand", "category", "process_family"}:
        return ()
    if column == "release_year":
        return date_forms(row["release_date"])
    if column == "started_month":
        return date_forms(row["started_at"])
    if column == "device_id":
        return (world.row("devices", value)["name"],)
    if column == "customer_id":
        return (world.row("customers", value)["name"],)
    if column == "satisfaction":
        return (f"{value}/5",)
    attribute = next((a for a in BY_TABLE[table] if a.column == column), None)
    return forms_of(world, attribute, record_id) if attribute else ()


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
_RELATIONS = {"<": "less than ", ">": "more than ", "=": "", "!=": ""}


def _spoken(world: World, table: str, condition: Condition) -> str:
    column, operator, value = condition
    if column.endswith("_id"):
        owner = {"department_id": "departments", "device_id": "devices", "customer_id": "customers", "component_id": "components"}[column]
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


def negated(world: World, language: str = "en", category: str = "negated") -> Iterator[Draft]:
    """What is not there or not so: missing ports, quoted but not bought, not rated, not before."""
    return round_robin([_ports(world, category, language), _not_bought(world, category, language), _set_drafts(world, category, language, _others)])


_PORT_KINDS = ("HDMI", "Thunderbolt", "RJ45", "VGA", "audio jack", "microSD", "eSIM", "USB-A", "USB-C", "serial port", "nano-SIM", "SFP28")


def _ports(world: World, category: str, language: str) -> Iterator[Draft]:
    for place, (record_id, kind) in enumerate(spread(order_of(world, "devices", f"{category}/{language}/ports"), _PORT_KINDS)):
        row = world.row("devices", record_id)
        lacks = not any(kind.lower() in port.lower() for port in row["ports"])
        # Half of the answers are yes: a missing port is asked for only on every other place.
        if lacks != (place % 2 == 0):
            continue
        reference = named(world, "devices", record_id, language)
        evidence = proofs(*(proof(world, record_id, [port]) for port in row["ports"]))
        if reference is None or evidence is None:
            continue
        yield Draft(
            bank="lacks_port",
            category=category,
            anchor=world.anchors[record_id],
            answer=yes_no_answer(lacks),
            evidence=evidence,
            slots={"e": reference.phrase, "p": kind},
            program={"op": "lacks", "entity": reference.program, "column": "ports", "word": kind},
            language=language,
            family=row["family"],
        )


def _not_bought(world: World, category: str, language: str) -> Iterator[Draft]:
    for record_id in order_of(world, "journeys", f"{category}/{language}/quoted"):
        row = world.row("journeys", record_id)
        quoted, bought = row["quoted_device_ids"], row["bought_device_ids"]
        left = [d for d in quoted if d not in bought]
        reference = named(world, "journeys", record_id, language)
        if reference is None or not left or not bought or row["outcome"] == "open":
            continue
        names = [world.row("devices", d)["name"] for d in left]
        evidence = proofs(*(proof(world, record_id, [world.row("devices", d)["name"]]) for d in quoted))
        if evidence is not None:
            yield Draft(
                bank="not_bought",
                category=category,
                anchor=world.anchors[record_id],
                answer=text_answer(names[0]) if len(names) == 1 else list_answer(names),
                evidence=evidence,
                slots={"e": reference.phrase},
                program={"op": "not_bought", "entity": reference.program},
                language=language,
            )


_NOT: dict[str, tuple[tuple[str, str], ...]] = {
    "devices": (("operating_system", "!="), ("memory_gb", "!="), ("storage_gb", "!="), ("release_year", "!="), ("cpu_cores", "!=")),
    "processes": (("department_id", "!="), ("sla_hours", "!="), ("target_rate", "!=")),
    "incidents": (("severity", "!="), ("category", "!="), ("component_id", "!=")),
    "journeys": (("outcome", "!="), ("stage", "!=")),
}


def _others(world: World, category: str, language: str, members: Sequence[Any]) -> Iterator[Draft]:
    """Members of a set without a property that another member has: their names or, for journeys, how many they are."""
    table = members[0][0]
    for place, (column, operator) in spread([str(p) for p in range(len(members))], _NOT[table]):
        _, base, value, english, chinese, ids = members[int(place)]
        values = sorted({world.row(table, i)[column] for i in ids if world.row(table, i)[column] is not None}, key=str)
        if len(values) < 2:
            continue
        property_value = values[int(world.random("negated", table, value, column).integers(len(values)))]
        rest = [i for i in ids if holds(world.row(table, i)[column], operator, property_value)]
        names = [name_of(world, table, i) for i in rest] if table != "journeys" else []
        if not rest or len(set(names)) < len(names) or any(world.row(table, i)[column] is None for i in ids):
            continue
        answer = number_answer(len(rest), None, extractive=False) if table == "journeys" else list_answer(names) if len(names) > 1 else text_answer(names[0])
        needed = [proof(world, i, _stated_forms(world, table, i, column, None), "answer" if i in rest else "support") for i in ids if column != "category"]
        needed += [proof(world, i, [name_of(world, table, i)]) for i in rest if table != "journeys"]
        evidence = proofs(*needed)
        if not evidence:
            continue
        spoken = _negative(world, table, column, property_value, language)
        yield Draft(
            bank=f"others_{table}",
            category=category,
            anchor=world.anchors[ids[0]],
            answer=answer,
            evidence=evidence,
            slots={"s": english if language == "en" else chinese, "c": spoken},
            program={
                "op": "filter",
                "table": table,
                "conditions": [[base, "=", value], [column, operator, property_value]],
                "column": None if table == "journeys" else "error_code" if table == "incidents" else "name",
                "unit": None,
            },
            language=language,
            family=family_of(world, ids[0]),
        )


def _negative(world: World, table: str, column: str, value: Any, language: str) -> str:
    spoken = _spoken(world, table, (column, "=", value))
    verb, _, rest = spoken.partition(" ")
    if language != "en":
        return rest
    return {"is": "is not", "was": "was not"}.get(verb, f"does not {_INFINITIVE.get(verb, verb)}" if verb in _INFINITIVE else f"did not {_PAST.get(verb, verb)}") + " " + rest


_INFINITIVE = {"has": "have", "ships": "ship", "carries": "carry", "comes": "come", "weighs": "weigh", "allows": "allow", "wants": "want"}
_PAST = {"came": "come", "cost": "cost", "concerned": "concern", "began": "begin", "touched": "touch", "last": "last reach"}
