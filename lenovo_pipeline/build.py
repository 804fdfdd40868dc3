"""The one place where everything is wired, for production and tests alike."""

from collections.abc import Mapping
from typing import Any

from dagster import Definitions, in_process_executor, load_asset_checks_from_modules, load_assets_from_modules

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.enterprise import assets as enterprise_assets
from lenovo_pipeline.enterprise import checks as enterprise_checks
from lenovo_pipeline.enterprise.tables import TABLES as ENTERPRISE_TABLES
from lenovo_pipeline.resources.checks import contract_check
from lenovo_pipeline.resources.wiring import make_resources
from lenovo_pipeline.settings import Settings, get_settings

TABLES: dict[str, Table] = {table.qualified_name: table for table in (*ENTERPRISE_TABLES,)}
"""Every table of every stage, by its qualified name."""

_ASSET_MODULES = [enterprise_assets]
_CHECK_MODULES = [enterprise_checks]


def build_defs(*, settings: Settings | None = None, resources: Mapping[str, Any] | None = None) -> Definitions:
    """The code location for these settings (default: the environment's); `resources` replaces single resources by name."""
    settings = settings or get_settings()
    return Definitions(
        assets=load_assets_from_modules(_ASSET_MODULES),
        asset_checks=[
            *load_asset_checks_from_modules(_CHECK_MODULES),
            *(contract_check(table) for table in TABLES.values()),
        ],
        resources={**make_resources(settings, TABLES), **(resources or {})},
        # One process for all steps: a process each would import mlflow and the encoder's libraries again every time.
        executor=in_process_executor,
    )
