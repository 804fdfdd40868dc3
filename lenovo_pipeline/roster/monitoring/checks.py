"""The checks of monitoring: nothing that was found in service is left lying."""

from dagster import AssetCheckSeverity, ResourceParam

from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.monitoring.tables import ALERTS, MONITORING


@violations_check(MONITORING, severity=AssetCheckSeverity.WARN)
def what_is_served_has_not_drifted(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No entry that runs is asked other things now than when it began."""
    from lenovo_pipeline.roster.monitoring.verify import drifted

    return drifted(warehouse.load(MONITORING))


@violations_check(ALERTS)
def breaches_end_in_a_rollback_within_seconds(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Every breach of a champion was handled, within 5 s where the monitor went on living."""
    from lenovo_pipeline.roster.monitoring.verify import slow_rollbacks

    return slow_rollbacks(warehouse.load(ALERTS))


@violations_check(ALERTS, severity=AssetCheckSeverity.WARN)
def alerts_go_out_by_every_channel(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No channel still owes an alert."""
    from lenovo_pipeline.roster.monitoring.verify import undelivered

    return undelivered(warehouse.load(ALERTS))
