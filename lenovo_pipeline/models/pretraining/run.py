"""One pretraining from tokenizer or earlier weights to model folder, its record, and the evaluation of its skills.

Belongs here: what ties the parts together for the command line. The record says what ran: recipe, seed, steps, tokens,
losses, hardware, hours, packages, code.
"""

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lenovo_pipeline.measures.header import package_versions
from lenovo_pipeline.models.pretraining import loop, recipe, skills
from lenovo_pipeline.models.pretraining.loop import CHECKPOINT, Progress
from lenovo_pipeline.models.pretraining.recipe import Stage
from lenovo_pipeline.models.pretraining.tokenizer import save_tokenizer, tokenizer_texts, train_tokenizer
from lenovo_pipeline.provenance import file_hash
from lenovo_pipeline.resources.folders import folder_aside

RECORD = "training_record.json"
START = "start"  # folder beside a checkpoint, with the model that a further stage continues
WEIGHTS = "model.safetensors"
_PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")


def code_hash() -> str:
    """SHA-256 over the modules that make the weights, so that a record tells whether the code beside it made them."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in (*sorted(folder.glob("*.py")), folder.parents[1] / "measures" / "reading.py"):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def recipe_json() -> dict[str, Any]:
    """The recipe as plain data."""
    return {
        "shape": recipe.SHAPE,
        "seed": recipe.SEED,
        "tokenizer_seed": recipe.TOKENIZER_SEED,
        "optimisation": asdict(recipe.Optimisation()),
        "phases": [asdict(phase) for phase in recipe.PHASES],
        "continued": {
            "seed": recipe.CONTINUED_SEED,
            "optimisation": asdict(recipe.CONTINUED_RATES),
            "phases": [asdict(phase) for phase in recipe.CONTINUED],
        },
        "lengthened": {
            "seed": recipe.LENGTHENED_SEED,
            "optimisation": asdict(recipe.LENGTHENED_RATES),
            "phases": [asdict(phase) for phase in recipe.LENGTHENED],
            "kept": recipe.LONGER.kept,
        },
        "plans": {name: asdict(plan) for name, plan in recipe.PLANS.items()},
    }


def open_tokenizer(folder: Path) -> Any:
    """The tokenizer in that folder, trained and written there first if there is none."""
    from transformers import AutoTokenizer

    if not (folder / "tokenizer.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        save_tokenizer(train_tokenizer(tokenizer_texts(recipe.TOKENIZER_SEED)), folder)
    return AutoTokenizer.from_pretrained(folder)


def take_over(start: Path, checkpoints: Path) -> None:
    """Copy the model in `start` into `checkpoints/start`, so that a stage that continues it can be resumed and recorded when
    `start` holds other weights.

    Raises FileNotFoundError or ValueError where `start` has no readable weights or no training record.
    """
    open_model(start)
    if not (start / RECORD).is_file():
        raise FileNotFoundError(f"no {RECORD} in {start}; a model without one cannot be continued")
    with folder_aside(checkpoints / START) as aside:
        for path in start.iterdir():
            if path.is_file():
                shutil.copy2(path, aside / path.name)


def continued_from(start: Path) -> dict[str, Any]:
    """What the record of the model in `start` says, without the recipe, and the hash of its weights."""
    kept = json.loads((start / RECORD).read_text(encoding="utf-8"))
    facts = {name: value for name, value in kept.items() if name not in ("model", "recipe")}
    return {"weights_sha256": file_hash(start / WEIGHTS), **facts}


def pretrain(
    out: Path,
    checkpoints: Path,
    *,
    start: Path | None = None,
    resume: bool = False,
    stop_at: int | None = None,
    export: bool = False,
    compiled: bool = False,
    say: Callable[[str], None] = print,
) -> Progress:
    """Train until the stage is done, `stop_at` steps are done or a signal comes; the model is written to `out` when the
    stage is done or `export` is set.

    Without `start` it is the stage from scratch; with it the one that follows the last stage of the model in `start`. Raises
    ValueError where none follows.
    """
    stage = recipe.SCRATCH
    earlier: dict[str, Any] | None = None
    if start:
        if not (resume or export):
            take_over(start, checkpoints)
        earlier = continued_from(checkpoints / START)
        stage = recipe.stage_after(str(earlier["stage"]))
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(checkpoints / START)
        model = open_model(checkpoints / START)
        model.set_attn_implementation(stage.attention)
    else:
        tokenizer = open_tokenizer(checkpoints)
        model = loop.new_model(tokenizer, recipe.SEED)

    def validate(one: Any) -> dict[str, float]:
        return skills.quick_validation(one, tokenizer, count=48, skills=skills.WATCHED)

    if export:
        optims = loop.optimisers(model, stage.optimisation)
        progress = loop.load_checkpoint(checkpoints / CHECKPOINT, model, optims, stage.name)
    else:
        progress = loop.train(
            model,
            tokenizer,
            checkpoints,
            stage=stage,
            resume=resume,
            stop_at=stop_at,
            compiled=compiled,
            validate=validate,
            say=say,
        )
    if export or progress.step == recipe.total_steps(stage.phases):
        if stage.kept:
            keep(model, checkpoints / START, stage.kept)
        write_model(out, model, tokenizer, record(progress, stage, earlier))
        say(f"wrote {out}")
    return progress


def keep(model: Any, start: Path, share: float) -> None:
    """Move the weights of a model towards those of the model in `start`, by that share of the way."""
    import torch

    before = open_model(start).state_dict()
    with torch.no_grad():
        for name, weight in model.named_parameters():  # names tied weights once
            weight.lerp_(before[name], share)


def write_model(out: Path, model: Any, tokenizer: Any, made: Mapping[str, Any]) -> None:
    """Write weights, configuration, tokenizer, template and the record `made` aside and rename; a model card that stands in
    `out` is kept.
    """
    import torch
    from transformers import GenerationConfig

    card = out / "README.md"
    kept = card.read_text(encoding="utf-8") if card.is_file() else None
    with folder_aside(out) as aside:
        # Half precision on disk, single precision in memory: the configuration says float32.
        half = {name: weight.to(torch.float16) for name, weight in model.state_dict().items() if name != "lm_head.weight"}
        model.config.dtype = torch.float32
        model.config.architectures = [type(model).__name__]  # servers and exporters look for it
        model.config.save_pretrained(aside)
        from safetensors.torch import save_file

        save_file(half, aside / WEIGHTS, metadata={"format": "pt"})
        (aside / WEIGHTS).chmod(0o644)  # safetensors lets nobody else read its files
        generation: Any = GenerationConfig
        generation(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=False).save_pretrained(
            aside
        )
        tokenizer.save_pretrained(aside)
        (aside / RECORD).write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if kept is not None:
            (aside / "README.md").write_text(kept, encoding="utf-8")


def record(progress: Progress, stage: Stage = recipe.SCRATCH, earlier: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What made the weights, as plain data; `earlier` is what is recorded of the weights that the stage continued."""
    return {
        "model": "lenovo-nano",
        "recipe": recipe_json(),
        "stage": stage.name,
        "steps": progress.step,
        "complete": progress.step == recipe.total_steps(stage.phases),
        "tokens": progress.tokens,
        "hours": round(progress.seconds / 3600, 3),
        "hardware": _hardware(),
        "packages": package_versions(_PACKAGES) | {"python": platform.python_version()},
        "code_hash": code_hash(),
        "losses": progress.losses,
        "validations": progress.validations,
        "evaluation": None,
    } | ({"continued_from": earlier} if earlier else {})


def _hardware() -> str:
    import torch

    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [
            line.partition(":")[2].strip()
            for line in cpuinfo.read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ]
        name = names[0] if names else name
    return f"{name}, {torch.get_num_threads()} threads of {os.cpu_count()} processors, bfloat16 products, shared with other work"


def evaluate(out: Path, *, count: int = 200, seed: int = 0) -> str:
    """Measure all skills of the model in `out`, write the figures into its record, and return them as a table.

    Raises FileNotFoundError without a model and ValueError where its weights cannot be read.
    """
    from transformers import AutoTokenizer

    model, tokenizer = open_model(out), AutoTokenizer.from_pretrained(out)
    figures = skills.evaluate(model, tokenizer, count=count, seed=seed)
    path = out / RECORD
    kept = json.loads(path.read_text(encoding="utf-8"))
    kept["evaluation"] = {"items_per_skill": count, "seed": seed, "skills": figures}
    aside = path.with_suffix(".aside")
    aside.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(path)
    return table(figures)


def open_model(folder: Path) -> Any:
    """The model in that folder, in single precision; raises FileNotFoundError or ValueError that say what to run."""
    from transformers import AutoModelForCausalLM

    remedy = (
        "restore it with `git checkout -- data/models/lenovo-nano` or train it with `python -m lenovo_pipeline.models.pretrain`"
    )
    if not (folder / WEIGHTS).is_file():
        raise FileNotFoundError(f"no model.safetensors in {folder}; {remedy}")
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(folder)
        return model.eval()
    except Exception as error:  # safetensors and transformers raise many kinds on a damaged file
        raise ValueError(f"the weights in {folder} cannot be read ({error}); {remedy}") from error


def table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """Skills with items, share right and its interval, as lines of text."""
    lines = [f"{'skill':<14}{'measure':<30}{'n':>5}  {'right':>6}  95 % interval"]
    for name, row in figures.items():
        lines.append(f"{name:<14}{row['measure']:<30}{row['n']:>5}  {row['share']:>6.1%}  {row['low']:.1%} to {row['high']:.1%}")
    return "\n".join(lines)
