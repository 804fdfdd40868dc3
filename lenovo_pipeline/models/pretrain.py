"""Train the bundled model: `python -m lenovo_pipeline.models.pretrain` (from scratch, about two hours on two cores), then
`--continue FOLDER` (the stage of the recipe that follows the last one of the model in that folder).

Belongs here: the command line. `--resume` goes on from the last checkpoint, also after a kill; `--evaluate` measures the
skills of the model in `--out` on held-out items, prints the table and writes it into its training record.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lenovo_pipeline.command_line import exit_with

FOLDER = Path(__file__).parents[2] / "data" / "models" / "lenovo-nano"
WORKING = Path(__file__).parents[2] / "data" / "store" / "pretraining"


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m lenovo_pipeline.models.pretrain", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the model (default: %(default)s)")
    parser.add_argument(
        "--checkpoints", type=Path, help=f"folder of the checkpoint (default: {WORKING}, and `continued` in it for --continue)"
    )
    parser.add_argument(
        "--continue",
        dest="start",
        type=Path,
        metavar="FOLDER",
        help="run the next stage of the recipe, from the model in this folder; also to be given with --resume and --export",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument(
        "--steps", type=int, help="stop after this many steps in all, without writing the model unless the recipe is done"
    )
    parser.add_argument("--export", action="store_true", help="write the model of the last checkpoint as it is, without training")
    parser.add_argument(
        "--compile", action="store_true", help="compile the layers first: a third less time, needs a C++ compiler"
    )
    parser.add_argument(
        "--threads", type=int, default=min(2, os.cpu_count() or 1), help="threads to compute with (default: %(default)s)"
    )
    parser.add_argument("--evaluate", action="store_true", help="only measure the skills of the model in --out")
    parser.add_argument(
        "--items", type=int, default=200, help="held-out items of each skill for --evaluate (default: %(default)s)"
    )
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Train, export or evaluate as the arguments say; returns the exit status."""
    arguments = _arguments(given)
    import torch

    torch.set_num_threads(arguments.threads)
    from lenovo_pipeline.models.pretraining import run

    try:
        if arguments.evaluate:
            print(run.evaluate(arguments.out, count=arguments.items))
        else:
            run.pretrain(
                arguments.out,
                arguments.checkpoints or (WORKING / "continued" if arguments.start else WORKING),
                start=arguments.start,
                resume=arguments.resume,
                stop_at=arguments.steps,
                export=arguments.export,
                compiled=arguments.compile,
                say=lambda line: print(line, flush=True),
            )
    except (FileNotFoundError, ValueError, FloatingPointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    exit_with(main)
