"""The weights that the training of the agent adapter starts from: those of an earlier, longer training, where they fit the base.

Belongs here: finding them, and putting them into a new adapter. Does not belong here: how they were made (bundling.py).

`data/agents/<model>.agent` holds an adapter that `python -m lenovo_pipeline.agents.adapter` trained for longer than a run takes.
A run goes on from it, if there is one, with the tasks of its own world.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import file_hash
from lenovo_pipeline.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "data" / "agents"
RECORD = "training_record.json"
WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True)
class Start:
    """An adapter that a training may start from."""

    folder: Path

    @property
    def content(self) -> str:
        """Hash of its weights."""
        return file_hash(self.folder / WEIGHTS)

    def put_into(self, model: Any) -> bool:
        """Give a new adapter these weights; whether they fit it, all of them in name and shape. Nothing is changed if not.

        Raises PermanentFailure for a file that is damaged.
        """
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            found = load_file(self.folder / WEIGHTS)
        except (OSError, SafetensorError) as error:
            raise PermanentFailure(
                f"the adapter {self.folder} cannot be read ({error})",
                remedy="Restore it (git checkout -- data/agents), or remove its folder: the training then starts from nothing.",
            ) from error
        wanted = _named(model)
        if {name: tuple(weight.shape) for name, weight in found.items()} != {
            name: tuple(weight.shape) for name, weight in wanted.items()
        }:
            return False
        with torch.no_grad():
            for name, weight in wanted.items():
                weight.copy_(found[name])
        return True


def start_of(model: str, folder: Path = FOLDER) -> Start | None:
    """The weights to start from for a model of the catalogue; None where there are none."""
    place = folder / f"{model}.agent"
    return Start(place) if (place / WEIGHTS).is_file() else None


def _named(model: Any) -> Mapping[str, Any]:
    """The weights of the adapter by the names that its file has."""
    return {name.replace(".default.", "."): weight for name, weight in model.named_parameters() if weight.requires_grad}
