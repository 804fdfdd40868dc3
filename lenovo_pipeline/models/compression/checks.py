"""The checks of what was made smaller: what it takes no longer, that it opens and answers, that its files are whole.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

from dagster import ResourceParam

from lenovo_pipeline.models.tables import DISTILLED, EDGE_BUILDS, PRUNED, QUANTISED
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse


@violations_check(EDGE_BUILDS)
def every_level_reaches_its_size(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Each build is smaller than the one in single precision by its level's share: light 50 %, medium 70 %, aggressive 85 %."""
    from lenovo_pipeline.models.compression.verifying import too_large

    return too_large(warehouse.load(EDGE_BUILDS).to_dict("records"))


@violations_check(EDGE_BUILDS)
def every_level_has_a_build_for_every_target(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Three levels for four targets, for each model that has any."""
    from lenovo_pipeline.models.compression.verifying import missing_targets

    return missing_targets(warehouse.load(EDGE_BUILDS).to_dict("records"))


@violations_check(EDGE_BUILDS)
def nothing_estimated_is_stated_as_measured(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Of a target that cannot run here every figure but the size says that it is estimated, and how."""
    from lenovo_pipeline.models.compression.verifying import hidden_estimates

    return hidden_estimates(warehouse.load(EDGE_BUILDS).to_dict("records"))


@violations_check(EDGE_BUILDS)
def edge_builds_are_whole_and_answer(
    warehouse: ResourceParam[Warehouse], store: ResourceParam[Store], inference: ResourceParam[Inference]
) -> list[str]:
    """Manifest, files and hash of every build belong together, and each opens on this host and answers a question."""
    from lenovo_pipeline.models.compression.verifying import broken

    return broken(warehouse.load(EDGE_BUILDS).to_dict("records"), store, inference, warehouse)


@violations_check(QUANTISED)
def quantised_builds_are_whole_and_answer(
    warehouse: ResourceParam[Warehouse], store: ResourceParam[Store], inference: ResourceParam[Inference]
) -> list[str]:
    """Manifest, files and hash of every build belong together, and each model opens on this host and answers a question."""
    from lenovo_pipeline.models.compression.verifying import broken

    return broken(warehouse.load(QUANTISED).to_dict("records"), store, inference, warehouse)


@violations_check(PRUNED)
def pruned_models_are_whole_and_smaller(
    warehouse: ResourceParam[Warehouse], store: ResourceParam[Store], inference: ResourceParam[Inference]
) -> list[str]:
    """Each opens and answers; by magnitude, as many weights as stated are zero; by structure, parameters and bytes are fewer."""
    from lenovo_pipeline.models.compression.verifying import broken, not_pruned

    rows = warehouse.load(PRUNED).to_dict("records")
    return [*broken(rows, store, inference, warehouse), *not_pruned(rows, store, warehouse)]


@violations_check(DISTILLED)
def students_are_whole_and_half_the_size(
    warehouse: ResourceParam[Warehouse], store: ResourceParam[Store], inference: ResourceParam[Inference]
) -> list[str]:
    """Each opens and answers, and has at most half of the parameters of its teacher."""
    from lenovo_pipeline.models.compression.verifying import broken, not_half

    rows = warehouse.load(DISTILLED).to_dict("records")
    return [*broken(rows, store, inference, warehouse), *not_half(rows, store)]
