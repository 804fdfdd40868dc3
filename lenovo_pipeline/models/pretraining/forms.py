"""Further forms in which a document states facts: marks of any kind, free sentences, several facts in one line, small sections,
questions and answers, JSON, wide tables, mails.

Belongs here: how labels and values become lines. What labels and values there are belongs to `documents`.
"""

from collections.abc import Sequence
from random import Random

from lenovo_pipeline.models.pretraining import phrasings, strange, words

_BEFORE = ("- ", "* ", "+ ", "• ", "", "", "> ", "[x] ", "-- ")
_BETWEEN = (": ", ": ", " = ", " - ", " – ", " -> ", " | ", "\t", " .... ", ", ", "; ", " is ", " := ", " ")
_IS = (
    "is",
    "was",
    "at",
    "as",
    "of",
    "to",
    "reads",
    "stands at",
    "remains",
    "equals",
    "comes to",
    "are",
    "means",
    "shows",
    "became",
)


def _marked(random: Random, entity: str, stated: Sequence[tuple[str, str]]) -> tuple[list[str], str]:
    before, between = random.choice(_BEFORE), random.choice(_BETWEEN)
    around = random.choice(("{}", "{}", "{}", "**{}**", "*{}*", "`{}`", "<{}>", "({})"))
    written = random.choice((str, str, str.capitalize, str.title))
    end = random.choice(("", "", "", ".", ";"))
    numbered = random.random() < 0.1
    lines = []
    for place, (label, value) in enumerate(stated, start=1):
        shown = written(label) if label.islower() else label
        lines.append(f"{f'{place}. ' if numbered else before}{around.format(shown)}{between}{value}{end}")
    return lines, "\n".join(lines)


def _filler(random: Random, least: int, most: int) -> str:
    return " ".join(random.choices(phrasings.FILLERS, k=random.randint(least, most)))


def sentence(random: Random) -> str:
    """A sentence that states nothing that is asked for."""
    form = random.random()
    if form < 0.3:
        return random.choice(words.FILLERS)
    said = strange.phrase(random, 3, 10)
    return f"{said[:1].upper()}{said[1:]}."


def _prose(random: Random, entity: str, stated: Sequence[tuple[str, str]]) -> tuple[list[str], str]:
    lines = []
    for label, value in stated:
        subject = random.choice((f"the {label}", label, f"the {label} of {entity}", f"its {label}", f"{entity}'s {label}"))
        said = " ".join((subject, _filler(random, 0, 2), random.choice(_IS), value)).replace("  ", " ")
        form = random.random()
        if form < 0.3:
            said = f"{_filler(random, 1, 4)}, {said}"
        elif form < 0.45:
            said = f"{_filler(random, 1, 3)} {said}"
        if random.random() < 0.3:
            said = f"{said}, {_filler(random, 1, 5)}"
        lines.append(f"{said[:1].upper()}{said[1:]}.")
    shown = list(lines)
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        shown.insert(random.randint(0, len(shown)), sentence(random))
    return lines, random.choice((" ", " ", "\n")).join(shown)


def _joined(random: Random, entity: str, stated: Sequence[tuple[str, str]]) -> tuple[list[str], str]:
    between, after = random.choice(((" ", ", "), (": ", "; "), (" ", "; "), (" is ", ", "), (": ", " | "), (" = ", ", ")))
    lead = random.choice(("", "", f"{entity}: ", f"{entity} - ", "In short: "))
    lines: list[str] = []
    place = 0
    shown = []
    while place < len(stated):
        group = stated[place : place + random.randint(2, 3)]
        line = lead + after.join(f"{label}{between}{value}" for label, value in group)
        line = f"{line[:1].upper()}{line[1:]}{random.choice(('', '.'))}"
        shown.append(line)
        lines += [line] * len(group)
        place += len(group)
    return lines, "\n".join(shown)


def _sections(random: Random, entity: str, stated: Sequence[tuple[str, str]]) -> tuple[list[str], str]:
    head = random.choice(("## {}", "### {}", "**{}**", "{}:", "Q: What is the {}?", "**What is the {} of {e}?**", "{}?"))
    upper = "What" not in head
    lines, shown = [], []
    for label, value in stated:
        named = f"{label[:1].upper()}{label[1:]}" if upper else label
        line = f"{random.choice(('', '', '', 'A: '))}{value}{random.choice(('', '.'))}"
        lines.append(line)
        shown.append(f"{head.format(named, e=entity)}\n{line}")
    return lines, random.choice(("\n", "\n\n")).join(shown)


def _json(random: Random, entity: str, stated: Sequence[tuple[str, str]]) -> tuple[list[str], str]:
    joint = random.choice(("_", " ", "-"))
    lines = [f'"{label.replace(" ", joint)}": "{value}",' for label, value in stated]
    return lines, "\n".join(("{", *lines, f'"{random.choice(words.NOUNS)}": {random.randint(0, 99)}', "}"))


def _wide(random: Random, entity: str, stated: Sequence[tuple[str, str]]) -> tuple[list[str], str]:
    key = random.choice(("Name", "Item", "Record", "Entry"))
    heads = [f"{label[:1].upper()}{label[1:]}" for label, _ in stated]
    line = " | ".join(("|", entity, *(value for _, value in stated), "|")).replace("| | ", "| ", 1).strip()
    bar = "|" + "---|" * (len(stated) + 1)
    return [line] * len(stated), "\n".join((f"| {' | '.join((key, *heads))} |", bar, line))


def _mail(random: Random, entity: str, stated: Sequence[tuple[str, str]]) -> tuple[list[str], str]:
    lines, body = random.choice((_prose, _prose, _marked, _joined))(random, entity, stated)
    sender, receiver = strange.word(random, capital=1.0), strange.word(random, capital=1.0)
    lead = random.choice(
        (
            f"From: {sender}\nTo: {receiver}\nSubject: {entity}\n\n",
            f"Dear {receiver},\n\n",
            f"Hello {receiver}, {sentence(random)}\n\n",
            f"> {sentence(random)}\n\n{receiver}:\n",
        )
    )
    return lines, f"{lead}{body}\n\n{random.choice(('Regards,', 'Thanks,', 'Yours,', '--'))}\n{sender}"


FORMS = (_marked, _prose, _joined, _sections, _json, _wide, _mail)
_WEIGHTS = (3.0, 4.0, 1.2, 2.0, 0.7, 0.5, 1.0)


def further(random: Random, entity: str, stated: Sequence[tuple[str, str]]) -> tuple[list[str], str]:
    """For each (label, value) the line that states it, and the text of all of them, in one of the forms at random."""
    lines, body = random.choices(FORMS, weights=_WEIGHTS)[0](random, entity, stated)
    if random.random() < 0.15:
        body = f"{sentence(random)}\n\n{body}"
    if random.random() < 0.15:
        body = f"{body}\n\n{sentence(random)}"
    return lines, body
