"""What an adapter's folder must hold: everything that keeps it from being used, told from its files before anything is loaded.

Belongs here: the rules for a LoRA adapter of peft (adapter_config.json, adapter_model.safetensors) and the base that it is for.
Does not belong here: loading and switching (adapters.py), which adapters there are (models/registry).
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import inspect_manifest, mismatches
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.messages import ModelIdentity
from lenovo_pipeline.resources.inference.model_folder import PICKLED, TensorEntry, read_json, read_tensors, tensor_shapes

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"

_MATRIX = re.compile(r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<embedding>embedding_)?(?P<side>[AB])(?:\.weight)?")
_LAYER = re.compile(r"\.\d+\.")
_NUMBERS = ("F64", "F32", "F16", "BF16", "I8")
"""Formats of matrices; integers have their scale in the configuration (`alpha_pattern`)."""

_EMPTY: tuple[Any, ...] = (None, False, "none", [], {})
_FOREIGN_OPTIONS = (
    "bias",
    "lora_bias",
    "modules_to_save",
    "layer_replication",
    "target_parameters",
    "trainable_token_indices",
    "alora_invocation_tokens",
    "megatron_config",
    "use_dora",
)
"""Options of peft that change more than LoRA's matrices beside a base that others share; all must be off."""

_OWN_STARTS = (None, True, False, "gaussian")
"""Starts of the matrices (`init_lora_weights`) that leave the base as it is: PiSSA, OLoRA and others write into it."""


def base_of(base: ModelIdentity) -> dict[str, Any]:
    """What the manifest of an adapter must say of its base."""
    return {
        "base_revision": base.revision,
        "base_tokenizer_hash": base.tokenizer_hash,
        "base_template_hash": base.template_hash,
    }


def folder_problems(folder: Path, base: ModelIdentity | None, *, described: bool = True) -> tuple[dict[str, Any], list[str]]:
    """What made the adapter, and everything that keeps it from being used over `base`; without a base, over any.

    Pickles, which may run any code when read; files that are missing or not as its manifest says; another base, tokenizer or
    template; options and tensors that are not LoRA's, or do not fit the base. Only the header of its weights is read. One that
    peft wrote and nobody `described` has no manifest, and none is asked for.
    """
    if not folder.is_dir():
        return {}, [f"there is no folder {folder}"]
    problems = [f"{path.name} is pickled, which may run any code when read" for path in _pickles(folder)]
    if not (folder / WEIGHTS).is_file():
        problems.append(f"it has no {WEIGHTS}; nothing else is read")
    made_by: dict[str, Any] = {}
    try:
        made_by, damage = inspect_manifest(folder, remedy="") if described else ({}, [])
        problems += damage
    except PermanentFailure as error:
        problems.append(str(error).rstrip(". "))
    if base is not None and made_by:
        problems += mismatches(made_by, base_of(base))
    try:
        config = read_json(folder, CONFIG)
    except ModelUnavailable as error:
        return made_by, [*problems, str(error).removesuffix(error.remedy).rstrip(". ")]
    problems += _option_problems(config)
    if (folder / WEIGHTS).is_file():
        problems += _weight_problems(folder, config, base)
    return made_by, problems


def not_finite(tensors: Mapping[str, Any]) -> list[str]:
    """The problem of each tensor (torch) that holds NaN or an infinite number."""
    return _summed(f"{name} holds numbers that are not finite" for name, tensor in tensors.items() if not tensor.isfinite().all())


def _pickles(folder: Path) -> list[Path]:
    return sorted({path for pattern in PICKLED for path in folder.rglob(pattern)})


def _option_problems(config: Mapping[str, Any]) -> Iterator[str]:
    if config.get("peft_type") != "LORA":
        yield f"peft_type is {config.get('peft_type')!r}, expected 'LORA'"
    if config.get("task_type") not in (None, "CAUSAL_LM"):
        yield f"task_type is {config['task_type']!r}, expected 'CAUSAL_LM'"
    for name in _FOREIGN_OPTIONS:
        if config.get(name) not in _EMPTY:
            yield f"{name} is {json.dumps(config[name])[:60]}, and only LoRA's own matrices are loaded beside a shared base"
    if config.get("init_lora_weights") not in _OWN_STARTS:
        yield f"init_lora_weights is {config['init_lora_weights']!r}, which writes into the base that others share"
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1:
        yield f"r is {rank!r}, expected a rank of at least 1"
    if not isinstance(alpha, int | float) or not math.isfinite(alpha):
        yield f"lora_alpha is {alpha!r}, expected a number"


def _weight_problems(folder: Path, config: Mapping[str, Any], base: ModelIdentity | None) -> list[str]:
    try:
        tensors = read_tensors(folder / WEIGHTS)
        shapes = tensor_shapes(Path(base.identifier)) if base is not None and base.source == "folder" else None
        return _summed(_tensor_problems(tensors, config, shapes))
    except ModelUnavailable as error:
        return [str(error).removesuffix(error.remedy).rstrip(". ")]
    except (OSError, ValueError) as error:
        return [f"{WEIGHTS} is damaged ({error})"]
    except (re.error, AttributeError, TypeError) as error:
        return [f"{CONFIG} is damaged ({error})"]


def _tensor_problems(
    tensors: Mapping[str, TensorEntry], config: Mapping[str, Any], shapes: Mapping[str, list[int]] | None
) -> Iterator[str]:
    """`shapes`: the tensors of the base; None: unknown, so that the matrices are only held against each other."""
    sides: dict[str, set[str]] = {}
    for name, tensor in tensors.items():
        matrix = _MATRIX.fullmatch(name)
        if matrix is None:
            yield f"{name} is no matrix of LoRA"
            continue
        module, side = matrix["module"], matrix["side"]
        sides.setdefault(module, set()).add(side)
        if tensor.dtype not in _NUMBERS:
            yield f"{module}.lora_{side} holds {tensor.dtype}, expected one of {', '.join(_NUMBERS)}"
        wanted = _wanted(module, side, bool(matrix["embedding"]), config, shapes)
        if wanted is None:
            yield f"the base has no {module}"
        elif len(tensor.shape) != 2 or any(size not in (None, found) for size, found in zip(wanted, tensor.shape, strict=True)):
            yield f"{module}.lora_{side} is {tensor.shape}, expected {[size or 'any' for size in wanted]}"
    yield from (f"{module} has only one of its two matrices" for module, found in sides.items() if len(found) == 1)
    if not sides:
        yield f"{WEIGHTS} holds no matrix of LoRA"
    yield from (f"{module} is a target, but has no matrices" for module in _targets(config, shapes or {}) if module not in sides)


def _wanted(
    module: str, side: str, embedding: bool, config: Mapping[str, Any], shapes: Mapping[str, list[int]] | None
) -> tuple[int | None, int | None] | None:
    """The shape of a matrix: A is (rank, inputs), B (outputs, rank). None: the base has no such module."""
    rank = _rank(module, config)
    inputs: int | None = None
    outputs: int | None = None
    if shapes is not None:
        base = shapes.get(f"{module}.weight")
        if base is None and module.endswith("lm_head"):
            # A head that is tied to the embedding is not stored.
            base = next((shape for name, shape in shapes.items() if name.endswith("embed_tokens.weight")), None)
        if base is None or len(base) != 2:
            return None
        # Linear layers are stored (outputs, inputs); embeddings, and GPT-2's layers, the other way round.
        turned = embedding or bool(config.get("fan_in_fan_out"))
        inputs, outputs = (base[0], base[1]) if turned else (base[1], base[0])
    return (rank, inputs) if side == "A" else (outputs, rank)


def _rank(module: str, config: Mapping[str, Any]) -> int | None:
    for pattern, rank in (config.get("rank_pattern") or {}).items():
        if re.fullmatch(rf"(?:.*\.)?(?:{pattern})", module):
            return _whole(rank)
    return _whole(config.get("r"))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _targets(config: Mapping[str, Any], shapes: Mapping[str, list[int]]) -> Iterator[str]:
    """The modules of the base that the configuration names, where it names them all alike."""
    wanted = config.get("target_modules")
    if any(config.get(name) not in _EMPTY for name in ("layers_to_transform", "layers_pattern", "exclude_modules")):
        return
    for name, shape in shapes.items():
        module = name.removesuffix(".weight")
        if module == name or len(shape) != 2:
            continue
        if isinstance(wanted, str):
            if re.fullmatch(wanted, module):
                yield module
        elif any(module == target or module.endswith(f".{target}") for target in wanted or ()):
            yield module


def _summed(problems: Iterable[str]) -> list[str]:
    """Each problem once, with the number of layers that have it."""
    counted = Counter(_LAYER.sub(".*.", problem) for problem in problems)
    return [problem if times == 1 else f"{problem} ({times} times)" for problem, times in counted.items()]
