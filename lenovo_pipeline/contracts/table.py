"""What a table is: its columns, types, units, ranges, keys and references, declared once.

Belongs here: the declaration and the DDL that follows from it.
Does not belong here: reading or writing a store (resources), checking a frame (conform.py, expectations.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Literal, TypeAlias

ColumnType: TypeAlias = Literal[
    "text", "integer", "number", "boolean", "date", "timestamp", "json", "text[]", "integer[]", "number[]"
]
Bound: TypeAlias = float | int | date | datetime

DUCKDB_TYPES: dict[str, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "json": "JSON",
    "text[]": "VARCHAR[]",
    "integer[]": "BIGINT[]",
    "number[]": "DOUBLE[]",
}

HASH_COLUMN = "content_hash"
"""Every stored table ends with this column; whoever makes a frame leaves it out, the writer adds it."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    `references` names `stage.table.column`; for a list type every element must resolve.
    `derived_from` names the columns (`stage.table.column`) that its value is computed from: column lineage.
    `personal` marks personal data, which never enters previews, logs or metrics. `minimum` and `maximum` are inclusive.
    `pattern` is a regular expression that the whole value must match.
    """

    name: str
    type: ColumnType
    description: str
    unit: str | None = None
    nullable: bool = False
    unique: bool = False
    minimum: Bound | None = None
    maximum: Bound | None = None
    choices: tuple[str, ...] | None = None
    pattern: str | None = None
    references: str | None = None
    personal: bool = False
    derived_from: tuple[str, ...] = ()

    @property
    def is_list(self) -> bool:
        return self.type.endswith("[]")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of one stage, stored at `stage.name` in the warehouse. `key` identifies a row.

    `partitioned` tables hold the rows of several model partitions and carry a column `model`.
    """

    stage: str
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    min_rows: int = 1
    partitioned: bool = False

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        problems = [f"column {name!r} is declared twice" for name in sorted({n for n in names if names.count(n) > 1})]
        problems += [f"key column {name!r} is not a column" for name in self.key if name not in names]
        problems += [f"key column {c.name!r} may not be nullable" for c in self.columns if c.name in self.key and c.nullable]
        if HASH_COLUMN in names:
            problems.append(f"{HASH_COLUMN!r} is added by the writer; leave it out")
        if self.partitioned and "model" not in names:
            problems.append("a partitioned table needs a column 'model'")
        if problems:
            raise ValueError(f"contract {self.qualified_name}: " + "; ".join(problems))

    @property
    def qualified_name(self) -> str:
        return f"{self.stage}.{self.name}"

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.qualified_name} has no column {name!r}; it has {', '.join(self.column_names)}")

    def ddl(self, name: str | None = None) -> str:
        """`CREATE TABLE` for DuckDB, at `name` (default: the table's own place), `content_hash` last."""
        lines = [
            f'  "{column.name}" {DUCKDB_TYPES[column.type]}{"" if column.nullable else " NOT NULL"}' for column in self.columns
        ]
        lines.append(f'  "{HASH_COLUMN}" VARCHAR NOT NULL')
        return f"CREATE TABLE {name or self.qualified_name} (\n" + ",\n".join(lines) + "\n)"

    def references(self) -> Iterable[tuple[Column, str, str]]:
        """Each referring column with the table (`stage.name`) and the column that it refers to."""
        for column in self.columns:
            if column.references:
                table, _, target = column.references.rpartition(".")
                yield column, table, target
