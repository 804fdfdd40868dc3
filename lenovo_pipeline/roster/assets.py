"""The assets of stage `roster`: policy, costs, entries, decisions, deployments, and the snapshot that all outside a run read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
from dagster import AssetExecutionContext, AssetKey, AssetRecordsFilter, MetadataValue, ResourceParam

from lenovo_pipeline.agents.running.tables import ATTEMPTS, REPLAYS
from lenovo_pipeline.agents.tables import TASKS
from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.builds import BUILD_TABLES
from lenovo_pipeline.evaluation.pressure.tables import BIAS, ROBUSTNESS
from lenovo_pipeline.evaluation.tables import HEADERS, ITEMS, LEADERBOARD, LIFT, SCORES
from lenovo_pipeline.gold.tables import QUESTIONS
from lenovo_pipeline.knowledge.tables import ANALYTICS, CHUNKS, STORE_AGREEMENT
from lenovo_pipeline.models.tables import ADAPTER_CHAMPIONS, ADAPTER_SEARCH, CATALOGUE, FOUNDATION, TRAINING_SETS
from lenovo_pipeline.prompts.tables import ADVERSARIAL, COUNTERFACTUALS, EXTERNAL, LIBRARY
from lenovo_pipeline.resources.assets import StoreReport, store_asset, table_asset
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.tables import ABLATION, CHUNKING
from lenovo_pipeline.roster.monitoring.tables import ALERTS, CANARY, MONITORING
from lenovo_pipeline.roster.tables import COST, DECISIONS, DEPLOYMENTS, ENTRIES, POLICY_RULES, PUBLISHED_TABLES
from lenovo_pipeline.settings import Settings
from lenovo_pipeline.uploads.tables import REJECTS, ROWS

if TYPE_CHECKING:
    from lenovo_pipeline.roster.policy import Policy
    from lenovo_pipeline.roster.rules import Entry


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
        {"use_case": name, "environment": environment, "target": use_case.target or "any", "floor": floor.text}
        for name, use_case in found.use_cases.items()
        for environment in use_case.environments
        for floor in use_case.of(environment).floors
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


@table_asset(
    ENTRIES,
    leaderboard=LEADERBOARD,
    lift=LIFT,
    catalogue=CATALOGUE,
    costs=COST,
    headers=HEADERS,
    items=ITEMS,
    questions=QUESTIONS,
    chunks=CHUNKS,
    deps=[FOUNDATION, ROBUSTNESS, BIAS, AGENTIC_WORKFLOW, ATTEMPTS, TASKS, *BUILD_TABLES],
)
def entries(
    leaderboard: pd.DataFrame,
    lift: pd.DataFrame,
    catalogue: pd.DataFrame,
    costs: pd.DataFrame,
    headers: pd.DataFrame,
    items: pd.DataFrame,
    questions: pd.DataFrame,
    chunks: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
) -> pd.DataFrame:
    from lenovo_pipeline.evaluation.builds import stored_builds
    from lenovo_pipeline.evaluation.keeping import stored_rows
    from lenovo_pipeline.roster.entries import Beside, make_entries
    from lenovo_pipeline.roster.outdated import outdated_attempts, outdated_scores, together

    agentic = stored_rows(warehouse, AGENTIC_WORKFLOW)
    outdated = together(
        outdated_scores(headers, items, questions, chunks),
        outdated_attempts(agentic, stored_rows(warehouse, ATTEMPTS), stored_rows(warehouse, TASKS)),
    )
    beside = Beside(costs, agentic, stored_rows(warehouse, ROBUSTNESS), stored_rows(warehouse, BIAS), outdated)
    return make_entries(leaderboard, catalogue, stored_rows(warehouse, FOUNDATION), stored_builds(warehouse), lift, beside)


@store_asset(
    "roster",
    "decisions",
    description=DECISIONS.description,
    kinds={"duckdb"},
    columns=DECISIONS,
    deps=["roster/policy", ROBUSTNESS, BIAS, AGENTIC_WORKFLOW, ATTEMPTS, TASKS],
    entries=ENTRIES,
    leaderboard=LEADERBOARD,
)
def decisions(
    context: AssetExecutionContext,
    entries: pd.DataFrame,
    leaderboard: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
) -> StoreReport:
    from lenovo_pipeline.evaluation.keeping import all_scores, stored_rows
    from lenovo_pipeline.roster.challenging import Duels, LooksTaken, done_of
    from lenovo_pipeline.roster.decide import decide, headline
    from lenovo_pipeline.roster.deploying.book import Book
    from lenovo_pipeline.roster.entries import entries_of, figures_of
    from lenovo_pipeline.roster.log.decisions import DecisionLog
    from lenovo_pipeline.roster.log.heads import Heads
    from lenovo_pipeline.roster.moment import moment_of
    from lenovo_pipeline.roster.policy import read_policy
    from lenovo_pipeline.roster.pressing import with_agents, with_pressure
    from lenovo_pipeline.roster.record import record_decided_on, record_decisions

    figures = with_pressure(figures_of(leaderboard), stored_rows(warehouse, ROBUSTNESS), stored_rows(warehouse, BIAS))
    figures = with_agents(figures, stored_rows(warehouse, AGENTIC_WORKFLOW))
    book, rules, candidates = Book(store.deployments), read_policy(settings.policy), entries_of(entries)
    book.require_whole()
    running = book.running()
    champions = {(each.environment, each.use_case): each.entry for each in running}
    done = done_of(all_scores(warehouse), stored_rows(warehouse, ATTEMPTS), stored_rows(warehouse, TASKS))
    duels = Duels(done, settings.seed)
    log, now = DecisionLog(warehouse, Heads(store.deployments)), datetime.now(UTC).replace(tzinfo=None)
    known = log.rows()
    moment = moment_of(known, book, now, _dates(context, warehouse, rules, candidates), log.heads.accepted())
    found = decide(rules, candidates, figures, champions, duels.against, LooksTaken(known, duels), moment.against)
    written, added = record_decisions(log, found, now)
    record_decided_on(book, found, moment, running)
    verdicts = [decision.verdict for decision in found]
    shown = [
        {"use case": each.use_case, "entry": each.entry.entry, "verdict": each.verdict, "reason": each.reason}
        for each in found
        if each.environment == "production"
    ]
    return StoreReport(
        data_version=written.digest,
        counts={"decisions": written.rows, "added": added, **{each: verdicts.count(each) for each in sorted(set(verdicts))}},
        metadata={
            "headline": f"Roster: {headline(found, figures)}",
            "in_production": MetadataValue.md(markdown_table(pd.DataFrame(shown))),
        },
    )


def _dates(
    context: AssetExecutionContext, warehouse: Warehouse, policy: "Policy", entries: Sequence["Entry"]
) -> dict[tuple[str, str], datetime]:
    """When each evaluation that the policy asks for was last made (UTC): as Dagster knows, else as its rows were written."""
    from lenovo_pipeline.roster.moment import evidence_of

    rules = [use_case.of(name) for use_case in policy.use_cases.values() for name in use_case.environments]
    needed = {made for rule in rules for entry in entries for made in evidence_of(rule, entry)}
    found = {}
    for asset, model in sorted(needed):
        partitions = [model] if model else None
        made = context.instance.fetch_materializations(
            AssetRecordsFilter(AssetKey(asset.split("/")), asset_partitions=partitions), limit=1
        )
        written = warehouse.rows_if_there(
            "pipeline.tables",
            "SELECT written_at FROM pipeline.tables WHERE qualified_name = ? AND model = ?",
            [asset.replace("/", "."), model],
        )
        if made.records:
            found[asset, model] = datetime.fromtimestamp(made.records[0].timestamp, UTC).replace(tzinfo=None)
        elif written:
            found[asset, model] = written[0][0]
    return found


@store_asset(
    "roster",
    "deployments",
    description=DEPLOYMENTS.description,
    kinds={"duckdb", "mlflow"},
    columns=DEPLOYMENTS,
    deps=[DECISIONS, ADAPTER_CHAMPIONS, *BUILD_TABLES],
    entries=ENTRIES,
)
def deployments(
    context: AssetExecutionContext,
    entries: pd.DataFrame,
    warehouse: ResourceParam[Warehouse],
    store: ResourceParam[Store],
    settings: ResourceParam[Settings],
    tracking: ResourceParam[Tracking],
) -> StoreReport:
    from lenovo_pipeline.evaluation.builds import stored_builds
    from lenovo_pipeline.roster.deploying.aliases import follow
    from lenovo_pipeline.roster.deploying.book import Book
    from lenovo_pipeline.roster.log.decisions import DecisionLog
    from lenovo_pipeline.roster.log.heads import Heads
    from lenovo_pipeline.roster.policy import read_policy
    from lenovo_pipeline.roster.record import record_deployments

    policy = read_policy(settings.policy)
    current = policy.decided(list(zip(entries["entry"], entries["kind"], strict=True)))
    approval = {(environment, name) for name, use_case in policy.use_cases.items() for environment in use_case.approval}
    log, book = DecisionLog(warehouse, Heads(store.deployments)), Book(store.deployments)
    made = record_deployments(log, book, current, approval)
    artifacts = {built.name: str(built.row["artifact"]) for built in stored_builds(warehouse)}
    told = follow(tracking.client(), book.running(), artifacts)
    for line in (*made.changes, *made.waiting):
        context.log.info(line)
    return StoreReport(
        data_version=made.written.digest,
        counts={
            "active": made.written.rows,
            "changes": len(made.changes),
            "waiting": len(made.waiting),
            "mlflow_aliases": told.backed,
            "moved_mlflow_aliases": told.moved + told.removed,
        },
        metadata={
            "changes_made": MetadataValue.md("\n".join(f"- {line}" for line in made.changes) or "none"),
            "what_waits": MetadataValue.md("\n".join(f"- {line}" for line in made.waiting) or "nothing"),
        },
    )


@store_asset(
    "roster",
    "dossier",
    description="A folder for each production entry: model card, dataset card, licences, bill of materials, evidence, lineage.",
    kinds={"html", "json"},
    columns=DEPLOYMENTS,
    deps=[ENTRIES, DECISIONS, DEPLOYMENTS, HEADERS, LEADERBOARD, ROBUSTNESS, BIAS, AGENTIC_WORKFLOW, TRAINING_SETS, EXTERNAL],
)
def dossier(
    store: ResourceParam[Store],
    warehouse: ResourceParam[Warehouse],
    graph: ResourceParam[dict[str, Any]],
) -> StoreReport:
    from lenovo_pipeline.resources.code_version import code_version
    from lenovo_pipeline.roster.deploying.book import Book
    from lenovo_pipeline.roster.dossier.gathering import dossiers, not_running
    from lenovo_pipeline.roster.dossier.names import FOLDER, INDEX
    from lenovo_pipeline.roster.dossier.packages import packages
    from lenovo_pipeline.roster.dossier.writing import write_dossiers

    installed, empty = packages(), not_running(warehouse)
    found = dossiers(warehouse, Book(store.deployments), graph, installed)
    place = store.artifacts / FOLDER
    written = write_dossiers(found, empty, installed, place, code=code_version(write_dossiers))
    lines = [f"- {each['use_case']}: {each['entry']}" for each in found]
    lines += [
        f"- {each['use_case']}: nothing runs; {near['entry']}: {near['reason']}" for each in empty for near in each["nearest"][:1]
    ]
    return StoreReport(
        data_version=written.version,
        counts={"dossiers": written.dossiers, "bytes": written.bytes, "packages": len(installed)},
        metadata={
            "headline": f"Dossiers: {written.dossiers}, {place / INDEX}",
            "production": MetadataValue.md("\n".join(lines) or "nothing was decided"),
            "path": store.relative(place),
            "page": MetadataValue.url((place / INDEX).resolve().as_uri()),
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
        "roster/dossier",
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
