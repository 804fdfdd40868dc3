"""A model's folder: whether it is whole, and exactly which model it holds.

Belongs here: what can be told from the files, without loading the weights. Does not belong here: loading (local.py, edge.py).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from lenovo_pipeline.provenance import file_hash, short_hash
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.messages import ModelIdentity, SourceKind

_REMEDY = "Put a whole copy of the model there (config.json, *.safetensors, tokenizer.json), or correct the catalogue's entry."
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_DESCRIPTIONS = {"README.md", "training_record.json", "LICENSE", ".gitattributes"}
"""Files that say something about a model and change nothing of what it answers."""

_HEADER_LIMIT = 100_000_000
"""The longest header that the safetensors format allows, in bytes."""


def identify(folder: Path, source: SourceKind = "folder") -> ModelIdentity:
    """Which model the folder holds: hashes are SHA-256 (16 hex digits) of what was read.

    Raises ModelUnavailable listing everything that is missing or damaged.
    """
    config = read_json(folder, "config.json" if source == "folder" else "genai_config.json")
    problems: list[str] = []
    parameters = _count_parameters(folder, problems) if source == "folder" else None
    if source == "edge" and not any(folder.glob("*.onnx")):
        problems.append("there is no *.onnx file")
    if not (folder / "tokenizer.json").is_file() and not (folder / "tokenizer.model").is_file():
        problems.append("there is no tokenizer (tokenizer.json)")
    if problems:
        raise ModelUnavailable(f"The model folder {folder} cannot be used: {'; '.join(problems)}", remedy=_REMEDY)
    files = [
        path for path in sorted(folder.iterdir()) if path.is_file() and path.name not in _DESCRIPTIONS and path.name[0] != "."
    ]
    template = chat_template(folder)
    return ModelIdentity(
        source=source,
        identifier=str(folder),
        revision=_together(files),
        tokenizer_hash=_together(path for path in files if path.name in ("tokenizer.json", "tokenizer.model")),
        template_hash=None if template is None else short_hash(template),
        size_bytes=sum(path.stat().st_size for path in files),
        context_length=_context_length(config),
        parameters=parameters,
    )


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """An object from a JSON file of the folder. Raises ModelUnavailable if there is none."""
    if not folder.is_dir():
        raise ModelUnavailable(f"There is no model folder {folder}", remedy=_REMEDY)
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelUnavailable(f"The folder {folder} has no {name}", remedy=_REMEDY) from None
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{folder / name} cannot be read ({error})", remedy=_REMEDY) from error
    if not isinstance(found, dict):
        raise ModelUnavailable(f"{folder / name} holds no object", remedy=_REMEDY)
    return found


def chat_template(folder: Path) -> str | None:
    """The chat template that the folder holds, as text; None if there is none."""
    if (folder / "chat_template.jinja").is_file():
        return (folder / "chat_template.jinja").read_text(encoding="utf-8")
    if not (folder / "tokenizer_config.json").is_file():
        return None
    found = read_json(folder, "tokenizer_config.json").get("chat_template")
    return found if found is None or isinstance(found, str) else json.dumps(found, sort_keys=True)


def _count_parameters(folder: Path, problems: list[str]) -> int | None:
    """Numbers in the weights. Adds to `problems` what is missing or cut."""
    if (folder / "model.safetensors.index.json").is_file():
        placed = read_json(folder, "model.safetensors.index.json").get("weight_map", {})
        names = sorted({str(name) for name in placed.values()})
    else:
        names = sorted(path.name for path in folder.glob("*.safetensors"))
    if not names:
        pickled = sorted(path.name for pattern in PICKLED for path in folder.glob(pattern))
        problems.append(
            f"its weights are pickled ({', '.join(pickled)}), which may run any code when read; only safetensors are read"
            if pickled
            else "there are no weights (*.safetensors)"
        )
    counted = 0
    for name in names:
        shapes = _weights(folder / name, problems)
        counted += sum(prod(shape) for shape in shapes)
    return counted


def _weights(path: Path, problems: list[str]) -> list[list[int]]:
    """The shapes of the tensors in a safetensors file. Adds to `problems` what is wrong with it."""
    try:
        return [tensor.shape for tensor in read_tensors(path).values()]
    except FileNotFoundError:
        problems.append(f"{path.name} is missing")
    except (OSError, ValueError) as error:
        problems.append(f"{path.name} is damaged ({error})")
    return []


@dataclass(frozen=True)
class TensorEntry:
    """What the header of a safetensors file says of a tensor; `dtype` as the format names it, F32 for example."""

    dtype: str
    shape: list[int]


def read_tensors(path: Path) -> dict[str, TensorEntry]:
    """The tensors of a safetensors file by name: eight bytes of the header's length, the header as JSON, the numbers.

    Only the header is read. Raises OSError, or ValueError for a file that is damaged or cut.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as handle:
            length = int.from_bytes(handle.read(8), "little")
            if not 0 < length <= min(_HEADER_LIMIT, size):
                raise ValueError("no header of safetensors")
            header = json.loads(handle.read(length))
        tensors = {name: value for name, value in header.items() if name != "__metadata__"}
        wanted = 8 + length + max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
        if size != wanted:
            raise ValueError(f"{size} bytes found, {wanted} expected")
        return {name: TensorEntry(str(value["dtype"]), list(value["shape"])) for name, value in tensors.items()}
    except (KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError(f"a header that is none of safetensors: {error}") from error


def tensor_shapes(folder: Path) -> dict[str, list[int]]:
    """The shapes of all tensors of a model's folder, by name. Raises ModelUnavailable if a file of them cannot be read."""
    shapes: dict[str, list[int]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            shapes |= {name: tensor.shape for name, tensor in read_tensors(path).items()}
        except (OSError, ValueError) as error:
            raise ModelUnavailable(f"{path} cannot be read ({error})", remedy=_REMEDY) from error
    return shapes


def _context_length(config: dict[str, Any]) -> int | None:
    inner = config.get("text_config") or config.get("model") or config
    found = inner.get("max_position_embeddings") or inner.get("context_length") or inner.get("n_positions")
    return found if isinstance(found, int) else None


def _together(paths: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        found = path.stat()
        whole.update(f"{path.name}:{_hash_of(path, found.st_mtime_ns, found.st_size)}\n".encode())
    return whole.hexdigest()[:16]


@lru_cache(maxsize=256)
def _hash_of(path: Path, _changed: int, _size: int) -> str:
    return file_hash(path)
