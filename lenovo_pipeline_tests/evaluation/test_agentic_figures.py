"""Figures of agent workflows: from attempts to shares with intervals, and checks that find what makes them worthless."""

from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.contracts.conform import conform
from lenovo_pipeline.evaluation.agentic.figures import (
    Attempted,
    attempted,
    broken,
    by_category,
    figures,
    headline,
    leaking,
    reference,
    shown,
)
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW

PATH = "artifacts/agent_attempts/x"


def task(number: int, **more: Any) -> dict[str, Any]:
    refusal = "missing" if number % 4 == 0 else None
    made: dict[str, Any] = {
        "task_id": f"TSK-{number:010d}",
        "category": "refuse_missing" if refusal else "ticket",
        "language": "zh-Hans" if number % 5 == 0 else "en",
        "steps": "single" if number % 2 else "multi",
        "writes": True,
        "refusal": refusal,
        "faulty": number % 3 == 0,
        "cluster": f"c{number % 7}",
        "reference_problems": [],
    }
    return made | more


def attempt(of: dict[str, Any], success: bool, **more: Any) -> dict[str, Any]:
    feasible = of["refusal"] is None
    made = {
        "workflow": "device_support",
        "task_id": of["task_id"],
        "path": PATH,
        "build": "agent",
        "feasible": feasible,
        "success": success,
        "goal_reached": success,
        "right_refusal": None if feasible else success,
        "refused": not feasible and success,
        "wrong_effects": 0,
        "leaks": 0,
        "recovered": success if of["faulty"] else None,
        "steps": 4,
        "steps_by_model": 3,
        "steps_by_code": 1,
        "calls": 2,
        "valid_calls": 1,
        "tokens_in": 900,
        "tokens_out": 40,
        "seconds": 0.5,
        "framework_seconds": 0.01,
        "cost": 0.0,
    }
    return made | more


TASKS = pd.DataFrame([task(number) for number in range(20)])
ROWS = TASKS.to_dict("records")


def made(success: bool = True, kind: str = "model", **more: Any) -> Attempted:
    frame = pd.DataFrame([attempt({str(k): v for k, v in row.items()}, success, **more) for row in ROWS])
    return attempted("nano", frame, TASKS, kind)[0]


def everything(*candidates: Attempted) -> pd.DataFrame:
    return figures("nano", candidates, seed=1)


def whole() -> pd.DataFrame:
    return everything(made(), reference(TASKS, set(TASKS["task_id"])), made(False, "no-op"), made(False, "random"))


def value(rows: pd.DataFrame, candidate: str, metric: str, part: str) -> Any:
    [row] = rows[(rows["candidate"] == candidate) & (rows["metric"] == metric) & (rows["slice"] == part)].to_dict("records")
    return row


def test_figures_have_intervals_by_what_tasks_are_about_and_fit_their_contract() -> None:
    half = pd.DataFrame([attempt({str(k): v for k, v in row.items()}, n % 2 == 0) for n, row in enumerate(ROWS)])
    rows = everything(*attempted("nano", half, TASKS))
    conform(rows, AGENTIC_WORKFLOW)
    found = value(rows, "nano/device_support", "success", "all")
    assert (found["value"], found["scored"], found["clusters"]) == (0.5, 20, 7)
    assert found["lower"] < 0.5 < found["upper"]
    assert value(rows, "nano/device_support", "valid_calls", "all")["value"] == 0.5
    assert value(rows, "nano/device_support", "decided_by_model", "all")["value"] == 0.75
    assert value(rows, "nano/device_support", "right_refusal", "must_refuse")["scored"] == 5
    assert value(rows, "nano/device_support", "recovered", "faulty")["scored"] == 7
    assert set(rows[rows["slice"] == "single"]["scored"]) <= {1, 2, 3, 10}


def test_a_header_changes_with_what_made_the_attempts() -> None:
    assert made().header != made(path="artifacts/agent_attempts/y").header
    assert made().header == made().header


def test_sound_figures_pass_and_are_shown_to_people() -> None:
    rows = whole()
    assert broken(rows) == [] and leaking(rows) == []
    assert "nano/device_support" in shown(rows) and "no-op/device_support" in shown(rows)
    assert "ticket" in by_category(rows)
    assert headline(rows).startswith("nano/device_support succeeds at 100% of 15 tasks")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (lambda: everything(made()), "there is no reference"),
        (lambda: everything(made(True, "no-op")), "does nothing and succeeds"),
        (lambda: everything(made(True, "random")), "acts at random and succeeds"),
        (
            lambda: everything(reference(TASKS.assign(reference_problems=pd.Series([["no"]] * 20)), set(TASKS["task_id"]))),
            "the reference solutions succeed at 0%",
        ),
    ],
)
def test_figures_that_cannot_be_believed_are_told(rows: Any, told: str) -> None:
    assert any(told in each for each in broken(rows()))


def test_a_leak_is_told_with_who_told_it() -> None:
    [found] = leaking(everything(made(leaks=1)))
    assert "nano/device_support told something forbidden in 100.0%" in found
