"""A question before it is phrased: what is asked of which records, and the answer computed from them.

Belongs here: the draft and its parts. Does not belong here: which questions exist (kinds), how they are worded (phrasing).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, TypeAlias

from lenovo_pipeline.gold.surfaces import date_forms, number_forms, plain, share_forms
from lenovo_pipeline.gold.world import World

AnswerType: TypeAlias = Literal["text", "number", "list", "yes_no", "refusal"]
Role: TypeAlias = Literal["answer", "support"]

REFUSAL = "The records do not say."
_REFUSALS = (
    "not recorded",
    "unknown",
    "not available",
    "cannot be answered from the records",
    "无法回答",
    "無法回答",
    "记录中没有",
    "記錄中沒有",
)
YES, NO = ("yes", "是", "true"), ("no", "否", "不是", "false")


@dataclass(frozen=True)
class Answer:
    """The canonical answer with what else counts as right. `forms` are all forms, the canonical ones of the texts first."""

    type: AnswerType
    canonical: str
    forms: tuple[str, ...] = ()
    unit: str | None = None
    items: tuple[str, ...] = ()
    extractive: bool = True


@dataclass(frozen=True)
class Evidence:
    """A record that the answer needs, and the forms in which its text states the needed fact (never empty)."""

    record_id: str
    role: Role
    surfaces: tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    """One question to be phrased. `bank` names its patterns; `wording` fills their fixed part, `slots` their open part.

    `evidence` is in the order of use; the question is made only if all of it lies in one split, and so do the `entities` that
    the answer names beside it. `anchor` decides the split.
    `patterns` replaces the bank: patterns of train, validation and test.
    """

    bank: str
    category: str
    anchor: str
    answer: Answer
    evidence: tuple[Evidence, ...]
    slots: dict[str, str]
    program: dict[str, Any]
    wording: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    family: str | None = None
    entities: tuple[str, ...] = ()
    patterns: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]] | None = None


def number_answer(value: float, unit: str | None, *, extractive: bool) -> Answer:
    """A number with its unit; a share of one (unit "1") is answered in percent. Computed numbers are rounded to two decimals."""
    if unit == "1":
        return Answer("number", plain(round(value * 100, 4)), share_forms(value), "%", extractive=extractive)
    value = value if extractive else round(value, 2)
    return Answer("number", plain(value), number_forms(value, unit), unit, extractive=extractive)


def text_answer(value: str, *others: str) -> Answer:
    return Answer("text", value, tuple(dict.fromkeys((value, *others))))


def date_answer(day: date) -> Answer:
    forms = date_forms(day)
    return Answer("text", forms[0], forms)


def yes_no_answer(value: bool) -> Answer:
    return Answer("yes_no", "yes" if value else "no", YES if value else NO, extractive=False)


def list_answer(items: Sequence[str]) -> Answer:
    return Answer("list", "; ".join(items), items=tuple(items), extractive=False)


def refusal() -> Answer:
    return Answer("refusal", REFUSAL, _REFUSALS, extractive=False)


def proof(world: World, record_id: str, forms: Sequence[str], role: Role = "answer") -> Evidence | None:
    """The record as evidence of a fact in one of these forms, or None where its text does not state it."""
    found = world.stated(record_id, forms)
    return Evidence(record_id, role, found) if found else None


def proofs(*evidence: Evidence | None) -> tuple[Evidence, ...] | None:
    """All of them, once per record, or None where one is missing."""
    merged: dict[str, Evidence] = {}
    for one in evidence:
        if one is None:
            return None
        known = merged.get(one.record_id)
        if known is None:
            merged[one.record_id] = one
        else:
            role: Role = "answer" if "answer" in (known.role, one.role) else "support"
            merged[one.record_id] = Evidence(one.record_id, role, tuple(dict.fromkeys((*known.surfaces, *one.surfaces))))
    return tuple(merged.values())
