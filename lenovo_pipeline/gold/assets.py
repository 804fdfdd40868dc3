"""The assets of stage `gold`: the questions and what is relevant to each. Thin by rule."""

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.gold.tables import QRELS, QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.settings import Settings


@table_asset(
    QUESTIONS,
    devices=enterprise.DEVICES,
    firmware=enterprise.FIRMWARE,
    components=enterprise.COMPONENTS,
    departments=enterprise.DEPARTMENTS,
    incidents=enterprise.INCIDENTS,
    processes=enterprise.PROCESSES,
    customers=enterprise.CUSTOMERS,
    journeys=enterprise.JOURNEYS,
    documents=enterprise.DOCUMENTS,
    support_articles=enterprise.SUPPORT_ARTICLES,
    technical_docs=enterprise.TECHNICAL_DOCS,
    pure=True,
)
def questions(
    context: AssetExecutionContext,
    devices: pd.DataFrame,
    firmware: pd.DataFrame,
    components: pd.DataFrame,
    departments: pd.DataFrame,
    incidents: pd.DataFrame,
    processes: pd.DataFrame,
    customers: pd.DataFrame,
    journeys: pd.DataFrame,
    documents: pd.DataFrame,
    support_articles: pd.DataFrame,
    technical_docs: pd.DataFrame,
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    # The phrase banks are imported here, so that loading the definitions stays quick.
    from lenovo_pipeline.gold.balance import balance
    from lenovo_pipeline.gold.make import make_questions

    frames = {
        "devices": devices,
        "firmware": firmware,
        "components": components,
        "departments": departments,
        "incidents": incidents,
        "processes": processes,
        "customers": customers,
        "journeys": journeys,
        "documents": documents,
        "support_articles": support_articles,
        "technical_docs": technical_docs,
    }
    made = make_questions(frames, settings.seed, settings.effective_scale)
    counts = made.groupby(["category", "split"]).size().unstack(fill_value=0).reset_index()
    context.add_output_metadata(
        {"balance": MetadataValue.json(balance(made)), "by_category": MetadataValue.md(markdown_table(counts))}
    )
    return made


@table_asset(QRELS, questions=QUESTIONS, chunks=CHUNKS, pure=True)
def qrels(questions: pd.DataFrame, chunks: pd.DataFrame) -> pd.DataFrame:
    from lenovo_pipeline.gold.qrels import make_qrels

    return make_qrels(questions, chunks)
