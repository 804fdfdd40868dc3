"""MLflow's aliases follow what runs: a registered model whose version runs somewhere has an alias of that place at it.

Belongs here: from the book of deployments to aliases, by difference. Aliases that are no place's (`champion`, `previous`) are
left alone. Only what has a version in MLflow has aliases: an adapter; other entries are no registered models.

Nothing is remembered beside MLflow: what a kill left undone, or somebody moved by hand, is put right the next time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lenovo_pipeline.models.registry.mlflow_models import RegisteredModel, registered_adapters
from lenovo_pipeline.roster.deploying.transitions import ENVIRONMENTS, Running

if TYPE_CHECKING:
    from mlflow import MlflowClient

Alias = tuple[str, str]
"""Name of a registered model, and of an alias of it."""


@dataclass(frozen=True)
class Followed:
    """What was changed: `moved` aliases were set, `removed` ones taken away; `backed` counts the entries that have one."""

    moved: int
    removed: int
    backed: int


def alias_of(environment: str, use_case: str) -> str:
    """The alias of a place, for example production-support_desk."""
    return f"{environment}-{use_case}"


def follow(client: "MlflowClient", running: Sequence[Running], artifacts: Mapping[str, str]) -> Followed:
    """Let the aliases say what runs where. `artifacts`: the hash of the files of each entry that is a build, by name."""
    known = registered_adapters(client)
    there, wanted = _there(known), _wanted(known, running, artifacts)
    moved = {alias: version for alias, version in wanted.items() if there.get(alias) != version}
    for (model, alias), version in sorted(moved.items()):
        client.set_registered_model_alias(model, alias, str(version))
    surplus = sorted(there.keys() - wanted.keys())
    for model, alias in surplus:
        client.delete_registered_model_alias(model, alias)
    return Followed(len(moved), len(surplus), len(wanted))


def astray(client: "MlflowClient", running: Sequence[Running], artifacts: Mapping[str, str]) -> list[str]:
    """One sentence for each alias that does not say what runs where."""
    known = registered_adapters(client)
    there, wanted = _there(known), _wanted(known, running, artifacts)
    return [
        f"{model}: alias {alias} points at {_version(there.get((model, alias)))}, not at {_version(wanted.get((model, alias)))}"
        for model, alias in sorted(there.keys() | wanted.keys())
        if there.get((model, alias)) != wanted.get((model, alias))
    ]


def _there(known: Mapping[str, RegisteredModel]) -> dict[Alias, int]:
    """The aliases of places that there are."""
    return {
        (name, alias): version
        for name, model in known.items()
        for alias, version in model.aliases.items()
        if alias.partition("-")[0] in ENVIRONMENTS
    }


def _wanted(known: Mapping[str, RegisteredModel], running: Sequence[Running], artifacts: Mapping[str, str]) -> dict[Alias, int]:
    found = {}
    for each in running:
        artifact = artifacts.get(each.entry)
        for name, model in known.items():
            version = model.versions.get((each.entry, artifact)) if artifact is not None else None
            if version is not None:
                found[name, alias_of(each.environment, each.use_case)] = version
    return found


def _version(number: int | None) -> str:
    return "nothing" if number is None else f"version {number}"
