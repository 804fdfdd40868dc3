"""The checks of running workflows beyond the contracts: that recordings repeat, and that nothing was leaked or written wrongly.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

from dagster import AssetCheckSeverity, ResourceParam

from lenovo_pipeline.agents.running.tables import ATTEMPTS, REPLAYS, WORKFLOWS
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings


@violations_check(WORKFLOWS)
def no_definition_is_rejected(settings: ResourceParam[Settings]) -> list[str]:
    """Every file of the workflows' folder holds: known names, every node reached, a way to the end from everywhere.

    It holds nothing up: a rejected file is no row of the table, and the workflows beside it are whole.
    """
    from lenovo_pipeline.agents.running.verify import rejected

    return rejected(settings.workflows)


@violations_check(WORKFLOWS, pure=True)
def every_workflow_has_a_smaller_form_for_mobile_targets(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Beside each workflow stands its mobile form, with fewer steps, fewer tokens and an edge build."""
    from lenovo_pipeline.agents.running.verify import without_mobile

    return without_mobile(warehouse.load(WORKFLOWS))


@violations_check(ATTEMPTS, pure=True)
def no_attempt_leaks_or_exceeds_its_budget(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Nothing confidential was told to whom it is not for, no success has wrong effects, and every attempt kept to its limits."""
    from lenovo_pipeline.agents.running.verify import out_of_bounds

    return out_of_bounds(warehouse.load(ATTEMPTS), warehouse.load(WORKFLOWS))


@violations_check(ATTEMPTS, severity=AssetCheckSeverity.WARN, pure=True)
def attempts_do_not_fail_in_the_framework(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No attempt ended because of a fault in the workflow itself."""
    from lenovo_pipeline.agents.running.verify import broken

    return broken(warehouse.load(ATTEMPTS))


@violations_check(ATTEMPTS, pure=True)
def the_model_answers_in_every_workflow(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """In every workflow the model answered at least once: one that never does is no evidence of what it can do."""
    from lenovo_pipeline.agents.running.verify import unanswered

    return unanswered(warehouse.load(ATTEMPTS))


@violations_check(REPLAYS, deps=[ATTEMPTS], pure=True)
def every_attempt_replays_identically(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Each recorded attempt, run again without a model, leaves the same rows and repeats every step, call and answer."""
    from lenovo_pipeline.agents.running.verify import not_repeated

    return not_repeated(warehouse.load(ATTEMPTS), warehouse.load(REPLAYS))
