"""One attempt to make an asset, wherever it fails: in its function, while its rows are written, or while inputs are read.

Belongs here: what asks for another try, and what every failure leaves behind. Does not belong here: what failures there are.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dagster import DagsterExecutionInterruptedError, RetryRequested

from lenovo_pipeline.failures import SkippedPartition, TransientFailure, as_dagster_failure
from lenovo_pipeline.resources.tracking import Tracking

RETRIES = 2
RETRY_WAIT_S = 3


@contextmanager
def attempt(asset: str, tracking: Tracking, *, tried: int, warn: Callable[[str], None]) -> Iterator[None]:
    """Around one attempt at `asset` (`stage/name`), `tried` times before.

    A TransientFailure asks Dagster for another try, up to RETRIES times; a PermanentFailure becomes a `Failure` that is
    not retried; whatever ends the asset leaves a failed MLflow run.
    """
    try:
        with as_dagster_failure():
            yield
    except (RetryRequested, SkippedPartition):
        raise
    except TransientFailure as error:
        if tried < RETRIES:
            warn(f"{error} Trying again in {RETRY_WAIT_S} s.")
            raise RetryRequested(max_retries=RETRIES, seconds_to_wait=RETRY_WAIT_S) from error
        _record(asset, tracking, error)
        raise
    except (Exception, KeyboardInterrupt, DagsterExecutionInterruptedError) as error:
        _record(asset, tracking, error.__cause__ or error)
        raise


def _record(asset: str, tracking: Tracking, error: BaseException) -> None:
    stage, _, name = asset.partition("/")
    tracking.record(stage, name, tags={"error": type(error).__name__}, failed=True)
