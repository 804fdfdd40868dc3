"""The training loop: model, optimisers, steps, checkpoints, resuming.

Belongs here: everything between a batch and a checkpoint. A checkpoint is written aside and renamed; SIGINT and SIGTERM end
the loop after the step at hand.
"""

import json
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.models.pretraining import recipe
from lenovo_pipeline.models.pretraining.batches import PAD_ID, batch_of
from lenovo_pipeline.models.pretraining.initial import give_copying
from lenovo_pipeline.models.pretraining.recipe import Optimisation, Stage

if TYPE_CHECKING:
    from torch import Tensor

CHECKPOINT = "checkpoint.pt"
_COUNT_STEP = 256


@dataclass
class Progress:
    """What a training has done so far; `stage` is the stage of the recipe that it belongs to."""

    stage: str = recipe.SCRATCH.name
    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    losses: list[float] = field(default_factory=list)
    validations: list[dict[str, Any]] = field(default_factory=list)


def new_model(tokenizer: Any, seed: int) -> Any:
    """A LlamaForCausalLM of the recipe's shape with the seeded start of `initial`."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = dict(recipe.SHAPE)
    theta = shape.pop("rope_theta")
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=PAD_ID,
        bos_token_id=None,
        rope_parameters={"rope_type": "default", "rope_theta": theta},
        **shape,
    )
    model: Any = LlamaForCausalLM(config)
    model.set_attn_implementation("eager")  # on a CPU faster than the fused kernel, and compiles better
    give_copying(model, tokenizer.convert_ids_to_tokens(range(len(tokenizer))), seed)
    return model


def optimisers(model: Any, optimisation: Optimisation) -> list[Any]:
    """Muon for the layers' matrices, AdamW for the rest; each group remembers its full rate as `full_rate`."""
    import torch

    matrices = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embed" not in name]
    chosen = {id(weight) for weight in matrices}
    others = [weight for weight in model.parameters() if id(weight) not in chosen]
    muon = torch.optim.Muon(
        matrices, lr=optimisation.matrix_rate, momentum=optimisation.momentum, weight_decay=optimisation.matrix_decay
    )
    adamw = torch.optim.AdamW(others, lr=optimisation.other_rate, betas=(0.9, 0.98), weight_decay=0.0)
    for one in (muon, adamw):
        for group in one.param_groups:
            group["full_rate"] = group["lr"]
    return [muon, adamw]


def answer_loss(hidden: "Tensor", weight: "Tensor", targets: "Tensor") -> "Tensor":
    """Mean cross-entropy of the targets, -100 left out, from hidden states (count, width) and output weights."""
    from torch.nn import functional

    return functional.cross_entropy(functional.linear(hidden, weight).float(), targets, ignore_index=-100)


@dataclass(frozen=True)
class Compiled:
    """The two halves of a step in compiled form: the layers for batches of one shape, the loss for any count of targets."""

    layers: Callable[..., Any]
    loss: Callable[..., "Tensor"]

    @classmethod
    def of(cls, model: Any) -> "Compiled":
        """Compile the model's layers and the loss; needs a C++ compiler."""
        import torch

        return cls(torch.compile(model.model, dynamic=False), torch.compile(answer_loss, dynamic=True))


def loss_of(model: Any, ids: "Tensor", said: "Tensor", compiled: Compiled | None = None) -> "Tensor":
    """Mean cross-entropy of the tokens that the model is to say; matrix products run in bfloat16."""
    import torch
    from torch.nn import functional

    if compiled is None:  # compiled layers want every batch in one shape
        longest = int((ids != PAD_ID).any(0).sum())
        ids, said = ids[:, :longest], said[:, :longest]
    places = said[:, 1:].flatten().nonzero().squeeze(1)
    targets = ids[:, 1:].flatten()[places]
    # Few different counts, because products keep memory for each that they have seen.
    short = -len(places) % _COUNT_STEP
    places, targets = functional.pad(places, (0, short)), functional.pad(targets, (0, short), value=-100)
    with torch.autocast("cpu", torch.bfloat16):
        run_layers, loss = (compiled.layers, compiled.loss) if compiled else (model.model, answer_loss)
        hidden = run_layers(input_ids=ids, use_cache=False).last_hidden_state[:, :-1].flatten(0, 1)[places]
        return loss(hidden, model.lm_head.weight, targets)


def train_step(
    model: Any,
    optims: Sequence[Any],
    ids: "Tensor",
    said: "Tensor",
    factor: float,
    clip: float,
    compiled: Compiled | None = None,
) -> float:
    """One update at `factor` of the full rates; returns the loss before it. Raises FloatingPointError on a loss that is no
    number.
    """
    import torch

    for one in optims:
        for group in one.param_groups:
            group["lr"] = group["full_rate"] * factor
    loss = loss_of(model, ids, said, compiled)
    if not torch.isfinite(loss):
        raise FloatingPointError(
            f"the loss is {float(loss.detach())}; resume from the last checkpoint with a lower learning rate"
        )
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    for one in optims:
        one.step()
        one.zero_grad(set_to_none=True)
    return float(loss.detach())


def save_checkpoint(path: Path, model: Any, optims: Sequence[Any], progress: Progress) -> None:
    """Write the checkpoint aside and rename it, so that a kill leaves the old one or the new one."""
    import torch

    aside = path.with_suffix(".aside")
    torch.save(
        {"model": model.state_dict(), "optimisers": [one.state_dict() for one in optims], "progress": vars(progress)}, aside
    )
    aside.replace(path)


def load_checkpoint(path: Path, model: Any, optims: Sequence[Any], stage: str = recipe.SCRATCH.name) -> Progress:
    """Restore model and optimisers; raises FileNotFoundError or ValueError with what to do about it, also where the checkpoint
    belongs to another stage.
    """
    import torch

    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}; start without --resume")
    try:
        state = torch.load(path, weights_only=True)
        progress = Progress(**state["progress"])
        if progress.stage != stage:
            raise ValueError(f"it is of the stage `{progress.stage}`, not `{stage}`")
        model.load_state_dict(state["model"])
        for one, kept in zip(optims, state["optimisers"], strict=True):
            one.load_state_dict(
                {
                    **kept,
                    "param_groups": [
                        dict(old, full_rate=group["full_rate"])
                        for old, group in zip(kept["param_groups"], one.param_groups, strict=True)
                    ],
                }
            )
        return progress
    except (RuntimeError, KeyError, EOFError, TypeError, ValueError, OSError) as error:
        raise ValueError(
            f"the checkpoint {path} does not fit this recipe ({error}); remove it and start without --resume"
        ) from error


def train(
    model: Any,
    tokenizer: Any,
    folder: Path,
    *,
    stage: Stage = recipe.SCRATCH,
    stop_at: int | None = None,
    resume: bool = False,
    compiled: bool = False,
    checkpoint_every: int = 100,
    validate: Callable[[Any], dict[str, float]] | None = None,
    validate_every: int = 200,
    say: Callable[[str], None] = print,
) -> Progress:
    """Run the phases of a stage from the start or from the checkpoint in `folder`, until `stop_at` steps are done; returns the
    progress made.

    `compiled` needs a C++ compiler and takes about two thirds of the time.
    """

    made = Compiled.of(model) if compiled else None
    phases, optimisation = stage.phases, stage.optimisation
    total = recipe.total_steps(phases)
    optims = optimisers(model, optimisation)
    progress = load_checkpoint(folder / CHECKPOINT, model, optims, stage.name) if resume else Progress(stage.name)
    folder.mkdir(parents=True, exist_ok=True)
    ended: list[int] = []
    before = {kind: signal.signal(kind, lambda number, _: ended.append(number)) for kind in (signal.SIGINT, signal.SIGTERM)}
    model.train()
    try:
        while progress.step < min(total, stop_at or total) and not ended:
            started = time.perf_counter()
            phase = recipe.phase_at(progress.step, phases)
            ids, said = batch_of(phase, progress.step, stage.seed, tokenizer)
            factor = phase.rate * recipe.rate_factor(progress.step, optimisation)
            loss = train_step(model, optims, ids, said, factor, optimisation.clip, made)
            progress.step += 1
            progress.losses.append(round(loss, 5))
            progress.tokens += int((ids != PAD_ID).sum())
            progress.seconds += time.perf_counter() - started
            if progress.step % 20 == 0:
                recent = sum(progress.losses[-20:]) / 20
                speed = progress.tokens / progress.seconds
                say(f"step {progress.step}/{total} ({phase.name}): loss {recent:.4f}, {speed:,.0f} tokens/s")
            if validate and progress.step % validate_every == 0:
                progress.validations.append({"step": progress.step, **validate(model)})
                say(f"step {progress.step}: {json.dumps(progress.validations[-1])}")
            if progress.step % checkpoint_every == 0:
                save_checkpoint(folder / CHECKPOINT, model, optims, progress)
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    save_checkpoint(folder / CHECKPOINT, model, optims, progress)
    if ended:
        say(f"stopped by signal {ended[0]} after step {progress.step}; go on with --resume")
    return progress
