"""The rows of models/pruned and models/distilled: base models with less in them, trained again, with figures of size and speed.

Belongs here: putting a build together. Does not belong here: what is left out (pruning.py, distillation.py).
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.models.builds import Artifact, Build
from lenovo_pipeline.models.compression import distillation, pruning
from lenovo_pipeline.models.compression.base import open_model, parameters_of, save_model
from lenovo_pipeline.models.compression.making import Making
from lenovo_pipeline.models.compression.passport import Figures, agreement_figure, figure, host
from lenovo_pipeline.models.compression.recovery import plan_of
from lenovo_pipeline.models.compression.sizes import RATES, SHARE_PRUNED

if TYPE_CHECKING:
    from lenovo_pipeline.models.tuning.trainer import Trained

Train = Callable[[], "Trained"]

_REPEATS = 3


def pruned(making: Making) -> list[Build]:
    """The base without its smallest weights, and the base with narrower feed-forward parts, each trained to recover.

    Raises SkippedPartition where the base is built otherwise, and what the training raises.
    """
    return [_without_small_weights(making), _narrowed(making)]


def distilled(making: Making) -> list[Build]:
    """A student of at most half the parameters, shrunk from the base and trained on its answers."""
    sizes = making.sizes
    plan = plan_of(sizes, sizes.distilled, RATES["distilled"], making.seed)
    made_by = making.recipe("distilled", share=distillation.HALF, plan=asdict(plan), lesson=making.lesson_version)

    def write(model: Any, folder: Path, train: Train) -> dict[str, Any]:
        before = parameters_of(model)
        shape = distillation.make_student(model, making.lesson.rows[: sizes.validation], plan)
        train()
        save_model(model, making.base.folder, folder)
        return {**shape, "parameters": parameters_of(model), "base_parameters": before, **_speeds(making, model)}

    teacher: list[Any] = []

    def loss(model: Any, batch: Any) -> Any:
        if not teacher:
            teacher.append(distillation.distillation_loss(open_model(making.base.folder)))
        return teacher[0](model, batch)

    artifact = making.trained("distilled", made_by, plan, write, loss_of=loss)
    return [_row(making, "distilled/half", "distilled", artifact)]


def shown(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of both tables, for a table in Markdown."""
    found = []
    for row in rows:
        figures, training = row["measures"]["figures"], row["measures"]["training"]
        agreement = figures["token_agreement"]
        found.append(
            {
                "build": row["build"],
                "parameters": f"{row['parameters']:,}",
                "MB": f"{figures['size_mb']['value']:.2f}",
                "agreement": f"{agreement['value']:.3f} [{agreement['lower']:.3f}, {agreement['upper']:.3f}]",
                "speed over base": f"{figures['speed_ratio']['value']:.2f}",
                "validation loss": " to ".join(f"{loss:.4f}" for loss in _ends(training["validation_losses"])),
                "files": row["artifact"][:8],
            }
        )
    return found


def _without_small_weights(making: Making) -> Build:
    sizes = making.sizes
    plan = plan_of(sizes, sizes.pruned, RATES["magnitude"], making.seed)
    made_by = making.recipe("magnitude", share=SHARE_PRUNED, plan=asdict(plan), lesson=making.lesson_version)

    def write(model: Any, folder: Path, train: Train) -> dict[str, Any]:
        with pruning.without_small_weights(model, SHARE_PRUNED):
            train()
        save_model(model, making.base.folder, folder)
        return {"zeros_share": pruning.zeros_of(model), "parameters": parameters_of(model), **_speeds(making, model)}

    artifact = making.trained("pruned", made_by, plan, write)
    return _row(making, f"magnitude/{SHARE_PRUNED:.0%}", "magnitude", artifact)


def _narrowed(making: Making) -> Build:
    sizes = making.sizes
    plan = plan_of(sizes, sizes.pruned, RATES["structured"], making.seed)
    made_by = making.recipe("structured", share=SHARE_PRUNED, plan=asdict(plan), lesson=making.lesson_version)

    def write(model: Any, folder: Path, train: Train) -> dict[str, Any]:
        before, width = parameters_of(model), model.config.intermediate_size
        columns = pruning.columns_left(width, SHARE_PRUNED)
        pruning.narrow_feed_forward(model, columns, making.lesson.rows[: sizes.validation], sizes.batch_tokens)
        train()
        save_model(model, making.base.folder, folder)
        shape = {"feed_forward_columns": columns, "columns_before": width}
        return {**shape, "parameters": parameters_of(model), "base_parameters": before, **_speeds(making, model)}

    artifact = making.trained("pruned", made_by, plan, write)
    return _row(making, f"structured/{SHARE_PRUNED:.0%}", "structured", artifact)


def _ends(losses: Sequence[tuple[int, float]]) -> list[float]:
    """The loss before the training and the lowest one."""
    return [losses[0][1], min(loss for _, loss in losses)] if losses else []


def _row(making: Making, name: str, method: str, artifact: Artifact) -> Build:
    report = dict(artifact.made_by["report"])
    figures: Figures = {
        "size_mb": figure(artifact.size_bytes / 1_000_000, "MB", "sum of the files in the folder"),
        **report.pop("figures"),
    }
    return making.build(
        name, method, "transformers", artifact, trainable_parameters=report["parameters"], measures={"figures": figures, **report}
    )


def _speeds(making: Making, model: Any) -> dict[str, Any]:
    """Agreement with the base, and how much faster than it the model reads, one after the other in turns."""
    import torch

    base = open_model(making.base.folder)
    model.eval()
    rows = making.lesson.exam[:4]
    times: dict[str, list[float]] = {"model": [], "base": []}
    with torch.inference_mode():
        for _ in range(_REPEATS):
            for name, each in (("model", model), ("base", base)):
                started = time.perf_counter()
                for row in rows:
                    each(input_ids=torch.tensor([row.ids], device=each.device), use_cache=False)
                times[name].append(time.perf_counter() - started)
    tokens = sum(len(row.ids) for row in rows)
    method = f"median of {_REPEATS} readings of {len(rows)} conversations with transformers ({host()})"
    mine, theirs = (statistics.median(times[name]) for name in ("model", "base"))
    return {
        "figures": {
            "read_tokens_per_s": figure(tokens / mine, "token/s", method),
            "speed_ratio": figure(theirs / mine, "ratio", f"speed of reading over that of the base; {method}"),
            "token_agreement": agreement_figure(_said(making, model), making.exam),
        }
    }


def _said(making: Making, model: Any) -> Sequence[Sequence[int]]:
    from lenovo_pipeline.models.compression.passport import exam_of

    return exam_of(model, making.lesson.exam, making.sizes).original
