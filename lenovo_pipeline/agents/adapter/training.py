"""From tasks of the train split to the agent adapter: trained once, kept by what made it, recorded in MLflow.

Belongs here: the adapter's making. Does not belong here: the loop (models/tuning/trainer.py), the lessons, the tasks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lenovo_pipeline.agents.adapter.lessons import TOOLS, Conversation, exam, lessons
from lenovo_pipeline.agents.adapter.recipes import AgentRecipe
from lenovo_pipeline.agents.adapter.start import FOLDER, start_of, wanted_of
from lenovo_pipeline.agents.adapter.start import told as started_from
from lenovo_pipeline.agents.tools.prompt import MAX_PROMPT_TOKENS, SYSTEM_PROMPT
from lenovo_pipeline.contracts import digest
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.header import package_versions
from lenovo_pipeline.models.builds import Artifact, Build, kept, recipe_key
from lenovo_pipeline.models.compression.base import Base, open_tokenizer, parameters_of
from lenovo_pipeline.models.tuning.adapters import save_adapter, with_adapter
from lenovo_pipeline.models.tuning.beginnings import shared_loss
from lenovo_pipeline.models.tuning.checkpoints import checkpoint_folder, drop
from lenovo_pipeline.models.tuning.customising import told
from lenovo_pipeline.models.tuning.trainer import Plan, Trained, train
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking

NAME = "lora/agent"
_PACKAGES = ("torch", "transformers", "peft", "tokenizers")
_MEASURES = (
    "steps",
    "tokens",
    "examples",
    "training_s",
    "tokens_per_s",
    "peak_memory_mb",
    "base_validation_loss",
    "stopped_early",
    "prompt_tokens",
    "goes_on",
    "started",
)


@dataclass(frozen=True)
class Lessons:
    """The conversations to learn from and to validate on."""

    train: Sequence[Conversation]
    validation: Sequence[Conversation]

    @property
    def version(self) -> str:
        """What is taught, with the system message and the tools."""
        told = [str(each) for each in (*self.train, "validation", *self.validation, SYSTEM_PROMPT, *TOOLS)]
        return digest(told)


def make_adapter(
    base: Base,
    taught: Lessons,
    recipe: AgentRecipe,
    store: Store,
    tracking: Tracking,
    *,
    seed: int,
    say: Callable[[str], None] = lambda _: None,
    bundled: Path = FOLDER,
) -> Build:
    """The adapter of this base, trained now or taken over; from the one in `bundled` if that fits. Raises what opening and
    training raise.
    """
    start = start_of(base.name, wanted_of(base.foundation, recipe.lora), bundled)
    goes_on = start is not None and start.fits
    made_by = {
        "kind": "lora",
        "domain": "agent",
        "base": base.foundation["identity"],
        "base_revision": base.foundation["revision"],
        "base_tokenizer_hash": base.foundation["tokenizer_hash"],
        "base_template_hash": base.foundation["template_hash"],
        "training_set": taught.version,
        "start": start.content if start is not None and start.fits else None,
        "recipe": asdict(recipe),
        "seed": seed,
        "versions": {"code": code_version(_reached), **package_versions(_PACKAGES)},
    }
    checkpoints = checkpoint_folder(store, recipe_key(made_by))

    def make(folder: Path) -> Mapping[str, Any]:
        tokenizer = open_tokenizer(base.folder)
        prompt = prompt_tokens(tokenizer)
        rows = lessons(tokenizer, taught.train, recipe, seed)
        if not rows:
            raise PermanentFailure(
                "there is nothing to train the agent adapter on", remedy="Materialise agents/tasks and see its counts by split."
            )
        model = with_adapter(base.folder, recipe.lora, four_bits=False, seed=seed)
        say(f"agent adapter: {started_from(start)}")
        if start is not None and start.fits:
            start.put_into(model)
        done = train(
            model,
            rows,
            exam(tokenizer, taught.validation, recipe),
            recipe.plan_for(goes_on=goes_on),
            checkpoints,
            loss_of=shared_loss,
            measured_by=shared_loss,
            say=lambda line: say(f"agent adapter: {line}"),
        )
        save_adapter(model, folder, base.name)
        return {
            **told(done),
            "examples": len(taught.train),
            "prompt_tokens": prompt,
            "goes_on": goes_on,
            "started": started_from(start),
            "parameters": parameters_of(model),
            "trainable_parameters": sum(each.numel() for each in model.parameters() if each.requires_grad),
            "mlflow_run_id": _recorded(base, recipe, recipe.plan_for(goes_on=goes_on), taught, tracking, done),
        }

    artifact = kept(store, "adapters", made_by, make)
    drop(checkpoints)
    if artifact.reused:
        say(f"agent adapter: re-used {artifact.path}")
    return _build(base, taught, artifact)


def prompt_tokens(tokenizer: Any) -> int:
    """Tokens of the system message with all tools. Raises PermanentFailure if they are more than a small model is given."""
    text = tokenizer.apply_chat_template([{"role": "system", "content": SYSTEM_PROMPT}], tools=list(TOOLS), tokenize=False)
    count = len(tokenizer(text, add_special_tokens=False)["input_ids"])
    small = tokenizer.vocab_size < 20_000
    if small and count > MAX_PROMPT_TOKENS:
        raise PermanentFailure(
            f"system message and tools have {count} tokens, at most {MAX_PROMPT_TOKENS} are meant for small models",
            remedy="Shorten the descriptions in lenovo_pipeline/agents/tools/catalogue.py.",
        )
    return count


def _build(base: Base, taught: Lessons, artifact: Artifact) -> Build:
    report = artifact.made_by["report"]
    return base.build(
        NAME,
        "lora",
        "adapter",
        artifact,
        training_set=taught.version,
        parameters=base.foundation["parameters"],
        trainable_parameters=report["trainable_parameters"],
        validation_loss=report["best_validation_loss"],
        mlflow_run_id=report["mlflow_run_id"],
        measures={name: report[name] for name in _MEASURES},
    )


def _recorded(base: Base, recipe: AgentRecipe, plan: Plan, taught: Lessons, tracking: Tracking, done: Trained) -> str:
    best = done.best_validation_loss
    run = tracking.record(
        "agents",
        "agent_adapter",
        metrics={
            "tokens": done.tokens,
            "tokens_per_s": done.tokens_per_s,
            "peak_memory_mb": done.peak_memory_mb,
            "best_validation_loss": best if best is not None else float("nan"),
        },
        curves={
            "loss": list(enumerate(done.losses, start=1)),
            "gradient_norm": list(enumerate(done.gradient_norms, start=1)),
            "validation_loss": done.validation_losses,
        },
        parameters={**asdict(plan), "lora": recipe.lora, "openings": recipe.openings, "training_set": taught.version},
        tags={"model": base.name, "build": f"{base.name}/{NAME}", "domain": "agent"},
        seconds=done.seconds,
    )
    return run.run_id


def _reached() -> None:
    """The code that decides what is made: code_version follows these imports."""
    from lenovo_pipeline.agents.adapter import lessons, start  # noqa: F401
    from lenovo_pipeline.models.tuning import adapters, beginnings, trainer  # noqa: F401
