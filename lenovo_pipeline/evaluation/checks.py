"""The checks of stage `evaluation` beyond the contracts: what makes the figures comparable and traceable.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

from dagster import AssetCheckSeverity, ResourceParam

from lenovo_pipeline.evaluation.tables import HEADERS, ITEMS, LEADERBOARD, RAW_FOUNDATION, SCORES
from lenovo_pipeline.gold.tables import QUESTIONS
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.warehouse import Warehouse


@violations_check(ITEMS, blocking=True, deps=[QUESTIONS])
def items_are_test_questions_with_their_evidence(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Only questions of the test split are asked, and each that has an answer is shown evidence."""
    from lenovo_pipeline.evaluation.verify import unfit_items

    return unfit_items(warehouse.load(ITEMS), warehouse.load(QUESTIONS))


@violations_check(RAW_FOUNDATION, severity=AssetCheckSeverity.WARN)
def most_questions_were_answered(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No candidate failed on more than a tenth of its questions; the reasons of those that did are named."""
    from lenovo_pipeline.evaluation.verify import failing_candidates

    return failing_candidates(warehouse.load(RAW_FOUNDATION))


@violations_check(HEADERS, blocking=True, deps=list(SCORES.values()))
def scores_have_headers(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Every score names a header that is kept, and every header still hashes to its name."""
    from lenovo_pipeline.evaluation.keeping import all_scores
    from lenovo_pipeline.evaluation.verify import headerless_scores

    return headerless_scores(all_scores(warehouse), warehouse.load(HEADERS))


@violations_check(LEADERBOARD, blocking=True)
def leaderboard_orders_oracle_above_refuse(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """The oracle is right on everything, always-refuse on nothing that has an answer, and nobody beats the oracle."""
    from lenovo_pipeline.evaluation.verify import disorder

    return disorder(warehouse.load(LEADERBOARD))


@violations_check(LEADERBOARD, severity=AssetCheckSeverity.WARN, deps=[ITEMS])
def every_candidate_scored_the_same_items(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """All candidates were asked the questions that are asked now; others count as not evaluated until they are asked again."""
    from lenovo_pipeline.evaluation.keeping import all_scores
    from lenovo_pipeline.evaluation.verify import other_items

    return other_items(all_scores(warehouse), warehouse.load(ITEMS))
