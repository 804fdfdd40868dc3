"""`python -m lenovo_pipeline.commands.run`: materialise the whole graph in one run, with progress, then say what happened.

Belongs here: what a person at a terminal sees of a run. What the run does stands in the jobs (automation) and assets.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable

from dagster import DagsterInstance

from lenovo_pipeline.build import build_defs
from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.commands.execution import execute
from lenovo_pipeline.failures import PermanentFailure, PipelineError
from lenovo_pipeline.partitions import DEFAULT_MODEL, MODEL_PARTITIONS
from lenovo_pipeline.resources.runs import fail_dead_runs
from lenovo_pipeline.settings import PROJECT_ROOT, get_settings

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run the job for one model; returns 0 if every step and blocking check succeeded, 1 if not, 130 after Ctrl-C, 2 for bad use.

    A model that cannot be reached is no failure: its assets are skipped, and the summary says why.
    """
    parser = argparse.ArgumentParser(prog="lenovo_pipeline.commands.run", description=__doc__.splitlines()[0])
    parser.add_argument("--job", default="everything", help="the job to run (default: everything)")
    parser.add_argument(
        "--model",
        "--partition",
        default=DEFAULT_MODEL,
        help=f"the model, by its name in the catalogue (default: {DEFAULT_MODEL})",
    )
    parser.add_argument("--quiet", action="store_true", help="no line for each asset, only the summary")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DAGSTER_HOME", str(PROJECT_ROOT))
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    started = time.monotonic()
    try:
        settings = get_settings()
        require_partition(options.model)
        job = build_defs(settings=settings).resolve_job_def(options.job)
        with DagsterInstance.get() as instance:
            for run_id in fail_dead_runs(instance):
                print(f"Run {run_id} had ended without a word; it is marked as failed.")
            say: Callable[[str], None] = (lambda _: None) if options.quiet else (lambda line: print(line, flush=True))
            summary = execute(job, instance, say, model=options.model)
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(summary.text(settings.store, time.monotonic() - started), flush=True)
    if summary.interrupted:
        return INTERRUPTED
    return 0 if summary.succeeded else 1


def require_partition(model: str) -> None:
    """Raises PermanentFailure if there is no partition of that name, listing those that there are."""
    known = MODEL_PARTITIONS.get_partition_keys()
    if model not in known:
        raise PermanentFailure(
            f"there is no model {model!r}; the catalogue's partitions are {', '.join(known)}",
            remedy="Choose one of them, or add an entry under `partitions` in data/catalogue/models.yaml.",
        )


if __name__ == "__main__":
    exit_with(main)
