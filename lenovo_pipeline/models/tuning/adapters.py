"""LoRA over a base model, in full precision or in 4 bits, and its files.

Belongs here: opening a base so that an adapter can be trained over it, and writing the adapter. Does not belong here: training
(trainer.py), and using adapters (resources/inference/adapters.py).
"""

import logging
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.compression.base import open_model
from lenovo_pipeline.models.tuning.precision import device, has_bfloat16
from lenovo_pipeline.models.tuning.recipes import Lora
from lenovo_pipeline.resources.inference.errors import ModelUnavailable


def with_adapter(folder: Path, lora: Lora, *, four_bits: bool, seed: int) -> Any:
    """The model in `folder` with a new adapter, whose weights alone are trainable.

    Raises ModelUnavailable for a damaged folder, PermanentFailure where 4 bits or the adapter do not fit the model.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    model = open_in_four_bits(folder) if four_bits else open_model(folder)
    # PEFT names all linear modules in no fixed order otherwise.
    targets = lora.targets if isinstance(lora.targets, str) else sorted(lora.targets)
    config = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=targets, bias="none", task_type="CAUSAL_LM"
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        try:
            return get_peft_model(model, config)
        except ValueError as error:
            raise PermanentFailure(
                f"an adapter of {lora} does not fit the model in {folder} ({error})",
                remedy="Name modules that it has in `targets` in lenovo_pipeline/models/tuning/recipes.py, or all-linear.",
            ) from error


def open_in_four_bits(folder: Path) -> Any:
    """The model with its linear layers in NF4, the constants quantised too (arXiv:2305.14314), computing in bfloat16 where the
    machine has it. Raises what `with_adapter` raises.
    """
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig
    from transformers.utils import logging as library

    try:
        import bitsandbytes  # noqa: F401
    except Exception as error:  # it loads a compiled library, which fails in its own ways
        raise PermanentFailure(
            f"4-bit adapters need bitsandbytes, which cannot be imported ({error})",
            remedy="Install it: pip install -c constraints.txt bitsandbytes (there is none for every system), then run again.",
        ) from error
    library.disable_progress_bar()  # type: ignore[no-untyped-call]
    kind = device()
    configured: Any = BitsAndBytesConfig
    config = configured(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if has_bfloat16(kind) else torch.float32,
    )
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            quantization_config=config,
            dtype=torch.float32,
            device_map=kind,
            use_safetensors=True,
            local_files_only=True,
            attn_implementation="eager" if kind == "cpu" else "sdpa",
        )
    except Exception as error:  # transformers, safetensors and bitsandbytes each raise their own
        raise ModelUnavailable(
            f"the model in {folder} cannot be opened in 4 bits ({error})",
            remedy="Use LoRA adapters (models/adapters) if its layers have no 4-bit form; otherwise restore the folder.",
        ) from error
    layers = [module for module in model.modules() if type(module).__name__ == "Linear4bit"]
    if not layers:
        raise PermanentFailure(
            f"the model in {folder} has no linear layer that bitsandbytes turns into 4 bits",
            remedy="Use LoRA adapters (models/adapters) for this architecture.",
        )
    for layer in layers:
        # On such processors an evaluation turns the weights into a form whose product has no gradient: a training that goes on
        # afterwards would silently learn from wrong ones.
        layer.support_avx512bf16_for_cpu = False
    return model.requires_grad_(False)


def save_adapter(model: Any, folder: Path, base: str) -> None:
    """Write weights (safetensors) and configuration; `base` is the base model's name in the catalogue."""
    # The path on this machine says nothing elsewhere, and would change the hash of the files.
    model.peft_config["default"].base_model_name_or_path = base
    quiet = logging.getLogger("peft")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        model.save_pretrained(folder, safe_serialization=True, save_embedding_layers=False)
    finally:
        quiet.setLevel(level)
    (folder / "README.md").unlink(missing_ok=True)
    _sort_targets(folder / "adapter_config.json")


def _sort_targets(path: Path) -> None:
    import json

    found = json.loads(path.read_text(encoding="utf-8"))
    for name, value in found.items():
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            found[name] = sorted(value)
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
