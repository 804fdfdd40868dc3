"""The agents that there are: what each attempted, as it is stored.

Belongs here: reading the attempts of agents by their names. Does not belong here: what they add up to (figures.py).
"""

from lenovo_pipeline.agents.running.tables import ATTEMPTS
from lenovo_pipeline.agents.tables import TASKS
from lenovo_pipeline.evaluation.agentic.figures import Attempted, attempted
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.keeping import stored_rows
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.warehouse import Warehouse


def stored_agents(warehouse: Warehouse) -> dict[str, Attempted]:
    """What each agent attempted of the tasks that there are, by its name; none where nothing was attempted yet."""
    attempts, tasks = stored_rows(warehouse, ATTEMPTS), stored_rows(warehouse, TASKS)
    if attempts is None or tasks is None:
        return {}
    found = (one for model, mine in attempts.groupby("model", sort=True) for one in attempted(str(model), mine, tasks))
    return {one.candidate: one for one in found}


def require_answers(warehouse: Warehouse, name: str) -> None:
    """Raises PermanentFailure for the name of an agent."""
    if name in stored_agents(warehouse):
        raise has_attempts(name)


def has_attempts(name: str) -> PermanentFailure:
    """What to say of an agent where answers are wanted."""
    return PermanentFailure(
        f"{name} is an agent: it was given tasks, not questions, and has attempts instead of answers "
        f"({ATTEMPTS.qualified_name}; their figures are in {AGENTIC_WORKFLOW.qualified_name})",
        remedy="Run: python -m lenovo_pipeline.evaluation compare <agent> <agent>, or python -m lenovo_pipeline.agents list",
    )
