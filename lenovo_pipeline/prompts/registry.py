"""The MLflow prompt registry, kept in line with data/prompts by difference.

A text that the registry does not hold yet becomes a new version; one that it holds is found again by its hash. The alias
`production` points at the text of the active template in data/prompts, `staging` at that of a draft, so that a draft of a
changed text leaves production where it is. `previous` is what production pointed at before it last moved: where to roll back to.
MLflow's own alias `latest` is the version registered last.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lenovo_pipeline.prompts.library import Entry

if TYPE_CHECKING:
    from mlflow import MlflowClient

HASH_TAG = "text_sha256"
DECLARED_TAG = "declared_version"
_PROMPTS_ONLY = "tags.`mlflow.prompt.is_prompt` = 'true'"
_PAGE = 1_000


@dataclass(frozen=True)
class Synchronised:
    """What the registry holds now: version and alias of each template; what was new; texts that changed under an old number."""

    versions: Mapping[str, tuple[int, str]]
    new_prompts: int = 0
    new_versions: int = 0
    moved_aliases: int = 0
    same_number: tuple[str, ...] = ()


@dataclass
class _Known:
    """A registered prompt: its aliases, and its versions by the hash of their text."""

    aliases: dict[str, int]
    by_hash: dict[str, int]
    declared: dict[int, str]


def synchronise(client: "MlflowClient", entries: Iterable[Entry]) -> Synchronised:
    """Bring the registry in line with the templates. Twice the same templates change nothing the second time."""
    known = _registered(client)
    versions: dict[str, tuple[int, str]] = {}
    new_prompts = new_versions = moved = 0
    same_number: list[str] = []
    for entry in entries:
        alias = "production" if entry.template.status == "active" else "staging"
        registered = known.get(entry.name)
        version = registered.by_hash.get(entry.text_sha256) if registered else None
        if version is None:
            if registered and str(entry.template.version) in registered.declared.values():
                same_number.append(f"{entry.name} has a new text, but still says version {entry.template.version}")
            version = _register(client, entry)
            new_prompts += registered is None
            new_versions += 1
        aliases = registered.aliases if registered else {}
        if aliases.get(alias) != version:
            if alias == "production" and alias in aliases:
                client.set_prompt_alias(entry.name, "previous", aliases[alias])
            client.set_prompt_alias(entry.name, alias, version)
            moved += 1
        if alias == "production" and "staging" in aliases:
            client.delete_prompt_alias(entry.name, "staging")
        versions[entry.name] = (version, alias)
    return Synchronised(versions, new_prompts, new_versions, moved, tuple(same_number))


def disagreements(client: "MlflowClient", templates: pd.DataFrame) -> list[str]:
    """Where the registry does not hold what the library table (contract LIBRARY) says of it."""
    known = _registered(client)
    found = []
    for row in templates.to_dict("records"):
        name, alias, version = row["template_id"], row["registry_alias"], row["registry_version"]
        registered = known.get(name)
        if registered is None:
            found.append(f"{name} is not registered")
        elif registered.aliases.get(alias) != version:
            found.append(f"{name}: {alias} points at version {registered.aliases.get(alias)}, not at {version}")
        elif registered.by_hash.get(row["text_sha256"]) != version:
            found.append(f"{name}: version {version} has another text")
    return found


def _registered(client: "MlflowClient") -> dict[str, _Known]:
    """All registered prompts in two pages' worth of questions rather than two questions for each."""
    prompts: dict[str, _Known] = defaultdict(lambda: _Known({}, {}, {}))
    token = None
    while True:
        page = client.search_registered_models(_PROMPTS_ONLY, max_results=_PAGE, page_token=token)
        for prompt in page:
            prompts[prompt.name].aliases = {alias: int(version) for alias, version in dict(prompt.aliases).items()}
        token = page.token
        if not token:
            break
    while True:
        found = client.search_model_versions(_PROMPTS_ONLY, max_results=_PAGE, page_token=token)
        for version in found:
            known, number = prompts[version.name], int(version.version)
            text_hash = version.tags.get(HASH_TAG)
            if text_hash:
                # Of two versions with one text the older one counts, so that the answer never changes.
                known.by_hash[text_hash] = min(number, known.by_hash.get(text_hash, number))
            known.declared[number] = version.tags.get(DECLARED_TAG, "")
        token = found.token
        if not token:
            return dict(prompts)


def _register(client: "MlflowClient", entry: Entry) -> int:
    template = entry.template
    tags = {
        HASH_TAG: entry.text_sha256,
        DECLARED_TAG: str(template.version),
        "library": entry.library,
        "sub_domain": entry.sub_domain,
        "task_type": template.task_type,
        "language": template.language,
    }
    registered = client.register_prompt(entry.name, template.template.strip(), commit_message=template.purpose, tags=tags)
    return int(registered.version)
