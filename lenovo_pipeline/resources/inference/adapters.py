"""LoRA adapters over one base model: loaded once, switched per request.

Belongs here: which adapter fits which base, and the switch. Does not belong here: training adapters.
An adapter's folder holds adapter_config.json, adapter_model.safetensors and the manifest (provenance.py) of the base that it was
trained on, written by `record_base`.
"""

import logging
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import require_provenance, write_manifest
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.messages import ModelIdentity

WEIGHTS = "adapter_model.safetensors"
_REMEDY = "Train the adapter on this base again, or open the base that it was trained on."


def record_base(adapter: Path, base: ModelIdentity, **made_by: Any) -> None:
    """Write down, in an adapter's folder, the base that it was trained on, and whatever else made it."""
    write_manifest(adapter, {**made_by, **_expected(base)})


def require_base(adapter: Path, base: ModelIdentity) -> dict[str, Any]:
    """What made the adapter. Raises ModelUnavailable listing every mismatch with `base`, or what is missing or damaged."""
    if not (adapter / WEIGHTS).is_file():
        raise ModelUnavailable(f"The adapter folder {adapter} has no {WEIGHTS}; nothing else is read", remedy=_REMEDY)
    try:
        return require_provenance(adapter, _expected(base), remedy=_REMEDY)
    except PermanentFailure as error:
        raise ModelUnavailable(str(error).removesuffix(_REMEDY), remedy=_REMEDY) from error


def _expected(base: ModelIdentity) -> dict[str, Any]:
    return {
        "base_revision": base.revision,
        "base_tokenizer_hash": base.tokenizer_hash,
        "base_template_hash": base.template_hash,
    }


class Adapters:
    """The adapters that were loaded over a base model. Not for several threads at once: the decoder's turn guards it."""

    def __init__(self, model: Any, base: ModelIdentity) -> None:
        self._model = model
        self._base = base
        self._loaded: Any = None
        self._names: dict[str, str] = {}
        self._current: str | None = None

    def load(self, folder: Path) -> str:
        """The name that `switch` knows the adapter by; one that was loaded before, and has not changed, costs nothing.

        Raises ModelUnavailable if it was made for another base, or is damaged.
        """
        require_base(folder, self._base)
        found = (folder / WEIGHTS).stat()
        key = f"{folder.resolve()} {found.st_mtime_ns} {found.st_size}"
        if key not in self._names:
            self._names[key] = self._read(folder, f"adapter_{len(self._names)}")
            self._current = self._names[key]
        return self._names[key]

    def switch(self, name: str | None) -> None:
        """Compute with this adapter from now on, or with the base alone."""
        if name == self._current:
            return
        if name is None:
            self._loaded.base_model.disable_adapter_layers()
        else:
            if self._current is None:
                self._loaded.base_model.enable_adapter_layers()
            self._loaded.set_adapter(name, inference_mode=True)
        self._current = name

    def _read(self, folder: Path, name: str) -> str:
        from peft import PeftModel

        quiet = logging.getLogger("peft")
        level = quiet.level
        quiet.setLevel(logging.ERROR)
        try:
            if self._loaded is None:
                self._loaded = PeftModel.from_pretrained(self._model, str(folder), adapter_name=name, is_trainable=False)
                self._loaded.eval()
            else:
                if self._current is None:
                    self._loaded.base_model.enable_adapter_layers()
                self._loaded.load_adapter(str(folder), adapter_name=name, is_trainable=False)
                self._loaded.set_adapter(name, inference_mode=True)
        except Exception as error:
            raise ModelUnavailable(f"The adapter in {folder} cannot be loaded ({error})", remedy=_REMEDY) from error
        finally:
            quiet.setLevel(level)
        return name
