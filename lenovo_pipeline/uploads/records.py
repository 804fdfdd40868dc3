"""What a reader hands over: rows, texts, rejected input and remarks, in the order of the file.

Belongs here: the plain values that pass between readers and whoever stages them. Does not belong here: any format.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from lenovo_pipeline.failures import PermanentFailure


class FileProblem(PermanentFailure):
    """One file cannot be read: what was found in it, and what its owner can do. Never stops the other files."""

    def __init__(self, found: str, *, remedy: str) -> None:
        self.found = found
        super().__init__(found, remedy=remedy)


@dataclass(frozen=True)
class Limits:
    """Largest file (unpacked) and longest line or cell that are read, in bytes."""

    file_bytes: int = 200_000_000
    line_bytes: int = 1_000_000


@dataclass(frozen=True)
class Source:
    """One file to read: a private copy at `path`, and the name that its owner knows it by."""

    path: Path
    name: str
    limits: Limits = field(default_factory=Limits)

    @property
    def stem(self) -> str:
        """The file's own name without folders and extensions."""
        return self.name.rsplit("/", 1)[-1].rsplit("::", 1)[-1].split(".", 1)[0] or "file"

    @property
    def suffix(self) -> str:
        """The last extension, in lower case, with its dot; empty if there is none."""
        last = self.name.rsplit("/", 1)[-1].rsplit("::", 1)[-1]
        return "." + last.rsplit(".", 1)[-1].lower() if "." in last[1:] else ""


@dataclass(frozen=True, slots=True)
class Start:
    """A table begins: its columns in order. `written` says that values are texts whose types must be inferred."""

    table: str
    columns: tuple[str, ...] = ()
    written: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of `table` (a name inside the file; empty for the file's only table). `line` counts from 1, None if unknown."""

    table: str
    values: Mapping[str, Any]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Input that was read but not loaded. `line` is the line of the file, or the row or page where lines mean nothing."""

    line: int | None
    raw: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of running text. `section` is the heading (or page) that it stands under."""

    text: str
    section: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the reader found out about the file, and remarks that its owner should see."""

    encoding: str | None = None
    delimiter: str | None = None
    title: str | None = None
    notes: tuple[str, ...] = ()


Event: TypeAlias = Start | Row | Reject | Text | Facts
