"""The assets of stage `models` that make a base model smaller: pruned, distilled, quantised, built for the edge. Thin by rule.

The logic is imported inside the assets, so that loading the definitions stays quick.
"""

from typing import TYPE_CHECKING

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.models.tables import (
    ADAPTERS,
    CATALOGUE,
    DISTILLED,
    EDGE_BUILDS,
    FOUNDATION,
    PRUNED,
    QUANTISED,
    TRAINING_SETS,
)
from lenovo_pipeline.partitions import MODEL_PARTITIONS
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.settings import Settings

if TYPE_CHECKING:
    from lenovo_pipeline.models.compression.making import Making


@table_asset(
    PRUNED, partitions_def=MODEL_PARTITIONS, kinds={"pytorch"}, foundation=FOUNDATION, catalogue=CATALOGUE, examples=TRAINING_SETS
)
def pruned(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    examples: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.models.builds import build_rows
    from lenovo_pipeline.models.compression.shrinking import pruned

    making = _making(context, foundation, catalogue, examples, inference, store, tracking, settings)
    rows = build_rows(pruned(making), PRUNED)
    _show_figures(context, rows)
    return rows


@table_asset(
    DISTILLED,
    partitions_def=MODEL_PARTITIONS,
    kinds={"pytorch"},
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    examples=TRAINING_SETS,
)
def distilled(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    examples: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.models.builds import build_rows
    from lenovo_pipeline.models.compression.shrinking import distilled

    making = _making(context, foundation, catalogue, examples, inference, store, tracking, settings)
    rows = build_rows(distilled(making), DISTILLED)
    _show_figures(context, rows)
    return rows


@table_asset(
    QUANTISED,
    partitions_def=MODEL_PARTITIONS,
    kinds={"onnx"},
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    examples=TRAINING_SETS,
    adapters=ADAPTERS,
)
def quantised(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    examples: pd.DataFrame,
    adapters: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.models.builds import build_rows
    from lenovo_pipeline.models.compression.quantising import quantised

    making = _making(context, foundation, catalogue, examples, inference, store, tracking, settings)
    rows = build_rows(quantised(making, rows_of(adapters)), QUANTISED)
    _show_passports(context, rows)
    return rows


@table_asset(
    EDGE_BUILDS,
    partitions_def=MODEL_PARTITIONS,
    kinds={"onnx"},
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    examples=TRAINING_SETS,
)
def edge_builds(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    examples: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.models.builds import build_rows
    from lenovo_pipeline.models.compression.quantising import edge_builds

    making = _making(context, foundation, catalogue, examples, inference, store, tracking, settings)
    rows = build_rows(edge_builds(making), EDGE_BUILDS)
    _show_passports(context, rows)
    return rows


def _making(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    examples: pd.DataFrame,
    inference: Inference,
    store: Store,
    tracking: Tracking,
    settings: Settings,
) -> "Making":
    from lenovo_pipeline.models.catalogue import require_row
    from lenovo_pipeline.models.compression.base import base_of
    from lenovo_pipeline.models.compression.making import Making
    from lenovo_pipeline.models.compression.recovery import read_examples

    (row,) = rows_of(foundation)
    base = base_of(row, require_row(catalogue.to_dict("records"), context.partition_key), inference)
    return Making(
        name=context.asset_key.path[-1],
        base=base,
        examples=read_examples(examples),
        store=store,
        tracking=tracking,
        profile=settings.profile,
        seed=settings.seed,
        say=context.log.info,
    )


def _show_passports(context: AssetExecutionContext, rows: pd.DataFrame) -> None:
    """Passports as a table, what was measured here as a picture, and how many of the builds are not the same files."""
    import base64

    from lenovo_pipeline.models.compression.passport import picture, shown

    passports = rows_of(rows[rows["format"] == "onnx"])
    drawn = base64.b64encode(picture([row for row in passports if row["measures"].get("runs_here", True)])).decode()
    context.add_output_metadata(
        {
            "passports": MetadataValue.md(
                markdown_table(pd.DataFrame(shown(passports))) + "\n\n~ is estimated; rows with the same files are one build."
            ),
            "picture": MetadataValue.md(f"![passports](data:image/png;base64,{drawn})"),
            "folders": len(rows),
            "builds": int(rows["artifact"].nunique()),
            "models": len({row["measures"]["model_hash"] for row in passports}),
        }
    )


def _show_figures(context: AssetExecutionContext, rows: pd.DataFrame) -> None:
    from lenovo_pipeline.models.compression.shrinking import shown

    context.add_output_metadata({"figures": MetadataValue.md(markdown_table(pd.DataFrame(shown(rows_of(rows)))))})
