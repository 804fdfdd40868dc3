"""Speed of the encoder and of loading vectors; dense ranking of SciFact.

Run: python lenovo_pipeline_tests/benchmarks/bench_vectors.py [--texts 1200] [--rounds 3] [--scifact FOLDER]
Ratios are taken within one run, the sides in turn first and second, so that a busy machine slows both.
SciFact encodes 5,183 abstracts, which takes minutes.
"""

import argparse
import gzip
import json
import tempfile
import time
from collections.abc import Callable
from math import log2
from pathlib import Path

import numpy as np
import pandas as pd

from lenovo_pipeline.knowledge.chunks import indexed_texts, make_chunks
from lenovo_pipeline.knowledge.vector_collections import read_vector_state, synchronise
from lenovo_pipeline.resources.encoders import Encoder, OnnxEncoder, ReferenceEncoder, bundled_encoder
from lenovo_pipeline.resources.vectors import Vectors


def made_up_chunks(encoder: Encoder, count: int) -> pd.DataFrame:
    """Chunks of random words, 20 to 120 tokens long, all different."""
    words = [
        word for word in (encoder.folder / "vocab.txt").read_text(encoding="utf-8").split() if word.isalpha() and word.isascii()
    ]
    random = np.random.default_rng(7)
    texts = [" ".join(random.choice(words, random.integers(20, 120))) for _ in range(count)]
    records = {"technical_doc_id": [f"TEC-{i}" for i in range(count)], "title": "Benchmark", "text": texts}
    return make_chunks({"technical_docs": pd.DataFrame(records)}, 128, encoder.count_tokens).iloc[:count]


def seconds(action: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def loading(encoder: Encoder, chunks: pd.DataFrame, rounds: int, folder: Path) -> None:
    """Print loading speed against the encoder's own, on the same texts."""
    vectors = Vectors(folder / "chroma")
    alone = loaded = 0.0
    synchronise(chunks.iloc[:0], vectors, encoder)
    for turn, part in enumerate(np.array_split(np.arange(len(chunks)), rounds)):
        texts = indexed_texts(chunks.iloc[part])
        wanted = chunks.iloc[: part[-1] + 1]
        if turn % 2:
            alone += seconds(lambda texts=texts: encoder.encode(texts))  # type: ignore[misc]
        loaded += seconds(lambda wanted=wanted: synchronise(wanted, vectors, encoder))  # type: ignore[misc]
        if not turn % 2:
            alone += seconds(lambda texts=texts: encoder.encode(texts))  # type: ignore[misc]
    again = seconds(lambda: synchronise(chunks, vectors, encoder))
    assert len(read_vector_state(vectors)) == len(chunks)
    vectors.close()
    print(f"encoder alone         {len(chunks) / alone:8.1f} texts/s")
    print(f"loading vectors       {len(chunks) / loaded:8.1f} texts/s")
    print(f"loading / encoder     {alone / loaded:8.3f}   (wanted: at least 0.85)")
    print(f"nothing changed       {again / loaded:8.3f}   of the first run (wanted: at most 0.25)")


def paths(onnx: Encoder, reference: Encoder, texts: list[str]) -> None:
    """Print the speed of both paths of the encoder and how well they agree."""
    ours, theirs = onnx.encode(texts), reference.encode(texts)
    spent = {"onnx": 0.0, "reference": 0.0}
    for turn in range(4):
        for name, encoder in (("onnx", onnx), ("reference", reference))[:: 1 if turn % 2 else -1]:
            spent[name] += seconds(lambda encoder=encoder: encoder.encode(texts))  # type: ignore[misc]
    print(f"onnx / reference      {spent['reference'] / spent['onnx']:8.2f}   times the speed")
    print(f"least cosine          {float((ours * theirs).sum(axis=1).min()):8.6f}   (wanted: at least 0.999)")


def scifact(encoder: Encoder, folder: Path) -> None:
    """Print nDCG@10 of exact dense search over SciFact (BEIR form: title, blank, abstract)."""
    with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    queries = {row["_id"]: row["text"] for row in map(json.loads, (folder / "queries.jsonl").read_text().splitlines())}
    judged = [line.split() for line in (folder / "qrels" / "test.tsv").read_text().splitlines()[1:]]
    asked = list(dict.fromkeys(query for query, _, _ in judged))
    stored = encoder.encode([f"{document['title']} {document['text']}".strip() for document in documents])
    scores = encoder.encode([queries[query] for query in asked]) @ stored.T
    best = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    total = 0.0
    for row, query in enumerate(asked):
        wanted = {document for other, document, score in judged if other == query and int(score) > 0}
        gain = sum(1 / log2(rank + 2) for rank, i in enumerate(best[row]) if documents[i]["_id"] in wanted)
        total += gain / sum(1 / log2(rank + 2) for rank in range(min(10, len(wanted))))
    print(f"SciFact nDCG@10       {total / len(asked):8.4f}   (wanted: 0.640 to 0.650)")


def main() -> None:
    """Run the benchmarks that the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1_200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scifact", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        encoder = OnnxEncoder(bundled_encoder(), Path(place) / "artifacts")
        encoder.encode(["build and load the model"])
        chunks = made_up_chunks(encoder, arguments.texts)
        loading(encoder, chunks, arguments.rounds, Path(place))
        paths(encoder, ReferenceEncoder(bundled_encoder()), indexed_texts(chunks.iloc[:100]))
        if arguments.scifact:
            scifact(encoder, arguments.scifact)


if __name__ == "__main__":
    main()
