"""Records and the passages that state them: headings with the entity, and facts as bullets, key-value lines, tables or prose.

Belongs here: how a fact looks in a document, and which line of it is the evidence. Questions belong to `questions`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from lenovo_pipeline.models.pretraining import forms, strange, words
from lenovo_pipeline.models.pretraining.values import Invention

CHINESE = "zh"
ENGLISH = "en"


@dataclass(frozen=True)
class Fact:
    """One attribute of one entity as a passage states it: the names to ask by, the value, and the line that says so, word for
    word.
    """

    names: tuple[str, ...]
    direct: tuple[str, ...]
    kind: str
    value: str
    line: str = ""


@dataclass
class Passage:
    """A piece of a document about one entity; `number` is its place among the passages shown, from 1."""

    entity: str
    entity_kind: str
    text: str
    facts: list[Fact]
    steps: list[str] = field(default_factory=list)
    number: int = 0


# {a} label, {A} label with a capital, {v} value, {e} entity, {f} another person, {d} a date
_PROSE = (
    "The {a} is {v}.",
    "The {a} of {e} is {v}.",
    "{e} has the {a} {v}.",
    "Its {a} is {v}.",
    "{A}: {v}.",
    "As {a} we noted {v}.",
    "The {a} stands at {v} since {d}.",
    "We put the {a} down as {v}.",
    "For {e} the {a} reads {v}.",
    "{f} gave {v} as the {a}.",
    "On {d} the {a} was found to be {v}.",
    "By agreement with {f}, the {a} is {v}.",
    "The {a} was {v} when {f} looked.",
    "In the books the {a} appears as {v}.",
    "According to {f}, {e} shows {v} for the {a}.",
    "{v} is what the label gives for the {a}.",
    "With {v} as its {a}, it meets the rules.",
    "The {a}, {v}, did not change in the meantime.",
    "Here the {a} equals {v}, which {f} confirmed.",
)
_CHINESE_PROSE = (
    "{a}是{v}。",
    "{e}的{a}是{v}。",
    "{a}为{v}。",
    "{e}的{a}为{v}。",
    "目前{a}为{v}。",
    "经{f}确认，{a}是{v}。",
    "{d}记录的{a}为{v}。",
    "{a}：{v}。",
    "该项目的{a}达到{v}。",
)
_BULLETS = (
    "- {A}: {v}",
    "- {A}: {v}",
    "* {A}: {v}",
    "- {a}: {v}",
    "- {A} = {v}",
    "- {a}, {v}",
    "- **{A}**: {v}",
    "- {v} ({a})",
    "- for {a}: {v}",
    "- {A} - {v}",
)
_KEY_VALUES = ("{A}: {v}", "{A}: {v}", "{a} = {v}", "{A} - {v}")
_CHINESE_BULLETS = ("- {a}：{v}", "- {a}: {v}", "* {a}：{v}")


def draw_facts(
    invention: Invention, count: int, language: str, attributes: Sequence[words.Attribute | str] | None = None
) -> list[tuple[words.Attribute, str]]:
    """Attributes with their labels, at random: mostly known ones, for the rest invented from common words (`average pump
    width`).
    """
    random = invention.random
    drawn: list[tuple[words.Attribute, str]] = []
    for attribute in random.sample(words.ATTRIBUTES, count):
        if language == ENGLISH and random.random() < 0.35:
            label = f"{random.choice(words.NOUNS)} {random.choice(words.NOUNS)}"
            if random.random() < 0.5:
                label = f"{random.choice(words.ADJECTIVES)} {label if random.random() < 0.3 else random.choice(words.NOUNS)}"
            kind = random.choice(
                (
                    "weight",
                    "length",
                    "watt",
                    "minutes",
                    "count",
                    "percent",
                    "money",
                    "code",
                    "person",
                    "phrase",
                    "level",
                    "gigabyte",
                    "date",
                )
            )
            attribute = words.Attribute((label,), (), kind, "")
            if invention.unlisted(0.7):
                attribute = words.Attribute((strange.term(random, 1, 3).lower(),), (), kind, "")
        label = attribute.chinese if language == CHINESE else random.choice(attribute.labels)
        drawn.append((attribute, label))
    return drawn


def state(
    invention: Invention, entity: str, attributes: Sequence[tuple[words.Attribute, str]], language: str, style: str
) -> list[Fact]:
    """The facts of one entity with the line that states each; `style` is bullets, keys, table or prose."""
    random = invention.random
    chinese = language == CHINESE
    shared = random.choice(_BULLETS if style == "bullets" else _KEY_VALUES)
    if chinese:
        shared = random.choice(_CHINESE_BULLETS) if style == "bullets" else "{a}：{v}"
    facts = []
    for attribute, label in attributes:
        value = invention.chinese_value(attribute.kind) if chinese else invention.value(attribute.kind)
        if style == "table":
            pattern = "| {a} | {v} |" if chinese else "| {A} | {v} |"
        elif style == "prose":
            pattern = random.choice(_CHINESE_PROSE if chinese else _PROSE)
        else:
            pattern = shared
        line = pattern.format(
            a=label,
            A=label[:1].upper() + label[1:],
            v=value,
            e=entity,
            f=invention.person() if "{f}" in pattern else "",
            d=invention.date() if "{d}" in pattern else "",
        )
        line = line[:1].upper() + line[1:] if style == "prose" else line
        facts.append(_fact(attribute, label, value, line, language))
    return facts


def _fact(attribute: words.Attribute, label: str, value: str, line: str, language: str) -> Fact:
    if language == CHINESE:
        return Fact((attribute.chinese,), (), attribute.kind, value, line)
    direct = tuple(filter(lambda text: text != "?", attribute.direct))
    return Fact((label, label, *attribute.labels, *attribute.asked), direct, attribute.kind, value, line)


def _body(random: Random, facts: Sequence[Fact], style: str, language: str) -> str:
    lines = [fact.line for fact in facts]
    if style == "table":
        head = (
            "| 项目 | 内容 |"
            if language == CHINESE
            else random.choice(("| Field | Value |", "| Item | Entry |", "| Key | Content |"))
        )
        return "\n".join((head, "|---|---|", *lines))
    if style == "prose":
        if language == ENGLISH and random.random() < 0.5:
            lines.insert(random.randint(0, len(lines)), random.choice(words.FILLERS))
        return ("" if language == CHINESE else " ").join(lines)
    lead = f"{random.choice(words.FILLERS)}\n\n" if language == ENGLISH and random.random() < 0.2 else ""
    return lead + "\n".join(lines)


def _head(invention: Invention, entity: str, kind: str, language: str) -> str:
    random = invention.random
    if language == CHINESE:
        title = random.choice(("{e}", "{e}", "{e}说明", "关于{e}", "{e}概述", "{c}：{e}", "{e}（{c}）")).format(
            e=entity, c=invention.code()
        )
        section = random.choice(words.CHINESE_WORDS)
    else:
        title = random.choice(words.TITLES).format(e=entity, c=invention.code(), k=kind, K=kind.capitalize())
        section = random.choice(words.SECTIONS)
        if invention.unlisted():
            section = strange.phrase(random, 1, 4)
        if invention.unlisted():
            title = f"{strange.phrase(random, 1, 3)}{random.choice((': ', ' - ', ' '))}{entity}"
    form = random.random()
    if form < 0.35:
        return f"# {title}\n\n## {section}\n\n"
    if form < 0.6:
        return f"{title}\n\n## {section}\n\n"
    if form < 0.75:
        return f"# {title}\n\n"
    if form < 0.9:
        return f"{title} > {section}\n\n"
    return f"{title}\n\n"


def passage(
    invention: Invention,
    entity: str,
    kind: str,
    attributes: Sequence[tuple[words.Attribute, str]],
    language: str = ENGLISH,
    varied: float = 0.0,
) -> Passage:
    """A passage about this entity that states these attributes; `varied` is how often it is in one of the further forms."""
    random = invention.random
    if varied and language == ENGLISH and random.random() < varied:
        stated = [(label, invention.value(attribute.kind)) for attribute, label in attributes]
        lines, body = forms.further(random, entity, stated)
        facts = [
            _fact(attribute, label, value, line, language)
            for (attribute, label), (_, value), line in zip(attributes, stated, lines, strict=True)
        ]
        return Passage(entity, kind, _head(invention, entity, kind, language) + body, facts)
    style = random.choices(("bullets", "keys", "table", "prose"), weights=(3, 2, 2, 4))[0]
    facts = state(invention, entity, attributes, language, style)
    return Passage(entity, kind, _head(invention, entity, kind, language) + _body(random, facts, style, language), facts)


def procedure(invention: Invention, entity: str, kind: str) -> Passage:
    """A passage with numbered steps."""
    steps = [
        phrase[:1].upper() + phrase[1:] + "." for phrase in (invention.phrase() for _ in range(invention.random.randint(3, 5)))
    ]
    head = _head(invention, entity, kind, ENGLISH)
    return Passage(entity, kind, head + "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1)), [], steps)
