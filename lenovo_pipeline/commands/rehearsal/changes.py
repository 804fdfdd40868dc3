"""What may be changed in a rehearsal, and changing it in the copies.

Belongs here: a record's values, a file or folder, a package's version. Does not belong here: what follows (acting.py).
"""

import importlib.metadata
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lenovo_pipeline.build import TABLES
from lenovo_pipeline.commands.rehearsal.copies import Copies
from lenovo_pipeline.contracts import HASH_COLUMN, Table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.warehouse import Warehouse


@dataclass(frozen=True)
class Change:
    """How something is changed: exactly one of these. `values`: new values of a record by column, as text; `by`: the file or
    folder that takes its place; `gone`: it is removed; `version`: a package has this one.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    by: Path | None = None
    gone: bool = False
    version: str | None = None

    def __post_init__(self) -> None:
        given = (bool(self.values), self.by is not None, self.gone, self.version is not None)
        if sum(given) != 1:
            raise PermanentFailure(
                "a change is one thing", remedy="Give one of --set (which may be repeated), --with, --gone, --version."
            )


def change_record(copies: Copies, asset: str, key: str, change: Change) -> None:
    """Change or remove the record `key` of the table of `asset` in the copy of the warehouse.

    Raises PermanentFailure for a column that is not there, the key, or a value that does not fit the contract.
    """
    table = TABLES[asset.replace("/", ".", 1)]
    if not change.values and not change.gone:
        raise PermanentFailure(f"{key} is a record of {asset}", remedy="Say how it changes: --set COLUMN=VALUE, or --gone.")
    warehouse = Warehouse(str(copies.store.warehouse))
    rows = warehouse.load(table).drop(columns=[HASH_COLUMN])
    mine = rows[table.columns[0].name] == key
    if change.gone:
        warehouse.replace(table, rows[~mine])
        return
    for name, text in change.values.items():
        value = _value(table, name, text)
        rows[name] = [value if here else old for here, old in zip(mine, rows[name], strict=True)]
    warehouse.replace(table, rows)


def _value(table: Table, name: str, text: str) -> Any:
    known = [column.name for column in table.columns if column.name not in table.key]
    if name not in known:
        raise PermanentFailure(f"{table.qualified_name} has no column {name!r} to set", remedy=f"It has {', '.join(known)}.")
    column = table.column(name)
    if text == "" and column.nullable:
        return None
    if column.type in ("text", "date", "timestamp"):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise PermanentFailure(
            f"{name} of {table.qualified_name} is of type {column.type}, which {text!r} is not",
            remedy='Write it as JSON, for example 3, 0.5, true or ["a", "b"].',
        ) from error


def change_file(copies: Copies, path: Path, change: Change) -> None:
    """Put another file or folder in the place of `path`, or remove it, in the copies.

    Raises PermanentFailure if what is to take its place, or to be removed, is not there.
    """
    target = copies.of(path)
    if change.by is None and not change.gone:
        raise PermanentFailure(f"{path} is a file or a folder", remedy="Say what takes its place: --with PATH, or --gone.")
    if change.by is not None and not change.by.exists():
        raise PermanentFailure(f"there is no {change.by} to take the place of {path}", remedy="Write the changed file first.")
    if change.gone and not target.exists():
        raise PermanentFailure(f"there is no {path} that could go", remedy="Check its name.")
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
    if change.by is None:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if change.by.is_dir():
        shutil.copytree(change.by, target)
    else:
        shutil.copyfile(change.by, target)


def change_package(copies: Copies, name: str, change: Change) -> None:
    """Let the processes of the copies find another version of an installed package. Its code stays what is installed."""
    if change.version is None:
        raise PermanentFailure(f"{name} is a package", remedy="Say which version it gets: --version VERSION.")
    found = importlib.metadata.metadata(name)
    place = copies.packages / f"{found['Name'].replace('-', '_')}-{change.version}.dist-info"
    place.mkdir()
    lines = [f"Version: {change.version}" if line.startswith("Version:") else line for line in str(found).splitlines()]
    (place / "METADATA").write_text("\n".join(lines), encoding="utf-8")
