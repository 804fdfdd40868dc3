"""The assets of pressure on candidates: probes and what they show of robustness and bias, and stress.

Thin by rule; the logic is imported inside the assets, so that loading the definitions stays quick.
"""

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.evaluation.assets import asked_gold, of_model, told
from lenovo_pipeline.evaluation.pressure.tables import BIAS, PROBES, ROBUSTNESS, STRESS
from lenovo_pipeline.evaluation.tables import ADAPTER, CUSTOM_MODEL, MOBILE_MODEL
from lenovo_pipeline.partitions import MODEL_PARTITIONS
from lenovo_pipeline.prompts.tables import ADVERSARIAL, COUNTERFACTUALS, EVALUATION_PROMPTS
from lenovo_pipeline.resources.asking import Asking
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import Settings


@of_model(
    PROBES,
    deps=[ADAPTER, CUSTOM_MODEL, MOBILE_MODEL],
    adversarial=ADVERSARIAL,
    counterfactuals=COUNTERFACTUALS,
    evaluation_prompts=EVALUATION_PROMPTS,
)
def probes(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    adversarial: pd.DataFrame,
    counterfactuals: pd.DataFrame,
    evaluation_prompts: pd.DataFrame,
    asking: ResourceParam[Asking],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.pressure.asking import scored_probes
    from lenovo_pipeline.evaluation.pressure.probes import SIZES, probe_items

    asked = probe_items(adversarial, counterfactuals, evaluation_prompts, SIZES[asking.settings.profile])
    return told(context, scored_probes(foundation, catalogue, asked, asking, say=context.log.info))


@table_asset(ROBUSTNESS, partitions_def=MODEL_PARTITIONS, probes=PROBES, adversarial=ADVERSARIAL)
def robustness(
    context: AssetExecutionContext,
    probes: pd.DataFrame,
    adversarial: pd.DataFrame,
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.pressure.robustness import make_robustness

    return _drawn(context, make_robustness(probes, adversarial, seed=settings.seed), ROBUSTNESS, store)


@table_asset(BIAS, partitions_def=MODEL_PARTITIONS, probes=PROBES, counterfactuals=COUNTERFACTUALS)
def bias(
    context: AssetExecutionContext,
    probes: pd.DataFrame,
    counterfactuals: pd.DataFrame,
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.pressure.bias import make_bias

    return _drawn(context, make_bias(probes, counterfactuals, seed=settings.seed), BIAS, store)


@asked_gold(STRESS)
def stress(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    items: pd.DataFrame,
    questions: pd.DataFrame,
    chunks: pd.DataFrame,
    asking: ResourceParam[Asking],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.items import asked_items
    from lenovo_pipeline.evaluation.pressure.asking import stressed

    _, opened = asked_items(items, questions, chunks)
    return _drawn(context, stressed(foundation, catalogue, opened, asking, say=context.log.info), STRESS, asking.store)


def _drawn(context: AssetExecutionContext, made: pd.DataFrame, table: Table, store: Store) -> pd.DataFrame:
    """The rows of a table of pressure on one model, with the table and its pictures in the UI."""
    from lenovo_pipeline.evaluation.pressure.plots import draw_pressure

    images = draw_pressure(made, table, store.artifacts / table.name / context.partition_key)
    pictures = {f"{name}_picture": MetadataValue.md(image) for name, image in images.items()}
    context.add_output_metadata({table.name: MetadataValue.md(markdown_table(made)), **pictures})
    return made
