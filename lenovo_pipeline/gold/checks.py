"""The checks of stage `gold` beyond the contracts: what makes the questions fit to judge by.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

import pandas as pd
from dagster import ResourceParam

from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.gold.tables import EVIDENCE_TABLES, QRELS, QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

_EVIDENCE = [table for table in enterprise.TABLES if table.name in EVIDENCE_TABLES]
_MOST_SCORED = 400
"""Test questions that the keyword check scores: the mean of so many is known to about 0.02."""


@violations_check(QUESTIONS, blocking=True, deps=_EVIDENCE, pure=True)
def splits_give_nothing_away(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No anchor, evidence, question, phrasing, template or answer of one split shows what another one asks."""
    from lenovo_pipeline.gold.leakage import find_leaks

    leaks = find_leaks(warehouse.load(QUESTIONS), _records(warehouse))
    return [f"{leak.kind}: {leak.question_id}, {leak.detail}" for leak in leaks.itertuples()]


@violations_check(QUESTIONS, blocking=True, deps=_EVIDENCE, pure=True)
def answers_stand_in_their_evidence(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Every extractive answer, or an alias of it, stands in the text of a record that proves it."""
    from lenovo_pipeline.gold.verify import unstated_answers

    return unstated_answers(warehouse.load(QUESTIONS), _records(warehouse))


@violations_check(QUESTIONS, deps=_EVIDENCE, pure=True)
def paraphrases_share_no_four_words_with_their_evidence(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Paraphrased questions cannot be answered by finding their words."""
    from lenovo_pipeline.gold.verify import unparaphrased

    return unparaphrased(warehouse.load(QUESTIONS), _records(warehouse))


@violations_check(QUESTIONS, pure=True)
def every_category_has_enough_questions(warehouse: ResourceParam[Warehouse], settings: ResourceParam[Settings]) -> list[str]:
    """There are enough questions in all, in test, of each category and in Chinese, and no category is too large."""
    from lenovo_pipeline.gold.verify import shortfalls

    return shortfalls(warehouse.load(QUESTIONS), settings.effective_scale)


@violations_check(QRELS, deps=[QUESTIONS, CHUNKS], pure=True)
def keyword_search_alone_does_not_solve_them(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """BM25 over the chunks reaches at most 0.75 nDCG@10 on answerable test questions."""
    from lenovo_pipeline.gold.keyword_floor import keyword_ndcg
    from lenovo_pipeline.gold.verify import too_easy
    from lenovo_pipeline.knowledge.chunks import indexed_texts

    questions = warehouse.load(QUESTIONS)
    test = questions[questions["split"] == "test"]
    # Ids are hashes: the first ones are a random sample that is the same every time.
    sample = test[test["answer_type"] != "refusal"].sort_values("question_id").head(_MOST_SCORED)
    chunks = warehouse.load(CHUNKS)
    targets = pd.DataFrame({"target_id": chunks["chunk_id"].tolist(), "text": indexed_texts(chunks)})
    return too_easy(keyword_ndcg(sample, warehouse.load(QRELS), targets, "chunk"))


def _records(warehouse: Warehouse) -> pd.DataFrame:
    from lenovo_pipeline.gold.records import evidence_records

    return evidence_records({table.name: warehouse.load(table) for table in _EVIDENCE})
