"""The agent adapter that runs go on from: trained for as long as it takes, on more tasks than a run has.

Belongs here: that training, which can be stopped and resumed, and its record. Does not belong here: the adapter of a run
(training.py), the tasks (teaching.py).
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.adapter.lessons import exam, lessons
from lenovo_pipeline.agents.adapter.recipes import BUNDLED, AgentRecipe
from lenovo_pipeline.agents.adapter.start import start_of, told_of_long, wanted_of
from lenovo_pipeline.agents.adapter.training import Lessons, prompt_tokens
from lenovo_pipeline.measures.header import package_versions
from lenovo_pipeline.models.compression.base import open_tokenizer
from lenovo_pipeline.models.tuning.adapters import save_adapter, with_adapter
from lenovo_pipeline.models.tuning.beginnings import shared_loss
from lenovo_pipeline.models.tuning.starts import RECORD, Start
from lenovo_pipeline.models.tuning.trainer import Plan, Trained, train
from lenovo_pipeline.provenance import read_manifest, write_manifest
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.inference.model_folder import identify


def bundle(
    base: Path,
    name: str,
    taught: Lessons,
    folder: Path,
    checkpoints: Path,
    *,
    seed: int,
    say: Callable[[str], None],
    recipe: AgentRecipe = BUNDLED,
) -> None:
    """Train the adapter of the base in `base`, called `name`, into `folder`/<name>.agent; from the adapter there, if it fits or
    differs in the weights of the base alone. The latter is trained as long as one from nothing.

    A training that was stopped goes on from its last checkpoint in `checkpoints`. The folder is replaced once it is over; one
    that fits stays as it was if no measurement came below the loss that the training began with. Raises what training raises.
    """
    tokenizer = open_tokenizer(base)
    wanted = wanted_of(asdict(identify(base)), recipe.lora)
    start = start_of(name, wanted, folder)
    say(told_of_long(start))
    model = with_adapter(base, recipe.lora, four_bits=False, seed=seed)
    plan, before = recipe.plan, None
    if start is not None and (start.fits or start.other_weights):
        start.put_into(model)
        plan, before = recipe.further if start.fits else recipe.moved or recipe.plan, _record(start)
    done = train(
        model,
        lessons(tokenizer, taught.train, recipe, seed),
        exam(tokenizer, taught.validation, recipe),
        plan,
        checkpoints,
        loss_of=shared_loss,
        measured_by=shared_loss,
        say=say,
    )
    target = folder / f"{name}.agent"
    begun, *after = [loss for _, loss in done.validation_losses]
    best = min(after, default=begun)
    if start is not None and start.fits and best >= begun:
        say(
            f"nothing was gained: validation loss {best:.4f} nat/token at best, {begun:.4f} before. "
            f"{target} stays as it was; the weights of the last step lie in {checkpoints}"
        )
        return
    with folder_aside(target) as aside:
        save_adapter(model, aside, name)
        record = {**_figures(done, taught, recipe, plan, seed), "prompt_tokens": prompt_tokens(tokenizer), "started_from": before}
        (aside / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        write_manifest(aside, {"kind": "lora", "domain": "agent", "base": name, **wanted, "training_set": taught.version})
    shutil.rmtree(checkpoints, ignore_errors=True)
    say(f"wrote {target}")


def _figures(done: Trained, taught: Lessons, recipe: AgentRecipe, plan: Plan, seed: int) -> dict[str, Any]:
    return {
        "plan": asdict(plan),
        "lora": asdict(recipe.lora),
        "passes": recipe.passes,
        "openings": recipe.openings,
        "seed": seed,
        "conversations": len(taught.train),
        "training_set": taught.version,
        "losses": done.losses,
        "validation_losses": done.validation_losses,
        "seconds": round(done.seconds),
        "tokens": done.tokens,
        "packages": package_versions(("torch", "transformers", "peft", "tokenizers")),
    }


def _record(start: Start) -> dict[str, Any]:
    """What is known of the training before, without that of each of its steps."""
    record = json.loads((start.folder / RECORD).read_text(encoding="utf-8"))
    made_by = read_manifest(start.folder, remedy="")
    kept = {key: value for key, value in record.items() if key != "losses"}
    return {**kept, "training_set": made_by["training_set"], "base_revision": made_by["base_revision"]}
