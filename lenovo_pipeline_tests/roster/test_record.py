"""Decisions are added once for each evidence and never change; one entry is active in a place; every check can fail."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml
from dagster import AssetCheckResult, AssetChecksDefinition, Failure

from lenovo_pipeline.evaluation.tables import HEADERS, LEADERBOARD
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster import checks
from lenovo_pipeline.roster.decide import decide
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.log.decisions import DecisionLog
from lenovo_pipeline.roster.moment import Moment
from lenovo_pipeline.roster.record import latest, record_decided_on, record_decisions, record_deployments
from lenovo_pipeline.roster.tables import DECISIONS, DEPLOYMENTS, ENTRIES
from lenovo_pipeline.settings import Settings

NOON = datetime(2026, 3, 1, 12)
NAME = "lenovo-nano/open-book"
HEADER = "0123456789abcdef"
Make = Callable[..., Any]


class Desk:
    """Decides and deploys, as the assets do."""

    def __init__(self, log: DecisionLog, policy: Make, entry: Make, figures: Make) -> None:
        self.log, self.warehouse = log, log.warehouse
        self.policy, self.entry, self.figures = policy, entry, figures

    def decide(self, now: datetime = NOON, entries: list[Any] | None = None, **changes: float) -> int:
        entries = [self.entry()] if entries is None else entries
        found = {entry.entry: self.figures(**changes) for entry in entries}
        return record_decisions(self.log, decide(self.policy(), entries, found), now)[1]

    @property
    def written(self) -> Path:
        """The policy as a file."""
        place = Path(self.warehouse.database).with_name("roster.yaml")
        place.write_text(yaml.safe_dump(self.policy().model_dump(mode="json", exclude_none=True)))
        return place

    @property
    def book(self) -> Book:
        return Book(Path(self.warehouse.database).with_name("deployments.db"), clock=lambda: NOON.replace(tzinfo=UTC))

    def deploy(self, current: tuple[str, ...] = (NAME,), *, approval: bool = False) -> list[str]:
        places = {("production", "desk")} if approval else set()
        made = record_deployments(self.log, self.book, [("production", "desk", name) for name in current], places)
        return [*made.changes, *made.waiting]

    def active(self) -> list[tuple[str, str, str]]:
        rows = self.warehouse.load(DEPLOYMENTS)
        return list(rows[["environment", "use_case", "entry"]].itertuples(index=False, name=None))


@pytest.fixture
def desk(log: DecisionLog, policy: Make, entry: Make, figures: Make) -> Desk:
    return Desk(log, policy, entry, figures)


def test_the_same_evidence_is_decided_once(desk: Desk) -> None:
    assert desk.decide() == 1
    assert desk.decide(datetime(2026, 3, 2)) == 0
    (row,) = desk.warehouse.load(DECISIONS).to_dict("records")
    assert (row["verdict"], row["decided_at"], row["previous"]) == ("promoted", NOON, None)


def test_new_evidence_is_added_and_going_back_is_a_decision_too(desk: Desk) -> None:
    for correct in (0.8, 0.3, 0.8):
        assert desk.decide(correct=correct) == 1
    rows = desk.warehouse.load(DECISIONS).to_dict("records")
    assert len({row["decision_id"] for row in rows}) == 3
    (last,) = latest([{str(k): v for k, v in row.items()} for row in rows])
    assert last["verdict"] == "promoted"
    assert last["previous"] is not None


def test_a_clock_that_jumps_does_not_change_which_decision_is_the_last(desk: Desk) -> None:
    desk.decide(datetime(2030, 1, 1), correct=0.8)
    desk.decide(datetime(2020, 1, 1), correct=0.3)
    rows = [{str(k): v for k, v in row.items()} for row in desk.warehouse.load(DECISIONS).to_dict("records")]
    assert [row["verdict"] for row in latest(rows)] == ["held"]


def test_a_promoted_entry_runs_a_better_one_takes_its_place_and_a_failing_one_leaves(desk: Desk) -> None:
    other = desk.entry("other")
    desk.decide()
    assert desk.deploy() == [f"{NAME} runs in production for desk"]
    assert desk.deploy() == []
    assert desk.active() == [("production", "desk", NAME)]
    found = {NAME: desk.figures(), "other": desk.figures(correct=0.9)}
    record_decisions(desk.log, decide(desk.policy(), [desk.entry(), other], found), NOON)
    assert desk.deploy(current=(NAME, "other")) == [f"other runs in production for desk instead of {NAME}"]
    assert desk.active() == [("production", "desk", "other")]
    desk.decide(entries=[desk.entry(), other], correct=0.1)
    assert desk.deploy(current=(NAME, "other")) == ["other no longer runs in production for desk"]
    assert desk.active() == []


def test_an_entry_that_is_no_candidate_any_more_runs_nowhere(desk: Desk) -> None:
    desk.decide()
    desk.deploy()
    assert desk.deploy(current=()) == [f"{NAME} no longer runs in production for desk"]


def test_what_was_rolled_back_stays_out_until_it_is_decided_on_new_evidence(desk: Desk) -> None:
    both = (NAME, "other")
    entries = [desk.entry(), desk.entry("other")]
    desk.decide()
    desk.deploy()
    found = {NAME: desk.figures(), "other": desk.figures(correct=0.9)}
    record_decisions(desk.log, decide(desk.policy(), entries, found), NOON)
    desk.deploy(both)
    desk.book.rollback("production", "desk", reason="errors", actor="monitor")
    assert desk.deploy(both) == [
        "other stays out of production for desk: it was rolled back from, refused, or its canary was aborted"
    ]
    assert desk.active() == [("production", "desk", NAME)]
    found = {NAME: desk.figures(), "other": desk.figures(correct=0.91)}
    record_decisions(desk.log, decide(desk.policy(), entries, found), NOON)
    assert desk.deploy(both) == [f"other runs in production for desk instead of {NAME}"]


def test_a_promotion_that_needs_approval_waits_and_is_asked_for_once(desk: Desk) -> None:
    desk.decide()
    for _ in range(2):
        assert desk.deploy(approval=True) == [f"{NAME} waits for approval in production for desk"]
        assert desk.active() == []
    assert len(desk.book.history()) == 1
    desk.book.approve("production", "desk", actor="mei", reason="checked")
    assert desk.deploy(approval=True) == []
    assert desk.active() == [("production", "desk", NAME)]


def test_what_waits_for_a_person_is_withdrawn_when_its_decision_is_no_longer_in_force(desk: Desk) -> None:
    desk.decide()
    desk.deploy(approval=True)
    desk.decide(correct=0.1)
    assert desk.deploy(approval=True) == [f"{NAME} no longer waits for approval in production for desk"]
    assert desk.book.pending() == []
    desk.decide()
    assert desk.deploy(approval=True) == [f"{NAME} waits for approval in production for desk"]
    assert desk.deploy(current=(), approval=True) == [f"{NAME} no longer waits for approval in production for desk"]


def test_a_challenger_that_keeps_its_rules_no_longer_or_is_gone_is_removed_with_the_reason(desk: Desk) -> None:
    other = desk.entry("other")
    desk.decide(entries=[desk.entry(), other])
    both = (NAME, "other")
    desk.deploy(both)
    said = "other no longer challenges in production for desk: no decision in force finds all its rules kept"
    for current, changes in ((both, {"correct": 0.1}), ((NAME,), {"correct": 0.8})):
        desk.book.set_challenger("production", "desk", "other", "DEC-1", share=0.1, actor="mei", reason="try")
        assert desk.deploy(both) == []
        found = {NAME: desk.figures(), "other": desk.figures(**changes)}
        record_decisions(desk.log, decide(desk.policy(), [desk.entry(), other], found), NOON)
        assert desk.deploy(current) == [said]
        assert desk.book.challengers() == []
        desk.decide(entries=[desk.entry(), other])


def test_what_a_person_put_in_place_since_it_was_decided_stays_until_it_is_decided_again(desk: Desk) -> None:
    both = [desk.entry(), desk.entry("other")]
    found = decide(desk.policy(), both, {each.entry: desk.figures() for each in both})
    record_decisions(desk.log, found, NOON)
    record_decided_on(desk.book, found, Moment(NOON, {}), desk.book.running())
    assert desk.deploy((NAME, "other")) == [f"{NAME} runs in production for desk"]
    desk.book.promote("production", "desk", "other", "DEC-1", actor="mei", reason="customers like it better")
    said = f"other stays in production for desk: it was put there since {NAME} was chosen"
    assert desk.deploy((NAME, "other")) == [said]
    assert desk.deploy((NAME, "other"), approval=True) == [said]
    assert desk.active() == [("production", "desk", "other")]
    assert desk.deploy((NAME,)) == [f"{NAME} runs in production for desk instead of other"], "it may not run any more"


def test_an_empty_roster_is_a_table_and_not_an_error(desk: Desk) -> None:
    desk.decide(correct=0.1)
    assert desk.deploy() == []
    assert desk.active() == []


def test_the_database_refuses_a_second_entry_in_one_place(desk: Desk) -> None:
    desk.decide()
    desk.deploy()
    with pytest.raises(duckdb.ConstraintException), desk.warehouse.write() as connection:
        connection.execute("INSERT INTO roster.deployments SELECT * REPLACE ('other' AS entry) FROM roster.deployments")
    assert desk.active() == [("production", "desk", NAME)]


@pytest.fixture
def stage(desk: Desk) -> Desk:
    """Decisions and deployments with the entries, headers and leaderboard that they are made from."""
    entry = desk.entry()
    row = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(entry).items()}
    desk.warehouse.replace(ENTRIES, pd.DataFrame([row]))
    header = {
        "header": HEADER,
        "candidate": NAME,
        "kind": "raw_foundation",
        "model": "lenovo-nano",
        "items": 3,
        "items_hash": "f" * 16,
        "prompt_version": None,
        "commit": None,
        "made_by": {},
    }
    desk.warehouse.replace(HEADERS, pd.DataFrame([header]))
    figures = {
        "always-refuse": {"correct": 0.0, "refusal_recall": 1.0, "false_refusal_rate": 1.0, "latency_p95_s": 0.0},
        "random": {"correct": 0.04, "refusal_recall": 0.1, "false_refusal_rate": 0.05, "latency_p95_s": 0.0},
    }
    desk.warehouse.replace(LEADERBOARD, leaderboard(figures))
    desk.decide()
    desk.deploy()
    return desk


def leaderboard(figures: dict[str, dict[str, float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "candidate": candidate,
                "kind": "baselines",
                "model": "",
                "metric": metric,
                "slice": "answerable" if metric == "correct" else "all",
                "value": value,
                "lower": value,
                "upper": value,
                "scored": 9,
                "unscored": 0,
                "clusters": 3,
                "unit": "1",
                "current": True,
                "header": HEADER,
            }
            for candidate, values in figures.items()
            for metric, value in values.items()
        ]
    )


@pytest.fixture
def run(stage: Desk, tmp_path: Path) -> Callable[[AssetChecksDefinition], AssetCheckResult]:
    def run_check(check: AssetChecksDefinition) -> AssetCheckResult:
        resources: dict[str, Any] = {"store": Store(tmp_path), "warehouse": stage.warehouse}
        if check is checks.baselines_stay_below_policy:
            resources["settings"] = Settings(profile="smoke")
        if check is checks.decisions_cite_existing_evidence:
            resources["settings"] = Settings(profile="smoke", policy=stage.written)
        result = check(**resources)
        assert isinstance(result, AssetCheckResult)
        return result

    return run_check


def found(result: AssetCheckResult) -> str:
    assert not result.passed
    return str(result.metadata["found"].value)


ALL = [
    checks.baselines_stay_below_policy,
    checks.decisions_cite_existing_evidence,
    checks.decision_log_is_as_written,
    checks.one_production_entry_per_use_case,
]


@pytest.mark.parametrize("check", ALL, ids=lambda check: next(iter(check.check_specs)).name)
def test_what_the_stage_makes_passes(check: AssetChecksDefinition, run: Make) -> None:
    result = run(check)
    assert result.passed, result.metadata


def test_a_policy_that_a_measured_baseline_keeps_is_found(run: Make, stage: Desk) -> None:
    lucky = {
        "correct": 0.9,
        "refusal_recall": 0.9,
        "false_refusal_rate": 0.01,
        "latency_p95_s": 0.0,
        "unscored_rate": 0.0,
    }
    stage.warehouse.replace(LEADERBOARD, leaderboard({"random": lucky}))
    said = found(run(checks.baselines_stay_below_policy))
    assert "always-refuse has no figures" in said
    assert "random keeps every floor of support_desk in testing" in said


def test_a_decision_whose_evidence_is_gone_is_found(run: Make, stage: Desk) -> None:
    stage.warehouse.replace(HEADERS, stage.warehouse.load(HEADERS).iloc[:0])
    assert f"about {NAME} cites the header {HEADER}, which is not kept" in found(run(checks.decisions_cite_existing_evidence))


def test_a_place_that_the_policy_no_longer_names_cites_what_it_likes(run: Make, stage: Desk, policy: Make) -> None:
    """Nobody decides there again, so that what its last decision cites goes sooner or later."""
    stage.warehouse.replace(HEADERS, stage.warehouse.load(HEADERS).iloc[:0])
    stage.policy = lambda: policy(other={})
    assert run(checks.decisions_cite_existing_evidence).passed


def test_a_verdict_that_its_rules_do_not_give_is_found(run: Make, stage: Desk) -> None:
    stage.decide(correct=0.1)
    with stage.warehouse.write() as connection:
        connection.execute("UPDATE roster.decisions SET verdict = 'promoted'")
    assert "though correct of answerable lower bound 0.05 < 0.60" in found(run(checks.decisions_cite_existing_evidence))
    assert "was altered after it was written" in found(run(checks.decision_log_is_as_written))


def test_a_decision_whose_rules_are_no_json_is_named(run: Make, stage: Desk) -> None:
    with stage.warehouse.write() as connection:
        connection.execute("ALTER TABLE roster.decisions ALTER rules TYPE VARCHAR")
        connection.execute("UPDATE roster.decisions SET rules = '[{'")
    with pytest.raises(Failure, match=r"the decision DEC-\w+ was altered after it was written: its rules cannot be read"):
        run(checks.decisions_cite_existing_evidence)
    assert "was altered after it was written" in found(run(checks.decision_log_is_as_written))


def test_an_active_entry_that_nobody_promoted_is_found(run: Make, stage: Desk) -> None:
    with stage.warehouse.write() as connection:
        connection.execute("UPDATE roster.deployments SET entry = 'random'")
    said = found(run(checks.one_production_entry_per_use_case))
    assert "random is active in production for desk, but no decision in force finds its rules kept" in said


def test_a_book_that_was_altered_by_hand_is_found(run: Make, stage: Desk) -> None:
    with sqlite3.connect(stage.book.path) as connection:
        connection.execute("UPDATE running SET entry = 'random'")
    said = found(run(checks.one_production_entry_per_use_case))
    assert f"{NAME} is active in production for desk by the table, random by the book of deployments" in said
    assert f"random runs for desk (production), but the transitions lead to {NAME}" in said


def test_two_active_entries_in_one_place_are_found(run: Make, stage: Desk) -> None:
    with stage.warehouse.write() as connection:
        connection.execute("CREATE TABLE roster.twice AS FROM roster.deployments")
        connection.execute("INSERT INTO roster.twice FROM roster.deployments")
        connection.execute("DROP TABLE roster.deployments")
        connection.execute("ALTER TABLE roster.twice RENAME TO deployments")
    assert "2 entries are active in production for desk" in found(run(checks.one_production_entry_per_use_case))
