"""How many threads torch and the products of numpy compute with."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_lock = threading.Lock()
_inside = 0
_before = 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread inside the block, as far as this thread starts the work.

    Threads may be inside at once: each leaves torch with what the first one found, since a part of its setting is the whole
    process's, and one that came later would put the single thread back for good.
    """
    import torch

    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = torch.get_num_threads()
        _inside += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            torch.set_num_threads(_before)


_blas_taken = threading.Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let numpy's products run in one thread inside the block: for small ones, which wait for a second longer than they take.

    The setting is the whole process's: of several threads inside only the first one touches it.
    """
    if not _blas_taken.acquire(blocking=False):
        yield
        return
    try:
        with _blas().limit(limits=1):
            yield
    finally:
        _blas_taken.release()


@cache
def _blas() -> Any:
    # Looking for the libraries takes milliseconds, limiting those that were found microseconds.
    import numpy as np  # noqa: F401  its library must have been loaded by then
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
