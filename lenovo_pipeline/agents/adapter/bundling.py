"""The agent adapter that runs go on from: trained for as long as it takes, on the tasks of a finished run.

Belongs here: that training, which can be stopped and resumed, and its record. Does not belong here: the adapter of a run
(training.py).
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.adapter.lessons import exam, lessons
from lenovo_pipeline.agents.adapter.recipes import BUNDLED
from lenovo_pipeline.agents.adapter.start import RECORD, start_of
from lenovo_pipeline.agents.adapter.training import Lessons, prompt_tokens
from lenovo_pipeline.measures.header import package_versions
from lenovo_pipeline.models.compression.base import open_tokenizer
from lenovo_pipeline.models.tuning.adapters import save_adapter, with_adapter
from lenovo_pipeline.models.tuning.beginnings import shared_loss
from lenovo_pipeline.models.tuning.trainer import train
from lenovo_pipeline.provenance import file_hash
from lenovo_pipeline.resources.folders import folder_aside


def bundle(
    base: Path, name: str, taught: Lessons, folder: Path, checkpoints: Path, *, seed: int, say: Callable[[str], None]
) -> None:
    """Train the adapter of the base in `base`, called `name`, into `folder`/<name>.agent; from the adapter there, if it fits.

    A training that was stopped goes on from its last checkpoint in `checkpoints`. Raises what training raises.
    """
    tokenizer = open_tokenizer(base)
    start = start_of(name, folder)
    model = with_adapter(base, BUNDLED.lora, four_bits=False, seed=seed)
    started = start is not None and start.put_into(model)
    say("goes on from the adapter that is there" if started else "starts from nothing")
    done = train(
        model,
        lessons(tokenizer, taught.train, BUNDLED, seed),
        exam(tokenizer, taught.validation, BUNDLED),
        BUNDLED.plan,
        checkpoints,
        loss_of=shared_loss,
        measured_by=shared_loss,
        say=say,
    )
    before = json.loads((start.folder / RECORD).read_text(encoding="utf-8")) if start is not None and started else None
    record: dict[str, Any] = {
        "base": name,
        "base_weights": file_hash(base / "model.safetensors"),
        "recipe": asdict(BUNDLED),
        "seed": seed,
        "conversations": len(taught.train),
        "lessons": taught.version,
        "prompt_tokens": prompt_tokens(tokenizer),
        "losses": done.losses,
        "validation_losses": done.validation_losses,
        "seconds": round(done.seconds),
        "tokens": done.tokens,
        "packages": package_versions(("torch", "transformers", "peft", "tokenizers")),
        "started_from": before,
    }
    with folder_aside(folder / f"{name}.agent") as aside:
        save_adapter(model, aside, name)
        (aside / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(checkpoints, ignore_errors=True)
