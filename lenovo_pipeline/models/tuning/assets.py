"""The assets of stage `models` that customise a base model: training sets, adapters, full tuning, recipe search. Thin by rule.

The logic is imported inside the assets, so that loading the definitions stays quick.
"""

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.gold.tables import EVIDENCE_TABLES, QRELS, QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.models.tables import TRAINING_SETS
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

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
