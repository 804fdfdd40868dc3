"""The assets of stage `evaluation`: the items, the scores of each kind of candidate, their headers and the leaderboard.

Thin by rule; the logic is imported inside the assets, so that loading the definitions stays quick. A kind of candidate is
one asset here, with a builder in kinds.py and a table in tables.py; everything after the scores takes the kinds from there.
What presses candidates stands in pressure/assets.py.
"""

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
from dagster import AssetExecutionContext, AssetsDefinition, MetadataValue, ResourceParam

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.builds import BUILD_TABLES, TABLES_OF
from lenovo_pipeline.evaluation.pressure.tables import BIAS, PROBES, ROBUSTNESS, STRESS
from lenovo_pipeline.evaluation.tables import (
    ADAPTER,
    BASELINES,
    COMPARISONS,
    CUSTOM_MODEL,
    HEADERS,
    ITEMS,
    JUDGEMENTS,
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
from lenovo_pipeline.resources.asking import Asking
from lenovo_pipeline.resources.assets import StoreReport, store_asset, table_asset
from lenovo_pipeline.resources.encoders import Encoder
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

if TYPE_CHECKING:
    from lenovo_pipeline.evaluation.keeping import Kept

_RETRIEVAL = (
    "knowledge/keyword_index",
    "knowledge/vector_collections",
    "knowledge/graph",
    "embeddings/collections",
    "retrieval/hybrid_settings",
)
"""What retrieval answers from."""

of_model = partial(table_asset, partitions_def=MODEL_PARTITIONS, foundation=FOUNDATION, catalogue=CATALOGUE)
"""An asset of one model; `asked_gold`: for which candidates are asked the gold questions."""
asked_gold = partial(of_model, items=ITEMS, questions=QUESTIONS, chunks=CHUNKS)


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
    asking: ResourceParam[Asking],
    vectors: ResourceParam[Vectors],
    encoder: ResourceParam[Encoder],
    graph_store: ResourceParam[GraphStore],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.items import asked_items
    from lenovo_pipeline.evaluation.keeping import scored
    from lenovo_pipeline.evaluation.kinds import baseline_contenders, retrieval_baseline
    from lenovo_pipeline.retrieval.candidate import evidence_base, retrieval_settings

    closed, opened = asked_items(items, questions, chunks)
    warehouse, store = asking.warehouse, asking.store
    with evidence_base(warehouse, store, vectors, encoder, graph_store) as open_base:
        retrieval = retrieval_baseline(open_base, retrieval_settings(warehouse, store, encoder), closed)
        contenders = [*baseline_contenders(opened, asking.settings.seed), retrieval]
        return told(context, scored(contenders, BASELINES, asking, say=context.log.info))


@asked_gold(RAW_FOUNDATION)
def raw_foundation(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    items: pd.DataFrame,
    questions: pd.DataFrame,
    chunks: pd.DataFrame,
    asking: ResourceParam[Asking],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.items import asked_items
    from lenovo_pipeline.evaluation.keeping import resolved_model, scored
    from lenovo_pipeline.evaluation.kinds import raw_contenders

    resolved = resolved_model(foundation, catalogue)
    with raw_contenders(*resolved, asking.inference, *asked_items(items, questions, chunks)) as contenders:
        return told(context, scored(contenders, RAW_FOUNDATION, asking, model=resolved.model, say=context.log.info))


def _of_builds(table: Table) -> AssetsDefinition:
    """The asset of the scores of one kind of builds."""

    @asked_gold(table, deps=TABLES_OF[table.name])
    def scores_of_builds(
        context: AssetExecutionContext,
        foundation: pd.DataFrame,
        catalogue: pd.DataFrame,
        items: pd.DataFrame,
        questions: pd.DataFrame,
        chunks: pd.DataFrame,
        asking: ResourceParam[Asking],
    ) -> pd.DataFrame:
        from lenovo_pipeline.evaluation.items import asked_items
        from lenovo_pipeline.evaluation.keeping import scored_builds

        _, opened = asked_items(items[items["of_builds"]], questions, chunks)
        return told(context, scored_builds(table, foundation, catalogue, opened, asking, say=context.log.info))

    return scores_of_builds


adapter = _of_builds(ADAPTER)
custom_model = _of_builds(CUSTOM_MODEL)
mobile_model = _of_builds(MOBILE_MODEL)


@asked_gold(RETRIEVAL_WORKFLOW, deps=_RETRIEVAL)
def retrieval_workflow(
    context: AssetExecutionContext,
    foundation: pd.DataFrame,
    catalogue: pd.DataFrame,
    items: pd.DataFrame,
    questions: pd.DataFrame,
    chunks: pd.DataFrame,
    asking: ResourceParam[Asking],
    vectors: ResourceParam[Vectors],
    encoder: ResourceParam[Encoder],
    graph_store: ResourceParam[GraphStore],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.items import asked_items, items_of
    from lenovo_pipeline.evaluation.keeping import resolved_model, scored
    from lenovo_pipeline.evaluation.kinds import workflow_contenders
    from lenovo_pipeline.retrieval.candidate import evidence_base, retrieval_settings

    resolved = resolved_model(foundation, catalogue)
    closed, _ = asked_items(items_of(RETRIEVAL_WORKFLOW.name, items), questions, chunks)
    warehouse, store = asking.warehouse, asking.store
    how = retrieval_settings(warehouse, store, encoder)
    with (
        evidence_base(warehouse, store, vectors, encoder, graph_store) as open_base,
        workflow_contenders(*resolved, asking.inference, open_base, how, closed) as contenders,
    ):
        return told(context, scored(contenders, RETRIEVAL_WORKFLOW, asking, model=resolved.model, say=context.log.info))


@of_model(SKILLS, deps=BUILD_TABLES)
def skills(
    context: AssetExecutionContext, foundation: pd.DataFrame, catalogue: pd.DataFrame, asking: ResourceParam[Asking]
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.keeping import scored_skills

    return told(context, scored_skills(foundation, catalogue, asking, say=context.log.info))


@table_asset(JUDGEMENTS, deps=[*OF_MODELS, QUESTIONS, CATALOGUE])
def judgements(context: AssetExecutionContext, asking: ResourceParam[Asking]) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.judging import judged_answers

    return told(context, judged_answers(asking, say=context.log.info, warn=context.log.warning))


@table_asset(HEADERS, baselines=BASELINES, deps=[*OF_MODELS, SKILLS, PROBES, JUDGEMENTS])
def headers(baselines: pd.DataFrame, warehouse: ResourceParam[Warehouse]) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.figures import make_headers
    from lenovo_pipeline.evaluation.keeping import all_headed

    return make_headers(all_headed(warehouse))


@table_asset(
    LEADERBOARD,
    items=ITEMS,
    questions=QUESTIONS,
    chunks=CHUNKS,
    baselines=BASELINES,
    deps=[*OF_MODELS, JUDGEMENTS, HEADERS],
)
def leaderboard(
    context: AssetExecutionContext,
    items: pd.DataFrame,
    questions: pd.DataFrame,
    chunks: pd.DataFrame,
    baselines: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.figures import make_leaderboard
    from lenovo_pipeline.evaluation.items import hashes_now
    from lenovo_pipeline.evaluation.keeping import all_scores, stored_rows
    from lenovo_pipeline.evaluation.plots import draw
    from lenovo_pipeline.evaluation.showing import headline, shown

    judged = stored_rows(warehouse, JUDGEMENTS)
    asked = hashes_now(items, questions, chunks)
    made = make_leaderboard(all_scores(warehouse), asked, seed=settings.seed, judgements=judged)
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


@table_asset(COMPARISONS, pure=True, leaderboard=LEADERBOARD)
def comparisons(
    context: AssetExecutionContext,
    leaderboard: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.comparing import compare_best
    from lenovo_pipeline.evaluation.keeping import all_scores

    made, skipped = compare_best(all_scores(warehouse), leaderboard, seed=settings.seed)
    context.add_output_metadata(
        {
            "comparisons": MetadataValue.md(markdown_table(made)),
            **({"not_compared": MetadataValue.md("\n".join(f"- {why}" for why in skipped))} if skipped else {}),
        }
    )
    return made


@store_asset(
    "evaluation",
    "report",
    description="A self-contained page of the leaderboard and one of each candidate and agent: HTML, CSV, JSON and Inspect logs.",
    kinds={"html", "mlflow"},
    columns=LEADERBOARD,
    leaderboard=LEADERBOARD,
    lift=LIFT,
    comparisons=COMPARISONS,
    questions=QUESTIONS,
    deps=[ROBUSTNESS, BIAS, STRESS, AGENTIC_WORKFLOW, FOUNDATION],
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
    place = store.artifacts / "report"
    written = write_report(evidence, place, code=code_version(write_report), seed=settings.seed)
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


def told(context: AssetExecutionContext, found: "Kept") -> pd.DataFrame:
    """The rows of scores, with what the UI says of them."""
    context.add_output_metadata(found.metadata)
    return found.frame
