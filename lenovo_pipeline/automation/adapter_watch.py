"""What the adapters sensor decides: folders then and now in, which have settled out. No Dagster here.

Belongs here: remembering and comparing. What is wrong with an adapter is told by models/registry/dropped.py.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SETTLED_S = 20.0
"""A folder in which nothing changed for so long is taken for copied whole; what is copied on later counts as a change."""


@dataclass(frozen=True)
class Seen:
    """A dropped folder: what tells its files from others (names, sizes, times), since when they are so (s), and whether that was
    acted on.
    """

    stamp: str
    since: float
    done: bool = False


@dataclass(frozen=True)
class Watch:
    """What the sensor remembers between ticks, by `model/name`. `requests` counts its requests, so that no run key repeats."""

    folders: Mapping[str, Seen] = field(default_factory=dict)
    requests: int = 0

    def to_json(self) -> str:
        folders = {name: [seen.stamp, seen.since, seen.done] for name, seen in self.folders.items()}
        return json.dumps({"folders": folders, "requests": self.requests}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | None) -> "Watch":
        """An unreadable memory counts as none: everything is then looked at again, which trains and asks nothing anew."""
        try:
            read = json.loads(text or "{}")
            folders = {
                str(name): Seen(str(stamp), float(since), bool(done)) for name, (stamp, since, done) in read["folders"].items()
            }
            return cls(folders, int(read["requests"]))
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()


@dataclass(frozen=True)
class Decision:
    """What follows: the state to remember, the folders that have settled since, and those that went after they were acted on."""

    watch: Watch
    settled: tuple[str, ...]
    gone: tuple[str, ...]


def decide(watch: Watch, now: Mapping[str, str], at: float) -> Decision:
    """Which folders to act on. `now`: their stamps, `at`: the time in s; a clock that went back only makes one wait longer."""
    folders: dict[str, Seen] = {}
    settled = []
    for name, stamp in now.items():
        seen = watch.folders.get(name)
        if seen is None or seen.stamp != stamp or seen.since > at:
            folders[name] = Seen(stamp, at)
        elif not seen.done and at - seen.since >= SETTLED_S:
            folders[name] = Seen(stamp, seen.since, done=True)
            settled.append(name)
        else:
            folders[name] = seen
    gone = tuple(sorted(name for name, seen in watch.folders.items() if seen.done and name not in now))
    return Decision(Watch(folders, watch.requests), tuple(sorted(settled)), gone)


def stamps(root: Path) -> dict[str, str]:
    """The stamp of each folder `root/model/name`. Raises OSError if any of it cannot be listed."""
    found = {}
    for place in sorted(root.iterdir()):
        if place.is_dir() and not place.name.startswith("."):
            for folder in sorted(place.iterdir()):
                if folder.is_dir() and not folder.name.startswith("."):
                    found[f"{place.name}/{folder.name}"] = _stamp(folder)
    return found


def _stamp(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        whole.update(f"{path.relative_to(folder).as_posix()} {status.st_size} {status.st_mtime_ns}\n".encode())
    return whole.hexdigest()[:16]
