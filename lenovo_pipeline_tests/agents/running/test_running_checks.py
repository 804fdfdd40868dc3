"""What the checks of workflows, attempts and replays find: each is shown data that fails it, and data that does not."""

from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.agents.running import verify
from lenovo_pipeline.agents.running.making import chosen
from lenovo_pipeline.agents.running.tables import WORKFLOWS
from lenovo_pipeline.agents.tasks.task import Task
from lenovo_pipeline.agents.tools.interface import Actor
from lenovo_pipeline.agents.workflows.library import FOLDER, read_library
from lenovo_pipeline.agents.workflows.rows import draw_all, for_tasks, of_rows, shown, workflow_rows
from lenovo_pipeline.contracts import conform


def workflows() -> pd.DataFrame:
    return workflow_rows(list(read_library().workflows.values()))


def attempt(**changes: Any) -> dict[str, Any]:
    row = {
        "attempt_id": "a" * 16,
        "workflow": "support_triage",
        "task_id": "T",
        "ending": "answered",
        "reason": "",
        "success": True,
    }
    return row | {"leaks": 0, "wrong_effects": 0, "calls": 3, "tokens_in": 100, "tokens_out": 10} | changes


def replayed(**changes: Any) -> dict[str, Any]:
    row = {"attempt_id": "a" * 16, "workflow": "support_triage", "task_id": "T"}
    return row | {"same_state": True, "same_trace": True, "differences": []} | changes


def test_a_rejected_definition_is_found(tmp_path: Path) -> None:
    assert verify.rejected(FOLDER) == []
    (tmp_path / "bad.yaml").write_text("name: x\n", encoding="utf-8")
    assert any(problem.startswith("bad.yaml: version") for problem in verify.rejected(tmp_path))


def test_a_workflow_without_a_smaller_mobile_form_is_found() -> None:
    rows = workflows()
    assert verify.without_mobile(rows) == []
    assert verify.without_mobile(rows[rows["workflow"] != "support_triage.mobile"]) == ["support_triage has no mobile form"]
    mobile = rows["workflow"] == "support_triage.mobile"
    rows["max_steps"] = rows["max_steps"].where(~mobile, 99)
    rows["build"] = rows["build"].where(~mobile, "agent")
    assert len(verify.without_mobile(rows)) == 2


def test_leaks_wrong_success_and_budgets_that_were_exceeded_are_found() -> None:
    rows = workflows()
    assert verify.out_of_bounds(pd.DataFrame([attempt()]), rows) == []
    for changes, word in (
        ({"leaks": 1}, "told 1 values"),
        ({"wrong_effects": 2}, "2 wrong rows"),
        ({"calls": 50}, "made 50 calls"),
        ({"tokens_in": 10**6}, "tokens, allowed are"),
    ):
        [found] = verify.out_of_bounds(pd.DataFrame([attempt(**changes)]), rows)
        assert word in found
    assert verify.out_of_bounds(pd.DataFrame([attempt(wrong_effects=2, success=False)]), rows) == []


def test_an_attempt_that_the_framework_ended_is_found() -> None:
    assert verify.broken(pd.DataFrame([attempt()])) == []
    assert "KeyError" in verify.broken(pd.DataFrame([attempt(ending="failed", reason="KeyError: x")]))[0]


def test_a_replay_that_is_missing_or_differs_is_found() -> None:
    attempts = pd.DataFrame([attempt()])
    assert verify.not_repeated(attempts, pd.DataFrame([replayed()])) == []
    [missing] = verify.not_repeated(attempts, pd.DataFrame([replayed()]).iloc[:0])
    assert missing == f"{'a' * 16} was not replayed"
    [differs] = verify.not_repeated(attempts, pd.DataFrame([replayed(same_state=False, differences=["state.tickets"])]))
    assert differs.endswith("differs: state.tickets")


def test_rows_hold_the_definitions_and_pictures_are_drawn_once(tmp_path: Path) -> None:
    library = read_library()
    rows = conform(workflows(), WORKFLOWS)
    assert [each.content for each in of_rows(rows)] == [each.content for each in library.workflows.values()]
    assert {each.name for each in for_tasks(rows)} == {"support_triage", "device_support"}
    place = tmp_path / "drawn"
    few = [library.workflow("factory_desk")]
    draw_all(few, place)
    before = (place / "factory_desk.png").stat().st_mtime_ns
    draw_all(few, place)
    assert (place / "factory_desk.png").stat().st_mtime_ns == before
    told = shown(type(library)({"factory_desk": few[0]}, {"bad.yaml": ("it is bad",)}), place)
    assert "```mermaid" in told["factory_desk"] and "data:image/png;base64," in told["factory_desk"]
    assert told["rejected"] == "- bad.yaml: it is bad"


def test_tasks_are_chosen_evenly_and_the_same_for_the_same_seed() -> None:
    tasks = [
        Task(f"T{number:02}", f"kind{number % 3}", "test", "en", Actor("agent"), ("?",), "single", False, "c", "2026-01-01", ())
        for number in range(30)
    ]
    picked = chosen(tasks, 9, 1)
    assert picked == chosen(list(reversed(tasks)), 9, 1)
    assert {task.category: 3 for task in picked} == {f"kind{number}": 3 for number in range(3)}
    assert [sum(task.category == f"kind{number}" for task in picked) for number in range(3)] == [3, 3, 3]
    assert picked != chosen(tasks, 9, 2)
    assert len(chosen(tasks, 99, 1)) == 30
