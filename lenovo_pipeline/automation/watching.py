"""What most sensors decide: versions by name then and now in, which names changed out. No Dagster here.

Belongs here: remembering and comparing. What the names stand for and what a change starts is each sensor's business.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lenovo_pipeline.uploads.scan import is_ignored

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Watch:
    """What a sensor remembers between ticks: a version by name. `requests` counts its requests, so that no run key repeats;
    `looked` is whether it has looked before.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    requests: int = 0
    looked: bool = False

    def to_json(self) -> str:
        return json.dumps({"versions": dict(self.versions), "requests": self.requests}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | None) -> "Watch":
        """An unreadable memory counts as none."""
        try:
            read = json.loads(text or "")
            versions = {str(name): str(version) for name, version in read["versions"].items()}
            return cls(versions, int(read["requests"]), looked=True)
        except (ValueError, TypeError, AttributeError, KeyError):
            return cls()


@dataclass(frozen=True)
class Changes:
    """What follows from a look: the state to remember, and a run key for each name that changed."""

    watch: Watch
    run_keys: Mapping[str, str]


def changes(prefix: str, watch: Watch, now: Mapping[str, str], *, new_counts: bool, gone_counts: bool = False) -> Changes:
    """The names whose version is another one than at the last look.

    A name that appears counts as changed if `new_counts`, one that went if `gone_counts`. The first look of all only remembers,
    since what lies there then was made use of by whoever set it up. The run key holds the version and a number.
    """
    before = watch.versions
    changed = [name for name in sorted(now) if name in before and before[name] != now[name]]
    if watch.looked:
        changed += [name for name in sorted(now) if name not in before and new_counts]
        changed += [name for name in sorted(before) if name not in now and gone_counts]
    run_keys = {
        name: f"{prefix}-{name}-{watch.requests + number}-{now.get(name, 'gone')[:16]}"
        for number, name in enumerate(changed, start=1)
    }
    return Changes(Watch(dict(now), watch.requests + len(changed), looked=True), run_keys)


def content_of(place: Path) -> str:
    """SHA-256 (hex) of a file, or of all files of a folder with their names; what editors and desktops leave there is no content.

    Raises OSError if any of it cannot be read.
    """
    whole = hashlib.sha256()
    files = [place] if not place.is_dir() else sorted(path for path in place.rglob("*") if _counts(path, place))
    for path in files:
        whole.update(path.relative_to(place.parent).as_posix().encode() + b"\0")
        with path.open("rb") as handle:
            while block := handle.read(_BLOCK):
                whole.update(block)
    return whole.hexdigest()


def _counts(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return path.is_file() and not any(is_ignored(part, top=False) for part in parts)
