"""What made an artifact: inputs' versions, code, configuration, seed, packages. Write it, read it, compare it.

Belongs here: the manifest in an artifact's folder, the refusal of artifacts that are damaged or do not fit, and the short hash
by which small things are named after what they hold.
Does not belong here: what any artifact holds, and how folders are written whole (resources/folders.py).
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure

MANIFEST = "manifest.json"


def short_hash(text: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a text. What UTF-8 cannot hold counts as a question mark."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def write_manifest(folder: Path, made_by: Mapping[str, Any]) -> None:
    """Write the manifest of a folder: what made it and the SHA-256 of each of its files."""
    files = {path.relative_to(folder).as_posix(): file_hash(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    text = json.dumps({"made_by": dict(made_by), "files": files}, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path, *, remedy: str) -> dict[str, Any]:
    """What made the folder. Raises PermanentFailure listing every file that is missing or was changed, ending with `remedy`."""
    made_by, problems = inspect_manifest(folder, remedy=remedy)
    if problems:
        raise PermanentFailure(f"{folder} is damaged: {', '.join(problems)}", remedy=remedy)
    return made_by


def inspect_manifest(folder: Path, *, remedy: str) -> tuple[dict[str, Any], list[str]]:
    """What made the folder, and each file that is missing or was changed. Raises PermanentFailure if that cannot be read."""
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
        elif file_hash(folder / name) != expected:
            problems.append(f"{name} was changed")
    return made_by, problems


def mismatches(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Each thing that was expected to have made an artifact and did not, in words."""
    return [
        f"{name} is {found.get(name, 'absent')!r}, expected {value!r}"
        for name, value in expected.items()
        if found.get(name) != value
    ]


def require_provenance(folder: Path, expected: Mapping[str, Any], *, remedy: str) -> dict[str, Any]:
    """The manifest of an artifact that must fit. Raises PermanentFailure listing every mismatch, ending with what to run."""
    made_by = read_manifest(folder, remedy=remedy)
    differences = mismatches(made_by, expected)
    if differences:
        raise PermanentFailure(f"{folder} does not fit: {'; '.join(differences)}", remedy=remedy)
    return made_by


def file_hash(path: Path) -> str:
    """SHA-256 (hex) of a file's content."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
