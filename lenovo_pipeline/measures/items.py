"""What is asked, with what is right: a question beside its known answer, which no candidate ever sees.

Belongs here: the item of an evaluation and making items of gold rows. Which questions are asked is the evaluation's choice.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.candidate import Question
from lenovo_pipeline.provenance import short_hash

AnswerType = Literal["text", "number", "list", "yes_no", "refusal"]
ANSWER_TYPES: tuple[AnswerType, ...] = get_args(AnswerType)

_NEEDED = ("question_id", "question", "language", "answer", "answer_type")


@dataclass(frozen=True)
class Item:
    """One question with what is right.

    `answer` is canonical (a number has no unit in it: that is `unit`), `aliases` are other right forms, `answer_items` the
    members of a list. Items of one `cluster` (the entity asked about) share their luck: intervals resample whole clusters.
    """

    question: Question
    answer: str
    answer_type: AnswerType
    unit: str | None = None
    aliases: tuple[str, ...] = ()
    answer_items: tuple[str, ...] = ()
    category: str = ""
    cluster: str = ""

    @property
    def question_id(self) -> str:
        return self.question.question_id

    @property
    def unanswerable(self) -> bool:
        """Whether to refuse is the right answer."""
        return self.answer_type == "refusal"

    @property
    def right_forms(self) -> tuple[str, ...]:
        """The answer and its aliases."""
        return (self.answer, *self.aliases)

    def with_passages(self, passages: Sequence[str]) -> "Item":
        """The same item asked open book."""
        return replace(self, question=replace(self.question, passages=tuple(passages)))


def items_from_rows(rows: Iterable[Mapping[str, Any]], passages: Mapping[str, Sequence[str]] | None = None) -> list[Item]:
    """Items of rows as `gold/questions` holds them; `passages` by question id makes them open book.

    The cluster is the row's `anchor`. Raises PermanentFailure for a missing column, an unknown answer type, an empty answer
    or a question id that comes twice.
    """
    items: list[Item] = []
    seen: set[str] = set()
    for row in rows:
        missing = [name for name in _NEEDED if row.get(name) is None]
        if missing:
            raise _bad(f"the row of question {row.get('question_id')!r} lacks {', '.join(missing)}")
        question_id, answer_type = str(row["question_id"]), row["answer_type"]
        if answer_type not in ANSWER_TYPES:
            raise _bad(f"question {question_id} has answer type {answer_type!r}, expected one of {', '.join(ANSWER_TYPES)}")
        if not str(row["answer"]).strip():
            raise _bad(f"question {question_id} has an empty answer")
        if question_id in seen:
            raise _bad(f"question {question_id} comes twice")
        seen.add(question_id)
        shown = tuple((passages or {}).get(question_id, ()))
        items.append(
            Item(
                question=Question(question_id, str(row["question"]), str(row["language"]), shown),
                answer=str(row["answer"]),
                answer_type=answer_type,
                unit=row["unit"] if isinstance(row.get("unit"), str) else None,
                aliases=_texts(row.get("aliases")),
                answer_items=_texts(row.get("answer_items")),
                category=str(row.get("category") or ""),
                cluster=str(row.get("anchor") or question_id),
            )
        )
    return items


def item_hash(item: Item, grounds: str = "") -> str:
    """Hash (16 hex digits) of everything in the item, and of what else the answer rests on (`GroundedCandidate`)."""
    content = json.dumps([asdict(item), grounds], sort_keys=True, ensure_ascii=False)
    return short_hash(content)


def items_hash(items: Iterable[Item]) -> str:
    """Hash (16 hex digits) of everything in the items, whatever their order."""
    lines = sorted(json.dumps(asdict(item), sort_keys=True, ensure_ascii=False) for item in items)
    return short_hash("\n".join(lines))


def _texts(values: Any) -> tuple[str, ...]:
    return () if values is None else tuple(str(value) for value in values)


def _bad(found: str) -> PermanentFailure:
    return PermanentFailure(found, remedy="Give rows of gold/questions: materialise it anew, or mend the rows.")


def spread(count: int, places: int) -> list[int]:
    """`count` divided among as many places, as evenly as whole numbers allow."""
    return [(place + 1) * count // places - place * count // places for place in range(places)]
