"""Conversations: passages with several questions behind them, tool requests, and questions without passages.

Belongs here: how passages and questions are put together into the messages that the model is trained on and measured by.
"""

from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from lenovo_pipeline.measures.reading import question_messages
from lenovo_pipeline.models.pretraining import words
from lenovo_pipeline.models.pretraining.documents import CHINESE, ENGLISH, Passage, draw_facts, passage, procedure
from lenovo_pipeline.models.pretraining.questions import Asked, Questions
from lenovo_pipeline.models.pretraining.values import Invention

CLOSED_BOOK_ANSWER = "Answer: not stated"


@dataclass
class Conversation:
    """Messages with the tools shown, and for each turn of the assistant what is asked for."""

    messages: list[dict[str, str]]
    asked: list[Asked]
    tools: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """What a reading conversation is made of: how many passages, facts in each, turns, and how often each kind of question
    comes.
    """

    passages: tuple[int, ...] = (1,)
    facts: tuple[int, int] = (2, 4)
    turns: tuple[int, int] = (3, 4)
    questions: tuple[tuple[str, float], ...] = (("lookup", 1.0),)
    chinese: float = 0.0
    similar: float = 0.2  # share of further entities that share most of their name with the first
    shared: float = 0.6  # share of further passages with the attributes of the first
    loose: float = 0.0  # share of look-ups that are worded without a pattern
    free: float = 0.0  # share of the other kinds of questions that are
    strange: float = 0.0  # share of names, labels and values made of words that stand in no list
    varied: float = 0.0  # share of passages in one of the further forms


@cache
def _to_traditional(text: str) -> str:
    from opencc import OpenCC

    return str(_converter_of(OpenCC).convert(text))


@cache
def _converter_of(kind: Any) -> Any:
    return kind("s2t")


def compose(random: Random, plan: Reading, *, held_out: bool = False) -> list[Passage]:
    """The passages of one conversation; their language is Chinese with the plan's probability."""
    invention = Invention(random, held_out=held_out, strange=plan.strange)
    language = CHINESE if random.random() < plan.chinese else ENGLISH
    kind = random.choice(words.ENTITY_KINDS)
    count = random.choice(plan.passages)
    passages: list[Passage] = []
    attributes = draw_facts(invention, random.randint(*plan.facts), language)
    first = invention.chinese_entity() if language == CHINESE else invention.entity()
    asks_steps = any(name in ("step", "count") for name, _ in plan.questions)
    asks_chain = any(name == "chain" for name, _ in plan.questions)
    for place in range(count):
        entity = first
        if place:
            entity = invention.chinese_entity() if language == CHINESE else invention.entity()
            if random.random() < plan.similar:
                entity = invention.similar(first)
            elif asks_chain and random.random() < 0.5:
                links = [fact.value for fact in passages[0].facts if fact.kind in ("company", "code", "model", "person")]
                entity = random.choice(links) if links else entity
            elif random.random() < 0.15:
                entity = first  # another section of the same document
            if entity == first or random.random() > plan.shared:
                attributes = draw_facts(invention, random.randint(*plan.facts), language)
                taken = {label for one in passages if one.entity == entity for fact in one.facts for label in fact.names}
                attributes = [
                    one for one in attributes if one[1] not in taken and not taken.intersection(one[0].labels)
                ] or attributes[:1]
            elif random.random() < 0.5:
                attributes = random.sample(attributes, len(attributes))
        if asks_steps and language == ENGLISH and random.random() < 0.3:
            passages.append(procedure(invention, entity, kind))
        else:
            passages.append(passage(invention, entity, kind, attributes, language, plan.varied))
    random.shuffle(passages)
    for number, one in enumerate(passages, start=1):
        one.number = number
    return passages


def reading(random: Random, plan: Reading, *, held_out: bool = False) -> Conversation:
    """Passages, and several different questions about them as further turns of one chat."""
    while True:
        passages = compose(random, plan, held_out=held_out)
        language = CHINESE if any("\u4e00" <= letter <= "\u9fff" for letter in passages[0].text) else ENGLISH
        invention = Invention(random, held_out=held_out, strange=plan.strange)
        questions = Questions(invention, passages, language, held_out=held_out, loose=plan.loose, free=plan.free)
        weights = dict(plan.questions)
        asked: list[Asked] = []
        wanted = random.randint(*plan.turns)
        for skill in random.choices(list(weights), weights=list(weights.values()), k=3 * wanted):
            one = questions.draw(skill)
            if one and all(
                one.question != other.question and (one.answer != other.answer or skill != "lookup") for other in asked
            ):
                asked.append(one)
            if len(asked) == wanted:
                break
        if asked:
            break
    messages = question_messages(asked[0].question, [one.text for one in passages])
    messages.append({"role": "assistant", "content": asked[0].completion})
    for one in asked[1:]:
        messages += [{"role": "user", "content": f"Question: {one.question}"}, {"role": "assistant", "content": one.completion}]
    if language == CHINESE and random.random() < 0.4:
        return _traditional(messages, asked)
    return Conversation(messages, asked)


def _traditional(messages: list[dict[str, str]], asked: list[Asked]) -> Conversation:
    converted = [
        message if message["role"] == "system" else {**message, "content": _to_traditional(message["content"])}
        for message in messages
    ]
    return Conversation(
        converted,
        [
            Asked(one.skill, _to_traditional(one.question), _to_traditional(one.completion), _to_traditional(one.answer))
            for one in asked
        ],
    )


def closed_book(random: Random, *, held_out: bool = False) -> Conversation:
    """Questions without passages: the model does not know."""
    plan = Reading(passages=(1,), chinese=0.15, turns=(2, 4))
    shown = reading(random, plan, held_out=held_out)
    messages: list[dict[str, str]] = []
    asked = [Asked("closed_book", one.question, CLOSED_BOOK_ANSWER, "not stated") for one in shown.asked]
    for one in asked:
        opened = question_messages(one.question) if not messages else [{"role": "user", "content": f"Question: {one.question}"}]
        messages += [*opened, {"role": "assistant", "content": one.completion}]
    return Conversation(messages, asked)
