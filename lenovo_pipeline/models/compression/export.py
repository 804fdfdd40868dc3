"""Build a model for mobile and edge targets with ONNX Runtime GenAI.

Belongs here: the export. Does not belong here: running a build (resources/inference/edge.py).
"""

import io
import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Literal

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.inference.model_folder import read_json

Precision = Literal["int4", "fp16", "fp32"]


_SMALL_BYTES = 200_000_000
"""Stored weights up to which the builder runs in this process: another one would take longer to start than to build. With larger
ones it gets a process of its own, so that where memory does not suffice the build fails and not the run.
"""


def build_edge(model_folder: Path, out: Path, precision: Precision) -> None:
    """Export the model in `model_folder` to the folder `out`, whole or not at all. Raises PermanentFailure."""
    stored = sum(path.stat().st_size for path in model_folder.glob("*.safetensors"))
    build = _built_here if stored <= _SMALL_BYTES else _built_apart
    with folder_aside(out) as aside, tempfile.TemporaryDirectory() as cache:
        source = _with_architecture(model_folder.resolve(), Path(cache) / "model")
        problem = build(source, aside, precision, Path(cache))
        if problem or not (aside / "genai_config.json").is_file():
            raise PermanentFailure(
                f"{model_folder} cannot be built for edge targets at {precision} ({problem or 'no build was written'})",
                remedy="Check that onnxruntime_genai.models.builder supports its architecture and that its folder is whole.",
            )


def _built_here(source: Path, out: Path, precision: Precision, cache: Path) -> str:
    """Run the builder in this process; returns what went wrong, empty if nothing did."""
    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            from onnxruntime_genai.models import builder

            given: tuple[Any, ...] = (None, str(source), str(out), precision, "cpu", str(cache))
            builder.create_model(*given, **builder.parse_extra_options(*given, None))
    except (Exception, SystemExit) as error:  # it raises whatever the libraries below it raise
        return str(error) or type(error).__name__
    return ""


def _built_apart(source: Path, out: Path, precision: Precision, cache: Path) -> str:
    """Run the builder in a process of its own; returns what went wrong, empty if nothing did."""
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(source), "-o", str(out)]
    command += ["-p", precision, "-e", "cpu", "-c", str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cache, check=False)
    if done.returncode == 0:
        return ""
    return "; ".join(done.stderr.strip().splitlines()[-2:]) or f"it ended with {done.returncode}"


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
