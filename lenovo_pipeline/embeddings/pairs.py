"""Training pairs: a question of the train split, a passage that answers it, and passages that only look as if they did.

Belongs here: which passages are taken. Does not belong here: finding leaks (verify.py), losses (contrastive.py).

Hard negatives are what keyword search finds first for the question (as Karpukhin et al. 2020 do), without any record that is
relevant to it, and without records of the other splits: not even as a wrong answer does a training see those.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd

from lenovo_pipeline.embeddings.domains import DOMAIN_OF
from lenovo_pipeline.embeddings.drawing import hashed
from lenovo_pipeline.embeddings.tables import TRAINING_PAIRS
from lenovo_pipeline.enterprise.anchors import split_of
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.gold.qrels import STATES_ANSWER
from lenovo_pipeline.knowledge.chunks import indexed_texts
from lenovo_pipeline.models.tuning.leakage import Sentences

Search = Callable[[str, int], Sequence[tuple[str, float]]]
"""From a question and a number to passages with their scores, best first (KeywordIndex.search)."""

NEGATIVES = 4
"""Hard negatives kept for each pair."""

_POSITIVES = 2
"""Passages of different records taken as answers to one question."""

_DEPTH = 60
_HELD_OUT = 0.1


def make_pairs(questions: pd.DataFrame, qrels: pd.DataFrame, chunks: pd.DataFrame, search: Search) -> pd.DataFrame:
    """The rows of TRAINING_PAIRS from gold and the chunks of knowledge; the same ones each time.

    Held out are the pairs of a tenth of the anchors of each kind, so that no entity is on both sides. Passages in which an answer
    of the test split stands as a sentence are left out: records of different splits share some.
    Raises PermanentFailure if no question of the train split has a passage of its own.
    """
    own = chunks[[isinstance(a, str) and split_of(a) == "train" for a in chunks["anchor"]]]
    answers = Sentences(questions[questions["split"] == "test"])
    own = own[[not answers.inside(text) for text in indexed_texts(own)]]
    records, kinds = (dict(zip(own["chunk_id"], own[name], strict=True)) for name in ("record_id", "kind"))
    relevant_records = _by_question(qrels[qrels["level"] == "record"])
    relevant_chunks = _by_question(qrels[qrels["level"] == "chunk"])
    rows: list[dict[str, Any]] = []
    asked = questions[questions["split"] == "train"].sort_values("question_id")
    held_out = _held_out(asked["anchor"])
    for row in asked.to_dict("records"):
        relevant = relevant_records.get(row["question_id"], {})
        positives = _positives(relevant_chunks.get(row["question_id"], {}), records, kinds)
        if not positives:
            continue
        found = [chunk for chunk, _ in search(row["question"], _DEPTH) if chunk in records and records[chunk] not in relevant]
        for chunk in positives:
            # Of the same kind first: that is what an encoder of that kind has to tell apart.
            ordered = sorted(found, key=lambda each, kind=kinds[chunk]: kinds[each] != kind)  # type: ignore[misc]
            rows.append(
                {
                    "pair_id": f"EP-{hashed(row['question_id'], chunk)[:16]}",
                    "domain": DOMAIN_OF[kinds[chunk]],
                    "role": "held_out" if row["anchor"] in held_out else "train",
                    "question_id": row["question_id"],
                    "question": row["question"],
                    "category": row["category"],
                    "language": row["language"],
                    "positive_id": chunk,
                    "negative_ids": ordered[:NEGATIVES],
                    "relevant_ids": sorted(relevant),
                }
            )
    if not any(row["role"] == "train" for row in rows):
        raise PermanentFailure(
            "there are no training pairs: no question of the train split has a passage that is known to answer it",
            remedy="Materialise gold/questions, gold/qrels and knowledge/chunks anew, or raise LENOVO_SCALE.",
        )
    return pd.DataFrame(rows, columns=list(TRAINING_PAIRS.column_names))


def _held_out(anchors: Iterable[str]) -> set[str]:
    """A tenth of the anchors (`kind:key`) of each kind; one at least of several."""
    by_kind: dict[str, list[str]] = {}
    for anchor in sorted(set(anchors), key=hashed):
        by_kind.setdefault(anchor.partition(":")[0], []).append(anchor)
    return {anchor for own in by_kind.values() if len(own) > 1 for anchor in own[: max(1, round(len(own) * _HELD_OUT))]}


def _positives(graded: dict[str, int], records: dict[str, str], kinds: dict[str, str]) -> list[str]:
    """The best passages, at most one of a record; of a record in which several state the answer always the same one."""
    fitting = sorted((chunk for chunk in graded if chunk in records and kinds[chunk] in DOMAIN_OF), key=hashed)
    stating = [chunk for chunk in fitting if graded[chunk] >= STATES_ANSWER] or fitting
    by_record: dict[str, str] = {}
    for chunk in stating:
        by_record.setdefault(records[chunk], chunk)
    return list(by_record.values())[:_POSITIVES]


def _by_question(qrels: pd.DataFrame) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for question, target, grade in zip(qrels["question_id"], qrels["target_id"], qrels["relevance"], strict=True):
        found.setdefault(question, {})[target] = int(grade)
    return found
