"""How a sensor is declared: it looks, asks a pure function what follows, and requests it.

Belongs here: what all sensors have in common. A look that fails skips, and says why: it never counts as nothing being there.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from dagster import (
    AssetObservation,
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from lenovo_pipeline.failures import PipelineError

Look = Callable[[SensorEvaluationContext], SensorResult]


def looks(*, every_s: int, description: str, **more: Any) -> Callable[[Look], SensorDefinition]:
    """Declare a sensor of the function's name, which looks `every_s` seconds; `more`: job, jobs or asset_selection."""

    def declare(look: Look) -> SensorDefinition:
        def tick(context: SensorEvaluationContext) -> SensorResult | SkipReason:
            try:
                return look(context)
            except PipelineError as error:
                return SkipReason(str(error))
            except OSError as error:
                return SkipReason(f"{error.filename} cannot be read ({error.strerror}); nothing is concluded from that.")
            except sqlite3.Error as error:
                return SkipReason(f"a database cannot be read ({error}); nothing is concluded from that.")

        declared: SensorDefinition = sensor(
            name=look.__name__,
            minimum_interval_seconds=every_s,
            default_status=DefaultSensorStatus.RUNNING,
            description=description,
            **more,
        )(tick)
        return declared

    return declare


def with_wrong(context: SensorEvaluationContext, sentence: str, wrong: Sequence[str]) -> str:
    """The sentence of a tick and what it found wrong. That goes into the tick's log as well: of a tick that requests something
    no sentence is kept.
    """
    for each in wrong:
        context.log.warning(each)
    return " ".join([sentence, *wrong])


def found(
    requests: Sequence[RunRequest], cursor: str | None, otherwise: str, events: Sequence[AssetObservation] = ()
) -> SensorResult:
    """What a look ends with: what it requests, or the sentence that says why nothing."""
    return SensorResult(
        run_requests=list(requests), skip_reason=None if requests else otherwise, cursor=cursor, asset_events=list(events)
    )
