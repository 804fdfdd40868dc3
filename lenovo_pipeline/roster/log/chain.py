"""Decisions as a chain: what seals each one, and everything that shows that the chain is not the one that was written.

Belongs here: hashes and sentences about rows that were read. Neither pandas nor Dagster is imported: commands use it, too. Does
not belong here: reading and writing (decisions.py), and the head (heads.py).

A hash without a key convicts whoever edits, removes, adds or moves decisions without writing the log's head anew, too. Someone
who may write everything in data/store, and means to, is kept out by its permissions.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from lenovo_pipeline.provenance import short_hash

FIRST = "0" * 64
"""What the first decision follows."""

_UNSEALED = ("hash", "content_hash")
"""The seal itself, and what every stored row has."""

_JSON = ("policy", "rules")
_IDENTIFIED_BY = ("environment", "use_case", "entry", "verdict", "reason", "evidence", "previous")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Head:
    """What a log ends with: how many decisions it holds, and the hash of the last one (FIRST if it holds none)."""

    rows: int
    hash: str


def sealed(rows: Iterable[Mapping[str, Any]], head: Head) -> list[dict[str, Any]]:
    """The rows (without sequence, follows and hash) as the next ones of a log that ends with `head`."""
    found: list[dict[str, Any]] = []
    for row in rows:
        head = head_of(found) if found else head
        placed = {**row, "sequence": head.rows + 1, "follows": head.hash}
        found.append({**placed, "hash": seal(placed)})
    return found


def seal(row: Row) -> str:
    """SHA-256 over everything that a decision says, its rules and policy in full, its number and the hash that it follows."""
    content = {name: _plain(name, value) for name, value in row.items() if name not in _UNSEALED}
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def decision_id(row: Row) -> str:
    """The id that a decision has by its content: what was decided about what, on which evidence, after which decision."""
    parts = [row[name] for name in _IDENTIFIED_BY]
    return f"DEC-{short_hash(json.dumps(parts, ensure_ascii=False))}"


def head_of(rows: Sequence[Row]) -> Head:
    """What a log of these rows, in their order, ends with."""
    return Head(number_of(rows[-1]), str(rows[-1]["hash"])) if rows else Head(0, FIRST)


def number_of(row: Row) -> int:
    """The number of a decision among all; 0 where something took it away."""
    number = row["sequence"]
    return number if isinstance(number, int) else 0


def broken_chain(rows: Sequence[Row]) -> list[str]:
    """One sentence for each decision that was altered, and for each place where one is missing, was added or moved.

    `rows`: those of roster.decisions in the order of `sequence`.
    """
    found, previous = [], Head(0, FIRST)
    for row in rows:
        number = number_of(row)
        if not number:
            found.append(f"{_named(row)} was altered after it was written: it has lost its number")
            continue
        if number == previous.rows:
            found.append(f"{_named(row)} has the number of another decision: one of them was added")
        elif number != previous.rows + 1:
            gone = number - previous.rows - 1
            which = f"number {number - 1} is" if gone == 1 else f"numbers {previous.rows + 1} to {number - 1} are"
            found.append(f"{which} gone: {_named(row)} is what comes after decision {previous.rows}")
        elif row["follows"] != previous.hash:
            found.append(f"{_named(row)} does not follow the decision before it: one was altered, removed, added or moved")
        if not _as_written(row):
            found.append(f"{_named(row)} was altered after it was written")
        previous = Head(number, str(row["hash"]))
    return found


def broken_head(rows: Sequence[Row], last: Head | None, announced: Head | None = None) -> list[str]:
    """Where a log ends with another decision than `last`, or than the one that a write that was cut short had `announced`.

    `last`: None if nothing says how a log ends, which is right only for one that holds nothing.
    """
    found = Head(len(rows), str(rows[-1]["hash"]) if rows else FIRST)
    if last is None and announced is None:
        return [f"nothing says that the log ends with its {found.rows} decisions: their head is gone"] if rows else []
    last = last or Head(0, FIRST)
    if found in (last, announced):
        return []
    if found.rows < last.rows:
        return [f"the log ends too early: {last.rows} decisions were written, {found.rows} are there"]
    if found.rows > last.rows:
        added = ", ".join(str(row["decision_id"]) for row in rows[last.rows :][:3])
        return [f"{found.rows - last.rows} decisions were added by something else than a run: {added}"]
    return [f"the log ends with {_named(rows[-1])}, which is not the decision that was written last"]


def _as_written(row: Row) -> bool:
    try:
        return (seal(row), decision_id(row)) == (row["hash"], row["decision_id"])
    except (TypeError, ValueError):
        # Rules that are no JSON, or a value of another type: what a run wrote can always be sealed.
        return False


def _named(row: Row) -> str:
    return f"{row['decision_id']} (number {row['sequence']}, {row['entry']} {row['verdict']} for {row['use_case']})"


def _plain(name: str, value: Any) -> Any:
    """A value as it is sealed, whether it comes from a run, from DuckDB or from pandas."""
    if name in _JSON:
        # What is not finite is stored as null: written and read once, a value no longer changes.
        return orjson.loads(value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return value if value is None or isinstance(value, str | int | float) else [*map(str, value)]
