"""The training loop of what is trained with pairs: seeded, with checkpoints, refusing what is no number.

Belongs here: updates, validation, progress, resuming. Does not belong here: what a loss is made of (contrastive.py; the
reranker's in retrieval/reranking), and how long a training is (recipes.py). Causal language models have a loop of their own,
which works on token rows (models/tuning/trainer.py).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.tuning import checkpoints as kept
from lenovo_pipeline.models.tuning.checkpoints import Progress

if TYPE_CHECKING:
    from torch import Tensor

Example = TypeVar("Example")
_SAID_EVERY = 5


@dataclass(frozen=True)
class Plan:
    """How long and how fast: `epochs` over all examples in batches of `batch`, at a learning rate that rises to `rate` over the
    first tenth of the updates and falls to zero on a straight line. `frozen_layers` of the encoder, and its embeddings if any,
    stay as they are. Held-out examples are measured at the start, `validations` times, and at the end; the weights of the
    lowest loss are what remains.
    """

    epochs: int
    rate: float
    batch: int = 16
    frozen_layers: int = 0
    weight_decay: float = 0.01
    clip: float = 1.0
    validations: int = 3


@dataclass(frozen=True)
class Curves:
    """What a training did: (update, loss) before each update, and of the held-out examples; seconds of the updates."""

    steps: int
    seconds: float
    losses: list[tuple[int, float]]
    held_out: list[tuple[int, float]]
    best: float | None


def train(
    trainable: "Mapping[str, Tensor]",
    examples: Sequence[Example],
    held_out: Sequence[Example],
    loss_of: "Callable[[Sequence[Example]], Tensor]",
    plan: Plan,
    *,
    seed: int,
    checkpoints: Path,
    identity: str,
    remedy: str,
    say: Callable[[str], None] = lambda _: None,
) -> Curves:
    """Train the weights in place. A training that was killed goes on from its last checkpoint, if `identity`, which names all
    that decides its course, is the same; the caller drops `checkpoints` once the result is kept.

    Raises PermanentFailure, ending with `remedy`, for an empty set and for a loss or gradient that is no number.
    """
    import torch

    if not examples:
        raise PermanentFailure("the training set is empty", remedy=remedy)
    batches = -(-len(examples) // plan.batch)
    total = plan.epochs * batches
    due = {round(total * (place + 1) / plan.validations) for place in range(plan.validations)} | {total}
    optimiser = torch.optim.AdamW(trainable.values(), lr=plan.rate, weight_decay=plan.weight_decay, fused=True)
    progress = kept.load(checkpoints, identity, trainable, optimiser) or Progress()
    if progress.step:
        say(f"resumed after update {progress.step} of {total}")
    if held_out and not progress.validation_losses:
        _validate(progress, trainable, held_out, loss_of, plan)
    with torch.random.fork_rng():
        while progress.step < total:
            epoch, place = divmod(progress.step, batches)
            order = list(range(len(examples)))
            Random(f"{seed}/{epoch}").shuffle(order)
            chosen = [examples[i] for i in order[place * plan.batch : (place + 1) * plan.batch]]
            for group in optimiser.param_groups:
                group["lr"] = plan.rate * _factor(progress.step, total)
            # A resumed training draws the same dropout.
            torch.manual_seed(seed * 1_000_003 + progress.step)
            started = time.perf_counter()
            loss = loss_of(chosen)
            loss.backward()  # type: ignore[no-untyped-call]
            norm = float(torch.nn.utils.clip_grad_norm_(list(trainable.values()), plan.clip))
            value = float(loss.detach())
            if not (abs(value) < float("inf") and norm < float("inf")):
                raise PermanentFailure(
                    f"the training broke at update {progress.step + 1}: its loss is {value}, the norm of its gradient {norm}",
                    remedy=f"Lower the rate (now {plan.rate:g}) in its recipe, then run again.",
                )
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            progress.step += 1
            progress.seconds += time.perf_counter() - started
            progress.losses.append(round(value, 6))
            progress.gradient_norms.append(round(norm, 6))
            measured = ""
            if held_out and progress.step in due:
                measured = f", held out {_validate(progress, trainable, held_out, loss_of, plan):.4f}"
                kept.save(checkpoints, identity, trainable, optimiser, progress)
            if measured or progress.step % _SAID_EVERY == 0:
                left = progress.seconds / progress.step * (total - progress.step)
                say(f"update {progress.step}/{total}: loss {value:.4f}{measured}, about {left:.0f} s left")
    if progress.best is not None:
        kept.put(trainable, progress.best)
    return Curves(
        steps=progress.step,
        seconds=progress.seconds,
        losses=list(enumerate(progress.losses, start=1)),
        held_out=progress.validation_losses,
        best=progress.best_validation_loss,
    )


def _factor(step: int, total: int) -> float:
    """The share of the full rate at an update (from 0)."""
    warmup = max(1, total // 10)
    return min(1.0, (step + 1) / warmup) * (total - step) / total


def _validate(progress: Progress, trainable: Any, held_out: Any, loss_of: Any, plan: Plan) -> float:
    import torch

    with torch.no_grad():
        parts = [held_out[first : first + plan.batch] for first in range(0, len(held_out), plan.batch)]
        loss = sum(float(loss_of(part)) * len(part) for part in parts) / len(held_out)
    progress.validation_losses.append((progress.step, round(loss, 6)))
    if progress.best_validation_loss is None or loss < progress.best_validation_loss:
        progress.best_validation_loss = round(loss, 6)
        progress.best = {name: weight.detach().clone() for name, weight in trainable.items()}
    return loss
