"""A run whose process was killed is failed at the next start or look of a sensor; one that lives is left alone."""

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    EventLogEntry,
    build_run_status_sensor_context,
    build_sensor_context,
    job,
    op,
)
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster._core.events import EngineEventData

from lenovo_pipeline.build import build_defs
from lenovo_pipeline.resources.runs import fail_dead_runs
from lenovo_pipeline.settings import Settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return tmp_path / "home"


@pytest.fixture
def lasting(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    """An instance on disk, which a second process can share."""
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with DagsterInstance.get() as instance:
        yield instance


SLOW = """
    import pathlib, sys, time
    from dagster import DagsterInstance, in_process_executor, job, op
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.execution.api import execute_run_iterator

    @op
    def wait():
        pathlib.Path(sys.argv[1]).touch()
        while True:
            time.sleep(0.1)

    @job(executor_def=in_process_executor)
    def slow():
        wait()

    with DagsterInstance.get() as instance:
        for event in execute_run_iterator(InMemoryJob(slow), instance.create_run_for_job(slow), instance):
            pass
"""


def start(home: Path) -> "subprocess.Popen[bytes]":
    """A process with a run in progress on the instance of this home."""
    running = home / "running"
    line = [sys.executable, "-c", textwrap.dedent(SLOW), str(running)]
    other = subprocess.Popen(line, stderr=subprocess.DEVNULL, env={**os.environ, "DAGSTER_HOME": str(home)})
    while not running.exists():
        assert other.poll() is None
        time.sleep(0.05)
    return other


def only_run(instance: DagsterInstance) -> DagsterRun:
    (run,) = instance.get_runs()
    return run


def test_a_killed_run_is_failed_and_a_living_one_is_not(lasting: DagsterInstance, home: Path) -> None:
    with start(home) as other:
        assert fail_dead_runs(lasting) == []
        assert only_run(lasting).status == DagsterRunStatus.STARTED
        other.kill()
        other.wait()
    dead = only_run(lasting)
    assert dead.status == DagsterRunStatus.STARTED
    assert fail_dead_runs(lasting) == [dead.run_id]
    assert only_run(lasting).status == DagsterRunStatus.FAILURE
    assert fail_dead_runs(lasting) == []


def test_with_nothing_but_the_daemon_a_killed_run_is_failed_and_alerted_by_sensors_that_start_no_run(
    lasting: DagsterInstance, home: Path, settings: Settings
) -> None:
    defs = build_defs(settings=settings)
    dead_runs = defs.resolve_sensor_def("dead_runs")

    def tick() -> SensorExecutionData:
        context = build_sensor_context(instance=lasting, repository_def=defs.get_repository_def())
        found = dead_runs.evaluate_tick(context)
        assert not found.run_requests, "a run of its own would wait behind the dead one"
        return found

    with start(home) as other:
        assert tick().skip_message == "Every run in progress has its process."
        other.kill()
        other.wait()
    dead = only_run(lasting)
    assert dead.run_id in str(tick().skip_message)
    ended = only_run(lasting)
    assert ended.status == DagsterRunStatus.FAILURE
    (event,) = lasting.all_logs(dead.run_id, of_type=DagsterEventType.RUN_FAILURE)
    assert event.dagster_event is not None
    alert: Any = defs.resolve_sensor_def("failed_run_alert")
    alert(
        build_run_status_sensor_context(
            sensor_name="failed_run_alert", dagster_instance=lasting, dagster_run=ended, dagster_event=event.dagster_event
        ).for_run_failure()
    )
    raised = json.loads((settings.store / "alerts" / f"{dead.run_id}.json").read_text())
    assert "ended without a word" in raised["message"]


@op
def nothing() -> None: ...


@job
def small() -> None:
    nothing()


def named(instance: DagsterInstance, pid: int, at: float) -> DagsterRun:
    """A run in progress whose log named this process at that time."""
    run = instance.create_run_for_job(small, status=DagsterRunStatus.STARTED)
    event = DagsterEvent(
        DagsterEventType.ENGINE_EVENT.value,
        "small",
        message=f"Executing steps in process (pid: {pid})",
        event_specific_data=EngineEventData(),
    )
    instance.handle_new_event(
        EventLogEntry(  # type: ignore[no-untyped-call]
            error_info=None, level=10, user_message="", run_id=run.run_id, timestamp=at, job_name="small", dagster_event=event
        )
    )
    return run


def test_a_later_process_with_the_same_number_is_not_the_run(lasting: DagsterInstance) -> None:
    began = psutil.Process().create_time()
    reused = named(lasting, os.getpid(), began - 60)
    own = named(lasting, os.getpid(), time.time())
    assert fail_dead_runs(lasting) == [reused.run_id]
    left = lasting.get_run_by_id(own.run_id)
    assert left is not None
    assert left.status == DagsterRunStatus.STARTED


def test_a_process_that_ended_but_was_not_fetched_by_its_parent_is_gone(lasting: DagsterInstance) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    run = named(lasting, child.pid, time.time())
    assert fail_dead_runs(lasting) == [run.run_id]
    child.wait()


def test_a_run_that_never_said_its_process_and_one_that_is_done_are_left_alone(lasting: DagsterInstance) -> None:
    lasting.create_run_for_job(small, status=DagsterRunStatus.STARTED)
    lasting.create_run_for_job(small, status=DagsterRunStatus.NOT_STARTED)
    small.execute_in_process(instance=lasting)
    assert fail_dead_runs(lasting) == []


def test_where_runs_are_not_processes_of_this_machine_nobody_is_declared_dead(instance: DagsterInstance) -> None:
    named(instance, 2**22 + 1, time.time())
    assert fail_dead_runs(instance) == []
