"""From the base encoder and the training pairs to tuned encoders: trained once, kept by what made them, recorded in MLflow.

Belongs here: what an encoder is made of, its folder and card, opening it again. Does not belong here: loss and loop
(contrastive.py, training.py), and whether it is any good (selecting.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from lenovo_pipeline.contracts import digest
from lenovo_pipeline.embeddings.contrastive import contrastive_loss, open_encoder, pairs_of, save_encoder, trainable_of
from lenovo_pipeline.embeddings.domains import JOINT
from lenovo_pipeline.embeddings.drawing import balanced
from lenovo_pipeline.embeddings.recipes import RECIPES, Recipe
from lenovo_pipeline.embeddings.training import Curves, train
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.knowledge.chunks import indexed_texts
from lenovo_pipeline.measures.header import package_versions
from lenovo_pipeline.models.builds import Artifact, kept, recipe_key
from lenovo_pipeline.models.tuning.checkpoints import checkpoint_folder, drop
from lenovo_pipeline.provenance import require_provenance
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.encoders import Encoder, OnnxEncoder, encoder_id
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking

KIND = "encoder"
REMEDY = "Materialise embeddings/encoders again."
_PLACE = "sentence_encoders"
_PACKAGES = ("torch", "transformers", "sentence-transformers", "tokenizers")


@dataclass(frozen=True)
class Tuning:
    """What tuning encoders needs; `pairs` are rows of TRAINING_PAIRS, `chunks` of knowledge.chunks."""

    base: Path
    pairs: pd.DataFrame
    chunks: pd.DataFrame
    store: Store
    tracking: Tracking
    profile: str
    seed: int
    say: Callable[[str], None]

    def encoders(self) -> list[dict[str, Any]]:
        """A row of ENCODERS for each encoder of the profile. Raises what opening and training raise."""
        return [self._encoder(domain) for domain in self.recipe.domains]

    @property
    def recipe(self) -> Recipe:
        return RECIPES[self.profile]

    @cached_property
    def _texts(self) -> dict[str, str]:
        return dict(zip(self.chunks["chunk_id"], indexed_texts(self.chunks), strict=True))

    def _encoder(self, domain: str) -> dict[str, Any]:
        recipe = self.recipe
        own = self.pairs if domain == JOINT else self.pairs[self.pairs["domain"] == domain]
        chosen = balanced(own[own["role"] == "train"], "pair_id", recipe.pairs, self.seed)
        held_out = balanced(own[own["role"] == "held_out"], "pair_id", recipe.held_out, self.seed)
        if chosen.empty:
            raise PermanentFailure(
                f"there are no training pairs for the encoder {domain}",
                remedy="Materialise embeddings/training_pairs and see its counts by domain, then run again.",
            )
        base_id = encoder_id(self.base)
        records = dict(zip(self.chunks["chunk_id"], self.chunks["record_id"], strict=True))
        examples, unseen = (
            pairs_of(frame.to_dict("records"), self._texts, records, recipe.negatives) for frame in (chosen, held_out)
        )
        made_by = {
            "kind": KIND,
            "domain": domain,
            "base": base_id,
            "pairs": digest(repr(pair) for pair in (*examples, *unseen)),
            "recipe": {**asdict(recipe), "domains": None},
            "seed": self.seed,
            "versions": {"code": code_version(_reached), **package_versions(_PACKAGES)},
        }
        key = recipe_key(made_by)
        checkpoints = checkpoint_folder(self.store, key)

        def make(folder: Path) -> Mapping[str, Any]:
            self.say(f"{domain}: training on {len(examples)} pairs")
            model = open_encoder(self.base, recipe.tokens)
            trained = trainable_of(model, recipe.plan.frozen_layers)
            done = train(
                trained,
                examples,
                unseen,
                contrastive_loss(model, recipe.scale),
                recipe.plan,
                seed=self.seed,
                checkpoints=checkpoints,
                identity=key,
                remedy="Materialise embeddings/training_pairs, then run again.",
                say=lambda line: self.say(f"{domain}: {line}"),
            )
            save_encoder(trained, self.base, folder, recipe.kept)
            report = {
                "pairs": len(examples),
                "updates": done.steps,
                "training_s": round(done.seconds, 2),
                "loss_before": done.held_out[0][1] if done.held_out else None,
                "loss_after": done.best,
                "curves": {"loss": done.losses, "held_out": done.held_out},
                "mlflow_run_id": self._recorded(domain, done, len(examples)),
            }
            (folder / "README.md").write_text(card(domain, base_id, recipe, report), encoding="utf-8")
            return report

        artifact = kept(self.store, _PLACE, made_by, make)
        drop(checkpoints)
        if artifact.reused:
            self.say(f"{domain}: re-used {artifact.path}")
        return _row(domain, base_id, artifact)

    def _recorded(self, domain: str, done: Curves, pairs: int) -> str:
        run = self.tracking.record(
            "embeddings",
            "encoders",
            metrics={"held_out_loss": done.best if done.best is not None else float("nan"), "pairs": pairs},
            curves={"loss": done.losses, "held_out_loss": done.held_out},
            parameters={**asdict(self.recipe.plan), "negatives": self.recipe.negatives, "kept": self.recipe.kept},
            tags={"domain": domain},
            seconds=done.seconds,
        )
        return run.run_id


def open_tuned(store: Store, path: str, threads: int = 2) -> Encoder:
    """The tuned encoder in a folder of the store (column `path` of ENCODERS).

    Raises PermanentFailure if the folder is missing, damaged, or no encoder of ours.
    """
    folder = store.root / path
    require_provenance(folder, {"kind": KIND}, remedy=REMEDY)
    return OnnxEncoder(folder, store.artifacts, threads)


def card(domain: str, base_id: str, recipe: Recipe, report: Mapping[str, Any]) -> str:
    """What a person should know of an encoder, as Markdown with a model card's header."""
    before, after = report["loss_before"], report["loss_after"]
    return f"""---
license: apache-2.0
library_name: sentence-transformers
base_model: sentence-transformers/all-MiniLM-L6-v2
pipeline_tag: sentence-similarity
---

# Sentence encoder: {domain.replace("_", " ")}

all-MiniLM-L6-v2 (Apache-2.0; identity `{base_id}`), tuned on {report["pairs"]} questions about a simulated enterprise, each
with a passage that answers it and {recipe.negatives} that keyword search confuses with it.

| | |
|---|---|
| loss | cross-entropy over scaled cosines in a batch, relevant passages left out; scale {recipe.scale:g} |
| updates | {report["updates"]} of {recipe.plan.batch} pairs, rate {recipe.plan.rate:g} |
| held-out loss | {"not measured" if before is None else f"{before:.3f} before, {after:.3f} after"} |
| weights | {recipe.kept:.0%} tuned, the rest the base's |
| texts read | up to 256 tokens; trained on up to {recipe.tokens} |

For retrieval of English and Chinese records of that enterprise. Trained on the train split alone; whether it is used anywhere
is decided by `embeddings/selection`, whose table has its figures beside the base's. Not for other texts without measuring.
"""


def _row(domain: str, base_id: str, artifact: Artifact) -> dict[str, Any]:
    report = artifact.made_by["report"]
    named = ("pairs", "updates", "loss_before", "loss_after", "training_s", "curves", "mlflow_run_id")
    return {
        "domain": domain,
        "encoder_id": encoder_id(artifact.folder),
        "base_id": base_id,
        "path": artifact.path,
        "size_bytes": artifact.size_bytes,
        **{name: report[name] for name in named},
    }


def _reached() -> None:
    """The code that decides what is made: code_version follows these imports."""
    from lenovo_pipeline.embeddings import contrastive, training  # noqa: F401
