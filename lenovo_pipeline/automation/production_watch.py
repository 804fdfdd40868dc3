"""What sensors decide about what runs: rollbacks to record, drift to answer, checks that failed, champions gone stale.

Belongs here: differences as plain values. No Dagster here: events and runs are the shells' business (production_sensors.py).
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lenovo_pipeline.provenance import short_hash

Edge = tuple[str, str]
"""An asset, and one that it is made from."""


@dataclass(frozen=True)
class Entry:
    """What runs in production: `kind` is its table of scores, `model` its base model (empty: none)."""

    environment: str
    use_case: str
    entry: str
    model: str
    kind: str
    decision_id: str

    @property
    def place(self) -> str:
        return f"{self.environment}/{self.use_case}"


@dataclass(frozen=True)
class Failed:
    """A check whose last evaluation failed: `evaluation` tells this evaluation from every other one."""

    asset: str
    check: str
    evaluation: str


@dataclass(frozen=True)
class Stale:
    """A champion whose decision rests on something that is another one now: `changed` are sentences."""

    entry: Entry
    changed: tuple[str, ...]

    @property
    def version(self) -> str:
        """What tells this staleness from another one."""
        return short_hash(json.dumps([self.entry.decision_id, *self.changed]))


def new_failures(seen: Iterable[str], failed: Sequence[Failed], rests_on: Mapping[str, set[str]]) -> dict[str, list[Failed]]:
    """For each entry (key of `rests_on`: the assets that it rests on) the failed checks that were not acted on yet."""
    known = set(seen)
    found: dict[str, list[Failed]] = {}
    for each in failed:
        if each.evaluation in known:
            continue
        for entry, assets in rests_on.items():
            if each.asset in assets:
                found.setdefault(entry, []).append(each)
    return found


def evidence_graph(
    dependencies: Mapping[str, set[str]], entry: Entry, kinds: Iterable[str], start: str = "roster/decisions"
) -> list[Edge]:
    """The edges that lead from the decision about an entry back to everything that its scores rest on.

    Scores of other kinds of candidates decide about other entries: they are left out, with what only they are made from.
    """
    others = {f"evaluation/{kind}" for kind in kinds} - {f"evaluation/{entry.kind}"}
    edges, waiting, seen = [], [start], {start}
    while waiting:
        asset = waiting.pop()
        for source in sorted(dependencies.get(asset, set()) - others):
            edges.append((asset, source))
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    return edges


def stale(
    entry: Entry,
    edges: Sequence[Edge],
    version_used: Callable[[str, str], str | None],
    version_now: Callable[[str], str | None],
) -> Stale | None:
    """Whether anything that an entry's decision rests on has another data version now than when it was last used.

    `version_used(asset, source)` is the version of `source` that `asset` was last made from (None: unknown, so that nothing is
    said of it), `version_now(source)` the one it has now.
    """
    changed = []
    for asset, source in edges:
        used, now = version_used(asset, source), version_now(source)
        if used is not None and now is not None and used != now:
            changed.append(f"{source} is {now[:12]}, but {asset} rests on {used[:12]}")
    return Stale(entry, tuple(sorted(changed))) if changed else None
