"""Training the cross-encoder from the sentence encoder's weights: the passage that answers before those that do not.

Belongs here: opening, loss, writing the folder, re-use. Does not belong here: the loop (embeddings/training.py), scoring
(model.py), how much its word counts (tuning.py).

Loss: cross-entropy over the scores of a question's passages, one right among hard negatives (listwise softmax, Cao et al. 2007).
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lenovo_pipeline.contracts import digest
from lenovo_pipeline.embeddings.contrastive import COMPANIONS, Pair, open_encoder, pairs_of
from lenovo_pipeline.embeddings.drawing import balanced
from lenovo_pipeline.embeddings.training import train
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.knowledge.chunks import indexed_texts
from lenovo_pipeline.measures.header import package_versions
from lenovo_pipeline.models.builds import Artifact, kept, recipe_key
from lenovo_pipeline.models.tuning.checkpoints import checkpoint_folder, drop
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.encoders import encoder_id
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.retrieval.reranking.model import HEAD, KIND, pair_text
from lenovo_pipeline.retrieval.reranking.recipes import Recipe

if TYPE_CHECKING:
    from torch import Tensor

_PLACE = "rerankers"
_PACKAGES = ("torch", "transformers", "sentence-transformers", "tokenizers")


@dataclass
class _CrossEncoder:
    """The cross-encoder as it is trained."""

    inner: Any
    tokenizer: Any
    head: "Tensor"
    tokens: int
    scale: float

    def scores(self, texts: Sequence[str]) -> "Tensor":
        """Score of each text [texts]."""
        import torch

        read = self.tokenizer(list(texts), padding=True, truncation=True, max_length=self.tokens, return_tensors="pt")
        # One segment, as the graph has it that runs it later.
        state = self.inner(input_ids=read["input_ids"], attention_mask=read["attention_mask"]).last_hidden_state
        mask = read["attention_mask"].unsqueeze(-1).to(state.dtype)
        pooled = (state * mask).sum(1) / mask.sum(1)
        vectors: Tensor = torch.nn.functional.normalize(pooled, dim=1)
        return vectors @ self.head

    def loss(self, pairs: Sequence[Pair]) -> "Tensor":
        """Mean cross-entropy (nat/question)."""
        import torch

        passages = [(pair.positive, *pair.negatives) for pair in pairs]
        found = self.scores(
            [pair_text(pair.question, text) for pair, texts in zip(pairs, passages, strict=True) for text in texts]
        )
        parts = torch.split(self.scale * found, [len(texts) for texts in passages])
        return torch.stack([-torch.log_softmax(part, dim=0)[0] for part in parts]).mean()


@dataclass(frozen=True)
class Training:
    """What training the reranker needs; `pairs` are rows of embeddings.training_pairs, `chunks` of knowledge.chunks."""

    base: Path
    pairs: pd.DataFrame
    chunks: pd.DataFrame
    store: Store
    tracking: Tracking
    recipe: Recipe
    seed: int
    say: Callable[[str], None]

    def reranker(self) -> Artifact:
        """The folder of the trained cross-encoder, as it was made before or made now. Raises what opening and training raise."""
        recipe = self.recipe
        texts = dict(zip(self.chunks["chunk_id"], indexed_texts(self.chunks), strict=True))
        records = dict(zip(self.chunks["chunk_id"], self.chunks["record_id"], strict=True))
        examples, unseen = (
            # One passage alone has nothing to be compared with.
            [pair for pair in pairs_of(drawn.to_dict("records"), texts, records, recipe.negatives) if pair.negatives]
            for drawn in (
                balanced(self.pairs[self.pairs["role"] == role], "pair_id", size, self.seed)
                for role, size in (("train", recipe.pairs), ("held_out", recipe.held_out))
            )
        )
        made_by = {
            "kind": KIND,
            "base": encoder_id(self.base),
            "pairs": digest(repr(pair) for pair in (*examples, *unseen)),
            "recipe": {**asdict(recipe), "tuning": None},
            "seed": self.seed,
            "versions": {"code": code_version(_reached), **package_versions(_PACKAGES)},
        }
        key = recipe_key(made_by)
        checkpoints = checkpoint_folder(self.store, key)

        def make(folder: Path) -> Mapping[str, Any]:
            self.say(f"training on {len(examples)} questions with {recipe.negatives} wrong passages each")
            model = _opened(self.base, recipe, self.seed)
            trained = {name: weight for name, weight in model.inner.named_parameters() if weight.requires_grad}
            done = train(
                {**trained, "head": model.head},
                examples,
                unseen,
                model.loss,
                recipe.plan,
                seed=self.seed,
                checkpoints=checkpoints,
                identity=key,
                remedy="Materialise embeddings/training_pairs and see its counts, then run again.",
                say=self.say,
            )
            _save(model, trained, self.base, folder, recipe)
            run = self.tracking.record(
                "retrieval",
                "reranker",
                metrics={"held_out_loss": done.best if done.best is not None else float("nan"), "questions": len(examples)},
                curves={"loss": done.losses, "held_out_loss": done.held_out},
                parameters={**asdict(recipe.plan), "layers": recipe.layers, "negatives": recipe.negatives},
                seconds=done.seconds,
            )
            return {
                "questions": len(examples),
                "updates": done.steps,
                "training_s": round(done.seconds, 2),
                "loss_before": done.held_out[0][1] if done.held_out else None,
                "loss_after": done.best,
                "curves": {"loss": done.losses, "held_out": done.held_out},
                "mlflow_run_id": run.run_id,
            }

        artifact = kept(self.store, _PLACE, made_by, make)
        drop(checkpoints)
        if artifact.reused:
            self.say(f"re-used {artifact.path}")
        return artifact


def _opened(base: Path, recipe: Recipe, seed: int) -> _CrossEncoder:
    import torch

    opened = open_encoder(base, recipe.tokens)
    inner: Any = opened[0].auto_model
    if recipe.layers > len(inner.encoder.layer):
        raise PermanentFailure(
            f"the encoder in {base} has {len(inner.encoder.layer)} layers, the recipe asks for {recipe.layers}",
            remedy="Ask for fewer in lenovo_pipeline/retrieval/reranking/recipes.py.",
        )
    inner.encoder.layer = inner.encoder.layer[: recipe.layers]
    for name, weight in inner.named_parameters():
        # Few pairs teach nothing about words that they do not have.
        weight.requires_grad = not name.startswith(("embeddings.", "pooler."))
    generator = torch.Generator().manual_seed(seed)
    head = (torch.randn(inner.config.hidden_size, generator=generator) * 0.02).requires_grad_()
    return _CrossEncoder(inner, opened.tokenizer, head, recipe.tokens, recipe.scale)


def _save(model: _CrossEncoder, trained: "Mapping[str, Tensor]", base: Path, folder: Path, recipe: Recipe) -> None:
    from safetensors.torch import load_file, save_file

    for name in COMPANIONS:
        if (base / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(base / name, folder / name)
    for name, changed in (
        ("config.json", {"num_hidden_layers": recipe.layers}),
        ("sentence_bert_config.json", {"max_seq_length": recipe.tokens}),
    ):
        found = json.loads((folder / name).read_text(encoding="utf-8")) | changed
        (folder / name).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    left_out = tuple(f"encoder.layer.{layer}." for layer in range(recipe.layers, 100))
    weights = {name: value for name, value in load_file(base / "model.safetensors").items() if not name.startswith(left_out)}
    weights |= {name: weight.detach().contiguous() for name, weight in trained.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / HEAD).write_text(json.dumps([float(value) for value in model.head.detach()]) + "\n", encoding="utf-8")


def _reached() -> None:
    """The code that decides what is made: code_version follows these imports."""
    from lenovo_pipeline.embeddings import contrastive, training  # noqa: F401
    from lenovo_pipeline.retrieval.reranking import model  # noqa: F401
