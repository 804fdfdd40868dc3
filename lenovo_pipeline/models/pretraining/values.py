"""Invented names, numbers, dates, codes and phrases: the entities and values of the procedural text.

Belongs here: everything drawn at random that a document can state. `Invention` draws from one seeded generator; its
`held_out` flag switches to the syllables that training never sees.
"""

from random import Random

from lenovo_pipeline.models.pretraining import strange, words

_CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


class Invention:
    """Draws names and values; equal seeds draw equal ones. `strange` is the share of them made of words that stand in no list."""

    def __init__(self, random: Random, *, held_out: bool = False, strange: float = 0.0) -> None:
        self.random, self.strange = random, strange
        self._syllables = words.SYLLABLES[held_out]

    def unlisted(self, share: float = 1.0) -> bool:
        """Whether what is drawn next is to be made of words that stand in no list; `share` scales how often."""
        return self.strange > 0 and self.random.random() < share * self.strange

    def name(self, least: int = 2, most: int = 3) -> str:
        """One invented, capitalised word of that many syllables."""
        if self.unlisted(0.5):
            return strange.word(self.random, capital=0.8)
        return "".join(self.random.choices(self._syllables, k=self.random.randint(least, most))).capitalize()

    def code(self) -> str:
        """An identifier such as AB-1234, QX-9F3C or 20-118-K."""
        random = self.random
        letters = "".join(random.choices(_CAPITALS, k=random.randint(2, 4)))
        form = random.random()
        if form < 0.6:
            return f"{letters}-{random.randint(0, 10 ** random.randint(2, 6)):0{random.randint(2, 6)}d}"
        if form < 0.8:
            return f"{letters}-{random.getrandbits(16):04X}"
        return f"{random.randint(10, 99)}-{random.randint(100, 999)}-{random.choice(_CAPITALS)}"

    def model(self) -> str:
        """A model name such as Velmor X14 Gen 3."""
        random = self.random
        number = random.choice(
            (
                f"{random.choice(_CAPITALS)}{random.randint(1, 999)}",
                f"{random.randint(1, 99) * 10}",
                f"{random.choice(_CAPITALS)}{random.randint(1, 20)} Gen {random.randint(1, 12)}",
                f"{random.choice(('Pro', 'Slim', 'Max', 'Plus', 'Air', 'Mini'))} {random.randint(2, 90)}",
                f"{random.choice(_CAPITALS)}{random.choice(_CAPITALS)}{random.randint(10, 990)} V{random.randint(1, 9)}",
            )
        )
        return f"{self.name()} {number}"

    def person(self) -> str:
        """First name and invented family name."""
        return f"{self.random.choice(words.FIRST_NAMES)} {self.name()}"

    def company(self) -> str:
        """One or two invented words and what the company does."""
        first = self.name() if self.random.random() < 0.7 else self.random.choice(words.ADJECTIVES).capitalize()
        middle = f" {self.random.choice(words.NOUNS).capitalize()}" if self.random.random() < 0.4 else ""
        return f"{first}{middle} {self.random.choice(words.SUFFIXES)}"

    def phrase(self) -> str:
        """A short instruction or observation of common words."""
        random = self.random
        adjective, noun = random.choice(words.ADJECTIVES), random.choice(words.NOUNS)
        form = random.random()
        if form < 0.6:
            text = f"{random.choice(words.VERBS)} the {adjective} {noun}"
            return f"{text} {random.choice(words.ADVERBS)}" if random.random() < 0.4 else text
        if form < 0.8:
            return f"the {noun} of the {adjective} {random.choice(words.NOUNS)} is too {random.choice(words.ADJECTIVES)}"
        return f"{adjective} {noun} and {random.choice(words.ADJECTIVES)} {random.choice(words.NOUNS)}"

    def entity(self) -> str:
        """A name for what a document is about."""
        random = self.random
        if self.unlisted(0.7):
            return strange.term(random)
        form = random.random()
        if form < 0.25:
            return self.model()
        if form < 0.45:
            return self.company()
        if form < 0.6:
            return f"{self.name()} {self.name()}" if random.random() < 0.5 else self.name(2, 4)
        if form < 0.7:
            return self.code()
        if form < 0.85:
            middle = f"{random.choice(words.NOUNS).capitalize()} {random.choice(words.NOUNS).capitalize()}"
            return (
                f"{middle}, {self.name()}"
                if random.random() < 0.5
                else f"{random.choice(words.ADJECTIVES).capitalize()} {middle} {self.name()}"
            )
        return f"{self.name()} {random.choice(words.NOUNS).capitalize()}"

    def similar(self, entity: str) -> str:
        """Another entity that shares most of its name with this one: a new number if it has one, a new word otherwise."""
        pieces = entity.split(" ")
        place = next((place for place in reversed(range(len(pieces))) if pieces[place].isdigit()), None)
        if place is not None:
            old = int(pieces[place])
            pieces[place] = str(self.random.choice([number for number in range(max(1, old - 3), old + 4) if number != old]))
        else:
            pieces[self.random.randrange(len(pieces))] = self.name()
        return " ".join(pieces)

    def number(self) -> int:
        """A whole number, small ones as often as large ones."""
        return self.random.randint(1, 10 ** self.random.randint(1, 4))

    def date(self) -> str:
        """2024-03-15, and now and then 15 March 2024."""
        random = self.random
        year, month, day = random.randint(1990, 2035), random.randint(1, 12), random.randint(1, 28)
        if random.random() < 0.85:
            return f"{year}-{month:02d}-{day:02d}"
        months = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ]
        return f"{day} {months[month - 1]} {year}"

    def place(self) -> str:
        """A country or an invented town."""
        return self.random.choice(words.COUNTRIES) if self.random.random() < 0.3 else self.name(2, 3)

    def value(self, kind: str) -> str:
        """A value of that kind, with its unit; raises KeyError on a kind that the word lists do not know."""
        random = self.random
        if kind != "flag" and self.unlisted():
            return self._unlisted_value(kind)
        if kind in words.CHOICES:
            return random.choice(words.CHOICES[kind])
        if kind in words.UNITS:
            number = f"{self.number()}" if kind != "percent" else f"{random.randint(1, 99)}"
            if random.random() < 0.25:
                number = f"{random.randint(0, 99)}.{random.randint(1, 99)}"
            unit = random.choice(words.UNITS[kind])
            return f"{number}%" if unit == "%" and random.random() < 0.5 else f"{number} {unit}"
        if kind == "money":
            amount = (
                f"{self.number() * random.choice((1, 10)):,}"
                if random.random() < 0.7
                else f"{random.randint(1, 999)}.{random.randint(0, 99):02d}"
            )
            return f"{amount} {random.choice(words.CURRENCIES)}"
        if kind == "time":
            return f"{self.date()} {random.randint(0, 23):02d}:{random.randint(0, 59):02d}"
        simple = {
            "count": lambda: str(self.number()),
            "year": lambda: str(random.randint(1990, 2035)),
            "port": lambda: str(random.randint(80, 65000)),
        }
        if kind in simple:
            return simple[kind]()
        if kind == "score":
            return f"{random.randint(1, 5)}/5" if random.random() < 0.5 else f"{random.randint(0, 9)}.{random.randint(0, 9)}"
        if kind == "version":
            return f"{random.randint(0, 20)}.{random.randint(0, 99)}" + (
                f".{random.randint(0, 30)}" if random.random() < 0.4 else ""
            )
        drawn = {
            "person": self.person,
            "place": self.place,
            "company": self.company,
            "code": self.code,
            "model": self.model,
            "phrase": self.phrase,
            "date": self.date,
            "name": self.name,
        }[kind]
        return drawn()

    def _unlisted_value(self, kind: str) -> str:
        random = self.random
        if kind in ("date", "time", "year"):
            return strange.day(random)
        if kind in words.UNITS or kind in ("money", "count", "score", "port"):
            return strange.quantity(random)
        if kind == "phrase" or random.random() < 0.2:
            return strange.phrase(random)
        return strange.listing(random) if random.random() < 0.1 else strange.term(random, 1, 3)

    # Chinese -----------------------------------------------------------------

    def chinese_entity(self) -> str:
        """A Chinese name, or a Latin one with a Chinese word."""
        random = self.random
        if self.unlisted():
            return "".join(random.choices(words.COMMON_CHARACTERS, k=random.randint(2, 6)))
        form = random.random()
        if form < 0.4:
            return "".join(random.choices(words.CHINESE_WORDS, k=2))
        if form < 0.7:
            return f"{self.model()}"
        return f"{self.name()}{random.choice(words.CHINESE_WORDS)}"

    def chinese_phrase(self) -> str:
        """A run of common two-character words or of common characters, without meaning."""
        if self.random.random() < 0.3:
            return "".join(self.random.choices(words.COMMON_CHARACTERS, k=self.random.randint(3, 8)))
        return "".join(self.random.choices(words.CHINESE_WORDS, k=self.random.randint(2, 5)))

    def chinese_value(self, kind: str) -> str:
        """A value of that kind as a Chinese document would state it; often Latin, as in records of international companies."""
        random = self.random
        if kind == "person" and random.random() < 0.6:
            return random.choice(words.CHINESE_SURNAMES) + "".join(random.choices(words.CHINESE_GIVEN, k=random.randint(1, 2)))
        if kind == "place" and random.random() < 0.6:
            return random.choice(words.CHINESE_PLACES)
        if kind == "phrase":
            return self.chinese_phrase()
        if kind == "flag":
            return random.choice("是否")
        if kind in words.UNITS and random.random() < 0.5:
            return f"{self.number()} {random.choice(('小时', '天', '台', '个', '名用户', '公斤', '米', '瓦', '核', '分钟'))}"
        return self.value(kind)
