"""Bad champions in service: how many are rolled back, and how soon after the breach was recorded.

Run: python lenovo_pipeline_tests/benchmarks/bench_rollback.py [--champions N] [--kills N] [--seed N]

A store with one use case for each champion, and the real monitor in a process of its own. Each champion first serves well,
then with one of the faults of trials/champions.py. Some of them go bad while the monitor is killed (kill -9) again and again at
random moments and started anew. Ends with 1 unless all are rolled back, each within 5 s of its breach being recorded while the
monitor lived, and the book of deployments holds one entry for each use case, the one that was good before.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np

from lenovo_pipeline.measures.speed import percentiles
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.monitoring.log import MonitorLog
from lenovo_pipeline.roster.monitoring.process import is_running
from lenovo_pipeline.roster.monitoring.requests import SKETCH_WIDTH, Place
from lenovo_pipeline.roster.monitoring.simulator import Outcome, Traffic, simulate
from lenovo_pipeline.roster.monitoring.trials.champions import FAULTS

WITHIN_S = 5.0
_PATIENCE_S = 120.0
_KILLS_EACH = 3


def good(generator: np.random.Generator) -> list[Outcome]:
    """What a good champion answers."""
    return [
        Outcome(
            chars_in=int(generator.integers(30, 120)),
            language=str(generator.choice(["en", "zh-Hans"])),
            sketch=tuple(map(float, generator.normal(size=SKETCH_WIDTH))),
            chars_out=int(generator.integers(5, 200)),
            tokens_in=100,
            tokens_out=20,
            latency_s=float(generator.gamma(4, 0.05)),
            error=None,
            score=float(generator.random() < 0.9),
        )
        for _ in range(100)
    ]


def publish_quality(store: Store) -> None:
    """A snapshot whose leaderboard says how many questions `new` is known to answer right."""
    place = store.root / "published-1"
    place.mkdir(parents=True)
    with duckdb.connect(str(place / "warehouse.duckdb")) as connection:
        connection.execute("CREATE SCHEMA evaluation")
        connection.execute(
            "CREATE TABLE evaluation.leaderboard AS SELECT 'new' AS candidate, 'correct' AS metric, 'all' AS slice,"
            " 0.9::DOUBLE AS value, 0.8::DOUBLE AS lower"
        )
    (place / "manifest.json").write_text(json.dumps({"version": "1"}), encoding="utf-8")
    store.published.symlink_to(place.name)


def started(store: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "LENOVO_STORE": str(store)}
    command = [sys.executable, "-m", "lenovo_pipeline.roster.monitoring", "run"]
    with (store / "monitor.said").open("ab") as said:
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=said)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--champions", type=int, default=100)
    parser.add_argument("--kills", type=int, default=20, help="champions that go bad while the monitor is killed")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    generator = np.random.default_rng(options.seed)
    faults = list(FAULTS)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        publish_quality(store)
        book, log = Book(store.deployments), MonitorLog(store.monitoring)
        places = [Place("production", f"case-{number:03}") for number in range(options.champions)]
        for number, place in enumerate(places):
            for entry in ("old", "new"):
                decision = f"DEC-{number:08x}{'1' if entry == 'new' else '0':0>8}"
                book.promote(place.environment, place.use_case, entry, decision, actor="bench", reason="a trial")
        monitor, kills = started(store.root), 0
        try:
            for number, place in enumerate(places):
                profile, fault = good(generator), faults[number % len(faults)]
                clock = f"bench-{number}"
                log.append(simulate(place, "new", profile, Traffic(seconds=20, seed=number), clock=clock))
                bad = FAULTS[fault](profile, generator)
                log.append(simulate(place, "new", bad, Traffic(seconds=20, seed=number, start_s=20), clock=clock))
                killed = number >= options.champions - options.kills
                waited, kills_here = time.monotonic(), 0
                while (now := book.active(place.environment, place.use_case)) and now.entry == "new":
                    if monitor.poll() is not None:
                        said = (store.root / "monitor.said").read_text()[-500:]
                        raise SystemExit(f"NOT met: the monitor ended by itself ({monitor.returncode}): {said}")
                    if time.monotonic() - waited > _PATIENCE_S:
                        break
                    if killed and kills_here < _KILLS_EACH and is_running(store):
                        time.sleep(float(generator.uniform(0.0, 1.0)))
                        monitor.send_signal(signal.SIGKILL)
                        monitor.wait()
                        kills, kills_here = kills + 1, kills_here + 1
                        monitor = started(store.root)
                    time.sleep(0.02)
                if number % 20 == 19:
                    print(f"{number + 1} champions went bad", flush=True)
            time.sleep(3.0)
        finally:
            monitor.send_signal(signal.SIGINT)
            monitor.wait()
        running = {each.use_case: each.entry for each in book.running()}
        rolled_back = sum(running.get(place.use_case) == "old" for place in places)
        steps = [each for each in book.history() if each.kind == "rolled_back"]
        undisturbed = [place.use_case for place in places[: options.champions - options.kills]]
        first = log.rows(
            "SELECT use_case, tick_s, handled_tick_s FROM breaches WHERE outcome = 'old runs' AND handled_tick_s IS NOT NULL"
        )
        took = {row["use_case"]: row["handled_tick_s"] - row["tick_s"] for row in first}
        times = [took[name] for name in undisturbed if name in took]
        problems = book.verify()
    print(f"{rolled_back} of {options.champions} bad champions rolled back, {len(steps)} rollbacks in the book, {kills} kills")
    if times:
        at = percentiles(times, [50, 95])
        print(f"breach recorded to rolled back: median {at['p50']:.3f} s, p95 {at['p95']:.3f} s, longest {max(times):.3f} s")
    if took:
        print(f"longest with kills and restarts: {max(took.values()):.2f} s")
    print(f"problems of the book: {problems or 'none'}")
    met = rolled_back == options.champions == len(steps) and len(times) == len(undisturbed) and not problems
    met = met and all(each <= WITHIN_S for each in times)
    print("met" if met else "NOT met")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
