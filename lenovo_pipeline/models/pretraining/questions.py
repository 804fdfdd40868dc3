"""Questions about passages, each with its evidence and its answer: look-ups, absent facts, chains, comparisons, lists,
counts, steps.

Belongs here: what is asked and what the model should say. Phrasings are split once: training draws from one part, the
evaluation of skills from the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from lenovo_pipeline.measures.reading import ANSWER_MARK, NOT_STATED
from lenovo_pipeline.models.pretraining import loosely, phrasings, strange, words
from lenovo_pipeline.models.pretraining.documents import CHINESE, ENGLISH, Fact, Passage
from lenovo_pipeline.models.pretraining.values import Invention

NO_ENTITY = "not in the passages."
NO_FACT = "not stated there."


@dataclass(frozen=True)
class Asked:
    """A question, what the model should say, and the final answer in it."""

    skill: str
    question: str
    completion: str
    answer: str


def cited(passage: Passage, name: str, line: str) -> str:
    """Evidence as the model quotes it: entity, number of the passage, what was asked, and on the next line the line of the
    passage, word for word.

    Each piece is found by the one before it (entity -> passage -> attribute -> line), which a small model learns far sooner
    than a leap to the line; and each stands after a space or at the start of a line as it does where it is copied from, so
    that it has the same tokens.
    """
    return f"For {passage.entity} [{passage.number}] {name}:\n{line}"


def _say(skill: str, question: str, evidence: Sequence[str], answer: str) -> Asked:
    return Asked(skill, question, "\n".join((*evidence, f"{ANSWER_MARK} {answer}")), answer)


class Questions:
    """Draws questions about one set of passages; `held_out` switches to the phrasings that training never sees. `loose` and
    `free` are the shares of look-ups and of the other kinds that are worded without a pattern.
    """

    def __init__(
        self,
        invention: Invention,
        passages: Sequence[Passage],
        language: str,
        *,
        held_out: bool = False,
        loose: float = 0.0,
        free: float = 0.0,
    ) -> None:
        self.invention, self.random = invention, invention.random
        self.passages, self.language, self.held_out, self.loose, self.free = passages, language, held_out, loose, free
        self._makers: dict[str, Callable[[], Asked | None]] = {
            "lookup": self.lookup,
            "absent": self.absent,
            "inverse": self.inverse,
            "compare": self.compare,
            "yes_no": self.yes_no,
            "chain": self.chain,
            "step": self.step,
            "count": self.count,
            "list": self.list_all,
        }

    def draw(self, skill: str) -> Asked | None:
        """A question of that skill, or None where these passages allow none; raises KeyError on an unknown skill."""
        return self._makers[skill]()

    def _phrasing(self, split: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
        return self.random.choice(split[self.held_out])

    def _freely(self) -> bool:
        return self.free > 0 and self.random.random() < self.free

    def _name(self, fact: Fact) -> str:
        """A name to ask by: mostly the label of the document, else a synonym."""
        return fact.names[0] if self.random.random() < 0.8 else self.random.choice(fact.names)

    def _ask(self, fact: Fact, entity: str, kind: str) -> tuple[str, str]:
        """A question for the fact, and the name that it asks by."""
        name = self._name(fact)
        if self.loose and self.random.random() < self.loose:
            return self._loosely(name, entity), name
        if self.language == CHINESE:
            return self._phrasing(phrasings.CHINESE_LOOKUPS).format(e=entity, a=name), name
        if fact.direct and not self.held_out and self.random.random() < 0.1:
            return self.random.choice(fact.direct).format(e=entity), fact.names[0]
        question = self._phrasing(phrasings.LOOKUPS).format(e=entity, a=name, k=kind)
        return question[:1].upper() + question[1:], name

    def _loosely(self, name: str, entity: str) -> str:
        """Attribute and entity among random common words, in either order."""
        random = self.random
        first, second = (name, entity) if random.random() < 0.65 else (entity, name)
        if self.language == CHINESE:
            before, between, after = ("".join(random.choices(words.CHINESE_TERMS, k=random.randint(low, 5))) for low in (0, 1, 0))
            return f"{before}{first}{between}{second}{after}？"
        before, between, after = (" ".join(random.choices(phrasings.FILLERS, k=random.randint(low, 4))) for low in (0, 1, 0))
        question = f"{before} {first} {between} {second} {after}".strip() + random.choice("?.")
        return question[:1].upper() + question[1:]

    def _with_facts(self) -> list[Passage]:
        return [passage for passage in self.passages if passage.facts]

    def lookup(self) -> Asked | None:
        """One fact of one passage."""
        passages = self._with_facts()
        if not passages:
            return None
        passage = self.random.choice(passages)
        fact = self.random.choice(passage.facts)
        question, name = self._ask(fact, passage.entity, passage.entity_kind)
        return _say("lookup", question, [cited(passage, name, fact.line)], fact.value)

    def absent(self) -> Asked | None:
        """A fact that no passage states: of an entity that is there, or a stated attribute of an entity that is not."""
        passages = self._with_facts()
        if not passages:
            return None
        passage = self.random.choice(passages)
        used = {name for one in passages if one.entity == passage.entity for fact in one.facts for name in fact.names}
        there = self.random.random() < 0.6
        if there:
            entity = passage.entity
            elsewhere = [
                fact for one in passages if one.entity != entity for fact in one.facts if not used.intersection(fact.names)
            ]
            if elsewhere and self.random.random() < 0.5:
                fact = self.random.choice(elsewhere)
            else:
                attribute = self.random.choice(words.ATTRIBUTES)
                names = (attribute.chinese,) if self.language == CHINESE else (*attribute.labels, *attribute.asked)
                if self.language == ENGLISH and self.random.random() < 0.35:
                    names = (f"{self.random.choice(words.ADJECTIVES)} {self.random.choice(words.NOUNS)}",)
                    if self.invention.unlisted():
                        names = (strange.term(self.random, 1, 3).lower(),)
                if used.intersection(names):
                    return None
                fact = Fact(names, (), attribute.kind, "")
        else:
            entity = self.invention.similar(passage.entity) if self.random.random() < 0.4 else self.invention.entity()
            if any(entity == one.entity for one in self.passages):
                return None
            fact = self.random.choice(passage.facts)
        question, name = self._ask(fact, entity, passage.entity_kind)
        if self.language == ENGLISH and self.free and self.random.random() < 0.2 * self.free:
            question = loosely.yes_no(self.random, name, entity, self.invention.value(fact.kind))
        evidence = cited(passage, name, NO_FACT) if there else f"For {entity}: {NO_ENTITY}"
        return _say("absent", question, [evidence], NOT_STATED)

    def inverse(self) -> Asked | None:
        """The entity that has a value."""
        passages = self._with_facts()
        if not passages or self.language == CHINESE:
            return None
        passage = self.random.choice(passages)
        fact = self.random.choice(passage.facts)
        if sum(fact.value == other.value for one in passages for other in one.facts) > 1 or fact.kind in ("flag", "phrase"):
            return None
        name = self._name(fact)
        if self._freely():
            question = loosely.inverse(self.random, name, fact.value, passage.entity_kind)
        else:
            question = self._phrasing(phrasings.INVERSE).format(a=name, k=passage.entity_kind, v=fact.value)
        return _say("inverse", question, [f"For {name} {fact.value} [{passage.number}]:\n{fact.line}"], passage.entity)

    def compare(self) -> Asked | None:
        """Which of two entities has more or less of a number that both state in the same unit."""
        pairs = []
        passages = self._with_facts()
        for place, first in enumerate(passages):
            for second in passages[place + 1 :]:
                for one in first.facts:
                    for other in second.facts:
                        if (
                            one.names[0] == other.names[0]
                            and first.entity != second.entity
                            and (numbers := _comparable(one.value, other.value))
                        ):
                            pairs.append((first, one, second, other, numbers))
        if not pairs or self.language == CHINESE:
            return None
        first, one, second, other, (left, right) = self.random.choice(pairs)
        more = self.random.random() < 0.5
        x, y = (first, second) if self.random.random() < 0.5 else (second, first)
        name = self._name(one)
        if self._freely():
            question = loosely.compare(self.random, name, x.entity, y.entity, more=more)
        else:
            question = self._phrasing(phrasings.MORE if more else phrasings.LESS).format(a=name, x=x.entity, y=y.entity)
        answer = (first if (left > right) == more else second).entity
        lines = {first.number: one.line, second.number: other.line}
        return _say("compare", question, [cited(x, name, lines[x.number]), cited(y, name, lines[y.number])], answer)

    def yes_no(self) -> Asked | None:
        """Whether a fact has a value: the right one, or another of its kind."""
        passages = self._with_facts()
        if not passages or self.language == CHINESE:
            return None
        passage = self.random.choice(passages)
        fact = self.random.choice(passage.facts)
        right = self.random.random() < 0.5
        value = fact.value if right else self.invention.value(fact.kind)
        elsewhere = [one.value for other in passages for one in other.facts if one.kind == fact.kind and one.value != fact.value]
        if self.free and not right and elsewhere and self.random.random() < 0.4:
            value = self.random.choice(elsewhere)
        if fact.kind == "flag" or (not right and value == fact.value):
            return None
        name = self._name(fact)
        if self._freely():
            question = loosely.yes_no(self.random, name, passage.entity, value)
        else:
            question = self._phrasing(phrasings.YES_NO).format(a=name, e=passage.entity, v=value)
        return _say("yes_no", question[:1].upper() + question[1:], [cited(passage, name, fact.line)], "yes" if right else "no")

    def chain(self) -> Asked | None:
        """A fact of the entity that another passage names."""
        passages = self._with_facts()
        links = [
            (source, link, target)
            for source in passages
            for link in source.facts
            for target in passages
            if link.value == target.entity and source is not target
        ]
        if not links or self.language == CHINESE:
            return None
        source, link, target = self.random.choice(links)
        fact = self.random.choice(target.facts)
        name, relation = self._name(fact), self._name(link)
        if self._freely():
            question = loosely.chain(self.random, name, relation, source.entity)
        else:
            question = self._phrasing(phrasings.CHAINS).format(a=name, l=relation, e=source.entity)
        return _say("chain", question, [cited(source, relation, link.line), cited(target, name, fact.line)], fact.value)

    def step(self) -> Asked | None:
        """One numbered step."""
        passages = [passage for passage in self.passages if passage.steps]
        if not passages:
            return None
        passage = self.random.choice(passages)
        number = self.random.randint(1, len(passage.steps))
        if self._freely():
            question = loosely.step(self.random, number, passage.entity)
        else:
            question = self._phrasing(phrasings.STEPS).format(n=number, e=passage.entity)
        return _say(
            "step",
            question,
            [cited(passage, f"step {number}", f"{number}. {passage.steps[number - 1]}")],
            passage.steps[number - 1].rstrip("."),
        )

    def count(self) -> Asked | None:
        """How many steps there are."""
        passages = [passage for passage in self.passages if passage.steps]
        if not passages:
            return None
        passage = self.random.choice(passages)
        number = len(passage.steps)
        if self._freely():
            question = loosely.count(self.random, passage.entity)
        else:
            question = self._phrasing(phrasings.COUNTS).format(e=passage.entity)
        return _say(
            "count",
            question,
            [cited(passage, "steps", f"{number}. {passage.steps[-1]}")],
            str(number),
        )

    def list_all(self) -> Asked | None:
        """The entities of all passages."""
        if self.language == CHINESE or len({passage.entity for passage in self.passages}) < len(self.passages):
            return None
        evidence = [f"[{passage.number}] {passage.entity}" for passage in self.passages]
        return _say(
            "list",
            self._phrasing(phrasings.LISTS).format(k=self.passages[0].entity_kind),
            evidence,
            ", ".join(passage.entity for passage in self.passages),
        )


def _comparable(left: str, right: str) -> tuple[float, float] | None:
    (one, _, unit), (other, _, other_unit) = left.partition(" "), right.partition(" ")
    if unit != other_unit:
        return None
    try:
        numbers = float(one.rstrip("%")), float(other.rstrip("%"))
    except ValueError:
        return None
    return numbers if numbers[0] != numbers[1] else None


def shuffled_turns(random: Random, weights: dict[str, float], count: int) -> list[str]:
    """Skills to draw for the turns of one conversation."""
    return random.choices(list(weights), weights=list(weights.values()), k=count)
