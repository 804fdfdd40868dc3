"""Registering adapters: checked against their base, copied to a place of their own by content, and added to the ledger.

Belongs here: what becomes of a build of format `adapter`. Does not belong here: which one is used (champions.py).
The copy comes first, then the row, each whole or not at all: a kill between them leaves nothing that running again would not
complete.
"""

import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from lenovo_pipeline.contracts import Table, digest
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.builds import content_hash
from lenovo_pipeline.models.registry.copies import KIND, OF_THE_BASE, copy_problems
from lenovo_pipeline.models.tables import ADAPTER_REGISTRY
from lenovo_pipeline.provenance import file_hash
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.inference.adapter_folder import CONFIG, WEIGHTS, folder_problems, not_finite
from lenovo_pipeline.resources.inference.messages import ModelIdentity
from lenovo_pipeline.resources.inference.model_folder import read_json
from lenovo_pipeline.resources.ledger import Ledger
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

_TAKEN_OVER = (
    "model",
    "build",
    "artifact",
    "method",
    "domain",
    "base",
    "base_revision",
    "tokenizer_hash",
    "template_hash",
    "training_set",
    "licence",
    "validation_loss",
    "size_bytes",
    "parameters",
    "trainable_parameters",
    "measures",
    "made_by",
    "mlflow_run_id",
)
_TURN = threading.Lock()
"""The store's lock keeps other processes out, this one the other threads of this process."""

BuildRow = Mapping[str, Any]


@dataclass
class Registered:
    """What a registration did: names of the builds that were new, of copies that were made again, and for each build that was
    refused everything that was wrong with it.
    """

    added: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)


def register(
    store: Store,
    warehouse: Warehouse,
    builds: Sequence[BuildRow],
    base: ModelIdentity,
    now: datetime,
    *,
    lock_wait_s: float = 0.0,
) -> Registered:
    """Add the builds (rows of build tables, format `adapter`) that are not there yet; one that cannot be used is refused.

    Raises TransientFailure while another process holds the store for longer than `lock_wait_s`.
    """
    done = Registered()
    with _TURN, store.held("the adapter registry", lock_wait_s):
        ledger = Ledger(warehouse, ADAPTER_REGISTRY)
        known = ledger.rows()
        rows: list[dict[str, Any]] = []
        for build in builds:
            before = [row for row in [*known, *rows] if (row["model"], row["build"]) == (build["model"], build["build"])]
            there = next((row for row in before if row["artifact"] == build["artifact"]), None)
            copy = _copy_of(store, build["artifact"])
            damages = copy_problems(store, {"path": store.relative(copy), "artifact": build["artifact"]})
            if there is not None and not damages:
                continue
            problems = build_problems(store, build, base)
            if problems:
                done.refused[build["build"]] = problems
                continue
            if damages:
                # Where another build has the same content its copy stays, with the manifest that says what made it.
                _keep(store.root / build["path"], copy)
            if there is not None:
                done.repaired.append(build["build"])
                continue
            rows.append(_row(store, build, before, now))
            done.added.append(build["build"])
        ledger.append(rows)
    return done


def registered(warehouse: Warehouse, model: str | None = None) -> list[dict[str, Any]]:
    """All rows of models.adapter_registry, or those of one model."""
    return [row for row in Ledger(warehouse, ADAPTER_REGISTRY).rows() if model in (None, row["model"])]


def current_adapters(warehouse: Warehouse, sources: Sequence[Table], model: str | None = None) -> list[dict[Any, Any]]:
    """The builds of format `adapter` that these tables hold now (of one model); a table that was never made holds none."""
    found = []
    for table in sources:
        try:
            rows = warehouse.load(table, model=model).to_dict("records")
        except PermanentFailure:
            continue
        found += [row for row in rows if row["format"] == "adapter"]
    return found


def data_version(rows: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of which adapters are registered."""
    return digest([f"{row['model']} {row['build']} {row['artifact']} {row['version']}" for row in rows])


def build_problems(store: Store, build: BuildRow, base: ModelIdentity) -> list[str]:
    """Everything that keeps a build from being registered: files, base, options, shapes, numbers that are not finite."""
    folder = store.root / build["path"]
    _, problems = folder_problems(folder, base)
    found = {name: getattr(base, attribute) for name, attribute in OF_THE_BASE.items()}
    problems += [
        f"its row says {name} {build[name]!r}, the base has {value!r}" for name, value in found.items() if build[name] != value
    ]
    if problems:
        return problems
    if content_hash(folder) != build["artifact"]:
        return [f"its files are not those of its row: content {content_hash(folder)}, expected {build['artifact']}"]
    from safetensors.torch import load_file

    return not_finite(load_file(folder / WEIGHTS))


def _copy_of(store: Store, artifact: str) -> Path:
    return store.artifacts / KIND / artifact


def _keep(folder: Path, copy: Path) -> None:
    """Copy the adapter to its place in the registry: builds are made again in place, and removed when nobody cites them."""
    with folder_aside(copy) as aside:
        shutil.copytree(folder, aside, dirs_exist_ok=True)


def _row(store: Store, build: BuildRow, before: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    copy = _copy_of(store, build["artifact"])
    config = read_json(copy, CONFIG)
    targets = config.get("target_modules") or []
    last = max(before, key=lambda row: row["version"], default=None)
    return {
        **{name: build[name] for name in _TAKEN_OVER},
        "version": 1 if last is None else last["version"] + 1,
        "previous": None if last is None else last["artifact"],
        "registered_at": now,
        "path": store.relative(copy),
        "rank": config["r"],
        "targets": [targets] if isinstance(targets, str) else sorted(targets),
        "weights_sha256": file_hash(copy / WEIGHTS),
    }
