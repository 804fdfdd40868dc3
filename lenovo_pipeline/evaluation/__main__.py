"""`python -m lenovo_pipeline.evaluation compare A B`, `… export FOLDER`, `… screen CANDIDATE`, `… lift BUILD`: evaluation from
the published snapshot alone.

Belongs here: the command line. What is compared, written or asked belongs to comparing.py, report/, screening.py and lifting.py.
"""

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from lenovo_pipeline.command_line import exit_with
from lenovo_pipeline.failures import PermanentFailure, PipelineError, SkippedPartition
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import Settings, get_settings

_INTERRUPTED = 130
_SAY_EVERY_S = 5.0


def main(arguments: list[str] | None = None) -> int:
    """Print the answer; returns 0, or 2 if there is no snapshot, no such candidate, or nothing to compare or to ask; 130 after
    Ctrl-C, with what was found until then.
    """
    parser = argparse.ArgumentParser(prog="python -m lenovo_pipeline.evaluation", description="Candidates, from the snapshot.")
    commands = parser.add_subparsers(dest="command", required=True)
    pair = commands.add_parser("compare", help="two candidates on the questions, or two agents at the tasks, of both")
    pair.add_argument("first", help="name of a candidate, for example lenovo-nano/open-book")
    pair.add_argument("second")
    logs = commands.add_parser("export", help="score tables as logs of Inspect")
    logs.add_argument("folder", type=_folder)
    logs.add_argument("--candidate", help="only this one")
    _add_screen(commands)
    _add_lift(commands)
    options = parser.parse_args(arguments)
    settings = get_settings()
    try:
        if options.command == "compare":
            print(_compared(settings, options.first, options.second))
        elif options.command == "export":
            print(_exported(settings, options.folder, options.candidate))
        elif options.command == "lift":
            print(_lifted(settings, options))
        elif options.stored:
            print(_replayed(settings, options))
        else:
            print(_screened(settings, options))
    except (PipelineError, SkippedPartition) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _folder(given: str) -> Path:
    # An empty path is the current folder, which nobody means by it.
    if not given.strip():
        raise argparse.ArgumentTypeError("expected the name of a folder, got an empty one")
    return Path(given)


def _add_screen(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = commands.add_parser(
        "screen",
        help="whether a candidate keeps a limit, from as few questions as tell",
        description="Asks a candidate its gold questions in a random order and stops as soon as it is clear whether the lower "
        "bound of its 95 %% interval would keep the limit, as the roster demands. It need not have been evaluated: "
        "MODEL/open-book, MODEL/closed-book, any build. Every question is asked anew, whatever is stored, and nothing is stored.",
    )
    one.add_argument("candidate", nargs="?", default="", help="for example lenovo-nano/open-book; with --stored, all if none")
    one.add_argument(
        "--at-least", type=float, action="append", required=True, metavar="LIMIT", help="0 to 1; several with --stored"
    )
    one.add_argument("--metric", default="correct", help="correct (default), token_f1 or exact_match")
    one.add_argument("--slice", default="answerable", help="answerable (default), all, a category or a language")
    one.add_argument("--batch", type=int, default=8, metavar="N", help="questions asked between two looks (default 8)")
    one.add_argument("--stored", action="store_true", help="ask nobody: what it would have saved on the scores that are stored")


def _add_lift(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = commands.add_parser(
        "lift",
        help="what builds gain and lose, on all test questions and skills",
        description="Asks builds, their base and what they were made from every gold question of the test split and as many "
        "items of the general skills as a claim needs, whatever the profile of the run that made them, and says what is shown. "
        "Answers are kept: after Ctrl-C the same command goes on. No table is changed.",
    )
    one.add_argument("build", nargs="+", help="for example lenovo-nano/lora/device_support")
    one.add_argument("--questions", type=int, metavar="N", help="gold questions (default: all of the test split)")
    one.add_argument("--skills", type=int, default=2080, metavar="N", help="items of the general skills (default %(default)s)")


def _compared(settings: Settings, first: str, second: str) -> str:
    from lenovo_pipeline.evaluation.agentic.stored import stored_agents
    from lenovo_pipeline.evaluation.comparing import compare_candidates, not_current, shown
    from lenovo_pipeline.evaluation.items import hashes_now
    from lenovo_pipeline.evaluation.keeping import all_scores
    from lenovo_pipeline.evaluation.snapshots import snapshot_warehouse
    from lenovo_pipeline.evaluation.tables import ITEMS
    from lenovo_pipeline.gold.tables import QUESTIONS
    from lenovo_pipeline.knowledge.tables import CHUNKS

    with snapshot_warehouse(Store(settings.store)) as warehouse:
        scores = all_scores(warehouse)
        compared = shown(compare_candidates(scores, first, second, seed=settings.seed, agents=stored_agents(warehouse)))
        asked = hashes_now(*(warehouse.load(table) for table in (ITEMS, QUESTIONS, CHUNKS)))
        old = not_current(scores, asked, [first, second])
    warnings = [f"warning: {name} was asked what has changed since; its scores are not current, run: make run" for name in old]
    return "\n".join([*warnings, compared])


def _exported(settings: Settings, folder: Path, candidate: str | None) -> str:
    from lenovo_pipeline.evaluation.agentic.stored import has_attempts, stored_agents
    from lenovo_pipeline.evaluation.keeping import all_scores
    from lenovo_pipeline.evaluation.report.inspect_log import write_logs
    from lenovo_pipeline.evaluation.snapshots import snapshot_warehouse
    from lenovo_pipeline.gold.tables import QUESTIONS

    with snapshot_warehouse(Store(settings.store)) as warehouse:
        agents = sorted(stored_agents(warehouse))
        if candidate in agents:
            raise has_attempts(candidate)
        questions = warehouse.load(QUESTIONS)
        texts = dict(zip(questions["question_id"], questions["question"], strict=True))
        targets = dict(zip(questions["question_id"], questions["answer"], strict=True))
        written = write_logs(
            all_scores(warehouse), folder, texts, targets, created=datetime.now(UTC), seed=settings.seed, only=candidate
        )
    left = f"; not of {', '.join(agents)}, which have attempts instead of answers" if agents and candidate is None else ""
    return f"{written} logs in {folder}{left}"


def _replayed(settings: Settings, options: argparse.Namespace) -> str:
    from lenovo_pipeline.evaluation.agentic.stored import require_answers
    from lenovo_pipeline.evaluation.keeping import all_scores
    from lenovo_pipeline.evaluation.screening import Limit, replay_stored, shown
    from lenovo_pipeline.evaluation.snapshots import snapshot_warehouse

    limits = [Limit(each, options.metric, options.slice) for each in options.at_least]
    with snapshot_warehouse(Store(settings.store)) as warehouse:
        require_answers(warehouse, options.candidate)
        return shown(replay_stored(all_scores(warehouse), limits, seed=settings.seed, only=options.candidate))


def _lifted(settings: Settings, options: argparse.Namespace) -> str:
    from lenovo_pipeline.evaluation.lifting import measured_lift, shown
    from lenovo_pipeline.evaluation.snapshots import snapshot_warehouse

    if options.skills < 1 or (options.questions is not None and options.questions < 1):
        raise PermanentFailure("expected at least 1 question and 1 item", remedy="See --help.")
    store = Store(settings.store)
    with snapshot_warehouse(store) as warehouse:
        made = measured_lift(
            warehouse,
            store,
            settings,
            options.build,
            questions=options.questions,
            skills=options.skills,
            say=lambda line: print(f"  {line}", file=sys.stderr, flush=True),
        )
    return shown(made)


def _screened(settings: Settings, options: argparse.Namespace) -> str:
    from lenovo_pipeline.evaluation.agentic.stored import require_answers
    from lenovo_pipeline.evaluation.opening import find_candidate, opened
    from lenovo_pipeline.evaluation.screening import Limit, ScreenInterrupted, screen
    from lenovo_pipeline.evaluation.snapshots import snapshot_warehouse
    from lenovo_pipeline.measures.statistics.stopping import Stopped

    if not options.candidate or len(options.at_least) > 1 or options.batch < 1:
        raise PermanentFailure("expected one candidate, one limit, and at least 1 question at a time", remedy="See --help.")
    limit, store = Limit(options.at_least[0], options.metric, options.slice), Store(settings.store)
    said = float("-inf")

    def say(asked: int, stopped: Stopped) -> None:
        nonlocal said
        if time.monotonic() - said >= _SAY_EVERY_S:
            said = time.monotonic()
            bounds = f"{options.metric} between {stopped.low:.3f} and {stopped.high:.3f}"
            print(f"  {asked} of at most {stopped.whole} questions: {bounds}", file=sys.stderr, flush=True)

    with snapshot_warehouse(store) as warehouse:
        require_answers(warehouse, options.candidate)
        named = find_candidate(warehouse, options.candidate)
        with opened(warehouse, store, settings, named) as contender:
            try:
                return str(screen(contender, limit, batch_size=options.batch, seed=settings.seed, on_batch=say))
            except ScreenInterrupted as interrupted:
                print(interrupted.screened)
                raise


def _ended() -> int:
    status = main()
    if status == _INTERRUPTED:
        # A thread may still be inside the model, which would abort the interpreter on its way out.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


if __name__ == "__main__":
    exit_with(_ended)
