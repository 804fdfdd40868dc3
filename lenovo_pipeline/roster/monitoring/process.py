"""The process of the monitor: one for each store, by a lock that dies with it; Ctrl-C ends it between two steps.

Belongs here: the loop, its lock and its signals. What a step does is monitor.py's.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.monitoring.monitor import Monitor, Step

POLL_S = 0.25
LONGEST_STEP_S = 5.0
LOOK_S = 2.0
"""How long a start waits for the lock: whoever only looks whether a monitor runs holds it, too, for a moment."""
_LOOK_EVERY_S = 0.01
_GLANCE_S = 0.1
_LOGGER = logging.getLogger("lenovo_pipeline.monitor")


@contextmanager
def only_one(store: Store, *, wait_s: float = LOOK_S) -> Iterator[None]:
    """Hold the monitor's lock of a store. Raises PermanentFailure while another process holds it for longer than `wait_s`."""
    from filelock import FileLock, Timeout

    store.root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(store.monitor_lock_file)
    try:
        lock.acquire(timeout=wait_s, poll_interval=_LOOK_EVERY_S)
    except Timeout as error:
        raise PermanentFailure(
            f"a monitor of {store.root} is already running",
            remedy="There is one for each store: leave it running, or stop it first (Ctrl-C).",
        ) from error
    try:
        yield
    finally:
        lock.release()


def is_running(store: Store) -> bool:
    """Whether a monitor of the store lives."""
    if not store.monitor_lock_file.exists():
        return False
    try:
        with only_one(store, wait_s=_GLANCE_S):
            return False
    except PermanentFailure:
        return True


def keep_watching(monitor: Monitor, say: Callable[[str], None], *, poll_s: float = POLL_S) -> None:
    """Step until the process is told to stop (SIGINT, SIGTERM); the step under way is completed first.

    A step that fails is said and tried again: a monitor that dies of what it watches is none.
    """
    stopped = threading.Event()
    with _stopping(stopped):
        # What judging needs takes seconds to import: not within its first transaction, while others wait to write.
        import scipy.spatial.distance
        import scipy.stats  # noqa: F401

        last = ""
        while not stopped.is_set():
            try:
                done = monitor.step(at_most_s=LONGEST_STEP_S)
            except Exception as error:
                _LOGGER.exception("a step of the monitor failed")
                done = Step(problems=[f"a step failed: {type(error).__name__}"])
            for line in (*done.alerts, *done.rolled_back):
                say(line)
            problems = "; ".join(done.problems)
            if problems and problems != last:
                say(f"problem: {problems}")
            last = problems
            stopped.wait(poll_s)


@contextmanager
def _stopping(stopped: threading.Event) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {}
    # Only the main thread may set handlers; elsewhere whoever started the thread stops it.
    with suppress(ValueError):
        before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
