"""Tuning a sentence encoder with pairs: a question close to the passage that answers it, far from those that do not.

Belongs here: opening, the loss, and writing the folder. Does not belong here: the loop (training.py), the pairs (pairs.py).

Loss: cross-entropy over the cosines of a question with all passages of its batch, scaled (multiple negatives ranking,
Henderson et al. 2017), hard negatives included. Passages of another record that is relevant to the question as well are left
out: several of our questions ask about one record, and the library's own loss would push right answers away.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import PermanentFailure

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

_WEIGHTS = "model.safetensors"
COMPANIONS = (
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "1_Pooling/config.json",
)
"""What an encoder's folder holds beside its weights."""

_ABSENT = -1e9


@dataclass(frozen=True)
class Pair:
    """A question with the texts of its passages, the records that they are of, and all records relevant to it."""

    question: str
    positive: str
    negatives: tuple[str, ...]
    records: tuple[str, ...]
    """Record of the positive, then of each negative."""
    relevant: tuple[str, ...]
    """In order: a set would be written in another order by every process, and what is made of it would be made again."""


def open_encoder(folder: Path, tokens: int, threads: int = 2) -> "SentenceTransformer":
    """The encoder in `folder` to be trained: single precision, without dropout, so that few pairs suffice and a resumed
    training equals one that was not interrupted. Raises PermanentFailure where the folder holds none.
    """
    # Read by the libraries when they are imported: a local folder must never lead to a look at the hub.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as library

    library.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(max(threads, torch.get_num_threads()))
    try:
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except Exception as error:  # transformers, safetensors and tokenizers each raise their own
        raise PermanentFailure(
            f"the encoder in {folder} cannot be opened ({error})", remedy="Run make install for the bundled one."
        ) from error
    model.max_seq_length = min(tokens, model.max_seq_length or tokens)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model.train()


def trainable_of(model: Any, frozen_layers: int) -> "dict[str, Tensor]":
    """The weights to train, by the names that the folder's file has; the others are frozen."""
    frozen = ("embeddings.", *(f"encoder.layer.{layer}." for layer in range(frozen_layers))) if frozen_layers else ()
    inner = model[0].auto_model
    chosen = {}
    for name, weight in inner.named_parameters():
        # The sentence's vector does not go through the pooler.
        weight.requires_grad = not name.startswith((*frozen, "pooler."))
        if weight.requires_grad:
            chosen[name] = weight
    return chosen


def contrastive_loss(model: "SentenceTransformer", scale: float) -> "Callable[[Sequence[Pair]], Tensor]":
    """The loss (nat/pair) of a batch of pairs; see the module's docstring."""
    import torch

    def loss_of(pairs: Sequence[Pair]) -> "Tensor":
        passages: dict[str, str] = {}
        for pair in pairs:
            for text, record in zip((pair.positive, *pair.negatives), pair.records, strict=True):
                passages.setdefault(text, record)
        questions = _vectors(model, [pair.question for pair in pairs])
        found = scale * questions @ _vectors(model, list(passages)).T
        places = {text: place for place, text in enumerate(passages)}
        others = [[text != pair.positive and record in pair.relevant for text, record in passages.items()] for pair in pairs]
        found = found.masked_fill(torch.tensor(others), _ABSENT)
        return torch.nn.functional.cross_entropy(found, torch.tensor([places[pair.positive] for pair in pairs]))

    return loss_of


def _vectors(model: "SentenceTransformer", texts: list[str]) -> "Tensor":
    vectors: Tensor = model(model.preprocess(texts))["sentence_embedding"]
    return vectors


def save_encoder(trained: "Mapping[str, Tensor]", base: Path, folder: Path, kept: float) -> None:
    """Write the tuned encoder: the base's folder with the trained weights mixed in (`kept`: their share)."""
    from safetensors.torch import load_file, save_file

    weights = load_file(base / _WEIGHTS)
    unknown = sorted(trained.keys() - weights.keys())
    if unknown:
        raise PermanentFailure(
            f"the encoder in {base} names its weights otherwise: {', '.join(unknown[:5])} are not in its file",
            remedy="Tune an encoder that sentence-transformers saved as BERT (all-MiniLM-L6-v2 is one).",
        )
    for name, weight in trained.items():
        weights[name] = ((1 - kept) * weights[name] + kept * weight.detach()).contiguous()
    for name in COMPANIONS:
        if (base / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(base / name, folder / name)
    save_file(weights, folder / _WEIGHTS, metadata={"format": "pt"})


def pairs_of(
    rows: Sequence[Mapping[Any, Any]], texts: Mapping[str, str], records: Mapping[str, str], negatives: int
) -> list[Pair]:
    """Rows of TRAINING_PAIRS with the texts and records of their passages (by chunk id), at most so many negatives each."""
    made = []
    for row in rows:
        chunks = [row["positive_id"], *list(row["negative_ids"])[:negatives]]
        positive, *wrong = [texts[chunk] for chunk in chunks]
        owners = tuple(records[chunk] for chunk in chunks)
        made.append(Pair(row["question"], positive, tuple(wrong), owners, tuple(sorted(row["relevant_ids"]))))
    return made
