"""Questions that follow no pattern: what they are about stands among random common words, in any order that keeps the meaning.

Belongs here: the wording of training alone. A small model that sees a handful of patterns for a kind of question knows the
patterns, not the question. Patterns, and those that the evaluation keeps to itself, belong to `phrasings`.
"""

from collections.abc import Sequence
from random import Random

from lenovo_pipeline.models.pretraining import phrasings, strange
from lenovo_pipeline.models.pretraining.words import split_words

_OPENINGS = split_words("is does was has are do did can should will could have were isn't doesn't")
_CONFIRMING = (
    "is it right that", "yes or no:", "correct?", "true?", "right?", "is it true that", "true or false:", "please confirm",
    "can you confirm", "we heard that", "someone claims", "I think", "agreed?", "or is it wrong that", "is it correct:",
    "tell me if", "check whether", "I believe that", "or not?", "yes or no?", "is this true?", "verify that", "wrong or right:",
)  # fmt: skip
_MORE = split_words("higher larger greater more most highest largest longer heavier above exceeds tops faster ahead taller newer")
_LESS = split_words("lower smaller less fewer least lowest smallest shorter below under trails slower fewest lighter older")
_OR = (" or ", " or ", " or ", " and ", ", ", " versus ", " against ", " compared with ", " / ", " or maybe ")
_WHICH = (
    "which",
    "what",
    "who",
    "whose",
    "where",
    "which one",
    "which {k}",
    "what {k}",
    "name the {k}",
    "find the {k}",
    "the {k}",
)
_STEP = (
    "step {n}",
    "step {n}",
    "step {n}",
    "step number {n}",
    "point {n}",
    "number {n}",
    "the {o} step",
    "step no. {n}",
    "instruction {n}",
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")
_COUNT = (
    "how many steps",
    "how many steps",
    "number of steps",
    "count of steps",
    "steps in all, how many",
    "total of the steps",
    "how many instructions",
    "steps: how many",
)


def fillers(random: Random, least: int, most: int) -> str:
    """So many common words, now and then one that stands in no list."""
    chosen = random.choices(phrasings.FILLERS, k=random.randint(least, most))
    if chosen and random.random() < 0.08:
        chosen[random.randrange(len(chosen))] = strange.word(random)
    return " ".join(chosen)


def among(random: Random, parts: Sequence[str], *, before: int = 4, between: int = 3, after: int = 3, end: str = "?..") -> str:
    """The parts in this order with up to so many common words around them."""
    pieces = [fillers(random, 0, before)]
    for place, part in enumerate(parts):
        if place:
            pieces.append(fillers(random, 0, between))
        pieces.append(part)
    if random.random() < 0.4:
        pieces.append(fillers(random, 0, after))
    text = " ".join(piece for piece in pieces if piece)
    if text[-1] not in "?.":
        text += random.choice(end)
    return text[:1].upper() + text[1:]


def yes_no(random: Random, name: str, entity: str, value: str) -> str:
    """Whether the entity has that value."""
    parts = [name, entity, value]
    if random.random() < 0.6:
        random.shuffle(parts)
    if random.random() < 0.6:
        text = among(random, [random.choice(_OPENINGS), *parts], before=0, end="???.")
    else:
        text = among(random, parts, end="???.")
    if random.random() < 0.5:
        sign = random.choice(_CONFIRMING)
        if sign.endswith("?"):
            return f"{text.rstrip('?.')}{random.choice((', ', '; ', ' - ', '. '))}{sign}"
        text = f"{sign} {text}"
    return text[:1].upper() + text[1:]


def compare(random: Random, name: str, first: str, second: str, *, more: bool) -> str:
    """Which of the two has more, or less."""
    word = random.choice(_MORE if more else _LESS)
    measured = random.choice(
        (f"{word} {name}", f"{word} {name}", f"{name} {word}", f"{name} is {word}", f"the {word} {name}", f"{word} in {name}")
    )
    pair = f"{first}{random.choice(_OR)}{second}"
    parts = [measured, pair] if random.random() < 0.6 else [pair, measured]
    return among(random, parts, end="???.")


def chain(random: Random, name: str, relation: str, entity: str) -> str:
    """A fact of what the entity names."""
    parts = [name, relation, entity] if random.random() < 0.6 else [entity, relation, name]
    return among(random, parts, between=2)


def inverse(random: Random, name: str, value: str, kind: str) -> str:
    """What has that value."""
    parts = [name, value] if random.random() < 0.65 else [value, name]
    if random.random() < 0.8:
        parts.insert(random.choice((0, 0, 0, len(parts))), random.choice(_WHICH).format(k=kind))
    return among(random, parts, before=2, between=2)


def step(random: Random, number: int, entity: str) -> str:
    """The step of that number."""
    wanted = random.choice(_STEP).format(n=number, o=_ORDINALS[number - 1])
    return among(random, [wanted, entity] if random.random() < 0.6 else [entity, wanted])


def count(random: Random, entity: str) -> str:
    """How many steps there are."""
    wanted = random.choice(_COUNT)
    return among(random, [wanted, entity] if random.random() < 0.6 else [entity, wanted])
