"""Build a model for mobile and edge targets with ONNX Runtime GenAI.

Belongs here: the export. Does not belong here: running a build (resources/inference/edge.py).
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.folders import folder_aside

Precision = Literal["int4", "fp16", "fp32"]


def build_edge(model_folder: Path, out: Path, precision: Precision) -> None:
    """Export the model in `model_folder` to the folder `out`, whole or not at all.

    The builder runs in a process of its own, which needs seconds and the memory of the weights. Raises PermanentFailure.
    """
    with folder_aside(out) as aside, tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(model_folder.resolve()), "-o", str(aside)]
        command += ["-p", precision, "-e", "cpu", "-c", cache]
        done = subprocess.run(command, capture_output=True, text=True, cwd=cache, check=False)
        if done.returncode != 0 or not (aside / "genai_config.json").is_file():
            said = "; ".join(done.stderr.strip().splitlines()[-2:]) or f"it ended with {done.returncode}"
            raise PermanentFailure(
                f"{model_folder} cannot be built for edge targets at {precision} ({said})",
                remedy="Check that onnxruntime_genai.models.builder supports its architecture and that its folder is whole.",
            )
