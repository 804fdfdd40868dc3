"""What asking a small model in two processes saves, and what one thread saves in each.

Run: python lenovo_pipeline_tests/benchmarks/bench_sharing.py [--questions 260] [--rounds 3]
The bundled model is asked the questions of made-up items of the general skills, in batches of eight as an evaluation asks. Three
sides take turns, so that a busy machine slows all: one process with the machine's threads, one process with one thread, two
processes with one thread each. The other process is started before the clock is. Of each side the median round counts, in s.
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

from lenovo_pipeline.evaluation.kinds import raw_contenders
from lenovo_pipeline.evaluation.scoring import Prepared, score_all
from lenovo_pipeline.evaluation.skills import skill_items
from lenovo_pipeline.evaluation.tables import RAW_FOUNDATION
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.models.catalogue import read_catalogue, require_row
from lenovo_pipeline.models.foundation import resolve
from lenovo_pipeline.partitions import DEFAULT_MODEL
from lenovo_pipeline.resources.beside import Beside
from lenovo_pipeline.resources.inference import Inference, decoding
from lenovo_pipeline.settings import PROJECT_ROOT, get_settings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=260)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    settings = get_settings()
    inference = Inference(settings)
    row = require_row(read_catalogue(settings.catalogue).rows(), DEFAULT_MODEL)
    foundation = resolve(row, inference, PROJECT_ROOT, bundled=DEFAULT_MODEL)
    items = skill_items(options.questions, settings.seed).items
    run = RunSettings(batch_size=8, seed=settings.seed)
    below = decoding._ONE_THREAD_BELOW
    beside = Beside(2)

    def seconds(threads_of_machine: bool, helpers: Beside | None) -> float:
        decoding._ONE_THREAD_BELOW = 0 if threads_of_machine else below
        with tempfile.TemporaryDirectory() as logs, raw_contenders(foundation, row, inference, items, items) as (_, open_book):
            assert isinstance(open_book.candidate, Prepared)
            open_book.candidate.prepare()
            started = time.perf_counter()
            score_all([open_book], RAW_FOUNDATION, None, logs=Path(logs), settings=run, beside=helpers)
            return time.perf_counter() - started

    seconds(False, beside)
    sides = {"machine's threads": (True, None), "one thread": (False, None), "two processes": (False, beside)}
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(options.rounds):
        for name, side in sides.items():
            taken[name].append(seconds(*side))
        print(f"round {number + 1}: " + ", ".join(f"{name} {times[-1]:.1f} s" for name, times in taken.items()), flush=True)
    beside.close()
    whole, one, two = (median(times) for times in taken.values())
    print(f"one thread / machine's threads {one / whole:.2f}, two processes / one {two / one:.2f}, together {two / whole:.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
