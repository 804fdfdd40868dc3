"""An adapter merged into its base: a model folder like any other, that answers as base and adapter do.

Belongs here: which adapter is merged, merging through peft, and how far the answers agree. Does not belong here: edge builds of
the result (compression/).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.header import package_versions
from lenovo_pipeline.models.builds import Build, kept
from lenovo_pipeline.models.compression.base import Base, open_model, save_model
from lenovo_pipeline.models.registry.composing import BASE
from lenovo_pipeline.models.registry.ollama_files import modelfile
from lenovo_pipeline.models.registry.verifying import measures_of
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.inference.adapters import require_base
from lenovo_pipeline.resources.inference.messages import GenerationSettings, Message
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.store import Store

if TYPE_CHECKING:
    from lenovo_pipeline.resources.inference.local import LocalBackend

QUESTIONS = {"smoke": 4, "default": 16, "full": 200}
"""Validation questions, by profile, that base with adapter and merged model are both asked."""

MODELFILE = "Modelfile"
_GREEDY = GenerationSettings(max_tokens=64, timeout_s=600.0)
_PACKAGES = ("torch", "transformers", "peft")

Row = Mapping[Any, Any]


def best_adapter(singles: Sequence[Row], composed: Sequence[Row]) -> Row:
    """The adapter with the lowest validation loss over all domains: those of the single ones stand in the measures of the
    composed ones, taken on the same rows. Raises PermanentFailure if there is none to choose from.
    """
    losses = {row["build"]: row["validation_loss"] for row in composed}
    for row in composed:
        losses |= {build: loss for build, loss in measures_of(row)["losses"].items() if build != BASE}
    known = [row for row in (*composed, *singles) if losses.get(row["build"]) is not None]
    if not known:
        raise PermanentFailure(
            "there is no adapter to merge whose loss over all domains is known",
            remedy="Materialise models/adapters and models/composed_adapters of this partition, then run again.",
        )
    return min(known, key=lambda row: (losses[row["build"]], row["build"]))


@dataclass(frozen=True)
class Merging:
    """A base and what merging into it needs; `examples` are rows of models.training_sets."""

    base: Base
    examples: Sequence[Mapping[Any, Any]]
    store: Store
    profile: str
    say: Callable[[str], None]

    def merged(self, adapter: Row) -> Build:
        """The base with the adapter (a row of a build table) merged into it, an Ollama Modelfile beside the weights.

        Raises ModelUnavailable listing every mismatch if the adapter does not fit the base.
        """
        made_by = {
            "kind": "merged",
            "source": adapter["artifact"],
            "base": self.base.foundation["identity"],
            "licence": self.base.licence,
            "questions": QUESTIONS[self.profile],
            "training_set": str(self.examples[0]["version"]) if self.examples else None,
            "versions": {"code": code_version(_reached), **package_versions(_PACKAGES)},
        }

        def make(folder: Path) -> Mapping[str, Any]:
            self.say(f"merging {adapter['build']}")
            merge(self.base.folder, self.store.root / adapter["path"], folder)
            (folder / MODELFILE).write_text(modelfile(folder, self.base.licence), encoding="utf-8")
            return self.agreed(self.store.root / adapter["path"], folder)

        artifact = kept(self.store, "merged", made_by, make)
        if artifact.reused:
            self.say(f"merged: re-used {artifact.path}")
        return self.base.build(
            f"merged/{str(adapter['build']).partition('/')[2]}",
            "merged",
            "transformers",
            artifact,
            domain=adapter["domain"],
            base=adapter["artifact"],
            training_set=adapter["training_set"],
            parameters=self.base.foundation["parameters"],
            validation_loss=adapter["validation_loss"],
            measures=artifact.made_by["report"],
        )

    def agreed(self, adapter: Path, merged: Path) -> dict[str, Any]:
        """How far the merged model agrees with base and adapter on the greedy answers that these give to validation questions.

        `token_agreement` is the share of the answers' tokens that the merged model holds likeliest, too, after the same tokens:
        compared by what each goes on to say by itself, one place where two tokens are equally likely would make all that
        follows count as different.
        """
        from lenovo_pipeline.resources.inference.local import open_local

        answers = _answers(open_local(self.base.folder, adapter), self._questions())
        model = open_model(merged)
        same = [_chosen(model, prompt, tokens) for prompt, tokens in answers if tokens]
        places = sum(map(len, same))
        return {
            "token_agreement": sum(map(sum, same)) / places if places else 1.0,
            "identical_answers": sum(map(all, same)) + len(answers) - len(same),
            "tokens": places,
            "questions": len(answers),
        }

    def _questions(self) -> list[list[Message]]:
        """Questions of the validation split as they are asked. Raises PermanentFailure if there is none."""
        rows = [each for each in self.examples if each["split"] == "validation"]
        chosen = sorted(rows, key=lambda each: str(each["example_id"]))[: QUESTIONS[self.profile]]
        if not chosen:
            raise PermanentFailure(
                "there is no validation question to compare a merged model on",
                remedy="Materialise models/training_sets and see its counts by split, then run again.",
            )
        return [[Message(each["role"], each["content"]) for each in row["messages"][:-1]] for row in chosen]


def _answers(backend: "LocalBackend", asked: Sequence[Sequence[Message]]) -> list[tuple[list[int], list[int]]]:
    """Token ids of each question and of its greedy answer. Raises GenerationFailed if one fails."""
    generations = [backend.chat.generation(messages, _GREEDY, time.monotonic()) for messages in asked]
    for _ in backend.decode([each for each in generations if not each.over]):
        pass
    backend.close()
    for generation in generations:
        if generation.failure is not None:
            raise generation.failure
    return [(generation.prompt, generation.tokens) for generation in generations]


def _chosen(model: Any, prompt: list[int], tokens: list[int]) -> list[bool]:
    """For each token of an answer, whether the model holds it likeliest after the prompt and the tokens before it."""
    import torch

    with torch.inference_mode():
        ids = torch.tensor([[*prompt, *tokens]], device=model.device)
        likeliest = model(input_ids=ids, use_cache=False).logits[0, len(prompt) - 1 : -1].argmax(-1)
    return [a == b for a, b in zip(likeliest.tolist(), tokens, strict=True)]


def merge(base: Path, adapter: Path, out: Path) -> None:
    """Write the base with the adapter added to its weights, the tokenizer and the template. Raises ModelUnavailable."""
    from peft import PeftModel

    require_base(adapter, identify(base))
    model: Any = PeftModel.from_pretrained(open_model(base), str(adapter))
    save_model(model.merge_and_unload(safe_merge=True), base, out)


def _reached() -> None:
    """The code that decides what is made: code_version follows these imports."""
    from lenovo_pipeline.models.registry import ollama_files  # noqa: F401
    from lenovo_pipeline.resources.inference import local  # noqa: F401
