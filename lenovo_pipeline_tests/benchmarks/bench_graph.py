"""How fast the graph is filled. Target: at least 5,000 nodes and relationships a second into the default server.

Run: python lenovo_pipeline_tests/benchmarks/bench_graph.py [--scales 1 5] [--batches 500 2000 8000] [--sample 300]
Each measurement starts a fresh server, whose start is timed apart; at scale 1 much of the time is a cold Java.
The baseline writes a sample one by one, on the same server after it is warm, which flatters the baseline.
Synchronising again, with nothing changed, is timed too.
"""

import argparse
import tempfile
import time
from pathlib import Path

import psutil

from lenovo_pipeline.contracts import HASH_COLUMN
from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.knowledge.graph import DesiredGraph, desired_graph
from lenovo_pipeline.knowledge.graph_model import RELATIONSHIP_KINDS
from lenovo_pipeline.knowledge.graph_sync import synchronise
from lenovo_pipeline.resources.graph import ROWS_PER_BATCH, GraphStore
from lenovo_pipeline.resources.graph_server import GraphServer

TARGET = 5_000


def one_by_one(store: GraphStore, graph: DesiredGraph, sample: int) -> float:
    """Nodes and relationships a second, each in a query of its own, on a sample that is deleted before."""
    nodes = graph.nodes[graph.nodes["label"] == "Article"].head(sample)
    covers = "(Article)-[COVERS]->(Device)"
    relationships = graph.relationships[
        (graph.relationships["kind"] == covers) & graph.relationships["start"].isin(nodes["id"])
    ].head(sample)
    kind = RELATIONSHIP_KINDS[covers]
    store.write("UNWIND $ids AS id MATCH (n:Article {id: id}) DETACH DELETE n", ids=nodes["id"].tolist())
    started = time.perf_counter()
    for properties in nodes["properties"]:
        store.write("MERGE (n:Article {id: $id}) SET n = $properties", id=properties["id"], properties=properties)
    for start, end in zip(relationships["start"], relationships["end"], strict=True):
        store.write(
            f"MATCH (a:{kind.start} {{id: $start}}) MATCH (b:{kind.end} {{id: $end}})"
            f" MERGE (a)-[:{kind.type} {{{HASH_COLUMN}: 'x'}}]->(b)",
            start=start,
            end=end,
        )
    return (len(nodes) + len(relationships)) / (time.perf_counter() - started)


def _processor_seconds(store: GraphStore) -> float:
    """Processor time that the server and this process have used: what the wall clock would show on idle cores, at most."""
    assert store.server is not None
    times = [psutil.Process(pid).cpu_times() for pid in (store.server.pid, None)]
    return float(sum(time.user + time.system for time in times))


def measure(scale: float, seed: int, batches: list[int], sample: int) -> None:
    """Print one line for each batch size, on the world of that scale."""
    started = time.perf_counter()
    world = build_world(seed, scale)
    made = time.perf_counter()
    graph = desired_graph({f"enterprise.{name}": frame for name, frame in world.items()})
    total = len(graph.nodes) + len(graph.relationships)
    print(f"scale {scale:g}: {len(graph.nodes)} nodes, {len(graph.relationships)} relationships; ", end="")
    print(f"world {made - started:.1f} s, desired graph {time.perf_counter() - made:.2f} s")
    for batch in batches:
        with tempfile.TemporaryDirectory() as folder, GraphStore(GraphServer(Path(folder) / "graph")) as store:
            begun = time.perf_counter()
            store.read("RETURN 1")
            ready = time.perf_counter()
            idle = _processor_seconds(store)
            synchronise(store, graph, batch=batch)
            written = time.perf_counter()
            busy = _processor_seconds(store) - idle
            again = synchronise(store, graph, batch=batch)
            compared = time.perf_counter()
            first, second = written - ready, compared - written
            single = one_by_one(store, graph, sample)
        print(
            f"batches of {batch}: ready in {ready - begun:.2f} s; {total} written in {first:.2f} s = {total / first:,.0f}/s"
            f" (target {TARGET:,}, ratio {total / first / TARGET:.2f}; processor time of both sides {busy:.2f} s);"
            f" one by one {single:,.0f}/s (ratio {total / first / single:.1f});"
            f" again, {again.written} written: {second:.2f} s = {second / first:.0%} of the first"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scales", type=float, nargs="+", default=[1.0, 5.0])
    parser.add_argument("--seed", type=int, default=20_261)
    parser.add_argument("--batches", type=int, nargs="+", default=[ROWS_PER_BATCH])
    parser.add_argument("--sample", type=int, default=300)
    given = parser.parse_args()
    for scale in given.scales:
        measure(scale, given.seed, given.batches, given.sample)


if __name__ == "__main__":
    main()
