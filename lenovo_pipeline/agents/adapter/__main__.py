"""`python -m lenovo_pipeline.agents.adapter`: train the agent adapter that runs go on from, on tasks of the last run's world.

Ctrl-C stops it; the same command goes on. With `--evaluate` real attempts are made with what it left, and judged.

Belongs here: the command line.
"""

import argparse
import sys
from pathlib import Path

from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.settings import PROJECT_ROOT, Settings, get_settings


def main(given: list[str] | None = None) -> int:
    """Train; returns the exit status."""
    from lenovo_pipeline.agents.adapter.bundling import bundle
    from lenovo_pipeline.agents.adapter.recipes import TASKS
    from lenovo_pipeline.agents.adapter.start import FOLDER
    from lenovo_pipeline.agents.adapter.teaching import lessons_to_teach
    from lenovo_pipeline.enterprise.anchors import SPLITS

    settings = get_settings()
    parser = argparse.ArgumentParser(
        prog="python -m lenovo_pipeline.agents.adapter", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--base", type=Path, default=PROJECT_ROOT / "data" / "models" / DEFAULT_MODEL, help="folder of the model")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where the adapter goes (default: %(default)s)")
    parser.add_argument(
        "--checkpoints",
        type=Path,
        default=settings.store / "agent_adapter_training",
        help="where a stopped training goes on from",
    )
    parser.add_argument("--tasks", type=int, default=TASKS["train"], help="how many tasks to learn from (default: %(default)s)")
    parser.add_argument(
        "--evaluate",
        choices=(*SPLITS, "held-back"),
        help="train nothing: attempt all tasks of this split of the last run, or tasks in wordings held back from the training",
    )
    parser.add_argument("--most", type=int, help="attempt at most so many tasks")
    parser.add_argument("--failures", action="store_true", help="show what went wrong in each attempt")
    options = parser.parse_args(given)
    try:
        if options.evaluate:
            _evaluate(options, settings)
            return 0
        print(f"{options.tasks} tasks to learn from: made and carried out, or taken from {options.checkpoints}", flush=True)
        taught = lessons_to_teach(settings, options.tasks, TASKS["validation"], options.checkpoints / "lessons.json")
        bundle(
            options.base,
            DEFAULT_MODEL,
            taught,
            options.out,
            options.checkpoints,
            seed=settings.seed,
            say=lambda line: print(line, flush=True),
        )
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped: the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


def _evaluate(options: argparse.Namespace, settings: Settings) -> None:
    from lenovo_pipeline.agents.adapter.trying import by_category, failures, replayed, tried
    from lenovo_pipeline.resources.markdown import markdown_table

    place = options.out / f"{DEFAULT_MODEL}.agent"
    found = tried(
        settings,
        options.base,
        place if place.is_dir() else None,
        options.evaluate,
        most=options.most,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    if options.failures:
        print("\n".join(failures(found)))
    print(f"split {options.evaluate}, {place if place.is_dir() else 'no adapter'}")
    print(markdown_table(by_category(found, seed=settings.seed)))
    print(replayed(found, settings))


if __name__ == "__main__":
    exit_with(main)
