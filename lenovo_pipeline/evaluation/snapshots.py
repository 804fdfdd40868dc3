"""The published snapshot as a warehouse, for commands that read tables by their contracts."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.snapshot import WAREHOUSE, read_manifest
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse


@contextmanager
def snapshot_warehouse(store: Store) -> Iterator[Warehouse]:
    """A copy of the published warehouse: whoever reads it keeps no run waiting and changes nothing.

    Raises PermanentFailure if nothing has been published.
    """
    if read_manifest(store) is None:
        raise PermanentFailure(f"nothing has been published in {store.root} yet", remedy="Run: make run")
    with tempfile.TemporaryDirectory(prefix="lenovo-snapshot-") as folder:
        copy = Path(folder) / WAREHOUSE
        shutil.copyfile(store.published.resolve() / WAREHOUSE, copy)
        with Warehouse(str(copy)).kept_open() as opened:
            yield opened
