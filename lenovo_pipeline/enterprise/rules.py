"""How a rule about the world is written: what it looks at and how it says what is wrong.

Belongs here: the means that all rules share. The rules stand in causality_records.py and causality_texts.py.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

World = Mapping[str, pd.DataFrame]
"""Frames by table name. A rule looks only at the tables that it names."""

COLUMNS = ["table", "id", "problem"]


@dataclass(frozen=True)
class Rule:
    """What must hold: `find(world)` returns violations as a frame of table, id and problem, empty where all is well."""

    name: str
    table: str
    needs: tuple[str, ...]
    find: Callable[[World], pd.DataFrame]


def together(found: list[pd.DataFrame]) -> pd.DataFrame:
    """The violations of several rules as one frame."""
    filled = [frame for frame in found if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)


def when(table: str, ids: "pd.Series[Any]", wrong: Any, problem: str) -> pd.DataFrame:
    """One violation for each id where `wrong` is true; a comparison with a missing value is not."""
    chosen = ids[np.asarray(wrong, dtype=bool)]
    return pd.DataFrame({"table": table, "id": chosen.to_numpy(), "problem": problem}, columns=COLUMNS)


def times(values: "pd.Series[Any]") -> "pd.Series[pd.Timestamp]":
    """Days or moments as timestamps; missing ones become NaT, with which every comparison is false."""
    return pd.to_datetime(values)


def lookup(world: World, table: str, key: str, value: str) -> dict[Hashable, Any]:
    """Column `value` of a table by its column `key`."""
    return dict(zip(world[table][key].tolist(), world[table][value].tolist(), strict=True))


def times_of(ids: "pd.Series[Any]", known: dict[Hashable, Any]) -> "pd.Series[pd.Timestamp]":
    """The time known for each id; NaT where there is none."""
    return pd.to_datetime(pd.Series([known.get(i) for i in ids.tolist()], index=ids.index, dtype=object))


def pairs(frame: pd.DataFrame, key: str, column: str) -> pd.DataFrame:
    """`frame` with one row for each element of its list `column`; rows with an empty list are left out."""
    exploded = frame.explode(column)
    return exploded[exploded[column].notna()].reset_index(drop=True)


def in_circles(follows: Mapping[Any, Iterable[Any]]) -> list[Any]:
    """Nodes that lie on a circle or lead only into one: what is left once nodes without a way on are taken off.

    `follows` gives for each node those that it points to. Linear in nodes and links (Kahn's method).
    """
    nodes = {node: list(targets) for node, targets in follows.items()}
    for targets in list(nodes.values()):
        for target in targets:
            nodes.setdefault(target, [])
    pointed_from: dict[Any, list[Any]] = {node: [] for node in nodes}
    for node, targets in nodes.items():
        for target in targets:
            pointed_from[target].append(node)
    left = {node: len(targets) for node, targets in nodes.items()}
    ready = [node for node, count in left.items() if count == 0]
    while ready:
        for source in pointed_from[ready.pop()]:
            left[source] -= 1
            if left[source] == 0:
                ready.append(source)
    return [node for node, count in left.items() if count > 0]
