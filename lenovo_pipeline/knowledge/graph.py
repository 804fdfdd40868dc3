"""From tables to the graph that they stand for, as two frames; no server takes part.

Belongs here: the pure function from frames to nodes and relationships, and their hashes.
Does not belong here: the mapping (graph_model.py), reading and writing the store (graph_sync.py).
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import orjson
import pandas as pd

from lenovo_pipeline.contracts import HASH_COLUMN, Table, digest
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.knowledge.graph_model import NODES, RELATIONSHIPS, NodeKind, RelationshipKind

_NODE_COLUMNS = ["label", "id", HASH_COLUMN, "properties"]
_RELATIONSHIP_COLUMNS = ["kind", "start", "end", HASH_COLUMN]


@dataclass(frozen=True)
class DesiredGraph:
    """The graph that the tables stand for.

    `nodes`: label, id, content_hash, properties (name -> value; `id`, `name` and `content_hash` among them, empty ones left out).
    `relationships`: kind (see RelationshipKind.kind), start and end (ids of nodes), content_hash. Each pair once.
    `unresolved`: for each kind with such rows, how many relationships were left out since an end is not there.
    """

    nodes: pd.DataFrame
    relationships: pd.DataFrame
    unresolved: dict[str, int]

    def state(self) -> pd.DataFrame:
        """What a store in agreement holds: frame with kind (label or relationship kind), id, content_hash."""
        nodes = self.nodes.rename(columns={"label": "kind"})[["kind", "id", HASH_COLUMN]]
        ids = [relationship_id(start, end) for start, end in zip(*self._ends(), strict=True)]
        return pd.concat([nodes, self.relationships[["kind", HASH_COLUMN]].assign(id=ids)], ignore_index=True)

    def digest(self) -> str:
        """SHA-256 (hex) of the whole graph: its data version."""
        return digest([*self.nodes[HASH_COLUMN], *self.relationships[HASH_COLUMN]])

    def _ends(self) -> tuple[list[str], list[str]]:
        return self.relationships["start"].tolist(), self.relationships["end"].tolist()


def relationship_id(start: str, end: str) -> str:
    """The id of a relationship within its kind."""
    return f"{start} -> {end}"


def desired_graph(tables: Mapping[str, pd.DataFrame]) -> DesiredGraph:
    """The graph of `tables` (`stage.name` -> frame with the contract's columns). Tables of uploads may be missing or empty.

    Linear in the rows. Raises PermanentFailure listing every missing table and column.
    """
    _check(tables)
    nodes = pd.concat([_nodes(kind, tables.get(kind.table.qualified_name)) for kind in NODES], ignore_index=True)
    ids = {label: set(group["id"]) for label, group in nodes.groupby("label")}
    parts = []
    unresolved: dict[str, int] = {}
    for kind in RELATIONSHIPS:
        pairs = _pairs(kind, tables.get(kind.table.qualified_name))
        there = pairs["start"].isin(ids.get(kind.start, set())) & pairs["end"].isin(ids.get(kind.end, set()))
        if not there.all():
            unresolved[kind.kind] = unresolved.get(kind.kind, 0) + int((~there).sum())
        parts.append(pairs[there].assign(kind=kind.kind))
    relationships = pd.concat(parts, ignore_index=True).drop_duplicates(["kind", "start", "end"], ignore_index=True)
    rows = zip(relationships["kind"], relationships["start"], relationships["end"], strict=True)
    relationships[HASH_COLUMN] = pd.Series([_hash(list(row)) for row in rows], dtype=object)
    return DesiredGraph(nodes, relationships[_RELATIONSHIP_COLUMNS], unresolved)


def _check(tables: Mapping[str, pd.DataFrame]) -> None:
    wanted: dict[str, set[str]] = {}
    for node in NODES:
        wanted.setdefault(node.table.qualified_name, set()).update((node.key, node.name, *node.properties))
    for relationship in RELATIONSHIPS:
        wanted.setdefault(relationship.table.qualified_name, set()).update((relationship.start_column, relationship.end_column))
    problems = []
    for name, columns in wanted.items():
        if name in tables:
            missing = sorted(columns - set(tables[name].columns))
            problems += [f"{name} lacks the column {column!r}" for column in missing if len(tables[name].columns)]
        elif not name.startswith("uploads."):
            problems.append(f"the table {name} is missing")
    if problems:
        raise PermanentFailure(
            f"the graph cannot be made: {'; '.join(problems)}", remedy="Materialise the tables that it is made from (make run)."
        )


def _nodes(kind: NodeKind, frame: pd.DataFrame | None) -> pd.DataFrame:
    if frame is None or frame.empty:
        return pd.DataFrame(columns=_NODE_COLUMNS, dtype=object)
    sources = {"id": kind.key, "name": kind.name, **{name: name for name in kind.properties}}
    values = pd.DataFrame({name: _plain(frame[column], kind.table, column) for name, column in sources.items()}, dtype=object)
    if kind.key not in kind.table.key:
        # Rows that share a node may differ in what they say of it; which one speaks must not depend on their order.
        values = values.sort_values(list(values.columns), key=lambda column: column.astype(str), kind="stable")
        values = values[values["id"].notna()].drop_duplicates("id", ignore_index=True)
    names = list(sources)
    properties = []
    for row in zip(*(values[name].tolist() for name in names), strict=True):
        held = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        held[HASH_COLUMN] = _hash([kind.label, held])
        properties.append(held)
    columns = {
        "label": [kind.label] * len(properties),
        "id": [held["id"] for held in properties],
        HASH_COLUMN: [held[HASH_COLUMN] for held in properties],
        "properties": properties,
    }
    return pd.DataFrame(columns, dtype=object)


def _pairs(kind: RelationshipKind, frame: pd.DataFrame | None) -> pd.DataFrame:
    if frame is None or frame.empty:
        return pd.DataFrame(columns=["start", "end"], dtype=object)
    pairs = pd.DataFrame({"start": frame[kind.start_column].to_numpy(), "end": frame[kind.end_column].to_numpy()}, dtype=object)
    for side, column in (("start", kind.start_column), ("end", kind.end_column)):
        if kind.table.column(column).is_list:
            pairs = pairs.explode(side, ignore_index=True)
    return pairs.dropna().drop_duplicates(ignore_index=True)


def _plain(series: "pd.Series[Any]", table: Table, name: str) -> list[Any]:
    """Values as every graph server holds them alike: text, whole number, number; dates and times as ISO 8601 text; None."""
    column_type = table.column(name).type
    if column_type in ("date", "timestamp"):
        return [None if pd.isna(value) else _iso(value, column_type) for value in series.tolist()]
    convert = {"integer": int, "number": float, "text": str, "boolean": bool}[column_type]
    return [None if pd.isna(value) else convert(value) for value in series.tolist()]


def _iso(value: Any, column_type: str) -> str:
    if isinstance(value, np.datetime64 | str):
        value = pd.Timestamp(value)
    if column_type == "timestamp":
        return str(pd.Timestamp(value).isoformat(timespec="auto"))
    return str(value.date().isoformat() if hasattr(value, "date") else date.isoformat(value))


def _hash(content: Iterable[Any]) -> str:
    return hashlib.sha256(orjson.dumps(list(content), option=orjson.OPT_SORT_KEYS)).hexdigest()
