"""Models that run in this process with transformers: any causal language model's folder, with LoRA adapters switched per request.

Belongs here: loading, and the backend over it. Does not belong here: which tokens are computed when (decoding.py).
"""

import time
from collections.abc import Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from lenovo_pipeline.resources.inference.adapters import Adapters
from lenovo_pipeline.resources.inference.chat import Chat
from lenovo_pipeline.resources.inference.decoding import Decoder
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.generation import Generation
from lenovo_pipeline.resources.inference.in_process import InProcess
from lenovo_pipeline.resources.inference.messages import Completion, GenerationSettings, Message, ModelIdentity
from lenovo_pipeline.resources.inference.model_folder import identify

_SINGLE_LIMIT = 1_000_000_000
"""Models of fewer parameters compute in 32 bits; larger ones in the format that they were saved in, for their size."""


def open_local(folder: Path, adapter: Path | None = None) -> "LocalBackend":
    """The model in `folder`, on the GPU if there is one, with the adapter of that folder if one is given.

    Raises ModelUnavailable when anything is missing, damaged or made for another base.
    """
    backend = LocalBackend(folder)
    return backend if adapter is None else backend.with_adapter(adapter)


class LocalBackend(InProcess):
    """A model's folder, loaded. Several threads may use it at once; `with_adapter` gives the same weights with an adapter."""

    def __init__(self, folder: Path) -> None:
        identity = identify(folder)
        super().__init__(identity, Chat(folder, identity))
        model = _load(folder, identity)
        self._adapters = Adapters(model, identity)
        self._decoder: Decoder | None = Decoder(model, identity.identifier, self.chat.vocabulary, self._adapters.switch)
        self._adapter: str | None = None
        try:
            self._decoder.try_out()
        except Exception as error:
            raise ModelUnavailable(
                f"The model in {folder} cannot answer: {error}",
                remedy="Restore its weights, or serve it with Ollama or another server if this architecture does not run here.",
            ) from error

    def with_adapter(self, folder: Path) -> "LocalBackend":
        """The same model with a LoRA adapter: it shares the weights, and switching between them takes milliseconds.

        Raises ModelUnavailable listing every mismatch if the adapter was made for another base.
        """
        other = copy(self)
        other._adapter = self._name_of(folder)
        return other

    def generate_mixed(
        self, batch: Sequence[tuple[Sequence[Message], GenerationSettings, Path | None]]
    ) -> list[Completion | Exception]:
        """Like `generate_batch`, with settings and adapter (its folder; None: this backend's own) of each item."""
        called = time.monotonic()
        generations = [self.chat.generation(messages, settings, called) for messages, settings, _ in batch]
        names: dict[Generation, str | None] = {}
        for generation, (_, _, folder) in zip(generations, batch, strict=True):
            try:
                names[generation] = self._adapter if folder is None else self._name_of(folder)
            except ModelUnavailable as error:
                generation.fail(f"its adapter cannot be used: {error}")

        def decode(some: Sequence[Generation]) -> Iterator[Generation]:
            for name in dict.fromkeys(names[each] for each in some):
                yield from self._running().decode([each for each in some if names[each] == name], name)

        return self._answers(generations, decode)

    def decode(self, generations: Sequence[Generation]) -> Iterator[Generation]:
        """Generate all of them together, giving each one out after each of its tokens."""
        return self._running().decode(generations, self._adapter)

    def close(self) -> None:
        """Give the memory back."""
        self._decoder = None

    def _name_of(self, folder: Path) -> str:
        with self._running().turn:
            return self._adapters.load(folder)

    def _running(self) -> Decoder:
        if self._decoder is None:
            raise ModelUnavailable(f"The model {self._identity.identifier} has been closed", remedy="Open it again.")
        return self._decoder


def _load(folder: Path, identity: ModelIdentity) -> Any:
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    from lenovo_pipeline.resources.inference import packed_attention

    packed_attention.register()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    small = identity.parameters is not None and identity.parameters < _SINGLE_LIMIT
    remedy = "Restore the folder from its source; the weights, config.json and the tokenizer must belong together."
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32 if small else "auto",
            attn_implementation=packed_attention.NAME,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    except Exception as error:
        raise ModelUnavailable(f"The model in {folder} cannot be loaded ({error})", remedy=remedy) from error
    model, report = loaded
    names = [str(name) for kind in ("missing_keys", "mismatched_keys") for name in report.get(kind) or ()]
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        raise ModelUnavailable(
            f"The weights in {folder} lack what config.json tells: {', '.join(names[:3])}{more}", remedy=remedy
        )
    return model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
