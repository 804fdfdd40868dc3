"""The checks of stage `models` beyond the contracts: the catalogue is whole, and nothing is deployed where it may not be.

The logic is imported inside the checks, so that loading the definitions stays quick.
"""

from dagster import AssetCheckSeverity, ResourceParam

from lenovo_pipeline.models.tables import CATALOGUE, FOUNDATION
from lenovo_pipeline.resources.checks import violations_check
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings


@violations_check(CATALOGUE)
def every_partition_has_a_valid_entry(settings: ResourceParam[Settings]) -> list[str]:
    """No entry under `partitions` of the catalogue file was rejected."""
    from lenovo_pipeline.models.catalogue import read_catalogue

    return read_catalogue(settings.catalogue).rejected("partitions")


@violations_check(CATALOGUE, severity=AssetCheckSeverity.WARN)
def every_reference_is_valid(settings: ResourceParam[Settings]) -> list[str]:
    """No entry under `references` of the catalogue file was rejected."""
    from lenovo_pipeline.models.catalogue import read_catalogue

    return read_catalogue(settings.catalogue).rejected("references")


@violations_check(CATALOGUE, blocking=True)
def mobile_and_edge_models_have_fewer_than_4b_parameters(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No model is meant for mobile or edge devices that is too large for them, or whose size nobody knows."""
    from lenovo_pipeline.models.licences import too_large

    models = warehouse.load(CATALOGUE).to_dict("records")
    reasons = [too_large(model["name"], model["parameters"], model["targets"]) for model in models]
    return [reason for reason in reasons if reason]


@violations_check(CATALOGUE, blocking=True)
def eligibility_follows_from_the_licence(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No model is eligible for a use that its licence or its size does not allow, and each refusal has its reason."""
    from lenovo_pipeline.models.licences import eligibility

    found = []
    for model in warehouse.load(CATALOGUE).to_dict("records"):
        allowed, refused = eligibility(model)
        if (list(model["eligible_for"]), list(model["ineligible_because"])) != (allowed, refused):
            stated = ", ".join(model["eligible_for"]) or "nothing"
            found.append(
                f"{model['name']} is stated as eligible for {stated}; its licence allows {', '.join(allowed) or 'nothing'}"
            )
    return found


@violations_check(FOUNDATION, severity=AssetCheckSeverity.WARN, deps=[CATALOGUE])
def resolved_models_are_what_the_catalogue_says(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """Parameters and context length of each resolved model are those of its entry, within 2 %."""
    from lenovo_pipeline.models.foundation import contradictions

    stated = {model["name"]: model for model in warehouse.load(CATALOGUE).to_dict("records")}
    resolved = warehouse.load(FOUNDATION).to_dict("records")
    return [
        problem for model in resolved if model["model"] in stated for problem in contradictions(model, stated[model["model"]])
    ]
