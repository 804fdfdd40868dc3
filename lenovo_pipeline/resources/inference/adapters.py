"""LoRA adapters over one base model: loaded once, switched per request.

Belongs here: which adapter fits which base, and the switch. Does not belong here: training adapters, and what a folder must hold
(adapter_folder.py).
An adapter's folder holds adapter_config.json, adapter_model.safetensors and the manifest (provenance.py) of the base that it was
trained on, written by `record_base`.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lenovo_pipeline.provenance import MANIFEST, write_manifest
from lenovo_pipeline.resources.inference.adapter_folder import CONFIG, WEIGHTS, base_of, folder_problems, not_finite
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.messages import ModelIdentity

__all__ = ["CONFIG", "WEIGHTS", "Adapters", "base_of", "record_base", "require_base"]

_REMEDY = "Train the adapter on this base again, or open the base that it was trained on."


def record_base(adapter: Path, base: ModelIdentity, **made_by: Any) -> None:
    """Write down, in an adapter's folder, the base that it was trained on, and whatever else made it."""
    (adapter / MANIFEST).unlink(missing_ok=True)
    write_manifest(adapter, {**made_by, **base_of(base)})


def require_base(adapter: Path, base: ModelIdentity) -> dict[str, Any]:
    """What made the adapter. Raises ModelUnavailable listing every mismatch with `base`, and all that is missing or damaged."""
    made_by, problems = folder_problems(adapter, base)
    if problems:
        raise _unusable(adapter, problems)
    return made_by


class Adapters:
    """The adapters that were loaded over a base model. Not for several threads at once: the decoder's turn guards it."""

    def __init__(self, model: Any, base: ModelIdentity) -> None:
        self._model = model
        self._base = base
        self._loaded: Any = None
        self._names: dict[str, str] = {}
        self._tried = 0
        self._current: str | None = None
        self._sure = True

    def load(self, folder: Path) -> str:
        """The name that `switch` knows the adapter by; one that was loaded before, and has not changed, costs nothing.

        Raises ModelUnavailable if it was made for another base, or is damaged; the base and the other adapters are as before.
        """
        key = _stamp(folder)
        if key is None or key not in self._names:
            require_base(folder, self._base)
            # Never a name twice: what is left of one that failed must not be taken for another one.
            self._tried += 1
            name = f"adapter_{self._tried}"
            self._read(folder, name)
            self._names[str(key)] = name
        return self._names[str(key)]

    def switch(self, name: str | None) -> None:
        """Compute with this adapter from now on, or with the base alone."""
        if self._loaded is None or (self._sure and name == self._current):
            return
        # Until the last layer is switched nobody may take the model for either.
        known, self._sure = self._current if self._sure else None, False
        if name is None:
            self._loaded.base_model.disable_adapter_layers()
        else:
            if known is None:
                self._loaded.base_model.enable_adapter_layers()
            self._loaded.set_adapter(name, inference_mode=True)
        self._current, self._sure = name, True

    def _read(self, folder: Path, name: str) -> None:
        from peft import LoraConfig, PeftModelForCausalLM, set_peft_model_state_dict
        from safetensors.torch import load_file

        quiet = logging.getLogger("peft")
        level = quiet.level
        quiet.setLevel(logging.ERROR)
        try:
            tensors = load_file(folder / WEIGHTS)
            problems = not_finite(tensors)
            if problems:
                raise _unusable(folder, problems)
            config: Any = LoraConfig.from_pretrained(str(folder))
            config.inference_mode = True
            # An adapter at its start changes nothing, until its weights are there.
            config.init_lora_weights = True
            self._sure = False
            if self._loaded is None:
                self._loaded = PeftModelForCausalLM(self._model, config, adapter_name=name).eval()
            else:
                self._loaded.add_adapter(name, config)
            result = set_peft_model_state_dict(self._loaded, tensors, adapter_name=name)
            self._loaded.eval()
            _require_all(folder, name, result)
        except ModelUnavailable:
            raise
        except Exception as error:
            raise _unusable(folder, [f"it cannot be loaded ({error})"]) from error
        finally:
            quiet.setLevel(level)


def _require_all(folder: Path, name: str, result: Any) -> None:
    """Raise ModelUnavailable unless peft found a place for every tensor, and a tensor for every place."""
    missing = [key for key in result.missing_keys if f".{name}." in f"{key}."]
    problems = [f"{key} has no place in the base" for key in result.unexpected_keys] + [f"{key} is missing" for key in missing]
    if problems:
        raise _unusable(folder, problems)


def _stamp(folder: Path) -> str | None:
    """What tells an adapter that is loaded from one that was changed since; None if there is none."""
    try:
        found: Mapping[str, Any] = {name: (folder / name).stat() for name in (WEIGHTS, CONFIG, MANIFEST)}
    except OSError:
        return None
    stamps = [f"{each.st_ino} {each.st_mtime_ns} {each.st_size}" for each in found.values()]
    return " ".join([str(folder.resolve()), *stamps])


def _unusable(folder: Path, problems: list[str]) -> ModelUnavailable:
    return ModelUnavailable(f"The adapter in {folder} cannot be used: {'; '.join(problems)}", remedy=_REMEDY)
