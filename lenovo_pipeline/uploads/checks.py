"""The checks of stage `uploads`: what must hold of the user's files once they are loaded."""

from dagster import AssetCheckSeverity, ResourceParam

from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.uploads import accounting
from lenovo_pipeline.uploads.tables import FILES


@violations_check(FILES, blocking=True)
def rows_accounted_for(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Per file, rows read are rows loaded plus rows rejected, and the tables hold as many as the inventory says."""
    with warehouse.read() as connection:
        return accounting.unaccounted(connection)


@violations_check(FILES, blocking=True)
def typed_tables_hold_the_rows(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """The typed tables hold exactly the rows of uploads.rows, and none is left of a file that is gone."""
    with warehouse.read() as connection:
        return accounting.unlike_their_rows(connection)


@violations_check(FILES, severity=AssetCheckSeverity.WARN)
def no_file_failed(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Every file could be read, with all its rows, and none is there twice."""
    with warehouse.read() as connection:
        return accounting.failed_files(connection)
