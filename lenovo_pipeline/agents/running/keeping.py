"""Attempts in a folder by content: one line each, under a manifest, read again whole or one at a time.

Belongs here: writing and reading recordings. Does not belong here: which are made (assets.py), replaying (replaying.py).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.running.attempt import Attempt
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import MANIFEST, read_manifest, write_manifest
from lenovo_pipeline.resources.folders import folder_aside

FILE = "attempts.jsonl"
FORMAT = "lenovo-attempts-1"
_REMEDY = "Make them anew: materialise agents/attempts."


def write_lines(folder: Path, attempts: Iterable[Attempt]) -> None:
    """Write the recordings into a folder that somebody else completes with a manifest."""
    with (folder / FILE).open("w", encoding="utf-8") as lines:
        for attempt in attempts:
            lines.write(json.dumps({"id": attempt.attempt_id, **attempt.as_dict()}, ensure_ascii=False) + "\n")


def write_attempts(folder: Path, attempts: Iterable[Attempt], made_by: Mapping[str, Any]) -> None:
    """Write the recordings and their manifest into a folder, whole or not at all."""
    with folder_aside(folder) as aside:
        write_lines(aside, attempts)
        write_manifest(aside, {"format": FORMAT, **made_by})


def read_attempts(folder: Path) -> Iterator[Attempt]:
    """All recordings of a folder. Raises PermanentFailure if the folder is missing, damaged, or of another format."""
    made_by = read_manifest(folder, remedy=_REMEDY)
    if made_by.get("format") != FORMAT:
        raise PermanentFailure(f"{folder} has format {made_by.get('format')!r}, expected {FORMAT!r}", remedy=_REMEDY)
    with (folder / FILE).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            yield _read(line, f"{folder / FILE}, line {number}")


def read_attempt(folder: Path, attempt_id: str) -> Attempt:
    """One recording. Raises PermanentFailure if it is not there, or cannot be read."""
    if not (folder / MANIFEST).is_file():
        raise PermanentFailure(f"{folder} does not exist or has no {MANIFEST}", remedy=_REMEDY)
    marker = f'{{"id": "{attempt_id}"'
    with (folder / FILE).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.startswith(marker):
                return _read(line, f"{folder / FILE}, line {number}")
    raise PermanentFailure(f"{folder} holds no attempt {attempt_id}", remedy=_REMEDY)


def _read(line: str, place: str) -> Attempt:
    try:
        said = json.loads(line)
        kept = said.pop("id")
        attempt = Attempt.from_dict(said)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PermanentFailure(f"{place} is no attempt ({error})", remedy=_REMEDY) from error
    if attempt.attempt_id != kept:
        raise PermanentFailure(f"{place} was changed: it is kept as {kept}, and is {attempt.attempt_id}", remedy=_REMEDY)
    return attempt
