"""Which models of the catalogue can be reached now, by what, and why the others cannot.

Belongs here: the order in which sources are tried, and the sentence for a person. How a source is reached is the business of
resources/inference; nothing here opens a model.
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lenovo_pipeline.models.licences import Row
from lenovo_pipeline.models.tables import SOURCES
from lenovo_pipeline.resources.inference.messages import ModelSource, Price, Reach

_LABELS = {
    "folder": "folder",
    "huggingface": "Hugging Face cache",
    "ollama": "Ollama",
    "openai": "OpenAI-compatible server",
    "github": "GitHub Models",
}
_AT_ONCE = 8
"""Models asked for at the same time: servers that do not answer are waited for together."""


class Reaches(Protocol):
    """What is needed of resources.inference.Inference here."""

    def reach(self, source: ModelSource) -> Reach: ...


@dataclass(frozen=True)
class Route:
    """How one model is reached: the column of the catalogue that names it, its identifier there, and what to open."""

    source: str
    identifier: str
    model: ModelSource


@dataclass(frozen=True)
class Found:
    """A model's route, or the sentence that says why there is none."""

    route: Route | None
    reason: str | None = None


def find(row: Row, inference: Reaches, root: Path, *, hub: Path | None = None) -> Found:
    """The first source that reaches a catalogued model now. Never raises because of a source.

    `row` is one of models.catalogue; folders are relative to `root`; `hub` is the Hugging Face cache (default: the user's).
    """
    reasons = []
    for source in SOURCES:
        identifier = row[f"{source}_id"]
        if not isinstance(identifier, str):
            continue
        model = _model_source(source, identifier, root, hub, price_of(row))
        reach = Reach(False, f"{identifier} is not there (get it with: hf download {identifier})")
        if model is not None:
            reach = _reach(inference, model)
        if model is not None and reach.reachable:
            return Found(Route(source, identifier, model))
        reasons.append(f"{_LABELS[source]}: {_as_clause(reach.reason)}")
    if not reasons:
        return Found(
            None, f"Only {row['provider']} itself offers it ({row['provider_id']}), by a service that is not connected here."
        )
    return Found(None, f"{'; '.join(reasons)}.")


def survey(rows: Sequence[Row], inference: Reaches, root: Path, *, hub: Path | None = None) -> list[dict[str, Any]]:
    """One row of models.availability for each row of models.catalogue."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda row: find(row, inference, root, hub=hub), rows))
    return [
        {
            "name": row["name"],
            "reachable": each.route is not None,
            "source": each.route.source if each.route else None,
            "identifier": each.route.identifier if each.route else None,
            "reason": each.reason,
        }
        for row, each in zip(rows, found, strict=True)
    ]


def price_of(row: Row) -> Price | None:
    """What the catalogue says that a million tokens of this model cost; None where it says nothing."""
    stated = row.get("price")
    stated = json.loads(stated) if isinstance(stated, str) else stated
    return Price(stated["input_per_million"], stated["output_per_million"]) if isinstance(stated, Mapping) else None


def _model_source(source: str, identifier: str, root: Path, hub: Path | None, price: Price | None) -> ModelSource | None:
    match source:
        case "folder":
            return ModelSource("folder", str(root / identifier))
        case "huggingface":
            snapshot = hub_snapshot(identifier, hub)
            return None if snapshot is None else ModelSource("folder", str(snapshot))
        case "ollama":
            return ModelSource("ollama", identifier)
        case "openai":
            return ModelSource("openai", identifier, price)
        case _:
            return ModelSource("github", identifier, price)


def hub_snapshot(identifier: str, hub: Path | None = None) -> Path | None:
    """The folder of a model in the Hugging Face cache, if it lies there with weights; nothing is downloaded."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(identifier, "config.json", cache_dir=hub)
    except HFValidationError:
        return None
    folder = Path(config).parent if isinstance(config, str) else None
    return folder if folder is not None and any(folder.glob("*.safetensors")) else None


def _reach(inference: Reaches, model: ModelSource) -> Reach:
    try:
        return inference.reach(model)
    except Exception as error:
        # Whatever a source does wrong concerns its own models only: the others are still looked at.
        return Reach(False, f"{type(error).__name__}: {' '.join(str(error).split())}")


def _as_clause(reason: str) -> str:
    """A source's reason as a part of one sentence."""
    return " ".join(reason.split()).rstrip(".").replace(". ", ", ") or "it gives no reason"
