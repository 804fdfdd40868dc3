"""The models on an Ollama server: list, pull, create from a Modelfile, and embed with one.

Belongs here: what is done to the server's models. Does not belong here: answers (ollama.py).
Nothing here is done by opening or reaching a model: a pull downloads gigabytes, so it is asked for.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.inference.connection import Connection
from lenovo_pipeline.resources.inference.errors import GenerationFailed, ModelMissing, ModelUnavailable
from lenovo_pipeline.resources.inference.modelfile import read_modelfile
from lenovo_pipeline.resources.inference.remote import LOOK_UP_WITHIN_S
from lenovo_pipeline.resources.inference.streams import json_lines

_PROGRESS_BYTES = 256 * 2**20
"""A pull reports some times a second for as long as it takes, which may be hours."""

_EMPTY_BYTES = 2**16
_WEIGHT_FILES = ("*.gguf", "*.safetensors", "*.json", "tokenizer.model")


@dataclass(frozen=True)
class Progress:
    """A step of a pull or a creation; bytes where the server tells them."""

    status: str
    completed: int | None = None
    total: int | None = None


@dataclass(frozen=True)
class OllamaLibrary:
    """The models of one server. Every method raises ModelUnavailable or GenerationFailed."""

    connection: Connection

    def version(self) -> str:
        """GET /api/version."""
        return str(self._object(self.connection.ask("GET", "/api/version", timeout_s=LOOK_UP_WITHIN_S)).get("version", ""))

    def models(self) -> list[dict[str, Any]]:
        """GET /api/tags: name, digest, size in bytes and details of every model."""
        models = self._object(self.connection.ask("GET", "/api/tags", timeout_s=LOOK_UP_WITHIN_S)).get("models")
        if not isinstance(models, list):
            raise GenerationFailed("Ollama answered /api/tags without a list of models")
        return [model for model in models if isinstance(model, dict)]

    def pull(self, name: str, *, timeout_s: float = 7_200.0) -> Iterator[Progress]:
        """POST /api/pull: download a model, step by step as it goes. Raises ModelUnavailable if there is no such model."""
        yield from self._steps("/api/pull", {"model": name, "stream": True}, timeout_s, name)

    def create(self, name: str, modelfile: Path, *, timeout_s: float = 3_600.0) -> Iterator[Progress]:
        """POST /api/create: a model from a Modelfile, whose files are sent first unless the server has them.

        FROM and ADAPTER may name files relative to the Modelfile. Raises PermanentFailure for a Modelfile that is wrong.
        """
        try:
            read = read_modelfile(modelfile.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise PermanentFailure(f"{modelfile} cannot be read ({error})", remedy="Give a Modelfile in UTF-8.") from error
        body: dict[str, Any] = {"model": name, **read.fields(), "stream": True}
        weights = modelfile.parent / read.source
        if weights.exists():
            body["files"] = self._sent(weights, timeout_s)
        elif read.source.startswith((".", "/", "~")):
            raise PermanentFailure(f"{modelfile} is FROM {read.source}, which is not there", remedy="Correct its FROM.")
        else:
            body["from"] = read.source
        if read.adapter:
            adapter = modelfile.parent / read.adapter
            if not adapter.exists():
                raise PermanentFailure(f"{modelfile} has the ADAPTER {read.adapter}, which is not there", remedy="Correct it.")
            body["adapters"] = self._sent(adapter, timeout_s)
        yield from self._steps("/api/create", body, timeout_s, name)

    def embed(self, name: str, texts: Sequence[str], *, timeout_s: float = 60.0) -> list[list[float]]:
        """POST /api/embed: one vector for each text, all of one length."""
        if not texts:
            return []
        answered = self._object(
            self.connection.ask("POST", "/api/embed", {"model": name, "input": list(texts)}, timeout_s=timeout_s)
        )
        vectors = answered.get("embeddings")
        if not isinstance(vectors, list) or len(vectors) != len(texts):
            count = len(vectors) if isinstance(vectors, list) else "no"
            raise GenerationFailed(f"Ollama answered {count} embeddings for {len(texts)} texts")
        found = [_vector(vector) for vector in vectors]
        if len({len(vector) for vector in found}) != 1:
            raise GenerationFailed("Ollama answered embeddings of different lengths")
        return found

    def _steps(self, path: str, body: dict[str, Any], timeout_s: float, name: str) -> Iterator[Progress]:
        last = ""
        with self.connection.open("POST", path, body, timeout_s=timeout_s, max_bytes=_PROGRESS_BYTES) as reply:
            for frame in json_lines(reply.chunks(), self.connection.server):
                if frame.get("error"):
                    said = self.connection.server.clean(str(frame["error"]))
                    raise ModelUnavailable(f"Ollama could not get {name}: {said}", remedy="Correct the name, or try again.")
                last = str(frame.get("status", ""))
                yield Progress(last, _count(frame.get("completed")), _count(frame.get("total")))
        if last != "success":
            raise GenerationFailed(
                f"Ollama broke off {path} of {name} after {last!r}", remedy="Run it again: it goes on where it was."
            )

    def _sent(self, place: Path, timeout_s: float) -> dict[str, str]:
        """The digests of the files of a model, by name, once the server has them all as blobs."""
        files = [place] if place.is_file() else sorted({path for pattern in _WEIGHT_FILES for path in place.glob(pattern)})
        if not files:
            raise PermanentFailure(f"{place} holds no weights", remedy="Give a GGUF file, or a folder with safetensors.")
        digests = {}
        for file in files:
            with file.open("rb") as handle:
                digest = f"sha256:{hashlib.file_digest(handle, 'sha256').hexdigest()}"
            path = f"/api/blobs/{digest}"
            if not self._has(path):
                with self.connection.open("POST", path, timeout_s=timeout_s, max_bytes=_EMPTY_BYTES, file=file):
                    pass
            digests[file.name] = digest
        return digests

    def _has(self, path: str) -> bool:
        try:
            with self.connection.open("HEAD", path, timeout_s=LOOK_UP_WITHIN_S, max_bytes=_EMPTY_BYTES):
                return True
        except ModelMissing:
            return False

    def _object(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise GenerationFailed(f"Ollama answered {type(value).__name__} where an object was expected")
        return value


def _vector(value: object) -> list[float]:
    if isinstance(value, list) and value and all(isinstance(number, int | float) and math.isfinite(number) for number in value):
        return [float(number) for number in value]
    raise GenerationFailed("Ollama answered an embedding that is no list of finite numbers")


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
