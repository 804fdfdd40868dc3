"""What the adapter training loop costs over a bare PyTorch loop with the same steps.

Run: python lenovo_pipeline_tests/benchmarks/bench_adapter_training.py [--steps 8] [--rounds 5] [--model FOLDER] [--threads N]
The bare loop does what a step needs and nothing else: forward, loss, backward, clipping, update, on the same batches in the same
number format. Both sides take turns, each with an adapter of its own, so that a busy machine slows both; of each the quickest
round counts, in processor seconds. Ours says its progress, keeps losses and norms, and writes a checkpoint at the end of each
round. A third side computes the loss as transformers does, from the logits of all tokens.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from lenovo_pipeline.models import pretrain
from lenovo_pipeline.models.pretraining.batches import Row, converse
from lenovo_pipeline.models.tuning import precision
from lenovo_pipeline.models.tuning.adapters import with_adapter
from lenovo_pipeline.models.tuning.batching import Batch, Order, batch_of
from lenovo_pipeline.models.tuning.recipes import RECIPES
from lenovo_pipeline.models.tuning.rows import encode
from lenovo_pipeline.models.tuning.trainer import Plan, said_loss, train

MOST_COST = 1.10
"""Ours over the bare loop."""


def rows_of(folder: Path, count: int) -> list[Row]:
    """Conversations of the kinds of pretraining: as long as training examples are."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    random = Random("benchmark")
    made = (converse("reading/two_absent_loose", random) for _ in range(count))
    return [encode(tokenizer, one.messages, one.tools) for one in made]


def mean_loss(model: Any, batch: Batch) -> Any:
    """Ours, divided as a training does."""
    return said_loss(model, batch) / batch.said[:, 1:].sum()


def library_loss(model: Any, batch: Batch) -> Any:
    """As transformers computes it."""
    import torch

    return model(input_ids=batch.ids, labels=torch.where(batch.said, batch.ids, -100), use_cache=False).loss


def bare(model: Any, rows: list[Row], plan: Plan, loss_of: Callable[[Any, Batch], Any]) -> None:
    """The bare loop."""
    import torch

    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
    order = Order(rows, plan.batch_tokens, plan.seed)
    mixed = precision.mixed(model.device.type)
    model.train()
    for step in range(plan.steps):
        batch = batch_of([rows[place] for place in order.places(step)]).to(model.device.type)
        with mixed():
            loss = loss_of(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, plan.clip)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)


def measure(folder: Path, steps: int, rounds: int) -> dict[str, float]:
    """Processor seconds of the quickest round of each side."""
    recipe = RECIPES["default"]["lora"]
    assert recipe.lora is not None
    plan = replace(recipe.plan, steps=steps, checkpoint_every=steps)
    rows = rows_of(folder, 400)
    models = [with_adapter(folder, recipe.lora, four_bits=False, seed=0) for _ in range(3)]

    def ours() -> None:
        with tempfile.TemporaryDirectory() as place:
            train(models[0], rows, [], plan, Path(place), say=lambda _: None)

    sides: dict[str, Callable[[], None]] = {
        "ours": ours,
        "bare": lambda: bare(models[1], rows, plan, mean_loss),
        "bare, all logits": lambda: bare(models[2], rows, plan, library_loss),
    }
    best = dict.fromkeys(sides, float("inf"))
    for number in range(rounds + 1):
        for name, side in sides.items():
            started = time.process_time()
            side()
            # The first round warms up.
            if number:
                best[name] = min(best[name], time.process_time() - started)
    return best


def main(arguments: list[str] | None = None) -> int:
    """Measure and compare; returns 1 if ours costs more than it may."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", type=Path, default=pretrain.FOLDER)
    parser.add_argument("--threads", type=int, help="threads to compute with (default: as torch decides)")
    options = parser.parse_args(arguments)
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    best = measure(options.model, options.steps, options.rounds)
    cost = best["ours"] / best["bare"]
    print(json.dumps({**{name: round(value, 3) for name, value in best.items()}, "ours/bare": round(cost, 3)}))
    return 0 if cost <= MOST_COST else 1


if __name__ == "__main__":
    sys.exit(main())
