"""Bring the graph store to what the tables say, by difference: write what is new or changed, delete what vanished.

Belongs here: reading the state of the store, the difference, the Cypher that writes it. All of it runs on Neo4j 5 and on the
embedded server alike. Labels and relationship types come from graph_model.py, never from data; everything else is a parameter.

A node or relationship is written together with its `content_hash` in one transaction, nodes before relationships, so that
whatever a killed run left undone differs from the desired state and is written by the next run.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lenovo_pipeline.contracts import HASH_COLUMN
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.knowledge.graph import DesiredGraph, relationship_id
from lenovo_pipeline.knowledge.graph_model import LABELS, RELATIONSHIP_KINDS
from lenovo_pipeline.resources.graph import ROWS_PER_BATCH, GraphStore

_STATE_COLUMNS = ["kind", "id", HASH_COLUMN]


@dataclass(frozen=True)
class SyncCounts:
    """What a synchronisation did. A stale or repeated relationship counts as deleted and, if it is wanted, as written."""

    nodes_written: int
    nodes_deleted: int
    nodes_unchanged: int
    relationships_written: int
    relationships_deleted: int
    relationships_unchanged: int
    relationships_unresolved: int

    @property
    def written(self) -> int:
        return self.nodes_written + self.relationships_written

    @property
    def changed(self) -> bool:
        return bool(self.written or self.nodes_deleted or self.relationships_deleted)


@dataclass(frozen=True)
class _Found:
    """What the store holds: nodes (label, id) -> hash, relationships (kind, start, end) -> hash, and what nothing can want."""

    nodes: dict[tuple[str, str | None], str | None]
    relationships: dict[tuple[str, str | None, str | None], str | None]
    repeated: set[tuple[str, str | None, str | None]]
    retired_nodes: int
    retired_relationships: int
    state: pd.DataFrame


def read_graph_state(store: GraphStore) -> pd.DataFrame:
    """What the store holds: frame with kind (label, or relationship kind as in RelationshipKind.kind), id, content_hash.

    Nodes of labels that this pipeline does not know and that carry no `content_hash` are somebody else's and left out.
    A relationship held twice has two rows. Raises what GraphStore.read raises.
    """
    return _read(store).state


def synchronise(
    store: GraphStore, desired: DesiredGraph, *, batch: int = ROWS_PER_BATCH, say: Callable[[str], None] = lambda _: None
) -> SyncCounts:
    """Make the store hold exactly `desired`; what is there already is left alone. Idempotent, and resumable after a kill.

    `say` hears of progress. Raises PermanentFailure if the database holds nodes of our labels that are somebody else's,
    and what GraphStore.write_batches raises.
    """
    for label in LABELS:
        store.write(f"CREATE CONSTRAINT {label.lower()}_id IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE")
    found = _read(store)
    _refuse_foreign(store, found)

    wanted = list(zip(desired.relationships["kind"], desired.relationships["start"], desired.relationships["end"], strict=True))
    hashes = dict(zip(wanted, desired.relationships[HASH_COLUMN], strict=True))
    # A stale relationship is made anew, so that writing one needs no second step: this is a third faster than MERGE, then SET.
    held = found.relationships.items()
    gone = [key for key, content in held if key not in hashes or content != hashes[key] or key in found.repeated]
    new = [key for key in wanted if key in found.repeated or found.relationships.get(key) != hashes[key]]
    keys = zip(desired.nodes["label"], desired.nodes["id"], strict=True)
    nodes = dict(zip(keys, desired.nodes["properties"], strict=True))
    vanished = [key for key in found.nodes if key not in nodes]
    changed = [key for key, properties in nodes.items() if found.nodes.get(key) != properties[HASH_COLUMN]]

    _delete_retired(store, found)
    _delete_relationships(store, gone, batch)
    delete_nodes(store, vanished, batch=batch)
    _write_nodes(store, ((key, nodes[key]) for key in changed), batch, say, len(changed))
    _write_relationships(store, ((key, hashes[key]) for key in new), batch, say, len(new))
    return SyncCounts(
        nodes_written=len(changed),
        nodes_deleted=len(vanished) + found.retired_nodes,
        nodes_unchanged=len(nodes) - len(changed),
        relationships_written=len(new),
        relationships_deleted=len(gone) + found.retired_relationships,
        relationships_unchanged=len(wanted) - len(new),
        relationships_unresolved=sum(desired.unresolved.values()),
    )


def delete_nodes(store: GraphStore, keys: "list[tuple[str, str | None]]", *, batch: int = ROWS_PER_BATCH) -> int:
    """Delete nodes, each (label, id), with all their relationships; how many were asked for. Used to forget a person, too.

    Raises KeyError for a label that the graph does not have.
    """
    for label, identities in _by_kind(keys):
        if label not in LABELS:
            raise KeyError(f"the graph has no label {label!r}; it has {', '.join(LABELS)}")
        rows = [{"id": identity} for (identity,) in identities if identity is not None]
        store.write_batches(f"UNWIND $rows AS row MATCH (n:{label} {{id: row.id}}) DETACH DELETE n", rows, size=batch)
        if len(rows) < len(identities):
            store.write(f"MATCH (n:{label}) WHERE n.id IS NULL DETACH DELETE n")
    return len(keys)


def _read(store: GraphStore) -> _Found:
    nodes: dict[tuple[str, str | None], str | None] = {}
    relationships: dict[tuple[str, str | None, str | None], str | None] = {}
    repeated: set[tuple[str, str | None, str | None]] = set()
    state: list[tuple[str, str | None, str | None]] = []
    retired_nodes = retired_relationships = 0
    for labels, identity, content in store.rows(f"MATCH (n) RETURN labels(n), n.id, n.{HASH_COLUMN}")[1]:
        label = next((label for label in labels if label in LABELS), None)
        if label is not None:
            nodes[label, identity] = content
        elif content is not None:
            retired_nodes += 1
            label = labels[0] if labels else ""
        if label is not None:
            state.append((label, str(identity), content))
    query = f"MATCH (a)-[r]->(b) RETURN labels(a), type(r), labels(b), a.id, b.id, r.{HASH_COLUMN}"
    for from_labels, kind, to_labels, start, end, content in store.rows(query)[1]:
        name = f"({_first(from_labels)})-[{kind}]->({_first(to_labels)})"
        if name in RELATIONSHIP_KINDS:
            key = (name, start, end)
            if key in relationships:
                repeated.add(key)
            relationships[key] = content
        elif content is not None:
            retired_relationships += 1
        else:
            continue
        state.append((name, relationship_id(str(start), str(end)), content))
    frame = pd.DataFrame(state, columns=_STATE_COLUMNS, dtype=object)
    return _Found(nodes, relationships, repeated, retired_nodes, retired_relationships, frame)


def _first(labels: list[str]) -> str:
    return next((label for label in labels if label in LABELS), labels[0] if labels else "")


def _refuse_foreign(store: GraphStore, found: _Found) -> None:
    """A database whose nodes have our labels but never our mark is somebody else's: deleting them would be a loss."""
    if found.nodes and all(content is None for content in found.nodes.values()):
        labels = sorted({label for label, _ in found.nodes})
        address = store.address()
        raise PermanentFailure(
            f"the database {address.database!r} at {address.uri} already holds {len(found.nodes)} nodes with the labels "
            f"{', '.join(labels)}, which this pipeline did not write; it needs a database of its own",
            remedy="Set LENOVO_NEO4J_DATABASE to an empty database, or leave LENOVO_NEO4J_URI out to use the embedded server.",
        )


def _delete_retired(store: GraphStore, found: _Found) -> None:
    """Remove what an older version of the mapping wrote: it carries our mark, but its label or kind is no longer known."""
    if found.retired_relationships:
        store.write(
            f"MATCH (a)-[r]->(b) WHERE r.{HASH_COLUMN} IS NOT NULL"
            " AND NOT ('(' + labels(a)[0] + ')-[' + type(r) + ']->(' + labels(b)[0] + ')') IN $kinds DELETE r",
            kinds=list(RELATIONSHIP_KINDS),
        )
    if found.retired_nodes:
        store.write(
            f"MATCH (n) WHERE n.{HASH_COLUMN} IS NOT NULL AND none(label IN labels(n) WHERE label IN $labels) DETACH DELETE n",
            labels=list(LABELS),
        )


def _delete_relationships(store: GraphStore, keys: list[tuple[str, str | None, str | None]], batch: int) -> None:
    for name, ends in _by_kind(keys):
        kind = RELATIONSHIP_KINDS[name]
        rows = [{"start": start, "end": end} for start, end in ends if start is not None and end is not None]
        store.write_batches(
            f"UNWIND $rows AS row MATCH (a:{kind.start} {{id: row.start}})-[r:{kind.type}]->(b:{kind.end} {{id: row.end}})"
            " DELETE r",
            rows,
            size=batch,
        )


def _write_nodes(
    store: GraphStore,
    nodes: Iterator[tuple[tuple[str, str], Mapping[str, Any]]],
    batch: int,
    say: Callable[[str], None],
    total: int,
) -> None:
    before = 0
    for label, rows in _grouped(nodes):
        store.write_batches(
            f"UNWIND $rows AS row MERGE (n:{label} {{id: row.id}}) SET n = row",
            (properties for _, properties in rows),
            size=batch,
        )
        before += len(rows)
        say(f"nodes: {before} of {total}")


def _write_relationships(
    store: GraphStore,
    relationships: Iterator[tuple[tuple[str, str, str], str]],
    batch: int,
    say: Callable[[str], None],
    total: int,
) -> None:
    before = 0
    for name, rows in _grouped(relationships):
        kind = RELATIONSHIP_KINDS[name]
        store.write_batches(
            f"UNWIND $rows AS row MATCH (a:{kind.start} {{id: row.start}}) MATCH (b:{kind.end} {{id: row.end}})"
            f" MERGE (a)-[:{kind.type} {{{HASH_COLUMN}: row.{HASH_COLUMN}}}]->(b)",
            ({"start": start, "end": end, HASH_COLUMN: content} for (_, start, end), content in rows),
            size=batch,
        )
        before += len(rows)
        say(f"relationships: {before} of {total}")


def _by_kind(keys: list[Any]) -> "Iterator[tuple[str, list[tuple[Any, ...]]]]":
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for kind, *rest in keys:
        groups.setdefault(kind, []).append(tuple(rest))
    yield from groups.items()


def _grouped(items: "Iterator[tuple[Any, Any]]") -> "Iterator[tuple[str, list[tuple[Any, Any]]]]":
    groups: dict[str, list[tuple[Any, Any]]] = {}
    for key, value in items:
        groups.setdefault(key[0], []).append((key, value))
    yield from groups.items()
