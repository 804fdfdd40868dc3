"""The checks of stage `evaluation` beyond the contracts: what makes the figures comparable and traceable.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

from dagster import AssetCheckSeverity, ResourceParam

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.evaluation.tables import (
    ADAPTER,
    CUSTOM_MODEL,
    HEADERS,
    ITEMS,
    JUDGEMENTS,
    LEADERBOARD,
    LIFT,
    MOBILE_MODEL,
    RAW_FOUNDATION,
    RETRIEVAL_WORKFLOW,
    SCORES,
    SKILLS,
)
from lenovo_pipeline.gold.tables import QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.models.tables import FOUNDATION
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.store import Store
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


@violations_check(ADAPTER, severity=AssetCheckSeverity.WARN)
def every_adapter_was_evaluated(warehouse: ResourceParam[Warehouse], store: ResourceParam[Store]) -> list[str]:
    """Every adapter has scores: none is damaged, gone, or made for another base than the model is now."""
    return _unevaluated(ADAPTER, warehouse, store)


@violations_check(CUSTOM_MODEL, severity=AssetCheckSeverity.WARN)
def every_custom_model_was_evaluated(warehouse: ResourceParam[Warehouse], store: ResourceParam[Store]) -> list[str]:
    """Every tuned, merged, pruned or distilled model has scores: none is damaged, gone, or made from another base."""
    return _unevaluated(CUSTOM_MODEL, warehouse, store)


@violations_check(MOBILE_MODEL, severity=AssetCheckSeverity.WARN)
def every_mobile_model_was_evaluated(warehouse: ResourceParam[Warehouse], store: ResourceParam[Store]) -> list[str]:
    """Every build for edge devices has scores: none is damaged, gone, or made from another base than the model is now."""
    return _unevaluated(MOBILE_MODEL, warehouse, store)


@violations_check(MOBILE_MODEL, severity=AssetCheckSeverity.WARN, deps=[LIFT])
def quality_falls_within_the_limit_of_the_level(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Right answers of edge builds fall by at most 0.5 (light), 2 (medium) or 5 points (aggressive) below what they were made
    from: by the estimate on at least 2,000 items; on fewer, a build fails only if the whole interval lies beyond the limit.
    """
    from lenovo_pipeline.evaluation.verify import fallen_builds

    return fallen_builds(warehouse.load(LIFT))


@violations_check(RETRIEVAL_WORKFLOW, severity=AssetCheckSeverity.WARN)
def most_questions_were_answered_from_what_was_found(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No workflow failed on more than a tenth of its questions; the reasons of those that did are named."""
    from lenovo_pipeline.evaluation.verify import failing_candidates

    return failing_candidates(warehouse.load(RETRIEVAL_WORKFLOW))


@violations_check(RETRIEVAL_WORKFLOW, blocking=True, deps=[CHUNKS])
def cited_sources_exist(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Every record that an answer names as its source is one: nothing that a model made up stands there."""
    from lenovo_pipeline.evaluation.verify import unknown_sources

    return unknown_sources(warehouse.load(RETRIEVAL_WORKFLOW), warehouse.distinct(CHUNKS.qualified_name, "record_id"))


@violations_check(SKILLS, severity=AssetCheckSeverity.WARN)
def most_skills_were_answered(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No candidate failed on more than a tenth of the skills' items; the reasons of those that did are named."""
    from lenovo_pipeline.evaluation.verify import failing_candidates

    return failing_candidates(warehouse.load(SKILLS))


@violations_check(LIFT, blocking=True)
def lift_claims_no_more_than_it_shows(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """What counts as met rests on as many items as a claim needs, and a lift on an interval above zero."""
    from lenovo_pipeline.evaluation.verify import unfounded_lift

    return unfounded_lift(warehouse.load(LIFT))


@violations_check(JUDGEMENTS, blocking=True, deps=[*SCORES.values()])
def judgements_are_of_others_and_of_what_was_answered(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No model is graded by itself, every grade is of an answer that stands, and what has none says why."""
    from lenovo_pipeline.evaluation.keeping import all_scores
    from lenovo_pipeline.evaluation.verify import unfit_judgements

    judgements = warehouse.load(JUDGEMENTS)
    return [] if judgements.empty else unfit_judgements(judgements, all_scores(warehouse))


@violations_check(HEADERS, blocking=True, deps=[*SCORES.values(), SKILLS, JUDGEMENTS])
def scores_have_headers(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Every score names a header that is kept, and every header still hashes to its name."""
    from lenovo_pipeline.evaluation.keeping import all_headed
    from lenovo_pipeline.evaluation.verify import headerless_scores

    return headerless_scores(all_headed(warehouse), warehouse.load(HEADERS))


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


def _unevaluated(table: Table, warehouse: Warehouse, store: Store) -> list[str]:
    from lenovo_pipeline.evaluation.builds import stored_builds
    from lenovo_pipeline.evaluation.verify import unevaluated_builds

    return unevaluated_builds(stored_builds(warehouse), table.name, warehouse.load(table), warehouse.load(FOUNDATION), store)
