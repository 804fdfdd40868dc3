"""The one place where everything is wired, for production and tests alike."""

from collections.abc import Mapping
from typing import Any

from dagster import (
    AssetsDefinition,
    AssetSpec,
    AutomationCondition,
    Definitions,
    in_process_executor,
    load_asset_checks_from_modules,
    load_assets_from_modules,
)

from lenovo_pipeline.agents import assets as agents_assets
from lenovo_pipeline.agents import checks as agents_checks
from lenovo_pipeline.agents.running import assets as running_assets
from lenovo_pipeline.agents.running import checks as running_checks
from lenovo_pipeline.agents.running.tables import TABLES as RUNNING_TABLES
from lenovo_pipeline.agents.tables import TABLES as AGENTS_TABLES
from lenovo_pipeline.automation.conditions import follow_data_versions, follow_made_partitions
from lenovo_pipeline.automation.jobs import ASSET_JOBS, OTHER_JOBS
from lenovo_pipeline.automation.schedules import SCHEDULES
from lenovo_pipeline.automation.sensors import make_sensors
from lenovo_pipeline.contracts import Table
from lenovo_pipeline.embeddings import assets as embeddings_assets
from lenovo_pipeline.embeddings import checks as embeddings_checks
from lenovo_pipeline.embeddings.tables import TABLES as EMBEDDINGS_TABLES
from lenovo_pipeline.enterprise import assets as enterprise_assets
from lenovo_pipeline.enterprise import checks as enterprise_checks
from lenovo_pipeline.enterprise.tables import TABLES as ENTERPRISE_TABLES
from lenovo_pipeline.evaluation import assets as evaluation_assets
from lenovo_pipeline.evaluation import checks as evaluation_checks
from lenovo_pipeline.evaluation.agentic import assets as agentic_assets
from lenovo_pipeline.evaluation.agentic import checks as agentic_checks
from lenovo_pipeline.evaluation.agentic.tables import TABLES as AGENTIC_TABLES
from lenovo_pipeline.evaluation.pressure import assets as pressure_assets
from lenovo_pipeline.evaluation.pressure.tables import PRESSURE_TABLES
from lenovo_pipeline.evaluation.tables import TABLES as EVALUATION_TABLES
from lenovo_pipeline.gold import assets as gold_assets
from lenovo_pipeline.gold import checks as gold_checks
from lenovo_pipeline.gold.tables import TABLES as GOLD_TABLES
from lenovo_pipeline.knowledge import assets as knowledge_assets
from lenovo_pipeline.knowledge import checks as knowledge_checks
from lenovo_pipeline.knowledge.tables import TABLES as KNOWLEDGE_TABLES
from lenovo_pipeline.models import assets as models_assets
from lenovo_pipeline.models import checks as models_checks
from lenovo_pipeline.models.compression import assets as compression_assets
from lenovo_pipeline.models.compression import checks as compression_checks
from lenovo_pipeline.models.registry import assets as registry_assets
from lenovo_pipeline.models.registry import checks as registry_checks
from lenovo_pipeline.models.tables import TABLES as MODELS_TABLES
from lenovo_pipeline.models.tuning import assets as tuning_assets
from lenovo_pipeline.models.tuning import checks as tuning_checks
from lenovo_pipeline.prompts import assets as prompts_assets
from lenovo_pipeline.prompts import checks as prompts_checks
from lenovo_pipeline.prompts.tables import TABLES as PROMPTS_TABLES
from lenovo_pipeline.resources.checks import contract_check
from lenovo_pipeline.resources.wiring import make_resources
from lenovo_pipeline.retrieval import assets as retrieval_assets
from lenovo_pipeline.retrieval import checks as retrieval_checks
from lenovo_pipeline.retrieval.chunking import assets as chunking_assets
from lenovo_pipeline.retrieval.reranking import assets as reranking_assets
from lenovo_pipeline.retrieval.tables import TABLES as RETRIEVAL_TABLES
from lenovo_pipeline.roster import assets as roster_assets
from lenovo_pipeline.roster import checks as roster_checks
from lenovo_pipeline.roster.monitoring import assets as monitoring_assets
from lenovo_pipeline.roster.monitoring import checks as monitoring_checks
from lenovo_pipeline.roster.monitoring.tables import TABLES as MONITORING_TABLES
from lenovo_pipeline.roster.tables import TABLES as ROSTER_TABLES
from lenovo_pipeline.settings import Settings, get_settings
from lenovo_pipeline.uploads import assets as uploads_assets
from lenovo_pipeline.uploads import checks as uploads_checks
from lenovo_pipeline.uploads.tables import TABLES as UPLOADS_TABLES

TABLES: dict[str, Table] = {
    table.qualified_name: table
    for table in (
        *ENTERPRISE_TABLES,
        *UPLOADS_TABLES,
        *KNOWLEDGE_TABLES,
        *GOLD_TABLES,
        *PROMPTS_TABLES,
        *MODELS_TABLES,
        *EMBEDDINGS_TABLES,
        *RETRIEVAL_TABLES,
        *AGENTS_TABLES,
        *RUNNING_TABLES,
        *EVALUATION_TABLES,
        *PRESSURE_TABLES,
        *AGENTIC_TABLES,
        *ROSTER_TABLES,
        *MONITORING_TABLES,
    )
}
"""Every table of every stage, by its qualified name."""

_ASSET_MODULES = [
    enterprise_assets,
    uploads_assets,
    knowledge_assets,
    gold_assets,
    prompts_assets,
    models_assets,
    tuning_assets,
    compression_assets,
    registry_assets,
    embeddings_assets,
    retrieval_assets,
    agents_assets,
    running_assets,
    reranking_assets,
    chunking_assets,
    evaluation_assets,
    pressure_assets,
    agentic_assets,
    roster_assets,
    monitoring_assets,
]
_CHECK_MODULES = [
    enterprise_checks,
    uploads_checks,
    knowledge_checks,
    gold_checks,
    prompts_checks,
    models_checks,
    tuning_checks,
    compression_checks,
    registry_checks,
    embeddings_checks,
    retrieval_checks,
    agents_checks,
    running_checks,
    evaluation_checks,
    agentic_checks,
    roster_checks,
    monitoring_checks,
]


def build_defs(*, settings: Settings | None = None, resources: Mapping[str, Any] | None = None) -> Definitions:
    """The code location for these settings (default: the environment's); `resources` replaces single resources by name."""
    settings = settings or get_settings()
    assets = [asset for asset in load_assets_from_modules(_ASSET_MODULES) if isinstance(asset, AssetsDefinition)]
    return Definitions(
        assets=[_following(asset) for asset in assets],
        asset_checks=[
            *load_asset_checks_from_modules(_CHECK_MODULES),
            *(contract_check(table) for table in TABLES.values()),
            roster_checks.lineage_check(_dependencies(assets)),
        ],
        jobs=[*ASSET_JOBS, *OTHER_JOBS],
        schedules=SCHEDULES,
        resources={**make_resources(settings, TABLES), "graph": _graph(assets), **(resources or {})},
        sensors=make_sensors(settings),
        # One process for all steps: a process each would import mlflow and the encoder's libraries again every time.
        executor=in_process_executor,
    )


def _following(asset: AssetsDefinition) -> AssetsDefinition:
    """The asset with the automation condition that every asset with inputs has; a root is made by schedules and sensors."""
    return asset.map_asset_specs(
        lambda spec: spec.replace_attributes(automation_condition=_condition(spec)) if spec.deps else spec
    )


def _condition(spec: AssetSpec) -> AutomationCondition[Any]:
    return follow_data_versions() if spec.partitions_def is None else follow_made_partitions()


def _graph(assets: list[AssetsDefinition]) -> dict[str, dict[str, Any]]:
    """What the snapshot's manifest says of each asset: what it is made from, its code version and the modules of its code."""
    sources = _dependencies(assets)
    return {
        "/".join(spec.key.path): {
            "deps": sorted(sources["/".join(spec.key.path)]),
            "code_version": spec.code_version,
            "modules": spec.metadata["code_modules"],
        }
        for asset in assets
        for spec in asset.specs
    }


def _dependencies(assets: list[AssetsDefinition]) -> dict[str, set[str]]:
    return {
        "/".join(spec.key.path): {"/".join(dep.asset_key.path) for dep in spec.deps} for asset in assets for spec in asset.specs
    }
