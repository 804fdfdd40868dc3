"""What is made from a base model, one row for each: adapters, tuned models, pruned, distilled, quantised and edge builds.

Belongs here: what every kind of build has in common - its row, its place in the store, and re-using what was made before.
Does not belong here: making one of a kind (tuning/, compression/), judging its answers (evaluation).
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import MANIFEST, file_hash, read_manifest, write_manifest
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.store import Store

_KEY_LENGTH = 32


@dataclass(frozen=True)
class Build:
    """A row of a build table; fields as in `tables.build_table`."""

    model: str
    build: str
    method: str
    domain: str
    format: str
    artifact: str
    path: str
    base: str
    base_revision: str | None
    tokenizer_hash: str | None
    template_hash: str | None
    training_set: str | None
    licence: str
    parameters: int | None
    trainable_parameters: int | None
    size_bytes: int
    validation_loss: float | None
    level: str | None = None
    target: str | None = None
    measures: Mapping[str, Any] = field(default_factory=dict)
    made_by: Mapping[str, Any] = field(default_factory=dict)
    mlflow_run_id: str | None = None


@dataclass(frozen=True)
class Artifact:
    """A folder of the store that holds one build: `content` is the hash (32 hex digits) of its files, `reused` says whether it
    was there already, `made_by` what made it, with what `make` reported under `report`.
    """

    folder: Path
    path: str
    content: str
    size_bytes: int
    reused: bool
    made_by: Mapping[str, Any]


def kept(store: Store, kind: str, made_by: Mapping[str, Any], make: Callable[[Path], Mapping[str, Any]]) -> Artifact:
    """The folder `artifacts/<kind>/<hash of made_by>`: as it was made before, or made now, whole or not at all.

    `make` writes the files into the folder that it is given and returns what it measured (plain JSON values). One that is
    damaged is made again. Raises what `make` raises; nothing is left behind then.
    """
    key = recipe_key(made_by)
    folder = store.artifacts / kind / key
    found = _whole(folder)
    if found is not None:
        return _artifact(store, folder, found, reused=True)
    store.require_no_rehearsal(f"making {kind}/{key}")
    with folder_aside(folder) as aside:
        report = dict(make(aside))
        (aside / MANIFEST).unlink(missing_ok=True)
        write_manifest(aside, {**made_by, "report": report})
    return _artifact(store, folder, read_manifest(folder, remedy="Run again."), reused=False)


def earlier(store: Store, kind: str, made_by: Mapping[str, Any], but: Collection[str]) -> Path | None:
    """The newest whole folder of a kind that was made by the same, whatever it was made by under the names in `but`."""

    def compared(made: Mapping[str, Any]) -> str:
        return recipe_key({name: value for name, value in made.items() if name not in (*but, "report")})

    folders = [folder for folder in (store.artifacts / kind).glob("*") if (folder / MANIFEST).is_file()]
    for folder in sorted(folders, key=lambda each: (each / MANIFEST).stat().st_mtime, reverse=True):
        found = _whole(folder)
        if found is not None and compared(found) == compared(made_by):
            return folder
    return None


def recipe_key(made_by: Mapping[str, Any]) -> str:
    """Hash (32 hex digits) of what makes a build."""
    return hashlib.sha256(json.dumps(made_by, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:_KEY_LENGTH]


def build_rows(builds: Sequence[Build], table: Table) -> pd.DataFrame:
    """The builds as rows of their table."""
    return pd.DataFrame([asdict(build) for build in builds], columns=list(table.column_names))


def _whole(folder: Path) -> dict[str, Any] | None:
    try:
        return read_manifest(folder, remedy="")
    except PermanentFailure:
        return None


def content_hash(folder: Path) -> str:
    """Hash (32 hex digits) of the names and contents of a build's files; its manifest does not count."""
    listed = "".join(f"{path.relative_to(folder).as_posix()}:{file_hash(path)}\n" for path in _files(folder))
    return hashlib.sha256(listed.encode()).hexdigest()[:_KEY_LENGTH]


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MANIFEST]


def _artifact(store: Store, folder: Path, made_by: Mapping[str, Any], *, reused: bool) -> Artifact:
    return Artifact(
        folder=folder,
        path=store.relative(folder),
        content=content_hash(folder),
        size_bytes=sum(path.stat().st_size for path in _files(folder)),
        reused=reused,
        made_by=made_by,
    )
