"""The weights that the training of the agent adapter starts from: those of an earlier, longer training, where they fit.

Belongs here: finding them, whether they fit, and putting them into a new adapter. Does not belong here: how they were made
(bundling.py).

`data/agents/<model>.agent` holds an adapter that `python -m lenovo_pipeline.agents.adapter` trained for longer than a run takes.
It is for one base (by the hashes of its weights, tokenizer and template, as the registry compares them) and for one form of
conversation: the system message and the tools. A run goes on from it; one that does not fit is left where it is, and the training
starts from nothing. Only the long training itself may begin with one for other weights of its base: what they have in common need
not be learned again.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.adapter.lessons import TOOLS
from lenovo_pipeline.agents.tools.prompt import SYSTEM_PROMPT
from lenovo_pipeline.contracts import digest
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.tuning.recipes import Lora
from lenovo_pipeline.provenance import file_hash, inspect_manifest, mismatches
from lenovo_pipeline.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "data" / "agents"
RECORD = "training_record.json"
WEIGHTS = "adapter_model.safetensors"
AGAIN = "python -m lenovo_pipeline.agents.adapter"

_REMEDY = "Restore it (git checkout -- data/agents), or remove its folder: the training then starts from nothing."


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
            raise PermanentFailure(f"the adapter {self.folder} cannot be read ({error})", remedy=_REMEDY) from error
        wanted = _named(model)
        shapes = [{name: tuple(weight.shape) for name, weight in some.items()} for some in (found, wanted)]
        if shapes[0] != shapes[1]:
            different = sorted(name for name in {**found, **wanted} if shapes[0].get(name) != shapes[1].get(name))
            raise PermanentFailure(
                f"the adapter {self.folder} is of another shape: {', '.join(different[:3])} and so on, {len(different)} in all",
                remedy=_REMEDY,
            )
        with torch.no_grad():
            for name, weight in wanted.items():
                weight.copy_(found[name])


def start_of(model: str, wanted: Mapping[str, Any], folder: Path = FOLDER) -> Start | None:
    """The weights to start from for a model of the catalogue, with what keeps them from fitting `wanted` (see `wanted_of`); None
    where there are none. Raises PermanentFailure for a folder that is damaged.
    """
    place = folder / f"{model}.agent"
    if not place.is_dir():
        return None
    made_by, damage = inspect_manifest(place, remedy=_REMEDY)
    if damage:
        raise PermanentFailure(f"the adapter {place} is damaged: {', '.join(damage)}", remedy=_REMEDY)
    different = [name for name, value in wanted.items() if made_by.get(name) != value]
    return Start(place, tuple(mismatches(made_by, wanted)), other_weights=different == ["base_revision"])


def wanted_of(base: Mapping[str, Any], lora: Lora) -> dict[str, Any]:
    """What an adapter must be made for: the base (`revision`, `tokenizer_hash`, `template_hash`), its own shape, and the form of
    conversation.
    """
    return {
        "base_revision": base["revision"],
        "base_tokenizer_hash": base["tokenizer_hash"],
        "base_template_hash": base["template_hash"],
        "lora": asdict(lora),
        "form": form(),
    }


def form() -> str:
    """Version of what is shown to the model in every lesson and every attempt: the system message and the tools, without the
    patterns of ids, which only decoding keeps to.
    """
    return digest([SYSTEM_PROMPT, *(str(_shown(tool)) for tool in TOOLS)])


def _shown(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _shown(each) for name, each in value.items() if name != "pattern"}


def told(start: Start | None) -> str:
    """In a sentence, what a training starts from."""
    if start is None:
        return "starts from nothing: there is no adapter in data/agents to go on from"
    if not start.fits:
        other = "; ".join(start.problems)
        return f"starts from nothing: {start.folder} was made for something else ({other}). Train it again: {AGAIN}"
    return f"goes on from {start.folder}"


def told_of_long(start: Start | None) -> str:
    """The same of the long training, which may begin with an adapter for other weights of its base."""
    if start is not None and start.other_weights:
        return f"begins with {start.folder}, which was made for other weights of this base ({'; '.join(start.problems)})"
    return told(start)


def _named(model: Any) -> Mapping[str, Any]:
    """The weights of the adapter by the names that its file has."""
    return {name.replace(".default.", "."): weight for name, weight in model.named_parameters() if weight.requires_grad}
