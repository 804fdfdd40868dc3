"""The assets of stage `roster`: policy, costs, entries, decisions, deployments, and the snapshot that all outside a run read."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.agents.running.tables import ATTEMPTS, REPLAYS
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.builds import BUILD_TABLES
from lenovo_pipeline.evaluation.pressure_tables import BIAS, ROBUSTNESS
from lenovo_pipeline.evaluation.tables import HEADERS, LEADERBOARD, LIFT, SCORES
from lenovo_pipeline.knowledge.tables import ANALYTICS, STORE_AGREEMENT
from lenovo_pipeline.models.tables import ADAPTER_CHAMPIONS, ADAPTER_SEARCH, CATALOGUE, FOUNDATION
from lenovo_pipeline.prompts.tables import ADVERSARIAL, COUNTERFACTUALS, EXTERNAL, LIBRARY
from lenovo_pipeline.resources.assets import StoreReport, store_asset, table_asset
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.tables import ABLATION, CHUNKING
from lenovo_pipeline.roster.monitoring.tables import ALERTS, CANARY, MONITORING
from lenovo_pipeline.roster.tables import COST, DECISIONS, DEPLOYMENTS, ENTRIES, POLICY_RULES, PUBLISHED_TABLES
from lenovo_pipeline.settings import Settings
from lenovo_pipeline.uploads.tables import REJECTS, ROWS


@store_asset(
    "roster",
    "policy",
    description="What a candidate must show for each use case: data/policy/roster.yaml, read and found sound.",
    kinds={"yaml"},
    columns=POLICY_RULES,
)
def policy(settings: ResourceParam[Settings]) -> StoreReport:
    from lenovo_pipeline.roster.policy import policy_version, read_policy

    found = read_policy(settings.policy)
    floors = [
        {"use_case": name, "target": use_case.target or "any", "floor": floor.text}
        for name, use_case in found.use_cases.items()
        for floor in use_case.floors
    ]
    return StoreReport(
        data_version=policy_version(settings.policy),
        counts={"use_cases": len(found.use_cases), "floors": len(floors)},
        metadata={"policy": MetadataValue.md(markdown_table(pd.DataFrame(floors)))},
    )


@table_asset(
    COST,
    leaderboard=LEADERBOARD,
    catalogue=CATALOGUE,
    deps=["roster/policy", *SCORES.values(), *BUILD_TABLES, FOUNDATION, AGENTIC_WORKFLOW, ATTEMPTS],
)
def cost(
    context: AssetExecutionContext,
    leaderboard: pd.DataFrame,
    catalogue: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.roster.cost_plots import draw_costs, headline, shown
    from lenovo_pipeline.roster.costs import make_costs, stored_sources
    from lenovo_pipeline.roster.policy import read_policy

    made = make_costs(stored_sources(warehouse, catalogue), read_policy(settings.policy).costs)
    images = draw_costs(made, leaderboard, store.artifacts / "cost")
    context.add_output_metadata(
        {
            "headline": f"Costs: {headline(made)}",
            "costs": MetadataValue.md(shown(made)),
            **{name: MetadataValue.md(image) for name, image in images.items()},
        }
    )
    return made


@table_asset(ENTRIES, leaderboard=LEADERBOARD, lift=LIFT, catalogue=CATALOGUE, costs=COST, deps=[FOUNDATION, HEADERS])
def entries(
    leaderboard: pd.DataFrame,
    lift: pd.DataFrame,
    catalogue: pd.DataFrame,
    costs: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.builds import stored_builds
    from lenovo_pipeline.evaluation.keeping import stored_rows
    from lenovo_pipeline.roster.entries import make_entries

    return make_entries(leaderboard, catalogue, stored_rows(warehouse, FOUNDATION), stored_builds(warehouse), lift, costs)


@store_asset(
    "roster",
    "decisions",
    description=DECISIONS.description,
    kinds={"duckdb"},
    columns=DECISIONS,
    deps=["roster/policy", ROBUSTNESS, BIAS],
    entries=ENTRIES,
    leaderboard=LEADERBOARD,
)
def decisions(
    entries: pd.DataFrame,
    leaderboard: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> StoreReport:
    from lenovo_pipeline.evaluation.keeping import all_scores, stored_rows
    from lenovo_pipeline.roster.challenging import Duels, LooksTaken
    from lenovo_pipeline.roster.decide import decide, headline
    from lenovo_pipeline.roster.deploying.book import Book
    from lenovo_pipeline.roster.entries import entries_of, figures_of
    from lenovo_pipeline.roster.log.decisions import DecisionLog
    from lenovo_pipeline.roster.log.heads import Heads
    from lenovo_pipeline.roster.policy import read_policy
    from lenovo_pipeline.roster.pressing import with_pressure
    from lenovo_pipeline.roster.record import record_decisions

    figures = with_pressure(figures_of(leaderboard), stored_rows(warehouse, ROBUSTNESS), stored_rows(warehouse, BIAS))
    champions = {(each.environment, each.use_case): each.entry for each in Book(store.deployments).running()}
    duels = Duels(all_scores(warehouse), settings.seed)
    log = DecisionLog(warehouse, Heads(store.deployments))
    looks = LooksTaken(log.rows(), duels)
    found = decide(read_policy(settings.policy), entries_of(entries), figures, champions, duels.against, looks)
    written, added = record_decisions(log, found, datetime.now(UTC).replace(tzinfo=None))
    verdicts = [decision.verdict for decision in found]
    shown = [
        {"use case": each.use_case, "entry": each.entry.entry, "verdict": each.verdict, "reason": each.reason} for each in found
    ]
    return StoreReport(
        data_version=written.digest,
        counts={"decisions": written.rows, "added": added, **{each: verdicts.count(each) for each in sorted(set(verdicts))}},
        metadata={
            "headline": f"Roster: {headline(found, figures)}",
            "in_force": MetadataValue.md(markdown_table(pd.DataFrame(shown))),
        },
    )


@store_asset(
    "roster",
    "deployments",
    description=DEPLOYMENTS.description,
    kinds={"duckdb"},
    columns=DEPLOYMENTS,
    deps=[DECISIONS],
    entries=ENTRIES,
)
def deployments(
    context: AssetExecutionContext,
    entries: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> StoreReport:
    from lenovo_pipeline.roster.deploying.book import Book
    from lenovo_pipeline.roster.log.decisions import DecisionLog
    from lenovo_pipeline.roster.log.heads import Heads
    from lenovo_pipeline.roster.policy import read_policy
    from lenovo_pipeline.roster.record import record_deployments

    use_cases = read_policy(settings.policy).use_cases
    current = [(use_case, entry) for use_case in use_cases for entry in entries["entry"]]
    approval = {(environment, name) for name, use_case in use_cases.items() for environment in use_case.approval}
    log = DecisionLog(warehouse, Heads(store.deployments))
    made = record_deployments(log, Book(store.deployments), current, approval)
    for line in (*made.changes, *made.waiting):
        context.log.info(line)
    return StoreReport(
        data_version=made.written.digest,
        counts={"active": made.written.rows, "changes": len(made.changes), "waiting": len(made.waiting)},
        metadata={
            "changes_made": MetadataValue.md("\n".join(f"- {line}" for line in made.changes) or "none"),
            "what_waits": MetadataValue.md("\n".join(f"- {line}" for line in made.waiting) or "nothing"),
        },
    )


@store_asset(
    "roster",
    "published",
    description="The snapshot of the warehouse, with a manifest of data versions, that everything outside a run reads.",
    kinds={"duckdb"},
    columns=PUBLISHED_TABLES,
    deps=[
        ANALYTICS,
        STORE_AGREEMENT,
        "gold/questions",
        "gold/qrels",
        "knowledge/keyword_index",
        ROWS,
        REJECTS,
        DECISIONS,
        DEPLOYMENTS,
        LIBRARY,
        EXTERNAL,
        ADVERSARIAL,
        COUNTERFACTUALS,
        ADAPTER_CHAMPIONS,
        ADAPTER_SEARCH,
        ABLATION,
        "evaluation/report",
        AGENTIC_WORKFLOW,
        REPLAYS,
        CHUNKING,
        MONITORING,
        ALERTS,
        CANARY,
    ],
)
def published(
    store: ResourceParam[Store],
    warehouse: ResourceParam[Warehouse],
    settings: ResourceParam[Settings],
    graph: ResourceParam[dict[str, Any]],
) -> StoreReport:
    made_by = {"profile": settings.profile, "scale": settings.effective_scale, "seed": settings.seed}
    snapshot = publish(store, warehouse, made_by=made_by, graph=graph)
    return StoreReport(
        data_version=snapshot.version,
        counts={"tables": snapshot.tables, "rows": snapshot.rows, "bytes": snapshot.bytes},
        metadata={"changed": snapshot.changed, "path": store.relative(store.published)},
    )
