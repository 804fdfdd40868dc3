"""The folder of dossiers: one folder for each entry in production, written aside and swapped in whole; and what is wrong with it.

Belongs here: files. Does not belong here: what is in them (gathering.py, pages.py, sbom.py).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import require_provenance, write_manifest
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.roster.dossier.names import DOSSIER, INDEX, PAGE, SBOM
from lenovo_pipeline.roster.dossier.packages import Package
from lenovo_pipeline.roster.dossier.pages import index, page
from lenovo_pipeline.roster.dossier.sbom import bill_of_materials


@dataclass(frozen=True)
class Written:
    """What was written: `version` (SHA-256, hex) of everything in it, and whether anything had to be written."""

    version: str
    dossiers: int
    bytes: int
    changed: bool


def write_dossiers(
    found: Sequence[Mapping[str, Any]],
    empty: Sequence[Mapping[str, Any]],
    packages: Sequence[Package],
    place: Path,
    *,
    code: str,
) -> Written:
    """Write all dossiers into the folder `place`, or take over those of the same content and code that lie there.

    Raises PermanentFailure if it cannot be written, and for a use case whose name is none of a folder.
    """
    _require_names([str(each["use_case"]) for each in found])
    texts = {str(each["use_case"]): as_json(each) for each in found}
    version = hashlib.sha256(json.dumps([code, texts, as_json(empty)]).encode()).hexdigest()
    made_by = {"dossiers": version}
    changed = False
    try:
        require_provenance(place, made_by, remedy="They are written anew.")
    except PermanentFailure:
        changed = True
        with folder_aside(place) as aside:
            for each in found:
                own = aside / str(each["use_case"])
                own.mkdir()
                text = texts[str(each["use_case"])]
                (own / DOSSIER).write_text(text, encoding="utf-8")
                mine = hashlib.sha256(text.encode()).hexdigest()
                (own / SBOM).write_text(bill_of_materials(each, packages, mine), encoding="utf-8")
                (own / PAGE).write_text(page(each, (DOSSIER, SBOM)), encoding="utf-8")
            links = {name: f"{name}/{PAGE}" for name in texts}
            (aside / INDEX).write_text(index(found, empty, links), encoding="utf-8")
            write_manifest(aside, made_by)
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    return Written(version, len(texts), size, changed)


def _require_names(use_cases: Sequence[str]) -> None:
    """The names come from the store, which an older policy, or another hand, may have written: nothing is written elsewhere."""
    astray = [name for name in use_cases if name != Path(name).name or name in ("", "..")]
    if astray:
        raise PermanentFailure(
            f"no dossier is written, since no folder can be named after the use cases {', '.join(map(repr, astray))}",
            remedy="Give them other names in data/policy/roster.yaml, then run: make run",
        )


def as_json(value: Any) -> str:
    """JSON that is the same for the same content. Raises ValueError for what is no number."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, default=str, allow_nan=False)


def dossier_problems(place: Path, running: Sequence[Mapping[str, Any]]) -> list[str]:
    """One sentence for each entry that runs in production (rows of roster.deployments) whose dossier is missing, of another
    decision, or not whole, and for each dossier of what does not run.
    """
    found = []
    folders = {path.name for path in place.iterdir() if path.is_dir()} if place.is_dir() else set()
    wanted = {str(row["use_case"]): row for row in running}
    found += [f"there is a dossier of {name}, where nothing runs" for name in sorted(folders - wanted.keys())]
    if not (place / INDEX).is_file():
        found.append(f"the page of all dossiers, {INDEX}, is missing")
    for use_case, row in sorted(wanted.items()):
        own = place / use_case
        missing = [name for name in (PAGE, DOSSIER, SBOM) if not (own / name).is_file()]
        if missing:
            found.append(f"the dossier of {row['entry']} for {use_case} lacks {', '.join(missing)}")
            continue
        try:
            said = json.loads((own / DOSSIER).read_text(encoding="utf-8"))
            bill = json.loads((own / SBOM).read_text(encoding="utf-8"))
        except ValueError as error:
            found.append(f"the dossier of {row['entry']} for {use_case} cannot be read ({error})")
            continue
        if (said.get("entry"), said.get("decision", {}).get("decision_id")) != (row["entry"], row["decision_id"]):
            found.append(f"the dossier for {use_case} is of {said.get('entry')}, but {row['entry']} runs by {row['decision_id']}")
        parts = [name for name in PARTS if not said.get(name)]
        found += [f"the dossier of {row['entry']} for {use_case} says nothing of {', '.join(parts)}"] if parts else []
        if bill.get("bomFormat") != "CycloneDX" or not bill.get("components"):
            found.append(f"the bill of materials of {row['entry']} for {use_case} lists nothing")
    return found


PARTS = ("model", "datasets", "licences", "decision", "scores", "lineage", "packages")
"""What a dossier must not be silent about."""
