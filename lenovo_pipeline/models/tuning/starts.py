"""The weights that the training of an adapter starts from: those of an earlier, longer training, where they fit.

Belongs here: whether kept weights fit, and putting them into a new adapter. Does not belong here: how they were made
(reading/bundling.py, agents/adapter/bundling.py).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.tuning.recipes import Lora
from lenovo_pipeline.provenance import file_hash, inspect_manifest, mismatches
from lenovo_pipeline.settings import PROJECT_ROOT

RECORD = "training_record.json"
WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True)
class Start:
    """An adapter that a training may start from; `problems` says why it may not, `other_weights` that it is for other weights of
    the same base and otherwise fits.
    """

    folder: Path
    problems: tuple[str, ...] = ()
    other_weights: bool = False

    @property
    def content(self) -> str:
        """Hash of its weights."""
        return file_hash(self.folder / WEIGHTS)

    @property
    def fits(self) -> bool:
        return not self.problems

    def put_into(self, model: Any) -> None:
        """Give a new adapter these weights. Raises PermanentFailure for a file that is damaged or of another shape; nothing is
        changed then.
        """
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            found = load_file(self.folder / WEIGHTS)
        except (OSError, SafetensorError) as error:
            raise PermanentFailure(f"the adapter {self.folder} cannot be read ({error})", remedy=_remedy(self.folder)) from error
        wanted = _named(model)
        shapes = [{name: tuple(weight.shape) for name, weight in some.items()} for some in (found, wanted)]
        if shapes[0] != shapes[1]:
            different = sorted(name for name in {**found, **wanted} if shapes[0].get(name) != shapes[1].get(name))
            raise PermanentFailure(
                f"the adapter {self.folder} is of another shape: {', '.join(different[:3])} and so on, {len(different)} in all",
                remedy=_remedy(self.folder),
            )
        with torch.no_grad():
            for name, weight in wanted.items():
                weight.copy_(found[name])


def start_in(folder: Path, wanted: Mapping[str, Any]) -> Start | None:
    """The weights in a folder, with what keeps them from fitting what is `wanted` of its manifest; None where there is no such
    folder. Raises PermanentFailure for one that is damaged.
    """
    if not folder.is_dir():
        return None
    made_by, damage = inspect_manifest(folder, remedy=_remedy(folder))
    if damage:
        raise PermanentFailure(f"the adapter {folder} is damaged: {', '.join(damage)}", remedy=_remedy(folder))
    different = [name for name, value in wanted.items() if made_by.get(name) != value]
    return Start(folder, tuple(mismatches(made_by, wanted)), other_weights=different == ["base_revision"])


def wanted_of(base: Mapping[str, Any], lora: Lora, form: str) -> dict[str, Any]:
    """What an adapter must be made for: the base (`revision`, `tokenizer_hash`, `template_hash`), its own shape, and the version
    of the form in which the model is asked.
    """
    return {
        "base_revision": base["revision"],
        "base_tokenizer_hash": base["tokenizer_hash"],
        "base_template_hash": base["template_hash"],
        "lora": asdict(lora),
        "form": form,
    }


def told(start: Start | None, place: str, again: str) -> str:
    """In a sentence, what a training starts from; `place` is where its start would lie, `again` the command that makes one."""
    if start is None:
        return f"starts from nothing: there is no adapter in {place} to go on from"
    if not start.fits:
        other = "; ".join(start.problems)
        return f"starts from nothing: {start.folder} was made for something else ({other}). Train it again: {again}"
    return f"goes on from {start.folder}"


def _remedy(folder: Path) -> str:
    where = folder.parent.relative_to(PROJECT_ROOT) if folder.is_relative_to(PROJECT_ROOT) else folder.parent
    return f"Restore it (git checkout -- {where}), or remove its folder: the training then starts from nothing."


def _named(model: Any) -> Mapping[str, Any]:
    """The weights of the adapter by the names that its file has."""
    return {name.replace(".default.", "."): weight for name, weight in model.named_parameters() if weight.requires_grad}
