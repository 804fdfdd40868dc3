"""What every backend shares whose model runs in this process: answers, batches and streams over tokens.

Belongs here: from messages to completions. Does not belong here: how tokens are computed (local.py, edge.py).
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence

from lenovo_pipeline.resources.inference.backend import TextStream
from lenovo_pipeline.resources.inference.chat import Chat, settled_text
from lenovo_pipeline.resources.inference.errors import BatchInterrupted
from lenovo_pipeline.resources.inference.generation import Generation
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message, ModelIdentity


class InProcess(ABC):
    """A Backend (see there) over `decode`."""

    def __init__(self, identity: ModelIdentity, chat: Chat) -> None:
        self._identity = identity
        self.chat = chat

    @abstractmethod
    def decode(self, generations: Sequence[Generation]) -> Iterator[Generation]:
        """Generate all of them, giving each one out after each of its tokens. A failure stays with its own one.

        Raises ModelUnavailable when the backend has been closed.
        """

    @abstractmethod
    def close(self) -> None:
        """Give the memory back."""

    def identity(self) -> ModelIdentity:
        """Exactly which model answers."""
        return self._identity

    def generate(self, messages: Sequence[Message], settings: GenerationSettings) -> Completion:
        """One whole answer. Raises GenerationFailed."""
        answer = self.generate_batch([messages], settings)[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def generate_batch(self, batch: Sequence[Sequence[Message]], settings: GenerationSettings) -> list[Completion | Exception]:
        """An answer or its failure for each conversation, in order. Raises BatchInterrupted with what was done."""
        called = time.monotonic()
        return self._answers([self.chat.generation(messages, settings, called) for messages in batch], self.decode)

    def stream(self, messages: Sequence[Message], settings: GenerationSettings) -> TextStream:
        """The answer piece by piece. Its iteration raises what `generate` raises."""
        return TextStream(self._pieces(messages, settings))

    def _answers(
        self, generations: Sequence[Generation], decode: Callable[[Sequence[Generation]], Iterator[Generation]]
    ) -> list[Completion | Exception]:
        try:
            for _ in decode([each for each in generations if not each.over]):
                pass
        except KeyboardInterrupt:
            done = iter(self.chat.completions([each for each in generations if each.over]))
            raise BatchInterrupted([next(done) if each.over else None for each in generations]) from None
        return self.chat.completions(generations)

    def _pieces(self, messages: Sequence[Message], settings: GenerationSettings) -> Generator[str, None, Completion]:
        generation = self.chat.generation(messages, settings, time.monotonic())
        given = ""
        for _ in self.decode([] if generation.over else [generation]):
            # Only the end tells whether what was said is text or a call of a tool.
            if not settings.tools:
                settled = settled_text(self.chat, generation)
                if len(settled) > len(given):
                    yield settled[len(given) :]
                    given = settled
        answer = self.chat.completions([generation])[0]
        if isinstance(answer, Exception):
            raise answer
        if len(answer.text) > len(given):
            yield answer.text[len(given) :]
        return answer
