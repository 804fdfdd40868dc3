"""What may be wrong with builds, looked up in their rows and files: the logic of the checks.

Belongs here: one sentence for each thing that is wrong. Does not belong here: how good answers are (evaluation).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.builds import content_hash
from lenovo_pipeline.models.compression.distillation import HALF
from lenovo_pipeline.models.compression.levels import LEVEL_PLANS, TARGET_PLANS
from lenovo_pipeline.provenance import read_manifest
from lenovo_pipeline.resources.inference import Backend, Completion, GenerationSettings, Message, ModelSource
from lenovo_pipeline.resources.inference.model_folder import tensor_shapes
from lenovo_pipeline.resources.recipes import recipe_of, remember, result_before
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Reads, Warehouse

Row = Mapping[Any, Any]

_SOURCES = {"onnx": "edge", "transformers": "folder"}
_ASKED = (Message("user", "Question: What is the weight of the device?"),)
_SHORT = GenerationSettings(max_tokens=4, seed=0)
_ZEROS_TOLERANCE = 0.01


class Opens(Protocol):
    """What is needed of resources.inference.Inference here."""

    def open(self, source: ModelSource) -> Backend: ...


def too_large(rows: Sequence[Row]) -> list[str]:
    """Edge builds that are not smaller by the share of their level."""
    wanted = {level.name: level.smaller_by for level in LEVEL_PLANS}
    return [
        f"{row['build']} is {found:.1%} smaller than in single precision, expected at least {wanted[row['level']]:.0%}"
        for row in rows
        if (found := 1 - row["size_bytes"] / (_measures(row)["single_precision_mb"] * 1e6)) < wanted[row["level"]]
    ]


def missing_targets(rows: Sequence[Row]) -> list[str]:
    """Levels and targets that a model with edge builds has none for."""
    there = {(row["model"], row["level"], row["target"]) for row in rows}
    return [
        f"{model} has no {level.name} build for {target.name}"
        for model in sorted({row["model"] for row in rows})
        for level in LEVEL_PLANS
        for target in TARGET_PLANS
        if (model, level.name, target.name) not in there
    ]


def hidden_estimates(rows: Sequence[Row]) -> list[str]:
    """Figures of targets that cannot run here which claim to be measured, or do not say how they were estimated."""
    away = {target.name for target in TARGET_PLANS if not target.here}
    found = []
    for row in rows:
        for name, figure in _measures(row)["figures"].items():
            if not figure.get("method"):
                found.append(f"{row['build']}: {name} does not say how it came about")
            if row["target"] in away and name != "size_mb" and figure["measured"] is not False:
                found.append(f"{row['build']}: {name} is stated as measured, and {row['target']} cannot run here")
    return found


def broken(rows: Sequence[Row], store: Store, inference: Opens, warehouse: Warehouse) -> list[str]:
    """Builds whose files are not those that were made, or that do not answer.

    Files are hashed each time. The same ones are opened once, and not again in a later run while code and packages are the same:
    opening a model takes longer than all else in a run that changes nothing.
    """
    found = []
    opened: set[str] = set()
    for row in rows:
        folder = store.root / row["path"]
        try:
            read_manifest(folder, remedy="")
        except PermanentFailure as error:
            found.append(f"{row['build']}: {str(error).rstrip('. ')}")
            continue
        if content_hash(folder) != row["artifact"]:
            found.append(f"{row['build']}: the files in {row['path']} are others than were made")
            continue
        if row["artifact"] not in opened and row["format"] in _SOURCES:
            opened.add(row["artifact"])
            problems = _once(warehouse, row, _unanswering, folder, str(row["format"]), inference)
            found += [f"{row['build']}: {problem}" for problem in problems]
    return found


def not_pruned(rows: Sequence[Row], store: Store, warehouse: Warehouse) -> list[str]:
    """Pruned models that have fewer zeros than they state, or as many parameters as their base."""
    found = []
    for row in rows:
        measures, folder = _measures(row), store.root / row["path"]
        if row["method"] == "magnitude":
            zeros = next(iter(_once(warehouse, row, _zeros, folder)), None)
            if zeros is None or zeros < measures["zeros_share"] - _ZEROS_TOLERANCE:
                stated = f"stated are {measures['zeros_share']:.1%}"
                found.append(f"{row['build']}: {'no' if zeros is None else format(zeros, '.1%')} weights are zero, {stated}")
        elif _parameters(folder) >= measures["base_parameters"]:
            found.append(f"{row['build']} has {_parameters(folder):,} parameters, no fewer than its base")
    return found


def not_half(rows: Sequence[Row], store: Store) -> list[str]:
    """Students that have more than half of their teacher's parameters."""
    return [
        f"{row['build']} has {found:,} parameters, more than {HALF:.0%} of {_measures(row)['base_parameters']:,}"
        for row in rows
        if (found := _parameters(store.root / row["path"])) > HALF * _measures(row)["base_parameters"]
    ]


def _unanswering(folder: Path, form: str, inference: Opens) -> list[str]:
    try:
        backend = inference.open(ModelSource("edge" if form == "onnx" else "folder", str(folder)))
        try:
            (answer,) = backend.generate_batch([_ASKED], _SHORT)
        finally:
            backend.close()
    except Exception as error:  # whatever the runtime raises is what is wrong
        return [f"it cannot be opened ({error})"]
    return [] if isinstance(answer, Completion) else [f"it does not answer ({answer})"]


def _measures(row: Row) -> dict[str, Any]:
    found = row["measures"]
    read: dict[str, Any] = json.loads(found) if isinstance(found, str) else dict(found)
    return read


def _parameters(folder: Path) -> int:
    total = 0
    for shape in tensor_shapes(folder).values():
        count = 1
        for size in shape:
            count *= size
        total += count
    return total


def _once(warehouse: Warehouse, row: Row, function: Callable[..., list[Any]], *arguments: Any) -> list[Any]:
    """What the function finds of a build's files, which are those that were made: in a later run without looking again, while
    code and packages are the same. A problem is not kept: the next look may find none.
    """
    recipe = recipe_of(f"{function.__name__}: {row['artifact']}", function, {})
    known = result_before(warehouse, recipe)
    if known is not None:
        return list(json.loads(known))
    found = function(*arguments)
    if function is not _unanswering or not found:
        remember(warehouse, recipe, Reads(), json.dumps(found))
    return found


def _zeros(folder: Path) -> list[float]:
    """Share of zeros in the matrices of the layers; nothing if there are none."""
    from safetensors.torch import load_file

    zeros = count = 0
    for path in sorted(folder.glob("*.safetensors")):
        for name, tensor in load_file(path).items():
            if ".layers." in name and tensor.ndim == 2:
                zeros += int((tensor == 0).sum())
                count += tensor.numel()
    return [zeros / count] if count else []
