"""The assets of stage `models` that customise a base model: training sets, adapters, full tuning, recipe search. Thin by rule.

The logic is imported inside the assets, so that loading the definitions stays quick.
"""

from typing import TYPE_CHECKING

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.contracts.frames import rows_of
from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.gold.tables import EVIDENCE_TABLES, QRELS, QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.models.tables import (
    ADAPTER_SEARCH,
    ADAPTERS,
    CATALOGUE,
    FINE_TUNED,
    FOUNDATION,
    QLORA_ADAPTERS,
    TRAINING_SETS,
)
from lenovo_pipeline.partitions import MODEL_PARTITIONS
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

if TYPE_CHECKING:
    from lenovo_pipeline.models.builds import Build
    from lenovo_pipeline.models.tuning.customising import Customising

_EVIDENCE = [table for table in enterprise.TABLES if table.name in EVIDENCE_TABLES]


@table_asset(TRAINING_SETS, deps=_EVIDENCE, pure=True, questions=QUESTIONS, qrels=QRELS, chunks=CHUNKS)
def training_sets(
    context: AssetExecutionContext,
    questions: pd.DataFrame,
    qrels: pd.DataFrame,
    chunks: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.gold.records import evidence_records
    from lenovo_pipeline.models.tuning.training_sets import REHEARSALS, make_training_sets

    records = evidence_records({table.name: warehouse.load(table) for table in _EVIDENCE})
    rehearsals = REHEARSALS[settings.profile]
    made = make_training_sets(questions, qrels, chunks, records, rehearsals=rehearsals, seed=settings.seed)
    counts = made.groupby(["domain", "task", "split"]).size().reset_index(name="examples")
    context.add_output_metadata(
        {"version": made["version"].iloc[0], "examples": len(made), "by_task": MetadataValue.md(markdown_table(counts))}
    )
    return made


@table_asset(
    ADAPTERS,
    partitions_def=MODEL_PARTITIONS,
    kinds={"pytorch", "huggingface"},
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    training_sets=TRAINING_SETS,
)
def adapters(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    training_sets: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.models.builds import build_rows

    frames = (foundation, catalogue, training_sets)
    made = _customising("adapters", context, frames, inference, store, tracking, settings).adapters("lora")
    _show(context, made)
    return build_rows(made, ADAPTERS)


@table_asset(
    QLORA_ADAPTERS,
    partitions_def=MODEL_PARTITIONS,
    kinds={"pytorch", "huggingface"},
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    training_sets=TRAINING_SETS,
)
def qlora_adapters(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    training_sets: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.models.builds import build_rows

    frames = (foundation, catalogue, training_sets)
    made = _customising("qlora_adapters", context, frames, inference, store, tracking, settings).adapters("qlora")
    _show(context, made)
    return build_rows(made, QLORA_ADAPTERS)


@table_asset(
    FINE_TUNED,
    partitions_def=MODEL_PARTITIONS,
    kinds={"pytorch", "huggingface"},
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    training_sets=TRAINING_SETS,
)
def fine_tuned(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    training_sets: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.models.builds import build_rows

    frames = (foundation, catalogue, training_sets)
    made = _customising("fine_tuned", context, frames, inference, store, tracking, settings).fine_tuned()
    _show(context, made)
    return build_rows(made, FINE_TUNED)


@table_asset(
    ADAPTER_SEARCH,
    partitions_def=MODEL_PARTITIONS,
    kinds={"pytorch", "optuna"},
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    training_sets=TRAINING_SETS,
)
def adapter_search(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    training_sets: pd.DataFrame,
    inference: ResourceParam[Inference],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.models.tuning.search import search

    frames = (foundation, catalogue, training_sets)
    found = search(_customising("adapter_search", context, frames, inference, store, tracking, settings))
    rows = pd.DataFrame(found, columns=list(ADAPTER_SEARCH.column_names))
    context.add_output_metadata({"trials": MetadataValue.md(markdown_table(rows.sort_values("validation_loss")))})
    return rows


def _customising(
    asset: str,
    context: AssetExecutionContext,
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    inference: Inference,
    store: Store,
    tracking: Tracking,
    settings: Settings,
) -> "Customising":
    """What tuning the model of this partition needs; `frames` are foundation, catalogue and training sets.

    Raises SkippedPartition where its weights are not on this machine.
    """
    from lenovo_pipeline.models.catalogue import require_row
    from lenovo_pipeline.models.compression.base import base_of
    from lenovo_pipeline.models.tuning.customising import Customising
    from lenovo_pipeline.models.tuning.lessons import read_examples

    foundation, catalogue, training_sets = frames
    resolved = rows_of(foundation)[0]
    base = base_of(resolved, require_row(catalogue.to_dict("records"), context.partition_key), inference)
    return Customising(
        asset=asset,
        base=base,
        examples=read_examples(training_sets),
        store=store,
        tracking=tracking,
        profile=settings.profile,
        seed=settings.seed,
        say=context.log.info,
    )


def _show(context: AssetExecutionContext, made: "list[Build]") -> None:
    """What a person sees of the builds: what was measured, and their curves."""
    from lenovo_pipeline.models.tuning.plots import loss_curves

    rows = [
        {"build": each.build, "size_bytes": each.size_bytes, "validation_loss": each.validation_loss, **each.measures}
        for each in made
    ]
    context.add_output_metadata(
        {
            "builds": MetadataValue.md(markdown_table(pd.DataFrame(rows))),
            "loss": MetadataValue.md(loss_curves(made)),
            "mlflow_runs": MetadataValue.json({each.build: each.mlflow_run_id for each in made}),
            "paths": MetadataValue.json({each.build: each.path for each in made}),
        }
    )
