"""Checkpoints in SQLite that are safe to open: JSON with a checksum, under a format, and nothing that could run code.

Belongs here: the file and what is written into it. Does not belong here: what checkpoints show (debugging.py).

LangGraph's own serializer reads msgpack into Python objects of any class and falls back to pickle if told so; whoever can write a
checkpoint file could then run code in the process that opens it. States here are JSON values, so JSON is all that is read.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure

FORMAT = "lenovo-checkpoints-1"
_TYPE = "json+sha256"
_CHECKSUM = 16
_TAG = "__langgraph__"
_REMEDY = "Replay the attempt from its recording: python -m lenovo_pipeline.agents open ATTEMPT makes its checkpoints anew."
_HEADER = "CREATE TABLE IF NOT EXISTS lenovo_format (format TEXT NOT NULL, langgraph TEXT NOT NULL, note TEXT NOT NULL)"


class CheckpointUnusable(PermanentFailure):
    """A checkpoint file that is damaged, or of another version or format."""

    def __init__(self, message: str) -> None:
        super().__init__(message, remedy=_REMEDY)


class JsonSerializer:
    """LangGraph's serializer protocol over JSON. Raises CheckpointUnusable for anything that it did not write itself."""

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Type and bytes: a checksum, then JSON. Raises TypeError for what is no JSON value (and no Send or Interrupt)."""
        body = json.dumps(obj, default=_tagged, ensure_ascii=False, separators=(",", ":")).encode()
        return _TYPE, _checksum(body) + body

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        kind, content = data
        if kind != _TYPE:
            raise CheckpointUnusable(f"a checkpoint is written as {str(kind)[:40]!r}, expected {_TYPE!r}; it was not read")
        if not isinstance(content, bytes):
            raise CheckpointUnusable("a checkpoint holds text where bytes were expected; it was not read")
        found, body = content[:_CHECKSUM], content[_CHECKSUM:]
        if found != _checksum(body):
            raise CheckpointUnusable("a checkpoint was changed or is damaged: its checksum does not fit")
        try:
            return json.loads(body, object_hook=_untagged)
        except (ValueError, RecursionError) as error:
            raise CheckpointUnusable(f"a checkpoint is no JSON ({error})") from error


@contextmanager
def checkpoint_file(path: Path | None, *, note: str = "") -> Iterator[Any]:
    """LangGraph's SqliteSaver over a file, made if it is not there; None: in memory, for attempts that nobody goes back to.

    `note` is kept with a new file (see `note_of`). Raises CheckpointUnusable naming file and reason if it is no checkpoint file
    of this format and version of LangGraph, or damaged.
    """
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = sqlite3.connect(path or ":memory:", check_same_thread=False)
    except sqlite3.Error as error:
        raise CheckpointUnusable(f"{path} cannot be opened ({error})") from error
    try:
        _require_format(connection, path, note)
        yield _saver(connection)
    except sqlite3.DatabaseError as error:
        raise CheckpointUnusable(f"{path or 'the checkpoints'} cannot be read ({error})") from error
    finally:
        connection.close()


def note_of(path: Path) -> dict[str, Any]:
    """What was noted when the file was made. Raises CheckpointUnusable, as `checkpoint_file` does."""
    if not path.is_file():
        raise CheckpointUnusable(f"there is no checkpoint file {path}")
    connection = sqlite3.connect(path)
    try:
        _require_format(connection, path, "")
        (note,) = connection.execute("SELECT note FROM lenovo_format").fetchone()
        return dict(json.loads(note or "{}"))
    except (sqlite3.DatabaseError, ValueError, TypeError) as error:
        raise CheckpointUnusable(f"{path} cannot be read ({error})") from error
    finally:
        connection.close()


def _saver(connection: sqlite3.Connection) -> Any:
    from langgraph.checkpoint.sqlite import SqliteSaver

    saver = SqliteSaver(connection, serde=JsonSerializer())
    saver.setup()
    # A checkpoint that a crash of the machine takes away is made again from the recording.
    connection.execute("PRAGMA synchronous=OFF")
    return saver


def _require_format(connection: sqlite3.Connection, path: Path | None, note: str) -> None:
    tables = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    version = _langgraph_version()
    if not tables:
        with connection:
            connection.execute(_HEADER)
            connection.execute("INSERT INTO lenovo_format VALUES (?, ?, ?)", [FORMAT, version, note])
        return
    if "lenovo_format" not in tables:
        raise CheckpointUnusable(f"{path} is no checkpoint file of this pipeline (it has {', '.join(sorted(tables))})")
    row = connection.execute("SELECT format, langgraph FROM lenovo_format").fetchone()
    if row is None or row[0] != FORMAT:
        raise CheckpointUnusable(f"{path} has format {row[0] if row else None!r}, expected {FORMAT!r}")
    if str(row[1]).split(".")[:2] != version.split(".")[:2]:
        raise CheckpointUnusable(f"{path} was written with LangGraph {row[1]}, and {version} is installed")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise CheckpointUnusable(f"{path} is damaged ({verdict})")


def _langgraph_version() -> str:
    from importlib.metadata import version

    return version("langgraph")


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:_CHECKSUM].encode()


def _tagged(value: Any) -> dict[str, Any]:
    from langgraph.types import Interrupt, Send

    if isinstance(value, Send):
        return {_TAG: "send", "node": value.node, "arg": value.arg}
    if isinstance(value, Interrupt):
        return {_TAG: "interrupt", "value": value.value, "id": value.id}
    raise TypeError(f"a state may hold JSON values only, found {type(value).__name__}")


def _untagged(said: dict[str, Any]) -> Any:
    kind = said.get(_TAG)
    if kind is None:
        return said
    from langgraph.types import Interrupt, Send

    if kind == "send":
        return Send(str(said["node"]), said["arg"])
    if kind == "interrupt":
        return Interrupt(said["value"], str(said["id"]))
    raise CheckpointUnusable(f"a checkpoint holds {str(kind)[:40]!r}, which is unknown")
