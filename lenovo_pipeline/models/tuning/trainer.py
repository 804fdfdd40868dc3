"""The training loop: any causal language model, all of it or those weights that are marked as trainable.

Belongs here: everything between token rows and trained weights. Does not belong here: which weights are trained
(adapters.py, full.py), on what (training_sets.py), and checkpoints on disk (checkpoints.py).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.models.pretraining.batches import Row
from lenovo_pipeline.models.tuning import checkpoints as kept
from lenovo_pipeline.models.tuning import precision
from lenovo_pipeline.models.tuning.batching import Batch, Order, batch_of, in_batches
from lenovo_pipeline.models.tuning.checkpoints import Progress

if TYPE_CHECKING:
    from torch import Tensor

Loss = Callable[[Any, Batch], "Tensor"]
"""From model and batch to the loss summed over the tokens that are said; the loop divides by their number."""

_SAID_EVERY = 10
_SCALED = ("final_logit_softcapping", "logit_scale", "logits_scaling")
"""Configurations that change logits after the head."""


@dataclass(frozen=True)
class Plan:
    """How long, how fast and how often; the profiles' plans stand in recipes.py.

    A step is one update from `accumulation` batches of at most `batch_tokens` tokens with padding. The learning rate rises to
    `rate` over `warmup` steps and falls to zero on a straight line. Every `validate_every` steps, and at the end, the
    validation rows are measured; after `patience` measurements without a lower loss the training stops (0: never), and the
    weights of the lowest one are what remains.
    """

    steps: int
    rate: float
    batch_tokens: int = 4096
    accumulation: int = 1
    warmup: int = 5
    weight_decay: float = 0.0
    clip: float = 1.0
    seed: int = 0
    validate_every: int = 20
    patience: int = 3
    checkpoint_every: int = 20
    mixed_precision: bool = True
    gradient_checkpointing: bool = False


@dataclass(frozen=True)
class Step:
    """One update: number (from 1), loss before it (nat/token), gradient norm before clipping, learning rate, and the
    validation loss where it was measured after it.
    """

    number: int
    loss: float
    gradient_norm: float
    rate: float
    validation_loss: float | None


@dataclass(frozen=True)
class Trained:
    """What a training did, before and after a resume: losses (nat/token) and gradient norms of all steps, (step, loss) of all
    validations, and the seconds of the updates, without validation.
    """

    steps: int
    tokens: int
    seconds: float
    losses: list[float]
    gradient_norms: list[float]
    validation_losses: list[tuple[int, float]]
    best_validation_loss: float | None
    peak_memory_mb: float
    stopped_early: bool

    @property
    def tokens_per_s(self) -> float:
        """Tokens without padding that went through the model in training, per second."""
        return self.tokens / self.seconds if self.seconds else 0.0


def said_loss(model: Any, batch: Batch) -> "Tensor":
    """Cross-entropy summed over the tokens that are said; logits are computed for those alone where the model allows it."""
    from torch.nn import functional

    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    wanted = batch.said[:, 1:]
    if any(getattr(inner.config, name, None) not in (None, 1, 1.0) for name in _SCALED):
        logits = model(input_ids=batch.ids, use_cache=False).logits[:, :-1][wanted]
    else:
        hidden = inner.base_model(input_ids=batch.ids, use_cache=False).last_hidden_state[:, :-1][wanted]
        logits = inner.get_output_embeddings()(hidden)
    return functional.cross_entropy(logits.float(), batch.ids[:, 1:][wanted], reduction="sum")


def validation_loss(model: Any, rows: Sequence[Row], plan: Plan, loss_of: Loss = said_loss) -> float:
    """Mean cross-entropy (nat/token) of what is said in these rows."""
    import torch

    kind = model.device.type
    mixed = precision.mixed(kind, wanted=plan.mixed_precision)
    total, count = 0.0, 0
    model.eval()
    with torch.inference_mode():
        for places in in_batches(rows, range(len(rows)), plan.batch_tokens):
            batch = batch_of([rows[place] for place in places]).to(kind)
            with mixed():
                total += float(loss_of(model, batch))
            count += _said(batch)
    model.train()
    return total / count


def train(
    model: Any,
    rows: Sequence[Row],
    validation: Sequence[Row],
    plan: Plan,
    checkpoints: Path | None,
    *,
    loss_of: Loss = said_loss,
    measured_by: Loss = said_loss,
    on_step: Callable[[Step], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Train the weights that require gradients, in place, on the device that the model is on; `loss_of` gives the loss, and
    `measured_by` that of the validation rows.

    With a folder for `checkpoints` a training that was killed goes on from the last one and ends with the same weights; the
    caller drops the folder once the result is kept. What `on_step` raises ends the training. Raises PermanentFailure for an
    empty set, for a loss or gradient that is no number, and where memory does not suffice.
    """
    if not rows:
        raise PermanentFailure(
            "the training set is empty", remedy="Materialise models/training_sets and see its counts by domain, then run again."
        )
    trainable = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    with _prepared(model, plan), _memory_explained(plan):
        return _Training(model, rows, validation, plan, checkpoints, (loss_of, measured_by), trainable).run(
            on_step or (lambda _: None), say
        )


class _Training:
    """One run of `train`."""

    def __init__(
        self,
        model: Any,
        rows: Sequence[Row],
        validation: Sequence[Row],
        plan: Plan,
        checkpoints: Path | None,
        losses: tuple[Loss, Loss],
        trainable: "Mapping[str, Tensor]",
    ) -> None:
        import torch

        self.model, self.rows, self.validation, self.plan = model, rows, validation, plan
        self.loss_of, self.measured_by = losses
        self.trainable, self.folder = trainable, checkpoints
        self.kind = model.device.type
        self.mixed = precision.mixed(self.kind, wanted=plan.mixed_precision)
        self.optimiser = torch.optim.AdamW(
            trainable.values(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=plan.weight_decay, fused=True
        )
        self.order = Order(rows, plan.batch_tokens, plan.seed)
        self.identity = kept.identity_of(plan, rows, trainable) if checkpoints else ""
        self.progress = Progress()

    def run(self, on_step: Callable[[Step], None], say: Callable[[str], None]) -> Trained:
        plan = self.plan
        precision.reset_peak(self.kind)
        if self.folder:
            found = kept.load(self.folder, self.identity, self.trainable, self.optimiser)
            if found:
                self.progress = found
                say(f"resumed after step {found.step}")
        progress = self.progress
        if self.validation and not progress.validation_losses:
            self._validate()
        while progress.step < plan.steps and not self._stopped():
            started = time.perf_counter()
            loss, norm, rate = self._step()
            progress.seconds += time.perf_counter() - started
            due = progress.step % plan.validate_every == 0 or progress.step == plan.steps
            step = Step(progress.step, loss, norm, rate, self._validate() if due and self.validation else None)
            if step.number % _SAID_EVERY == 0 or step.validation_loss is not None:
                measured = "" if step.validation_loss is None else f", validation {step.validation_loss:.4f}"
                speed = progress.tokens / progress.seconds
                say(f"step {step.number}/{plan.steps}: loss {step.loss:.4f}{measured}, {speed:,.0f} tokens/s")
            on_step(step)
            if self.folder and step.number % plan.checkpoint_every == 0 and step.number < plan.steps:
                kept.save(self.folder, self.identity, self.trainable, self.optimiser, progress)
        if self.folder:
            kept.save(self.folder, self.identity, self.trainable, self.optimiser, progress)
        if progress.best is not None:
            kept.put(self.trainable, progress.best)
        return Trained(
            steps=progress.step,
            tokens=progress.tokens,
            seconds=progress.seconds,
            losses=progress.losses,
            gradient_norms=progress.gradient_norms,
            validation_losses=progress.validation_losses,
            best_validation_loss=progress.best_validation_loss,
            peak_memory_mb=precision.peak_memory_mb(self.kind),
            stopped_early=progress.step < plan.steps,
        )

    def _stopped(self) -> bool:
        return 0 < self.plan.patience <= self.progress.without_gain

    def _step(self) -> tuple[float, float, float]:
        """One update; returns loss before it, gradient norm and rate."""
        import torch

        plan, progress = self.plan, self.progress
        # A resumed training draws the same dropout.
        torch.manual_seed(plan.seed * 1_000_003 + progress.step)
        rate = plan.rate * rate_factor(progress.step, plan)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        batches = [
            batch_of([self.rows[place] for place in self.order.places(progress.batches + number)]).to(self.kind)
            for number in range(plan.accumulation)
        ]
        said = sum(map(_said, batches))
        loss = 0.0
        for batch in batches:
            with self.mixed():
                part = self.loss_of(self.model, batch) / said
            part.backward()  # type: ignore[no-untyped-call]
            loss += float(part.detach())
        norm = float(torch.nn.utils.clip_grad_norm_(list(self.trainable.values()), plan.clip))
        self._require_numbers(loss, norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        progress.step += 1
        progress.batches += plan.accumulation
        progress.tokens += sum(batch.tokens for batch in batches)
        progress.losses.append(round(loss, 6))
        progress.gradient_norms.append(round(norm, 6))
        return loss, norm, rate

    def _require_numbers(self, loss: float, norm: float) -> None:
        if abs(loss) < float("inf") and norm < float("inf"):
            return
        raise PermanentFailure(
            f"the training broke at step {self.progress.step + 1}: its loss is {loss}, the norm of its gradient {norm}",
            remedy=f"Lower the rate (now {self.plan.rate:g}) in lenovo_pipeline/models/tuning/recipes.py, then run again.",
        )

    def _validate(self) -> float:
        progress = self.progress
        loss = round(validation_loss(self.model, self.validation, self.plan, self.measured_by), 6)
        progress.validation_losses.append((progress.step, loss))
        if progress.best_validation_loss is None or loss < progress.best_validation_loss:
            progress.best_validation_loss, progress.without_gain = loss, 0
            progress.best = {name: weight.detach().cpu().clone() for name, weight in self.trainable.items()}
        else:
            progress.without_gain += 1
        return loss


def rate_factor(step: int, plan: Plan) -> float:
    """The share of the full rate at a step (from 0): a warm-up, then a straight line to zero after the last one."""
    if step < plan.warmup:
        return (step + 1) / (plan.warmup + 1)
    return (plan.steps - step) / max(1, plan.steps - plan.warmup)


def _said(batch: Batch) -> int:
    return int(batch.said[:, 1:].sum())


@contextmanager
def _prepared(model: Any, plan: Plan) -> Iterator[None]:
    """Training mode, gradient checkpointing and random numbers for the length of a training."""
    import torch

    if plan.gradient_checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    with torch.random.fork_rng():
        model.train()
        try:
            yield
        finally:
            model.eval()
            model.zero_grad(set_to_none=True)
            if plan.gradient_checkpointing:
                model.activation_checkpointing_disable()


@contextmanager
def _memory_explained(plan: Plan) -> Iterator[None]:
    """Say what helps when memory does not suffice."""
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _out_of_memory(plan) from error
    except RuntimeError as error:
        if "alloc" in str(error) and "memory" in str(error):
            raise _out_of_memory(plan) from error
        raise


def _out_of_memory(plan: Plan) -> PermanentFailure:
    return PermanentFailure(
        f"memory does not suffice for batches of {plan.batch_tokens} tokens",
        remedy="Use a smaller batch: halve batch_tokens and double accumulation in lenovo_pipeline/models/tuning/recipes.py "
        "(the result is nearly the same), or set gradient_checkpointing there, then run again.",
    )
