"""The checks of stage `roster`: the graph of assets, the snapshot, and what must hold of costs, decisions and deployments."""

from collections.abc import Mapping, Set
from typing import Any

from dagster import AssetChecksDefinition, ResourceParam

from lenovo_pipeline.evaluation.agentic.tables import AGENTIC_WORKFLOW
from lenovo_pipeline.evaluation.tables import HEADERS, LEADERBOARD, SCORES
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.published import snapshot_problems
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.lineage import islands
from lenovo_pipeline.roster.tables import COST, DECISIONS, DEPLOYMENTS, ENTRIES
from lenovo_pipeline.settings import Settings


def lineage_check(dependencies: Mapping[str, Set[str]]) -> AssetChecksDefinition:
    """The check of the graph that `build_defs` wires, whose edges only it knows."""

    @violations_check("roster/published")
    def no_data_islands() -> list[str]:
        """Every asset is connected, and every asset that is not final is used by another one."""
        return islands(dependencies)

    return no_data_islands


@violations_check(COST, deps=[*SCORES.values()])
def costs_are_what_was_measured(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Every candidate has costs; they are the means of its scores, add up, and what is missing of them has a reason."""
    from lenovo_pipeline.roster.verify import wrong_costs

    query = (
        "SELECT candidate, avg(tokens_in) AS tokens_in, avg(tokens_out) AS tokens_out, avg(latency_s) AS answer_s FROM {}"
        " WHERE latency_s IS NOT NULL GROUP BY candidate"
    )
    measured = {}
    for name in (table.qualified_name for table in SCORES.values()):
        for candidate, *means in warehouse.rows_if_there(name, query.format(name), []) or ():
            measured[candidate] = dict(zip(("tokens_in", "tokens_out", "answer_s"), means, strict=True))
    return wrong_costs(warehouse.load(COST), measured)


@violations_check(DECISIONS, blocking=True, deps=[ENTRIES, LEADERBOARD, AGENTIC_WORKFLOW])
def baselines_stay_below_policy(warehouse: ResourceParam[Warehouse], settings: ResourceParam[Settings]) -> list[str]:
    """By their measured figures, always-refuse and random break a floor of every use case in every environment; so do agents
    in whose model's place nobody, or chance, decides.
    """
    from lenovo_pipeline.evaluation.keeping import stored_rows
    from lenovo_pipeline.roster.entries import figures_of
    from lenovo_pipeline.roster.policy import read_policy
    from lenovo_pipeline.roster.pressing import with_agents
    from lenovo_pipeline.roster.verify import accepted_baselines

    agents = with_agents({}, stored_rows(warehouse, AGENTIC_WORKFLOW), ("no-op", "random"))
    return accepted_baselines(read_policy(settings.policy), figures_of(warehouse.load(LEADERBOARD)), agents)


@violations_check(DECISIONS, blocking=True, deps=[HEADERS, AGENTIC_WORKFLOW])
def decisions_cite_existing_evidence(warehouse: ResourceParam[Warehouse], settings: ResourceParam[Settings]) -> list[str]:
    """Every decision in force where the policy still decides names headers that are kept; every one follows from its rules."""
    from lenovo_pipeline.evaluation.keeping import stored_rows
    from lenovo_pipeline.roster.policy import read_policy
    from lenovo_pipeline.roster.verify import unfounded_decisions

    agentic = stored_rows(warehouse, AGENTIC_WORKFLOW)
    kept = {*warehouse.load(HEADERS)["header"], *([] if agentic is None else agentic["header"])}
    entries = warehouse.load(ENTRIES)
    current = read_policy(settings.policy).decided(list(zip(entries["entry"], entries["kind"], strict=True)))
    return unfounded_decisions(warehouse.load(DECISIONS), kept, current)


@violations_check(DECISIONS, blocking=True)
def decision_log_is_as_written(warehouse: ResourceParam[Warehouse], store: ResourceParam[Store]) -> list[str]:
    """No decision was altered, removed, added or moved since it was written, nor was the log cut off."""
    from lenovo_pipeline.roster.log.decisions import DecisionLog
    from lenovo_pipeline.roster.log.heads import Heads

    return DecisionLog(warehouse, Heads(store.deployments)).problems()


@violations_check(DEPLOYMENTS, blocking=True, deps=[DECISIONS])
def one_production_entry_per_use_case(warehouse: ResourceParam[Warehouse], store: ResourceParam[Store]) -> list[str]:
    """At most one entry is active for an environment and use case, a decision in force lets it, and nobody altered the book."""
    from lenovo_pipeline.roster.deploying.book import Book
    from lenovo_pipeline.roster.verify import unlawful_deployments

    return unlawful_deployments(warehouse.load(DEPLOYMENTS), warehouse.load(DECISIONS), Book(store.deployments))


@violations_check(DEPLOYMENTS)
def mlflow_aliases_say_what_runs(
    warehouse: ResourceParam[Warehouse], store: ResourceParam[Store], tracking: ResourceParam[Tracking]
) -> list[str]:
    """Every registered model whose version runs somewhere has the alias of that place at it, and no other one has."""
    from lenovo_pipeline.evaluation.builds import stored_builds
    from lenovo_pipeline.roster.deploying.aliases import astray
    from lenovo_pipeline.roster.deploying.book import Book

    artifacts = {built.name: str(built.row["artifact"]) for built in stored_builds(warehouse)}
    return astray(tracking.client(), Book(store.deployments).running(), artifacts)


@violations_check("roster/dossier", deps=[DEPLOYMENTS])
def production_entries_have_their_dossier(warehouse: ResourceParam[Warehouse], store: ResourceParam[Store]) -> list[str]:
    """Every entry in production has a whole dossier of the decision that it runs by, and nothing else has one."""
    from lenovo_pipeline.roster.dossier.names import FOLDER
    from lenovo_pipeline.roster.dossier.writing import dossier_problems

    rows: list[Any] = warehouse.load(DEPLOYMENTS).to_dict("records")
    return dossier_problems(store.artifacts / FOLDER, [row for row in rows if row["environment"] == "production"])


@violations_check("roster/published", blocking=True)
def published_holds_the_warehouse(store: ResourceParam[Store], warehouse: ResourceParam[Warehouse]) -> list[str]:
    """The snapshot can be opened and holds every table of the warehouse with the same data version."""
    return snapshot_problems(store, warehouse)
