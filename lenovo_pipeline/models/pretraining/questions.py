"""Questions about passages, each with its evidence and its answer: look-ups, absent facts, chains, comparisons, lists, counts, steps.

Belongs here: what is asked and what the model should say. Phrasings are split once: training draws from one part, the evaluation of skills from the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from lenovo_pipeline.measures.reading import ANSWER_MARK, NOT_STATED
from lenovo_pipeline.models.pretraining import words
from lenovo_pipeline.models.pretraining.documents import CHINESE, ENGLISH, Fact, Passage
from lenovo_pipeline.models.pretraining.values import Invention

ABSENT = "The passages do not tell."


@dataclass(frozen=True)
class Asked:
    """A question, what the model should say, and the final answer in it."""

    skill: str
    question: str
    completion: str
    answer: str


# (training, held out): {a} is a name of the attribute, {e} the entity, {k} its kind, {v} a value
LOOKUPS = (
    (
        "What is the {a} of {e}?", "What is the {a} of {e}?", "Which {a} does {e} have?", "Give the {a} of {e}.", "Name the {a} of {e}.", "What {a} does {e} have?",
        "Tell me the {a} of {e}.", "What is given as the {a} of {e}?", "For {e}, what is the {a}?", "{e}: what is the {a}?", "{e}: {a}?", "I need the {a} of {e}.",
        "Look up the {a} of {e}.", "What does the file on {e} say about the {a}?", "What do we know about the {a} of {e}?", "Please find the {a} for {e}.",
        "Could you give me the {a} of {e}?", "What is the {a} of the {k} {e}?", "What was the {a} of {e}?", "Which {a} is noted for {e}?", "Do you have the {a} of {e}?",
        "About {e}: which {a} applies?", "What {a} is listed under {e}?", "How do the notes give the {a} of {e}?", "Someone asks about {e}; what is its {a}?",
        "What is {e}'s {a}?", "Read me the {a} for {e}, please.", "The {a} of {e} is what?", "What {a} was recorded for {e}?", "Quote the {a} of {e}.",
        "Which value does {e} have for the {a}?", "Show the {a} of the {k} {e}.", "In the case of {e}, how does the {a} read?", "Find out which {a} {e} has.",
        "What figure or name stands for the {a} of {e}?", "May I know the {a} of {e}?",
    ),
    (
        "State the {a} belonging to {e}.", "With regard to {e}, tell us its {a}.", "What should I write down as the {a} of {e}?", "Kindly report the {a} for the {k} {e}.",
        "Is there a {a} for {e}, and what is it?", "I am looking for {e} and its {a}.", "How is the {a} of {e} given?", "Which {a} goes with {e}?",
    ),
)  # fmt: skip
INVERSE = (
    ("Which {k} has the {a} {v}?", "What has the {a} {v}?", "For which {k} is the {a} {v}?", "Name the {k} whose {a} is {v}.", "Whose {a} is {v}?", "{v} is the {a} of which {k}?"),
    ("Where do we find {v} as the {a}?", "Tell me the {k} that shows {v} for the {a}."),
)
CHAINS = (
    ("What is the {a} of the {l} of {e}?", "Give the {a} of the {l} of {e}.", "{e} has a {l}; what is the {a} of it?", "For the {l} of {e}, what is the {a}?", "Name the {a} of the {l} that {e} has."),
    ("Starting from {e}, find the {a} of its {l}.", "Which {a} does the {l} of {e} have?"),
)
MORE = (
    ("Which has the higher {a}, {x} or {y}?", "Does {x} or {y} have the larger {a}?", "Of {x} and {y}, which has more {a}?", "Compare {x} and {y}: whose {a} is greater?"),
    ("Between {x} and {y}, who leads in {a}?", "{x} or {y}: which one shows the bigger {a}?"),
)
LESS = (
    ("Which has the lower {a}, {x} or {y}?", "Does {x} or {y} have the smaller {a}?", "Of {x} and {y}, which has less {a}?", "Compare {x} and {y}: whose {a} is smaller?"),
    ("Between {x} and {y}, who is behind in {a}?", "{x} or {y}: which one shows the lesser {a}?"),
)
YES_NO = (
    ("Is the {a} of {e} {v}?", "Is {v} the {a} of {e}?", "Does {e} have the {a} {v}?", "Can you confirm that the {a} of {e} is {v}?", "Is it right that {e} has {v} as its {a}?"),
    ("They say that the {a} of {e} is {v}; is that so?", "True or not: {e} has the {a} {v}?"),
)
STEPS = (
    ("What is step {n} of {e}?", "What does step {n} of {e} say?", "Give step {n} for {e}.", "In {e}, what is step {n}?", "Which action is step {n} of {e}?"),
    ("Read out number {n} of the steps of {e}.", "What is to be done in step {n} of {e}?"),
)
COUNTS = (
    ("How many steps does {e} have?", "How many steps are there for {e}?", "Count the steps of {e}.", "What is the number of steps of {e}?"),
    ("Into how many steps is {e} divided?", "Tell me how many steps {e} takes."),
)
LISTS = (
    ("List all {k} records shown.", "Which names do the passages deal with?", "Name everything the passages are about."),
    ("What are the passages about? Name each.",),
)
CHINESE_LOOKUPS = (
    ("{e}的{a}是什么？", "{e}的{a}是多少？", "请问{e}的{a}是什么？", "请说出{e}的{a}。", "{e}的{a}？", "我想知道{e}的{a}。", "查一下{e}的{a}。", "{e}有什么样的{a}？", "关于{e}，{a}是什么？"),
    ("能告诉我{e}的{a}吗？", "请给出{e}的{a}。", "{e}的{a}为何？"),
)  # fmt: skip


def cited(passage: Passage, line: str) -> str:
    """Evidence as the model quotes it: the number of the passage and the line, word for word."""
    return f"[{passage.number}] {line}"


def _say(skill: str, question: str, evidence: Sequence[str], answer: str) -> Asked:
    return Asked(skill, question, "\n".join((*evidence, f"{ANSWER_MARK} {answer}")), answer)


class Questions:
    """Draws questions about one set of passages; `held_out` switches to the phrasings that training never sees."""

    def __init__(self, invention: Invention, passages: Sequence[Passage], language: str, *, held_out: bool = False) -> None:
        self.invention, self.random = invention, invention.random
        self.passages, self.language, self.held_out = passages, language, held_out
        self._makers: dict[str, Callable[[], Asked | None]] = {
            "lookup": self.lookup, "absent": self.absent, "inverse": self.inverse, "compare": self.compare, "yes_no": self.yes_no, "chain": self.chain,
            "step": self.step, "count": self.count, "list": self.list_all,
        }  # fmt: skip

    def draw(self, skill: str) -> Asked | None:
        """A question of that skill, or None where these passages allow none; raises KeyError on an unknown skill."""
        return self._makers[skill]()

    def _phrasing(self, split: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
        return self.random.choice(split[self.held_out])

    def _ask(self, fact: Fact, entity: str, kind: str) -> str:
        if self.language == CHINESE:
            return self._phrasing(CHINESE_LOOKUPS).format(e=entity, a=self.random.choice(fact.names))
        if fact.direct and not self.held_out and self.random.random() < 0.25:
            return self.random.choice(fact.direct).format(e=entity)
        question = self._phrasing(LOOKUPS).format(e=entity, a=self.random.choice(fact.names), k=kind)
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
        return _say("lookup", self._ask(fact, passage.entity, passage.entity_kind), [cited(passage, fact.line)], fact.value)

    def absent(self) -> Asked | None:
        """A fact that no passage states: of an entity that is there, or a stated attribute of an entity that is not."""
        passages = self._with_facts()
        if not passages:
            return None
        passage = self.random.choice(passages)
        used = {name for one in passages if one.entity == passage.entity for fact in one.facts for name in fact.names}
        if self.random.random() < 0.6:
            entity = passage.entity
            elsewhere = [fact for one in passages if one.entity != entity for fact in one.facts if not used.intersection(fact.names)]
            if elsewhere and self.random.random() < 0.5:
                fact = self.random.choice(elsewhere)
            else:
                attribute = self.random.choice(words.ATTRIBUTES)
                names = (attribute.chinese,) if self.language == CHINESE else (*attribute.labels, *attribute.asked)
                if self.language == ENGLISH and self.random.random() < 0.35:
                    names = (f"{self.random.choice(words.ADJECTIVES)} {self.random.choice(words.NOUNS)}",)
                if used.intersection(names):
                    return None
                fact = Fact(names, (), attribute.kind, "")
        else:
            entity = self.invention.similar(passage.entity) if self.random.random() < 0.4 else self.invention.entity()
            if any(entity == one.entity for one in self.passages):
                return None
            fact = self.random.choice(passage.facts)
        return _say("absent", self._ask(fact, entity, passage.entity_kind), [ABSENT], NOT_STATED)

    def inverse(self) -> Asked | None:
        """The entity that has a value."""
        passages = self._with_facts()
        if not passages or self.language == CHINESE:
            return None
        passage = self.random.choice(passages)
        fact = self.random.choice(passage.facts)
        if sum(fact.value == other.value for one in passages for other in one.facts) > 1 or fact.kind in ("flag", "phrase"):
            return None
        question = self._phrasing(INVERSE).format(a=self.random.choice(fact.names), k=passage.entity_kind, v=fact.value)
        return _say("inverse", question, [cited(passage, fact.line)], passage.entity)

    def compare(self) -> Asked | None:
        """Which of two entities has more or less of a number that both state in the same unit."""
        pairs = []
        passages = self._with_facts()
        for place, first in enumerate(passages):
            for second in passages[place + 1 :]:
                for one in first.facts:
                    for other in second.facts:
                        if one.names[0] == other.names[0] and first.entity != second.entity and (numbers := _comparable(one.value, other.value)):
                            pairs.append((first, one, second, other, numbers))
        if not pairs or self.language == CHINESE:
            return None
        first, one, second, other, (left, right) = self.random.choice(pairs)
        more = self.random.random() < 0.5
        x, y = (first, second) if self.random.random() < 0.5 else (second, first)
        question = self._phrasing(MORE if more else LESS).format(a=self.random.choice(one.names), x=x.entity, y=y.entity)
        answer = (first if (left > right) == more else second).entity
        return _say("compare", question, [cited(first, one.line), cited(second, other.line)], answer)

    def yes_no(self) -> Asked | None:
        """Whether a fact has a value: the right one, or another of its kind."""
        passages = self._with_facts()
        if not passages or self.language == CHINESE:
            return None
        passage = self.random.choice(passages)
        fact = self.random.choice(passage.facts)
        right = self.random.random() < 0.5
        value = fact.value if right else self.invention.value(fact.kind)
        if fact.kind == "flag" or (not right and value == fact.value):
            return None
        question = self._phrasing(YES_NO).format(a=self.random.choice(fact.names), e=passage.entity, v=value)
        return _say("yes_no", question[:1].upper() + question[1:], [cited(passage, fact.line)], "yes" if right else "no")

    def chain(self) -> Asked | None:
        """A fact of the entity that another passage names."""
        passages = self._with_facts()
        links = [
            (source, link, target) for source in passages for link in source.facts for target in passages if link.value == target.entity and source is not target
        ]
        if not links or self.language == CHINESE:
            return None
        source, link, target = self.random.choice(links)
        fact = self.random.choice(target.facts)
        question = self._phrasing(CHAINS).format(a=self.random.choice(fact.names), l=self.random.choice(link.names), e=source.entity)
        return _say("chain", question, [cited(source, link.line), cited(target, fact.line)], fact.value)

    def step(self) -> Asked | None:
        """One numbered step."""
        passages = [passage for passage in self.passages if passage.steps]
        if not passages:
            return None
        passage = self.random.choice(passages)
        number = self.random.randint(1, len(passage.steps))
        question = self._phrasing(STEPS).format(n=number, e=passage.entity)
        return _say("step", question, [cited(passage, f"{number}. {passage.steps[number - 1]}")], passage.steps[number - 1].rstrip("."))

    def count(self) -> Asked | None:
        """How many steps there are."""
        passages = [passage for passage in self.passages if passage.steps]
        if not passages:
            return None
        passage = self.random.choice(passages)
        number = len(passage.steps)
        return _say("count", self._phrasing(COUNTS).format(e=passage.entity), [cited(passage, f"{number}. {passage.steps[-1]}")], str(number))

    def list_all(self) -> Asked | None:
        """The entities of all passages."""
        if self.language == CHINESE or len({passage.entity for passage in self.passages}) < len(self.passages):
            return None
        evidence = [cited(passage, passage.entity) for passage in self.passages]
        return _say("list", self._phrasing(LISTS).format(k=self.passages[0].entity_kind), evidence, ", ".join(passage.entity for passage in self.passages))


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
