"""How long the definitions take to load, beside an empty Dagster project that imports pandas. Target: at most 1.3 times.

Run: python lenovo_pipeline_tests/benchmarks/bench_definitions.py
Each is a fresh process; pairs are run in turn, so that the machine's drift touches both alike.
"""

import statistics
import subprocess
import sys
import time

PAIRS = 9
EMPTY = "import pandas; from dagster import Definitions; defs = Definitions(); defs.get_repository_def()"
OURS = "from lenovo_pipeline.definitions import defs; defs.get_repository_def()"


def seconds(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


def main() -> None:
    for code in (EMPTY, OURS):
        seconds(code)
    ratios = []
    for _ in range(PAIRS):
        empty, ours = seconds(EMPTY), seconds(OURS)
        ratios.append(ours / empty)
    print(f"definitions / empty project: median {statistics.median(ratios):.2f} (min {min(ratios):.2f}, max {max(ratios):.2f}); target 1.30")


if __name__ == "__main__":
    main()
