"""Questions about what is not there or not so: negated."""

from collections.abc import Iterator, Sequence

from lenovo_pipeline.gold.choosing import family_of, order_of, round_robin, spread
from lenovo_pipeline.gold.conditions import holds, spoken, stated_forms
from lenovo_pipeline.gold.describe import named
from lenovo_pipeline.gold.drafts import Draft, list_answer, number_answer, proof, proofs, text_answer, yes_no_answer
from lenovo_pipeline.gold.groups import Group, name_of, of_all_groups
from lenovo_pipeline.gold.world import World


def negated(world: World, language: str = "en", category: str = "negated") -> Iterator[Draft]:
    """What is not there or not so: missing ports, quoted but not bought, not rated, not before."""
    return round_robin(
        [
            _ports(world, category, language),
            _not_bought(world, category, language),
            of_all_groups(world, category, language, _others),
        ]
    )


_PORT_KINDS = (
    "HDMI",
    "Thunderbolt",
    "RJ45",
    "VGA",
    "audio jack",
    "microSD",
    "eSIM",
    "USB-A",
    "USB-C",
    "serial port",
    "nano-SIM",
    "SFP28",
)


def _ports(world: World, category: str, language: str) -> Iterator[Draft]:
    """Missing ports and present ones in turn, so that half of the answers are yes."""
    return round_robin([_port_drafts(world, category, language, lacking) for lacking in (True, False)])


def _port_drafts(world: World, category: str, language: str, lacking: bool) -> Iterator[Draft]:
    for record_id, kind in spread(order_of(world, "devices", f"{category}/{language}/ports"), _PORT_KINDS):
        row = world.row("devices", record_id)
        lacks = not any(kind.lower() in port.lower() for port in row["ports"])
        if lacks != lacking:
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
                entities=tuple(left),
                language=language,
            )


_NOT: dict[str, tuple[str, ...]] = {
    "devices": ("operating_system", "memory_gb", "storage_gb", "release_year", "cpu_cores"),
    "processes": ("department_id", "sla_hours", "target_rate"),
    "incidents": ("severity", "component_id"),
    "journeys": ("stage",),
}


def _others(world: World, category: str, language: str, members: Sequence[Group]) -> Iterator[Draft]:
    """Members of a set without a property that another member has: their names or, for journeys, how many they are."""
    for group, column in spread(members, _NOT[members[0].table]):
        draft = _rest(world, category, language, group, column)
        if draft is not None:
            yield draft


def _rest(world: World, category: str, language: str, group: Group, column: str) -> Draft | None:
    table = group.table
    values = {i: world.row(table, i)[column] for i in group.ids}
    different = sorted({v for v in values.values() if v is not None}, key=str)
    if len(different) < 2 or None in values.values():
        return None
    excluded = different[int(world.random("negated", table, group.value, column).integers(len(different)))]
    rest = [i for i in group.ids if holds(values[i], "!=", excluded)]
    counted = table == "journeys"
    names = [] if counted else [name_of(world, table, i) for i in rest]
    if len(set(names)) < len(names):
        return None
    stated = [proof(world, i, stated_forms(world, table, i, column), "answer" if i in rest else "support") for i in group.ids]
    evidence = proofs(*stated, *(proof(world, i, [name]) for i, name in zip(rest, names, strict=not counted)))
    if evidence is None:
        return None
    answer = (
        number_answer(len(rest), None, extractive=False)
        if counted
        else list_answer(names)
        if len(names) > 1
        else text_answer(*names)
    )
    return Draft(
        bank=f"others_{table}",
        category=category,
        anchor=world.anchors[group.ids[0]],
        answer=answer,
        evidence=evidence,
        slots={"s": group.phrase, "c": spoken(world, table, (column, "=", excluded))},
        program={
            "op": "filter",
            "table": table,
            "conditions": [[group.column, "=", group.value], [column, "!=", excluded]],
            "column": None if counted else "error_code" if table == "incidents" else "name",
            "unit": None,
        },
        language=language,
        family=family_of(world, group.ids[0]),
    )
