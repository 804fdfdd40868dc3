"""The vector store: Chroma in a folder of ours, or a Chroma server.

Belongs here: clients, collections, the encoder that a collection was built with, errors in words.
Does not belong here: what is put into collections and when (knowledge/vector_collections.py).

Embeddings are always passed in: Chroma's own embedder would download a model.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lenovo_pipeline.failures import PermanentFailure, PipelineError, TransientFailure

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

PREFIX = "lenovo_"
ENCODER_KEY = "encoder"
_DATABASE = "chroma.sqlite3"
TUNED = "_tuned"
"""How the kinds end whose collections a tuned encoder fills (stage embeddings); the others are knowledge's."""


# A second PersistentClient on one folder can hang, so a process has one, for as long as the folder is the same one:
# the place -> the client and the inode of its database (0 for a server).
_OPEN: dict[str, tuple[Any, int]] = {}
_OPENING = threading.Lock()


@dataclass(frozen=True)
class Vectors:
    """The vector store in `folder`, or at `url` (http or https) where one is set. Connections are made at first use."""

    folder: Path
    url: str | None = None

    @property
    def place(self) -> str:
        """The store in words, for messages and metadata."""
        return self.url or str(self.folder)

    def client(self) -> "ClientAPI":
        """The Chroma client of this process.

        Raises TransientFailure if the server does not answer, PermanentFailure for a damaged folder or a wrong address.
        """
        with self.explained():
            return _server(self.url) if self.url else _embedded(self.folder.resolve())

    def close(self) -> None:
        """Let go of the folder or the server, so that the folder may be moved, copied or deleted."""
        with _OPENING:
            _forget(self.url or str(self.folder.resolve()))

    def collection(self, kind: str, encoder: str) -> "Collection":
        """The collection of a kind, to read. Raises PermanentFailure if it is missing or was built with another encoder."""
        found = self.find(kind)
        if found is None:
            raise PermanentFailure(f"{self.place} has no collection {PREFIX}{kind}", remedy=_remedy(kind))
        built_with = (found.metadata or {}).get(ENCODER_KEY)
        if built_with != encoder:
            raise PermanentFailure(
                f"the collection {found.name} in {self.place} was built with encoder {built_with}; this code asks with {encoder}",
                remedy=_remedy(kind),
            )
        return found

    def find(self, kind: str) -> "Collection | None":
        """The collection of a kind whatever its encoder, or None."""
        from chromadb.errors import NotFoundError

        with self.explained():
            try:
                return self.client().get_collection(PREFIX + kind, embedding_function=None)
            except NotFoundError:
                return None

    def kinds(self) -> list[str]:
        """The kinds of all collections of ours that there are, in order."""
        with self.explained():
            names = [found.name for found in self.client().list_collections()]
        return sorted(name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX))

    def remove(self, kind: str) -> None:
        """Remove the collection of a kind, if there is one."""
        from chromadb.errors import NotFoundError

        with self.explained(), suppress(NotFoundError):
            self.client().delete_collection(PREFIX + kind)

    def create(self, kind: str, encoder: str) -> "Collection":
        """Make an empty collection for vectors of this encoder (cosine distance), instead of the one that may be there."""
        from chromadb.errors import NotFoundError

        with self.explained():
            client = self.client()
            with suppress(NotFoundError):
                client.delete_collection(PREFIX + kind)
            return client.create_collection(
                PREFIX + kind,
                metadata={ENCODER_KEY: encoder},
                configuration={"hnsw": {"space": "cosine"}},
                embedding_function=None,
            )

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Say what an error of Chroma means and what to do: TransientFailure for a lost server, PermanentFailure for the rest."""
        try:
            yield
        except (PipelineError, OSError, MemoryError):
            raise
        except Exception as error:
            raise self._in_words(error) from error
        except BaseException as error:
            # Chroma's Rust core panics on damaged files, with a class outside Exception.
            if type(error).__name__ != "PanicException":
                raise
            raise self._in_words(error) from error

    def _in_words(self, error: BaseException) -> PipelineError:
        found = f"{type(error).__name__}: {str(error).strip()[:300]}"
        if self.url:
            import httpx

            chain = [error, error.__cause__, error.__context__]
            lost = any(isinstance(link, httpx.TransportError) for link in chain) or "Could not connect" in str(error)
            if lost:
                return TransientFailure(
                    f"the Chroma server {self.url} does not answer ({found})",
                    remedy="Start it (chroma run), or unset LENOVO_CHROMA_URL to use the embedded store.",
                )
            return PermanentFailure(
                f"the Chroma server {self.url} refused the request ({found})",
                remedy="Look at the server's log; it must be of the same release as the installed chromadb.",
            )
        return PermanentFailure(
            f"the vector store {self.folder} cannot be read or written ({found})",
            remedy=f"If the disk is not full, delete {self.folder} and run make run: it is rebuilt from the tables.",
        )


def _remedy(kind: str) -> str:
    asset = "embeddings/collections" if kind.endswith(TUNED) else "knowledge/vector_collections"
    return f"Materialise {asset} again (make run)."


def _embedded(folder: Path) -> "ClientAPI":
    import chromadb
    from chromadb.config import Settings

    with _OPENING:
        database = folder / _DATABASE
        inode = database.stat().st_ino if database.exists() else 0
        known = _OPEN.get(str(folder))
        if known is None or known[1] != inode:
            _forget(str(folder))
            folder.mkdir(parents=True, exist_ok=True)
            client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
            known = _OPEN[str(folder)] = (client, database.stat().st_ino)
        opened: ClientAPI = known[0]
        return opened


def _server(url: str) -> "ClientAPI":
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise PermanentFailure(
            f"LENOVO_CHROMA_URL is {url!r}, which is no address of a Chroma server",
            remedy="Set it to something like http://127.0.0.1:8081.",
        )
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    with _OPENING:
        if url not in _OPEN:
            settings = Settings(anonymized_telemetry=False)
            _OPEN[url] = (chromadb.HttpClient(parts.hostname, port, ssl=secure, settings=settings), 0)
        opened: ClientAPI = _OPEN[url][0]
        return opened


def _forget(place: str) -> None:
    known = _OPEN.pop(place, None)
    if known is not None:
        # Its folder may be gone already; then there is nothing left to close properly.
        with suppress(Exception):
            known[0].close()
