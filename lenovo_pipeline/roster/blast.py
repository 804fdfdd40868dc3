"""What a change would touch, before it is made: from an asset, a record, a file, a package, a build or a base model downstream.

Belongs here: finding what is meant, and following the graph and the rows of the published snapshot. Does not belong here:
making the change. Nothing of Dagster is imported: the graph lies in the snapshot's manifest.

Assets: those that are made again whatever the change is, since the last run noted that they read what changes, and everything
downstream, each of which looks again and takes over what it has where its inputs turn out the same; so the second is what may be
made again, never less.
Builds and evaluations are followed by rows: a build if it learned from the record's training set, an evaluation if a question's
evidence or passages hold the record.
"""

import difflib
import importlib.metadata
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.command_line import is_text
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.snapshot import read_manifest
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.reader import opened
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from lenovo_pipeline.roster.reader import Snapshot

Graph = Mapping[str, Mapping[str, Any]]
_KEYS = """
SELECT schema_name, table_name, column_name FROM duckdb_columns()
WHERE schema_name IN ('enterprise', 'uploads', 'gold', 'prompts', 'knowledge') AND column_index = 1 AND data_type = 'VARCHAR'
ORDER BY schema_name <> 'enterprise', schema_name, table_name
"""
_BUILDS = """
SELECT table_name FROM duckdb_columns() WHERE schema_name = 'models' AND column_name IN ('build', 'artifact', 'training_set')
GROUP BY table_name HAVING count(*) = 3 AND table_name <> 'adapter_registry' ORDER BY 1
"""
_NAMED = 12
_LONGEST = 200
"""Characters of an argument that an error repeats."""

_NAME_IT = "Name an asset (stage/name), a record, a file, or a model."


@dataclass(frozen=True)
class Radius:
    """What a change of `what` (a `kind` of thing) may touch, each sorted; `running`: the entries of it that run, with place.

    `again`: the assets that are made again whatever the change is; `assets`: those, and all that may follow.
    """

    what: str
    kind: str
    again: tuple[str, ...]
    assets: tuple[str, ...]
    builds: tuple[str, ...]
    evaluations: tuple[str, ...]
    entries: tuple[str, ...]
    running: tuple[str, ...]


@dataclass(frozen=True)
class Beginning:
    """Where a change begins. `builds` and `evaluations`: which rows it reaches; None: all those of the assets it reaches.

    `code`: the functions of the assets change, and not what they hold; `path`: of a file or a folder, where it lies.
    """

    kind: str
    assets: frozenset[str]
    builds: frozenset[str] | None = None
    evaluations: frozenset[str] | None = None
    code: bool = False
    path: Path | None = None


def beginning(store: Store, settings: Settings, what: str) -> tuple[Graph, Beginning]:
    """The graph of the snapshot, and where in it a change of `what` begins. Raises as `blast_radius` does."""
    with opened(store) as snapshot:
        return _begins(snapshot, store, settings, what)


def blast_radius(store: Store, settings: Settings, what: str) -> Radius:
    """What a change of `what` may touch. Raises PermanentFailure if nothing of this name is known, with similar names."""
    with opened(store) as snapshot:
        graph, start = _begins(snapshot, store, settings, what)
        assets = downstream(graph, start.assets)
        again = _made_again(snapshot, graph, start)
        builds = _touched_builds(snapshot, assets, start)
        headers = _touched_evaluations(snapshot, assets, builds, start)
        # What changes the roster itself decides on every entry again.
        every = any(asset.startswith("roster/") for asset in start.assets)
        entries = {
            row["entry"]
            for row in snapshot.rows("SELECT entry, headers FROM roster.entries")
            if every or headers & set(row["headers"]) or row["entry"] in builds
        }
    runs = [each for each in Book(store.deployments).running() if each.entry in entries]
    running = (f"{each.entry} for {each.use_case} ({each.environment})" for each in runs)
    return Radius(what, start.kind, *(tuple(sorted(each)) for each in (again, assets, builds, headers, entries, running)))


def _begins(snapshot: "Snapshot", store: Store, settings: Settings, what: str) -> tuple[Graph, Beginning]:
    graph: Graph = (read_manifest(store) or {}).get("graph", {})
    if not graph:
        raise PermanentFailure("the snapshot was published without the graph of assets", remedy="Run: make run")
    if not is_text(what):
        raise PermanentFailure(f"{what[:_LONGEST]!r} is no text in UTF-8", remedy=_NAME_IT)
    start = next((found for find in _FINDERS if (found := find(snapshot, graph, settings, what)) is not None), None)
    if start is None:
        near = difflib.get_close_matches(what, graph, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else _NAME_IT
        said = f"{what[:_LONGEST]!r} is no asset, record, file, package, build or model of this snapshot"
        raise PermanentFailure(said, remedy=hint)
    return graph, start


def downstream(graph: Graph, start: Iterable[str]) -> set[str]:
    """The assets of `start` and all that are made from them."""
    uses: dict[str, set[str]] = {}
    for asset, described in graph.items():
        for source in described["deps"]:
            uses.setdefault(source, set()).add(asset)
    found, waiting = set[str](), list(start)
    while waiting:
        asset = waiting.pop()
        if asset not in found:
            found.add(asset)
            waiting.extend(uses.get(asset, ()))
    return found


def _made_again(snapshot: "Snapshot", graph: Graph, start: Beginning) -> set[str]:
    """The assets that do not take over what they have. What an asset read is known of those that note it (resources/recipes.py);
    the others look at their inputs in every run, and may well find that nothing is to be done.
    """
    noted = {
        row["subject"]: {str(name).replace(".", "/", 1) for name, _, _ in json.loads(row["reads"])}
        for row in snapshot.rows("SELECT subject, reads FROM pipeline.recipes")
        if row["subject"] in graph
    }
    if start.code:
        return set(start.assets & noted.keys())
    return set(start.assets) | {asset for asset, read in noted.items() if start.assets & read}


def shown(radius: Radius) -> str:
    """The answer for a person."""
    parts = (
        ("asset is made again", "assets are made again", radius.again),
        ("asset looks again", "assets look again", radius.assets),
        ("build is made again", "builds are made again", radius.builds),
        ("evaluation is asked again", "evaluations are asked again", radius.evaluations),
        ("entry is decided on again", "entries are decided on again", radius.entries),
    )
    lines = [f"A change of {radius.kind} {radius.what} may touch:"]
    for one, many, names in parts:
        rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        lines.append(f"  {len(names)} {one if len(names) == 1 else many}{': ' if names else ''}{', '.join(names[:_NAMED])}{rest}")
    lines.append(f"  running now: {', '.join(radius.running) or 'none of them'}")
    return "\n".join(lines)


def _asset(snapshot: "Snapshot", graph: Graph, settings: Settings, what: str) -> Beginning | None:
    name = what.replace(".", "/", 1) if "/" not in what else what
    return Beginning("asset", frozenset({name})) if name in graph else None


def _path(what: str) -> Path:
    """A path as it is meant from the root of the project, without `..` on the way."""
    return Path(os.path.normpath(PROJECT_ROOT / what))


def _file(snapshot: "Snapshot", graph: Graph, settings: Settings, what: str) -> Beginning | None:
    path = _path(what)
    roots = {
        settings.catalogue: {"models/catalogue"},
        settings.policy: {"roster/policy"},
        settings.prompts: {"prompts/library"},
        settings.uploads: {"uploads/files"},
        settings.workflows: {"agents/workflows"},
        settings.adapters: {"models/dropped_adapters"},
        PROJECT_ROOT / "data" / "agents": {"agents/agent_adapter"},
        PROJECT_ROOT / "data" / "reading": {"models/adapters", "models/qlora_adapters", "models/adapter_search"},
    }
    for root, assets in roots.items():
        if path == root or root in path.parents:
            return Beginning("file", frozenset(assets & graph.keys()), path=path)
    package = PROJECT_ROOT / "lenovo_pipeline"
    if package not in path.parents or path.suffix != ".py":
        return None
    module = ".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__")
    users = frozenset(asset for asset, described in graph.items() if module in described["modules"])
    return Beginning("file", users, code=True, path=path) if users or _exists(path) else None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        # Its name is longer than any that a disk holds.
        return False


def _model(snapshot: "Snapshot", graph: Graph, settings: Settings, what: str) -> Beginning | None:
    path = _path(what)
    for row in snapshot.rows("SELECT name, folder_id FROM models.catalogue"):
        folder = PROJECT_ROOT / row["folder_id"] if row["folder_id"] else None
        within = folder is not None and (path == folder or folder in path.parents)
        if within or row["name"] == what:
            return Beginning("base model", frozenset({"models/foundation"}), path=path if within else folder)
    return None


def _build(snapshot: "Snapshot", graph: Graph, settings: Settings, what: str) -> Beginning | None:
    rows = [row for row in _builds(snapshot) if what in (row["build"], row["artifact"])]
    if not rows:
        return None
    names = _with_children(_builds(snapshot), {row["build"] for row in rows})
    return Beginning("build", frozenset(f"models/{row['table_name']}" for row in rows), builds=frozenset(names))


def _record(snapshot: "Snapshot", graph: Graph, settings: Settings, what: str) -> Beginning | None:
    for column in snapshot.rows(_KEYS):
        schema, table, name = column["schema_name"], column["table_name"], column["column_name"]
        if f"{schema}/{table}" not in graph:
            continue
        rows = snapshot.rows(f'SELECT 1 FROM "{schema}"."{table}" WHERE "{name}" = ? LIMIT 2', [what])
        # Where several rows begin with it, it is not their name but that of something else which they belong to.
        if len(rows) == 1:
            trained = snapshot.rows(
                "SELECT DISTINCT version FROM models.training_sets WHERE list_contains(record_ids, ?) OR question_id = ?"
                " OR example_id = ?",
                [what, what, what],
            )
            asked = snapshot.rows(
                "SELECT DISTINCT i.question_id FROM evaluation.items i JOIN gold.questions q USING (question_id)"
                " WHERE i.question_id = $1 OR list_contains(q.evidence_ids, $1) OR list_contains(q.alternate_ids, $1)"
                " OR list_has_any(i.passage_ids, (SELECT coalesce(list(chunk_id), []) FROM knowledge.chunks"
                " WHERE record_id = $1 OR chunk_id = $1))",
                [what],
            )
            versions = {row["version"] for row in trained}
            every = _builds(snapshot)
            builds = _with_children(every, {row["build"] for row in every if row["training_set"] in versions})
            questions = frozenset(row["question_id"] for row in asked)
            return Beginning("record", frozenset({f"{schema}/{table}"}), frozenset(builds), questions)
    return None


def _package(snapshot: "Snapshot", graph: Graph, settings: Settings, what: str) -> Beginning | None:
    headers = snapshot.rows("SELECT kind, made_by FROM evaluation.headers")
    kinds = {f"evaluation/{row['kind']}" for row in headers if what in json.loads(row["made_by"]).get("packages", {})}
    rows = [row for row in _builds(snapshot) if what in json.loads(row["made_by"]).get("versions", {})]
    if not kinds and not rows and not _is_installed(what):
        return None
    # Every pure asset keeps the versions of all packages, and makes its table again for any of them.
    pure = {row["subject"] for row in snapshot.rows("SELECT DISTINCT subject FROM pipeline.recipes")}
    touched = frozenset((kinds | pure | {f"models/{row['table_name']}" for row in rows}) & graph.keys())
    return Beginning("package", touched, code=True)


def _is_installed(name: str) -> bool:
    try:
        return bool(importlib.metadata.version(name))
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return False


_FINDERS: Sequence[Callable[["Snapshot", Graph, Settings, str], Beginning | None]] = (
    _asset,
    _model,
    _file,
    _build,
    _record,
    _package,
)


def _builds(snapshot: "Snapshot") -> list[dict[str, Any]]:
    return [
        row
        for each in snapshot.rows(_BUILDS)
        for row in snapshot.rows(
            f"SELECT '{each['table_name']}' AS table_name, build, artifact, training_set, made_by"
            f' FROM models."{each["table_name"]}"'
        )
    ]


def _with_children(builds: Sequence[Mapping[str, Any]], names: set[str]) -> set[str]:
    """The builds of these names and all that were made from their files, however many steps away."""
    found = set(names)
    while True:
        artifacts = {row["artifact"] for row in builds if row["build"] in found}
        more = {row["build"] for row in builds if any(artifact in row["made_by"] for artifact in artifacts)} - found
        if not more:
            return found
        found |= more


def _touched_builds(snapshot: "Snapshot", assets: set[str], start: Beginning) -> set[str]:
    reached = {row["build"] for row in _builds(snapshot) if f"models/{row['table_name']}" in assets}
    return reached if start.builds is None else reached & start.builds


def _touched_evaluations(snapshot: "Snapshot", assets: set[str], builds: set[str], start: Beginning) -> set[str]:
    # Agents ask every store through their tools: whatever reaches their figures may change any of them.
    of_agents = "SELECT DISTINCT unnest(headers) AS header FROM roster.entries WHERE kind = 'agentic_workflow'"
    found = {row["header"] for row in snapshot.rows(of_agents)} if "evaluation/agentic_workflow" in assets else set()
    for row in snapshot.rows("SELECT header, candidate, kind FROM evaluation.headers"):
        if f"evaluation/{row['kind']}" not in assets:
            continue
        if start.builds is None or row["candidate"] in builds:
            found.add(row["header"])
        elif start.evaluations:
            asked = snapshot.rows(
                f'SELECT 1 FROM evaluation."{row["kind"]}" WHERE header = ? AND list_contains(?, question_id) LIMIT 1',
                [row["header"], sorted(start.evaluations)],
            )
            found |= {row["header"]} if asked else set()
    return found
