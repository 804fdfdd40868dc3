"""Entries, figures and a policy to decide by, and a warehouse to write decisions into."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.log.decisions import DecisionLog
from lenovo_pipeline.roster.log.heads import Heads
from lenovo_pipeline.roster.policy import Policy
from lenovo_pipeline.roster.rules import Entry, Figures, Measured

HEADER = "0123456789abcdef"
NANO = Entry(
    entry="lenovo-nano/open-book",
    kind="raw_foundation",
    model="lenovo-nano",
    evaluations=("gold_questions",),
    headers=(HEADER,),
    runnable=True,
    licence="Apache License 2.0",
    licence_class="open_source",
    allowed_uses=("evaluation", "production", "on_device", "customisation"),
    refused_uses=(),
    targets=("mobile", "edge", "server"),
    measured_targets=("mobile", "edge", "server"),
    size_mb=19.0,
    parameters_billion=0.0048,
)
GOOD = {"correct": 0.8, "refusal_recall": 0.95, "false_refusal_rate": 0.03, "latency_p95_s": 0.4, "unscored_rate": 0.0}
USE_CASE: dict[str, Any] = {
    "description": "Answers.",
    "environments": ["production"],
    "evaluations": ["gold_questions"],
    "licence": {"classes": ["open_source", "commercial"], "intended_use": "production"},
    "floors": [
        {"metric": "correct", "slice": "answerable", "at_least": 0.6},
        {"metric": "refusal_recall", "at_least": 0.8},
        {"metric": "false_refusal_rate", "at_most": 0.1},
        {"metric": "latency_p95_s", "at_most": 2.0},
    ],
}


@pytest.fixture(scope="session")
def entry() -> Callable[..., Entry]:
    def make(name: str = NANO.entry, **changes: Any) -> Entry:
        return replace(NANO, entry=name, **changes)

    return make


@pytest.fixture(scope="session")
def figures() -> Callable[..., Figures]:
    """Figures that keep every floor, with changes; shares have an interval of 0.05 on each side."""

    def make(**changes: float) -> Figures:
        found: dict[tuple[str, str], Measured] = {}
        for metric, value in {**GOOD, **changes}.items():
            share = metric != "latency_p95_s" and metric != "unscored_rate"
            measured = Measured(value, value - 0.05, value + 0.05) if share else Measured(value)
            found[metric, "answerable" if metric == "correct" else "all"] = measured
        return found

    return make


@pytest.fixture(scope="session")
def policy() -> Callable[..., Policy]:
    def make(**use_cases: dict[str, Any]) -> Policy:
        given = use_cases or {"desk": {}}
        return Policy.model_validate({"use_cases": {name: {**USE_CASE, **changes} for name, changes in given.items()}})

    return make


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(str(tmp_path / "warehouse.duckdb"))


@pytest.fixture
def log(warehouse: Warehouse, tmp_path: Path) -> DecisionLog:
    return DecisionLog(warehouse, Heads(tmp_path / "deployments.db"))
