"""The bill of materials of an entry, in CycloneDX 1.6 JSON: the model, the data it was made and judged with, the packages.

Belongs here: from a dossier to CycloneDX. The format itself is cyclonedx-python-lib's.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.roster.dossier.packages import PROJECT, UNKNOWN, Package

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

_NAMESPACE = uuid.UUID("5d1f6f0e-8f2b-5f6c-9a53-3f1f0a6d2b11")
"""Of the serial numbers: the same dossier has the same one."""


def bill_of_materials(dossier: Mapping[str, Any], packages: Sequence[Package], version: str) -> str:
    """CycloneDX 1.6 as JSON text; `version` (of the dossier) decides its serial number."""
    from cyclonedx.model.bom import Bom
    from cyclonedx.output.json import JsonV1Dot6

    model = _model(dossier)
    parts = {package.name: _package(package) for package in packages}
    data = [_data(name, digest) for name, digest in sorted(dossier["datasets"]["versions"].items())]
    bom = Bom(serial_number=uuid.uuid5(_NAMESPACE, version), components=[*parts.values(), *data])
    bom.metadata.component = model
    bom.metadata.timestamp = datetime.fromisoformat(dossier["since"]).replace(tzinfo=UTC)
    by_plain = {name.lower().replace("_", "-").replace(".", "-"): part for name, part in parts.items()}
    for package in packages:
        bom.register_dependency(parts[package.name], [by_plain[name] for name in package.needs if name in by_plain])
    bom.register_dependency(model, [part for name, part in parts.items() if name == PROJECT] + data)
    return str(JsonV1Dot6(bom).output_as_string(indent=1))


def _model(dossier: Mapping[str, Any]) -> "Component":
    from cyclonedx.model import Property
    from cyclonedx.model.component import Component, ComponentType

    card = dossier["model"]
    stated = {name: card[name] for name in ("base", "revision", "artifact", "headers", "kind") if card.get(name)}
    return Component(
        name=dossier["entry"],
        version=str(card.get("artifact") or card.get("revision") or dossier["decision"]["decision_id"]),
        type=ComponentType.MACHINE_LEARNING_MODEL if card["base"] else ComponentType.APPLICATION,
        bom_ref=f"entry:{dossier['entry']}",
        licenses=_licences(card["licence_reference"] or card["licence"]),
        description=f"{dossier['use_case']}: {dossier['description']}",
        properties=[Property(name=f"lenovo:{name}", value=str(value)) for name, value in sorted(stated.items())],
    )


def _data(name: str, digest: str) -> "Component":
    from cyclonedx.model.component import Component, ComponentType

    return Component(name=name, version=digest, type=ComponentType.DATA, bom_ref=f"data:{name}")


def _package(package: Package) -> "Component":
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    plain = package.name.lower().replace("_", "-")
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"pkg:{plain}@{package.version}",
        purl=PackageURL("pypi", name=plain, version=package.version),
        licenses=_licences(package.licence),
    )


def _licences(stated: str) -> list[Any]:
    from cyclonedx.factory.license import LicenseFactory

    if stated in ("", "unknown", UNKNOWN):
        return []
    if stated.startswith(("http://", "https://")):
        return [LicenseFactory().make_with_name(f"see {stated}")]
    return [LicenseFactory().make_from_string(stated)]
