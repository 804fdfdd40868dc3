"""nDCG@10 and recall@10 of keyword, dense and hybrid search on SciFact (BEIR), with 95 % intervals over the queries.

Run: python lenovo_pipeline_tests/benchmarks/bench_scifact.py [--data FOLDER] [--work FOLDER]
Public figures: BM25 0.67 to 0.69; all-MiniLM-L6-v2 0.640 to 0.650. The retrievers are those of the product, over stores that are
made in `--work` (kept there piece by piece: encoding takes minutes, and one that was stopped goes on where it was); the hybrid
has its untuned weights, since nothing of SciFact is a name, a row or a relation of the enterprise world.
"""

import argparse
import gzip
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from lenovo_pipeline.embeddings.public_set import SCIFACT
from lenovo_pipeline.knowledge.keyword_index import KeywordIndex, build_index
from lenovo_pipeline.measures.ranking import DEPTH, ndcg, recall
from lenovo_pipeline.measures.statistics.bootstrap import cluster_bootstrap
from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.retrieval.dense import DenseRetriever, QueryEncoder
from lenovo_pipeline.retrieval.hybrid import HybridRetriever
from lenovo_pipeline.retrieval.interface import Retriever
from lenovo_pipeline.retrieval.keyword import KeywordRetriever
from lenovo_pipeline.retrieval.linking import Linker
from lenovo_pipeline.retrieval.register import Record, Register
from lenovo_pipeline.settings import get_settings

KIND = "scifact"
_PAGE = 500


def read(folder: Path) -> tuple[pd.DataFrame, dict[str, str], dict[str, dict[str, int]]]:
    """Documents as chunks, queries by id, relevance by query and document."""
    with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    chunks = pd.DataFrame(
        {
            "chunk_id": [each["_id"] for each in documents],
            "context": "",
            "text": [f"{each['title']} {each['text']}".strip() for each in documents],
        }
    )
    queries = {row["_id"]: row["text"] for row in map(json.loads, (folder / "queries.jsonl").read_text("utf-8").splitlines())}
    relevance: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            relevance.setdefault(query, {})[document] = int(grade)
    return chunks, queries, relevance


def filled(chunks: pd.DataFrame, work: Path, encoder: OnnxEncoder) -> Vectors:
    """Chroma in `work` with the vectors of all chunks."""
    vectors = Vectors(work / "chroma")
    known = vectors.find(KIND)
    if known is not None and (known.metadata or {}).get("encoder") == encoder.id and known.count() == len(chunks):
        return vectors
    kept = work / "vectors"
    kept.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(chunks), _PAGE):
        piece = kept / f"{encoder.id}-{start:06d}.npy"
        if not piece.is_file():
            found = encoder.encode(chunks["text"][start : start + _PAGE].tolist())
            aside = piece.with_suffix(".new.npy")
            np.save(aside, found)
            aside.rename(piece)
            print(f"{min(start + _PAGE, len(chunks)):,} of {len(chunks):,} documents encoded", flush=True)
    collection = vectors.create(KIND, encoder.id)
    for start in range(0, len(chunks), _PAGE):
        rows = np.load(kept / f"{encoder.id}-{start:06d}.npy")
        collection.add(ids=chunks["chunk_id"][start : start + _PAGE].tolist(), embeddings=rows)
    return vectors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=get_settings().reference / SCIFACT)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "lenovo_pipeline_scifact")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"skipped: {arguments.data} is not there; name the folder of SciFact with --data")
        return
    chunks, queries, relevance = read(arguments.data)
    build_index(chunks, arguments.work / "keyword_index")
    encoder = OnnxEncoder(bundled_encoder(), arguments.work)
    vectors = filled(chunks, arguments.work, encoder)
    ids = chunks["chunk_id"].tolist()
    register = Register(
        {i: Record("texts", "en", (), ()) for i in ids},
        {i: (i,) for i in ids},
        {},
        {},
        Linker(()),
    )
    asked = QueryEncoder(encoder)
    asked.prepare([queries[query] for query in relevance])
    keyword = KeywordRetriever(KeywordIndex.load(arguments.work / "keyword_index"), register, register.record_of)
    dense = DenseRetriever(vectors, {KIND: asked}, register, register.record_of)
    hybrid = HybridRetriever(keyword, dense, None, None, register, only=frozenset({"keyword", "dense"}))  # type: ignore[arg-type]
    retrievers: list[Retriever] = [keyword, dense, hybrid]
    for retriever in retrievers:
        found = {query: retriever.retrieve(queries[query], DEPTH).record_ids for query in relevance}
        for name, measure in (("nDCG@10", ndcg), ("recall@10", recall)):
            values = [float(measure(found[query], relevance[query])) for query in relevance]
            interval = cluster_bootstrap(values, list(relevance), seed=1)
            print(f"{retriever.name:8} {name:9} {np.mean(values):.4f}  ({interval.low:.4f} to {interval.high:.4f})", flush=True)
    vectors.close()


if __name__ == "__main__":
    main()
