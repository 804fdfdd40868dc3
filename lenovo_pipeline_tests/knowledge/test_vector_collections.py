import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lenovo_pipeline.contracts import HASH_COLUMN, conform
from lenovo_pipeline.failures import PermanentFailure, TransientFailure
from lenovo_pipeline.knowledge.chunks import indexed_texts, make_chunks
from lenovo_pipeline.knowledge.tables import CHUNKS, KINDS
from lenovo_pipeline.knowledge.vector_collections import read_vector_state, search, synchronise
from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
from lenovo_pipeline.resources.vectors import Vectors

Articles = Callable[..., pd.DataFrame]

_LOAD_SLOWLY = """
import sys, time
import pandas as pd
from pathlib import Path
from lenovo_pipeline.knowledge.vector_collections import synchronise
from lenovo_pipeline.resources.encoders import OnnxEncoder, bundled_encoder
from lenovo_pipeline.resources.vectors import Vectors

def progress(done, total):
    print(done, total, flush=True)

chunks = pd.read_pickle(sys.argv[1])
synchronise(chunks, Vectors(Path(sys.argv[2])), OnnxEncoder(bundled_encoder(), Path(sys.argv[3])), progress)
"""


@pytest.fixture
def vectors(tmp_path: Path) -> Iterator[Vectors]:
    store = Vectors(tmp_path / "chroma")
    yield store
    store.close()


@pytest.fixture
def chunks(articles: Articles, encoder: OnnxEncoder) -> pd.DataFrame:
    return _chunks(articles(20), encoder)


def _chunks(articles: pd.DataFrame, encoder: OnnxEncoder) -> pd.DataFrame:
    return make_chunks({"support_articles": articles}, 128, encoder.count_tokens)


def _state(chunks: pd.DataFrame) -> set[tuple[str, str, str, str]]:
    frame = conform(chunks, CHUNKS)
    return set(zip(frame["kind"], frame["chunk_id"], frame["record_id"], frame[HASH_COLUMN], strict=True))


def _held(vectors: Vectors) -> set[tuple[str, str, str, str]]:
    state = read_vector_state(vectors)
    assert not state.duplicated(["kind", "id"]).any()
    return set(zip(state["kind"], state["id"], state["record_id"], state[HASH_COLUMN], strict=True))


def test_every_kind_has_its_collection_and_every_chunk_its_own_vector(
    vectors: Vectors, chunks: pd.DataFrame, encoder: OnnxEncoder
) -> None:
    counts = synchronise(chunks, vectors, encoder)
    assert set(counts) == set(KINDS)
    assert counts["support"].embedded == counts["support"].total == len(chunks)
    assert _held(vectors) == _state(chunks)
    stored = vectors.collection("support", encoder.id).get(include=["embeddings", "documents"])
    by_id = dict(zip(stored["ids"], np.asarray(stored["embeddings"]), strict=True))
    expected = encoder.encode(indexed_texts(chunks))
    assert all(by_id[i] @ vector > 0.9999 for i, vector in zip(chunks["chunk_id"], expected, strict=True))
    assert set(stored["documents"] or []) == set(chunks["text"])


def test_a_second_run_embeds_nothing(vectors: Vectors, chunks: pd.DataFrame, encoder: OnnxEncoder) -> None:
    synchronise(chunks, vectors, encoder)
    counts = synchronise(chunks, vectors, encoder)["support"]
    assert (counts.unchanged, counts.embedded, counts.reused, counts.relabelled, counts.deleted) == (len(chunks), 0, 0, 0, 0)


def test_a_changed_article_is_the_only_one_embedded_again(vectors: Vectors, articles: Articles, encoder: OnnxEncoder) -> None:
    records = articles(20)
    synchronise(_chunks(records, encoder), vectors, encoder)
    records.loc[7, ["title", "text"]] = ["Display flickers", "# Display flickers\n\nIt does.\n\n## Steps\n1. Replace the cable."]
    chunks = _chunks(records, encoder)
    counts = synchronise(chunks, vectors, encoder)["support"]
    assert counts.embedded == (chunks["record_id"] == "KB-7").sum() == counts.deleted
    assert counts.unchanged == len(chunks) - counts.embedded
    assert _held(vectors) == _state(chunks)


def test_vanished_records_go_and_what_is_said_of_a_text_changes_without_embedding(
    vectors: Vectors, articles: Articles, encoder: OnnxEncoder
) -> None:
    records = articles(20)
    synchronise(_chunks(records, encoder), vectors, encoder)
    records = records.drop(index=[0, 1]).assign(language="de", anchor=None)
    chunks = _chunks(records, encoder)
    counts = synchronise(chunks, vectors, encoder)["support"]
    assert (counts.embedded, counts.relabelled, counts.deleted) == (0, len(chunks), 4)
    assert _held(vectors) == _state(chunks)
    metadatas = vectors.collection("support", encoder.id).get(include=["metadatas"])["metadatas"] or []
    assert all(metadata["language"] == "de" and "anchor" not in metadata for metadata in metadatas)
    assert synchronise(chunks.iloc[:0], vectors, encoder)["support"].deleted == len(chunks)
    assert _held(vectors) == set()


def test_equal_texts_are_embedded_once_also_across_kinds_and_runs(vectors: Vectors, encoder: OnnxEncoder) -> None:
    text = "# Reset\n\nHold the power button."
    document = pd.DataFrame({"document_id": ["DOC-1"], "title": ["Reset"], "text": [text]})
    articles = pd.DataFrame({"article_id": ["KB-1", "KB-2"], "title": ["Reset"] * 2, "text": [text] * 2})
    sources = {"documents": document, "support_articles": articles}
    counts = synchronise(make_chunks(sources, 128, encoder.count_tokens), vectors, encoder)
    assert sum(c.embedded for c in counts.values()) == 1
    assert sum(c.reused for c in counts.values()) == 2
    sources["technical_docs"] = document.rename(columns={"document_id": "technical_doc_id"})
    del sources["documents"]
    chunks = make_chunks(sources, 128, encoder.count_tokens)
    counts = synchronise(chunks, vectors, encoder)
    assert (counts["technical"].embedded, counts["technical"].reused, counts["business"].deleted) == (0, 1, 1)
    assert _held(vectors) == _state(chunks)
    assert search(vectors, encoder, "technical", "Reset\nHold the power button.", 1)[0][1] > 0.8


def test_a_search_can_be_filtered(vectors: Vectors, chunks: pd.DataFrame, encoder: OnnxEncoder) -> None:
    synchronise(chunks, vectors, encoder)
    found = search(vectors, encoder, "support", "restart unit 3", 5, where={"record_id": "KB-3"})
    assert {i for i, _ in found} == set(chunks.loc[chunks["record_id"] == "KB-3", "chunk_id"])
    assert all(-1 <= score <= 1.0001 for _, score in found)


def test_a_kill_loses_nothing_that_was_written_and_the_next_run_embeds_only_the_rest(
    tmp_path: Path, vectors: Vectors, articles: Articles, encoder: OnnxEncoder
) -> None:
    chunks = _chunks(articles(700), encoder)
    encoder.encode(["build the model"])
    chunks.to_pickle(tmp_path / "chunks.pickle")
    artifacts = encoder.model_file.parents[2]
    command = [sys.executable, "-c", _LOAD_SLOWLY, str(tmp_path / "chunks.pickle"), str(vectors.folder), str(artifacts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            done, total = map(int, line.split())
            if done > total // 2:
                os.kill(running.pid, signal.SIGKILL)
                break
    counts = synchronise(chunks, vectors, encoder)["support"]
    assert not counts.rebuilt
    assert 0 < counts.embedded < len(chunks)
    assert counts.unchanged == len(chunks) - counts.embedded - counts.reused
    assert _held(vectors) == _state(chunks)
    stored = vectors.collection("support", encoder.id).get(include=["embeddings"])
    by_id = dict(zip(stored["ids"], np.asarray(stored["embeddings"]), strict=True))
    # These texts differ by a number only, and the nearest two are 0.986 alike: a vector under another's name is seen.
    expected = encoder.encode(indexed_texts(chunks))
    assert all(by_id[i] @ vector > 0.999 for i, vector in zip(chunks["chunk_id"], expected, strict=True))
    # HNSW is approximate: among texts as alike as these it misses about 1 of 1,400.
    chosen = chunks.sample(20, random_state=0)
    nearest = [search(vectors, encoder, "support", text, 1)[0][0] for text in indexed_texts(chosen)]
    assert sum(found == own for found, own in zip(nearest, chosen["chunk_id"], strict=True)) >= 18


def test_what_is_embedded_when_a_run_is_stopped_is_kept(vectors: Vectors, articles: Articles, encoder: OnnxEncoder) -> None:
    chunks = _chunks(articles(60), encoder)

    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synchronise(chunks, vectors, encoder, stop)
    kept = len(_held(vectors))
    assert 0 < kept < len(chunks)
    assert synchronise(chunks, vectors, encoder)["support"].unchanged == kept


def test_another_encoder_is_refused_by_readers_and_rebuilt_by_synchronisation(
    tmp_path: Path, vectors: Vectors, chunks: pd.DataFrame, encoder: OnnxEncoder
) -> None:
    synchronise(chunks, vectors, encoder)
    shutil.copytree(bundled_encoder(), tmp_path / "copy")
    settings = tmp_path / "copy" / "sentence_bert_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"max_seq_length": 64}))
    other = OnnxEncoder(tmp_path / "copy", tmp_path / "artifacts")
    with pytest.raises(PermanentFailure, match=rf"built with encoder {encoder.id}.* asks with {other.id}.*make run"):
        search(vectors, other, "support", "battery", 1)
    counts = synchronise(chunks, vectors, other)["support"]
    assert counts.rebuilt
    assert counts.embedded == len(chunks)
    assert search(vectors, other, "support", "battery", 1)


def test_a_folder_deleted_by_hand_is_built_again(vectors: Vectors, chunks: pd.DataFrame, encoder: OnnxEncoder) -> None:
    synchronise(chunks, vectors, encoder)
    shutil.rmtree(vectors.folder)
    with pytest.raises(PermanentFailure, match=r"no collection lenovo_support.*make run"):
        vectors.collection("support", encoder.id)
    shutil.rmtree(vectors.folder)
    assert synchronise(chunks, vectors, encoder)["support"].embedded == len(chunks)
    assert _held(vectors) == _state(chunks)


def test_a_damaged_folder_is_reported_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "chroma").mkdir()
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"this is no database" * 1_000)
    with pytest.raises(PermanentFailure, match=r"cannot be read or written.*delete .*chroma.* and run make run"):
        read_vector_state(Vectors(tmp_path / "chroma"))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1:1", "127.0.0.1:8081", "http://", "http://127.0.0.1:1/path"])
def test_an_address_that_is_none_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match="LENOVO_CHROMA_URL"):
        read_vector_state(Vectors(tmp_path, url))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(url: str, running: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert running.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"{url}/api/v2/heartbeat"):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")


def test_a_server_serves_as_well_and_a_lost_one_is_a_transient_failure(
    tmp_path: Path, chunks: pd.DataFrame, encoder: OnnxEncoder
) -> None:
    port = _free_port()
    store = Vectors(tmp_path / "unused", f"http://127.0.0.1:{port}")
    with pytest.raises(TransientFailure, match=r"does not answer.*LENOVO_CHROMA_URL"):
        read_vector_state(store)
    command = [str(Path(sys.executable).parent / "chroma"), "run", "--path", str(tmp_path / "served")]
    running = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(str(store.url), running)
        assert synchronise(chunks, store, encoder)["support"].embedded == len(chunks)
        assert synchronise(chunks, store, encoder)["support"].unchanged == len(chunks)
        assert _held(store) == _state(chunks)
        assert search(store, encoder, "support", "restart unit 3", 3)
        assert not (tmp_path / "unused").exists()
    finally:
        running.kill()
        running.wait()
    with pytest.raises(TransientFailure, match="does not answer"):
        synchronise(chunks, store, encoder)
    store.close()
