"""What a split gives away to another one: every way in which training could show what a test asks.

Belongs here: finding leaks in questions and the records they rest on. Does not belong here: making questions.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd

from lenovo_pipeline.enterprise.anchors import SPLITS, split_of
from lenovo_pipeline.gold.surfaces import sequences, words

Asked: TypeAlias = Mapping[Any, Any]
Leak: TypeAlias = tuple[str, str, str]

LEAK_KINDS = (
    "anchor_of_another_split",
    "evidence_of_another_split",
    "unknown_evidence",
    "shared_evidence",
    "shared_question",
    "shared_phrasing",
    "shared_template",
    "shared_answer_sentence",
    "answer_of_another_split",
    "question_inside_other_answer",
)
_SHORTEST_INSIDE = 4
"""Words that a question must have before finding it inside another text means anything."""


def find_leaks(questions: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """All leaks between train, validation and test; empty where there is none.

    `questions`: contract QUESTIONS; `records`: columns record_id, anchor, template and name (None where a record has no name)
    of all records that carry a text. Returns columns kind (LEAK_KINDS), question_id, detail (what was found, against what).
    """
    anchors = dict(zip(records["record_id"], records["anchor"], strict=True))
    templates = dict(zip(records["record_id"], records["template"], strict=True))
    asked = questions.to_dict("records")
    found = [
        *_wrong_splits(asked, anchors),
        *_shared("shared_evidence", asked, _rests_on),
        *_shared("shared_question", asked, lambda row: [" ".join(words(row["question"]))]),
        *_shared("shared_phrasing", asked, lambda row: [row["phrasing"]]),
        *_shared("shared_template", asked, lambda row: [templates[i] for i in _rests_on(row) if i in templates]),
        *_shared("shared_answer_sentence", asked, _sentences),
        *_foreign_answers(asked, records),
        *_inside_answers(asked),
    ]
    return pd.DataFrame(found, columns=["kind", "question_id", "detail"]).drop_duplicates(ignore_index=True)


def is_sentence(answer: str) -> bool:
    """Whether an answer is a sentence rather than a name or a value."""
    return answer.endswith((".", "。")) and len(words(answer)) > _SHORTEST_INSIDE


def _sentences(row: Asked) -> list[str]:
    return [row["answer"]] if row["evidence_ids"] and is_sentence(row["answer"]) else []


def _rests_on(row: Asked) -> list[str]:
    return [*row["evidence_ids"], *row["alternate_ids"]]


def _wrong_splits(asked: Sequence[Asked], anchors: Mapping[str, str]) -> Iterator[Leak]:
    for row in asked:
        if split_of(row["anchor"]) != row["split"]:
            yield "anchor_of_another_split", row["question_id"], f"{row['anchor']} belongs to {split_of(row['anchor'])}"
        for record_id in _rests_on(row):
            if record_id not in anchors:
                yield "unknown_evidence", row["question_id"], f"{record_id} is no record with a text"
            elif split_of(anchors[record_id]) != row["split"]:
                where = split_of(anchors[record_id])
                yield "evidence_of_another_split", row["question_id"], f"{record_id} ({anchors[record_id]}) belongs to {where}"


def _shared(kind: str, asked: Sequence[Asked], features: Callable[[Asked], Iterable[str]]) -> Iterator[Leak]:
    """Questions with a feature that a question of an earlier split (train, validation, test) has too."""
    first: dict[str, Asked] = {}
    for row in sorted(asked, key=lambda row: SPLITS.index(row["split"])):
        for feature in features(row):
            known = first.setdefault(feature, row)
            if known["split"] != row["split"]:
                yield (
                    kind,
                    row["question_id"],
                    f"{feature} occurs in {known['split']} ({known['question_id']}) and {row['split']}",
                )


def _foreign_answers(asked: Sequence[Asked], records: pd.DataFrame) -> Iterator[Leak]:
    """Answers that name a device, process or customer whose anchor belongs to another split."""
    owners = {name: anchor for name, anchor in zip(records["name"], records["anchor"], strict=True) if name}
    for row in asked:
        for item in row["answer_items"]:
            if item in owners and split_of(owners[item]) != row["split"]:
                yield (
                    "answer_of_another_split",
                    row["question_id"],
                    f"{item} ({owners[item]}) belongs to {split_of(owners[item])}",
                )


def _inside_answers(asked: Sequence[Asked]) -> Iterator[Leak]:
    """Questions that stand word for word inside a longer question or an answer of another split."""
    # Told texts by their sequences of words: a question is sought only where its beginning occurs.
    told: dict[tuple[str, ...], list[tuple[Asked, str]]] = defaultdict(list)
    beginnings = {tuple(words(row["question"])[:_SHORTEST_INSIDE]) for row in asked}
    for row in asked:
        for text in (row["question"], row["answer"], *row["aliases"]):
            for sequence in sequences(text, _SHORTEST_INSIDE) & beginnings:
                told[sequence].append((row, f" {' '.join(words(text))} "))
    for row in asked:
        question = words(row["question"])
        for other, text in told.get(tuple(question[:_SHORTEST_INSIDE]), ()):
            if other["split"] != row["split"] and f" {' '.join(question)} " in text:
                yield (
                    "question_inside_other_answer",
                    row["question_id"],
                    f"its words stand in {other['question_id']} ({other['split']})",
                )
