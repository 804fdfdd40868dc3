"""A folder of uploads that is read into a real warehouse, as a run does it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.uploads.reading import Outcome, read_folder
from lenovo_pipeline.uploads.records import Limits
from lenovo_pipeline.uploads.store import stored_files, write

DEVICES = pd.DataFrame(
    [
        ("DEV-T14-5", "ThinkPad T14 Gen 5", "ThinkPad"),
        ("DEV-T14S-5", "ThinkPad T14s Gen 5", "ThinkPad"),
        ("DEV-EDGE-70-PRO", "Moto Edge 70 Pro", "Moto Edge"),
        ("DEV-G87", "Moto G87", "Moto G"),
        ("DEV-SR650", "ThinkSystem SR650", "ThinkSystem"),
        ("DEV-SR650-V3", "ThinkSystem SR650 V3", "ThinkSystem"),
        ("DEV-RAZR-50", "razr 50", "razr"),
    ],
    columns=["device_id", "name", "brand"],
)


@dataclass
class Uploads:
    """An upload folder and its warehouse."""

    root: Path
    limits: Limits = field(default_factory=Limits)
    devices: pd.DataFrame = field(default_factory=lambda: DEVICES)
    runs: int = 0

    def __post_init__(self) -> None:
        self.folder = self.root / "uploads"
        self.folder.mkdir(parents=True)
        self.warehouse = Warehouse(str(self.root / "warehouse.duckdb"))

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def load(self) -> Outcome:
        self.runs += 1
        work = self.root / f"work-{self.runs}"
        outcome = read_folder(
            self.folder, devices=self.devices, limits=self.limits, work=work, previous=stored_files(self.warehouse)
        )
        write(self.warehouse, outcome, work)
        return outcome

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.warehouse.read() as connection:
            return connection.execute(query, list(parameters)).fetchall()

    def file(self, path: str) -> dict[str, Any]:
        """The line of the inventory of one file."""
        columns = [name for name, *_ in self.sql("DESCRIBE uploads.files")]
        (line,) = self.sql("SELECT * FROM uploads.files WHERE path = ?", path)
        return dict(zip(columns, line, strict=True))

    def types(self, table: str) -> dict[str, str]:
        """Column to type of a typed table, without the row id."""
        return {name: kind for name, kind, *_ in self.sql(f"DESCRIBE uploads.{table}") if name != "_row_id"}


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path)
