"""What the uploads sensor decides: old state and new state of the folder in, whether to start a run out. No Dagster here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lenovo_pipeline.provenance import short_hash
from lenovo_pipeline.uploads.scan import Fingerprint, difference


@dataclass(frozen=True)
class Watch:
    """What the sensor remembers between ticks. `requests` counts its runs, so that a run key never repeats."""

    prints: Mapping[str, Fingerprint]
    requests: int = 0

    def to_json(self) -> str:
        prints = {path: [list(found.stamp), found.sha256, found.problem] for path, found in self.prints.items()}
        return json.dumps({"prints": prints, "requests": self.requests}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | None) -> "Watch":
        """An unreadable memory counts as none: everything is then looked at again, which costs little and loses nothing."""
        try:
            read = json.loads(text or "{}")
            prints = {
                path: Fingerprint((stamp[0], stamp[1], stamp[2]), sha256, problem)
                for path, (stamp, sha256, problem) in read.get("prints", {}).items()
            }
            return cls(prints, int(read.get("requests", 0)))
        except (ValueError, TypeError, AttributeError, IndexError):
            return cls({})


@dataclass(frozen=True)
class Decision:
    """What follows from a look at the folder: the state to remember, and the run to start, if any."""

    watch: Watch
    run_key: str | None
    reason: str


def decide(watch: Watch, now: Mapping[str, Fingerprint]) -> Decision:
    """Start a run if content appeared, changed or went; a touched file is no change."""
    found = difference(watch.prints, now)
    if found.nothing:
        return Decision(Watch(now, watch.requests), None, "No upload is new, changed or deleted.")
    requests = watch.requests + 1
    version = short_hash("\n".join(f"{path} {now[path].content}" for path in sorted(now)))
    reason = f"{len(found.new)} new, {len(found.changed)} changed, {len(found.deleted)} deleted uploads."
    return Decision(Watch(now, requests), f"uploads-{requests}-{version}", reason)
