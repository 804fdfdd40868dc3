"""The examples that models are customised with, by domain and task.

Belongs here: making them from the gold questions of the train and validation splits, and from fresh conversations of the kinds
of pretraining (rehearsal), without which a tuned model forgets what it could do. Does not belong here: finding leaks
(leakage.py).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

import pandas as pd

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.reading import question_messages
from lenovo_pipeline.models.pretraining.batches import converse
from lenovo_pipeline.models.tables import TRAINING_SETS
from lenovo_pipeline.models.tuning.answers import completion
from lenovo_pipeline.models.tuning.domains import ALL, domain_of
from lenovo_pipeline.models.tuning.leakage import Sentences, messages_of
from lenovo_pipeline.models.tuning.passages import Passages

SPLITS = ("train", "validation")
REHEARSALS = {"smoke": 24, "default": 900, "full": 4000}
"""Rehearsal conversations by profile."""

_REHEARSED = (
    ("reading/two_absent_loose", 0.34),
    ("reading/broad_loose", 0.18),
    ("reading/single_loose", 0.14),
    ("tool_requests", 0.2),
    ("reading/chinese_loose", 0.08),
    ("tool_results", 0.05),
    ("closed_book", 0.01),
)
_VERSION_LENGTH = 16


def make_training_sets(
    questions: pd.DataFrame, qrels: pd.DataFrame, chunks: pd.DataFrame, records: pd.DataFrame, *, rehearsals: int, seed: int
) -> pd.DataFrame:
    """The rows of TRAINING_SETS. `records` has the columns record_id and name (gold.records).

    Chunks of other splits are never shown, and an example in which an answer of the test split stands as a sentence is left
    out: records of different splits share some. Raises PermanentFailure if there is no question to train on.
    """
    titles = dict(zip(chunks["record_id"], chunks["title"], strict=True))
    names = {
        record_id: [each for each in (name, titles.get(record_id)) if each] or [record_id]
        for record_id, name in zip(records["record_id"], records["name"], strict=True)
    }
    examples: list[dict[str, Any]] = []
    for split in SPLITS:
        chosen = questions[questions["split"] == split].sort_values("question_id")
        examples += _of_questions(chosen.to_dict("records"), Passages(chunks, qrels, split), names, split, seed)
    answers = Sentences(questions[questions["split"] == "test"])
    examples = [each for each in examples if not any(answers.inside(message) for message in messages_of(each))]
    if not any(example["split"] == "train" for example in examples):
        raise PermanentFailure(
            "the training set is empty: gold.questions has no question of the train split whose passages are known",
            remedy="Materialise gold/questions, gold/qrels and knowledge/chunks anew, or raise LENOVO_SCALE.",
        )
    examples += _rehearsed(rehearsals, seed)
    version = _version(examples)
    return pd.DataFrame([{**example, "version": version} for example in examples], columns=list(TRAINING_SETS.column_names))


def _of_questions(
    questions: Sequence[Mapping[Any, Any]], passages: Passages, names: Mapping[str, Sequence[str]], split: str, seed: int
) -> Iterator[dict[str, Any]]:
    for question in questions:
        shown = passages.of(question, seed)
        if not shown:
            continue
        messages = question_messages(question["question"], [one.text for one in shown])
        messages.append({"role": "assistant", "content": completion(question, shown, names)})
        yield _example(
            messages,
            [],
            domain=domain_of(list(question["evidence_types"]), question["anchor"]),
            task="refusal" if question["answer_type"] == "refusal" else "open_book_answer",
            split=split,
            question_id=question["question_id"],
            record_ids=list(dict.fromkeys(one.record_id for one in shown)),
        )


def _rehearsed(count: int, seed: int) -> Iterator[dict[str, Any]]:
    random = Random(f"rehearsal/{seed}")
    kinds, weights = zip(*_REHEARSED, strict=True)
    for kind in random.choices(kinds, weights=weights, k=count):
        conversation = converse(kind, random)
        yield _example(
            conversation.messages,
            conversation.tools,
            domain=ALL,
            task="rehearsal",
            split="train",
            question_id=None,
            record_ids=[],
        )


def _example(
    messages: Sequence[Mapping[str, str]], tools: Sequence[Mapping[str, Any]], *, record_ids: list[str], **fields: Any
) -> dict[str, Any]:
    said = json.dumps({"messages": list(messages), "tools": list(tools)}, ensure_ascii=False, sort_keys=True)
    key = hashlib.sha256(f"{fields['split']}/{fields['question_id']}/{said}".encode()).hexdigest()
    return {
        "example_id": f"TS-{key[:16]}",
        "messages": list(messages),
        "tools": list(tools),
        "record_ids": record_ids,
        **fields,
    }


def _version(examples: Sequence[Mapping[str, Any]]) -> str:
    """Hash over all examples, whatever their order: ids are made from content."""
    lines = sorted(f"{each['example_id']}/{each['domain']}/{each['task']}" for each in examples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_VERSION_LENGTH]
