"""What every retriever is: a question in, ranked evidence out.

Belongs here: the protocol, what it takes and gives, and how a question is made fit to be asked. Does not belong here: a search.
A text, whether of a question or of a record, is data: nothing here or in any retriever executes or obeys it.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

from lenovo_pipeline.failures import PermanentFailure

MAX_QUESTION_CHARACTERS = 4_000
"""Longer questions are cut here, and the result says so: beyond it no source reads more."""

MAX_EVIDENCE = 1_000
"""More evidence than this is never returned, whatever `k` says."""

RECORD_TYPES = (
    "devices",
    "support_articles",
    "incidents",
    "technical_docs",
    "documents",
    "processes",
    "customers",
    "journeys",
    "texts",
)
"""Tables whose records carry a text (see knowledge/chunks.py)."""

_WORD = re.compile(r"\w")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Filters:
    """What evidence must be (empty: anything), and the context that the question is asked in.

    `record_types`, `languages`, `device_ids` and `customer_ids` leave out what does not fit. `context_device` and
    `context_customer` name the device of whoever asks and the customer whose journey they work on: they stand for
    "my laptop" and "the customer" where the question names none, and lift what belongs to them.
    """

    record_types: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    device_ids: tuple[str, ...] = ()
    customer_ids: tuple[str, ...] = ()
    context_device: str | None = None
    context_customer: str | None = None

    @classmethod
    def of(cls, given: "Filters | dict[str, Any] | None") -> "Filters":
        """Filters from plain values. Raises PermanentFailure listing every unknown name and value."""
        if given is None:
            return cls()
        values = {each.name: getattr(given, each.name) for each in fields(cls)} if isinstance(given, cls) else dict(given)  # type: ignore[arg-type]
        known = {each.name for each in fields(cls)}
        problems = [f"there is no filter {name!r}" for name in sorted(values.keys() - known)]
        for name in ("record_types", "languages", "device_ids", "customer_ids"):
            value = values.get(name, ())
            value = (value,) if isinstance(value, str) else value
            if not isinstance(value, Sequence) or not all(isinstance(each, str) for each in value):
                problems.append(f"{name} is {value!r}, expected texts")
                continue
            values[name] = tuple(value)
        for name in ("context_device", "context_customer"):
            if not isinstance(values.get(name), str | None):
                problems.append(f"{name} is {values[name]!r}, expected one id")
        if not problems:
            problems = [f"there is no record type {kind!r}" for kind in values["record_types"] if kind not in RECORD_TYPES]
        if problems:
            raise PermanentFailure(
                f"the filters cannot be used: {'; '.join(problems)}",
                remedy=f"Use {', '.join(sorted(known))}; record types are {', '.join(RECORD_TYPES)}.",
            )
        return cls(**values)


@dataclass(frozen=True)
class Evidence:
    """One record that may answer the question, with the passage of it that fits best.

    `chunk_id` is None where the record has no passage. `score` orders the evidence of one result, higher is better; scores
    of different retrievers do not compare. `source` names the retriever that found it (hybrid: all that did), `why` is a
    sentence for a person.
    """

    record_id: str
    chunk_id: str | None
    score: float
    source: str
    why: str


@dataclass(frozen=True)
class Result:
    """Ranked evidence, best first, each record once. `notes` says what was done to the question, or why nothing was found."""

    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def record_ids(self) -> list[str]:
        return [each.record_id for each in self.evidence]


class Retriever(Protocol):
    """A source of evidence."""

    @property
    def name(self) -> str: ...

    def retrieve(self, question: str, k: int = 10, filters: Filters | dict[str, Any] | None = None) -> Result:
        """The `k` best records for a question.

        Empty, with a note, for a question without words and for k = 0; cut to MAX_QUESTION_CHARACTERS and MAX_EVIDENCE.
        Raises PermanentFailure for unknown filters, a negative or fractional k, and a store that is missing or does not fit.
        """
        ...


@dataclass(frozen=True)
class Request:
    """A question that is fit to be asked: without control characters, in NFC, of bounded length."""

    question: str
    k: int
    filters: Filters
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.question or self.k == 0


def request(question: str, k: int, filters: Filters | dict[str, Any] | None) -> Request:
    """Make a question fit to be asked; see Retriever.retrieve for what is refused and what is noted."""
    if not isinstance(question, str):
        raise PermanentFailure(f"the question is {type(question).__name__}, expected a text", remedy="Ask in words.")
    if isinstance(k, bool) or not isinstance(k, int) or k < 0:
        raise PermanentFailure(f"k is {k!r}, expected a whole number of at least 0", remedy="Ask for 10 records, say.")
    notes = []
    fitting = Filters.of(filters)
    if len(question) > MAX_QUESTION_CHARACTERS:
        notes.append(f"the question has {len(question)} characters; only the first {MAX_QUESTION_CHARACTERS} were read")
        question = question[:MAX_QUESTION_CHARACTERS]
    # Lone surrogates have no UTF-8 form, which every store wants.
    plain = question.encode("utf-8", "replace").decode("utf-8")
    plain = " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", plain)).split())
    if not _WORD.search(plain):
        notes.append("the question has no words, so there is nothing to look for")
        plain = ""
    if k == 0:
        notes.append("no evidence was asked for (k is 0)")
    if k > MAX_EVIDENCE:
        notes.append(f"{k} records were asked for; at most {MAX_EVIDENCE} are returned")
    return Request(plain, min(k, MAX_EVIDENCE), fitting, tuple(notes))
