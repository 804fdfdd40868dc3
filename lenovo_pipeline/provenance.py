"""What made an artifact: inputs' versions, code, configuration, seed, packages. Write it, read it, compare it.

Belongs here: the record and the refusal of artifacts that do not fit. Does not belong here: what an artifact holds.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lenovo_pipeline.failures import PermanentFailure

PROVENANCE_FILE = "provenance.json"


@dataclass(frozen=True)
class Provenance:
    """What made an artifact. All values are text, so that a comparison is exact and readable."""

    inputs: Mapping[str, str]
    code: str
    config: Mapping[str, str]
    packages: Mapping[str, str]

    @property
    def key(self) -> str:
        """SHA-256 (hex) of everything in the record: artifacts with equal keys are interchangeable."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        return json.dumps(
            {"inputs": dict(self.inputs), "code": self.code, "config": dict(self.config), "packages": dict(self.packages)},
            sort_keys=True,
            indent=1,
        )

    @classmethod
    def from_json(cls, text: str) -> "Provenance":
        """Raises ValueError or KeyError if the text is no provenance record."""
        read = json.loads(text)
        return cls(inputs=read["inputs"], code=read["code"], config=read["config"], packages=read["packages"])

    def mismatches(self, expected: "Provenance") -> list[str]:
        """Each difference to what is expected, in words."""
        found = []
        if self.code != expected.code:
            found.append(f"code is {self.code}, expected {expected.code}")
        for part in ("inputs", "config", "packages"):
            mine, theirs = getattr(self, part), getattr(expected, part)
            for name in sorted({*mine, *theirs}):
                if mine.get(name) != theirs.get(name):
                    found.append(f"{part} {name!r} is {mine.get(name, 'absent')}, expected {theirs.get(name, 'absent')}")
        return found


def package_versions(*names: str) -> dict[str, str]:
    """The installed versions of packages; 'absent' for one that is not installed."""
    versions = {}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "absent"
    return versions


def write_provenance(folder: Path, provenance: Provenance) -> None:
    """Leave the record in an artifact's folder (written before the folder is renamed into its place)."""
    (folder / PROVENANCE_FILE).write_text(provenance.to_json(), encoding="utf-8")


def require_provenance(folder: Path, expected: Provenance, *, remedy: str) -> Provenance:
    """The record of an artifact that must fit. Raises PermanentFailure listing every mismatch, ending with what to run."""
    try:
        found = Provenance.from_json((folder / PROVENANCE_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PermanentFailure(f"{folder.name} has no {PROVENANCE_FILE}", remedy=remedy) from error
    except (ValueError, KeyError, TypeError) as error:
        raise PermanentFailure(f"{folder.name}/{PROVENANCE_FILE} is damaged ({error})", remedy=remedy) from error
    differences = found.mismatches(expected)
    if differences:
        raise PermanentFailure(f"{folder.name} does not fit: {'; '.join(differences)}", remedy=remedy)
    return found
