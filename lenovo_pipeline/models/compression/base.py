"""The base model of a partition as compression needs it: a folder of weights on this machine, opened and written in one way.

Belongs here: finding, opening and saving transformers folders. Does not belong here: what is changed in between.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import SkippedPartition
from lenovo_pipeline.models.availability import Reaches
from lenovo_pipeline.models.builds import Build
from lenovo_pipeline.models.foundation import route_of
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from lenovo_pipeline.models.builds import Artifact

_COMPANIONS = ("tokenizer*", "chat_template.jinja", "generation_config.json", "special_tokens_map.json", "vocab.*", "merges.txt",
               "added_tokens.json")  # fmt: skip
_REMEDY = "Restore the folder from its source, then run again."


@dataclass(frozen=True)
class Base:
    """The base model: its folder, its row of models.foundation, and the licence of the catalogue."""

    folder: Path
    foundation: Mapping[str, Any]
    licence: str

    @property
    def name(self) -> str:
        return str(self.foundation["model"])

    def build(self, name: str, method: str, kind: str, artifact: "Artifact", **more: Any) -> Build:
        """The row of a build that was made from this base."""
        row = self.foundation
        given: dict[str, Any] = {
            "domain": "all",
            "base": row["identity"],
            "training_set": None,
            "parameters": artifact.made_by["report"].get("parameters"),
            "trainable_parameters": None,
            "validation_loss": None,
            **more,
        }
        return Build(
            model=self.name,
            build=f"{self.name}/{name}",
            method=method,
            format=kind,
            artifact=artifact.content,
            path=artifact.path,
            base_revision=row["revision"],
            tokenizer_hash=row["tokenizer_hash"],
            template_hash=row["template_hash"],
            licence=self.licence,
            size_bytes=artifact.size_bytes,
            made_by=artifact.made_by,
            **given,
        )


def base_of(foundation: Mapping[str, Any], catalogue_row: Mapping[str, Any], inference: Reaches) -> Base:
    """The base of a partition. Raises SkippedPartition where its weights are not in a folder here, ModelUnavailable where they
    are damaged.
    """
    route = route_of(catalogue_row, inference, PROJECT_ROOT, bundled=DEFAULT_MODEL)
    if route.model.kind != "folder":
        raise SkippedPartition(
            f"{foundation['model']} is reached by {route.source}, and making it smaller needs its weights: put its folder of "
            "safetensors on this machine and name it in the catalogue."
        )
    folder = Path(route.model.identifier)
    found = identify(folder)
    if found.revision != foundation["revision"]:
        raise ModelUnavailable(
            f"the weights in {folder} are another revision ({found.revision}) than was resolved ({foundation['revision']})",
            remedy="Materialise models/foundation of this partition, then run again.",
        )
    return Base(folder, foundation, str(catalogue_row["licence"]))


def open_model(folder: Path) -> Any:
    """The model in single precision, on the GPU if there is one. Raises ModelUnavailable if it is damaged."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    from lenovo_pipeline.models.tuning.precision import device

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    kind = device()
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            # Eager attention trains faster on a processor, and needs too much memory on a GPU.
            attn_implementation="eager" if kind == "cpu" else "sdpa",
        )
    except Exception as error:  # transformers and safetensors each raise their own
        raise ModelUnavailable(f"the model in {folder} cannot be opened ({error})", remedy=_REMEDY) from error
    return model.eval().to(kind)


def open_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model's folder."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def save_model(model: Any, source: Path, out: Path, *, exact: bool = False) -> None:
    """Write a model with the tokenizer and template of `source`, in the number format that `source` is stored in, or in single
    precision where the values must stay exact.
    """
    import torch

    kind = torch.float32 if exact else getattr(torch, _stored_format(source))
    before = model.dtype
    model.config.dtype = kind
    model.to(kind).save_pretrained(out)
    model.to(before)
    for pattern in _COMPANIONS:
        for path in source.glob(pattern):
            shutil.copy(path, out / path.name)


def parameters_of(model: Any) -> int:
    """Parameters, tied ones counted once."""
    return sum(weight.numel() for weight in model.parameters())


def _stored_format(folder: Path) -> str:
    """Number format of the weights, as torch names it: that of the largest tensor."""
    names = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
    largest, found = 0, "float32"
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as handle:
            header = json.loads(handle.read(int.from_bytes(handle.read(8), "little")))
        for name, tensor in header.items():
            size = tensor["data_offsets"][1] - tensor["data_offsets"][0] if name != "__metadata__" else 0
            if size > largest:
                largest, found = size, names.get(tensor["dtype"], "float32")
    return found
