"""The adapters in the MLflow model registry, kept in line with the ledger by difference.

A registered model for each base model and domain; a version for each adapter, found again by the tag of its content; the
aliases `champion` and `previous` as models.adapter_champions says. MLflow's own alias `latest` is the version registered last.
What a kill left undone is done by the next synchronisation.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.models.registry.champions import registered_model
from lenovo_pipeline.resources.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient

KIND_TAG = "lenovo.kind"
ARTIFACT_TAG = "artifact"
BUILD_TAG = "build"
_TAGS = ("method", "base_revision", "tokenizer_hash", "template_hash", "training_set", "licence", "validation_loss")
_OURS = f"tags.`{KIND_TAG}` = 'adapter'"
_PAGE = 1_000
_ALIASES = ("champion", "previous")

Row = Mapping[str, Any]


@dataclass
class Synchronised:
    """What was new in MLflow: registered models, versions, aliases that moved."""

    new_models: int = 0
    new_versions: int = 0
    moved_aliases: int = 0


@dataclass
class RegisteredModel:
    """A registered model: its aliases, and its versions by build and content."""

    aliases: dict[str, int] = field(default_factory=dict)
    versions: dict[tuple[str, str], int] = field(default_factory=dict)


def synchronise(
    client: "MlflowClient", store: Store, adapters: Sequence[Row], champions: Sequence[Row], *, uri: str = ""
) -> Synchronised:
    """Bring MLflow in line with rows of models.adapter_registry and models.adapter_champions. Twice changes nothing.

    The embedded registry points at the store's own copy; a server (`uri` begins with http) is sent the files.
    """
    done = Synchronised()
    known = registered_adapters(client)
    for row in sorted(adapters, key=lambda row: (row["registered_at"], row["build"], row["version"])):
        name = registered_model(row["model"], row["domain"])
        if name not in known:
            tags = {KIND_TAG: "adapter", "model": row["model"], "domain": row["domain"]}
            client.create_registered_model(name, tags=tags, description=f"Adapters of {row['model']} for {row['domain']}.")
            known[name] = RegisteredModel()
            done.new_models += 1
        key = (row["build"], row["artifact"])
        if key not in known[name].versions:
            known[name].versions[key] = _add(client, store, name, row, uri)
            done.new_versions += 1
    for champion in champions:
        found = known.get(champion["registered_model"], RegisteredModel())
        for alias, version in _wanted(champion, found).items():
            if version is None or found.aliases.get(alias) == version:
                continue
            client.set_registered_model_alias(champion["registered_model"], alias, str(version))
            done.moved_aliases += 1
    return done


def disagreements(client: "MlflowClient", adapters: Sequence[Row], champions: Sequence[Row]) -> list[str]:
    """Where MLflow does not hold what the ledgers say."""
    known = registered_adapters(client)
    problems = []
    for row in adapters:
        found = known.get(registered_model(row["model"], row["domain"]))
        if found is None or (row["build"], row["artifact"]) not in found.versions:
            problems.append(f"{row['build']} {row['artifact']} is not registered in MLflow")
    for champion in champions:
        found = known.get(champion["registered_model"], RegisteredModel())
        problems += [
            f"{champion['registered_model']}: {alias} points at version {found.aliases.get(alias)}, not at {version}"
            for alias, version in _wanted(champion, found).items()
            if version is not None and found.aliases.get(alias) != version
        ]
    return problems


def _wanted(champion: Row, known: RegisteredModel) -> dict[str, int | None]:
    """The version that each alias should point at; None: there is no such adapter."""
    by_content = {artifact: version for (_, artifact), version in sorted(known.versions.items(), key=lambda each: -each[1])}
    contents = {"champion": champion["champion"], "previous": champion["previous"]}
    return {alias: by_content.get(contents[alias]) for alias in _ALIASES}


def _add(client: "MlflowClient", store: Store, name: str, row: Row, uri: str) -> int:
    folder = store.root / row["path"]
    tags = {KIND_TAG: "adapter", ARTIFACT_TAG: row["artifact"], BUILD_TAG: row["build"], "version": str(row["version"])}
    tags |= {tag: str(row[tag]) for tag in _TAGS if row[tag] is not None}
    run = row["mlflow_run_id"]
    source = _sent(client, run, folder) if uri.startswith("http") and run else folder.resolve().as_uri()
    made = client.create_model_version(name, source, run_id=run, tags=tags, description=f"{row['build']}, {row['method']}")
    return int(made.version)


def _sent(client: "MlflowClient", run: str, folder: Path) -> str:
    """A server takes only files that it keeps itself: those of a run."""
    client.log_artifacts(run, str(folder), "adapter")
    return f"{client.get_run(run).info.artifact_uri}/adapter"


def registered_adapters(client: "MlflowClient") -> dict[str, RegisteredModel]:
    """All registered adapters, in two questions rather than two for each."""
    found: dict[str, RegisteredModel] = defaultdict(RegisteredModel)
    token = None
    while True:
        models = client.search_registered_models(_OURS, max_results=_PAGE, page_token=token)
        for model in models:
            found[model.name].aliases = {alias: int(version) for alias, version in dict(model.aliases).items()}
        token = models.token
        if not token:
            break
    while True:
        versions = client.search_model_versions(_OURS, max_results=_PAGE, page_token=token)
        for version in versions:
            key = (version.tags.get(BUILD_TAG, ""), version.tags.get(ARTIFACT_TAG, ""))
            known = found[version.name].versions
            # Of two versions with one content the older one counts, so that the answer never changes.
            known[key] = min(int(version.version), known.get(key, int(version.version)))
        token = versions.token
        if not token:
            return dict(found)
