"""Which questions are asked, and which passages are shown with them: the same for every candidate.

Belongs here: the sample and the passages. Does not belong here: asking (scoring.py).
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import cycle

import pandas as pd

from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.evaluation.tables import BUILD_KINDS, ITEMS, KINDS, WORKFLOW_KINDS
from lenovo_pipeline.knowledge.tokenizer import tokenize
from lenovo_pipeline.measures.items import Item, items_from_rows, items_hash, spread

SIZES: dict[str, int | None] = {"smoke": 44, "default": 300, "full": None}
"""How many questions each profile asks; None: all of the test split."""

BUILD_SIZES: dict[str, int | None] = {"smoke": 5, "default": 22, "full": None}
"""How many of them each profile asks what was made from a base model, of which there are dozens."""

WORKFLOW_SIZES: dict[str, int | None] = {"smoke": 22, "default": 150, "full": None}
"""How many of them each profile asks a workflow around a model, whose prompts are several times as long."""

_FEW, _MANY = 1, 3
"""Passages that are shown with a question without an answer: as many as most others have."""


def make_items(
    questions: pd.DataFrame,
    qrels: pd.DataFrame,
    chunks: pd.DataFrame,
    *,
    size: int | None,
    seed: int,
    of_builds: int | None = None,
    of_workflows: int | None = None,
) -> pd.DataFrame:
    """The questions to ask (contract ITEMS), a sample of `size` of the test split, stratified by category and language.

    Builds are asked a sample of `of_builds` of those, workflows one of `of_workflows`, stratified likewise (None: all).

    Evidence is the chunks of the evidence records that qrels name, in document order. A question without an answer is shown
    the passages about its anchor that share most with it, as many as other questions have, so that it has to be read to
    be refused.
    """
    test = questions[questions["split"] == "test"]
    chosen = test[test["question_id"].isin(set(sample(test, size, seed)))]
    shown = _evidence(chosen, qrels, chunks)
    few, some = (set(sample(chosen, each, seed)) for each in (of_builds, of_workflows))
    absent = chosen[chosen["answer_type"] == "refusal"]
    for question_id, ranked in _lookalikes(absent, chunks).items():
        shown[question_id] = ranked[: _FEW + _draw(seed, question_id) % (_MANY - _FEW + 1)]
    return pd.DataFrame(
        {
            "question_id": chosen["question_id"].tolist(),
            "category": chosen["category"].tolist(),
            "language": chosen["language"].tolist(),
            "passage_ids": [shown.get(question_id, []) for question_id in chosen["question_id"]],
            "of_builds": chosen["question_id"].isin(few).tolist(),
            "of_workflows": chosen["question_id"].isin(some).tolist(),
        },
        columns=list(ITEMS.column_names),
    )


def sample(questions: pd.DataFrame, size: int | None, seed: int) -> list[str]:
    """Ids of `size` questions, each stratum (category and language) by its share and with at least one, drawn by hash. With fewer
    questions than strata, one of some of them.

    A hash instead of a generator: a question that comes or goes elsewhere changes no other draw of its stratum.
    """
    strata: dict[tuple[str, str], list[str]] = defaultdict(list)
    for question_id, category, language in zip(
        questions["question_id"], questions["category"], questions["language"], strict=True
    ):
        strata[category, language].append(question_id)
    places = _places({stratum: len(ids) for stratum, ids in strata.items()}, size)
    return [
        question_id
        for stratum, ids in sorted(strata.items())
        for question_id in sorted(ids, key=lambda each: (_draw(seed, each), each))[: places[stratum]]
    ]


def asked_items(items: pd.DataFrame, questions: pd.DataFrame, chunks: pd.DataFrame) -> tuple[list[Item], list[Item]]:
    """The items closed book and open book, from the tables ITEMS, QUESTIONS and CHUNKS, in the order of their ids."""
    shown = dict(zip(items["question_id"], items["passage_ids"], strict=True))
    needed = {chunk_id for ids in shown.values() for chunk_id in ids}
    texts = {
        chunk_id: f"{context}\n{text}" if context else text
        for chunk_id, context, text in zip(chunks["chunk_id"], chunks["context"], chunks["text"], strict=True)
        if chunk_id in needed
    }
    asked = questions[questions["question_id"].isin(set(shown))].sort_values("question_id")
    closed = items_from_rows(rows_of(asked))
    opened = [item.with_passages([texts[chunk_id] for chunk_id in shown[item.question_id]]) for item in closed]
    return closed, opened


def asked_of(kind: str, items: pd.DataFrame) -> set[str]:
    """Ids of the questions that candidates of a kind are asked; `items` has the rows of ITEMS."""
    return set(items_of(kind, items)["question_id"])


def items_of(kind: str, items: pd.DataFrame) -> pd.DataFrame:
    """The rows of ITEMS that candidates of a kind are asked."""
    flags = {**dict.fromkeys(BUILD_KINDS, "of_builds"), **dict.fromkeys(WORKFLOW_KINDS, "of_workflows")}
    return items[items[flags[kind]].astype(bool)] if kind in flags else items


def hashes_now(items: pd.DataFrame, questions: pd.DataFrame, chunks: pd.DataFrame) -> dict[str, set[str]]:
    """By kind of candidates, the hashes (`measures.items.items_hash`) of what they would be asked now, without passages and with
    them; builds are always shown them. Frames as for `asked_items`.
    """
    closed, opened = asked_items(items, questions, chunks)

    def now(kind: str) -> set[str]:
        chosen = asked_of(kind, items)
        books = [opened] if kind in BUILD_KINDS else [closed, opened]
        return {items_hash(item for item in book if item.question.question_id in chosen) for book in books}

    return {kind: now(kind) for kind in KINDS}


def _evidence(questions: pd.DataFrame, qrels: pd.DataFrame, chunks: pd.DataFrame) -> dict[str, list[str]]:
    """Chunk ids by question: those of the evidence records, a record after the other, in the order of the text."""
    place = {
        chunk_id: (record_id, int(position))
        for chunk_id, record_id, position in zip(chunks["chunk_id"], chunks["record_id"], chunks["position"], strict=True)
    }
    order = {
        question_id: {record_id: rank for rank, record_id in enumerate(ids)}
        for question_id, ids in zip(questions["question_id"], questions["evidence_ids"], strict=True)
    }
    found: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    of_chunks = qrels[qrels["level"] == "chunk"]
    for question_id, chunk_id in zip(of_chunks["question_id"], of_chunks["target_id"], strict=True):
        record_id, position = place.get(chunk_id, ("", 0))
        if question_id in order and record_id in order[question_id]:
            found[question_id].append((order[question_id][record_id], position, chunk_id))
    return {question_id: [chunk_id for *_, chunk_id in sorted(places)] for question_id, places in found.items()}


def _lookalikes(absent: pd.DataFrame, chunks: pd.DataFrame) -> dict[str, list[str]]:
    """Chunk ids by question, those about its anchor that share most words with it first; of another anchor if it has none."""
    about: dict[str, list[tuple[str, str]]] = defaultdict(list)
    kinds: dict[str, str] = {}
    for chunk_id, anchor, context, text in zip(
        chunks["chunk_id"], chunks["anchor"], chunks["context"], chunks["text"], strict=True
    ):
        if anchor:
            about[anchor].append((chunk_id, f"{context} {text}"))
            kinds.setdefault(anchor.partition(":")[0], anchor)
    found = {}
    words: dict[str, list[tuple[str, set[str]]]] = {}
    for question_id, question, anchor in zip(absent["question_id"], absent["question"], absent["anchor"], strict=True):
        place = anchor if anchor in about else kinds.get(anchor.partition(":")[0], "")
        if place not in words:
            words[place] = [(chunk_id, set(tokenize(text))) for chunk_id, text in about.get(place, [])]
        asked = set(tokenize(question))
        found[question_id] = [each for each, _ in sorted(words[place], key=lambda one: (-len(asked & one[1]), one[0]))]
    return found


def _places(counts: Mapping[tuple[str, str], int], size: int | None) -> Counter[tuple[str, str]]:
    """How many of each stratum: its share by largest remainder (Hamilton), at least one, at most all."""
    total = sum(counts.values())
    if size is None or size >= total:
        return Counter(counts)
    if size < len(counts):
        return Counter(dict(zip(sorted(counts), spread(size, len(counts)), strict=True)))
    shares = {stratum: size * count / total for stratum, count in counts.items()}
    places = Counter({stratum: min(counts[stratum], max(1, int(share))) for stratum, share in shares.items()})
    by_remainder = sorted(shares, key=lambda stratum: (int(shares[stratum]) - shares[stratum], stratum))
    for stratum in cycle(by_remainder):
        if places.total() >= size:
            return places
        if places[stratum] < counts[stratum]:
            places[stratum] += 1
    return places


def _draw(seed: int, question_id: str) -> int:
    return int.from_bytes(hashlib.sha256(json.dumps([seed, question_id]).encode()).digest()[:8], "big")
