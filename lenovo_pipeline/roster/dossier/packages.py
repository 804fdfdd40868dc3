"""The packages that this project runs with, as they are installed: versions, licences, and who needs whom.

Belongs here: reading the metadata of installed distributions. Does not belong here: how a bill of materials is written (sbom.py).
"""

import importlib.metadata
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

PROJECT = "lenovo_pipeline"
_OSI = "License :: "
_LONGEST = 80
UNKNOWN = "not stated"


@dataclass(frozen=True)
class Package:
    """One installed distribution. `licence` is as it states it (an SPDX expression, or a name), `needs` names others."""

    name: str
    version: str
    licence: str
    needs: tuple[str, ...]


@cache
def packages(root: str = PROJECT) -> tuple[Package, ...]:
    """The distribution `root` and everything that it needs, however indirectly, by name; where `root` is not installed,
    everything that is.
    """
    # Each distribution's metadata are parsed whenever they are asked for, so they are asked for once.
    read = [each.metadata for each in importlib.metadata.distributions()]
    there = {_plain(metadata["Name"]): metadata for metadata in read if metadata["Name"]}
    start = _plain(root)
    wanted, waiting = dict[str, tuple[str, ...]](), [start] if start in there else sorted(there)
    while waiting:
        name = waiting.pop()
        if name in there and name not in wanted:
            wanted[name] = _needs(there[name], there)
            waiting.extend(wanted[name])
    return tuple(
        Package(there[name]["Name"], there[name]["Version"], licence_of(there[name]), needs)
        for name, needs in sorted(wanted.items())
    )


def licence_of(metadata: "importlib.metadata.PackageMetadata") -> str:
    """What a distribution says of its licence: the SPDX expression, else the classifiers, else the first line of its field."""
    for expression in metadata.get_all("License-Expression") or ():
        return str(expression)
    named = [str(each).rpartition(" :: ")[2] for each in metadata.get_all("Classifier") or () if str(each).startswith(_OSI)]
    named = [each for each in named if each != "OSI Approved"]
    if named:
        return "; ".join(dict.fromkeys(named))
    stated = "\n".join(map(str, metadata.get_all("License") or ())).strip().splitlines()
    return stated[0].strip()[:_LONGEST] if stated and stated[0].strip() not in ("", "UNKNOWN") else UNKNOWN


def _needs(metadata: importlib.metadata.PackageMetadata, there: Collection[str]) -> tuple[str, ...]:
    from packaging.requirements import InvalidRequirement, Requirement

    needed = set[str]()
    for line in metadata.get_all("Requires-Dist") or ():
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        # Without an extra: what a package needs only for one is not needed by having it.
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needed.add(_plain(requirement.name))
    return tuple(sorted(needed & set(there)))


def _plain(name: str) -> str:
    """A name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
