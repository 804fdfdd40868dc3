"""Permanent and transient failures, what each does to retries, and what is no failure but a partition skipped.

A permanent failure (bad input, a contract that does not fit, a wrong setting) is not retried: Dagster's `Failure`
with `allow_retries=False`. A transient one (a lost server, a lock held by another run) may be tried again.
Dagster is imported only when a failure crosses into it, so that logic modules stay free of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class PipelineError(Exception):
    """What was found, what was expected, and what to run: `remedy` ends every message."""

    def __init__(self, message: str, *, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(f"{message.rstrip('.')}. {remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        # Made again in another process from its whole message, not from message and remedy, with all that it carries.
        return _made_again, (type(self), str(self)), vars(self)


class PermanentFailure(PipelineError):
    """Trying again cannot help."""


class TransientFailure(PipelineError):
    """Trying again may help."""


class SkippedPartition(Exception):
    """One partition cannot be made as things are, which fails nothing else: one sentence with what would change that."""


class NotRehearsed(Exception):
    """A rehearsal of a change (blast-radius) has come to work that takes long, which a real run would do: what work."""


def _made_again(kind: type[PipelineError], message: str) -> PipelineError:
    return kind.__new__(kind, message)


@contextmanager
def as_dagster_failure() -> Iterator[None]:
    """Turn a PermanentFailure into a Dagster `Failure` that is not retried; let everything else pass."""
    try:
        yield
    except PermanentFailure as error:
        from dagster import Failure

        raise Failure(description=str(error), allow_retries=False) from error
