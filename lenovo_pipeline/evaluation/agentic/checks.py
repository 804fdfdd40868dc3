"""The checks of agent workflows' figures: that they can be believed, and that nothing leaked.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

from dagster import ResourceParam

from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.warehouse import Warehouse


@violations_check(AGENTIC_WORKFLOW, pure=True)
def success_comes_from_the_model(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """The reference solutions succeed at everything that can be done; nobody in the model's place at nothing, chance at next to
    nothing.
    """
    from lenovo_pipeline.evaluation.agentic.figures import broken

    return broken(warehouse.load(AGENTIC_WORKFLOW))


@violations_check(AGENTIC_WORKFLOW, pure=True)
def no_attempt_leaked_anything(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No attempt, whoever decided in it, told anything of a customer whom the actor may not see."""
    from lenovo_pipeline.evaluation.agentic.figures import leaking

    return leaking(warehouse.load(AGENTIC_WORKFLOW))
