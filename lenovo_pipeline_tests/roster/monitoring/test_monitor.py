"""What the monitor does with what is served: windows, alerts with hysteresis, one rollback for a bad champion."""

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from pydantic import SecretStr

from lenovo_pipeline.contracts import conform
from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.monitoring import taking
from lenovo_pipeline.roster.monitoring.__main__ import main
from lenovo_pipeline.roster.monitoring.alerts import Deliveries, FileChannel, WebhookChannel, make_alert, record
from lenovo_pipeline.roster.monitoring.judging import Counts, Limits, State, Threshold, quality_loss, step
from lenovo_pipeline.roster.monitoring.log import LogFull, MonitorLog
from lenovo_pipeline.roster.monitoring.monitor import NO_LONGER_ACTIVE, Monitor
from lenovo_pipeline.roster.monitoring.process import is_running, only_one
from lenovo_pipeline.roster.monitoring.records import windows_frame
from lenovo_pipeline.roster.monitoring.requests import Moment, Place, Request
from lenovo_pipeline.roster.monitoring.showing import status
from lenovo_pipeline.roster.monitoring.simulator import Outcome, Traffic, simulate
from lenovo_pipeline.roster.monitoring.tables import MONITORING
from lenovo_pipeline.roster.monitoring.trials.champions import FAULTS
from lenovo_pipeline_tests.roster.monitoring.conftest import DESK, Places, TurnedClock, good_profile

Monitors = Callable[..., Monitor]


def traffic(profile: list[Outcome], *, entry: str = "new", seconds: float = 30, seed: int = 1, **more: Any) -> list[Request]:
    return list(simulate(DESK, entry, profile, Traffic(rate=10, seconds=seconds, seed=seed), **more))


def broken(fault: str, seed: int = 0) -> list[Outcome]:
    return FAULTS[fault](good_profile(seed), np.random.default_rng(seed))


def at(clock: TurnedClock, count: int, **changes: Any) -> list[Request]:
    when = Moment(clock.clock, clock.tick_s, clock.at)
    base = Request(DESK, "new", when, latency_s=0.2, chars_in=50, chars_out=20, language="en")
    return [replace(base, **changes) for _ in range(count)]


def alerts(log: MonitorLog) -> list[tuple[str, str]]:
    return [(row["signal"], row["event"]) for row in log.rows("SELECT signal, event FROM alerts ORDER BY rowid")]


def test_a_good_champion_raises_nothing_and_stays(log: MonitorLog, monitors: Monitors, places: Places) -> None:
    log.append(traffic(good_profile(), seconds=120))
    done = monitors().step(finish=True)
    assert (done.windows, done.alerts, done.rolled_back) == (24, [], [])
    assert places.active(DESK) == "new"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_champion_is_rolled_back_once_to_the_last_good_entry(
    fault: str, log: MonitorLog, monitors: Monitors, places: Places
) -> None:
    log.append(traffic(good_profile(), seconds=60))
    log.append(_later(broken(fault), 60))
    monitor = monitors()
    done = monitor.step(finish=True)
    assert len(done.rolled_back) == 1
    assert places.active(DESK) == "old"
    assert [entry for _, entry, _ in places.rolled_back] == ["new"]
    assert monitor.step(finish=True).rolled_back == []
    (breach, *others) = log.rows("SELECT * FROM breaches WHERE handled_at IS NOT NULL ORDER BY rowid")
    assert breach["outcome"] == "old runs"
    assert {each["outcome"] for each in others} <= {NO_LONGER_ACTIVE}


def _later(profile: list[Outcome], start_s: float) -> list[Request]:
    return list(simulate(DESK, "new", profile, Traffic(rate=10, seconds=60, seed=2, start_s=start_s), clock="simulated-1"))


def test_an_entry_that_does_not_run_is_not_rolled_back(log: MonitorLog, monitors: Monitors, places: Places) -> None:
    log.append(traffic(broken("failing"), entry="other"))
    done = monitors().step(finish=True)
    assert done.alerts
    assert done.rolled_back == []
    assert places.active(DESK) == "new"


def test_an_entry_that_comes_back_is_judged_by_what_it_answers_from_then_on(
    log: MonitorLog, monitors: Monitors, places: Places
) -> None:
    log.append(traffic(broken("wrong")))
    monitor = monitors()
    assert monitor.step(finish=True).rolled_back
    places.running[DESK] = "new"
    log.append(_later(good_profile(), 60))
    assert monitor.step(finish=True).rolled_back == []
    assert places.active(DESK) == "new"


def test_a_window_is_closed_when_it_is_over_and_not_before(log: MonitorLog, monitors: Monitors, clock: TurnedClock) -> None:
    monitor = monitors()
    log.append(at(clock, 6))
    assert monitor.step().windows == 0
    clock.tick_s += 6
    assert monitor.step().windows == 1
    assert monitor.step().windows == 0


@pytest.mark.parametrize("jump", ["1999-01-01T00:00:00.000+00:00", "2050-01-01T00:00:00.000+00:00"])
def test_a_clock_that_jumps_neither_breaks_windows_nor_removes_what_is_recent(
    jump: str, log: MonitorLog, monitors: Monitors, clock: TurnedClock
) -> None:
    monitor = monitors()
    log.append(at(clock, 6))
    clock.tick_s += 5
    clock.at = jump
    log.append(at(clock, 6))
    clock.tick_s += 6
    done = monitor.step()
    assert (done.windows, done.problems) == (2, [])
    assert [row["number"] for row in log.rows("SELECT number FROM windows ORDER BY number")] == [200, 201]
    clock.tick_s += 61
    monitor.step()
    assert log.rows("SELECT count(*) AS n FROM requests") == [{"n": 12}]


def test_a_request_that_comes_late_is_counted_in_the_next_window(log: MonitorLog, monitors: Monitors, clock: TurnedClock) -> None:
    monitor = monitors()
    log.append(at(clock, 6))
    late = at(clock, 2)
    clock.tick_s += 6
    assert monitor.step().windows == 1
    log.append(late)
    clock.tick_s += 6
    assert monitor.step().windows == 1
    facts = [json.loads(row["facts"])["requests"] for row in log.rows("SELECT facts FROM windows ORDER BY number")]
    assert facts == [6, 2]


def test_what_is_older_than_the_retention_goes_and_what_is_not_handled_stays(
    log: MonitorLog, monitors: Monitors, clock: TurnedClock
) -> None:
    monitor = monitors(keep_s=100.0)
    log.append(at(clock, 6))
    clock.tick_s += 50
    log.append(at(clock, 6))
    monitor.step(finish=True)
    clock.tick_s += 80
    monitor.step()
    assert log.rows("SELECT count(*) AS n FROM requests") == [{"n": 6}]
    assert log.rows("SELECT count(*) AS n FROM windows") == [{"n": 1}]


def test_few_requests_are_judged_together_with_those_before_them(
    log: MonitorLog, monitors: Monitors, clock: TurnedClock, places: Places
) -> None:
    monitor = monitors()
    for _ in range(8):
        log.append(at(clock, 1, error="ModelUnavailable"))
        clock.tick_s += 6
        monitor.step()
    assert ("error_rate", "raised") in alerts(log)
    assert places.active(DESK) == "old"


@pytest.mark.parametrize("bad", [{"error": "ModelUnavailable"}, {"latency_s": 3.0}, {"chars_out": 0}])
def test_one_bad_answer_among_few_rolls_nothing_back(
    bad: dict[str, Any], log: MonitorLog, monitors: Monitors, clock: TurnedClock, places: Places
) -> None:
    monitor = monitors()
    for number in range(30):
        log.append(at(clock, 1, **(bad if number == 15 else {})))
        clock.tick_s += 5
        monitor.step()
    assert alerts(log) == []
    assert places.active(DESK) == "new"


@pytest.mark.parametrize("bad", [{"error": "ModelUnavailable"}, {"latency_s": 3.0}])
def test_a_champion_that_keeps_its_limits_stays_however_little_it_is_asked(
    bad: dict[str, Any], log: MonitorLog, monitors: Monitors, clock: TurnedClock, places: Places
) -> None:
    """Three in a hundred, at a request each second; ten errors and five slow answers are allowed."""
    monitor, generator = monitors(), np.random.default_rng(0)
    for _ in range(60):
        log.append([at(clock, 1, **(bad if generator.random() < 0.03 else {}))[0] for _ in range(5)])
        clock.tick_s += 5
    assert monitor.step(finish=True).windows == 60
    assert alerts(log) == []


def test_a_request_that_runs_into_its_time_limit_is_slow_although_nothing_was_answered(
    log: MonitorLog, monitors: Monitors, clock: TurnedClock, places: Places
) -> None:
    monitor = monitors(limits=Limits(latency_p95_s=2.0, error_rate=0.5))
    for _ in range(2):
        log.append(
            [*at(clock, 40), *at(clock, 10, error="TimedOut", latency_s=60.0), *at(clock, 5, error="Refused", latency_s=0.1)]
        )
        clock.tick_s += 5
    assert monitor.step(finish=True).rolled_back
    assert alerts(log) == [("latency_p95_s", "raised")]
    (told,) = log.rows("SELECT message FROM alerts")
    assert told["message"].startswith("latency_p95_s 60 s >= 2 s: 20 of 100 requests took longer (p ")


def test_a_rate_is_judged_by_requests_that_count_once_and_cleared_when_enough_went_well() -> None:
    threshold = Threshold("error_rate", 0.1, 0.05, share=0.1, counted="failed")
    state, events = State(), []
    windows = [(2, 5), (1, 5), (0, 5), (2, 5), (4, 5), (5, 5), (5, 5), *[(0, 5)] * 6]
    for bad, of in windows:
        state, event = step(state, bad / of, threshold, Counts(bad, of))
        events.append(event)
    # 9 of 25 is unlikely, 14 of 30 is more than chance; 0 of 15 is not yet less, 0 of 30 is.
    assert [(place, event) for place, event in enumerate(events) if event] == [(5, "raised"), (12, "cleared")]


def test_an_alert_is_raised_after_some_windows_and_cleared_after_some_and_a_figure_at_the_limit_raises_one() -> None:
    threshold = Threshold("error_rate", 0.10, 0.05, raise_after=2, clear_after=3)
    state, events = State(), []
    for value in (0.2, 0.0, 0.2, 0.1, 0.06, 0.09, 0.11, 0.04, None, 0.04, 0.06, 0.04, 0.04, 0.04, 0.2, 0.2):
        state, event = step(state, value, threshold)
        events.append(event)
    assert [(place, event) for place, event in enumerate(events) if event] == [(3, "raised"), (13, "cleared"), (15, "raised")]


def test_a_threshold_that_clears_above_where_it_raises_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be cleared"):
        Threshold("error_rate", 0.1, 0.2)


def test_quality_is_lost_when_fewer_answers_are_right_than_expected_by_more_than_chance() -> None:
    assert (quality_loss([1.0] * 16 + [0.0] * 4, 0.8) or 0) < 1
    assert (quality_loss([1.0] * 4 + [0.0] * 16, 0.8) or 0) > 4
    assert quality_loss([0.0] * 4, 0.8) is None
    assert quality_loss([0.0] * 40, None) is None


def test_an_alert_is_one_file_that_says_where_and_why_and_quotes_nothing(
    tmp_path: Path, log: MonitorLog, monitors: Monitors
) -> None:
    log.append(traffic(broken("failing")))
    monitors().step(finish=True)
    found = [json.loads(path.read_text()) for path in (tmp_path / "store" / "alerts").glob("*.json")]
    alert, *_ = [each for each in found if each["signal"] == "error_rate" and each["event"] == "raised"]
    assert (alert["kind"], alert["environment"], alert["entry"]) == ("monitoring", "production", "new")
    assert ">=" in alert["message"]


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


@pytest.mark.parametrize("moment", ["before the ledger", "after the ledger"])
def test_a_breach_is_completed_after_a_kill_and_never_handled_twice(
    moment: str, log: MonitorLog, monitors: Monitors, places: Places
) -> None:
    class Dying(Places):
        def roll_back(self, place: Place, entry: str, reason: str, request_id: str) -> str:
            if moment == "after the ledger":
                places.roll_back(place, entry, reason, request_id)
            raise Killed

    log.append(traffic(broken("slow")))
    with pytest.raises(Killed):
        monitors(deployments=Dying()).step(finish=True)
    assert log.rows("SELECT count(*) AS n FROM breaches WHERE handled_at IS NULL") == [{"n": 1}]
    after = monitors()
    after.step(finish=True)
    after.step(finish=True)
    assert places.active(DESK) == "old"
    assert len(places.rolled_back) == 1
    assert log.rows("SELECT count(*) AS n FROM breaches WHERE handled_at IS NULL") == [{"n": 0}]


def test_a_ledger_that_cannot_be_written_now_is_tried_again(log: MonitorLog, monitors: Monitors, places: Places) -> None:
    class Away(Places):
        def roll_back(self, place: Place, entry: str, reason: str, request_id: str) -> str:
            raise PermanentFailure("the ledger is locked", remedy="Wait.")

    log.append(traffic(broken("slow")))
    done = monitors(deployments=Away()).step(finish=True)
    assert "the ledger is locked" in " ".join(done.problems)
    assert monitors().step(finish=True).rolled_back
    assert places.active(DESK) == "old"


def test_a_damaged_log_is_kept_aside_and_monitoring_goes_on(log: MonitorLog, monitors: Monitors, places: Places) -> None:
    log.path.parent.mkdir(parents=True)
    log.path.write_bytes(b"not a database, " * 500)
    monitor = monitors()
    (problem,) = monitor.step().problems
    assert "is damaged" in problem
    assert "starts afresh" in problem
    (aside,) = log.path.parent.glob("monitoring.db.damaged-*")
    assert aside.read_bytes().startswith(b"not a database")
    log.append(traffic(broken("failing")))
    assert monitor.step(finish=True).rolled_back
    assert places.active(DESK) == "old"


def test_a_full_log_refuses_whole_batches_and_the_monitor_makes_room(log: MonitorLog, monitors: Monitors, places: Places) -> None:
    small = MonitorLog(log.path, max_pages=60)
    batch = traffic(good_profile(), seconds=5)
    with pytest.raises(LogFull, match="cannot grow"):
        for _ in range(100):
            small.append(batch)
    count = small.rows("SELECT count(*) AS n FROM requests")[0]["n"]
    assert count % len(batch) == 0
    small.make_room()
    small.append(batch)
    assert small.rows("SELECT count(*) AS n FROM requests")[0]["n"] < count + len(batch)


class Hook:
    """A webhook server: it answers with `status`, and keeps what it was sent."""

    def __init__(self) -> None:
        self.status = 200
        self.sent: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.status == 200:
                    outer.sent.append(json.loads(body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret-path"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.server.shutdown()
    made.server.server_close()


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread or process does; whether it happens at all is what is tested."""
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen")


def test_a_failing_webhook_neither_blocks_nor_loses_an_alert_and_its_address_is_never_told(
    log: MonitorLog, monitors: Monitors, places: Places, hook: Hook
) -> None:
    hook.status = 500
    log.append(traffic(broken("failing")))
    monitors(channels=[WebhookChannel(SecretStr(hook.url))]).step(finish=True)
    assert places.active(DESK) == "old"
    until(lambda: bool(log.rows("SELECT 1 FROM deliveries WHERE attempts > 0")))
    told = {row["problem"] for row in log.rows("SELECT problem FROM deliveries WHERE attempts > 0")}
    assert told == {"ConnectionError: status 500"}
    hook.status = 200
    owed = len(alerts(log))
    # The next start sends what the first still owes.
    monitors(channels=[WebhookChannel(SecretStr(hook.url))]).step()
    until(lambda: log.rows("SELECT count(*) AS n FROM deliveries WHERE delivered_at IS NULL") == [{"n": 0}])
    assert len({each["alert_id"] for each in hook.sent}) == owed


def test_a_channel_that_is_down_is_left_alone_for_a_while_and_tried_until_the_alert_arrives(
    tmp_path: Path, log: MonitorLog, monitors: Monitors, hook: Hook
) -> None:
    hook.status = 500
    folder = tmp_path / "alerts"
    folder.write_text("a file where the folder should be")
    log.append(traffic(broken("failing")))
    monitor = monitors(channels=[FileChannel(folder), WebhookChannel(SecretStr(hook.url))])
    for _ in range(30):
        monitor.step(finish=True)
        time.sleep(0.02)
    tried = log.rows("SELECT channel, attempts FROM deliveries")
    assert len(tried) > 2
    assert all(1 <= row["attempts"] <= 2 for row in tried), "every alert is tried, and none at every step"
    with log.writing() as connection:
        connection.execute("UPDATE deliveries SET attempts = 5000")
    folder.unlink()
    hook.status = 200

    def arrived() -> bool:
        monitor.step()
        return not log.rows("SELECT 1 FROM deliveries WHERE delivered_at IS NULL")

    until(arrived)
    assert len(list(folder.glob("*.json"))) == len(hook.sent) == len(alerts(log))


def test_a_channel_that_waits_to_be_tried_again_ends_at_once_when_it_is_stopped(
    tmp_path: Path, log: MonitorLog, clock: TurnedClock, hook: Hook
) -> None:
    hook.status = 500
    sending = Deliveries(log, [WebhookChannel(SecretStr(hook.url))], lambda: clock.at)
    with log.writing() as connection:
        record(connection, make_alert(DESK, "new", "drift", "raised", clock.now(), "", value=1, threshold=1), sending.names)
    sending.send()
    until(lambda: bool(log.rows("SELECT 1 FROM deliveries WHERE attempts > 1")))
    began = time.monotonic()
    sending.close(wait_s=4.0)
    assert time.monotonic() - began < 2.0


def test_a_webhook_that_nobody_answers_is_no_secret_and_no_loss(log: MonitorLog, monitors: Monitors) -> None:
    log.append(traffic(broken("failing")))
    monitors(channels=[WebhookChannel(SecretStr("http://127.0.0.1:9/secret-path"))]).step(finish=True)
    until(lambda: bool(log.rows("SELECT 1 FROM deliveries WHERE attempts > 0")))
    (problem,) = {row["problem"] for row in log.rows("SELECT problem FROM deliveries WHERE attempts > 0")}
    assert "secret" not in problem
    assert "127.0.0.1" not in problem


def test_two_monitors_of_one_store_are_one_too_many(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert not is_running(store)
    with only_one(store):
        holder = f"from lenovo_pipeline.roster.monitoring.process import only_one\n{_STORE.format(store.root)}"
        second = subprocess.run([sys.executable, "-c", f"{holder}\nwith only_one(store): pass"], capture_output=True, text=True)
        assert "already running" in second.stderr
    with only_one(store):
        pass


def test_a_monitor_starts_although_somebody_looks_at_that_moment_whether_one_runs(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.root.mkdir()
    looking = FileLock(store.monitor_lock_file, thread_local=False)
    looking.acquire()
    released = threading.Timer(0.3, looking.release)
    released.start()
    with only_one(store):
        assert is_running(store)
    released.join()
    assert not is_running(store)


_STORE = "from pathlib import Path\nfrom lenovo_pipeline.resources.store import Store\nstore = Store(Path({!r}))".replace(
    "{!r}", "'{}'"
)


def test_the_lock_of_a_monitor_dies_with_its_process(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    script = (
        f"from lenovo_pipeline.roster.monitoring.process import only_one\n{_STORE.format(store.root)}\n"
        "import time\nwith only_one(store):\n  print('held', flush=True)\n  time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert is_running(store)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert not is_running(store)


def test_a_log_of_a_newer_version_is_refused_and_not_touched(log: MonitorLog, monitors: Monitors) -> None:
    log.append(traffic(good_profile()))
    with sqlite3.connect(log.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    (problem,) = monitors().step().problems
    assert "newer version" in problem
    assert log.path.exists()


def test_a_log_of_the_first_format_is_brought_up_and_gives_out_no_number_again(
    log: MonitorLog, monitors: Monitors, clock: TurnedClock
) -> None:
    log.append(at(clock, 6))
    with sqlite3.connect(log.path) as connection:
        (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'requests'").fetchone()
        connection.execute("ALTER TABLE requests RENAME TO now")
        connection.execute(made.replace("chars_out INTEGER", "chars_out INTEGER NOT NULL"))
        connection.execute("INSERT INTO requests SELECT * FROM now")
        connection.execute("DROP TABLE now")
        connection.execute("DELETE FROM requests WHERE id > 2")
        connection.execute("PRAGMA user_version = 1")
    log.append(at(clock, 1, chars_out=None))
    assert [row["id"] for row in log.rows("SELECT id FROM requests ORDER BY id")] == [1, 2, 7]
    assert monitors().step(finish=True).windows == 1


ODD: dict[str, tuple[str, Any]] = {
    "a sketch of five bytes": ("sketch", b"12345"),
    "text as a sketch": ("sketch", "abc"),
    "text as a time": ("tick_s", "abc"),
    "an endless time": ("tick_s", float("inf")),
    "a time before the start": ("tick_s", -5.0),
    "no date": ("at", "garbage"),
    "text as a latency": ("latency_s", "abc"),
    "text as a score": ("score", "abc"),
    "text as a size": ("chars_in", "abc"),
}


@pytest.mark.parametrize("odd", ODD)
def test_a_record_that_cannot_be_read_counts_as_invalid_and_holds_up_no_rollback(
    odd: str, log: MonitorLog, monitors: Monitors, clock: TurnedClock, places: Places
) -> None:
    column, value = ODD[odd]
    log.append(at(clock, 5))
    with sqlite3.connect(log.path) as connection:
        connection.execute(f"UPDATE requests SET {column} = ? WHERE id = 2", (value,))
    monitor, problems = monitors(), []
    for _ in range(4):
        log.append(at(clock, 20, error="ModelUnavailable"))
        clock.tick_s += 5
        problems += monitor.step().problems
    assert places.active(DESK) == "old"
    assert len(problems) == 1 and f"{column} cannot be read" in problems[0]
    first, *_ = windows_frame(log)["invalid"]
    assert first == {f"{column} cannot be read": 1}


def test_a_request_from_the_future_counts_as_invalid_now(
    log: MonitorLog, monitors: Monitors, clock: TurnedClock, places: Places
) -> None:
    when = Moment(clock.clock, clock.tick_s + 1e6, clock.at)
    log.append([*at(clock, 1, when=when), *at(clock, 19, error="ModelUnavailable")])
    clock.tick_s += 5
    log.append(at(clock, 20, error="ModelUnavailable"))
    clock.tick_s += 6
    assert monitors().step().rolled_back
    assert [dict(each) for each in windows_frame(log)["invalid"]] == [{"time ahead of the clock": 1}, {}]


def test_a_log_of_nothing_but_unreadable_times_is_judged_too(log: MonitorLog, monitors: Monitors, clock: TurnedClock) -> None:
    log.append(at(clock, 5))
    with sqlite3.connect(log.path) as connection:
        connection.execute("UPDATE requests SET tick_s = 'abc'")
    monitor = monitors()
    assert (monitor.step().windows, monitor.step().windows) == (1, 0)


def test_a_record_that_does_not_say_what_served_it_counts_nowhere_and_is_told_once(
    log: MonitorLog, monitors: Monitors, clock: TurnedClock
) -> None:
    log.append(at(clock, 5))
    with sqlite3.connect(log.path) as connection:
        connection.execute("UPDATE requests SET environment = 'elsewhere' WHERE id < 3")
        connection.execute("UPDATE requests SET entry = ? WHERE id = 3", (b"\xff",))
    clock.tick_s += 6
    monitor = monitors()
    (problem,) = monitor.step().problems
    assert problem.startswith("3 records do not say what served them")
    assert monitor.step().problems == []
    assert list(windows_frame(log)["requests"]) == [2]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"when": Moment("boot-1", float("nan"), "2026-01-01")}, "tick_s nan"),
        ({"when": Moment("boot-1", float("inf"), "2026-01-01")}, "tick_s inf"),
        ({"when": Moment("boot-1", 1.0, "garbage")}, "at 'garbage'"),
        ({"place": Place("foo", "support_desk")}, "environment 'foo'"),
        ({"role": "guest", "chars_in": "x"}, "role 'guest', chars_in 'x'"),
        ({"sketch": ("x",)}, "sketch ('x',)"),
    ],
)
def test_a_request_that_could_not_be_read_again_is_refused_by_its_fields(
    change: dict[str, Any], told: str, log: MonitorLog, clock: TurnedClock
) -> None:
    with pytest.raises(PermanentFailure) as raised:
        log.append([*at(clock, 2), *at(clock, 1, **change)])
    assert told in str(raised.value) and "damaged" not in str(raised.value)
    assert log.rows("SELECT 1 FROM requests") == []


def test_figures_that_cannot_be_right_stay_out_of_the_sums_and_the_table_keeps_its_contract(
    log: MonitorLog, monitors: Monitors, clock: TurnedClock
) -> None:
    log.append(at(clock, 3, score=7.0, tokens_in=-5))
    log.append(at(clock, 1, score=1.0, tokens_in=3, tokens_out=10**15))
    monitors().step(finish=True)
    (window,) = rows_of(conform(windows_frame(log), MONITORING))
    assert (window["scored"], window["quality"], window["tokens_in"], window["tokens_out"]) == (1, 1.0, 3, 0)
    assert json.loads(window["invalid"]) == {"tokens out of range": 4}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["agent", "--environment", "foo"], "invalid choice: 'foo'"),
        (["agent", "--entry", "m/desk", "--seed", "-1"], "-1 is no seed"),
    ],
)
def test_traffic_that_no_table_could_hold_is_refused(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LENOVO_STORE", str(tmp_path))
    with suppress(SystemExit):
        assert main(["simulate", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_a_busy_window_is_one_window_and_a_thousand_requests_a_second_are_kept_up_with(
    log: MonitorLog, monitors: Monitors, clock: TurnedClock, places: Places
) -> None:
    monitor = monitors()
    for second in range(15):
        log.append(at(clock, 1_000, **({"error": "ModelUnavailable"} if second >= 5 else {})))
        clock.tick_s += 1
        monitor.step()
    clock.tick_s += 1
    monitor.step()
    assert [
        (row["number"], json.loads(row["facts"])["requests"]) for row in log.rows("SELECT * FROM windows ORDER BY number")
    ] == [(number, 5_000) for number in (200, 201, 202)]
    assert places.active(DESK) == "old"


def test_a_window_with_more_requests_than_memory_is_given_for_is_judged_by_its_first(
    log: MonitorLog, monitors: Monitors, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "MOST", 700)
    log.append(at(clock, 1_500))
    clock.tick_s += 5
    log.append(at(clock, 10))
    monitor = monitors()
    (problem,) = monitor.step(finish=True).problems
    assert problem.startswith("a window held 800 requests more")
    assert list(windows_frame(log)["requests"]) == [700, 10]


def test_a_monitor_that_is_behind_ends_its_step_and_says_so(
    tmp_path: Path, log: MonitorLog, monitors: Monitors, clock: TurnedClock
) -> None:
    store = Store(log.path.parent)
    for _ in range(10):
        log.append(at(clock, 6))
        clock.tick_s += 5
    monitor = monitors()
    done = monitor.step(at_most_s=0.0)
    assert done.windows == 1
    assert done.problems == ["54 requests are not judged yet, the oldest 45 s old"]
    assert "BEHIND: 54 requests are not judged yet, the oldest 45 s old" in status(store, 5.0, clock)
    assert monitor.step().problems == []
    assert "BEHIND" not in status(store, 5.0, clock)


def test_limits_that_nothing_is_known_of_are_the_defaults() -> None:
    assert {each.signal for each in Limits().thresholds() if each.rolls_back} == {
        "error_rate",
        "latency_p95_s",
        "invalid_rate",
        "quality_loss",
    }
