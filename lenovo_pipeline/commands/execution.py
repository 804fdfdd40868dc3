"""Executing a job in this process, with its events turned into progress lines and a summary."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dagster import DagsterInstance, JobDefinition
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.execution.api import execute_run_iterator
from dagster._core.storage.tags import PARTITION_NAME_TAG

from lenovo_pipeline.commands.summary import RunSummary
from lenovo_pipeline.resources.event_log import hasten


def execute(job: JobDefinition, instance: DagsterInstance, say: Callable[[str], None], *, model: str | None = None) -> RunSummary:
    """Execute a job in this process, saying each step as it ends; Ctrl-C ends it after marking the run.

    `model` is the partition of those assets that have partitions; a job without such assets takes no notice of it.
    """
    # Before the run is made: that writes an event for each asset already.
    hasten()
    run = instance.create_run_for_job(
        job,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        tags={PARTITION_NAME_TAG: model} if model and job.partitions_def else {},
    )
    summary = RunSummary(run.run_id, job.asset_layer.asset_graph)
    with _interrupts_noted(summary):
        for event in execute_run_iterator(InMemoryJob(job), run, instance):
            line = summary.add(event)
            if line:
                say(line)
    finished = instance.get_run_by_id(run.run_id)
    if finished is not None and not finished.is_finished:
        instance.report_run_canceled(finished)
    return summary


@contextmanager
def _interrupts_noted(summary: RunSummary) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, DagsterExecutionInterruptedError):
        summary.interrupted = True
