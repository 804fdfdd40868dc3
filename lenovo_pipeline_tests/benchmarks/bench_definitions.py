"""How long the definitions take to load, beside an empty Dagster project that imports pandas. Target: at most 1.3 times.

Run: python lenovo_pipeline_tests/benchmarks/bench_definitions.py
Each is a fresh process; pairs are run in turn, so that the machine's drift touches both alike. Processor time is compared,
which other work on the machine disturbs less than the clock does.
"""

import os
import resource
import statistics
import subprocess
import sys

PAIRS = 9
EMPTY = "import pandas; from dagster import Definitions; defs = Definitions(); defs.get_repository_def()"
OURS = "from lenovo_pipeline.definitions import defs; defs.get_repository_def()"


def seconds(code: str) -> float:
    """Processor time of a fresh process, in s. Byte code is kept, as it is for a user."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    for code in (EMPTY, OURS):
        seconds(code)
    pairs = [(seconds(EMPTY), seconds(OURS)) for _ in range(PAIRS)]
    ratios = [ours / empty for empty, ours in pairs]
    # Other work only ever adds time, so the quickest run of each is the one least disturbed.
    least = min(ours for _, ours in pairs) / min(empty for empty, _ in pairs)
    median = statistics.median(ratios)
    print(f"definitions / empty project: {least:.2f} of the quickest runs, median {median:.2f} of pairs; target 1.30")


if __name__ == "__main__":
    main()
