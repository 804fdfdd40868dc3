"""The canaries of all challengers: run on what both entries answered in their evaluation, and written into the book.

Belongs here: from the book to verdicts and back. The comparison itself is canary.py's.
"""

from lenovo_pipeline.agents.naming import agent_of
from lenovo_pipeline.agents.running.tables import ATTEMPTS
from lenovo_pipeline.agents.tables import TASKS
from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.evaluation.keeping import all_scores, stored_rows
from lenovo_pipeline.evaluation.scoring import stored_table
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.monitoring.canary import ABORTED, Canary, run_canary
from lenovo_pipeline.roster.monitoring.known import budget_of, latency_budgets, seed_of
from lenovo_pipeline.roster.monitoring.requests import Place
from lenovo_pipeline.roster.monitoring.simulator import Outcome, attempt_outcome, outcomes
from lenovo_pipeline.settings import Settings

ACTOR = "canary"


def run_canaries(book: Book, warehouse: Warehouse, settings: Settings) -> tuple[list[Canary], list[str]]:
    """One canary for each place with a challenger; one that is aborted is taken out of the book at once.

    Returns the canaries, and one sentence for each that was aborted. Raises PermanentFailure if the policy
    cannot be read.
    """
    found, changes = [], []
    budgets = latency_budgets(settings)
    for running in book.running():
        challenger = book.challenger(running.environment, running.use_case)
        if challenger is None:
            continue
        place = Place(running.environment, running.use_case)
        made = run_canary(
            place,
            (running.entry, outcomes_of(warehouse, running.entry)),
            (challenger.entry, outcomes_of(warehouse, challenger.entry)),
            share=challenger.share,
            budget_s=budget_of(budgets, place),
            seed=seed_of(str(settings.seed), str(place), running.entry, challenger.entry),
        )
        found.append(made)
        if made.verdict == ABORTED:
            request = f"{made.canary_id} {challenger.since}"
            named = {"actor": ACTOR, "reason": made.reason, "request_id": request}
            book.remove_challenger(place.environment, place.use_case, **named, harmful=True)
            changes.append(f"{challenger.entry} is no challenger in {place} any more: {made.reason}")
    return found, changes


def outcomes_of(warehouse: Warehouse, entry: str) -> list[Outcome]:
    """What an entry answered or did in its evaluation, without sketches; nothing where it was never evaluated."""
    for frame in all_scores(warehouse).values():
        table = stored_table(frame, entry)
        if table is not None:
            # Sizes of the questions do not matter here.
            return outcomes(table.rows, dict.fromkeys(table.by_question, "?"), {})
    attempts, tasks = stored_rows(warehouse, ATTEMPTS), stored_rows(warehouse, TASKS)
    if attempts is None or tasks is None:
        return []
    model, workflow = agent_of(entry)
    mine = attempts[(attempts["model"] == model) & (attempts["workflow"] == workflow)]
    rows = mine.merge(tasks[["task_id", "turns", "language"]], on="task_id").sort_values("task_id")
    return [attempt_outcome(row) for row in rows_of(rows)]
