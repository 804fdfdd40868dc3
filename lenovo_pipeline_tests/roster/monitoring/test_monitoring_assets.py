"""The assets and checks of monitoring: what was recorded is a table, and what was left lying fails a check."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lenovo_pipeline.agents.running.attempt import Attempt
from lenovo_pipeline.agents.running.keeping import write_attempts
from lenovo_pipeline.agents.running.tables import ATTEMPTS
from lenovo_pipeline.agents.tables import TASKS
from lenovo_pipeline.commands.store import backup, restore
from lenovo_pipeline.contracts import Table, conform
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.candidate import Answer, Question
from lenovo_pipeline.measures.items import Item
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.monitoring import canaries
from lenovo_pipeline.roster.monitoring.alerts import Deliveries
from lenovo_pipeline.roster.monitoring.canary import ABORTED, BETTER, NO_HARM, NOT_JUDGED, run_canary
from lenovo_pipeline.roster.monitoring.judging import Limits, State, rates, step
from lenovo_pipeline.roster.monitoring.known import KnownLimits, profile_of
from lenovo_pipeline.roster.monitoring.log import MonitorLog
from lenovo_pipeline.roster.monitoring.monitor import Monitor
from lenovo_pipeline.roster.monitoring.plots import draw
from lenovo_pipeline.roster.monitoring.process import only_one
from lenovo_pipeline.roster.monitoring.records import alerts_frame, windows_frame
from lenovo_pipeline.roster.monitoring.requests import Place, Request
from lenovo_pipeline.roster.monitoring.rollback import BookOfDeployments
from lenovo_pipeline.roster.monitoring.serving import Server
from lenovo_pipeline.roster.monitoring.showing import status
from lenovo_pipeline.roster.monitoring.simulator import Traffic, simulate
from lenovo_pipeline.roster.monitoring.tables import ALERTS, CANARY, MONITORING
from lenovo_pipeline.roster.monitoring.trials.champions import FAULTS
from lenovo_pipeline.roster.monitoring.verify import drifted, slow_rollbacks, undelivered
from lenovo_pipeline.settings import Settings
from lenovo_pipeline_tests.roster.monitoring.conftest import DESK, TurnedClock, good_profile

OLD, NEW = "DEC-0000000000000001", "DEC-0000000000000002"


def book_of(store: Store) -> Book:
    """`new` runs where `old` ran before."""
    book = Book(store.deployments)
    for entry, decision in (("old", OLD), ("new", NEW)):
        book.promote(DESK.environment, DESK.use_case, entry, decision, actor="run", reason="it keeps every rule")
    return book


def watched(store: Store, fault: str = "failing") -> MonitorLog:
    """A log after a monitor has judged a good and then a bad champion, with the real book."""
    log, clock = MonitorLog(store.monitoring), TurnedClock(at="2026-01-01T00:01:00.000+00:00")
    bad = FAULTS[fault](good_profile(), np.random.default_rng(0))
    log.append(simulate(DESK, "new", good_profile(), Traffic(rate=10, seconds=20)))
    log.append(simulate(DESK, "new", bad, Traffic(rate=10, seconds=20, start_s=20)))
    sending = Deliveries(log, [], lambda: clock.at)
    Monitor(log, BookOfDeployments(Book(store.deployments)), sending, lambda _p, _e: Limits(quality=0.8), clock=clock).step(
        finish=True
    )
    sending.close()
    return log


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_bad_champion_is_rolled_back_in_the_real_book_once(store: Store) -> None:
    book = book_of(store)
    watched(store)
    running = book.active(DESK.environment, DESK.use_case)
    assert running is not None and running.entry == "old"
    assert [(each.kind, each.actor) for each in book.history()][-1] == ("rolled_back", "monitor")
    assert sum(each.kind == "rolled_back" for each in book.history()) == 1
    assert book.verify() == []
    again = BookOfDeployments(book)
    (breach,) = MonitorLog(store.monitoring).rows("SELECT alert_id FROM breaches WHERE outcome = 'old runs'")
    assert again.roll_back(DESK, "new", "again", breach["alert_id"]) == "old runs"
    assert sum(each.kind == "rolled_back" for each in book.history()) == 1


def test_what_was_recorded_fits_its_contracts_and_is_drawn(store: Store) -> None:
    book_of(store)
    log = watched(store)
    windows, alerts = windows_frame(log), alerts_frame(log)
    assert len(conform(windows, MONITORING)) == 8
    assert len(conform(alerts, ALERTS)) == len(alerts) > 0
    assert windows["requests"].sum() == log.rows("SELECT count(*) AS n FROM requests")[0]["n"]
    assert windows["errors"].iloc[:4].sum() == 0 < windows["errors"].iloc[4:].sum()
    assert draw(windows).startswith("![monitoring](data:image/png;base64,")
    assert draw(windows.iloc[:0]) == ""
    said = status(store)
    assert "runs: old in production/support_desk" in said
    assert "breach: new in production/support_desk" in said


def test_a_log_that_nobody_wrote_is_an_empty_table(store: Store) -> None:
    assert windows_frame(MonitorLog(store.monitoring)).empty
    assert alerts_frame(MonitorLog(store.monitoring)).empty
    assert not store.monitoring.exists()


def alert(**changes: Any) -> dict[str, Any]:
    row = dict.fromkeys(ALERTS.column_names)
    shown = {"alert_id": "ALR-1", "environment": "production", "use_case": "desk", "entry": "a", "signal": "drift"}
    return {**row, **shown, "event": "raised", "undelivered": [], **changes}


def test_a_rollback_that_took_too_long_and_an_alert_that_is_owed_are_named() -> None:
    assert slow_rollbacks(pd.DataFrame([alert(handled_after_s=4.9), alert(handled_after_s=None)])) == []
    assert "7.0 s" in slow_rollbacks(pd.DataFrame([alert(handled_after_s=7.0)]))[0]
    assert undelivered(pd.DataFrame([alert()])) == []
    assert "webhook" in undelivered(pd.DataFrame([alert(undelivered=["webhook"])]))[0]


def test_drift_that_is_still_raised_is_named_and_drift_that_is_over_is_not() -> None:
    def window(minute: int, raised: list[str], drift: float | None) -> dict[str, Any]:
        at = pd.Timestamp(2026, 3, 1, 12, minute)
        return {"environment": "production", "use_case": "desk", "entry": "a", "opened_at": at, "raised": raised, "drift": drift}

    still = [window(1, [], 0.2), window(2, ["drift"], 6.0), window(3, ["drift"], None)]
    assert "evidence 6.0" in drifted(pd.DataFrame(still))[0]
    assert drifted(pd.DataFrame([*still, window(4, [], 0.3)])) == []


def test_a_challenger_that_does_harm_is_aborted_before_all_requests_and_a_like_one_is_not() -> None:
    good = good_profile()
    for fault in ("failing", "wrong", "slow"):
        bad = FAULTS[fault](good, np.random.default_rng(1))
        found = run_canary(DESK, ("a", good), ("b", bad), share=0.2, budget_s=2.0, seed=1)
        assert (found.verdict, found.requests < 2_000) == (ABORTED, True)
        assert "worse" in found.reason
    like = run_canary(DESK, ("a", good), ("b", good_profile(9)), share=0.2, budget_s=2.0, seed=1)
    assert (like.verdict, like.requests) == (NO_HARM, 2_000)
    poor = FAULTS["wrong"](good, np.random.default_rng(1))
    assert run_canary(DESK, ("a", poor), ("b", good), share=0.3, budget_s=2.0, seed=1).verdict == BETTER
    assert len(conform(pd.DataFrame([like.as_row(), found.as_row()], columns=list(CANARY.column_names)), CANARY)) == 2


def test_equal_challengers_are_seldom_aborted_however_often_one_looks() -> None:
    aborted = [
        run_canary(DESK, ("a", good_profile(3)), ("b", good_profile(3)), share=0.3, budget_s=2.0, seed=seed, requests=300).verdict
        == ABORTED
        for seed in range(20)
    ]
    assert sum(aborted) <= 1


@pytest.mark.parametrize(("share", "size"), [(0.0, 9), (0.005, 9), (0.6, 9), (0.2, 0)])
def test_a_canary_that_can_show_nothing_is_not_judged_and_says_why(share: float, size: int) -> None:
    found = run_canary(DESK, ("a", good_profile()), ("b", good_profile(0, size)), share=share, budget_s=2.0, seed=1)
    assert (found.verdict, found.requests, found.compared) == (NOT_JUDGED, 0, ())
    assert "shows nothing" in found.reason and "evaluate both" in found.reason


def test_a_challenger_that_cannot_be_judged_fails_no_run_and_stays_in_the_book(store: Store, settings: Settings) -> None:
    book = book_of(store)
    book.set_challenger(DESK.environment, DESK.use_case, "gone", OLD, share=0.2, actor="run", reason="it is new")
    (found,), changes = canaries.run_canaries(book, Warehouse(str(store.warehouse)), settings)
    assert (found.verdict, changes) == (NOT_JUDGED, [])
    assert "gone (0 outcomes)" in found.reason
    assert len(conform(pd.DataFrame([found.as_row()], columns=list(CANARY.column_names)), CANARY)) == 1
    assert book.challenger(DESK.environment, DESK.use_case) is not None


def test_an_aborted_challenger_leaves_the_book_with_the_reason(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = book_of(store)
    book.set_challenger(DESK.environment, DESK.use_case, "third", OLD, share=0.2, actor="run", reason="it is new")
    profiles = {"new": good_profile(), "third": FAULTS["failing"](good_profile(), np.random.default_rng(1))}
    monkeypatch.setattr(canaries, "outcomes_of", lambda _warehouse, entry: profiles[entry])
    warehouse: Any = None
    found, changes = canaries.run_canaries(book, warehouse, settings)
    assert [each.verdict for each in found] == [ABORTED]
    assert "third is no challenger" in changes[0]
    assert book.challenger(DESK.environment, DESK.use_case) is None
    last = book.history()[-1]
    assert (last.kind, last.actor) == ("challenger_aborted", "canary")
    assert canaries.run_canaries(book, warehouse, settings) == ([], [])


class Echo:
    """Answers what it was asked; fails on `fail`."""

    name = "echo"

    def describe(self) -> dict[str, Any]:
        return {"echo": 1}

    def answer(self, question: Question) -> Answer:
        if question.text == "fail":
            raise RuntimeError("the secret question of Ms Chan")
        return Answer(question.text, tokens_in=3, tokens_out=2)


def test_what_is_served_is_logged_without_a_word_of_it(store: Store) -> None:
    log = MonitorLog(store.monitoring)
    server = Server(DESK, Echo(), log)
    assert isinstance(server.ask(Question("Q1", "Ms Chan asks", "en")), Answer)
    assert isinstance(server.ask(Question("Q2", "fail", "en")), RuntimeError)
    server.probe(Item(Question("Q3", "yes", "en"), "yes", "yes_no"))
    server.close()
    rows = log.rows("SELECT * FROM requests ORDER BY id")
    assert [row["error"] for row in rows] == [None, "RuntimeError", None]
    assert [row["chars_in"] for row in rows] == [12, 4, 3]
    assert [row["score"] for row in rows] == [None, None, 1.0]
    assert all(row["latency_s"] >= 0 for row in rows)
    held = b"".join(path.read_bytes() for path in store.root.glob("monitoring.db*"))
    assert b"Chan" not in held


def test_whoever_asks_is_answered_though_the_log_is_full(store: Store) -> None:
    log = MonitorLog(store.monitoring, max_pages=30)
    server = Server(DESK, Echo(), log)
    for _ in range(3_000):
        if server.unlogged:
            break
        answer = server.ask(Question("Q1", "x", "en"))
        assert isinstance(answer, Answer)
    server.close()
    assert server.unlogged == 1


def test_a_backup_holds_what_the_monitor_wrote_and_a_running_monitor_keeps_the_store_from_being_replaced(
    store: Store, tmp_path: Path
) -> None:
    store.open()
    book_of(store)
    log = watched(store)
    before = log.rows("SELECT count(*) AS n FROM windows")
    place = backup(store, tmp_path / "backups", 0)
    with log.writing() as connection:
        connection.execute("DELETE FROM windows")
    with only_one(store), pytest.raises(PermanentFailure, match="already running"):
        restore(store, place, 0)
    restore(store, place, 0)
    assert log.rows("SELECT count(*) AS n FROM windows") == before
    running = Book(store.deployments).active(DESK.environment, DESK.use_case)
    assert running is not None and running.entry == "old"
    assert json.loads(store.format_file.read_text())


POLICY = """
use_cases:
  agent:
    description: Does tasks.
    kinds: [agentic_workflow]
    environments: [testing, production]
    evaluations: [agent_tasks]
    licence: {classes: [open_source], intended_use: evaluation}
    floors:
      - {metric: success, at_least: 0.9}
      - {metric: no_wrong_effect, at_least: 0.9}
      - {metric: latency_p95, at_most: 30.0}
    testing:
      evaluations: [agent_tasks]
      licence: {classes: [open_source], intended_use: evaluation}
      floors:
        - {metric: success, at_least: 0.9}
        - {metric: no_wrong_effect, at_least: 0.9}
        - {metric: latency_p95, at_most: 90.0}
"""


def test_each_environment_is_watched_with_its_own_budget_and_a_policy_that_is_half_saved_changes_none(
    settings: Settings, tmp_path: Path
) -> None:
    policy = tmp_path / "roster.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    known = KnownLimits(settings.model_copy(update={"policy": policy}))

    def budgets() -> list[float]:
        places = [*(Place(each, "agent") for each in ("testing", "staging", "production")), Place("production", "other")]
        return [known(place, "m/desk").latency_p95_s for place in places]

    assert budgets() == [90.0, 30.0, 30.0, 2.0]
    policy.write_text(POLICY + "\n half: [", encoding="utf-8")
    assert budgets() == [90.0, 30.0, 30.0, 2.0]
    policy.unlink()
    assert budgets() == [90.0, 30.0, 30.0, 2.0]
    policy.write_text(POLICY.replace("30.0", "20.0"), encoding="utf-8")
    assert budgets() == [90.0, 20.0, 20.0, 2.0]


def test_while_no_policy_was_ever_read_no_answer_is_too_slow(settings: Settings, tmp_path: Path) -> None:
    known = KnownLimits(settings.model_copy(update={"policy": tmp_path / "none.yaml"}))
    slow = [Request(DESK, "new", TurnedClock().now(), latency_s=50.0, chars_in=1, chars_out=1, language="en")] * 100
    limits = known(DESK, "new")
    latency = rates(slow, limits)[1]
    threshold = next(each for each in limits.thresholds() if each.signal == latency.signal)
    assert step(State(streak=9), latency.value, threshold, latency.counts)[1] is None


def recorded(task_id: str, **given: Any) -> Attempt:
    """An attempt that answered, as its recording says."""
    blank: dict[str, Any] = dict.fromkeys(("steps", "model_calls", "tool_calls"), ())
    said: dict[str, Any] = {
        "workflow": "desk",
        "workflow_content": "",
        "framework": "langgraph",
        "profile": "full",
        "model": {},
        "reason": "",
    }
    return Attempt(**{**said, **blank, "state": {}, "task_id": task_id, "turns": ("Help!",), **given})


def test_healthy_traffic_of_an_agent_is_not_called_empty_and_rolls_nothing_back(store: Store) -> None:
    made = [recorded(f"TSK-{number:010X}", ending="answered", answers=("Done.",)) for number in range(20)]
    made += [recorded(f"TSK-{number:010X}", ending="over_budget", answers=()) for number in range(20, 30)]
    lost = [recorded(f"TSK-{number:010X}", ending="answered", answers=("Lost.",)) for number in range(30, 40)]
    write_attempts(store.root / "artifacts" / "kept", made, {})
    rows = [
        row_of(
            ATTEMPTS,
            **{"model": "m", "workflow": "desk", "task_id": each.task_id, "attempt_id": each.attempt_id, "ending": each.ending},
            **{"success": True, "seconds": 1.0, "path": "artifacts/gone" if each in lost else "artifacts/kept"},
        )
        for each in (*made, *lost)
    ]
    warehouse = Warehouse(str(store.warehouse))
    tasks = [row_of(TASKS, task_id=each.task_id, turns=["Help!"], language="en") for each in (*made, *lost)]
    warehouse.replace(TASKS, pd.DataFrame(tasks))
    warehouse.replace(ATTEMPTS, pd.DataFrame(rows), model="m")
    publish(store, warehouse, made_by={"run": "1"})
    profile = profile_of(store, "m/desk", None)
    assert [each.chars_out for each in profile] == [5] * 20 + [None] * 20
    log, clock = MonitorLog(store.monitoring), TurnedClock(at="2026-01-01T00:01:00.000+00:00")
    log.append(simulate(DESK, "m/desk", profile, Traffic(rate=10, seconds=60)))
    sending = Deliveries(log, [], lambda: clock.at)
    done = Monitor(log, BookOfDeployments(Book(store.deployments)), sending, lambda _p, _e: Limits(), clock=clock).step()
    assert (done.windows, done.alerts) == (12, [])
    assert {str(each) for each in windows_frame(log)["invalid"]} == {"{}"}


BLANK: dict[str, Any] = {
    "text": "x",
    "integer": 0,
    "number": 0.0,
    "boolean": False,
    "text[]": ["x"],
    "json": {},
    "date": date(2026, 1, 1),
}


def row_of(table: Table, **given: Any) -> dict[str, Any]:
    """A row that keeps the contract, whatever it says beside `given`."""
    blank = {column.name: column.choices[0] if column.choices else BLANK[column.type] for column in table.columns}
    return {**blank, **given}


def test_agents_that_run_and_challenge_are_compared_by_their_attempts(store: Store, settings: Settings) -> None:
    book = Book(store.deployments)
    book.promote("testing", "agent", "m/desk", OLD, actor="run", reason="it keeps every rule")
    book.set_challenger("testing", "agent", "m/rival", NEW, share=0.2, actor="run", reason="it is new")
    tasks = [row_of(TASKS, task_id=f"TSK-{number:010X}", turns=["Help!"], language="en") for number in range(40)]
    attempts = [
        row_of(
            ATTEMPTS,
            **{"model": "m", "workflow": workflow, "task_id": task["task_id"], "attempt_id": f"{number:016x}"},
            **{"ending": ending, "success": ending == "answered", "seconds": 1.0},
        )
        for workflow, ending in (("desk", "answered"), ("rival", "failed"))
        for number, task in enumerate(tasks)
    ]
    warehouse = Warehouse(str(store.warehouse))
    warehouse.replace(TASKS, pd.DataFrame(tasks))
    warehouse.replace(ATTEMPTS, pd.DataFrame(attempts), model="m")
    assert [each.error for each in canaries.outcomes_of(warehouse, "m/rival")] == ["failed"] * 40
    assert {each.score for each in canaries.outcomes_of(warehouse, "m/desk")} == {1.0}
    assert canaries.outcomes_of(warehouse, "m/nobody") == []
    (found,), (change,) = canaries.run_canaries(book, warehouse, settings)
    assert found.verdict == ABORTED and "m/rival is no challenger" in change
    publish(store, warehouse, made_by={"run": "1"})
    profile = profile_of(store, "m/desk", None)
    assert {each.chars_out for each in profile} == {None}
    assert len(profile) == 40 and {(each.chars_in, each.language, each.latency_s) for each in profile} == {(5, "en", 1.0)}
    with pytest.raises(PermanentFailure, match="no scores of 'm/nobody'"):
        profile_of(store, "m/nobody", None)
