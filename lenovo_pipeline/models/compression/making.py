"""What every kind of compression has in common: the base opened once, rows and exam made once, trainings kept and recorded.

Belongs here: from plain inputs to kept artifacts with their reports. Does not belong here: any one kind (quantising.py,
shrinking.py, edge.py).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.measures.header import hardware, package_versions
from lenovo_pipeline.models.builds import Artifact, Build, kept, recipe_key
from lenovo_pipeline.models.compression import edge
from lenovo_pipeline.models.compression.base import Base, open_model, open_tokenizer
from lenovo_pipeline.models.compression.levels import Target
from lenovo_pipeline.models.compression.passport import Exam, Figures, exam_of, figures_of, measured
from lenovo_pipeline.models.compression.recovery import Example, Lesson, lesson_of, lesson_version, training_set_of
from lenovo_pipeline.models.compression.sizes import SIZES, Sizes
from lenovo_pipeline.models.tuning.checkpoints import checkpoint_folder, drop
from lenovo_pipeline.resources.code_version import code_version
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.tracking import Tracking

if TYPE_CHECKING:
    from lenovo_pipeline.models.tuning.trainer import Loss, Plan, Trained

PACKAGES = ("torch", "transformers", "peft", "onnx", "onnxruntime", "onnxruntime-genai")
Around = Callable[[Any], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Making:
    """A base model and what compressing it needs; `examples` are rows of models.training_sets, `name` the asset's."""

    name: str
    base: Base
    examples: Sequence[Example]
    store: Store
    tracking: Tracking
    profile: str
    seed: int
    say: Callable[[str], None]

    @property
    def sizes(self) -> Sizes:
        return SIZES[self.profile]

    @cached_property
    def versions(self) -> dict[str, str]:
        """Code and packages that decide the files."""
        return {"code": code_version(_reached), **package_versions(PACKAGES)}

    @cached_property
    def lesson(self) -> Lesson:
        return lesson_of(open_tokenizer(self.base.folder), self.examples, self.sizes, self.seed)

    @cached_property
    def lesson_version(self) -> str:
        return lesson_version(self.examples, self.sizes, self.seed)

    @property
    def training_set(self) -> str | None:
        return training_set_of(self.examples)

    @cached_property
    def exam(self) -> Exam:
        """What builds are measured on, with what the base would say: kept, so that the base is opened for it once."""
        sizes = {"agreement": self.sizes.agreement, "answers": self.sizes.answers, "tokens": self.sizes.answer_tokens}
        made_by = self.recipe("exam", lesson=self.lesson_version, sizes=sizes)

        def make(folder: Path) -> Mapping[str, Any]:
            found = exam_of(open_model(self.base.folder), self.lesson.exam, self.sizes)
            (folder / "exam.json").write_text(json.dumps(asdict(found)), encoding="utf-8")
            return {}

        artifact = kept(self.store, "exams", made_by, make)
        return Exam(**json.loads((artifact.folder / "exam.json").read_text(encoding="utf-8")))

    @cached_property
    def single(self) -> Artifact:
        """The base's build in single precision: what sizes are compared with, and what other builds start from."""
        return edge.exported(self.store, self.base.folder, str(self.base.foundation["identity"]), self.versions)

    def recipe(self, kind: str, **more: Any) -> dict[str, Any]:
        """What makes something of this base: everything that decides its files."""
        return {"kind": kind, "base": self.base.foundation["identity"], "versions": self.versions, **more}

    def figures(self, artifact: Artifact, target: Target | None = None) -> Figures:
        """The passport of a build: measured once for the same graph and weights, exam and machine."""
        made_by = self.recipe("passport", model=edge.model_hash(artifact.folder), lesson=self.lesson_version, hardware=hardware())

        def make(_: Path) -> Mapping[str, Any]:
            self.say(f"measuring {artifact.path}")
            return measured(artifact.folder, self.exam)

        return figures_of(kept(self.store, "passports", made_by, make).made_by["report"], self.exam, artifact.size_bytes, target)

    def measures(self, artifact: Artifact, target: Target | None = None) -> dict[str, Any]:
        """The measures of a build for ONNX Runtime GenAI."""
        return {
            "figures": self.figures(artifact, target),
            "smaller_by": 1 - artifact.size_bytes / self.single.size_bytes,
            "single_precision_mb": self.single.size_bytes / 1_000_000,
            "model_hash": edge.model_hash(artifact.folder),
        }

    def trained(
        self,
        kind: str,
        made_by: Mapping[str, Any],
        plan: "Plan",
        write: Callable[[Any, Path, Callable[[], "Trained"]], Mapping[str, Any]],
        loss_of: "Loss | None" = None,
        within: Around = nullcontext,
    ) -> Artifact:
        """An artifact that a training makes. `write` is given a model of the base, a folder, and what trains the model in place;
        it changes the model, has it trained, writes the folder and returns its report. `within` lasts as long as the training.
        """
        from lenovo_pipeline.models.tuning.trainer import said_loss, train

        checkpoints = checkpoint_folder(self.store, recipe_key(made_by))

        def make(folder: Path) -> Mapping[str, Any]:
            model = open_model(self.base.folder)
            done: list[Trained] = []

            def run() -> "Trained":
                rows, held_out = self.lesson.rows, self.lesson.validation
                with within(model):
                    done.append(train(model, rows, held_out, plan, checkpoints, loss_of=loss_of or said_loss, say=self.say))
                return done[-1]

            report = dict(write(model, folder, run))
            return {**report, "training": _told(done[-1]), "mlflow_run_id": self._recorded(made_by, plan, done[-1])}

        artifact = kept(self.store, kind, made_by, make)
        drop(checkpoints)
        return artifact

    def build(self, name: str, method: str, kind: str, artifact: Artifact, **more: Any) -> Build:
        """The row of a build, with what a training of it reported."""
        report = artifact.made_by["report"]
        training = report.get("training")
        if training:
            more = {
                "validation_loss": training["validation_losses"][-1][1] if training["validation_losses"] else None,
                "training_set": self.training_set,
                "mlflow_run_id": report["mlflow_run_id"],
                **more,
            }
        return self.base.build(name, method, kind, artifact, **more)

    def _recorded(self, made_by: Mapping[str, Any], plan: "Plan", trained: "Trained") -> str:
        """The MLflow run of a training, with its curve of losses."""
        from mlflow.entities import Metric

        run = self.tracking.record(
            "models",
            self.name,
            metrics={
                "tokens": trained.tokens,
                "tokens_per_s": trained.tokens_per_s,
                "peak_memory_mb": trained.peak_memory_mb,
                "best_validation_loss": trained.best_validation_loss or float("nan"),
            },
            parameters={**asdict(plan), "kind": made_by["kind"], "base": made_by["base"]},
            tags={"model": self.base.name},
            seconds=trained.seconds,
        )
        curves = {"loss": trained.losses, "gradient_norm": trained.gradient_norms}
        points = [Metric(name, value, 0, step) for name, found in curves.items() for step, value in enumerate(found, 1)]
        points += [Metric("validation_loss", value, 0, step) for step, value in trained.validation_losses]
        self.tracking.client().log_batch(run.run_id, metrics=points[:1000])
        return run.run_id


def _told(trained: "Trained") -> dict[str, Any]:
    return {
        "steps": trained.steps,
        "tokens": trained.tokens,
        "seconds": round(trained.seconds, 3),
        "validation_losses": trained.validation_losses,
        "best_validation_loss": trained.best_validation_loss,
        "peak_memory_mb": round(trained.peak_memory_mb, 1),
    }


def _reached() -> None:
    """The code that decides what is made: code_version follows these imports."""
    from lenovo_pipeline.models.compression import (  # noqa: F401
        awareness,
        distillation,
        levels,
        post_training,
        pruning,
        quantising,
        shrinking,
    )
