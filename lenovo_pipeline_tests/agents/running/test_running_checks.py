"""What the checks of workflows, attempts and replays find: each is shown data that fails it, and data that does not."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.agents.running import assets as running_assets
from lenovo_pipeline.agents.running import checks as running_checks
from lenovo_pipeline.agents.running import verify
from lenovo_pipeline.agents.running.keeping import write_attempts
from lenovo_pipeline.agents.running.making import chosen, make_replays
from lenovo_pipeline.agents.running.replaying import replay
from lenovo_pipeline.agents.running.tables import WORKFLOWS
from lenovo_pipeline.agents.tasks.task import Task
from lenovo_pipeline.agents.tools.interface import Actor
from lenovo_pipeline.agents.workflows.library import FOLDER, read_library
from lenovo_pipeline.agents.workflows.rows import draw_all, for_tasks, of_rows, shown, workflow_rows
from lenovo_pipeline.contracts import conform
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.checks import contract_check
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline_tests.agents.running.conftest import LOOK_UP, TOLD, run, script, workflow_of
from lenovo_pipeline_tests.conftest import Trial


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


def test_a_broken_file_fails_its_check_and_what_is_made_of_the_other_workflows_goes_on(trial: Trial, tmp_path: Path) -> None:
    folder = tmp_path / "workflows"
    shutil.copytree(FOLDER, folder)
    (folder / "bad.yaml").write_text("name: x\n", encoding="utf-8")
    trial = replace(trial, settings=trial.settings.model_copy(update={"workflows": folder}))
    counted = replace(WORKFLOWS, stage="roster", name="counted")

    @table_asset(counted, rows=WORKFLOWS)
    def follows(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.drop(columns="content_hash", errors="ignore")

    result = trial.run(
        running_assets.workflows,
        running_checks.no_definition_is_rejected,
        running_checks.every_workflow_has_a_smaller_form_for_mobile_targets,
        contract_check(WORKFLOWS),
        follows,
        tables=[WORKFLOWS, counted],
    )
    assert [each.check_name for each in result.get_asset_check_evaluations() if not each.passed] == ["no_definition_is_rejected"]
    assert set(trial.warehouse.load(counted)["workflow"]) == set(read_library().workflows)


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
    assert verify.out_of_bounds(pd.DataFrame([attempt(workflow="gone", calls=50)]), rows) == []
    assert verify.out_of_bounds(pd.DataFrame([attempt(wrong_effects=2, success=False)]), rows) == []


def test_an_attempt_that_the_framework_ended_is_found() -> None:
    assert verify.broken(pd.DataFrame([attempt()])) == []
    assert "KeyError" in verify.broken(pd.DataFrame([attempt(ending="failed", reason="KeyError: x")]))[0]


def test_a_workflow_whose_model_never_answered_is_found() -> None:
    gone = attempt(ending="model_failed", reason="the server is down")
    assert verify.unanswered(pd.DataFrame([attempt(), gone])) == []
    [found] = verify.unanswered(pd.DataFrame([attempt(workflow="device_support"), gone, gone]))
    assert found == "support_triage: the model answered in none of 2 attempts (the server is down)"


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


def tasks(categories: int, refused: int, each: int = 10) -> list[Task]:
    """Tasks of as many categories that can be done and that must be refused."""
    names = [f"kind{number}" for number in range(categories)] + [f"refuse{number}" for number in range(refused)]
    return [
        Task(
            f"{name}-{number}",
            name,
            "test",
            "en",
            Actor("agent"),
            ("?",),
            "single",
            False,
            "c",
            "2026-01-01",
            (),
            refusal="missing" if name.startswith("refuse") else None,
        )
        for number in range(each)
        for name in names
    ]


def test_tasks_are_chosen_evenly_and_the_same_for_the_same_seed() -> None:
    some = tasks(3, 0)
    picked = chosen(some, 9, 1)
    assert picked == chosen(list(reversed(some)), 9, 1)
    assert [sum(task.category == f"kind{number}" for task in picked) for number in range(3)] == [3, 3, 3]
    assert picked != chosen(some, 9, 2)
    assert len(chosen(some, 99, 1)) == 30


def test_a_few_tasks_hold_what_must_be_refused_in_its_share_and_other_seeds_begin_with_other_categories() -> None:
    some = tasks(15, 4)
    for seed in range(5):
        for count in (3, 6, 19, 40):
            refused = sum(task.must_refuse for task in chosen(some, count, seed))
            assert refused > 0 and abs(refused - count * 4 / 19) <= 1, (seed, count)
    assert len({frozenset(task.category for task in chosen(some, 6, seed)) for seed in range(5)}) > 1


def test_replays_are_taken_over_while_attempts_workflows_and_code_are_the_same(
    tmp_path: Path, toolbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.open()
    workflow = workflow_of("support_triage")
    made = run(workflow, ("What battery has it?",), toolbox(workflow), script(LOOK_UP, TOLD), task_id="T")
    write_attempts(store.artifacts / "agent_attempts" / "kept", [made], {})
    path = "artifacts/agent_attempts/kept"
    row = {"model": "m", "workflow": workflow.title, "task_id": "T", "attempt_id": made.attempt_id, "path": path}
    first, reused = make_replays(pd.DataFrame([row]), {workflow.title: workflow}, store)
    assert reused == 0 and first["same_state"].all() and first["same_trace"].all()
    with monkeypatch.context() as patched:
        patched.setattr("lenovo_pipeline.agents.running.making.replay", lambda *_: pytest.fail("it was replayed again"))
        patched.setattr("lenovo_pipeline.agents.running.making.code_version", lambda *_, **__: code_version(replay, whole=True))
        again, reused = make_replays(pd.DataFrame([row]), {workflow.title: workflow}, store)
    assert reused == 1
    pd.testing.assert_frame_equal(again, first)
    other = replace(workflow, recoveries=0)
    with pytest.raises(PermanentFailure, match="the recording is of"):
        make_replays(pd.DataFrame([row]), {workflow.title: other}, store)
