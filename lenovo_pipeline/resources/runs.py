"""Runs whose process is gone: Dagster's local launcher does not notice a kill, so every start and a sensor look for them."""

import re

from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

_PID = re.compile(r"pid: (\d+)")
_UNFINISHED = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


def fail_dead_runs(instance: DagsterInstance) -> list[str]:
    """Mark every unfinished run whose process no longer lives as failed; returns their ids.

    Only where runs are processes of this machine (the default launcher): elsewhere the launcher monitors them.
    """
    if not isinstance(instance.run_launcher, DefaultRunLauncher):
        return []
    failed = []
    for run in instance.get_runs(RunsFilter(statuses=_UNFINISHED)):
        process = _process_of(instance, run.run_id)
        if process is not None and not _lives(*process) and _unfinished(instance, run.run_id):
            instance.report_run_failed(run, f"Its process ({process[0]}) ended without a word: killed, or the machine went down.")
            failed.append(run.run_id)
    return failed


def _unfinished(instance: DagsterInstance, run_id: str) -> bool:
    """Whether a run whose process is gone never said how it ended; asked after the process, since it may have ended just now."""
    run = instance.get_run_by_id(run_id)
    return run is not None and run.status in _UNFINISHED


def _process_of(instance: DagsterInstance, run_id: str) -> tuple[int, float] | None:
    """Process id and the time (Unix, s) at which the run's log last named it."""
    found = None
    for entry in instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT):
        match = _PID.search(entry.message or entry.user_message or "")
        if match:
            found = (int(match.group(1)), entry.timestamp)
    return found


def _lives(pid: int, named_at: float) -> bool:
    """Whether the process that had this id at that time still runs; a later process with the same id is another one."""
    import psutil

    try:
        process = psutil.Process(pid)
        return bool(process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= named_at + 1)
    except psutil.NoSuchProcess:
        return False
