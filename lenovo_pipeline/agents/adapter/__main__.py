"""`python -m lenovo_pipeline.agents.adapter`: train the agent adapter that runs go on from, on the tasks of the last run.

Ctrl-C stops it; the same command goes on.

Belongs here: the command line.
"""

import argparse
import sys
from pathlib import Path

from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.settings import PROJECT_ROOT, get_settings


def main(given: list[str] | None = None) -> int:
    """Train; returns the exit status."""
    from lenovo_pipeline.agents.adapter.bundling import bundle
    from lenovo_pipeline.agents.adapter.start import FOLDER
    from lenovo_pipeline.agents.adapter.training import Lessons
    from lenovo_pipeline.agents.tasks.keeping import conversations_of
    from lenovo_pipeline.resources.snapshot import open_snapshot
    from lenovo_pipeline.resources.store import Store

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
    options = parser.parse_args(given)
    try:
        with open_snapshot(Store(settings.store)) as connection:
            rows = connection.execute("SELECT task_id, split, conversation FROM agents.tasks").df()
        taught = Lessons(conversations_of(rows, "train"), conversations_of(rows, "validation"))
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


if __name__ == "__main__":
    sys.exit(main())
