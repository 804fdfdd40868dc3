"""The assets of monitoring: what was served, the alerts, and the canaries of challengers. Thin by rule."""

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, ResourceParam

from lenovo_pipeline.agents.running.tables import ATTEMPTS
from lenovo_pipeline.agents.tables import TASKS
from lenovo_pipeline.evaluation.tables import SCORES
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.monitoring.tables import ALERTS, CANARY, MONITORING
from lenovo_pipeline.roster.tables import DEPLOYMENTS
from lenovo_pipeline.settings import Settings


@table_asset(MONITORING, kinds={"sqlite"}, deps=[DEPLOYMENTS])
def monitoring(context: AssetExecutionContext, store: ResourceParam[Store]) -> pd.DataFrame:
    from lenovo_pipeline.roster.monitoring.log import MonitorLog
    from lenovo_pipeline.roster.monitoring.plots import draw
    from lenovo_pipeline.roster.monitoring.process import is_running
    from lenovo_pipeline.roster.monitoring.records import windows_frame

    made = windows_frame(MonitorLog(store.monitoring))
    drawn = draw(made)
    context.add_output_metadata(
        {
            "windows": len(made),
            "served": int(made["requests"].sum()) if len(made) else 0,
            "monitor_running": is_running(store),
            **({"plots": MetadataValue.md(drawn)} if drawn else {}),
        }
    )
    return made


@table_asset(ALERTS, kinds={"sqlite"}, deps=[MONITORING])
def alerts(context: AssetExecutionContext, store: ResourceParam[Store]) -> pd.DataFrame:
    from lenovo_pipeline.roster.monitoring.log import MonitorLog
    from lenovo_pipeline.roster.monitoring.records import alerts_frame

    made = alerts_frame(MonitorLog(store.monitoring))
    shown = made[["at", "use_case", "entry", "signal", "event", "message", "outcome"]].tail(20)
    context.add_output_metadata({"alerts": len(made), "latest": MetadataValue.md(markdown_table(shown))})
    return made


@table_asset(CANARY, deps=[DEPLOYMENTS, *SCORES.values(), ATTEMPTS, TASKS])
def canary(
    context: AssetExecutionContext,
    store: ResourceParam[Store],
    warehouse: ResourceParam[Warehouse],
    settings: ResourceParam[Settings],
) -> pd.DataFrame:
    from lenovo_pipeline.roster.deploying.book import Book
    from lenovo_pipeline.roster.monitoring.canaries import run_canaries
    from lenovo_pipeline.roster.monitoring.canary import NOT_JUDGED

    found, changes = run_canaries(Book(store.deployments), warehouse, settings)
    for change in changes:
        context.log.info(change)
    for each in found:
        if each.verdict == NOT_JUDGED:
            context.log.warning(f"{each.place}: {each.reason}")
    made = pd.DataFrame([each.as_row() for each in found], columns=list(CANARY.column_names))
    shown = made[["use_case", "champion", "challenger", "share", "requests", "verdict", "reason"]]
    context.add_output_metadata({"canaries": MetadataValue.md(markdown_table(shown)), "aborted": len(changes)})
    return made
