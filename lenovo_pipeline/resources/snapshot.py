"""Reading data/store/published: what sensors, the command line and later a platform open, and nothing else.

Belongs here: finding the snapshot and opening it, without pandas or Dagster, so that a command answers at once.
Does not belong here: how the snapshot is made and swapped in (published.py).
"""

import json
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.store import Store

if TYPE_CHECKING:
    import duckdb

MANIFEST = "manifest.json"
WAREHOUSE = "warehouse.duckdb"


def read_manifest(store: Store) -> dict[str, Any] | None:
    """The manifest of the current snapshot; None if nothing has been published yet or the snapshot is damaged."""
    try:
        manifest = json.loads((store.published / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(manifest, dict) and (store.published / WAREHOUSE).is_file()
    return manifest if whole else None


def open_snapshot(store: Store) -> "duckdb.DuckDBPyConnection":
    """A read-only connection to the published warehouse. Raises PermanentFailure if nothing has been published."""
    import duckdb

    if read_manifest(store) is None:
        raise PermanentFailure(f"nothing has been published in {store.root} yet", remedy="Run: make run")
    # The link is resolved first, so that a swap meanwhile cannot split the snapshot.
    return duckdb.connect(str(store.published.resolve() / WAREHOUSE), read_only=True)
