"""Figures of attempts by category, and failures in words."""

from lenovo_pipeline.agents.adapter.trying import by_category, failures, replayed
from lenovo_pipeline.agents.running.bulk import run_tasks
from lenovo_pipeline.agents.tasks.stand_ins import NoOp
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
