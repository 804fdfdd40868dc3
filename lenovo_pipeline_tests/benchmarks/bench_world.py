"""How fast the world is made: beside row-by-row Faker, and how time grows with its scale.

Run: python lenovo_pipeline_tests/benchmarks/bench_world.py [--largest 100]
Targets: at least 5 times the records per second of Faker, growth exponent at most 1.1, 100,000 records in at most 60 s and 2 GB.

Each scale is made in a process of its own, which gives its peak memory; interactions are taken chunk by chunk, as the
assets do. The baseline makes records of the same tables and columns, one Faker call for each value, in this process.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from typing import Any

import pandas as pd

SEED = 99
BASELINE_SHARE = 0.2


def made(scale: float) -> dict[str, float]:
    """Rows, CPU seconds and peak memory (MB) of making every table of a world, without keeping the interactions."""
    from lenovo_pipeline.enterprise.interactions import make_interactions
    from lenovo_pipeline.enterprise.tables import TABLES
    from lenovo_pipeline.enterprise.world import build_world

    build_world(SEED, 0.1)
    started = time.process_time()
    world = build_world(SEED, scale, only=[table.name for table in TABLES if table.name != "interactions"])
    rows = sum(len(frame) for frame in world.values())
    rows += sum(len(chunk) for chunk in make_interactions(world["users"], world["devices"], world["incidents"], SEED, scale))
    seconds = time.process_time() - started
    # Linux counts kilobytes, macOS bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {"rows": rows, "seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}


def in_process_of_its_own(scale: float) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, "--one", str(scale)], check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def by_faker(counts: dict[str, int], world: dict[str, pd.DataFrame]) -> float:
    """CPU seconds of making `counts` rows of each table with a Faker call for every value; sentences and documents are as
    long as those of `world` on average."""
    from faker import Faker

    from lenovo_pipeline.enterprise.tables import TABLES

    fake = Faker()
    Faker.seed(SEED)
    makers: dict[str, Any] = {
        "integer": lambda column: fake.random_int(int(column.minimum or 0), int(column.maximum or 10_000)),
        "number": lambda column: fake.pyfloat(min_value=0, max_value=1000, right_digits=2),
        "boolean": lambda column: fake.boolean(),
        "date": lambda column: fake.date_object(),
        "timestamp": lambda column: fake.date_time(),
        "json": lambda column: {fake.word(): fake.random_int(0, 100)},
        "text[]": lambda column: [fake.bothify("DEV-????-##") for _ in range(2)],
    }

    lengths = {
        (table.name, column.name): round(world[table.name][column.name].str.len().mean())
        for table in TABLES
        for column in table.columns
        if column.type == "text" and column.name in ("text", "note", "symptom", "cause", "fix", "change_summary", "mission")
    }

    def text(column: Any, table: str) -> str:
        if column.choices:
            return str(fake.random_element(column.choices))
        if (table, column.name) in lengths:
            return str(fake.text(lengths[table, column.name]))
        if column.references or column.unique or column.name.endswith("_id"):
            return str(fake.bothify("???-#####"))
        return str(fake.name() if column.name.endswith("name") else fake.sentence(4))

    started = time.process_time()
    for table in TABLES:
        rows = []
        for _ in range(counts[table.name]):
            rows.append({c.name: makers[c.type](c) if c.type in makers else text(c, table.name) for c in table.columns})
        pd.DataFrame(rows)
    return time.process_time() - started


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--largest", type=float, default=10, help="largest scale, up to 100")
    arguments.add_argument("--one", type=float, help="make one scale and print what it took")
    given = arguments.parse_args()
    if given.one:
        print(json.dumps(made(given.one)))
        return
    from lenovo_pipeline.enterprise.tables import TABLES
    from lenovo_pipeline.enterprise.world import build_world

    world = build_world(SEED, 1.0)
    started = time.process_time()
    world = build_world(SEED, 1.0)
    ours = sum(len(frame) for frame in world.values()) / (time.process_time() - started)
    counts = {table.name: math.ceil(len(world[table.name]) * BASELINE_SHARE) for table in TABLES}
    theirs = sum(counts.values()) / by_faker(counts, world)
    print(f"records/s, all tables: {ours:,.0f}; row-by-row Faker: {theirs:,.0f}; ratio {ours / theirs:.1f}; target 5")
    small = [table.name for table in TABLES if table.name != "interactions"]
    started = time.process_time()
    texts = build_world(SEED, 1.0, only=small)
    rate = sum(len(frame) for frame in texts.values()) / (time.process_time() - started)
    alike = {name: count if name in small else 0 for name, count in counts.items()}
    plain = sum(alike.values()) / by_faker(alike, world)
    print(f"records/s without interactions: {rate:,.0f}; row-by-row Faker: {plain:,.0f}; ratio {rate / plain:.1f}")

    scales = [scale for scale in (1.0, 3.0, 10.0, 30.0, 100.0) if scale <= given.largest]
    results = {scale: in_process_of_its_own(scale) for scale in scales}
    for scale, took in results.items():
        per_100k = took["seconds"] / took["rows"] * 100_000
        print(
            f"scale {scale:>5g}: {took['rows']:>10,.0f} rows, {took['seconds']:7.2f} s, {per_100k:5.2f} s per 100,000, "
            f"peak {took['peak_mb']:,.0f} MB"
        )
    first, last = results[scales[0]], results[scales[-1]]
    exponent = math.log(last["seconds"] / first["seconds"]) / math.log(last["rows"] / first["rows"])
    by_scale = math.log(last["seconds"] / first["seconds"]) / math.log(scales[-1] / scales[0])
    print(f"growth exponent: {exponent:.2f} by rows, {by_scale:.2f} by scale; target at most 1.10")


if __name__ == "__main__":
    main()
