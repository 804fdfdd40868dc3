"""What sensors decide about what runs: rollbacks to record, drift to answer, checks that failed, champions gone stale.

Belongs here: differences as plain values. No Dagster here: events and runs are the shells' business (production_sensors.py).
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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
    """A champion whose decision rests on something that is another one now: `changed` are sentences, `sources` the versions that
    the changed assets have now.
    """

    entry: Entry
    changed: tuple[str, ...]
    sources: Mapping[str, str]


@dataclass(frozen=True)
class Told:
    """What was told of an entry: how many alerts so far, and of which changes (asset: version) since it was last fresh."""

    alerts: int = 0
    changes: Mapping[str, str] = field(default_factory=dict)


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
    changed, sources = [], {}
    for asset, source in edges:
        used, now = version_used(asset, source), version_now(source)
        if used is not None and now is not None and used != now:
            changed.append(f"{source} is {now[:12]}, but {asset} rests on {used[:12]}")
            sources[source] = now
    return Stale(entry, tuple(sorted(changed)), sources) if changed else None


def news(found: Stale, edges: Sequence[Edge], told: Told) -> dict[str, str]:
    """The changes (asset: version) that nobody was told of, without those that follow from another one, told or not.

    While the assets behind one change are made again, one after the other, each of them is a change to the next.
    """
    causes = {*told.changes, *found.sources}
    return {
        source: version
        for source, version in found.sources.items()
        if told.changes.get(source) != version and not (causes - {source}) & _upstream(edges, source)
    }


def _upstream(edges: Sequence[Edge], asset: str) -> set[str]:
    seen, waiting = {asset}, [asset]
    while waiting:
        below = waiting.pop()
        sources = {source for made, source in edges if made == below} - seen
        seen |= sources
        waiting += sources
    return seen - {asset}


def told_to_json(told: Mapping[str, Told]) -> str:
    """What was told, by entry, for a sensor to remember."""
    return json.dumps({name: [each.alerts, dict(each.changes)] for name, each in told.items()}, sort_keys=True)


def told_from_json(text: str | None) -> dict[str, Told]:
    """An unreadable memory counts as none, so that something is said twice rather than never."""
    try:
        return {
            str(name): Told(int(alerts), {str(source): str(version) for source, version in changes.items()})
            for name, (alerts, changes) in json.loads(text or "{}").items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}
