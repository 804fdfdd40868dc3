"""The adapter that the domains' adapters go on from: trained for as long as it takes, on more worlds than a run has.

Belongs here: that training, which can be stopped and resumed, and its record. Does not belong here: the adapters of a run
(tuning/customising.py), the lessons (lessons.py).
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lenovo_pipeline.measures.header import package_versions
from lenovo_pipeline.models.compression.base import open_tokenizer
from lenovo_pipeline.models.tuning.adapters import save_adapter, with_adapter
from lenovo_pipeline.models.tuning.lessons import skill_rows
from lenovo_pipeline.models.tuning.reading.lessons import exam, lessons
from lenovo_pipeline.models.tuning.reading.recipe import BUNDLED, ReadingRecipe
from lenovo_pipeline.models.tuning.reading.start import place_of, wanted_of
from lenovo_pipeline.models.tuning.starts import RECORD
from lenovo_pipeline.models.tuning.strength import apply, untrained
from lenovo_pipeline.models.tuning.trainer import train
from lenovo_pipeline.provenance import write_manifest
from lenovo_pipeline.resources.folders import folder_aside
from lenovo_pipeline.resources.inference.model_folder import identify


def bundle(
    base: Path,
    name: str,
    examples: Sequence[Mapping[str, Any]],
    folder: Path,
    checkpoints: Path,
    *,
    say: Callable[[str], None],
    recipe: ReadingRecipe = BUNDLED,
) -> Path:
    """Train the adapter of the base in `base`, called `name`, from nothing, into `folder`/<name>.reading; returns that.

    A training that was stopped goes on from its last checkpoint in `checkpoints`. What was there before stays until the new one
    is whole. Raises what training raises.
    """
    tokenizer = open_tokenizer(base)
    model = with_adapter(base, recipe.lora, four_bits=False, seed=recipe.seed)
    rows = lessons(tokenizer, examples, recipe)
    skills = skill_rows(tokenizer, recipe.skills, recipe.seed)
    before = untrained(model, skills, recipe.plan)
    done = train(model, rows, exam(tokenizer, examples, recipe), recipe.plan, checkpoints, say=say)
    applied = apply(model, before, skills, recipe.strengths, recipe.plan)
    say(f"kept at {applied.strength:.0%} of the training: loss of skills {before.skill_loss} to {applied.skill_loss}")
    target = place_of(name, folder)
    with folder_aside(target) as aside:
        save_adapter(model, aside, name)
        record = {
            "recipe": asdict(recipe),
            "rows": len(rows),
            "losses": done.losses,
            "validation_losses": done.validation_losses,
            "strength": applied.strength,
            "base_skill_loss": before.skill_loss,
            "skill_loss": applied.skill_loss,
            "seconds": round(done.seconds),
            "tokens": done.tokens,
            "packages": package_versions(("torch", "transformers", "peft", "tokenizers")),
        }
        (aside / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        wanted = wanted_of(asdict(identify(base)), recipe.lora)
        write_manifest(aside, {"kind": "lora", "domain": "reading", "base": name, **wanted})
    shutil.rmtree(checkpoints, ignore_errors=True)
    say(f"wrote {target}")
    return target
