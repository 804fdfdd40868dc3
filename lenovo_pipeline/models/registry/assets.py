"""The assets of stage `models` that adapters end in: combinations, merged models, the registry, its champions. Thin by rule.

The logic is imported inside the assets, so that loading the definitions stays quick.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.models.tables import (
    ADAPTER_CHAMPIONS,
    ADAPTER_REGISTRY,
    ADAPTERS,
    CATALOGUE,
    COMPOSED_ADAPTERS,
    DROPPED_ADAPTERS,
    FOUNDATION,
    MERGED,
    QLORA_ADAPTERS,
    QUANTISED,
    TRAINING_SETS,
)
from lenovo_pipeline.partitions import MODEL_PARTITIONS
from lenovo_pipeline.resources.assets import StoreReport, store_asset, table_asset
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

if TYPE_CHECKING:
    from lenovo_pipeline.models.compression.base import Base

SOURCES = (ADAPTERS, QLORA_ADAPTERS, COMPOSED_ADAPTERS, QUANTISED, DROPPED_ADAPTERS)
"""The tables whose builds of format `adapter` are registered."""


@table_asset(
    COMPOSED_ADAPTERS,
    partitions_def=MODEL_PARTITIONS,
    kinds={"pytorch", "huggingface"},
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    adapters=ADAPTERS,
    training_sets=TRAINING_SETS,
)
def composed_adapters(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    adapters: pd.DataFrame,
    training_sets: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.models.builds import build_rows
    from lenovo_pipeline.models.registry.composing import Composing
    from lenovo_pipeline.models.tuning.lessons import read_examples

    made = Composing(
        base=_base(context, foundation, catalogue, inference),
        adapters=_records(adapters),
        examples=read_examples(training_sets),
        store=store,
        profile=settings.profile,
        seed=settings.seed,
        say=context.log.info,
    ).composed()
    losses = [*made[0].measures["losses"].items(), *((build.build, build.validation_loss) for build in made)]
    context.add_output_metadata(
        {
            "losses": MetadataValue.md(markdown_table(pd.DataFrame(losses, columns=["build", "validation loss (nat/token)"]))),
            "weights": MetadataValue.json(dict(made[0].measures["weights"])),
        }
    )
    return build_rows(made, COMPOSED_ADAPTERS)


@table_asset(
    MERGED,
    partitions_def=MODEL_PARTITIONS,
    kinds={"pytorch", "huggingface"},
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    adapters=ADAPTERS,
    composed=COMPOSED_ADAPTERS,
    training_sets=TRAINING_SETS,
)
def merged(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    adapters: pd.DataFrame,
    composed: pd.DataFrame,
    training_sets: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.models.builds import build_rows
    from lenovo_pipeline.models.registry.merging import Merging, best_adapter
    from lenovo_pipeline.models.tuning.lessons import read_examples

    base = _base(context, foundation, catalogue, inference)
    merging = Merging(base, read_examples(training_sets), store, settings.profile, context.log.info)
    made = merging.merged(best_adapter(_records(adapters), _records(composed)))
    context.add_output_metadata({"build": made.build, "path": made.path, **made.measures})
    return build_rows([made], MERGED)


@table_asset(
    DROPPED_ADAPTERS,
    partitions_def=MODEL_PARTITIONS,
    kinds={"huggingface", "file"},
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
)
def dropped_adapters(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.models.builds import build_rows
    from lenovo_pipeline.models.registry.dropped import folders_of, take

    # Where nobody dropped anything, the base's weights need not be on this machine.
    found = folders_of(settings.adapters, context.partition_key)
    taken = take(found, _base(context, foundation, catalogue, inference), store) if found else None
    for name, problems in (taken.refused if taken else {}).items():
        context.log.warning(f"{settings.adapters / context.partition_key / name} is left alone: {'; '.join(problems)}")
    context.add_output_metadata({"refusals": MetadataValue.json(taken.refused if taken else {})})
    return build_rows(taken.builds if taken else [], DROPPED_ADAPTERS)


@store_asset(
    "models",
    "adapter_registry",
    description=ADAPTER_REGISTRY.description,
    kinds={"duckdb", "huggingface"},
    partitions_def=MODEL_PARTITIONS,
    columns=ADAPTER_REGISTRY,
    deps=SOURCES,
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
)
def adapter_registry(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    warehouse: ResourceParam[Warehouse],
) -> StoreReport:
    from lenovo_pipeline.models.registry.register import current_adapters, data_version, register, registered
    from lenovo_pipeline.resources.inference.model_folder import identify

    model = context.partition_key
    base = _base(context, foundation, catalogue, inference)
    builds = current_adapters(warehouse, SOURCES, model)
    done = register(store, warehouse, builds, identify(base.folder), datetime.now(UTC).replace(tzinfo=None))
    for build, problems in done.refused.items():
        context.log.warning(f"{build} is refused: {'; '.join(problems)}")
    rows = registered(warehouse, model)
    shown = pd.DataFrame(rows, columns=["build", "version", "artifact", "validation_loss", "size_bytes", "rank"])
    return StoreReport(
        data_version=data_version(rows),
        counts={"adapters": len(rows), "added": len(done.added), "repaired": len(done.repaired), "refused": len(done.refused)},
        metadata={"registered": MetadataValue.md(markdown_table(shown)), "refusals": MetadataValue.json(done.refused)},
    )


@store_asset(
    "models",
    "adapter_champions",
    description=ADAPTER_CHAMPIONS.description,
    kinds={"duckdb", "mlflow"},
    partitions_def=MODEL_PARTITIONS,
    columns=ADAPTER_CHAMPIONS,
    deps=[ADAPTER_REGISTRY, *SOURCES],
    foundation=FOUNDATION,
)
def adapter_champions(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    store: ResourceParam[Store],
    warehouse: ResourceParam[Warehouse],
    tracking: ResourceParam[Tracking],
) -> StoreReport:
    from lenovo_pipeline.models.registry.champions import champions_of, choose, data_version
    from lenovo_pipeline.models.registry.mlflow_models import synchronise
    from lenovo_pipeline.models.registry.register import current_adapters, registered

    model = context.partition_key
    rows = registered(warehouse, model)
    known = {(row["build"], row["artifact"]) for row in rows}
    current = [row for row in current_adapters(warehouse, SOURCES, model) if (row["build"], row["artifact"]) in known]
    revision = _records(foundation)[0]["revision"]
    for change in choose(warehouse, model, revision, current, datetime.now(UTC).replace(tzinfo=None)):
        context.log.info(change)
    champions = champions_of(warehouse, model)
    told = synchronise(tracking.client(), store, rows, champions, uri=tracking.uri)
    shown = pd.DataFrame(champions, columns=["domain", "build", "champion", "previous", "chosen_by", "reason"])
    return StoreReport(
        data_version=data_version(champions),
        counts={
            "champions": len(champions),
            "new_mlflow_models": told.new_models,
            "new_mlflow_versions": told.new_versions,
            "moved_mlflow_aliases": told.moved_aliases,
        },
        metadata={"used": MetadataValue.md(markdown_table(shown))},
    )


def _base(context: AssetExecutionContext, foundation: pd.DataFrame, catalogue: pd.DataFrame, inference: Inference) -> "Base":
    """The base model of this partition. Raises SkippedPartition where its weights are not on this machine."""
    from lenovo_pipeline.models.catalogue import require_row
    from lenovo_pipeline.models.compression.base import base_of

    (row,) = _records(foundation)
    return base_of(row, require_row(catalogue.to_dict("records"), context.partition_key), inference)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[Any] = frame.to_dict("records")
    return rows
