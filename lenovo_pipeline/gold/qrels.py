"""What is relevant to each question: records, and the chunks of them that state what the answer needs.

Belongs here: relevance from the evidence. Does not belong here: scoring a search.
"""

import json
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from lenovo_pipeline.gold.surfaces import find
from lenovo_pipeline.gold.tables import QRELS

STATES_ANSWER = 2
STATES_OTHER_FACT = 1


def make_qrels(questions: pd.DataFrame, chunks: pd.DataFrame) -> pd.DataFrame:
    """Relevance of records and chunks to each answerable question (contract QRELS).

    `questions`: contract QUESTIONS; `chunks`: columns chunk_id, record_id, text, at least. A chunk of an evidence record is
    relevant if it contains a form of the needed fact; where no chunk of the record does, because the fact stands in the
    title or was cut in two, each chunk of the record counts 1. Questions without evidence have no rows.
    """
    texts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for chunk_id, record_id, text in zip(chunks["chunk_id"], chunks["record_id"], chunks["text"], strict=True):
        texts[record_id].append((chunk_id, text.lower()))
    rows: list[tuple[str, str, str, int]] = []
    for row in questions.to_dict("records"):
        records: dict[str, int] = {}
        passages: dict[str, int] = {}
        for record_id, relevance, surfaces in _needed(row):
            records[record_id] = max(relevance, records.get(record_id, 0))
            for chunk_id, grade in _chunks(texts[record_id], relevance, surfaces):
                passages[chunk_id] = max(grade, passages.get(chunk_id, 0))
        rows += [(row["question_id"], "record", target, relevance) for target, relevance in records.items()]
        rows += [(row["question_id"], "chunk", target, relevance) for target, relevance in passages.items()]
    return pd.DataFrame(rows, columns=list(QRELS.column_names))


def _needed(row: Mapping[Hashable, Any]) -> Iterator[tuple[str, int, list[str]]]:
    """Record, relevance and forms of the needed fact: the evidence, then the records that retell it."""
    facts = json.loads(row["evidence_facts"]) if isinstance(row["evidence_facts"], str) else row["evidence_facts"]
    answers: list[str] = []
    for record_id, fact in zip(row["evidence_ids"], facts, strict=True):
        relevance = STATES_ANSWER if fact["role"] == "answer" else STATES_OTHER_FACT
        answers += fact["surfaces"] if fact["role"] == "answer" else []
        yield record_id, relevance, fact["surfaces"]
    for record_id in row["alternate_ids"]:
        yield record_id, STATES_ANSWER, answers


def _chunks(chunks: list[tuple[str, str]], relevance: int, surfaces: list[str]) -> list[tuple[str, int]]:
    stating = [(chunk_id, relevance) for chunk_id, text in chunks if find(text, surfaces)]
    return stating or [(chunk_id, STATES_OTHER_FACT) for chunk_id, _ in chunks]
