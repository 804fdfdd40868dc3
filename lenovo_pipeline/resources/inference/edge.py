"""Models that run in this process with ONNX Runtime GenAI: the builds for mobile and edge targets.

Belongs here: the backend over a built folder. Does not belong here: building one (models/compression/export.py).

Answers are generated one at a time, as on the device that a build is for; batches padded to one length were measured slower here.
Prompts of a batch are sorted, and what one begins with as the one before it did is not computed again.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lenovo_pipeline.resources.inference.chat import Chat
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.generation import Generation
from lenovo_pipeline.resources.inference.in_process import InProcess
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.inference.sampling import Sampler

_REMEDY = "Build the edge model again from its base model."

_SMALL_BYTES = 200_000_000
"""Files up to which a model is computed by one thread: several wait for one another at each of its small products. Measured on
two cores with a model of 5 M parameters: its builds for phones (2 threads) are twice as quick so, those for 4 threads four times.
"""


def open_edge(folder: Path) -> "EdgeBackend":
    """The build in `folder`. Raises ModelUnavailable when anything is missing or damaged."""
    return EdgeBackend(folder)


class EdgeBackend(InProcess):
    """A folder that the model builder of ONNX Runtime GenAI wrote. Several threads may use it at once."""

    def __init__(self, folder: Path) -> None:
        identity = identify(folder, "edge")
        super().__init__(identity, Chat(folder, identity))
        try:
            self._model: Any = _opened(folder)
        except Exception as error:
            raise ModelUnavailable(f"The edge build in {folder} cannot be loaded ({error})", remedy=_REMEDY) from error

    def decode(self, generations: Sequence[Generation]) -> Iterator[Generation]:
        """Generate one after another, giving each one out after each of its tokens."""
        if self._model is None:
            raise ModelUnavailable(f"The model {self._identity.identifier} has been closed", remedy="Open it again.")
        state = _State(self._model, max((len(each.prompt) + each.room for each in generations), default=0))
        for generation in sorted(generations, key=lambda each: each.prompt):
            sampler = Sampler(generation.settings) if generation.settings.temperature > 0 else None
            generation.start()
            while not generation.over:
                try:
                    scores = state.scores(generation.prompt + generation.tokens)
                except Exception as error:
                    # Whatever the runtime raises is about this answer; the next one starts from nothing.
                    generation.fail(f"{self._identity.identifier} failed to compute the answer ({error})")
                    state.forget()
                else:
                    token = int(scores.argmax())
                    if not np.isfinite(scores[token]):
                        generation.fail_for_scores(self._identity.identifier)
                        state.forget()
                    else:
                        if generation.grammar is not None:
                            order = sampler.drawn(scores) if sampler else iter(np.argsort(-scores, kind="stable").tolist())
                            token = generation.admitted(order, self.chat.vocabulary)
                        elif sampler is not None:
                            token = sampler.draw(scores)
                        generation.accept(token, self.chat.vocabulary)
                yield generation

    def close(self) -> None:
        """Give the memory back."""
        self._model = None


def _opened(folder: Path) -> Any:
    """The build, computed by as many threads as suit this machine: its configuration tells how many its target has."""
    import onnxruntime_genai

    config = onnxruntime_genai.Config(str(folder))
    if sum(path.stat().st_size for path in folder.iterdir()) <= _SMALL_BYTES:
        config.overlay(json.dumps({"model": {"decoder": {"session_options": {"intra_op_num_threads": 1}}}}))
    return onnxruntime_genai.Model(config)


class _State:
    """The tokens that the runtime has computed, kept for what comes next to begin with."""

    def __init__(self, model: Any, length: int) -> None:
        self._model = model
        self._length = length
        self._generator: Any = None
        self._held: list[int] = []

    def scores(self, tokens: list[int]) -> npt.NDArray[np.float32]:
        """The scores (vocabulary,) of the token after these. Computes only what differs from the tokens before."""
        import onnxruntime_genai

        if self._generator is None:
            settings = onnxruntime_genai.GeneratorParams(self._model)
            settings.set_search_options(max_length=self._length + 1, do_sample=False)
            self._generator = onnxruntime_genai.Generator(self._model, settings)
            self._held = []
        most = min(len(self._held), len(tokens) - 1)
        common = next((place for place in range(most) if self._held[place] != tokens[place]), most)
        if common < len(self._held):
            self._generator.rewind_to(common)
        self._generator.append_tokens(np.array(tokens[common:], dtype=np.int32))
        self._held = tokens
        scores: npt.NDArray[np.float32] = np.asarray(self._generator.get_logits(), dtype=np.float32)
        last: npt.NDArray[np.float32] = scores.reshape(-1, scores.shape[-1])[-1]
        return last

    def forget(self) -> None:
        """Begin anew with the next tokens."""
        self._generator = None
