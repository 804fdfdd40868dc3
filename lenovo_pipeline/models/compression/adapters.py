"""LoRA adapters in 8-bit integers, which peft reads as it reads any other.

Belongs here: the conversion. Does not belong here: training and loading adapters.

LoRA adds (alpha / r) B A to a matrix (arXiv:2106.09685). Each of A and B becomes integers with one scale, and the product of both
scales goes into the alpha of that matrix (`alpha_pattern` of peft): the file holds a quarter of the bytes, and what loads it need
not know.
"""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.builds import Build, kept
from lenovo_pipeline.models.compression.passport import figure
from lenovo_pipeline.resources.inference.adapters import CONFIG, WEIGHTS

if TYPE_CHECKING:
    from lenovo_pipeline.models.compression.making import Making

_LEVELS = 127
_PREFIX = "base_model.model."
_FIRST = re.compile(r"\.lora_(?:embedding_)?(?P<side>A)(?:\.weight)?$")


def quantised_adapters(making: "Making", adapters: Sequence[Mapping[str, Any]]) -> list[Build]:
    """Each adapter (rows of build tables) in integers. Raises PermanentFailure for one whose weights are gone or damaged."""
    return [_one(making, row) for row in adapters]


def _one(making: "Making", row: Mapping[str, Any]) -> Build:
    foundation = making.base.foundation
    source = making.store.root / row["path"]
    made_by = making.recipe(
        "quantised adapter",
        source=row["artifact"],
        base_revision=foundation["revision"],
        base_tokenizer_hash=foundation["tokenizer_hash"],
        base_template_hash=foundation["template_hash"],
    )

    def make(folder: Path) -> Mapping[str, Any]:
        return in_integers(source, folder)

    artifact = kept(making.store, "adapters", made_by, make)
    report = artifact.made_by["report"]
    figures = {
        "size_mb": figure(artifact.size_bytes / 1_000_000, "MB", "sum of the files in the folder"),
        "largest_error": figure(report["largest_error"], "share", "of a matrix B A, relative to its norm, over all matrices"),
    }
    return making.base.build(
        f"int8/{str(row['build']).partition('/')[2]}",
        "quantised_adapter",
        "adapter",
        artifact,
        domain=row["domain"],
        base=row["artifact"],
        training_set=row["training_set"],
        parameters=row["parameters"],
        measures={"figures": figures, "smaller_by": 1 - artifact.size_bytes / row["size_bytes"]},
    )


def in_integers(source: Path, folder: Path) -> dict[str, Any]:
    """Write the adapter of one folder into another one, in integers; returns `largest_error`, that of the changes B A that it
    makes, relative to their norm. Raises PermanentFailure if its weights cannot be read or are no numbers.
    """
    from safetensors.numpy import load_file, save_file

    try:
        tensors = {name: value.astype(np.float32) for name, value in load_file(source / WEIGHTS).items()}
        config = json.loads((source / CONFIG).read_text(encoding="utf-8"))
    except Exception as error:  # safetensors raises its own
        raise PermanentFailure(
            f"the adapter in {source} cannot be read ({error})", remedy="Train it again, then run again."
        ) from error
    strange = sorted(name for name, value in tensors.items() if not np.isfinite(value).all())
    if strange:
        raise PermanentFailure(
            f"the adapter in {source} holds numbers that are not finite: {', '.join(strange[:3])}",
            remedy="Train it again with a lower rate, then run again.",
        )
    whole: dict[str, npt.NDArray[np.int8]] = {}
    alphas: dict[str, float] = {}
    errors = [0.0]
    for name, first_half in ((name, match) for name in sorted(tensors) if (match := _FIRST.search(name))):
        other = f"{name[: first_half.start('side')]}B{name[first_half.end('side') :]}"
        if other not in tensors:
            raise PermanentFailure(f"the adapter in {source} has {name} and no {other}", remedy="Train it again, then run again.")
        (down, first), (up, second) = _integers(tensors[name]), _integers(tensors[other])
        whole[name], whole[other] = down, up
        module = name[: first_half.start()].removeprefix(_PREFIX)
        alphas[module] = _alpha(module, config) * first * second
        wanted = tensors[other] @ tensors[name]
        norm = float(np.linalg.norm(wanted))
        found = (up.astype(np.float32) @ down.astype(np.float32)) * (first * second)
        errors.append(float(np.linalg.norm(found - wanted)) / norm if norm else 0.0)
    left = sorted(tensors.keys() - whole.keys())
    if left:
        raise PermanentFailure(
            f"the adapter in {source} holds more than LoRA's matrices: {', '.join(left[:3])}",
            remedy="Train it with LoRA alone, without modules_to_save and DoRA.",
        )
    save_file(whole, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / CONFIG).write_text(json.dumps({**config, "alpha_pattern": alphas}, indent=1, sort_keys=True), encoding="utf-8")
    for path in sorted(source.iterdir()):
        if path.is_file() and path.name not in (WEIGHTS, CONFIG, "manifest.json") and path.suffix in (".json", ".jinja", ".md"):
            shutil.copy(path, folder / path.name)
    return {"largest_error": max(errors), "matrices": len(whole)}


def _alpha(module: str, config: Mapping[str, Any]) -> float:
    """The alpha of a module, as peft looks it up."""
    for pattern, alpha in (config.get("alpha_pattern") or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            return float(alpha)
    return float(config["lora_alpha"])


def _integers(values: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], float]:
    """Integers from -127 to 127, and the scale that gives the values back."""
    largest = float(np.abs(values).max())
    scale = largest / _LEVELS if largest else 1.0
    return np.rint(values / scale).astype(np.int8), scale
