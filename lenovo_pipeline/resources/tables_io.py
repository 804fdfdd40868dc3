"""Dagster's way to the warehouse: a table asset returns a frame, its readers get one.

Built on dagster-duckdb's base classes with a type handler and client of our own, since the stock ones delete and insert
in two transactions, by position, with guessed types.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
from dagster import DataVersion, InputContext, MetadataValue, OutputContext
from dagster._core.definitions.metadata import RawMetadataValue
from dagster._core.storage.db_io_manager import DbIOManager, DbTypeHandler, TableSlice
from dagster_duckdb.io_manager import DuckDbClient

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.resources.attempts import attempt
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.recipes import MadeRows, last_result, remember
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Chunks, Warehouse, Written

PREVIEW_ROWS = 5


class WarehouseClient(DuckDbClient):
    """One transaction around whatever the type handler does; nothing is deleted before the new rows are there."""

    def __init__(self, warehouse: Warehouse, tracking: Tracking) -> None:
        self._warehouse = warehouse
        self._tracking = tracking

    @contextmanager
    def connect(self, context: OutputContext | InputContext, table_slice: TableSlice) -> Iterator[Warehouse]:  # type: ignore[override]
        # The base class asks for a connection; the warehouse hands out its own, inside its own transaction.
        step = context.step_context
        asset = "/".join(step.assets_def.key.path) if step.assets_def else step.step.key
        with (
            attempt(asset, self._tracking, tried=step.previous_attempt_count, warn=context.log.warning),
            self._warehouse.write() if isinstance(context, OutputContext) else self._warehouse.read(),
        ):
            yield self._warehouse

    @staticmethod
    def delete_table_slice(context: OutputContext, table_slice: TableSlice, connection: Any) -> None:
        """Left to the type handler, which knows whether anything changed."""

    @staticmethod
    def ensure_schema_exists(context: OutputContext, table_slice: TableSlice, connection: Any) -> None:
        """Left to the type handler."""

    @staticmethod
    def get_table_name(table_slice: TableSlice) -> str:
        return f"{table_slice.schema}.{table_slice.table}"


class ContractTypeHandler(DbTypeHandler[Any]):
    """Writes and reads tables by their contract; reports rows, bytes, a preview and the data version."""

    def __init__(self, tables: Mapping[str, Table], tracking: Tracking) -> None:
        self._tables = tables
        self._tracking = tracking

    @property
    def supported_types(self) -> Sequence[type[object]]:
        return [pd.DataFrame, Chunks, MadeRows]

    def handle_output(
        self, context: OutputContext, table_slice: TableSlice, obj: pd.DataFrame | Chunks | MadeRows, connection: Warehouse
    ) -> Mapping[str, RawMetadataValue]:
        table = self._tables[f"{table_slice.schema}.{table_slice.table}"]
        model = context.partition_key if table.partitioned else ""
        started = time.monotonic()
        written = self._write(table, obj, connection, model)
        context.step_context.set_data_version(context.asset_key, DataVersion(written.digest))
        made_in = context.output_metadata.get("seconds") if context.output_metadata else None
        # Rows that come in pieces are made while they are written, so that only the sum says how long the asset takes.
        seconds = float(getattr(made_in, "value", made_in) or 0.0) + time.monotonic() - started
        return self._describe(table, written, connection, seconds)

    def load_input(self, context: InputContext, table_slice: TableSlice, connection: Warehouse) -> pd.DataFrame:
        table = self._tables[f"{table_slice.schema}.{table_slice.table}"]
        # What has no partitions of its own is made from all of them, in a run for one of them too.
        models = context.asset_partition_keys if table.partitioned else []
        return connection.load(table, model=models[0] if len(models) == 1 else None)

    def _write(self, table: Table, obj: pd.DataFrame | Chunks | MadeRows, warehouse: Warehouse, model: str) -> Written:
        if not isinstance(obj, MadeRows):
            return warehouse.replace(table, obj.frames if isinstance(obj, Chunks) else obj, model=model)
        # Rows that somebody changed by hand are not what the register says: equal ones must be written all the same.
        left = last_result(warehouse, obj.recipe)
        touched = left is not None and left != warehouse.fingerprint(table.qualified_name, model=model)
        rows = obj.rows.frames if isinstance(obj.rows, Chunks) else obj.rows
        written = warehouse.replace(table, rows, model=model, anew=touched)
        remember(warehouse, obj.recipe, obj.reads, warehouse.fingerprint(table.qualified_name, model=model))
        return written

    def _describe(self, table: Table, written: Written, warehouse: Warehouse, seconds: float) -> dict[str, RawMetadataValue]:
        run = self._tracking.record(
            table.stage,
            table.name,
            metrics={"rows": written.rows, "bytes": written.bytes},
            tags={"data_version": written.digest, "changed": str(written.changed).lower()},
            seconds=seconds,
        )
        public = ", ".join(f'"{column.name}"' for column in table.columns if not column.personal)
        preview = warehouse.frame(f"SELECT {public} FROM {table.qualified_name} LIMIT {PREVIEW_ROWS}")
        return {
            "dagster/row_count": written.rows,
            "bytes": written.bytes,
            "changed": written.changed,
            "seconds": seconds,
            "preview": MetadataValue.md(markdown_table(preview)),
            "mlflow_run_id": run.run_id,
            "mlflow_run": MetadataValue.url(run.link),
        }


class WarehouseIOManager(DbIOManager):
    """The IO manager of every table asset."""

    def __init__(self, warehouse: Warehouse, tables: Mapping[str, Table], tracking: Tracking) -> None:
        super().__init__(
            type_handlers=[ContractTypeHandler(tables, tracking)],
            db_client=WarehouseClient(warehouse, tracking),
            database=warehouse.database,
            io_manager_name="WarehouseIOManager",
            default_load_type=pd.DataFrame,
        )
