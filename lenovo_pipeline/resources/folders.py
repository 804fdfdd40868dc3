"""Artifacts that are folders: written aside and renamed.

Belongs here: whole-or-nothing writing. Does not belong here: what made a folder and whether it is whole (provenance.py).
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lenovo_pipeline.failures import PermanentFailure


@contextmanager
def folder_aside(target: Path) -> Iterator[Path]:
    """An empty folder to write into, which takes the place of `target` when the block ends well; on an exception nothing changes.

    Raises PermanentFailure if the disk is full or the place may not be written.
    """
    aside = target.with_name(f".{target.name}.{os.getpid()}.{time.monotonic_ns()}.new")
    old = aside.with_suffix(".old")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.mkdir()
        yield aside
        for path in aside.rglob("*"):
            if path.is_file():
                with path.open("rb") as handle:
                    os.fsync(handle.fileno())
        # No portable call exchanges two folders: between these two renames a reader finds none and says so.
        if target.exists():
            target.rename(old)
        try:
            aside.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
    except OSError as error:
        raise PermanentFailure(
            f"{target} cannot be written ({error.strerror or error})",
            remedy="Free some space or give the right to write there, then run again.",
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
