"""`python -m lenovo_pipeline.evaluation compare A B` and `… export FOLDER`: evaluation, from the published snapshot alone.

Belongs here: the command line. What is compared or written belongs to comparing.py and report/.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import Settings, get_settings


def main(arguments: list[str] | None = None) -> int:
    """Print the answer; returns 0, or 2 if there is no snapshot, no such candidate, or nothing to compare."""
    parser = argparse.ArgumentParser(prog="python -m lenovo_pipeline.evaluation", description="Candidates, from the snapshot.")
    commands = parser.add_subparsers(dest="command", required=True)
    pair = commands.add_parser("compare", help="two candidates on the questions that both were asked")
    pair.add_argument("first", help="name of a candidate, for example lenovo-nano/open-book")
    pair.add_argument("second")
    logs = commands.add_parser("export", help="score tables as logs of Inspect")
    logs.add_argument("folder", type=Path)
    logs.add_argument("--candidate", help="only this one")
    options = parser.parse_args(arguments)
    settings = get_settings()
    try:
        if options.command == "compare":
            print(_compared(settings, options.first, options.second))
        else:
            print(_exported(settings, options.folder, options.candidate))
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _compared(settings: Settings, first: str, second: str) -> str:
    from lenovo_pipeline.evaluation.comparing import compare_candidates, shown
    from lenovo_pipeline.evaluation.keeping import all_scores
    from lenovo_pipeline.evaluation.snapshots import snapshot_warehouse

    with snapshot_warehouse(Store(settings.store)) as warehouse:
        return shown(compare_candidates(all_scores(warehouse), first, second, seed=settings.seed))


def _exported(settings: Settings, folder: Path, candidate: str | None) -> str:
    from lenovo_pipeline.evaluation.keeping import all_scores
    from lenovo_pipeline.evaluation.report.inspect_log import write_logs
    from lenovo_pipeline.evaluation.snapshots import snapshot_warehouse
    from lenovo_pipeline.gold.tables import QUESTIONS

    with snapshot_warehouse(Store(settings.store)) as warehouse:
        questions = warehouse.load(QUESTIONS)
        texts = dict(zip(questions["question_id"], questions["question"], strict=True))
        targets = dict(zip(questions["question_id"], questions["answer"], strict=True))
        written = write_logs(
            all_scores(warehouse), folder, texts, targets, created=datetime.now(UTC), seed=settings.seed, only=candidate
        )
    return f"{written} logs in {folder}"


if __name__ == "__main__":
    sys.exit(main())
