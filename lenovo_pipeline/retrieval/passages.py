"""From evidence to the passages that a model is shown, and from what it says to the records that it rests on.

Belongs here: choosing passages, citations and whether they exist. Does not belong here: models (candidate.py), prompts.
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from lenovo_pipeline.knowledge.tokenizer import tokenize
from lenovo_pipeline.resources.views import Views
from lenovo_pipeline.retrieval.interface import Evidence
from lenovo_pipeline.retrieval.register import Register

SOURCES_MARK = "Sources:"
_RECORD_ID = re.compile(r"\b(?:DEV|INC|PRC|CUS|JRN|DOC|KB|TEC|TXT)-[A-Z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\b")
_NUMBERED = re.compile(r"\[(\d{1,2})\]")
_QUOTED = re.compile(r"[\"“「]([^\"”」\n]{8,})[\"”」]")


@dataclass(frozen=True)
class Passage:
    """A passage as a model is shown it."""

    record_id: str
    chunk_id: str
    text: str


@dataclass(frozen=True)
class Citations:
    """Record ids that an answer rests on, in its order, and ids and numbers in it that nothing stands for."""

    record_ids: tuple[str, ...]
    unknown: tuple[str, ...]


class Passages:
    """The texts of all passages, from views that have knowledge.chunks."""

    def __init__(self, views: Views, register: Register) -> None:
        self._views = views
        self._register = register

    def shown(self, question: str, evidence: Sequence[Evidence], limit: int) -> list[Passage]:
        """At most `limit` passages: of each record the one that fits best, then further ones, those with most of the
        question's words first; in the order of the evidence.
        """
        asked = set(tokenize(question))
        ids = [chunk for each in evidence for chunk in self._register.chunks.get(each.record_id, ())]
        texts = self.texts(ids)
        firsts: list[str] = []
        others: list[tuple[float, str]] = []
        for each in evidence:
            fitting = sorted(
                (chunk for chunk in self._register.chunks.get(each.record_id, ()) if chunk in texts),
                key=lambda chunk: (-_overlap(asked, texts[chunk]), chunk != each.chunk_id),
            )
            firsts += fitting[:1]
            others += [(_overlap(asked, texts[chunk]), chunk) for chunk in fitting[1:]]
        chosen = firsts[:limit]
        chosen += [chunk for _, chunk in sorted(others, key=lambda pair: -pair[0])[: limit - len(chosen)]]
        owner = self._owners(evidence)
        return [Passage(owner[chunk], chunk, texts[chunk]) for chunk in sorted(chosen, key=ids.index)]

    def _owners(self, evidence: Sequence[Evidence]) -> dict[str, str]:
        return {chunk: each.record_id for each in evidence for chunk in self._register.chunks.get(each.record_id, ())}

    def texts(self, ids: Sequence[str]) -> dict[str, str]:
        """What is indexed of each of these chunks."""
        rows = self._views.rows(
            "SELECT chunk_id, context, text FROM knowledge.chunks WHERE list_contains($ids, chunk_id)", {"ids": list(ids)}
        )
        return {chunk: f"{context}\n{text}" if context else text for chunk, context, text in rows}


def citations(said: str, passages: Sequence[Passage], known: Container[str]) -> Citations:
    """What an answer cites: passages by number ([2]), records by id, and passages that it quotes word for word.

    An id counts only if it is of a record that was shown; `known` are all records, so that one that exists but was not shown is
    told as such.
    """
    shown = {passage.record_id for passage in passages}
    found: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for number in map(int, _NUMBERED.findall(said)):
        if 1 <= number <= len(passages):
            found[passages[number - 1].record_id] = None
        else:
            unknown[f"[{number}]"] = None
    for record_id in _RECORD_ID.findall(said):
        if record_id in shown:
            found[record_id] = None
        else:
            unknown[f"{record_id} (not shown)" if record_id in known else record_id] = None
    for quoted in _QUOTED.findall(said):
        found.update(dict.fromkeys(p.record_id for p in passages if quoted.strip().casefold() in p.text.casefold()))
    return Citations(tuple(found), tuple(unknown))


def stating(answer: str, passages: Sequence[Passage]) -> tuple[str, ...]:
    """Records of the passages in which an answer stands word for word; none for an empty one."""
    wanted = answer.strip().casefold()
    return tuple(dict.fromkeys(p.record_id for p in passages if wanted and wanted in p.text.casefold()))


def _overlap(asked: set[str], text: str) -> float:
    words = set(tokenize(text))
    return len(asked & words) / (len(asked) or 1)
