"""The checks of what adapters end in: combinations, merged models, the registry, and what MLflow says of it.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

from dagster import AssetCheckSeverity, ResourceParam

from lenovo_pipeline.models.registry.assets import SOURCES
from lenovo_pipeline.models.tables import (
    ADAPTER_CHAMPIONS,
    ADAPTER_REGISTRY,
    COMPOSED_ADAPTERS,
    DROPPED_ADAPTERS,
    FOUNDATION,
    MERGED,
)
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings


@violations_check(ADAPTER_REGISTRY, deps=SOURCES)
def every_adapter_is_registered(warehouse: ResourceParam[Warehouse], store: ResourceParam[Store]) -> list[str]:
    """Each adapter that is made now is in the registry; one that was refused is named with its problems."""
    from lenovo_pipeline.models.registry.verifying import unregistered

    return unregistered(store, warehouse, SOURCES)


@violations_check(ADAPTER_REGISTRY)
def registered_adapters_are_whole(warehouse: ResourceParam[Warehouse], store: ResourceParam[Store]) -> list[str]:
    """The registry's copy of every version of every adapter is there, with the content of its row."""
    from lenovo_pipeline.models.registry.verifying import damaged

    return damaged(store, warehouse)


@violations_check(ADAPTER_REGISTRY, severity=AssetCheckSeverity.WARN, deps=[DROPPED_ADAPTERS])
def dropped_adapters_are_new(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No adapter that was dropped is a copy of one that the pipeline made: as a copy it is not evaluated again."""
    from lenovo_pipeline.models.registry.verifying import dropped_again

    return dropped_again(warehouse, DROPPED_ADAPTERS)


@violations_check(ADAPTER_REGISTRY, severity=AssetCheckSeverity.WARN)
def adapters_take_at_most_50_mib(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """25 adapters over one base fit into one process: none takes more than 50 MiB."""
    from lenovo_pipeline.models.registry.verifying import too_large

    return too_large(warehouse)


@violations_check(ADAPTER_CHAMPIONS)
def mlflow_holds_every_adapter(warehouse: ResourceParam[Warehouse], tracking: ResourceParam[Tracking]) -> list[str]:
    """The MLflow model registry has a version of every adapter, and its aliases point where the champions say."""
    from lenovo_pipeline.models.registry.champions import champions_of
    from lenovo_pipeline.models.registry.mlflow_models import disagreements
    from lenovo_pipeline.models.registry.register import registered

    return disagreements(tracking.client(), registered(warehouse), champions_of(warehouse))


@violations_check(ADAPTER_CHAMPIONS, severity=AssetCheckSeverity.WARN, deps=[FOUNDATION])
def champions_fit_the_present_base(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Every champion was made for the base model that its partition resolves to now."""
    from lenovo_pipeline.models.registry.verifying import unfitting

    return unfitting(warehouse)


@violations_check(COMPOSED_ADAPTERS, severity=AssetCheckSeverity.WARN)
def combinations_are_better_than_the_base(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """On the validation rows that weights were not chosen on, no combination has a higher loss than the base alone."""
    from lenovo_pipeline.models.registry.verifying import worse_than_the_base

    return worse_than_the_base(warehouse.load(COMPOSED_ADAPTERS).to_dict("records"))


@violations_check(DROPPED_ADAPTERS, severity=AssetCheckSeverity.WARN)
def dropped_adapters_are_taken(warehouse: ResourceParam[Warehouse], settings: ResourceParam[Settings]) -> list[str]:
    """Every adapter in the folder for adapters was taken; one that cannot be used is named with everything that is wrong."""
    from lenovo_pipeline.models.registry.dropped import left_alone

    return left_alone(settings.adapters, warehouse.load(DROPPED_ADAPTERS).to_dict("records"))


@violations_check(MERGED)
def merged_models_answer_as_base_and_adapter(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Greedy answers of a merged model have the tokens of base and adapter, but for 0.5 % where two are nearly as likely."""
    from lenovo_pipeline.models.registry.verifying import disagreeing

    return disagreeing(warehouse.load(MERGED).to_dict("records"))
