"""Questions about one value of one record: basic, paraphrased and Chinese.

Belongs here: look-ups. Does not belong here: anything that needs two records (hops, sets, versions).
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from lenovo_pipeline.enterprise.texts import rendering
from lenovo_pipeline.enterprise.texts.voices import fact_term
from lenovo_pipeline.gold.attributes import BY_TABLE, Attribute
from lenovo_pipeline.gold.choosing import family_of, order_of, round_robin, spread
from lenovo_pipeline.gold.describe import Reference, described, named
from lenovo_pipeline.gold.drafts import Answer, Draft, number_answer, proof, proofs, text_answer
from lenovo_pipeline.gold.world import World


def value_draft(
    world: World,
    category: str,
    language: str,
    record_id: str,
    reference: Reference,
    attribute: Attribute,
    patterns: Any = None,
) -> Draft | None:
    """Ask for one attribute of the record that the reference names, if its text states it."""
    table = attribute.table
    row = world.row(table, record_id)
    answer = attribute.answer(world, row)
    if answer is None:
        return None
    evidence = proofs(*reference.hops, proof(world, record_id, answer.forms))
    if evidence is None:
        return None
    return Draft(
        bank="number" if attribute.is_number else "day" if attribute.day else "value",
        category=category,
        anchor=world.anchors[record_id],
        answer=answer,
        evidence=evidence,
        slots={"e": reference.phrase},
        wording={"noun": attribute.noun if language == "en" else attribute.chinese},
        program={"op": "lookup", "entity": reference.program, "column": attribute.column, "unit": attribute.unit},
        language=language,
        family=family_of(world, record_id),
        patterns=patterns,
    )


def basic(world: World) -> Iterator[Draft]:
    """Plain questions with plain names."""
    return round_robin(
        [
            *(_lookups(world, table, "basic", "en") for table in BY_TABLE),
            document_facts(world, "basic", "en"),
            parameters(world, "basic", "en"),
            steps(world, "basic", "en"),
        ]
    )


def chinese(world: World, language: str) -> list[Iterator[Draft]]:
    """Plain questions in one of the Chinese scripts, by source; records whose texts are written in it come first."""
    return [
        *(_lookups(world, table, "chinese", language) for table in BY_TABLE),
        document_facts(world, "chinese", language),
        parameters(world, "chinese", language),
        steps(world, "chinese", language),
    ]


def paraphrased(world: World) -> Iterator[Draft]:
    """Questions in other words than the records use, about records that are described rather than named."""
    return round_robin([_paraphrases(world, table) for table in BY_TABLE])


def _lookups(world: World, table: str, category: str, language: str) -> Iterator[Draft]:
    ids = order_of(world, table, f"{category}/{language}")
    if language != "en":
        ids = _same_language_first(world, ids, language)
    for record_id, attribute in spread(ids, BY_TABLE[table]):
        references = (
            described(world, table, record_id, language) if category == "chinese" else _one(named(world, table, record_id))
        )
        for reference in references:
            draft = value_draft(world, category, language, record_id, reference, attribute)
            if draft is not None and attribute.column not in reference.where:
                yield draft
                break


def _one(reference: Reference | None) -> list[Reference]:
    return [] if reference is None else [reference]


def _same_language_first(world: World, ids: Sequence[str], language: str) -> list[str]:
    """Records whose text is in the language of the question, then a share of the others, so that both kinds occur."""
    return sorted(ids, key=lambda record_id: world.row(world.table_of[record_id], record_id)["language"] != language)


def _paraphrases(world: World, table: str) -> Iterator[Draft]:
    attributes = [attribute for attribute in BY_TABLE[table] if attribute.paraphrases]
    for record_id, attribute in spread(order_of(world, table, "paraphrased"), attributes):
        for reference in described(world, table, record_id):
            if attribute.column in reference.where:
                continue
            draft = value_draft(world, "paraphrased", "en", record_id, reference, attribute, attribute.paraphrases)
            if draft is not None:
                yield draft


def fact_noun(name: str, language: str = "en") -> str:
    """What a document fact is called in a question: action_item_count -> number of action items."""
    noun = fact_term(name, language)
    plural = language == "en" and name.endswith("_count") and not noun.endswith("s")
    return f"{noun}s" if plural else noun


def fact_answer(name: str, value: Any) -> Answer:
    """A fact of a document: a number with the unit in its name, or text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_answer(value, rendering.fact_unit(name) or None, extractive=True)
    return text_answer(str(value))


def document_facts(world: World, category: str, language: str) -> Iterator[Draft]:
    """What a document states that has no other version, so that its title leaves no doubt."""
    superseded = world.group("documents", "supersedes_id")
    for record_id in order_of(world, "documents", f"{category}/{language}/facts"):
        row = world.row("documents", record_id)
        reference = named(world, "documents", record_id, language)
        if reference is None or row["supersedes_id"] is not None or record_id in superseded:
            continue
        for name, value in sorted(loaded(row["facts"]).items()):
            answer = fact_answer(name, value)
            evidence = proofs(proof(world, record_id, answer.forms))
            if evidence is not None:
                yield Draft(
                    bank="number",
                    category=category,
                    anchor=world.anchors[record_id],
                    answer=answer,
                    evidence=evidence,
                    slots={"e": reference.phrase},
                    wording={"noun": fact_noun(name, language)},
                    program={"op": "fact", "entity": reference.program, "fact": name},
                    language=language,
                    family=family_of(world, record_id),
                )


def loaded(value: Any) -> Any:
    """A JSON column, as frames hold it before (Python values) and after (text) it was stored."""
    return json.loads(value) if isinstance(value, str) else value


def parameters(world: World, category: str, language: str) -> Iterator[Draft]:
    """Values and limits of the parameters that technical documents list."""
    fields = ("value", "minimum", "maximum")
    for place, record_id in enumerate(order_of(world, "technical_docs", f"{category}/{language}/parameters")):
        row = world.row("technical_docs", record_id)
        reference = named(world, "technical_docs", record_id, language)
        listed = loaded(row["parameters"])
        if reference is None or not listed:
            continue
        for offset, parameter in enumerate(listed):
            name, asked = parameter["name"], fields[(place + offset) % len(fields)]
            value = parameter.get(asked)
            if value is None or [p["name"] for p in listed].count(name) > 1:
                continue
            number = isinstance(value, int | float) and not isinstance(value, bool)
            answer = number_answer(value, parameter.get("unit") or None, extractive=True) if number else text_answer(str(value))
            evidence = proofs(proof(world, record_id, answer.forms), proof(world, record_id, [name], "support"))
            if evidence is not None:
                yield Draft(
                    bank=f"parameter_{asked}",
                    category=category,
                    anchor=world.anchors[record_id],
                    answer=answer,
                    evidence=evidence,
                    slots={"e": reference.phrase, "p": name},
                    program={"op": "parameter", "entity": reference.program, "parameter": name, "field": asked},
                    language=language,
                    family=family_of(world, record_id),
                )


def steps(world: World, category: str, language: str) -> Iterator[Draft]:
    """The first and the last step of a process or of a resolution, and the step after another one."""
    return round_robin(
        [
            _steps(world, table, column, category, language)
            for table, column in (("processes", "steps"), ("support_articles", "resolution_steps"))
        ]
    )


def _steps(world: World, table: str, column: str, category: str, language: str) -> Iterator[Draft]:
    for place, record_id in enumerate(order_of(world, table, f"{category}/{language}/steps")):
        row = world.row(table, record_id)
        listed: list[str] = row[column]
        reference = named(world, table, record_id, language)
        if reference is None or len(listed) < 3 or len(set(listed)) < len(listed):
            continue
        bank, position = (("first_step", 0), ("last_step", len(listed) - 1), ("next_step", 1 + place % (len(listed) - 2)))[
            place % 3
        ]
        evidence = proofs(proof(world, record_id, [listed[position]]))
        if evidence is not None:
            yield Draft(
                bank=bank,
                category=category,
                anchor=world.anchors[record_id],
                answer=text_answer(listed[position]),
                evidence=evidence,
                slots={"e": reference.phrase, "s": listed[position - 1].rstrip(".。")},
                program={"op": "element", "entity": reference.program, "column": column, "position": position},
                language=language,
                family=family_of(world, record_id),
            )
