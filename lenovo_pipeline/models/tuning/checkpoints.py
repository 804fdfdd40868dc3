"""Checkpoints of a training: written aside and renamed, and read only by the training that wrote them.

Belongs here: the state that a training goes on from after a kill. Does not belong here: the loop (trainer.py).
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.models.pretraining.batches import Row
from lenovo_pipeline.resources.store import Store

if TYPE_CHECKING:
    from torch import Tensor

_NAME = "checkpoint.pt"


@dataclass
class Progress:
    """What a training has done so far; `best` holds the trainable weights of the lowest validation loss."""

    step: int = 0
    batches: int = 0
    tokens: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    validation_losses: list[tuple[int, float]] = field(default_factory=list)
    best_validation_loss: float | None = None
    best: "dict[str, Tensor] | None" = None
    without_gain: int = 0


def checkpoint_folder(store: Store, key: str) -> Path:
    """Where the training of the build with this key keeps its checkpoints; `recipe_key` of builds.py gives the key."""
    return store.artifacts / "checkpoints" / key


def drop(folder: Path) -> None:
    """Remove the checkpoints of a training whose result is kept."""
    shutil.rmtree(folder, ignore_errors=True)


def identity_of(plan: Any, rows: Sequence[Row], trainable: Mapping[str, "Tensor"]) -> str:
    """Hash of what decides how a training goes on: its plan, its rows, and the weights that it trains."""
    digest = hashlib.sha256(json.dumps(asdict(plan), sort_keys=True).encode())
    for row in rows:
        digest.update(json.dumps([row.ids, row.said]).encode())
    digest.update(json.dumps([[name, list(weight.shape)] for name, weight in trainable.items()]).encode())
    return digest.hexdigest()


def save(folder: Path, identity: str, trainable: Mapping[str, "Tensor"], optimiser: Any, progress: Progress) -> None:
    """Write the checkpoint whole or not at all: a kill leaves the one before."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{_NAME}.new"
    state = {
        "identity": identity,
        "trainable": {name: weight.detach() for name, weight in trainable.items()},
        "optimiser": optimiser.state_dict(),
        "progress": vars(progress),
    }
    torch.save(state, aside)
    aside.replace(folder / _NAME)


def load(folder: Path, identity: str, trainable: Mapping[str, "Tensor"], optimiser: Any) -> Progress | None:
    """Restore weights and optimiser, and return the progress; None if there is no checkpoint of exactly this training.

    One that is damaged or of another training counts as none: the training then starts at its beginning.
    """
    import torch

    try:
        state = torch.load(folder / _NAME, weights_only=True, map_location="cpu")
        if state["identity"] != identity or state["trainable"].keys() != trainable.keys():
            return None
        progress = Progress(**state["progress"])
        optimiser.load_state_dict(state["optimiser"])
    except Exception:  # whatever a damaged pickle raises
        return None
    put(trainable, state["trainable"])
    return progress


def put(trainable: Mapping[str, "Tensor"], values: Mapping[str, "Tensor"]) -> None:
    """Copy the values into the weights of the same names."""
    import torch

    with torch.no_grad():
        for name, weight in trainable.items():
            weight.copy_(values[name])
