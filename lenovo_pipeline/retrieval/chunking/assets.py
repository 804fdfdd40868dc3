"""The asset that compares ways of cutting texts. Thin by rule; the logic is imported inside it."""

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.gold.tables import EVIDENCE_TABLES, QRELS, QUESTIONS
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.tables import CHUNKING
from lenovo_pipeline.settings import Settings

_TEXTS = [table for table in enterprise.TABLES if table.name in EVIDENCE_TABLES]


@table_asset(CHUNKING, deps=_TEXTS, pure=True, questions=QUESTIONS, qrels=QRELS)
def chunking(
    context: AssetExecutionContext,
    questions: pd.DataFrame,
    qrels: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    encoder: ResourceParam[Encoder],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.retrieval.chunking.comparing import compare
    from lenovo_pipeline.retrieval.plots import strategies
    from lenovo_pipeline.retrieval.scoring import relevance_of

    made = compare(
        {table.name: warehouse.load(table) for table in _TEXTS},
        questions,
        relevance_of(qrels),
        encoder,
        limit=settings.chunk_tokens,
        profile=settings.profile,
        seed=settings.seed,
    )
    context.add_output_metadata(
        {"strategies": MetadataValue.md(markdown_table(made.round(3))), "picture": MetadataValue.md(strategies(made))}
    )
    return made
