"""What happens to a question, stage by stage: what went in, what came out, how long it took.

Belongs here: the record of one question and how stages enter it. Does not belong here: where it is kept (traces.py).
Nothing is recorded, at next to no cost, unless somebody watches: `with watched("ask", question=...) as root: ...`.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Stage:
    """One stage with the stages in it. Times in ns since the epoch; `said` is what came out, `failed` why nothing did."""

    name: str
    kind: str
    given: dict[str, Any]
    said: dict[str, Any] = field(default_factory=dict)
    began: int = 0
    ended: int = 0
    failed: str = ""
    within: list["Stage"] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return (self.ended - self.began) / 1e9

    @property
    def recorded(self) -> bool:
        """Whether somebody watches; otherwise what it would say need not be put together."""
        return self.began > 0

    def tell(self, make: Callable[..., dict[str, Any]], *given: Any) -> None:
        """Say what `make` makes of what is given, if somebody watches."""
        if self.recorded:
            self.said = make(*given)


_CURRENT: ContextVar[Stage | None] = ContextVar("stage", default=None)


@contextmanager
def watched(name: str, kind: str = "CHAIN", **given: Any) -> Iterator[Stage]:
    """Record this block as a root, with every stage that is entered in it."""
    yield from _entered(Stage(name, kind, given))


def stage(name: str, kind: str = "RETRIEVER", **given: Any) -> AbstractContextManager[Stage]:
    """A stage of what is being watched; otherwise just the block."""
    outer, own = _CURRENT.get(), Stage(name, kind, given)
    return nullcontext(own) if outer is None else _within(outer, own)


@contextmanager
def _within(outer: Stage, own: Stage) -> Iterator[Stage]:
    outer.within.append(own)
    yield from _entered(own)


def _entered(own: Stage) -> Iterator[Stage]:
    token = _CURRENT.set(own)
    own.began = time.time_ns()
    try:
        yield own
    except BaseException as error:
        own.failed = f"{type(error).__name__}: {error}"
        raise
    finally:
        own.ended = time.time_ns()
        _CURRENT.reset(token)
