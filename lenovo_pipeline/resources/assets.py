"""How an asset is declared: one decorator for tables, one for everything that fills another store or leaves a folder.

Both give an asset what every asset must have: key and group from its stage, description, owner, kinds, tags, code
version, column schema and lineage, code references, freshness, one way to fail and one way to be tracked in MLflow.

    @table_asset(FIRMWARE, devices=DEVICES)
    def firmware(devices: pd.DataFrame, settings: ResourceParam[Settings]) -> pd.DataFrame:
        return make_firmware(devices, settings.seed)

    @store_asset("knowledge", "graph", kinds={"neo4j"}, deps=[DEVICES, "uploads/files"])
    def graph(context, ...) -> StoreReport:
        return StoreReport(data_version=..., counts={"nodes": 3}, metadata={...})

A table asset returns a DataFrame or an iterator of DataFrames without `content_hash`; keyword arguments of the
decorator name the tables that arrive as frames, `deps` those that the function reads itself. A function of a partitioned
asset may raise SkippedPartition: nothing is made, nothing fails, and what is made from this partition is skipped with it.
A table that may be empty is written empty then: what is made of several such tables goes on with the others.

A table asset declared `pure=True` is not made again while its code, the settings, the rows that it read and its own rows
are as they were (recipes.py): for functions that read nothing but tables, and take no more than `warehouse`, `settings`,
`encoder`, `context` (to add metadata only) and frames.
"""

import inspect
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pandas as pd
from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetKey,
    AssetObservation,
    AssetRecordsFilter,
    AssetsDefinition,
    BetaWarning,
    CodeReferencesMetadataValue,
    DataVersion,
    FreshnessPolicy,
    LocalFileCodeReference,
    MaterializeResult,
    MetadataValue,
    Output,
    PartitionsDefinition,
    ResourceParam,
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableSchema,
    UrlCodeReference,
    asset,
)
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from lenovo_pipeline.contracts import HASH_COLUMN, Table
from lenovo_pipeline.failures import SkippedPartition
from lenovo_pipeline.resources.attempts import attempt
from lenovo_pipeline.resources.code_version import code_version, reached_modules
from lenovo_pipeline.resources.recipes import MadeRows, Recipe, check_pure, recipe_of, result_before
from lenovo_pipeline.resources.signatures import presented
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.stored_tables import contract_version
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Chunks, Warehouse
from lenovo_pipeline.settings import PROJECT_ROOT, settings_if_right

OWNERS = {
    "enterprise": "team:data-engineering",
    "uploads": "team:data-engineering",
    "knowledge": "team:ai-architecture",
    "gold": "team:model-evaluation",
    "prompts": "team:ai-architecture",
    "models": "team:ai-architecture",
    "embeddings": "team:ai-architecture",
    "retrieval": "team:ai-architecture",
    "agents": "team:ai-architecture",
    "evaluation": "team:model-evaluation",
    "roster": "team:model-evaluation",
}
"""Who answers for the assets of a stage."""

FRESHNESS = FreshnessPolicy.time_window(fail_window=timedelta(hours=48), warn_window=timedelta(hours=30))
"""A nightly schedule refreshes everything; a night missed warns, two fail."""

SKIPPED = "skipped"
"""Metadata of the observation that says why a partition was skipped."""

_NEEDED: dict[str, Any] = {
    "context": AssetExecutionContext,
    "store": ResourceParam[Store],
    "tracking": ResourceParam[Tracking],
    "warehouse": ResourceParam[Warehouse],
}
"""What every asset is given, whether its function asks for it or not."""

Upstream = Table | str
"""A table, or an asset key written `stage/name`."""


@dataclass(frozen=True)
class StoreReport:
    """What an asset outside the warehouse did: numbers for MLflow and the UI, and the data version of what it holds now."""

    data_version: str
    counts: Mapping[str, float] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


def asset_key(upstream: Upstream) -> AssetKey:
    """The key of a table's asset, or of `stage/name`."""
    return AssetKey([upstream.stage, upstream.name]) if isinstance(upstream, Table) else AssetKey(upstream.split("/"))


def table_asset(
    table: Table,
    *,
    deps: Sequence[Upstream] = (),
    kinds: Iterable[str] = (),
    partitions_def: PartitionsDefinition[str] | None = None,
    pure: bool = False,
    **inputs: Table,
) -> Callable[[Callable[..., pd.DataFrame | Iterable[pd.DataFrame]]], AssetsDefinition]:
    """Declare the asset of a table; see the module's docstring."""

    def declare(function: Callable[..., pd.DataFrame | Iterable[pd.DataFrame]]) -> AssetsDefinition:
        if pure:
            check_pure(function, inputs)

        def compute(given: dict[str, Any]) -> Any:
            started = time.monotonic()
            context, warehouse = given["context"], given["warehouse"]
            arguments = _own(function, given)
            try:
                with _attempted(context, table.stage, table.name):
                    model = context.partition_key if partitions_def else ""
                    recipe = recipe_of(f"{table.stage}/{table.name}", function, arguments, model=model) if pure else None
                    kept = recipe and _kept(context, table, recipe, started)
                    if kept:
                        return kept
                    with warehouse.noting_reads() as reads:
                        rows = function(**arguments, **_frames(warehouse, inputs, model))
            except SkippedPartition as skipped:
                return _no_output(context, str(skipped)) if table.min_rows else _no_rows(context, table, str(skipped), started)
            value = rows if isinstance(rows, pd.DataFrame) else Chunks(rows)
            if isinstance(value, Chunks) and "warehouse" in arguments:
                # Pieces are made later: what is read for them then goes unnoted.
                reads.tables = None
            return Output(MadeRows(value, recipe, reads) if recipe else value, metadata={"seconds": time.monotonic() - started})

        declared: AssetsDefinition = asset(
            metadata={
                **_column_metadata(table),
                **_code_references(function),
                "dagster/table_name": table.qualified_name,
            },
            io_manager_key="io_manager",
            partitions_def=partitions_def,
            output_required=partitions_def is None,
            **_common(function, table.stage, table.name, table.description, [*inputs.values(), *deps], {"duckdb", *kinds}),
        )(presented(compute, function, _NEEDED, without=inputs))
        return declared

    return declare


def store_asset(
    stage: str,
    name: str,
    *,
    description: str,
    deps: Sequence[Upstream] = (),
    kinds: Iterable[str] = (),
    partitions_def: PartitionsDefinition[str] | None = None,
    columns: Table | None = None,
    **inputs: Table,
) -> Callable[[Callable[..., StoreReport]], AssetsDefinition]:
    """Declare an asset that fills another store or leaves a folder; `columns` describes what one of its records holds."""

    def declare(function: Callable[..., StoreReport]) -> AssetsDefinition:
        def compute(given: dict[str, Any]) -> Any:
            started = time.monotonic()
            context, tracking = given["context"], given["tracking"]
            try:
                with _attempted(context, stage, name):
                    frames = _frames(given["warehouse"], inputs, context.partition_key if partitions_def else "")
                    report = function(**_own(function, given), **frames)
            except SkippedPartition as skipped:
                return _no_output(context, str(skipped))
            seconds = time.monotonic() - started
            run = tracking.record(
                stage, name, metrics=dict(report.counts), tags={"data_version": report.data_version}, seconds=seconds
            )
            return MaterializeResult(
                data_version=DataVersion(report.data_version),
                metadata={
                    "changed": _differs(context, report.data_version),
                    **report.counts,
                    **report.metadata,
                    "seconds": seconds,
                    "mlflow_run_id": run.run_id,
                    "mlflow_run": MetadataValue.url(run.link),
                },
            )

        declared: AssetsDefinition = asset(
            metadata={**(_column_metadata(columns) if columns else {}), **_code_references(function)},
            partitions_def=partitions_def,
            output_required=partitions_def is None,
            **_common(function, stage, name, description, [*inputs.values(), *deps], set(kinds)),
        )(presented(compute, function, _NEEDED, without=inputs))
        return declared

    return declare


def _own(function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What Dagster gave that the function itself asks for."""
    return {name: given[name] for name in inspect.signature(function).parameters if name in given}


def _frames(warehouse: Warehouse, inputs: Mapping[str, Table], model: str) -> dict[str, pd.DataFrame]:
    """The tables that a function wants as frames: of a partitioned one the rows of its own model, or all where it has none."""
    return {name: warehouse.load(table, model=(model or None) if table.partitioned else None) for name, table in inputs.items()}


def _kept(context: AssetExecutionContext, table: Table, recipe: Recipe, started: float) -> MaterializeResult[Any] | None:
    """What to report of a table whose rows need not be made again; None if they must be.

    They need not if nothing changed of what they follow from, they lie there as they were written, under this contract,
    and Dagster's last word on them is that version: what it said of them then, it says again.
    """
    warehouse: Warehouse = context.resources.warehouse
    made = result_before(warehouse, recipe)
    stored = warehouse.described(table, model=recipe.model)
    if made is None or stored is None or stored["contract"] != contract_version(table):
        return None
    if made != warehouse.fingerprint(table.qualified_name, model=recipe.model):
        return None
    partitions = [recipe.model] if recipe.model else None
    known = context.instance.fetch_materializations(AssetRecordsFilter(context.asset_key, asset_partitions=partitions), limit=1)
    last = known.records[0].asset_materialization if known.records else None
    if last is None or (last.tags or {}).get(DATA_VERSION_TAG) != stored["digest"]:
        return None
    seconds = time.monotonic() - started
    tracking: Tracking = context.resources.tracking
    run = tracking.record(
        table.stage,
        table.name,
        metrics={"rows": stored["rows"], "bytes": stored["bytes"]},
        tags={"data_version": stored["digest"], "changed": "false", "reused": "true"},
        seconds=seconds,
    )
    return MaterializeResult(
        data_version=DataVersion(stored["digest"]),
        metadata={
            **last.metadata,
            "changed": False,
            "reused": True,
            "seconds": seconds,
            "mlflow_run_id": run.run_id,
            "mlflow_run": MetadataValue.url(run.link),
        },
    )


def _differs(context: AssetExecutionContext, data_version: str) -> bool:
    """Whether the asset's last materialization (of any partition) had another data version, as far as Dagster knows."""
    last = context.instance.get_latest_materialization_event(context.asset_key)
    known = last.asset_materialization if last is not None else None
    return known is None or (known.tags or {}).get(DATA_VERSION_TAG) != data_version


def _no_output(context: AssetExecutionContext, reason: str) -> Iterator[Any]:
    """What a partition that is skipped yields: nothing, so that what is made from it is skipped too. The reason is observed."""
    context.log.warning(reason)
    yield AssetObservation(context.asset_key, partition=context.partition_key, metadata={SKIPPED: reason})


def _no_rows(context: AssetExecutionContext, table: Table, reason: str, started: float) -> Iterator[Any]:
    """What a partition yields that is skipped, of a table that may be empty: no rows. The reason is observed."""
    yield from _no_output(context, reason)
    rows = pd.DataFrame(columns=list(table.column_names))
    yield Output(rows, metadata={SKIPPED: reason, "seconds": time.monotonic() - started})


def _common(
    function: Callable[..., Any], stage: str, name: str, description: str, deps: Sequence[Upstream], kinds: set[str]
) -> dict[str, Any]:
    return {
        "key": AssetKey([stage, name]),
        "group_name": stage,
        "description": description,
        "owners": [OWNERS[stage]],
        "kinds": {"python", *kinds},
        "tags": {"stage": stage},
        "code_version": code_version(function),
        "deps": [AssetDep(asset_key(dep)) for dep in deps],
        "freshness_policy": FRESHNESS,
    }


def _attempted(context: AssetExecutionContext, stage: str, name: str) -> AbstractContextManager[None]:
    return attempt(f"{stage}/{name}", context.resources.tracking, tried=context.retry_number, warn=context.log.warning)


def _column_metadata(table: Table) -> dict[str, Any]:
    columns = [
        TableColumn(
            name=column.name,
            type=column.type,
            description=column.description + (f" Unit: {column.unit}." if column.unit else ""),
            constraints=TableColumnConstraints(nullable=column.nullable, unique=column.unique or table.key == (column.name,)),
        )
        for column in table.columns
    ]
    columns.append(TableColumn(name=HASH_COLUMN, type="text", description="SHA-256 of the row's other columns."))
    lineage = {}
    for column in table.columns:
        sources = {*column.derived_from, *([column.references] if column.references else [])}
        sources = {source for source in sources if not source.startswith(f"{table.qualified_name}.")}
        if sources:
            lineage[column.name] = [TableColumnDep(AssetKey(s.split(".")[:2]), s.split(".")[2]) for s in sorted(sources)]
    return {
        "dagster/column_schema": TableSchema(columns=columns),
        **({"dagster/column_lineage": TableColumnLineage(lineage)} if lineage else {}),
        "dagster/table_name": table.qualified_name,
        **({"partition_expr": "model"} if table.partitioned else {}),
    }


def _code_references(function: Callable[..., Any]) -> Mapping[str, Any]:
    path = inspect.getsourcefile(function) or ""
    line = function.__code__.co_firstlineno
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)
        references: list[LocalFileCodeReference | UrlCodeReference] = [LocalFileCodeReference(file_path=path, line_number=line)]
        settings = settings_if_right()
        if settings and settings.git_url:
            relative = path.removeprefix(f"{PROJECT_ROOT}/")
            url = f"{settings.git_url.rstrip('/')}/blob/main/{relative}#L{line}"
            references.append(UrlCodeReference(url=url, label=relative))
        # The modules tell which assets a changed file touches (roster/blast.py).
        modules = [module.removeprefix("lenovo_pipeline.") for module in reached_modules(function, whole=True)]
        return {"dagster/code_references": CodeReferencesMetadataValue(code_references=references), "code_modules": modules}
