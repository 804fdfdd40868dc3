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
    ratios = []
    for _ in range(PAIRS):
        empty, ours = seconds(EMPTY), seconds(OURS)
        ratios.append(ours / empty)
    spread = f"min {min(ratios):.2f}, max {max(ratios):.2f}"
    print(f"definitions / empty project: median {statistics.median(ratios):.2f} ({spread}); target 1.30")


if __name__ == "__main__":
    main()
