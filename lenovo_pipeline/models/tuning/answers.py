"""What a tuned model should say to a gold question: the evidence word for word, then the answer.

Belongs here: quoting evidence from the passages shown. Does not belong here: which passages are shown (passages.py).
The form is the one that `lenovo-nano` was pretrained with (pretraining.questions.cited).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lenovo_pipeline.gold.surfaces import find
from lenovo_pipeline.measures.reading import ANSWER_MARK, NOT_STATED
from lenovo_pipeline.models.pretraining.questions import NO_ENTITY, NO_FACT

_MOST_TOKENS = 110
"""Longest completion, by estimate: evaluation reads 128 tokens."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_UNITS = re.compile(
    r"_(id|usd|gb|kb|hours|days|months|weeks|minutes|percent|units|count|kg|mah|wh|hz|inch|watts|w|celsius|decibels)$"
)
_ATTRIBUTES = {
    "value_usd": "order value",
    "units": "units ordered",
    "started_at": "start",
    "published_at": "publication date",
    "target_rate": "target",
    "sla_hours": "time limit",
    "stage": "last stage",
    "cpu": "processor",
}
"""Names of attributes where the column's own is no plain word."""


@dataclass(frozen=True)
class Shown:
    """A passage as it is shown: its number from 1, the record that it is from, and its text."""

    number: int
    record_id: str
    text: str


def completion(question: Mapping[str, Any], shown: Sequence[Shown], names: Mapping[str, Sequence[str]]) -> str:
    """What should be said; `question` is a row of gold.questions, `names` the names of each record, best first.

    Evidence that no passage states word for word is left out, and so is what would make the completion too long: first the
    records that only lead to the answer, then the lines in favour of the values alone, at last all evidence.
    """
    program = _json(question["program"])
    if question["answer_type"] == "refusal":
        return _refusal(str(question["question"]), program, shown)
    attribute = attribute_of(program)
    facts = list(zip(question["evidence_ids"], _json(question["evidence_facts"]), strict=True))
    answering = [(record_id, fact) for record_id, fact in facts if fact["role"] == "answer"]
    answer = f"{ANSWER_MARK} {_answer(question, shown)}"
    for chosen, lines in ((facts, True), (answering, True), (facts, False), (answering, False)):
        quoted = [
            line
            for record_id, fact in chosen
            for line in _quotes(record_id, fact, attribute, shown, _name(question, names[record_id]), lines=lines)
        ]
        said = "\n".join((*dict.fromkeys(quoted), answer))
        if estimated_tokens(said) <= _MOST_TOKENS:
            return said
    return answer


def estimated_tokens(text: str) -> float:
    """About how many tokens of a small vocabulary a text has: 2.4 Latin letters or two thirds of a Chinese one in each."""
    wide = sum(ord(letter) > 0x2E7F for letter in text)
    return (len(text) - wide) / 2.4 + wide * 1.5


def attribute_of(program: Mapping[str, Any]) -> str:
    """What a question asks for, in plain words that are the same however it is asked."""
    if program["op"] == "parameter":
        return f"{program['parameter']}, {str(program['field']).replace('_', ' ')}"
    if program["op"] == "element":
        return f"step {program['position']}"
    if program["op"] == "days_between":
        return "release date"
    if program["op"] == "filter" and program.get("conditions"):
        return ", ".join(dict.fromkeys(_plain(str(condition[0])) for condition in program["conditions"]))
    return _plain(str(program.get("by") or program.get("column") or program.get("fact") or "name"))


def units(text: str) -> list[str]:
    """What can be quoted of a passage: its lines, and of running text its sentences."""
    found: list[str] = []
    for line in text.splitlines():
        listed = line.lstrip().startswith(("|", "-", "*", "#")) or re.match(r"\s*\d+[.)、]", line)
        found += [line.strip()] if listed else [part.strip() for part in _SENTENCE.split(line)]
    return [unit for unit in found if unit]


def _quotes(
    record_id: str, fact: Mapping[str, Any], attribute: str, shown: Sequence[Shown], name: str, *, lines: bool
) -> list[str]:
    """The evidence of one record: for each fact that it states the line, or the fact alone."""
    places = [(one.number, unit) for one in shown if one.record_id == record_id for unit in units(one.text)]
    wanted = [surface for surface in dict.fromkeys(fact["surfaces"]) if surface.lower() != name.lower()] or [name]
    found: list[str] = []
    while wanted:
        ranked = [(len(_stated(unit, wanted)), -place) for place, (_, unit) in enumerate(places)]
        most, place = max(ranked, default=(0, 0))
        if not most:
            break
        number, unit = places[-place]
        stated = _stated(unit, wanted)
        found.append(f"For {name} [{number}] {attribute}:\n{unit if lines else ', '.join(stated)}")
        wanted = [surface for surface in wanted if surface not in stated]
    return found


def _stated(unit: str, surfaces: Sequence[str]) -> list[str]:
    return find(unit.lower(), surfaces)


def _refusal(question: str, program: Mapping[str, Any], shown: Sequence[Shown]) -> str:
    answer = f"{ANSWER_MARK} {NOT_STATED}"
    name = str(program.get("name") or next(iter(program.get("where", {}).values()), ""))
    start = question.lower().find(name.lower())
    if not name or start < 0:
        return answer
    name = question[start : start + len(name)]
    where = next((one.number for one in shown if name.lower() in one.text.lower()), None)
    if where is None:
        return f"For {name}: {NO_ENTITY}\n{answer}"
    terms = [str(term) for term in program.get("terms", ())]
    asked = next((term for term in terms if term.lower() in question.lower()), next(iter(terms), "fact"))
    return f"For {name} [{where}] {asked}:\n{NO_FACT}\n{answer}"


def _answer(question: Mapping[str, Any], shown: Sequence[Shown]) -> str:
    """The right form that the passages use, so that it can be copied; the canonical one where they use none."""
    if question["answer_type"] not in ("text", "number"):
        return str(question["answer"])
    text = "\n".join(one.text for one in shown).lower()
    stated = find(text, [*question["aliases"], question["answer"]]) if question["extractive"] else []
    return stated[0] if stated else str(question["answer"])


def _name(question: Mapping[str, Any], names: Sequence[str]) -> str:
    """What to call a record: by the name that the question uses, if it does."""
    return next((name for name in names if name.lower() in str(question["question"]).lower()), names[0])


def _plain(column: str) -> str:
    return _ATTRIBUTES.get(column) or _UNITS.sub("", column).replace("_", " ")


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
