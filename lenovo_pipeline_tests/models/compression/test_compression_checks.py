"""Every check of compression fails on data that it is there for, and says what it found."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.models.builds import Build, build_rows, kept
from lenovo_pipeline.models.compression import checks
from lenovo_pipeline.models.compression.levels import LEVEL_PLANS, TARGET_PLANS
from lenovo_pipeline.models.compression.passport import figure
from lenovo_pipeline.models.tables import DISTILLED, EDGE_BUILDS, PRUNED, QUANTISED
from lenovo_pipeline.resources.inference import Backend, Inference, ModelSource
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings

Change = Callable[[dict[str, Any]], None]


class Place:
    """A store with builds in it, and what the checks are given."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root)
        self.warehouse = Warehouse(str(root / "warehouse.duckdb"))
        self.inference = Inference(Settings(profile="smoke", store=root))

    def keep(self, source: Path, name: str = "a") -> Any:
        """A copy of a folder as an artifact."""

        def make(folder: Path) -> Mapping[str, Any]:
            shutil.copytree(source, folder, dirs_exist_ok=True)
            return {}

        return kept(self.store, "edge", {"name": name}, make)

    def row(self, artifact: Any, name: str, method: str, form: str, **more: Any) -> dict[str, Any]:
        given: dict[str, Any] = {"training_set": None, "parameters": 1000, "trainable_parameters": None, "validation_loss": None}
        build = Build(
            **{
                "model": "lenovo-nano",
                "build": name,
                "method": method,
                "domain": "all",
                "format": form,
                "artifact": artifact.content,
                "path": artifact.path,
                "base": "b" * 64,
                "base_revision": None,
                "tokenizer_hash": None,
                "template_hash": None,
                "licence": "Apache-2.0",
                "size_bytes": artifact.size_bytes,
                **given,
                **more,
            }
        )
        return dict(build_rows([build], EDGE_BUILDS).iloc[0])

    def put(self, table: Table, rows: list[dict[str, Any]]) -> None:
        self.warehouse.replace(table, pd.DataFrame(rows, columns=list(table.column_names)), model="lenovo-nano")

    def found(self, check: Any) -> str:
        """What the check says is wrong; empty if it passes."""
        given = {"store": self.store, "warehouse": self.warehouse}
        if "inference" in check.node_def.required_resource_keys or "inference" in check.required_resource_keys:
            given["inference"] = self.inference
        result = check(**given)
        return "" if result.passed else str(result.metadata["found"].value)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "store")


@pytest.fixture
def edges(place: Place, single_precision: Path) -> list[dict[str, Any]]:
    """Rows of all levels and targets that have nothing wrong; all are the same files."""
    artifact = place.keep(single_precision)
    rows = []
    for level in LEVEL_PLANS:
        for target in TARGET_PLANS:
            figures = {
                "size_mb": figure(1, "MB", "sum"),
                "token_agreement": figure(0.9, "share", "estimated" if not target.here else "measured", measured=target.here),
            }
            measures = {"figures": figures, "single_precision_mb": artifact.size_bytes / 1e6 / (1 - level.smaller_by) * 1.01}
            name = f"edge/{level.name}/{target.name}"
            more = {"level": level.name, "target": target.name, "measures": measures}
            rows.append(place.row(artifact, name, "edge", "onnx", **more))
    return rows


EDGE_CHECKS = (
    checks.every_level_reaches_its_size,
    checks.every_level_has_a_build_for_every_target,
    checks.nothing_estimated_is_stated_as_measured,
    checks.edge_builds_are_whole_and_answer,
)


def test_builds_with_nothing_wrong_pass(place: Place, edges: list[dict[str, Any]]) -> None:
    place.put(EDGE_BUILDS, edges)
    assert [place.found(check) for check in EDGE_CHECKS] == [""] * 4


def test_a_build_that_is_too_large_for_its_level_fails(place: Place, edges: list[dict[str, Any]]) -> None:
    edges[0]["size_bytes"] = int(edges[0]["size_bytes"] * 1.2)
    place.put(EDGE_BUILDS, edges)
    said = place.found(checks.every_level_reaches_its_size)
    assert "edge/light/edge-x86_64 is 40.6% smaller than in single precision, expected at least 50%" in said


def test_a_target_without_a_build_fails(place: Place, edges: list[dict[str, Any]]) -> None:
    place.put(EDGE_BUILDS, edges[:-1])
    said = place.found(checks.every_level_has_a_build_for_every_target)
    assert "lenovo-nano has no aggressive build for embedded-armv7" in said


def test_an_estimate_that_is_stated_as_measured_fails(place: Place, edges: list[dict[str, Any]]) -> None:
    edges[1]["measures"]["figures"]["token_agreement"]["measured"] = True
    edges[2]["measures"]["figures"]["size_mb"]["method"] = ""
    place.put(EDGE_BUILDS, edges)
    said = place.found(checks.nothing_estimated_is_stated_as_measured)
    assert "token_agreement is stated as measured, and android-arm64-v8a cannot run here" in said
    assert "size_mb does not say how it came about" in said


def test_a_build_whose_weights_were_changed_or_are_gone_fails(place: Place, edges: list[dict[str, Any]]) -> None:
    place.put(EDGE_BUILDS, edges)
    weights = place.store.root / edges[0]["path"] / "model.onnx.data"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert "model.onnx.data was changed" in place.found(checks.edge_builds_are_whole_and_answer)
    weights.unlink()
    assert "model.onnx.data is missing" in place.found(checks.edge_builds_are_whole_and_answer)


def test_a_build_that_is_whole_but_another_one_fails(place: Place, edges: list[dict[str, Any]], tiny_base: Path) -> None:
    edges[0]["artifact"] = "0" * 32
    place.put(EDGE_BUILDS, edges)
    assert "are others than were made" in place.found(checks.edge_builds_are_whole_and_answer)


@pytest.mark.parametrize(("table", "check"), [(EDGE_BUILDS, checks.edge_builds_are_whole_and_answer),
                                              (QUANTISED, checks.quantised_builds_are_whole_and_answer)])  # fmt: skip
def test_a_build_that_does_not_open_fails(place: Place, single_precision: Path, tmp_path: Path, table: Table, check: Any) -> None:
    broken = Path(shutil.copytree(single_precision, tmp_path / "broken"))
    (broken / "model.onnx").write_bytes(b"no graph")
    place.put(table, [place.row(place.keep(broken), "int4", "int4", "onnx", level="light", target="edge-x86_64")])
    assert "it cannot be opened" in place.found(check)


def test_the_same_files_are_opened_once_and_hashed_each_time(
    place: Place, edges: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[ModelSource] = []
    monkeypatch.setattr(place, "inference", Counting(place.inference, opened))
    place.put(EDGE_BUILDS, edges)
    assert [place.found(checks.edge_builds_are_whole_and_answer) for _ in range(2)] == ["", ""]
    assert len(opened) == 1
    (place.store.root / edges[0]["path"] / "model.onnx.data").unlink()
    assert "model.onnx.data is missing" in place.found(checks.edge_builds_are_whole_and_answer)


class Counting:
    """Models as they are opened, and a note of each."""

    def __init__(self, inference: Inference, opened: list[ModelSource]) -> None:
        self._inference, self._opened = inference, opened

    def open(self, source: ModelSource) -> Backend:
        self._opened.append(source)
        return self._inference.open(source)


def transformers_row(place: Place, folder: Path, method: str, measures: Mapping[str, Any]) -> dict[str, Any]:
    return place.row(place.keep(folder), method, method, "transformers", measures=measures)


def test_a_model_pruned_by_magnitude_that_has_no_zeros_fails(place: Place, tiny_base: Path) -> None:
    place.put(PRUNED, [transformers_row(place, tiny_base, "magnitude", {"zeros_share": 0.3})])
    assert "0.0% weights are zero, stated are 30.0%" in place.found(checks.pruned_models_are_whole_and_smaller)
    place.put(PRUNED, [transformers_row(place, tiny_base, "magnitude", {"zeros_share": 0.0})])
    assert place.found(checks.pruned_models_are_whole_and_smaller) == ""


def test_a_model_pruned_by_structure_that_is_no_smaller_fails(place: Place, tiny_base: Path) -> None:
    from lenovo_pipeline.models.compression.base import open_model, parameters_of

    count = parameters_of(open_model(tiny_base))
    place.put(PRUNED, [transformers_row(place, tiny_base, "structured", {"base_parameters": count})])
    assert f"structured has {count:,} parameters, no fewer than its base" in place.found(
        checks.pruned_models_are_whole_and_smaller
    )


def test_a_student_of_more_than_half_fails(place: Place, tiny_base: Path) -> None:
    place.put(DISTILLED, [transformers_row(place, tiny_base, "distilled", {"base_parameters": 1_500_000})])
    assert "more than 50% of 1,500,000" in place.found(checks.students_are_whole_and_half_the_size)
    place.put(DISTILLED, [transformers_row(place, tiny_base, "distilled", {"base_parameters": 9_500_000})])
    assert place.found(checks.students_are_whole_and_half_the_size) == ""
