"""What a file yielded, put aside on disk in batches until the whole folder has been read.

Belongs here: ids, counts, column types and readable texts of rows, made while the events of a reader pass by.
Does not belong here: formats (readers/) and the warehouse (store.py).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.uploads.columns import ROW_ID_COLUMN, ColumnNames
from lenovo_pipeline.uploads.languages import language_of
from lenovo_pipeline.uploads.records import Event, Facts, FileProblem, Limits, Reject, Row, Start, Text
from lenovo_pipeline.uploads.table_names import TableNames
from lenovo_pipeline.uploads.value_types import ColumnType, from_json, to_json

if TYPE_CHECKING:
    import pyarrow as pa

MOST_COLUMNS = 1_000
"""Columns of a typed table; what lies beyond is kept in one more column, `further_values`, as JSON."""

MOST_TABLES = 200
"""Typed tables of one file."""

ROWS_WITH_OWN_TEXT = 1_000
"""So many rows of a table become a text each; the rows after them share texts of about TEXT_CHARACTERS."""

TEXT_CHARACTERS = 1_500

_BATCH = 5_000
_FURTHER = "further_values"
_GROWTH = 4
_MOST_NOTES = 50


@dataclass
class StagedTable:
    """A typed table: its rows lie in `path` (row_id, position, line, values as JSON)."""

    name: str
    columns: tuple[tuple[str, ColumnType], ...]
    path: Path
    rows: int

    @property
    def types(self) -> list[tuple[str, str]]:
        """Name and DuckDB type of each column, the row id last."""
        further = [(_FURTHER, "JSON")] if len(self.columns) > MOST_COLUMNS else []
        shown = [(name, column.duckdb) for name, column in self.columns[:MOST_COLUMNS]]
        return [*shown, *further, (ROW_ID_COLUMN, "VARCHAR")]

    def batches(self) -> Iterator["pa.RecordBatch"]:
        """The rows, a few thousand at a time, in the order and types of `types`."""
        import pyarrow as pa

        shown, further = self.columns[:MOST_COLUMNS], self.columns[MOST_COLUMNS:]
        for batch in read_batches(self.path):
            rows = [from_json(text) for text in batch.column("values").to_pylist()]
            arrays = [pa.array([column.convert(row.get(name)) for row in rows], column.arrow()) for name, column in shown]
            if further:
                rest = [{name: row[name] for name, _ in further if row.get(name) is not None} for row in rows]
                arrays.append(pa.array([to_json(values) if values else None for values in rest], pa.string()))
            arrays.append(batch.column("row_id"))
            yield pa.RecordBatch.from_arrays(arrays, names=[f"c{index}" for index in range(len(arrays))])


@dataclass
class StagedFile:
    """One file that was read: its line of the inventory and where its rows, texts and rejects lie."""

    entry: dict[str, Any]
    tables: list[StagedTable] = field(default_factory=list)
    texts: Path | None = None
    rejects: Path | None = None


def read_batches(path: Path) -> "Iterator[pa.RecordBatch]":
    """The batches of a staged file."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(_BATCH)


class Spool:
    """A Parquet file that grows by records; made when the first one comes."""

    def __init__(self, path: Path, schema: "pa.Schema") -> None:
        self.path = path
        self._schema = schema
        self._buffer: list[dict[str, Any]] = []
        self._writer: Any = None

    def add(self, record: dict[str, Any]) -> None:
        self._buffer.append(record)
        if len(self._buffer) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, self._schema, compression="zstd")
        self._writer.write_batch(pa.RecordBatch.from_pylist(self._buffer, schema=self._schema))
        self._buffer = []

    def close(self) -> None:
        self.flush()
        self._writer.close()


@dataclass
class _OpenTable:
    key: str
    name: str
    written: bool
    spool: Spool
    names: ColumnNames = field(default_factory=ColumnNames)
    types: dict[str, ColumnType] = field(default_factory=dict)
    columns: dict[str, tuple[str, ColumnType]] = field(default_factory=dict)
    rows: int = 0
    group: list[str] = field(default_factory=list)
    group_size: int = 0

    def column(self, key: str) -> tuple[str, ColumnType]:
        found = self.columns.get(key)
        if found is None:
            name = self.names[key]
            found = self.columns[key] = name, self.types.setdefault(name, ColumnType(written=self.written))
        return found


class Stage:
    """Takes the events of one file. `add` each of them, then `close`; or `discard` everything."""

    def __init__(
        self,
        folder: Path,
        path: str,
        file_id: str,
        title: str,
        limits: Limits,
        names: TableNames,
        mentions: Callable[[str], list[str]],
    ) -> None:
        folder.mkdir(parents=True)
        self._folder, self._path, self._file_id, self._title = folder, path, file_id, title
        self._room = _GROWTH * limits.file_bytes
        self._names, self._mentions = names, mentions
        self._tables: list[StagedTable] = []
        self._open: _OpenTable | None = None
        self._texts = Spool(folder / "texts.parquet", _schema("texts"))
        self._rejects = Spool(folder / "rejects.parquet", _schema("rejects"))
        self._notes: list[str] = []
        self._facts = Facts()
        self.texts = self.loaded = self.rejected = 0

    def add(self, event: Event) -> None:
        """Raises FileProblem if the file grows beyond all bounds while it is unpacked."""
        if isinstance(event, Row):
            self._row(event)
        elif isinstance(event, Text):
            self._text(event.text, event.section, event.title)
        elif isinstance(event, Reject):
            self._reject(event)
        elif isinstance(event, Start):
            self._start(event.table, event.columns, event.written)
        else:
            self._notes += event.notes
            self._title = _clean(event.title) or self._title
            self._facts = Facts(event.encoding or self._facts.encoding, event.delimiter or self._facts.delimiter)

    def close(self) -> StagedFile:
        """The staged file; its entry lacks only what the stage cannot know."""
        self._end_table()
        self._texts.close()
        self._rejects.close()
        notes = (
            self._notes
            if len(self._notes) <= _MOST_NOTES
            else [*self._notes[:_MOST_NOTES], f"and {len(self._notes) - _MOST_NOTES} more"]
        )
        entry = {
            "encoding": self._facts.encoding,
            "delimiter": self._facts.delimiter,
            "rows_read": self.loaded + self.rejected,
            "rows_loaded": self.loaded,
            "rows_rejected": self.rejected,
            "texts": self.texts,
            "table_names": [table.name for table in self._tables],
            "notes": notes,
        }
        return StagedFile(entry, self._tables, self._texts.path, self._rejects.path)

    def discard(self) -> None:
        """Forget everything; give the names of the tables back."""
        self._names.free([table.name for table in self._tables] + ([self._open.name] if self._open else []))

    def _start(self, key: str, columns: Iterable[str], written: bool) -> _OpenTable:
        if self._open is not None and self._open.key == key:
            table = self._open
        else:
            self._end_table()
            if len(self._tables) >= MOST_TABLES:
                raise FileProblem(f"more than {MOST_TABLES} tables in one file", remedy="Split the file.")
            name = self._names.name(self._path, key)
            spool = Spool(self._folder / f"rows-{len(self._tables)}.parquet", _schema("rows"))
            table = self._open = _OpenTable(key, name, written, spool)
        for column in columns:
            table.column(column)
        return table

    def _end_table(self) -> None:
        table, self._open = self._open, None
        if table is None:
            return
        self._flush_group(table)
        table.spool.close()
        self._notes += [f"{table.key}: {note}" if table.key else note for note in table.names.notes]
        if len(table.types) > MOST_COLUMNS:
            self._notes.append(f"{table.name} has {len(table.types)} columns; those after {MOST_COLUMNS} are kept in {_FURTHER}")
        self._tables.append(StagedTable(table.name, tuple(table.types.items()), table.spool.path, table.rows))

    def _row(self, row: Row) -> None:
        table = self._open if self._open is not None and self._open.key == row.table else self._start(row.table, (), False)
        values: dict[str, Any] = {}
        for key, value in row.values.items():
            name, kind = table.column(key)
            kind.see(value)
            values[name] = value
        text = to_json(values)
        self._room -= len(text) - sum(map(len, values))
        if self._room < 0:
            raise FileProblem(
                "its rows grow far beyond the size of the file when unpacked", remedy="Split the file, or write values out once."
            )
        table.rows += 1
        self.loaded += 1
        row_id = _id("UPR", self._path, table.name, str(table.rows), text)
        table.spool.add(
            {
                "row_id": row_id,
                "file_id": self._file_id,
                "table_name": table.name,
                "position": table.rows,
                "line": row.line,
                "values": text,
            }
        )
        self._readable(table, values)

    def _readable(self, table: _OpenTable, values: dict[str, Any]) -> None:
        parts = [f"{name}: {_shown(value)}" for name, value in values.items() if value not in (None, "")]
        if not parts:
            return
        table.group.append("; ".join(parts))
        table.group_size += len(table.group[-1])
        if table.rows <= ROWS_WITH_OWN_TEXT or table.group_size >= TEXT_CHARACTERS:
            self._flush_group(table)

    def _flush_group(self, table: _OpenTable) -> None:
        if table.group:
            self._text("\n".join(table.group), table.key or None, None)
        table.group, table.group_size = [], 0

    def _text(self, text: str, section: str | None, title: str | None) -> None:
        self._room -= len(text)
        if self._room < 0:
            raise FileProblem("its texts grow far beyond the size of the file when unpacked", remedy="Split the file.")
        section = _clean(section)
        self.texts += 1
        self._texts.add(
            {
                "text_id": _id("UPT", self._path, section or "", str(self.texts), text),
                "file_id": self._file_id,
                "title": _clean(title) or self._title,
                "section": section,
                "position": self.texts,
                "language": language_of(text),
                "text": text,
                "mentioned_device_ids": self._mentions(text),
            }
        )

    def _reject(self, reject: Reject) -> None:
        self.rejected += 1
        self._rejects.add(
            {
                "reject_id": _id("UPX", self._file_id, str(self.rejected)),
                "file_id": self._file_id,
                "path": self._path,
                "line": reject.line,
                "raw": reject.raw,
                "reason": reject.reason,
                "remedy": reject.remedy,
            }
        )


def _id(prefix: str, *parts: str) -> str:
    return f"{prefix}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:24]}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value).strip('"')


def _clean(text: str | None) -> str | None:
    """A title or heading as one storable line."""
    if text is None:
        return None
    return " ".join(text.replace("\0", "").encode("utf-8", errors="replace").decode().split())[:300] or None


def _schema(kind: str) -> "pa.Schema":
    import pyarrow as pa

    text, whole = pa.string(), pa.int64()
    fields = {
        "rows": {"row_id": text, "file_id": text, "table_name": text, "position": whole, "line": whole, "values": text},
        "texts": {
            "text_id": text,
            "file_id": text,
            "title": text,
            "section": text,
            "position": whole,
            "language": text,
            "text": text,
            "mentioned_device_ids": pa.list_(text),
        },
        "rejects": {
            "reject_id": text,
            "file_id": text,
            "path": text,
            "line": whole,
            "raw": text,
            "reason": text,
            "remedy": text,
        },
    }[kind]
    return pa.schema(list(fields.items()))
