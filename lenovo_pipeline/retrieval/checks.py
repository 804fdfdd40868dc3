"""The checks of stage `retrieval` beyond the contracts: that the comparison is fair, and that the hybrid is worth its parts.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

from dagster import AssetCheckSeverity, ResourceParam

from lenovo_pipeline.gold.tables import QUESTIONS
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.tables import SCORES


@violations_check(SCORES, blocking=True, deps=[QUESTIONS], pure=True)
def every_retriever_was_asked_the_same_test_questions(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """All retrievers have a score for each question asked, and only questions of the test split were asked."""
    from lenovo_pipeline.retrieval.verify import unfair

    return unfair(warehouse.load(SCORES), warehouse.load(QUESTIONS))


@violations_check(SCORES, severity=AssetCheckSeverity.WARN, pure=True)
def hybrid_beats_its_parts(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """nDCG@10 at least 0.80, recall@10 at least 0.85; ten points over the best source on multi-hop questions, at most one
    point behind it on basic ones; recall@10 at least 0.70 on Chinese ones.
    """
    from lenovo_pipeline.retrieval.scoring import shortfalls

    return shortfalls(warehouse.load(SCORES))


@violations_check(SCORES, severity=AssetCheckSeverity.WARN, pure=True)
def keyword_search_alone_does_not_do(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Keyword search alone stays at most at nDCG@10 0.75: what retrieval is measured with is not trivial."""
    from lenovo_pipeline.retrieval.verify import trivial

    return trivial(warehouse.load(SCORES))
