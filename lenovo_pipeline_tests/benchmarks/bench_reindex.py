"""What it costs to index again after 1 % of the records changed, as a share of a full build: keywords, Chroma, FAISS, LlamaIndex.

Run: python lenovo_pipeline_tests/benchmarks/bench_reindex.py [--store FOLDER] [--records 0]
The chunks are those of a filled store (read only; nothing else may have it open), or of its first `--records` records. Indexes
are made in a temporary folder. Times are of the processor, so that a busy machine does not count. Wanted: at most 0.05.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.knowledge.keyword_index import build_index
from lenovo_pipeline.knowledge.tables import CHUNKS
from lenovo_pipeline.knowledge.vector_collections import synchronise
from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.retrieval.langchain_faiss import build_faiss
from lenovo_pipeline.retrieval.llamaindex import build_tree
from lenovo_pipeline.settings import get_settings

SHARE = 0.01


def changed(chunks: pd.DataFrame) -> pd.DataFrame:
    """The chunks with 1 % of the records worded anew: their chunks have other texts, hence other ids."""
    records = sorted(chunks["record_id"].unique())
    chosen = set(records[:: round(1 / SHARE)])
    rows = chunks.copy()
    mine = rows["record_id"].isin(chosen)
    rows.loc[mine, "text"] = rows.loc[mine, "text"] + " Revised."
    rows.loc[mine, "chunk_id"] = [f"{i[:-4]}{number:04x}" for number, i in enumerate(rows.loc[mine, "chunk_id"])]
    rows.loc[mine, "content_hash"] = [f"{number:064x}" for number in range(int(mine.sum()))]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=get_settings().store)
    parser.add_argument("--records", type=int, default=0)
    arguments = parser.parse_args()
    store = Store(arguments.store)
    if not store.warehouse.exists():
        print(f"skipped: {store.root} holds nothing yet; run make run, or name a filled store with --store")
        return
    chunks = Warehouse(str(store.warehouse)).load(CHUNKS)
    if arguments.records:
        few = sorted(chunks["record_id"].unique())[: arguments.records]
        chunks = chunks[chunks["record_id"].isin(few)].reset_index(drop=True)
    encoder = OnnxEncoder(bundled_encoder(), store.artifacts)
    encoder.encode(["warm"])
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        vectors = Vectors(work / "chroma")
        stages: dict[str, Callable[[pd.DataFrame], Any]] = {
            "keywords": lambda rows: build_index(rows, work / "keyword_index"),
            "Chroma": lambda rows: synchronise(rows, vectors, encoder),
            "FAISS": lambda _: build_faiss(vectors, encoder.id, work / "faiss"),
            "LlamaIndex": lambda rows: build_tree(rows, encoder.id, work / "tree"),
        }
        taken = pd.DataFrame({"full": _seconds(stages, chunks), "1 % changed": _seconds(stages, changed(chunks))})
        vectors.close()
    taken.loc["all"] = taken.sum()
    share = float(taken["1 % changed"].iloc[-1]) / float(taken["full"].iloc[-1])
    print(f"{len(chunks)} chunks, seconds of the processor")
    print(taken.round(2).to_string())
    print(f"share of the full build: {share:.3f}")


def _seconds(stages: dict[str, Callable[[pd.DataFrame], Any]], rows: pd.DataFrame) -> dict[str, float]:
    found = {}
    for name, build in stages.items():
        begun = time.process_time()
        build(rows)
        found[name] = time.process_time() - begun
    return found


if __name__ == "__main__":
    main()
