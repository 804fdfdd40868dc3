"""The checks of stage `roster`: so far those of the graph of assets and of the snapshot."""

from collections.abc import Mapping, Set

from dagster import AssetChecksDefinition, ResourceParam

from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.published import snapshot_problems
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.lineage import islands


def lineage_check(dependencies: Mapping[str, Set[str]]) -> AssetChecksDefinition:
    """The check of the graph that `build_defs` wires, whose edges only it knows."""

    @violations_check("roster/published")
    def no_data_islands() -> list[str]:
        """Every asset is connected, and every asset that is not final is used by another one."""
        return islands(dependencies)

    return no_data_islands


@violations_check("roster/published", blocking=True)
def published_holds_the_warehouse(store: ResourceParam[Store], warehouse: ResourceParam[Warehouse]) -> list[str]:
    """The snapshot can be opened and holds every table of the warehouse with the same data version."""
    return snapshot_problems(store, warehouse)
