"""How reaching a model, or one generation, can fail."""

from collections.abc import Sequence

from lenovo_pipeline.failures import PermanentFailure, TransientFailure
from lenovo_pipeline.resources.inference.messages import Completion


class ModelUnavailable(PermanentFailure):
    """The model cannot be reached as things are configured: a token, a server, a model or a folder is missing."""


class ModelMissing(ModelUnavailable):
    """The server answers, and does not have the model."""


class GenerationFailed(TransientFailure):
    """One answer did not come about. It is recorded for its item; the others are not touched by it."""

    def __init__(self, message: str, *, remedy: str = "The failure is recorded for this item; run it again to retry it.") -> None:
        super().__init__(message, remedy=remedy)


class PromptTooLong(GenerationFailed):
    """The messages do not fit into the model, now or later."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message, remedy="Give fewer or shorter passages, or a model with a longer context; nothing was cut off silently."
        )


class BatchInterrupted(KeyboardInterrupt):
    """A batch was interrupted. `results` keeps its order; None marks what was not finished."""

    def __init__(self, results: Sequence[Completion | Exception | None]) -> None:
        self.results = list(results)
        done = sum(result is not None for result in self.results)
        super().__init__(f"interrupted after {done} of {len(self.results)} answers")
