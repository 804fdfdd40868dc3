"""Questions about two records of one split in one number: comparison.

Belongs here: which has more, whether it has, and by how much. Does not belong here: what came first (versions.py).
"""

from collections.abc import Iterator
from typing import Any

from lenovo_pipeline.gold.attributes import Attribute, numbers
from lenovo_pipeline.gold.choosing import family_of, order_of, round_robin, spread
from lenovo_pipeline.gold.describe import named
from lenovo_pipeline.gold.drafts import Answer, Draft, Evidence, number_answer, proof, proofs, text_answer, yes_no_answer
from lenovo_pipeline.gold.groups import forms_of, name_of
from lenovo_pipeline.gold.world import World


def comparison(world: World, language: str = "en", category: str = "comparison") -> Iterator[Draft]:
    """Two records of one split in one number: which has more, whether it has, and by how much."""
    return round_robin(
        [_comparisons(world, category, language, table) for table in ("devices", "processes", "incidents", "journeys")]
    )


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
        asked = ("which", "whether", "difference")[place % 3]
        draft = _compare(world, category, language, (first, second), attribute, asked, larger=place % 2 == 0)
        if draft is not None:
            yield draft


def _compare(
    world: World, category: str, language: str, pair: tuple[str, str], attribute: Attribute, asked: str, *, larger: bool
) -> Draft | None:
    table = attribute.table
    first, second = pair
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
        wording={
            "noun": attribute.noun if language == "en" else attribute.chinese,
            "more": str(direction),
            "verb": _verb(str(direction)),
        },
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


def _verb(direction: str) -> str:
    """`is` before an adjective (heavier), `has` before a noun."""
    return "is" if direction.split()[0] in {"heavier", "lighter", "cheaper"} or direction.startswith("more expensive") else "has"
