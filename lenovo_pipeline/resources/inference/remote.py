"""What the backends that ask a server have in common: an answer is a stream read to its end, a batch is a bounded pool of them.

Belongs here: generate, stream, batches, closing. Does not belong here: any server's paths and formats.
"""

import difflib
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from lenovo_pipeline.failures import PipelineError
from lenovo_pipeline.resources.inference.backend import TextStream
from lenovo_pipeline.resources.inference.connection import Connection
from lenovo_pipeline.resources.inference.drafts import Draft, answer_bytes
from lenovo_pipeline.resources.inference.errors import BatchInterrupted, ModelMissing
from lenovo_pipeline.resources.inference.exchange import Reply
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message, ModelIdentity, ModelSource

LOOK_UP_WITHIN_S = 10.0
"""For what a server knows without generating: its list of models."""


class RemoteBackend(ABC):
    """A model behind HTTP. `concurrency` bounds the requests of a batch that are under way at once."""

    def __init__(self, connection: Connection, source: ModelSource, concurrency: int = 4) -> None:
        self.connection = connection
        self.source = source
        self.concurrency = concurrency

    @abstractmethod
    def listed(self, *, timeout_s: float = LOOK_UP_WITHIN_S, retry: bool = True) -> dict[str, dict[str, Any]]:
        """The models that the server has, by name; empty where it does not tell. Raises ModelUnavailable or GenerationFailed."""

    @abstractmethod
    def identity(self) -> ModelIdentity:
        """Exactly which model answers, as far as the server tells."""

    @abstractmethod
    def _request(self, messages: Sequence[Message], settings: GenerationSettings) -> tuple[str, dict[str, Any]]:
        """The path and the body of the request for an answer."""

    @abstractmethod
    def _read(self, reply: Reply, draft: Draft) -> Generator[str, None, None]:
        """Fill the draft from the reply, piece by piece."""

    def entry(self, *, timeout_s: float = LOOK_UP_WITHIN_S, retry: bool = True) -> dict[str, Any]:
        """What the server's list says of this model. Raises ModelUnavailable when the list has others only."""
        listed = self.listed(timeout_s=timeout_s, retry=retry)
        found = listed.get(self.name)
        if found is None and listed:
            near = difflib.get_close_matches(self.name, listed, n=3, cutoff=0.3) or sorted(listed)[:3]
            server = self.connection.server
            raise ModelMissing(
                f"{server.name} at {server.url} has no model {self.name}; it has {', '.join(near)} ({len(listed)} in all)",
                remedy=self.remedy_for_missing(),
            )
        return found or {}

    @property
    def name(self) -> str:
        """The model's name in the server's list."""
        return self.source.identifier

    def remedy_for_missing(self) -> str:
        """What to do when the server does not have the model."""
        return "Correct the identifier in the catalogue's entry."

    def generate(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        """One whole answer. It is streamed all the same: so its first token is timed, and one that does not end is noticed."""
        return read_to_its_end(self.stream(messages, settings))

    def stream(self, messages: Sequence[Message], settings: GenerationSettings) -> TextStream:
        """The answer piece by piece; the request is sent when the first one is asked for."""
        return TextStream(self._pieces(*self._request(messages, settings), settings))

    def generate_batch(self, batch: Sequence[Sequence[Message]], settings: GenerationSettings) -> list[Completion | Exception]:
        """An answer or its failure for each conversation, in order. Raises BatchInterrupted with what was done."""
        with ThreadPoolExecutor(max_workers=self.concurrency, thread_name_prefix="inference") as pool:
            futures = [pool.submit(self.generate, messages, settings) for messages in batch]
            try:
                return [_outcome(future) for future in futures]
            except Exception:
                self._abandon(pool)
                raise
            except BaseException as interruption:
                done = [_outcome(future) if future.done() else None for future in futures]
                self._abandon(pool)
                raise BatchInterrupted(done) from interruption

    def close(self) -> None:
        """Close the connections; requests under way fail."""
        self.connection.close()

    def _pieces(self, path: str, body: dict[str, Any], settings: GenerationSettings) -> Generator[str, None, Completion]:
        with self.connection.open("POST", path, body, timeout_s=settings.timeout_s, max_bytes=answer_bytes(settings)) as reply:
            draft = Draft(self.connection.server, settings, reply.line.sent)
            yield from self._read(reply, draft)
            return draft.completion(self.source.price)

    def _abandon(self, pool: ThreadPoolExecutor) -> None:
        """Drop what waits in the pool and end what is under way; the connection can be used again afterwards."""
        self.connection.cancel()
        pool.shutdown(wait=True, cancel_futures=True)
        self.connection.resume()


def read_to_its_end(stream: TextStream) -> Completion:
    """The completion of a stream whose pieces nobody waits for."""
    for _ in stream:
        pass
    assert stream.completion is not None
    return stream.completion


def _outcome(future: Future[Completion]) -> Completion | Exception:
    """The answer, or its failure; an error that no server causes is raised."""
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, PipelineError):
        return error
    raise error
