"""The rows of models/quantised and models/edge_builds.

Belongs here: putting a build together. Does not belong here: graphs (graphs.py), rounding in training (awareness.py), adapters in
integers (adapters.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenovo_pipeline.models.builds import Artifact, Build, kept
from lenovo_pipeline.models.compression import edge
from lenovo_pipeline.models.compression.adapters import quantised_adapters
from lenovo_pipeline.models.compression.awareness import rounding_aware
from lenovo_pipeline.models.compression.base import save_model
from lenovo_pipeline.models.compression.graphs import Bits, copy_companions, head_size, read_graph, write_graph
from lenovo_pipeline.models.compression.levels import LEVEL_PLANS, TARGET_PLANS
from lenovo_pipeline.models.compression.making import Making
from lenovo_pipeline.models.compression.post_training import with_calibrated_integers, with_dynamic_integers
from lenovo_pipeline.models.compression.recovery import plan_of
from lenovo_pipeline.models.compression.sizes import RATES

if TYPE_CHECKING:
    from onnx import ModelProto

    from lenovo_pipeline.models.tuning.trainer import Trained

EIGHT = Bits(matrices=8, matrix_block=64, embeddings=8, embedding_block=64)
FOUR = Bits(matrices=4, matrix_block=32, embeddings=4, embedding_block=32)


def quantised(making: Making, adapters: Sequence[Mapping[str, Any]] = ()) -> list[Build]:
    """The base in 8 bits (scaled when it runs, by calibration, and trained for it), in 4 bits, and its adapters (rows of build
    tables) in 8 bits. Raises PermanentFailure for a build that does not answer.
    """
    single = making.single

    def calibrated(graph: "ModelProto") -> "ModelProto":
        return with_calibrated_integers(graph, [row.ids for row in making.lesson.calibration], head_size(single.folder))

    made: list[tuple[str, str, Artifact, Mapping[str, Any]]] = [
        ("int8/dynamic", "int8_dynamic", _converted(making, "dynamic", with_dynamic_integers), {}),
        (
            "int8/static",
            "int8_static",
            _converted(making, "static", calibrated, calibrated_on=making.lesson_version),
            {"calibration_prompts": making.sizes.calibration},
        ),
        ("int8/qat", "int8_qat", *_trained_for(making, EIGHT, making.sizes.aware_8)),
        ("int4", "int4", edge.with_bits(making.store, single, FOUR, making.versions), {}),
    ]
    builds = [_row(making, name, method, artifact, more) for name, method, artifact, more in made]
    return [*builds, *quantised_adapters(making, adapters)]


def edge_builds(making: Making) -> list[Build]:
    """Each level for each target, with its passport. Targets whose files are the same share a folder and its hash."""
    builds = []
    for level in LEVEL_PLANS:
        single, more = making.single, dict[str, Any]()
        if level.trained:
            single, more = _exported_after(making, level.bits, making.sizes.aware_4)
        for target in TARGET_PLANS:
            artifact = edge.for_target(making.store, single, level, target, making.versions)
            wanted = {"wanted_smaller_by": level.smaller_by, "processor": target.processor, "runs_here": target.here}
            builds.append(
                making.build(
                    f"edge/{level.name}/{target.name}",
                    "edge",
                    "onnx",
                    artifact,
                    **_origin(making, more),
                    level=level.name,
                    target=target.name,
                    measures={**making.measures(artifact, target), **wanted, **more},
                )
            )
    return builds


def _row(making: Making, name: str, method: str, artifact: Artifact, more: Mapping[str, Any]) -> Build:
    return making.build(name, method, "onnx", artifact, **_origin(making, more), measures={**making.measures(artifact), **more})


def _origin(making: Making, more: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says of the training that went before; nothing without one."""
    training = more.get("training")
    if not training:
        return {"parameters": making.base.foundation["parameters"]}
    return {
        "parameters": making.base.foundation["parameters"],
        "trainable_parameters": making.base.foundation["parameters"],
        "validation_loss": training["best_validation_loss"],
        "training_set": making.training_set,
        "mlflow_run_id": more["mlflow_run_id"],
    }


def _converted(making: Making, kind: str, convert: "Callable[[ModelProto], ModelProto]", **more: Any) -> Artifact:
    """A build in single precision after a conversion of its graph."""
    single = making.single

    def make(folder: Path) -> Mapping[str, Any]:
        graph = convert(read_graph(single.folder))
        copy_companions(single.folder, folder)
        write_graph(graph, folder)
        return {}

    return kept(making.store, "quantised", making.recipe(kind, source=single.content, **more), make)


def _trained_for(making: Making, bits: Bits, steps: int) -> tuple[Artifact, Mapping[str, Any]]:
    single, more = _exported_after(making, bits, steps)
    return edge.with_bits(making.store, single, bits, making.versions), more


def _exported_after(making: Making, bits: Bits, steps: int) -> tuple[Artifact, dict[str, Any]]:
    """A build in single precision of the base after training that saw these bits, and what the training reported."""
    plan = plan_of(making.sizes, steps, RATES["aware"], making.seed)
    made_by = making.recipe("aware", bits=asdict(bits), plan=asdict(plan), lesson=making.lesson_version)

    def write(model: Any, folder: Path, train: "Callable[[], Trained]") -> Mapping[str, Any]:
        train()
        # Single precision: in fewer digits the weights would leave the levels that they were trained on.
        save_model(model, making.base.folder, folder, exact=True)
        return {}

    trained = making.trained("aware", made_by, plan, write, within=lambda model: rounding_aware(model, bits))
    report = trained.made_by["report"]
    single = edge.exported(making.store, trained.folder, trained.content, making.versions)
    return single, {"training": report["training"], "mlflow_run_id": report["mlflow_run_id"]}
