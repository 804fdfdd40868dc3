"""`python -m lenovo_pipeline.commands.rehearsal.acting ORDER`: a run in the copies, and what it made again.

Belongs here: what happens in the process whose environment leads to the copies; ORDER is a JSON file (see `Order`), beside which
the answer is written. Assets are run for real, up to what takes long (training, asking a model): there one is known to be made
again, and everything made from it is taken to follow.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster import (
    AssetSelection,
    DagsterEvent,
    DagsterInstance,
    Definitions,
    EventLogEntry,
    JobDefinition,
    define_asset_job,
    deserialize_value,
    in_process_executor,
)
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from dagster._core.storage.tags import PARTITION_NAME_TAG

from lenovo_pipeline.build import build_defs
from lenovo_pipeline.failures import NotRehearsed
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import get_settings


@dataclass(frozen=True)
class Order:
    """What to run: `assets` for `model`; `known`: the events of all last materializations, serialised."""

    assets: list[str]
    model: str
    known: list[str]


@dataclass(frozen=True)
class Outcome:
    """`again`: assets that hold something else or were computed anew; `stopped`: those that came to work that takes long;
    `followed`: those that were not reached, since they are made from one of these; `failed`: name -> why.
    """

    again: list[str]
    stopped: list[str]
    followed: list[str]
    failed: dict[str, str]


def act(order: Order, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """Run the assets of an order with the settings of this process; each one's name is said when it is done."""
    settings = get_settings()
    defs = build_defs(settings=settings)
    job = define_asset_job("rehearsal", selection=AssetSelection.assets(*order.assets).without_checks())
    small = Definitions(assets=defs.assets, resources=defs.resources, executor=in_process_executor, jobs=[job])
    events = list(_events(small.resolve_job_def("rehearsal"), order, say))
    warehouse = Warehouse(settings.warehouse or str(settings.store / "warehouse.duckdb"))
    pure = set(warehouse.frame("SELECT DISTINCT subject FROM pipeline.recipes")["subject"])
    again, reached, stopped, failed = set[str](), set[str](), set[str](), dict[str, str]()
    for event in events:
        if event.is_step_materialization:
            made = event.step_materialization_data.materialization
            name = "/".join(made.asset_key.path)
            reached.add(name)
            if _made_again({key: value.value for key, value in made.metadata.items()}, name in pure):
                again.add(name)
        elif event.is_step_failure:
            if _not_rehearsed(event):
                stopped.add(_asset(event))
            else:
                failed[_asset(event)] = _reason(event)
    followed = set(order.assets) - reached - stopped - failed.keys()
    return Outcome(sorted(again), sorted(stopped), sorted(followed), failed)


def _events(job: JobDefinition, order: Order, say: Callable[[str], None]) -> Iterator[DagsterEvent]:
    with DagsterInstance.ephemeral() as instance:
        for text in order.known:
            # With the time that they have: how old an evaluation is, is decided on.
            instance.event_log_storage.store_event(deserialize_value(text, EventLogEntry))
        run = instance.create_run_for_job(
            job,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            tags={PARTITION_NAME_TAG: order.model} if job.partitions_def else {},
        )
        for event in execute_run_iterator(InMemoryJob(job), run, instance):
            if event.is_step_success or event.is_step_failure:
                say(_asset(event))
            yield event


def _asset(event: DagsterEvent) -> str:
    return str(event.step_key).replace("__", "/", 1)


def _made_again(metadata: dict[str, Any], pure: bool) -> bool:
    """What is pure says whether it took over its rows; everything else says whether it holds something else now."""
    return not metadata.get("reused", False) if pure else bool(metadata.get("changed", True))


def _not_rehearsed(event: DagsterEvent) -> bool:
    error = event.step_failure_data.error
    while error is not None:
        if error.cls_name == NotRehearsed.__name__:
            return True
        error = error.cause
    return False


def _reason(event: DagsterEvent) -> str:
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "it failed"


def main() -> int:
    place = Path(sys.argv[1])
    outcome = act(Order(**json.loads(place.read_text(encoding="utf-8"))), lambda name: print(name, flush=True))
    place.with_suffix(".said").write_text(json.dumps(outcome.__dict__), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
