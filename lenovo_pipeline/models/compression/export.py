"""Build a model for mobile and edge targets with ONNX Runtime GenAI.

Belongs here: the export. Does not belong here: running a build (resources/inference/edge.py).
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.inference.model_folder import read_json

Precision = Literal["int4", "fp16", "fp32"]


def build_edge(model_folder: Path, out: Path, precision: Precision) -> None:
    """Export the model in `model_folder` to the folder `out`, whole or not at all.

    The builder runs in a process of its own, which needs seconds and the memory of the weights. Raises PermanentFailure.
    """
    with folder_aside(out) as aside, tempfile.TemporaryDirectory() as cache:
        source = _with_architecture(model_folder.resolve(), Path(cache) / "model")
        command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(source), "-o", str(aside)]
        command += ["-p", precision, "-e", "cpu", "-c", cache]
        done = subprocess.run(command, capture_output=True, text=True, cwd=cache, check=False)
        if done.returncode != 0 or not (aside / "genai_config.json").is_file():
            said = "; ".join(done.stderr.strip().splitlines()[-2:]) or f"it ended with {done.returncode}"
            raise PermanentFailure(
                f"{model_folder} cannot be built for edge targets at {precision} ({said})",
                remedy="Check that onnxruntime_genai.models.builder supports its architecture and that its folder is whole.",
            )


def _with_architecture(model_folder: Path, copy: Path) -> Path:
    """The folder, or a copy whose config.json names the architecture: the builder asks for it, and not every model says it."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    config = read_json(model_folder, "config.json")
    architecture = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(str(config.get("model_type")))
    if config.get("architectures") or architecture is None:
        return model_folder
    shutil.copytree(model_folder, copy)
    (copy / "config.json").write_text(json.dumps({**config, "architectures": [architecture]}), encoding="utf-8")
    return copy
