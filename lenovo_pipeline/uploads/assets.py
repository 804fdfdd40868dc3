"""The assets of stage `uploads`: the inventory of the user's files, and the rows, texts and rejects found in them.

`uploads/files` reads the folder and writes all tables of the stage in one transaction, since a file is loaded whole or not
at all. The other three assets say what it left in their tables, so that each has its own data version downstream.
"""

import shutil

from dagster import ResourceParam

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.assets import StoreReport, store_asset
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings
from lenovo_pipeline.uploads.tables import FILES, REJECTS, ROWS, TEXTS

_DEVICES = "enterprise/devices"


@store_asset("uploads", "files", description=FILES.description, kinds={"duckdb"}, columns=FILES, deps=[_DEVICES])
def files(settings: ResourceParam[Settings], store: ResourceParam[Store], warehouse: ResourceParam[Warehouse]) -> StoreReport:
    # The readers are imported here, so that loading the definitions stays quick.
    from lenovo_pipeline.privacy import load_tombstones
    from lenovo_pipeline.uploads.reading import read_folder
    from lenovo_pipeline.uploads.records import Limits
    from lenovo_pipeline.uploads.store import known_devices, stored_files, write

    limits = Limits(file_bytes=settings.upload_max_bytes, line_bytes=settings.upload_max_line_bytes)
    # A fixed place, so that what a killed run left there goes with the next one; the store's lock keeps others out of it.
    work = store.root / "uploads-work"
    shutil.rmtree(work, ignore_errors=True)
    try:
        outcome = read_folder(
            settings.uploads,
            devices=known_devices(warehouse),
            limits=limits,
            work=work,
            previous=stored_files(warehouse),
            tombstones=load_tombstones(store.root),
        )
        write(warehouse, outcome, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    lines = outcome.files
    counts = {
        **{
            f"files_{status}": sum(line["status"] == status for line in lines)
            for status in ("loaded", "partial", "duplicate", "failed")
        },
        **{name: sum(line[name] for line in lines) for name in ("rows_read", "rows_loaded", "rows_rejected", "texts")},
        "files_read": len(outcome.fresh),
        "files_kept": len(outcome.kept),
    }
    return _report(FILES, warehouse, counts)


@store_asset("uploads", "rows", description=ROWS.description, kinds={"duckdb"}, columns=ROWS, deps=[FILES])
def rows(warehouse: ResourceParam[Warehouse]) -> StoreReport:
    return _report(ROWS, warehouse)


@store_asset("uploads", "texts", description=TEXTS.description, kinds={"duckdb"}, columns=TEXTS, deps=[FILES, _DEVICES])
def texts(warehouse: ResourceParam[Warehouse]) -> StoreReport:
    return _report(TEXTS, warehouse)


@store_asset("uploads", "rejects", description=REJECTS.description, kinds={"duckdb"}, columns=REJECTS, deps=[FILES])
def rejects(warehouse: ResourceParam[Warehouse]) -> StoreReport:
    return _report(REJECTS, warehouse)


def _report(table: Table, warehouse: Warehouse, counts: dict[str, int] | None = None) -> StoreReport:
    known = warehouse.described(table)
    if known is None:
        raise PermanentFailure(
            f"the table {table.qualified_name} has not been made yet",
            remedy="Run: dagster asset materialize -m lenovo_pipeline.definitions --select '*uploads/files'",
        )
    return StoreReport(
        data_version=known["digest"],
        counts={"rows": known["rows"], "bytes": known["bytes"], **(counts or {})},
        metadata={"dagster/row_count": known["rows"]},
    )
