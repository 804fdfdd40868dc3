"""The base model of a partition: found by the catalogue's sources, opened once, and identified exactly.

Belongs here: what makes a model the same model. Does not belong here: answering questions with it (evaluation).
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Protocol

from lenovo_pipeline.failures import PermanentFailure, SkippedPartition
from lenovo_pipeline.models.availability import Reaches, Route, find
from lenovo_pipeline.models.licences import Row
from lenovo_pipeline.resources.inference.backend import Backend
from lenovo_pipeline.resources.inference.errors import GenerationFailed, ModelUnavailable
from lenovo_pipeline.resources.inference.messages import ModelIdentity, ModelSource
from lenovo_pipeline.resources.inference.model_folder import identify

_SMALL = 100_000_000
"""Parameters: less than half a gigabyte in single precision."""


class Opens(Reaches, Protocol):
    """What is needed of resources.inference.Inference here."""

    def open(self, source: ModelSource) -> Backend: ...


def is_small(foundation: Row) -> bool:
    """Whether a second copy of the model costs little memory, so that another process may take a share of the work with it.

    `foundation` is its row of models.foundation. A model behind a server is not in memory here at all.
    """
    parameters = foundation.get("parameters")
    return foundation["source"] == "folder" and parameters is not None and parameters < _SMALL


def route_of(row: Row, inference: Reaches, root: Path, *, bundled: str, hub: Path | None = None) -> Route:
    """How the model of a partition is reached now; `row` is its row of models.catalogue.

    Raises SkippedPartition with the reason if it cannot be reached; for the model that comes with the project (`bundled`),
    which always must be there, PermanentFailure.
    """
    found = find(row, inference, root, hub=hub)
    if found.route is not None:
        return found.route
    if row["name"] == bundled:
        raise _damaged(row, str(found.reason))
    raise SkippedPartition(f"{row['name']} cannot be reached. {found.reason}")


def resolve(row: Row, inference: Opens, root: Path, *, bundled: str, hub: Path | None = None) -> dict[str, Any]:
    """The row of models.foundation for a partition. Raises what `route_of` raises.

    A model whose files are damaged raises PermanentFailure; one that a server no longer has raises SkippedPartition.
    """
    route = route_of(row, inference, root, bundled=bundled, hub=hub)
    try:
        identity = _identity(route, inference)
    except (ModelUnavailable, GenerationFailed) as error:
        if row["name"] == bundled:
            raise _damaged(row, str(error).removesuffix(error.remedy)) from error
        if route.model.kind == "folder":
            raise
        raise SkippedPartition(f"{row['name']} cannot be reached. {error}") from error
    return {
        "model": row["name"],
        "source": route.source,
        "identifier": route.identifier,
        "revision": identity.revision,
        "tokenizer_hash": identity.tokenizer_hash,
        "template_hash": identity.template_hash,
        "parameters": identity.parameters,
        "size_bytes": identity.size_bytes,
        "context_length": identity.context_length,
        "licence_class": row["licence_class"],
        "targets": list(row["targets"]),
        "identity": identity_hash(route, identity),
    }


def _identity(route: Route, inference: Opens) -> ModelIdentity:
    if route.model.kind == "folder":
        # Its files tell, so that the weights need not be loaded.
        return identify(Path(route.model.identifier))
    backend = inference.open(route.model)
    try:
        return backend.identity()
    finally:
        backend.close()


def identity_hash(route: Route, identity: ModelIdentity) -> str:
    """SHA-256 over what decides how a model answers. Where it lies on this machine does not count."""
    parts = [route.source, route.identifier, identity.revision, identity.tokenizer_hash, identity.template_hash]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def contradictions(foundation: Row, catalogue: Row, *, tolerance: float = 0.02) -> list[str]:
    """Where a resolved model is not what the catalogue says of it; unknown contradicts nothing."""
    found = []
    for field, unit in (("parameters", "parameters"), ("context_length", "tokens of context")):
        here, there = foundation[field], catalogue[field]
        if here is not None and there is not None and abs(here - there) > tolerance * there:
            found.append(f"{foundation['model']} has {here:,} {unit}, the catalogue says {there:,}")
    return found


def _damaged(row: Row, reason: str) -> PermanentFailure:
    return PermanentFailure(
        f"the bundled model {row['name']} cannot be used: {reason}",
        remedy=f"Get its files back: git checkout -- {row['folder_id']}",
    )
