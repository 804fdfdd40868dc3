"""What all kinds of tasks are drafted with: the split's world, a seeded draw, and a wording in the task's language.

Belongs here: means. Does not belong here: any kind (kinds_*.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.agents.tasks import loose_wordings, phrasings, train_wordings
from lenovo_pipeline.agents.tasks.task import (
    Expected,
    GoalCheck,
    ReferenceCall,
    ReferenceTurn,
    Refusal,
    StepsKind,
)
from lenovo_pipeline.agents.tasks.world import Row, World
from lenovo_pipeline.agents.tools.interface import Actor
from lenovo_pipeline.measures.reading import ANSWER_MARK
from lenovo_pipeline.retrieval.words import is_chinese

if TYPE_CHECKING:
    from opencc import OpenCC


_LOOSELY, _FROM_PATTERNS = 0.35, 0.8
"""Share of the train split's requests without a pattern, and of the others that whose wording a pattern gives."""

_CONTRADICTED = 0.6
"""Share of the train split's contradictory requests that are made of one that can be done."""


class NothingThere(Exception):
    """The split has no record of the kind that a task needs."""


@dataclass
class Draft:
    """A task without its id, split, language and day, which are the same for all kinds."""

    category: str
    actor: Actor
    turns: list[str]
    steps: StepsKind
    writes: bool
    cluster: str
    reference: list[ReferenceTurn]
    goal: list[GoalCheck] = field(default_factory=list)
    expects: list[Expected] = field(default_factory=list)
    allowed: dict[str, int] = field(default_factory=dict)
    refusal: Refusal | None = None
    setup: dict[str, tuple[Row, ...]] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """One draw: where from, in which language, and how to look something up in retrieval.

    `held_back` is for a long training: False leaves out those patterns of the train split that it is measured on, True words
    everything by one of these.
    """

    world: World
    random: Random
    language: str
    search: Callable[[str], Sequence[str]]
    held_back: bool | None = None

    def one(self, rows: Sequence[Any]) -> Any:
        """One of them. Raises NothingThere if there are none."""
        if not rows:
            raise NothingThere
        return self.random.choice(rows)

    def stranger(self) -> tuple[Actor, Row]:
        """Somebody, and a customer whom they may not see."""
        hidden = self.one(self.world.customers)
        return self.world.actor(self.random, without=hidden["customer_id"]), hidden

    def say(self, kind: str, **slots: Any) -> str:
        """A wording of the kind, filled in."""
        told = phrasings.wordings(kind, self.language, self.world.split)
        # A kind without Chinese wordings is worded in English.
        chinese = self.language != "en" and kind in phrasings.CHINESE
        loose = self._loosely(kind, chinese)
        patterns = (train_wordings.CHINESE if chinese else train_wordings.ENGLISH).get(kind, ())
        sentence = (loose if loose is not None else self.wording(told, self.taught(patterns))).format(**slots)
        if self.language == "zh-Hant":
            return str(_traditional().convert(sentence))
        if self.language == "en":
            return self.wording(phrasings.AROUND[self.world.split], train_wordings.AROUND).format(sentence)
        return sentence

    def contradicted(self, kind: str, *, other: str, **slots: Any) -> str | None:
        """In the train split more often than not, a request of the kind with words that it cannot hold with."""
        if self.world.split != "train" or self.held_back or self.random.random() >= _CONTRADICTED:
            return None
        sentence = self.say(kind, **slots)
        beside = train_wordings.CONFLICTS["zh" if is_chinese(sentence) else "en"]
        text = train_wordings.spoken(self.one(beside), self.random).format(sentence, other=other, **slots)
        return str(_traditional().convert(text)) if self.language == "zh-Hant" else text

    def wording(self, told: Sequence[str], patterns: Sequence[str]) -> str:
        """One of these sentences; in the train split more often one that a pattern gives."""
        share = 1.0 if self.held_back else _FROM_PATTERNS
        if self.world.split == "train" and patterns and self.random.random() < share:
            return train_wordings.spoken(self.one(patterns), self.random)
        return str(self.one(told))

    def taught(self, patterns: Sequence[str]) -> Sequence[str]:
        """Those of a kind's patterns that this draw may word something by. A kind that has none held back keeps its last one."""
        if self.held_back is None or not patterns:
            return patterns
        found = [pattern for pattern in patterns if train_wordings.held_back(pattern) == self.held_back]
        return found or patterns[-1:]

    def _loosely(self, kind: str, chinese: bool) -> str | None:
        """In the train split now and then, what is asked among words that say nothing; never a wording of another split."""
        if self.world.split != "train" or self.held_back or self.random.random() >= _LOOSELY:
            return None
        kinds = (phrasings.CHINESE if chinese else phrasings.ENGLISH)[kind]
        sentence = loose_wordings.loosely(kind, self.random, chinese=chinese)
        return None if sentence in (*kinds["validation"], *kinds["test"]) else sentence

    def attribute(self, name: str) -> str:
        return (phrasings.ATTRIBUTES_ENGLISH if self.language == "en" else phrasings.ATTRIBUTES_CHINESE)[name]

    def field(self, name: str) -> str:
        return name if self.language == "en" else phrasings.FIELDS_CHINESE[name]

    def actor(self, *customers: str) -> Actor:
        return self.world.actor(self.random, *customers)

    def number(self, low: int, high: int) -> int:
        return self.random.randint(low, high)


def call(tool: str, **arguments: Any) -> ReferenceCall:
    return ReferenceCall(tool, arguments)


def turn(*calls: ReferenceCall, answer: str) -> ReferenceTurn:
    return ReferenceTurn(tuple(calls), f"{ANSWER_MARK} {answer}")


def sandbox_goal(table: str, says: str, **values: Any) -> GoalCheck:
    """Exactly one row of a table has these values."""
    where = " AND ".join(f"CAST({name} AS VARCHAR) = ${name}" for name in values)
    plain = {name: str(value) for name, value in values.items()}
    return GoalCheck("sandbox", f"SELECT count(*) FROM {table} WHERE {where}", ((1,),), says, plain)


def refused(
    drawing: Drawing,
    reason: Refusal,
    text: str,
    actor: Actor,
    cluster: str,
    *calls: ReferenceCall,
    about: str | None = None,
    setup: Mapping[str, tuple[Row, ...]] | None = None,
    writes: bool = False,
) -> Draft:
    """A task that must be refused: what shows it, then handing over for the right reason."""
    given = {"reason": reason} if about is None else {"reason": reason, "about": about}
    steps = turn(*calls, call("hand_over", **given), answer=f"handed over, {reason}")
    return Draft(
        f"refuse_{reason}",
        actor,
        [text],
        "single" if len(calls) <= 1 else "multi",
        writes,
        cluster,
        [steps],
        refusal=reason,
        setup=dict(setup or {}),
    )


@cache
def _traditional() -> "OpenCC":
    from opencc import OpenCC

    return OpenCC("s2t")
