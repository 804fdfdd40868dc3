"""data/store/published: the snapshot that everything outside a run reads, swapped in whole.

`published` is a symbolic link to one of `published-<version>`; replacing the link is atomic, so that a reader finds the
old snapshot or the new one, and one who has the old one open keeps it. The previous snapshot stays until the next swap.
"""

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.contracts import HASH_COLUMN, digest
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.citations import cited_artifacts
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.snapshot import MANIFEST, WAREHOUSE, open_snapshot, read_manifest
from lenovo_pipeline.resources.store import FORMAT, Store
from lenovo_pipeline.resources.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

_VERSION_LENGTH = 16


@dataclass(frozen=True)
class Published:
    """A snapshot: its version (hash of all tables' data versions), its size in bytes, whether it was already there."""

    version: str
    tables: int
    rows: int
    bytes: int
    changed: bool


def publish(
    store: Store, warehouse: Warehouse, *, made_by: dict[str, Any], graph: dict[str, dict[str, Any]] | None = None
) -> Published:
    """Copy the warehouse into a new snapshot and swap it in; nothing is copied if the data versions are those published.

    `graph` ({asset: {deps, code_version, modules}}) goes into the manifest, so that commands need no Dagster to follow it; None:
    as the last snapshot has it.

    Raises PermanentFailure, leaving the old snapshot in place, if it cannot be written.
    """
    tables = [
        {"table": name, "model": model, "data_version": version, "rows": rows}
        for name, model, version, rows in warehouse.frame(
            "SELECT qualified_name, model, digest, rows FROM pipeline.tables ORDER BY qualified_name, model"
        ).itertuples(index=False)
    ]
    contents = [f"{table['table']} {table['model']} {table['data_version']}" for table in tables]
    current = read_manifest(store)
    graph = graph or (current or {}).get("graph", {})
    contents += [json.dumps(graph, sort_keys=True)] if graph else []
    version = digest([f"{FORMAT} {json.dumps(made_by, sort_keys=True)}", *contents])
    rows = sum(int(table["rows"]) for table in tables)
    if current is not None and current.get("version") == version:
        return Published(version, len(tables), rows, _size(store.published), changed=False)
    place = store.root / f"published-{version[:_VERSION_LENGTH]}"
    with folder_aside(place) as aside:
        warehouse.copy_to(aside / WAREHOUSE)
        manifest = {
            "version": version,
            "format": FORMAT,
            "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "made_by": made_by,
            "tables": tables,
            "artifacts": cited_artifacts(warehouse),
            "graph": graph,
        }
        (aside / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    previous = store.published.resolve() if store.published.is_symlink() else None
    link = store.root / f".published.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(place.name)
    link.replace(store.published)
    for old in store.root.glob("published-*"):
        if old not in (place, previous):
            shutil.rmtree(old, ignore_errors=True)
    return Published(version, len(tables), rows, _size(place), changed=True)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.resolve().rglob("*") if path.is_file())


def snapshot_problems(store: Store, warehouse: Warehouse) -> list[str]:
    """One sentence for each table whose rows in the snapshot, hashed anew, do not have the warehouse's data version."""
    import duckdb

    try:
        snapshot = open_snapshot(store)
    except (PermanentFailure, duckdb.Error) as error:
        return [f"the snapshot cannot be opened: {error}"]
    try:
        published = {
            f"{name} {model}": _digest_of_rows(snapshot, name, model)
            for name, model in snapshot.execute("SELECT qualified_name, model FROM pipeline.tables").fetchall()
        }
    except duckdb.Error as error:
        return [f"the snapshot cannot be read: {error}"]
    finally:
        snapshot.close()
    register = warehouse.frame("SELECT qualified_name || ' ' || model, digest FROM pipeline.tables")
    current = dict(register.itertuples(index=False, name=None))
    pairs = {name: (published.get(name, "absent"), current.get(name, "absent")) for name in published.keys() | current.keys()}
    return [
        f"{name.strip()} is {there[:12]} in the snapshot, {here[:12]} in the warehouse"
        for name, (there, here) in sorted(pairs.items())
        if there != here
    ]


def _digest_of_rows(connection: "duckdb.DuckDBPyConnection", name: str, model: str) -> str:
    """What `contracts.digest` makes of a stored table's hashes, computed where they lie."""
    where, values = (" WHERE model = ?", [model]) if model else ("", [])
    ((found,),) = connection.execute(
        f"SELECT sha256(coalesce(string_agg({HASH_COLUMN}, chr(10) ORDER BY {HASH_COLUMN}), '')) FROM {name}{where}", values
    ).fetchall()
    return str(found)
