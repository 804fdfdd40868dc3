"""Adapters that somebody made elsewhere and dropped into a folder: held against their base, and taken into the store.

Belongs here: from data/adapters/<model>/<name> to builds of format `adapter`, which are then registered and evaluated as any
other. Does not belong here: noticing that something was dropped (automation), and what an adapter's folder must hold
(resources/inference/adapter_folder.py).

Nothing is changed in the folder: what is wrong stays there with its reasons, and what is right beside it is taken.
"""

import math
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.builds import Build, kept
from lenovo_pipeline.models.compression.base import Base
from lenovo_pipeline.models.registry.finding import DROPPED
from lenovo_pipeline.models.tables import DOMAINS
from lenovo_pipeline.partitions import MODEL_PARTITIONS
from lenovo_pipeline.provenance import MANIFEST, file_hash
from lenovo_pipeline.resources.inference.adapter_folder import CONFIG, WEIGHTS, base_of, folder_problems, not_finite
from lenovo_pipeline.resources.inference.messages import ModelIdentity
from lenovo_pipeline.resources.inference.model_folder import identify, read_json, read_tensors
from lenovo_pipeline.resources.store import Store

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass
class Taken:
    """The builds of what was taken, and by the name of each folder that was not everything that is wrong with it."""

    builds: list[Build] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)


def folders_of(root: Path, model: str) -> list[Path]:
    """The folders that were dropped for a model, by name; hidden ones and files do not count.

    Raises PermanentFailure if they cannot be listed.
    """
    try:
        found = sorted((root / model).iterdir()) if (root / model).is_dir() else []
    except OSError as error:
        raise PermanentFailure(
            f"the folder {root / model} cannot be listed ({error.strerror})", remedy="Allow this user to read it (chmod u+rx)."
        ) from error
    return [path for path in found if path.is_dir() and not path.name.startswith(".")]


def take(folders: Sequence[Path], base: Base, store: Store) -> Taken:
    """Copy each adapter that fits the base into the store, once for each content."""
    identity = identify(base.folder)
    taken = Taken()
    for folder in folders:
        problems = [*problems_of(folder, base.name, identity)]
        if problems:
            taken.refused[folder.name] = problems
        else:
            taken.builds.append(_build(folder, base, identity, store))
    return taken


def problems_of(folder: Path, model: str, base: ModelIdentity | None) -> list[str]:
    """Everything that keeps a dropped folder from being used as an adapter of `model`; without its base, over any.

    A folder with a manifest must be what its manifest says, over that base; one without, as peft writes it, must name the
    model or nothing at all in its configuration.
    """
    try:
        return [*_place_problems(folder, model), *_content_problems(folder, model, base)]
    except OSError as error:
        return [f"it cannot be read ({error.strerror or error})"]


def left_alone(root: Path, builds: Sequence[Mapping[Any, Any]]) -> list[str]:
    """One sentence for each dropped folder that no build was made of. `builds`: rows of models.dropped_adapters."""
    made = {row["build"] for row in builds}
    found = []
    for place in sorted(root.iterdir()) if root.is_dir() else []:
        for folder in folders_of(root, place.name):
            if build_name(place.name, folder.name) not in made:
                problems = problems_of(folder, place.name, None) or ["no run has taken it yet, or it does not fit its base"]
                found.append(f"{folder} is left alone: {'; '.join(problems)}")
    return found


def build_name(model: str, name: str) -> str:
    """What the build of a dropped folder is called."""
    return f"{model}/{DROPPED}/{name}"


def _place_problems(folder: Path, model: str) -> Iterator[str]:
    if model not in MODEL_PARTITIONS.get_partition_keys():
        yield f"{model} is no model of the catalogue; there are {', '.join(MODEL_PARTITIONS.get_partition_keys())}"
    if _NAME.fullmatch(folder.name) is None:
        yield "its name is not one of small letters, digits, dots, dashes and underscores"
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            yield f"{path.relative_to(folder)} is a link; copy the file itself"


def _content_problems(folder: Path, model: str, base: ModelIdentity | None) -> list[str]:
    described = (folder / MANIFEST).exists()
    _, problems = folder_problems(folder, base, described=described)
    if not described and (folder / CONFIG).is_file() and not problems:
        named = str(read_json(folder, CONFIG).get("base_model_name_or_path") or "")
        if named and Path(named).name.lower() != model.lower():
            problems.append(f"{CONFIG} says that it is for {named}, and its folder says {model}; put it right in one of them")
    if problems:
        return problems
    from safetensors.torch import load_file

    return not_finite(load_file(folder / WEIGHTS))


def _build(folder: Path, base: Base, identity: ModelIdentity, store: Store) -> Build:
    origin = folder_problems(folder, identity)[0] if (folder / MANIFEST).exists() else {}
    domain = origin.get("domain")
    made_by = {
        "kind": DROPPED,
        "name": folder.name,
        "files": {name: file_hash(folder / name) for name in (CONFIG, WEIGHTS)},
        "base": base.foundation["identity"],
        **base_of(identity),
        "origin": origin,
    }

    def make(aside: Path) -> Mapping[str, Any]:
        for name in (CONFIG, WEIGHTS):
            shutil.copyfile(folder / name, aside / name)
        return {"trainable_parameters": sum(math.prod(each.shape) for each in read_tensors(aside / WEIGHTS).values())}

    artifact = kept(store, "dropped_adapters", made_by, make)
    return base.build(
        f"{DROPPED}/{folder.name}",
        DROPPED,
        "adapter",
        artifact,
        domain=domain if domain in DOMAINS else "all",
        parameters=base.foundation["parameters"],
        trainable_parameters=artifact.made_by["report"]["trainable_parameters"],
    )
