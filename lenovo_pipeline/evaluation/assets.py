"""The assets of stage `evaluation`: the items, the scores of each kind of candidate, their headers and the leaderboard.

Thin by rule; the logic is imported inside the assets, so that loading the definitions stays quick. A kind of candidate is
one asset here, with a builder in kinds.py and a table in tables.py; everything after the scores takes the kinds from there.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dagster import AssetExecutionContext, AssetsDefinition, MetadataValue, ResourceParam

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.evaluation.builds import BUILD_TABLES, TABLES_OF
from lenovo_pipeline.evaluation.pressure_tables import BIAS, COMPARISONS, PROBES, ROBUSTNESS, STRESS
from lenovo_pipeline.evaluation.tables import (
    ADAPTER,
    BASELINES,
    CUSTOM_MODEL,
    HEADERS,
    ITEMS,
    LEADERBOARD,
    LIFT,
    MOBILE_MODEL,
    OF_MODELS,
    RAW_FOUNDATION,
    RETRIEVAL_WORKFLOW,
    SKILLS,
)
from lenovo_pipeline.gold.tables import QRELS, QUESTIONS
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.models.tables import CATALOGUE, FOUNDATION
from lenovo_pipeline.partitions import MODEL_PARTITIONS
from lenovo_pipeline.prompts.tables import ADVERSARIAL, COUNTERFACTUALS, EVALUATION_PROMPTS
from lenovo_pipeline.resources.assets import StoreReport, store_asset, table_asset
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

_RETRIEVAL = (
    "knowledge/keyword_index",
    "knowledge/vector_collections",
    "knowledge/graph",
    "embeddings/collections",
    "retrieval/hybrid_settings",
)
"""What retrieval answers from."""


@table_asset(ITEMS, questions=QUESTIONS, qrels=QRELS, chunks=CHUNKS)
def items(
    context: AssetExecutionContext,
    questions: pd.DataFrame,
    qrels: pd.DataFrame,
    chunks: pd.DataFrame,
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.items import BUILD_SIZES, SIZES, WORKFLOW_SIZES, make_items

    size, of_builds, of_workflows = (sizes[settings.profile] for sizes in (SIZES, BUILD_SIZES, WORKFLOW_SIZES))
    made = make_items(questions, qrels, chunks, size=size, of_builds=of_builds, of_workflows=of_workflows, seed=settings.seed)
    counts = made.groupby(["category", "language"]).size().unstack(fill_value=0).reset_index()
    context.add_output_metadata(
        {
            "questions": len(made),
            "of_builds": int(made["of_builds"].sum()),
            "of_workflows": int(made["of_workflows"].sum()),
            "by_stratum": MetadataValue.md(markdown_table(counts)),
        }
    )
    return made


@table_asset(BASELINES, deps=_RETRIEVAL, items=ITEMS, questions=QUESTIONS, chunks=CHUNKS)
def baselines(
    context: AssetExecutionContext,
    items: pd.DataFrame,
    questions: pd.DataFrame,
    chunks: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    vectors: ResourceParam[Vectors],
    encoder: ResourceParam[Encoder],
    graph_store: ResourceParam[GraphStore],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.items import asked_items
    from lenovo_pipeline.evaluation.keeping import scored
    from lenovo_pipeline.evaluation.kinds import baseline_contenders, retrieval_baseline
    from lenovo_pipeline.retrieval.candidate import evidence_base, retrieval_settings

    closed, opened = asked_items(items, questions, chunks)
    with evidence_base(warehouse, store, vectors, encoder, graph_store) as open_base:
        contenders = [
            *baseline_contenders(opened, settings.seed),
            retrieval_baseline(open_base, retrieval_settings(warehouse, store, encoder), closed),
        ]
        found = scored(contenders, BASELINES, warehouse, store, tracking, settings, say=context.log.info)
    context.add_output_metadata(found.metadata)
    return found.frame


@table_asset(
    RAW_FOUNDATION,
    partitions_def=MODEL_PARTITIONS,
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    items=ITEMS,
    questions=QUESTIONS,
    chunks=CHUNKS,
)
def raw_foundation(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    items: pd.DataFrame,
    questions: pd.DataFrame,
    chunks: pd.DataFrame,
    inference: ResourceParam[Inference],
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.items import asked_items
    from lenovo_pipeline.evaluation.keeping import scored
    from lenovo_pipeline.evaluation.kinds import raw_contenders
    from lenovo_pipeline.models.catalogue import require_row

    model = context.partition_key
    row = require_row(catalogue.to_dict("records"), model)
    closed, opened = asked_items(items, questions, chunks)
    resolved = {str(name): value for name, value in foundation.to_dict("records")[0].items()}
    with raw_contenders(resolved, row, inference, closed, opened) as contenders:
        found = scored(contenders, RAW_FOUNDATION, warehouse, store, tracking, settings, model=model, say=context.log.info)
    context.add_output_metadata(found.metadata)
    return found.frame


def _of_builds(table: Table) -> AssetsDefinition:
    """The asset of the scores of one kind of builds."""

    @table_asset(
        table,
        partitions_def=MODEL_PARTITIONS,
        deps=TABLES_OF[table.name],
        foundation=FOUNDATION,
        catalogue=CATALOGUE,
        items=ITEMS,
        questions=QUESTIONS,
        chunks=CHUNKS,
    )
    def scores_of_builds(
        context: AssetExecutionContext,
        foundation: pd.DataFrame,
        catalogue: pd.DataFrame,
        items: pd.DataFrame,
        questions: pd.DataFrame,
        chunks: pd.DataFrame,
        inference: ResourceParam[Inference],
        warehouse: ResourceParam[Warehouse],
        store: ResourceParam[Store],
        tracking: ResourceParam[Tracking],
        settings: ResourceParam[Settings],
    ) -> pd.DataFrame:
        from lenovo_pipeline.evaluation.items import asked_items
        from lenovo_pipeline.evaluation.keeping import scored_builds

        _, opened = asked_items(items[items["of_builds"]], questions, chunks)
        stores = (inference, warehouse, store, tracking, settings)
        found = scored_builds(table, foundation, catalogue, opened, *stores, say=context.log.info)
        context.add_output_metadata(found.metadata)
        return found.frame

    return scores_of_builds


adapter = _of_builds(ADAPTER)
custom_model = _of_builds(CUSTOM_MODEL)
mobile_model = _of_builds(MOBILE_MODEL)


@table_asset(
    RETRIEVAL_WORKFLOW,
    partitions_def=MODEL_PARTITIONS,
    deps=_RETRIEVAL,
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    items=ITEMS,
    questions=QUESTIONS,
    chunks=CHUNKS,
)
def retrieval_workflow(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    items: pd.DataFrame,
    questions: pd.DataFrame,
    chunks: pd.DataFrame,
    inference: ResourceParam[Inference],
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    vectors: ResourceParam[Vectors],
    encoder: ResourceParam[Encoder],
    graph_store: ResourceParam[GraphStore],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.items import asked_items, items_of
    from lenovo_pipeline.evaluation.keeping import scored
    from lenovo_pipeline.evaluation.kinds import workflow_contenders
    from lenovo_pipeline.models.catalogue import require_row
    from lenovo_pipeline.retrieval.candidate import evidence_base, retrieval_settings

    model = context.partition_key
    row = require_row(catalogue.to_dict("records"), model)
    closed, _ = asked_items(items_of(RETRIEVAL_WORKFLOW.name, items), questions, chunks)
    resolved = {str(name): value for name, value in foundation.to_dict("records")[0].items()}
    with (
        evidence_base(warehouse, store, vectors, encoder, graph_store) as open_base,
        workflow_contenders(
            resolved, row, inference, open_base, retrieval_settings(warehouse, store, encoder), closed
        ) as contenders,
    ):
        found = scored(contenders, RETRIEVAL_WORKFLOW, warehouse, store, tracking, settings, model=model, say=context.log.info)
    context.add_output_metadata(found.metadata)
    return found.frame


@table_asset(
    SKILLS,
    partitions_def=MODEL_PARTITIONS,
    deps=BUILD_TABLES,
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
)
def skills(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    inference: ResourceParam[Inference],
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.keeping import scored_skills

    found = scored_skills(
        foundation,
        catalogue,
        inference,
        warehouse,
        store,
        tracking,
        settings,
        say=context.log.info,
    )
    context.add_output_metadata(found.metadata)
    return found.frame


@table_asset(HEADERS, baselines=BASELINES, deps=[*OF_MODELS, SKILLS, PROBES])
def headers(baselines: pd.DataFrame, warehouse: ResourceParam[Warehouse]) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.figures import make_headers
    from lenovo_pipeline.evaluation.keeping import all_headed

    return make_headers(all_headed(warehouse))


@table_asset(LEADERBOARD, items=ITEMS, baselines=BASELINES, deps=[*OF_MODELS, HEADERS])
def leaderboard(
    context: AssetExecutionContext,
    items: pd.DataFrame,
    baselines: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.figures import make_leaderboard
    from lenovo_pipeline.evaluation.keeping import all_scores
    from lenovo_pipeline.evaluation.plots import draw
    from lenovo_pipeline.evaluation.showing import headline, shown

    made = make_leaderboard(all_scores(warehouse), items, seed=settings.seed)
    place = store.artifacts / "leaderboard"
    images = draw(made, place)
    context.add_output_metadata(
        {
            "headline": f"Leaderboard: {headline(made)}",
            "leaderboard": MetadataValue.md(shown(made)),
            **{name: MetadataValue.md(image) for name, image in images.items()},
            "path": store.relative(place),
        }
    )
    return made


@table_asset(LIFT, deps=[*OF_MODELS, SKILLS])
def lift(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.builds import stored_builds
    from lenovo_pipeline.evaluation.keeping import all_scores, stored_rows
    from lenovo_pipeline.evaluation.lift import make_lift
    from lenovo_pipeline.evaluation.plots import draw_lift
    from lenovo_pipeline.evaluation.showing import lift_headline, shown_lift, shown_unmet, shown_workflows

    made = make_lift(stored_builds(warehouse), all_scores(warehouse), stored_rows(warehouse, SKILLS), seed=settings.seed)
    place = store.artifacts / "lift"
    images = draw_lift(made, place)
    context.add_output_metadata(
        {
            "headline": f"Lift: {lift_headline(made)}",
            "lift": MetadataValue.md(shown_lift(made)),
            "workflows": MetadataValue.md(shown_workflows(made)),
            "not_eligible": MetadataValue.md(shown_unmet(made)),
            **{name: MetadataValue.md(image) for name, image in images.items()},
        }
    )
    return made


@table_asset(
    PROBES,
    partitions_def=MODEL_PARTITIONS,
    deps=[ADAPTER, CUSTOM_MODEL, MOBILE_MODEL],
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
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
    inference: ResourceParam[Inference],
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.pressing import scored_probes
    from lenovo_pipeline.evaluation.probes import SIZES, probe_items

    asked = probe_items(adversarial, counterfactuals, evaluation_prompts, SIZES[settings.profile])
    stores = (inference, warehouse, store, tracking, settings)
    found = scored_probes(foundation, catalogue, asked, *stores, say=context.log.info)
    context.add_output_metadata(found.metadata)
    return found.frame


@table_asset(ROBUSTNESS, partitions_def=MODEL_PARTITIONS, probes=PROBES, adversarial=ADVERSARIAL)
def robustness(
    context: AssetExecutionContext,
    probes: pd.DataFrame,
    adversarial: pd.DataFrame,
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.pressure_plots import draw_pressure
    from lenovo_pipeline.evaluation.robustness import make_robustness

    made = make_robustness(probes, adversarial, seed=settings.seed)
    images = draw_pressure(made, ROBUSTNESS, store.artifacts / "robustness" / context.partition_key)
    context.add_output_metadata({"robustness": MetadataValue.md(markdown_table(made)), **_shown(images)})
    return made


@table_asset(BIAS, partitions_def=MODEL_PARTITIONS, probes=PROBES, counterfactuals=COUNTERFACTUALS)
def bias(
    context: AssetExecutionContext,
    probes: pd.DataFrame,
    counterfactuals: pd.DataFrame,
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.bias import make_bias
    from lenovo_pipeline.evaluation.pressure_plots import draw_pressure

    made = make_bias(probes, counterfactuals, seed=settings.seed)
    images = draw_pressure(made, BIAS, store.artifacts / "bias" / context.partition_key)
    context.add_output_metadata({"bias": MetadataValue.md(markdown_table(made)), **_shown(images)})
    return made


@table_asset(
    STRESS,
    partitions_def=MODEL_PARTITIONS,
    foundation=FOUNDATION,
    catalogue=CATALOGUE,
    items=ITEMS,
    questions=QUESTIONS,
    chunks=CHUNKS,
)
def stress(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    items: pd.DataFrame,
    questions: pd.DataFrame,
    chunks: pd.DataFrame,
    inference: ResourceParam[Inference],
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.items import asked_items
    from lenovo_pipeline.evaluation.pressing import stressed
    from lenovo_pipeline.evaluation.pressure_plots import draw_pressure

    _, opened = asked_items(items, questions, chunks)
    made = stressed(foundation, catalogue, opened, inference, warehouse, settings, say=context.log.info)
    images = draw_pressure(made, STRESS, store.artifacts / "stress" / context.partition_key)
    context.add_output_metadata({"stress": MetadataValue.md(markdown_table(made)), **_shown(images)})
    return made


@table_asset(COMPARISONS, pure=True, leaderboard=LEADERBOARD)
def comparisons(
    context: AssetExecutionContext,
    leaderboard: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.comparing import compare_best
    from lenovo_pipeline.evaluation.keeping import all_scores

    made = compare_best(all_scores(warehouse), leaderboard, seed=settings.seed)
    context.add_output_metadata({"comparisons": MetadataValue.md(markdown_table(made))})
    return made


@store_asset(
    "evaluation",
    "report",
    description="One self-contained page of the leaderboard and one for each candidate, as HTML, CSV, JSON and Inspect logs.",
    kinds={"html", "mlflow"},
    columns=LEADERBOARD,
    leaderboard=LEADERBOARD,
    lift=LIFT,
    comparisons=COMPARISONS,
    questions=QUESTIONS,
    deps=[ROBUSTNESS, BIAS, STRESS, FOUNDATION],
)
def report(
    leaderboard: pd.DataFrame,
    lift: pd.DataFrame,
    comparisons: pd.DataFrame,
    questions: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    tracking: ResourceParam[Tracking],
    settings: ResourceParam[Settings],
) -> StoreReport:
    from lenovo_pipeline.evaluation.report.gathering import gathered
    from lenovo_pipeline.evaluation.report.writing import INDEX, write_report
    from lenovo_pipeline.resources.code_version import code_version

    evidence = gathered(leaderboard, lift, comparisons, questions, warehouse, store)
    targets = dict(zip(questions["question_id"], questions["answer"], strict=True))
    place = store.artifacts / "report"
    written = write_report(evidence, targets, place, code=code_version(write_report), seed=settings.seed)
    if written.changed:
        run = tracking.record("evaluation", "report/pages", metrics={"pages": written.pages}, tags={"report": written.version})
        tracking.client().log_artifacts(run.run_id, str(place), "report")
    index = place / INDEX
    return StoreReport(
        data_version=written.version,
        counts={"pages": written.pages, "bytes": written.bytes},
        metadata={
            "headline": f"Report: {index}",
            "path": store.relative(place),
            "page": MetadataValue.url(index.resolve().as_uri()),
        },
    )


def _shown(images: Mapping[str, str]) -> dict[str, MetadataValue[Any]]:
    return {f"{name}_picture": MetadataValue.md(image) for name, image in images.items()}
