"""From a base model and the training sets to builds: trained once, kept by what made them, recorded in MLflow.

Belongs here: what LoRA, 4-bit LoRA and full tuning have in common. Does not belong here: the loop (trainer.py), adapters' files
(adapters.py), compression (which tunes what it has changed by itself).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.measures.header import package_versions
from lenovo_pipeline.models.builds import Artifact, Build, kept, recipe_key
from lenovo_pipeline.models.compression.base import Base, open_model, open_tokenizer, parameters_of, save_model
from lenovo_pipeline.models.tables import DOMAINS
from lenovo_pipeline.models.tuning import strength
from lenovo_pipeline.models.tuning.adapters import save_adapter, with_adapter
from lenovo_pipeline.models.tuning.checkpoints import checkpoint_folder, drop
from lenovo_pipeline.models.tuning.domains import ALL
from lenovo_pipeline.models.tuning.lessons import lesson_of, skill_rows
from lenovo_pipeline.models.tuning.reading import start as reading
from lenovo_pipeline.models.tuning.recipes import RECIPES, Recipe
from lenovo_pipeline.models.tuning.starts import Start
from lenovo_pipeline.models.tuning.strength import Applied, Untrained
from lenovo_pipeline.models.tuning.trainer import Plan, Trained, train, validation_loss
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking

if TYPE_CHECKING:
    from lenovo_pipeline.models.pretraining.batches import Row

_PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "tokenizers")
_MOST_POINTS = 250
"""Points of a curve in the manifest and the row; MLflow has all of them."""


@dataclass(frozen=True)
class Customising:
    """A base and what tuning it needs; `examples` are rows of models.training_sets, `asset` the asset that asks."""

    asset: str
    base: Base
    examples: Sequence[Mapping[Any, Any]]
    store: Store
    tracking: Tracking
    profile: str
    seed: int
    say: Callable[[str], None]
    starts: Path = reading.FOLDER

    def adapters(self, method: str) -> list[Build]:
        """An adapter for each domain; `method` is lora or qlora. Raises what opening and training raise."""
        recipe = RECIPES[self.profile][method]
        return [self._build(method, domain, recipe, "adapter") for domain in DOMAINS]

    def fine_tuned(self) -> list[Build]:
        """The base with all its weights tuned, for all domains."""
        return [self._build("full", ALL, RECIPES[self.profile]["full"], "transformers")]

    def rows(self, domain: str, recipe: Recipe) -> "tuple[list[Row], list[Row]]":
        """Rows to train and to validate on."""
        return lesson_of(self._tokenizer, self.examples, domain, recipe.data, self.seed)

    def opened(self, method: str, recipe: Recipe) -> Any:
        """The base with the weights trainable that the recipe trains."""
        if recipe.lora is None:
            return open_model(self.base.folder)
        return with_adapter(self.base.folder, recipe.lora, four_bits=method == "qlora", seed=self.seed)

    def start(self, recipe: Recipe) -> Start | None:
        """The reading adapter that adapters of this recipe go on from if it fits."""
        if recipe.lora is None:
            return None
        return reading.start_of(self.base.name, reading.wanted_of(self.base.foundation, recipe.lora), self.starts)

    @cached_property
    def _tokenizer(self) -> Any:
        return open_tokenizer(self.base.folder)

    @cached_property
    def _skill_losses(self) -> dict[str, float]:
        """The loss of the base on the skills' rows by method, as it opens the base: the same for every domain."""
        return {}

    @cached_property
    def _versions(self) -> dict[str, str]:
        return {"code": code_version(_reached), **package_versions(_PACKAGES)}

    @cached_property
    def training_set(self) -> str:
        """Version of the training set. Raises PermanentFailure if it is empty."""
        if not self.examples:
            raise PermanentFailure("the training set is empty", remedy="Materialise models/training_sets, then run again.")
        return str(self.examples[0]["version"])

    def _build(self, method: str, domain: str, recipe: Recipe, kind: str) -> Build:
        foundation = self.base.foundation
        made_by = {
            "kind": method,
            "domain": domain,
            "base": foundation["identity"],
            # What decides which base an adapter fits (resources/inference/adapters.py).
            "base_revision": foundation["revision"],
            "base_tokenizer_hash": foundation["tokenizer_hash"],
            "base_template_hash": foundation["template_hash"],
            "training_set": self.training_set,
            "recipe": asdict(recipe),
            "seed": self.seed,
            "versions": self._versions,
        }
        found = self.start(recipe)
        start = found if found is not None and found.fits else None
        if start is not None:
            made_by["start"] = start.content
        plan = recipe.plan_for(goes_on=start is not None)
        checkpoints = checkpoint_folder(self.store, recipe_key(made_by))

        def make(folder: Path) -> Mapping[str, Any]:
            self.say(f"{method}, {domain}: training")
            rows, validation = self.rows(domain, recipe)
            skills = skill_rows(self._tokenizer, recipe.data.skills, self.seed)
            model = self.opened(method, recipe)
            untrained = strength.untrained(model, skills, plan, self._skill_losses.get(method))
            if untrained.skill_loss is not None:
                self._skill_losses[method] = untrained.skill_loss
            if recipe.lora is not None:
                self.say(f"{method}, {domain}: {reading.told(found)}")
            if start is not None:
                start.put_into(model)
            done = train(model, rows, validation, plan, checkpoints, say=lambda line: self.say(f"{method}, {domain}: {line}"))
            applied = strength.apply(model, untrained, skills, recipe.strengths, plan)
            self.say(f"{method}, {domain}: {_told_strength(untrained, applied)}")
            if recipe.lora is None:
                save_model(model, self.base.folder, folder)
            else:
                save_adapter(model, folder, self.base.name)
            return {
                **told(done),
                "strength": applied.strength,
                "base_skill_loss": untrained.skill_loss,
                "goes_on": start is not None,
                "skill_loss": applied.skill_loss,
                "validation_loss": self._lost(model, validation, plan, done, applied),
                "examples": len(rows),
                "parameters": parameters_of(model),
                "trainable_parameters": sum(each.numel() for each in model.parameters() if each.requires_grad),
                "mlflow_run_id": self._recorded(method, domain, recipe, plan, done),
            }

        artifact = kept(self.store, "adapters" if kind == "adapter" else "tuned", made_by, make)
        drop(checkpoints)
        if artifact.reused:
            self.say(f"{method}, {domain}: re-used {artifact.path}")
        return self._row(method, domain, kind, artifact)

    def _row(self, method: str, domain: str, kind: str, artifact: Artifact) -> Build:
        report = artifact.made_by["report"]
        return self.base.build(
            f"{method}/{domain}",
            method,
            kind,
            artifact,
            domain=domain,
            training_set=self.training_set,
            parameters=self.base.foundation["parameters"],
            trainable_parameters=report["trainable_parameters"],
            validation_loss=report["validation_loss"],
            mlflow_run_id=report["mlflow_run_id"],
            measures={name: report[name] for name in _MEASURES},
        )

    def _lost(self, model: Any, validation: "Sequence[Row]", plan: Plan, done: Trained, applied: Applied) -> float | None:
        """Validation loss of the model as it is kept."""
        if not validation or applied.strength == 1:
            return done.best_validation_loss
        return round(validation_loss(model, validation, plan), 6)

    def _recorded(self, method: str, domain: str, recipe: Recipe, plan: Plan, done: Trained) -> str:
        run = self.tracking.record(
            "models",
            self.asset,
            metrics={
                "tokens": done.tokens,
                "tokens_per_s": done.tokens_per_s,
                "peak_memory_mb": done.peak_memory_mb,
                "best_validation_loss": done.best_validation_loss if done.best_validation_loss is not None else float("nan"),
            },
            curves={
                "loss": list(enumerate(done.losses, start=1)),
                "gradient_norm": list(enumerate(done.gradient_norms, start=1)),
                "validation_loss": done.validation_losses,
            },
            parameters={**asdict(recipe.data), **asdict(plan), "lora": recipe.lora, "training_set": self.training_set},
            tags={"model": self.base.name, "build": f"{self.base.name}/{method}/{domain}", "domain": domain},
            seconds=done.seconds,
        )
        return run.run_id


_MEASURES = (
    "steps",
    "tokens",
    "examples",
    "training_s",
    "tokens_per_s",
    "peak_memory_mb",
    "base_validation_loss",
    "stopped_early",
    "strength",
    "base_skill_loss",
    "skill_loss",
    "goes_on",
)


def told(done: Trained) -> dict[str, Any]:
    """What a training measured, as plain values; curves as (step, value)."""
    first = done.validation_losses[0][1] if done.validation_losses else None
    return {
        "steps": done.steps,
        "tokens": done.tokens,
        "training_s": round(done.seconds, 3),
        "tokens_per_s": round(done.tokens_per_s, 1),
        "peak_memory_mb": round(done.peak_memory_mb, 1),
        "stopped_early": done.stopped_early,
        "base_validation_loss": first,
        "best_validation_loss": done.best_validation_loss,
        "curves": {
            "loss": _thinned(list(enumerate(done.losses, start=1))),
            "gradient_norm": _thinned(list(enumerate(done.gradient_norms, start=1))),
            "validation_loss": _thinned(done.validation_losses),
        },
    }


def _told_strength(base: Untrained, applied: Applied) -> str:
    if base.skill_loss is None or applied.skill_loss is None:
        return "its skills were not measured"
    change = f"loss of skills {base.skill_loss:.4f} to {applied.skill_loss:.4f}"
    return (
        f"{'kept' if applied.kept else 'skills suffer at every share, kept'} at {applied.strength:.0%} of the training, {change}"
    )


def _thinned(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    every = -(-len(points) // _MOST_POINTS) or 1
    return [(step, round(value, 5)) for step, value in points[::every]]


def _reached() -> None:
    """The code that decides what is made: code_version follows these imports."""
    from lenovo_pipeline.models.tuning import adapters, lessons, starts, strength, trainer  # noqa: F401
