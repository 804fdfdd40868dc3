"""What keyword search alone finds of the gold questions: a floor that retrieval must beat, and proof that the set is not trivial.

Belongs here: BM25 over whole records or chunks, scored against qrels. Does not belong here: the product's own search (knowledge)
and the measures of a ranking (measures/ranking.py).
"""

import pandas as pd

from lenovo_pipeline.knowledge.tokenizer import tokenize
from lenovo_pipeline.measures.ranking import DEPTH, ndcg


def keyword_ndcg(questions: pd.DataFrame, qrels: pd.DataFrame, targets: pd.DataFrame, level: str) -> pd.DataFrame:
    """nDCG@10 of BM25 for each question that has qrels of this level.

    `targets`: columns target_id and text, all records or all chunks. Returns columns question_id, category, split, ndcg.
    """
    import bm25s

    relevant: dict[str, dict[str, int]] = {}
    of_level = qrels[qrels["level"] == level]
    for question_id, target, relevance in zip(of_level["question_id"], of_level["target_id"], of_level["relevance"], strict=True):
        relevant.setdefault(question_id, {})[target] = int(relevance)
    asked = questions[questions["question_id"].isin(list(relevant))].reset_index(drop=True)
    index = bm25s.BM25(k1=1.2, b=0.75)
    index.index([tokenize(text) for text in targets["text"]], show_progress=False)
    ids = targets["target_id"].tolist()
    scores = []
    for question_id, question in zip(asked["question_id"], asked["question"], strict=True):
        places = index.get_scores(tokenize(question)).argsort(kind="stable")[::-1][:DEPTH]
        scores.append(ndcg([ids[place] for place in places], relevant[question_id]))
    return asked[["question_id", "category", "split"]].assign(ndcg=scores)
