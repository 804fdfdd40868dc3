"""The assets of stage `prompts`: templates, imported collections, and prompts to evaluate with. Thin by rule.

The logic is imported inside the assets, so that loading the definitions stays quick.
"""

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.enterprise import tables as enterprise
from lenovo_pipeline.prompts.tables import ADVERSARIAL, COUNTERFACTUALS, EVALUATION_PROMPTS, EXTERNAL, LIBRARY
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

WORLD: tuple[Table, ...] = (
    enterprise.DEVICES,
    enterprise.FIRMWARE,
    enterprise.COMPONENTS,
    enterprise.DEPARTMENTS,
    enterprise.INCIDENTS,
    enterprise.PROCESSES,
    enterprise.PROCESS_METRICS,
    enterprise.CUSTOMERS,
    enterprise.JOURNEYS,
    enterprise.DOCUMENTS,
    enterprise.SUPPORT_ARTICLES,
    enterprise.TECHNICAL_DOCS,
)
"""The tables that evaluation prompts are made from."""


@table_asset(LIBRARY, kinds={"yaml", "mlflow"})
def library(context: AssetExecutionContext, settings: ResourceParam[Settings], tracking: ResourceParam[Tracking]) -> pd.DataFrame:
    from lenovo_pipeline.prompts.library import library_table, load_library
    from lenovo_pipeline.prompts.registry import synchronise

    found = load_library(settings.prompts)
    for problem in found.problems:
        context.log.warning(f"Rejected: {problem}")
    registered = synchronise(tracking.client(), found.entries)
    for sentence in registered.same_number:
        context.log.warning(f"{sentence}; raise `version` in its YAML, so that people see it too")
    made = library_table(found, dict(registered.versions))
    counts = made.groupby(["library", "sub_domain", "language"]).size().unstack(fill_value=0).reset_index()
    context.add_output_metadata(
        {
            "rejected": len(found.problems),
            "problems": MetadataValue.md("\n".join(f"- {problem}" for problem in found.problems) or "none"),
            "new_prompts": registered.new_prompts,
            "new_versions": registered.new_versions,
            "moved_aliases": registered.moved_aliases,
            "templates": MetadataValue.md(markdown_table(counts)),
        }
    )
    return made


@table_asset(EXTERNAL, kinds={"csv"})
def external(context: AssetExecutionContext, settings: ResourceParam[Settings], store: ResourceParam[Store]) -> pd.DataFrame:
    from lenovo_pipeline.privacy import load_tombstones
    from lenovo_pipeline.prompts.external import EMPTY, import_collections

    imported = import_collections(settings.prompts / "external", load_tombstones(store.root).redact_text)
    counts = imported.groupby(["collection", "licence", "status"], dropna=False).size().reset_index(name="rows")
    context.add_output_metadata(
        {
            "by_collection": MetadataValue.md(EMPTY if imported.empty else markdown_table(counts)),
            "flagged": int((imported["flags"].map(len) > 0).sum()) if len(imported) else 0,
        }
    )
    if imported.empty:
        context.log.info(EMPTY)
    return imported


@table_asset(EVALUATION_PROMPTS, deps=WORLD, pure=True)
def evaluation_prompts(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse], settings: ResourceParam[Settings]
) -> pd.DataFrame:
    from lenovo_pipeline.prompts.evaluation.balance import balance_report
    from lenovo_pipeline.prompts.evaluation.make import make_evaluation_prompts

    frames = {table.name: warehouse.load(table) for table in WORLD}
    made = make_evaluation_prompts(frames, settings.seed, settings.effective_scale)
    context.add_output_metadata({"balance": MetadataValue.md(balance_report(made))})
    return made


@table_asset(ADVERSARIAL, pure=True, evaluation_prompts=EVALUATION_PROMPTS)
def adversarial(
    context: AssetExecutionContext, evaluation_prompts: pd.DataFrame, settings: ResourceParam[Settings]
) -> pd.DataFrame:
    from lenovo_pipeline.prompts.adversarial.apply import kinds_table, make_adversarial

    context.add_output_metadata({"scenarios": MetadataValue.md(markdown_table(kinds_table()))})
    return make_adversarial(evaluation_prompts, settings.seed)


@table_asset(COUNTERFACTUALS, pure=True, evaluation_prompts=EVALUATION_PROMPTS)
def counterfactuals(
    context: AssetExecutionContext, evaluation_prompts: pd.DataFrame, settings: ResourceParam[Settings]
) -> pd.DataFrame:
    from lenovo_pipeline.prompts.counterfactuals import make_counterfactuals

    made = make_counterfactuals(evaluation_prompts, settings.seed)
    counts = made.groupby(["characteristic", "language"]).size().unstack(fill_value=0).reset_index()
    context.add_output_metadata({"pairs": MetadataValue.md(markdown_table(counts))})
    return made
