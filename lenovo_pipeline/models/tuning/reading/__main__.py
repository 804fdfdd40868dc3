"""`python -m lenovo_pipeline.models.tuning.reading`: train the reading adapter that the domains' adapters go on from.

It makes worlds of its own, and needs no run. Ctrl-C stops it; the same command goes on.

Belongs here: the command line.
"""

import argparse
import sys
from pathlib import Path

from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.settings import PROJECT_ROOT, get_settings


def main(given: list[str] | None = None) -> int:
    """Train; returns the exit status."""
    from lenovo_pipeline.models.tuning.reading.bundling import bundle
    from lenovo_pipeline.models.tuning.reading.recipe import BUNDLED
    from lenovo_pipeline.models.tuning.reading.start import FOLDER
    from lenovo_pipeline.models.tuning.reading.worlds import examples_to_teach
    from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder

    settings = get_settings()
    parser = argparse.ArgumentParser(
        prog="python -m lenovo_pipeline.models.tuning.reading", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--base", type=Path, default=PROJECT_ROOT / "data" / "models" / DEFAULT_MODEL, help="folder of the model")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where the adapter goes (default: %(default)s)")
    parser.add_argument(
        "--checkpoints",
        type=Path,
        default=settings.store / "reading_adapter_training",
        help="where a stopped training goes on from",
    )
    options = parser.parse_args(given)

    def say(line: str) -> None:
        print(line, flush=True)

    try:
        encoder = OnnxEncoder(bundled_encoder(), settings.store / "artifacts")
        examples = examples_to_teach(BUNDLED.worlds, settings.chunk_tokens, encoder.count_tokens, say)
        bundle(options.base, DEFAULT_MODEL, examples, options.out, options.checkpoints, say=say)
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped: the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    exit_with(main)
