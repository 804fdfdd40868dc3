"""What must hold of a set of questions: enough of each kind, answers that stand in their evidence, paraphrases that are some.

Belongs here: functions that say what is wrong, one sentence each. Does not belong here: leaks between splits (leakage.py).
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lenovo_pipeline.gold.surfaces import find, sequences
from lenovo_pipeline.gold.tables import CATEGORIES

FEWEST = {"questions": 3000, "test questions": 1000, "test questions of a category": 60, "Chinese test questions": 60}
"""What a world of scale 1 or more must give; a smaller one its share."""

LARGEST_CATEGORY_SHARE = 0.25
KEYWORD_CEILING = 0.75
"""The highest nDCG@10 that keyword search alone may reach on answerable test questions."""


def shortfalls(questions: pd.DataFrame, scale: float) -> list[str]:
    """Where there are fewer questions than a world of this scale must give, and categories that take up too much."""
    test = questions[questions["split"] == "test"]
    found = [
        ("questions", "questions", len(questions)),
        ("test questions", "test questions", len(test)),
        ("Chinese test questions", "Chinese test questions", int((test["language"] != "en").sum())),
        *(
            ("test questions of a category", f"test questions of category {c}", int((test["category"] == c).sum()))
            for c in CATEGORIES
        ),
    ]
    wanted = {name: int(number * min(scale, 1.0)) for name, number in FEWEST.items()}
    few = [f"{number} {what}, at least {wanted[name]} expected" for name, what, number in found if number < wanted[name]]
    shares = questions["category"].value_counts(normalize=True)
    return few + [
        f"category {c} takes {share:.0%} of all questions" for c, share in shares.items() if share > LARGEST_CATEGORY_SHARE
    ]


def unstated_answers(questions: pd.DataFrame, records: pd.DataFrame) -> list[str]:
    """Extractive answers of which neither the canonical form nor an alias stands in the text of an evidence record.

    `records`: columns record_id and text.
    """
    texts = _lowered(records)
    return [
        f"{row['question_id']}: {row['answer']!r} stands in none of {', '.join(row['evidence_ids'])}"
        for row in questions[questions["extractive"]].to_dict("records")
        if not any(find(texts.get(i, ""), [row["answer"], *row["aliases"]]) for i in row["evidence_ids"])
    ]


def unparaphrased(questions: pd.DataFrame, records: pd.DataFrame) -> list[str]:
    """Paraphrased questions that share a sequence of four words with a record that proves them."""
    texts = _lowered(records)
    found = []
    for row in questions[questions["category"] == "paraphrased"].to_dict("records"):
        asked = sequences(row["question"])
        for record_id in row["evidence_ids"]:
            shared = asked & sequences(texts.get(record_id, ""))
            found += [f"{row['question_id']} and {record_id} share {' '.join(words)!r}" for words in sorted(shared)]
    return found


def too_easy(scores: pd.DataFrame) -> list[str]:
    """Whether keyword search alone finds too much. `scores`: columns split and ndcg, as keyword_ndcg returns them."""
    found = float(scores.loc[scores["split"] == "test", "ndcg"].mean())
    return [f"keyword search reaches nDCG@10 {found:.3f} in test, over {KEYWORD_CEILING}"] if found > KEYWORD_CEILING else []


def _lowered(records: pd.DataFrame) -> Mapping[Any, str]:
    return {i: text.lower() for i, text in zip(records["record_id"], records["text"], strict=True)}
