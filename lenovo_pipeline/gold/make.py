"""All questions of a world: drafts of every kind, worded, split, without doubles, in balanced numbers.

Belongs here: the choice among drafts. Does not belong here: what can be asked (single.py, hops.py, aggregates.py and their like).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from lenovo_pipeline.enterprise.anchors import SPLITS, Split, split_of
from lenovo_pipeline.gold.absent import unanswerable
from lenovo_pipeline.gold.aggregates import aggregate
from lenovo_pipeline.gold.choosing import round_robin
from lenovo_pipeline.gold.comparisons import comparison
from lenovo_pipeline.gold.constraints import constrained
from lenovo_pipeline.gold.drafts import Draft
from lenovo_pipeline.gold.hops import multi_hop
from lenovo_pipeline.gold.leakage import is_sentence
from lenovo_pipeline.gold.negations import negated
from lenovo_pipeline.gold.phrasing import phrased
from lenovo_pipeline.gold.single import basic, chinese, paraphrased
from lenovo_pipeline.gold.surfaces import find
from lenovo_pipeline.gold.tables import CATEGORIES, QUESTIONS
from lenovo_pipeline.gold.versions import conflicting, temporal
from lenovo_pipeline.gold.world import World
from lenovo_pipeline.provenance import short_hash

_AT_SCALE_1: dict[Split, int] = {"train": 210, "validation": 50, "test": 170}
"""Most questions of one category in a split at scale 1."""


def _all_chinese(world: World) -> Iterator[Draft]:
    """Mostly look-ups, since those rest on Chinese texts where there are any; some comparisons and computations."""
    languages = ("zh-Hans", "zh-Hant")
    return round_robin(
        [
            source
            for language in languages
            for source in (
                *chinese(world, language),
                comparison(world, language, "chinese"),
                aggregate(world, language, "chinese"),
            )
        ]
    )


GENERATORS: dict[str, Callable[[World], Iterator[Draft]]] = {
    "basic": basic,
    "paraphrased": paraphrased,
    "multi_hop": multi_hop,
    "aggregate": aggregate,
    "comparison": comparison,
    "constrained": constrained,
    "temporal": temporal,
    "conflicting": conflicting,
    "negated": negated,
    "unanswerable": unanswerable,
    "chinese": _all_chinese,
}


def make_questions(frames: Mapping[str, pd.DataFrame], seed: int, scale: float) -> pd.DataFrame:
    """The questions that the records of a world can be asked, with their answers (contract QUESTIONS).

    `frames` are the enterprise tables by name. Up to scale 1 the number of questions grows with the scale, above it with
    its square root. Same frames, seed and scale, same questions. Raises KeyError naming missing tables.
    """
    world = World(frames, seed)
    seen: set[str] = set()
    sentences: dict[str, Split] = {}
    rows = [row for category in CATEGORIES for row in _questions(world, category, most(scale), seen, sentences)]
    return pd.DataFrame(rows, columns=list(QUESTIONS.column_names))


def most(scale: float) -> dict[Split, int]:
    """The most questions of one category in each split."""
    factor = max(scale, 0.02) if scale <= 1 else scale**0.5
    return {split: max(4, round(number * factor)) for split, number in _AT_SCALE_1.items()}


def _questions(
    world: World, category: str, limits: Mapping[Split, int], seen: set[str], sentences: dict[str, Split]
) -> Iterator[dict[str, Any]]:
    taken: Counter[Split] = Counter()
    asked: set[str] = set()
    for draft in GENERATORS[category](world):
        split = split_of(draft.anchor)
        if taken[split] >= limits[split]:
            if all(taken[s] >= limits[s] for s in SPLITS):
                return
            continue
        program = json.dumps(draft.program, sort_keys=True, default=str) + draft.language
        if program in asked or {world.split(i) for i in (*(one.record_id for one in draft.evidence), *draft.entities)} - {split}:
            continue
        # A sentence that answers a question of one split would be known by heart in another.
        if is_sentence(draft.answer.canonical) and draft.evidence and sentences.get(draft.answer.canonical, split) != split:
            continue
        wording = phrased(world, draft, split)
        if wording is None or wording[0].casefold() in seen or _gives_itself_away(draft, wording[0]):
            continue
        asked.add(program)
        sentences[draft.answer.canonical] = split
        seen.add(wording[0].casefold())
        taken[split] += 1
        yield _row(world, draft, split, *wording)


def _gives_itself_away(draft: Draft, question: str) -> bool:
    """Whether a question for one value holds it already: the country of a customer in Hong Kong. A choice names its options."""
    asks_for_one_value = draft.program["op"] in {"lookup", "fact", "parameter", "element"} and draft.answer.type == "text"
    return asks_for_one_value and bool(find(question.lower(), [draft.answer.canonical]))


def _row(world: World, draft: Draft, split: Split, question: str, phrasing: str) -> dict[str, Any]:
    answer = draft.answer
    found = [surface for one in draft.evidence if one.role == "answer" for surface in one.surfaces]
    forms = [form for form in found if form in answer.forms] + list(answer.forms)
    text = f"{question}\n{answer.canonical}"
    return {
        "question_id": f"GQ-{short_hash(text)}",
        "question": question,
        "answer_type": answer.type,
        "unit": answer.unit,
        "answer": answer.canonical,
        "answer_items": list(answer.items or (answer.canonical,)),
        "aliases": [form for form in dict.fromkeys(forms) if form != answer.canonical],
        "extractive": answer.extractive,
        "evidence_ids": [one.record_id for one in draft.evidence],
        "evidence_types": [world.table_of[one.record_id] for one in draft.evidence],
        "evidence_facts": [{"role": one.role, "surfaces": list(one.surfaces)} for one in draft.evidence],
        "alternate_ids": _retelling(world, draft, split),
        "category": draft.category,
        "language": draft.language,
        "split": split,
        "anchor": draft.anchor,
        "family": draft.family,
        "phrasing": phrasing,
        "program": draft.program,
    }


def _retelling(world: World, draft: Draft, split: Split) -> list[str]:
    """Records of the same split that retell a record with an answer and state its fact in one of the same forms."""
    needed = {one.record_id for one in draft.evidence}
    found = [
        record_id
        for one in draft.evidence
        if one.role == "answer"
        for record_id in world.retold(one.record_id)
        if record_id not in needed and world.split(record_id) == split and world.stated(record_id, one.surfaces)
    ]
    return list(dict.fromkeys(found))
