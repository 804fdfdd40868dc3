"""What the checks of retrieval look for, over plain frames. Does not belong here: Dagster."""

import pandas as pd

from lenovo_pipeline.retrieval.tables import RERANKED, RETRIEVERS

KEYWORD_CEILING = 0.75


def unfair(scores: pd.DataFrame, questions: pd.DataFrame) -> list[str]:
    """Retrievers that were asked other questions than the rest, and questions that are none of the test split."""
    asked = {str(name): set(each["question_id"]) for name, each in scores.groupby("retriever")}
    every = set(scores["question_id"])
    problems = [f"{name} has no scores" for name in RETRIEVERS if name not in asked]
    # Reading question and passages together takes long, so that fewer are reranked; they are still among the others'.
    problems += [
        f"{name} was not asked {len(every - own)} of {len(every)} questions"
        for name, own in asked.items()
        if own != every and (name != RERANKED or not own)
    ]
    alone = asked.get(RERANKED, set()) - asked.get("hybrid", set())
    problems += [f"{RERANKED} was asked {len(alone)} questions that the hybrid was not"] if alone else []
    test = set(questions.loc[questions["split"] == "test", "question_id"])
    problems += [f"{question} is no question of the test split" for question in sorted(every - test)]
    return problems


def trivial(scores: pd.DataFrame) -> list[str]:
    """Whether keyword search alone finds too much."""
    reached = float(scores.loc[scores["retriever"] == "keyword", "ndcg"].mean())
    return (
        [f"keyword search alone reaches nDCG@10 {reached:.3f}, expected at most {KEYWORD_CEILING}"]
        if reached > KEYWORD_CEILING
        else []
    )
