"""Words that stand in no list: of random letters, of pieces of other words, in any capitals, and phrases made of them.

Belongs here: text that can only be copied, not recognised. A model that sees the words of the lists alone learns to copy those
and spells others wrong. Names and values with a meaning belong to `values`.
"""

from functools import cache
from random import Random

from lenovo_pipeline.models.pretraining import phrasings, words

# By about how often English uses them, so that the tokens between letter and syllable come up too.
_LETTERS = "eeeeeeeetttttaaaaaoooooiiiiinnnnsssshhhrrrrddllluuccmmffwwggyyppbbvkxqjz"
_ACCENTED = "äöüéèçñøłáíóúåßœ"
_VOWELS, _CONSONANTS = "aaeeiioouy", "bcdfghjklmnprstvwzbcdlmnprst"
_INNER = ("-", "-", "_", ".", "/", "'")


@cache
def _common() -> tuple[str, ...]:
    labels = (word for attribute in words.ATTRIBUTES for label in attribute.labels for word in label.split())
    return (*words.NOUNS, *words.VERBS, *words.ADJECTIVES, *words.ENTITY_KINDS, *phrasings.FILLERS, *labels)


def _letters(random: Random) -> str:
    form = random.random()
    if form < 0.3:
        return "".join(random.choices(_LETTERS, k=random.randint(2, 10)))
    if form < 0.55:
        pairs = (random.choice(_CONSONANTS) + random.choice(_VOWELS) for _ in range(random.randint(1, 4)))
        return "".join(pairs) + random.choice(("", random.choice(_CONSONANTS)))
    pieces = []
    for _ in range(random.randint(1, 3)):
        source = random.choice(_common())
        start = random.randrange(len(source))
        pieces.append(source[start : start + random.randint(1, 6)])
    if random.random() < 0.06:
        pieces.insert(random.randint(0, len(pieces)), random.choice(_ACCENTED))
    return "".join(pieces)


def word(random: Random, *, capital: float = 0.3) -> str:
    """One word of letters that no list holds; `capital` is the share with a capital at the start."""
    made = _letters(random).lower()
    form = random.random()
    if form < capital:
        return made[:1].upper() + made[1:]
    if form < capital + 0.06:
        return made.upper()
    if form < capital + 0.1:
        other = _letters(random).lower()
        return made[:1].upper() + made[1:] + random.choice(("", *_INNER)) + other[:1].upper() + other[1:]
    if form < capital + 0.13:
        return f"{made}{random.choice(('', *_INNER))}{random.randint(0, 999)}"
    return made


def term(random: Random, least: int = 1, most: int = 4) -> str:
    """A name of that many words, capitalised alike, now and then with a number."""
    capital = random.choice((0.0, 0.85, 0.85, 0.3))
    pieces = [word(random, capital=capital) for _ in range(random.randint(least, most))]
    if random.random() < 0.2:
        number = random.choice(
            (f"{random.randint(1, 40)}", f"{random.randint(100, 9999)}", f"{random.randint(0, 9)}.{random.randint(0, 9)}")
        )
        pieces.insert(random.randint(1, len(pieces)), number)
    return " ".join(pieces)


def phrase(random: Random, least: int = 2, most: int = 10) -> str:
    """A run of strange and common words, with a comma, a number or an `and` now and then."""
    share = random.random()
    pieces: list[str] = []
    for place in range(random.randint(least, most)):
        form = random.random()
        if form < 0.05:
            pieces.append(str(random.randint(0, 10 ** random.randint(1, 4))))
        elif form < 0.15:
            pieces.append(random.choice(("and", "of", "to", "the", "in", "with", "for", "a", "or", "by")))
        elif form < 0.15 + 0.85 * share:
            pieces.append(word(random, capital=0.12))
        else:
            pieces.append(random.choice(_common()))
        if place and random.random() < 0.05:
            pieces[-1] += ","
    return " ".join(pieces).rstrip(",")


def listing(random: Random) -> str:
    """Two to four terms as an enumeration."""
    terms = [term(random, 1, 2) for _ in range(random.randint(2, 4))]
    return f"{', '.join(terms[:-1])}{random.choice((' and ', ', '))}{terms[-1]}"


def quantity(random: Random) -> str:
    """A number as documents write it elsewhere than the units of the lists: thousands, ranges, currencies, unknown units."""
    number = random.choice(
        (
            f"{random.randint(1, 999)}",
            f"{random.randint(1, 999)},{random.randint(0, 999):03d}",
            f"{random.randint(0, 99)}.{random.randint(0, 999)}",
            f"{random.randint(1, 20)}-{random.randint(21, 60)}",
            f"{random.randint(1, 40)} to {random.randint(41, 99)}",
            f"{random.choice('$€£')}{random.randint(1, 9999):,}",
            f"{random.randint(1, 99)}.{random.randint(0, 9)} million",
        )
    )
    return number if random.random() < 0.2 else f"{number}{random.choice((' ', ' ', ' ', '-', ''))}{word(random, capital=0.15)}"


def day(random: Random) -> str:
    """A date or time in another form than year-month-day."""
    month = random.choice(("January", "March", "April", "July", "August", "October", "December", "Feb", "Jun", "Sep", "Nov"))
    year, number = random.randint(1950, 2045), random.randint(1, 28)
    return random.choice(
        (
            f"{month} {number}, {year}",
            f"{number}.{random.randint(1, 12)}.{year}",
            f"{random.randint(1, 12):02d}/{number:02d}/{year}",
            f"{month} {year}",
            f"Q{random.randint(1, 4)} {year}",
            f"{random.randint(0, 23):02d}:{random.randint(0, 59):02d}",
            f"{year}-{random.randint(1, 12):02d}-{number:02d}T{random.randint(0, 23):02d}:{random.randint(0, 59):02d}Z",
        )
    )
