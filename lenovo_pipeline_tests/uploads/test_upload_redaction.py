"""Uploads without the people who were erased: nothing of them is in what a reading leaves."""

from pathlib import Path

import pandas as pd
import pytest

from lenovo_pipeline.privacy import MARK, Tombstones
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.uploads.reading import read_folder
from lenovo_pipeline.uploads.records import Limits
from lenovo_pipeline.uploads.store import stored_files, write

NAME, ADDRESS = "Ida Okafor", "ida@okafor.example"
DEVICES = pd.DataFrame({"device_id": ["DEV-1"], "name": ["ThinkPad T14"], "brand": ["ThinkPad"]})
TOMBSTONES = Tombstones().with_person(names=[NAME], addresses=[ADDRESS], erased_at="")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "people.csv").write_text(
        f"first,last,mail,{NAME}\nIda,Okafor,{ADDRESS},1\nAnn,Lee,ann@x.example,2\n"
        f"Ann,Lee,ask {NAME.upper()} now,too,many,cells\n"
    )
    (uploads / "talk.md").write_text(f"---\ntitle: Talk with {NAME}\n---\n# {NAME}\n\nOkafor, Ida likes the ThinkPad T14.\n")
    (uploads / "ida_okafor.txt").write_text("Nothing about anybody.")
    (uploads / "Ida Okafor.txt").write_text("Nothing about anybody else.")
    (uploads / "nested.json").write_text(f'[{{"who": {{"name": "{NAME}"}}, "n": 1}}]')
    return uploads


def read(folder: Path, warehouse: Warehouse, work: Path, tombstones: Tombstones) -> tuple[int, int]:
    outcome = read_folder(
        folder, devices=DEVICES, limits=Limits(), work=work, previous=stored_files(warehouse), tombstones=tombstones
    )
    write(warehouse, outcome, work)
    return len(outcome.fresh), len(outcome.kept)


def everything(warehouse: Warehouse) -> str:
    tables = warehouse.frame("SELECT table_name FROM information_schema.tables WHERE table_schema = 'uploads'")["table_name"]
    columns = warehouse.frame("SELECT column_name FROM information_schema.columns WHERE table_schema = 'uploads'")["column_name"]
    rows = [warehouse.frame(f'SELECT * FROM uploads."{table}"').to_csv() for table in tables]
    return "\n".join([*tables, *columns, *rows])


def test_an_erased_person_is_in_no_table_column_path_or_reject(folder: Path, tmp_path: Path) -> None:
    warehouse = Warehouse(str(tmp_path / "w.duckdb"))
    assert read(folder, warehouse, tmp_path / "one", Tombstones()) == (5, 0)
    assert "Okafor" in everything(warehouse)

    assert read(folder, warehouse, tmp_path / "two", TOMBSTONES) == (5, 0)
    text = everything(warehouse)
    assert MARK in text
    assert "okafor" not in text.lower()

    counts = warehouse.frame("SELECT sum(rows_read) AS r, sum(rows_loaded) AS l, sum(rows_rejected) AS x FROM uploads.files")
    assert counts["r"][0] == counts["l"][0] + counts["x"][0]
    paths = warehouse.frame("SELECT path FROM uploads.files ORDER BY path")["path"].tolist()
    assert paths == ["[erased 2].txt", "[erased].txt", "nested.json", "people.csv", "talk.md"]


def test_the_same_list_reads_nothing_again(folder: Path, tmp_path: Path) -> None:
    warehouse = Warehouse(str(tmp_path / "w.duckdb"))
    read(folder, warehouse, tmp_path / "one", TOMBSTONES)
    assert read(folder, warehouse, tmp_path / "two", TOMBSTONES) == (0, 5)
    more = TOMBSTONES.with_person(names=["Ann Lee"], erased_at="")
    assert read(folder, warehouse, tmp_path / "three", more) == (5, 0)
    assert "Ann" not in everything(warehouse)
