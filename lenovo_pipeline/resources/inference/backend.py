"""What every way to reach a model offers: one protocol, and the stream of an answer's pieces."""

from collections.abc import Generator, Iterator, Sequence
from typing import Protocol

from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message, ModelIdentity


class TextStream(Iterator[str]):
    """The pieces of one answer's text as they come; `completion` is there once they are all read.

    Made from a generator that yields pieces and returns the Completion. Closing it cancels the generation.
    """

    def __init__(self, pieces: Generator[str, None, Completion]) -> None:
        self._pieces = pieces
        self.completion: Completion | None = None

    def __next__(self) -> str:
        try:
            return next(self._pieces)
        except StopIteration as end:
            self.completion = self.completion or end.value
            raise

    def close(self) -> None:
        """Stop generating."""
        self._pieces.close()


class Backend(Protocol):
    """A model that answers. Every method raises ModelUnavailable or GenerationFailed and nothing else on purpose."""

    def generate(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        """One whole answer. Raises GenerationFailed when it does not come about within `settings.timeout_s`."""
        ...

    def stream(self, messages: Sequence[Message], settings: GenerationSettings) -> TextStream:
        """The answer piece by piece. Its iteration raises what `generate` raises."""
        ...

    def generate_batch(self, batch: Sequence[Sequence[Message]], settings: GenerationSettings) -> list[Completion | Exception]:
        """An answer or its failure for each conversation, in order. Raises BatchInterrupted with what was done."""
        ...

    def identity(self) -> ModelIdentity:
        """Exactly which model answers. Raises ModelUnavailable when the source no longer has it."""
        ...

    def close(self) -> None:
        """Give back memory and connections; the backend is not used afterwards."""
        ...
