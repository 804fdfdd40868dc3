"""How many threads torch computes with."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

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
