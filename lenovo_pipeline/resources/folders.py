"""Artifacts that are folders: written aside and renamed, with a manifest that says what made them and what they hold.

Belongs here: whole-or-nothing writing, damage found on reading. Does not belong here: what any artifact holds.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure

MANIFEST = "manifest.json"


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


def write_manifest(folder: Path, made_by: Mapping[str, Any]) -> None:
    """Write the manifest of a folder: what made it and the SHA-256 of each of its files."""
    files = {path.relative_to(folder).as_posix(): _sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    text = json.dumps({"made_by": dict(made_by), "files": files}, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path, *, remedy: str) -> dict[str, Any]:
    """What made the folder. Raises PermanentFailure listing every file that is missing or was changed, ending with `remedy`."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files, made_by = dict(manifest["files"]), dict(manifest["made_by"])
    except FileNotFoundError as error:
        raise PermanentFailure(f"{folder} does not exist or has no {MANIFEST}", remedy=remedy) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PermanentFailure(f"{folder / MANIFEST} is damaged ({error})", remedy=remedy) from error
    problems = []
    for name, expected in files.items():
        if not (folder / name).is_file():
            problems.append(f"{name} is missing")
        elif _sha256(folder / name) != expected:
            problems.append(f"{name} was changed")
    if problems:
        raise PermanentFailure(f"{folder} is damaged: {', '.join(problems)}", remedy=remedy)
    return made_by


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
