"""Figures of attempts by category, and failures in words."""

from dataclasses import replace
from typing import Any

import pytest

from lenovo_pipeline.agents.adapter.trying import by_category, failures, replayed
from lenovo_pipeline.agents.running.bulk import run_tasks
from lenovo_pipeline.agents.tasks.stand_ins import NoOp, RandomModel
from lenovo_pipeline.agents.workflows.library import read_library
from lenovo_pipeline.settings import Settings
from lenovo_pipeline_tests.agents.conftest import Place


def test_every_attempt_counts_in_the_whole_in_one_part_and_in_its_category(place: Place) -> None:
    tasks = [one.task for one in place.made if one.task.split == "test"][:24]
    workflow = read_library().workflow("device_support")
    found = run_tasks(workflow, tasks, place.stores, NoOp(), about_model={})
    table = by_category(found, seed=1).set_index("part")
    assert table.loc["all", "attempts"] == 24 and table.loc["all", "success"] == "0.000"
    categories = [part for part in table.index if part.startswith("- ")]
    parts = [part for part in table.index if part != "all" and part not in categories]
    assert table.loc[parts, "attempts"].sum() == table.loc[categories, "attempts"].sum() == 24
    assert table.loc["must be refused", "attempts"] == sum(task.must_refuse for task in tasks)
    assert (table[["refused though feasible", "wrong effects", "leaks"]] == 0).all().all()
    assert replayed(found, Settings()) == "replayed 24 attempts: 24 left the same state, 24 by the same trace"
    told = failures(found, most=3)
    assert len(told) == 3 and tasks[0].task_id in told[0] and tasks[0].turns[0] in told[0] and "=> " in told[0]


class Counting:
    """A model by chance that counts how often it is asked."""

    def __init__(self) -> None:
        self.model, self.asked = RandomModel(5), 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def generate_batch(self, batch: Any, settings: Any) -> Any:
        self.asked += len(batch)
        return self.model.generate_batch(batch, settings)


@pytest.mark.parametrize("title", ["device_support", "support_triage"])
def test_only_attempts_whose_tools_tell_something_else_are_made_again(place: Place, title: str) -> None:
    tasks = [one.task for one in place.made if one.task.split == "test"][:12]
    workflow, model = read_library().workflow(title), Counting()
    made = run_tasks(workflow, tasks, place.stores, model, about_model={"model": "by chance"})
    recorded = {each.task.task_id: each.attempt for each in made}
    assert model.asked and not any(each.as_recorded for each in made)

    again = Counting()
    found = run_tasks(workflow, tasks, place.stores, again, about_model={"model": "by chance"}, recorded=recorded)
    by_chance = {each.task.task_id for each in made if each.attempt.ending in ("over_budget", "model_failed", "failed")}
    assert {each.task.task_id for each in found if not each.as_recorded} == by_chance
    assert [(each.attempt, each.outcome) for each in found if each.as_recorded] == [
        (each.attempt, each.outcome) for each in made if each.task.task_id not in by_chance
    ]

    # One tool told something else when the attempt was recorded than it tells now.
    told = next(each.attempt for each in made if each.task.task_id not in by_chance and each.attempt.tool_calls)
    first, *rest = told.tool_calls
    recorded[told.task_id] = replace(told, tool_calls=(replace(first, result_text="something else"), *rest))
    found = run_tasks(workflow, tasks, place.stores, Counting(), about_model={"model": "by chance"}, recorded=recorded)
    assert {each.task.task_id for each in found if not each.as_recorded} == {*by_chance, told.task_id}
    assert next(each.attempt for each in found if each.task.task_id == told.task_id).repeated() == told.repeated()
