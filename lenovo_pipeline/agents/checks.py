"""The checks of stage `agents` beyond the contracts.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

from dagster import ResourceParam

from lenovo_pipeline.agents.tables import TASKS
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings


@violations_check(TASKS, blocking=True, pure=True)
def every_reference_solution_reaches_its_goal(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Each task can be solved, or rightly refused: its reference solution was carried out with the real tools and judged."""
    from lenovo_pipeline.agents.tasks.verify import unreached

    return unreached(warehouse.load(TASKS))


@violations_check(TASKS, blocking=True, pure=True)
def splits_of_tasks_share_nothing(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No request, no entity asked about and no wording of the train split stands in another one."""
    from lenovo_pipeline.agents.tasks.verify import shared

    return shared(warehouse.load(TASKS))


@violations_check(TASKS, pure=True)
def enough_tasks_must_be_refused(warehouse: ResourceParam[Warehouse], settings: ResourceParam[Settings]) -> list[str]:
    """There are enough tasks to test with, and at least a fifth of them cannot or must not be done."""
    from lenovo_pipeline.agents.tasks.verify import too_few

    return too_few(warehouse.load(TASKS), settings.profile)
