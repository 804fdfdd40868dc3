"""Adapters in integers: a quarter of the bytes, read by what reads any adapter, and the same answers."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.compression.adapters import in_integers
from lenovo_pipeline.models.compression.base import open_model
from lenovo_pipeline.resources.inference.adapters import record_base
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.local import open_local
from lenovo_pipeline.resources.inference.messages import GenerationSettings, Message
from lenovo_pipeline.resources.inference.model_folder import identify

ASKED = [Message("user", f"Question: How heavy is device {number}?") for number in range(4)]
SETTINGS = GenerationSettings(max_tokens=8)


def converted(adapter: Path, folder: Path, base: Path) -> dict[str, Any]:
    folder.mkdir()
    report = in_integers(adapter, folder)
    record_base(folder, identify(base))
    return report


def changes_of(base: Path, adapter: Path) -> Any:
    """Scores of the base with the adapter."""
    import torch
    from peft import PeftModel

    model = PeftModel.from_pretrained(open_model(base), str(adapter))
    with torch.inference_mode():
        return model(input_ids=torch.arange(10, 60)[None]).logits


def test_an_adapter_in_integers_is_a_quarter_of_the_size_and_changes_the_base_alike(
    tiny_base: Path, adapter: Path, tmp_path: Path
) -> None:
    import torch

    report = converted(adapter, tmp_path / "int8", tiny_base)
    assert 0 < report["largest_error"] < 0.02
    weights = [(folder / "adapter_model.safetensors").stat().st_size for folder in (tmp_path / "int8", adapter)]
    assert weights[0] < 0.4 * weights[1]
    plain, wanted, found = (
        open_model(tiny_base)(input_ids=torch.arange(10, 60)[None]).logits.detach(),
        changes_of(tiny_base, adapter),
        changes_of(tiny_base, tmp_path / "int8"),
    )
    assert (found - wanted).norm() < 0.03 * (wanted - plain).norm()


def test_the_local_backend_answers_with_an_adapter_in_integers(tiny_base: Path, adapter: Path, tmp_path: Path) -> None:
    converted(adapter, tmp_path / "int8", tiny_base)
    floating = Path(shutil.copytree(adapter, tmp_path / "float"))
    record_base(floating, identify(tiny_base))
    base = open_local(tiny_base)
    answers = {
        folder.name: [base.with_adapter(folder).generate([each], SETTINGS).text for each in ASKED]
        for folder in (tmp_path / "int8", floating)
    }
    plain = [base.generate([each], SETTINGS).text for each in ASKED]
    assert sum(one == other for one, other in zip(answers["int8"], answers["float"], strict=True)) >= 3
    assert answers["int8"] != plain


def test_a_damaged_adapter_in_integers_is_refused(tiny_base: Path, adapter: Path, tmp_path: Path) -> None:
    converted(adapter, tmp_path / "int8", tiny_base)
    weights = tmp_path / "int8" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x55")
    with pytest.raises(ModelUnavailable, match="was changed"):
        open_local(tiny_base).with_adapter(tmp_path / "int8")


def test_adapters_that_cannot_be_converted_say_why(adapter: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    source = Path(shutil.copytree(adapter, tmp_path / "source"))
    weights = source / "adapter_model.safetensors"
    tensors = load_file(weights)
    (tmp_path / "out").mkdir()
    first = sorted(tensors)[0]
    save_file({**tensors, first: tensors[first] * float("nan")}, weights)
    with pytest.raises(PermanentFailure, match=r"not finite.*lower rate"):
        in_integers(source, tmp_path / "out")
    save_file({**tensors, "base_model.model.lm_head.weight": tensors[first]}, weights)
    with pytest.raises(PermanentFailure, match=r"more than LoRA's matrices: base_model.model.lm_head"):
        in_integers(source, tmp_path / "out")
    save_file({name: value for name, value in tensors.items() if name != first.replace("lora_A", "lora_B")}, weights)
    with pytest.raises(PermanentFailure, match=r"has .*lora_A.* and no .*lora_B"):
        in_integers(source, tmp_path / "out")
    weights.write_bytes(b"cut")
    with pytest.raises(PermanentFailure, match=r"cannot be read.*Train it again"):
        in_integers(source, tmp_path / "out")
    assert json.loads((source / "adapter_config.json").read_text())["r"] == 8
