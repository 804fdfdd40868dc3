"""The assets of compression in real runs: all kinds of builds with passports, re-used, checked, and made again when damaged."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from dagster import AssetCheckResult, DagsterEventType

from lenovo_pipeline.failures import PermanentFailure, SkippedPartition
from lenovo_pipeline.models import assets as models_assets
from lenovo_pipeline.models.builds import Build, build_rows, kept
from lenovo_pipeline.models.compression import assets, checks, edge
from lenovo_pipeline.models.compression.base import base_of
from lenovo_pipeline.models.tables import (
    ADAPTERS,
    AVAILABILITY,
    CATALOGUE,
    DISTILLED,
    EDGE_BUILDS,
    FOUNDATION,
    PRUNED,
    QUANTISED,
    TRAINING_SETS,
)
from lenovo_pipeline.partitions import MODEL_PARTITIONS
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.checks import contract_check
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.inference.errors import ModelUnavailable
from lenovo_pipeline.resources.inference.local import open_local
from lenovo_pipeline.resources.inference.messages import GenerationSettings, Message, ModelIdentity
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

COMMITTED = PROJECT_ROOT / "data" / "catalogue" / "models.yaml"
BUILDS = (PRUNED, DISTILLED, QUANTISED, EDGE_BUILDS)
CHECKS = tuple(each for each in vars(checks).values() if type(each).__name__ == "AssetChecksDefinition")


class User:
    """Somebody whose bundled model is a small one of random weights."""

    def __init__(self, trial: Any, path: Path, folder: Path, adapter: Path, examples: Sequence[Mapping[str, Any]]) -> None:
        self.trial, self.folder, self.adapter = trial, folder, adapter
        found = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
        found["partitions"][0]["identifiers"]["folder"] = str(folder)
        path.write_text(yaml.safe_dump(found, sort_keys=False, allow_unicode=True), encoding="utf-8")
        changes = {"catalogue": path, "ollama_url": "http://127.0.0.1:9", "github_token": None, "openai_url": None}
        trial.settings = Settings(**{**trial.settings.model_dump(), **changes})
        rows = [
            {**each, "example_id": f"TS-{number:016x}", "domain": "all", "question_id": None, "record_ids": []}
            for number, each in enumerate(examples)
        ]

        @table_asset(TRAINING_SETS)
        def training_sets() -> pd.DataFrame:
            return pd.DataFrame(rows, columns=list(TRAINING_SETS.column_names))

        @table_asset(ADAPTERS, partitions_def=MODEL_PARTITIONS, foundation=FOUNDATION)
        def adapters(foundation: pd.DataFrame) -> pd.DataFrame:
            return self.adapter_rows(foundation.iloc[0].to_dict())

        self.sources = (models_assets.catalogue, models_assets.availability, models_assets.foundation, training_sets, adapters)

    def adapter_rows(self, foundation: Mapping[Any, Any]) -> pd.DataFrame:
        """The row of an adapter that was trained elsewhere."""

        def make(folder: Path) -> Mapping[str, Any]:
            shutil.copytree(self.adapter, folder, dirs_exist_ok=True)
            return {}

        made = kept(self.trial.store, "adapters", {"name": "trained elsewhere"}, make)
        build = Build(
            model="lenovo-nano",
            build="lenovo-nano/lora/device_support",
            method="lora",
            domain="device_support",
            format="adapter",
            artifact=made.content,
            path=made.path,
            base=foundation["identity"],
            base_revision=foundation["revision"],
            tokenizer_hash=foundation["tokenizer_hash"],
            template_hash=foundation["template_hash"],
            training_set="0123456789abcdef",
            licence="Apache-2.0",
            parameters=1000,
            trainable_parameters=10,
            size_bytes=made.size_bytes,
            validation_loss=1.0,
        )
        return build_rows([build], ADAPTERS)

    def run(self, *parts: Any, model: str = "lenovo-nano") -> Any:
        tables = (CATALOGUE, AVAILABILITY, FOUNDATION, TRAINING_SETS, ADAPTERS, *BUILDS)
        return self.trial.run(*self.sources, *parts, tables=tables, partition=model)

    def rows(self, table: Any) -> list[dict[str, Any]]:
        found = self.trial.warehouse.load(table).to_dict("records")
        return [{**row, "measures": json.loads(row["measures"])} for row in found]

    @property
    def digests(self) -> list[str]:
        return [self.trial.warehouse.described(table, model="lenovo-nano")["digest"] for table in BUILDS]


@pytest.fixture
def user(trial: Any, base_folder: Path, adapter: Path, tmp_path: Path, examples: Sequence[Mapping[str, Any]]) -> User:
    return User(trial, tmp_path / "models.yaml", base_folder, adapter, examples)


def failed_checks(result: Any) -> dict[str, str]:
    evaluations = [each for each in result.get_asset_check_evaluations() if not each.passed]
    return {each.check_name: str(each.metadata["found"].value) for each in evaluations}


def said_by_the_failed_step(result: Any) -> str:
    failures = [event for event in result.all_events if event.event_type == DagsterEventType.STEP_FAILURE]
    return str(failures[0].step_failure_data)


def test_every_kind_of_build_is_made_with_its_passport_and_not_made_again(user: User) -> None:
    all_parts = (assets.pruned, assets.distilled, assets.quantised, assets.edge_builds, *CHECKS)
    result = user.run(*all_parts, *(contract_check(table) for table in BUILDS))
    assert result.success, said_by_the_failed_step(result)
    # The tokenizer of a model this small is too many of its bytes for the last level, and for that alone.
    failed = failed_checks(result)
    assert set(failed) == {"every_level_reaches_its_size"}
    assert failed["every_level_reaches_its_size"].count("edge/aggressive/") == 4

    methods = {row["method"]: row for table in (PRUNED, DISTILLED, QUANTISED) for row in user.rows(table)}
    quantised = {"int8_dynamic", "int8_static", "int8_qat", "int4", "quantised_adapter"}
    assert set(methods) == {"magnitude", "structured", "distilled", *quantised}
    assert methods["distilled"]["parameters"] <= methods["magnitude"]["parameters"] / 2
    assert methods["structured"]["size_bytes"] < methods["magnitude"]["size_bytes"]
    assert methods["int8_qat"]["training_set"] == "0123456789abcdef"
    assert methods["int8_qat"]["mlflow_run_id"]

    whole = methods["quantised_adapter"]
    assert (whole["build"], whole["domain"]) == ("lenovo-nano/int8/lora/device_support", "device_support")
    assert whole["measures"]["smaller_by"] > 0.5
    opened = open_local(user.folder).with_adapter(user.trial.store.root / whole["path"])
    assert opened.generate([Message("user", "Question: How heavy is it?")], GenerationSettings(max_tokens=3)).tokens_out

    edges = user.rows(EDGE_BUILDS)
    assert len(edges) == 12
    same = {row["target"]: row["artifact"] for row in edges if row["level"] == "light"}
    assert same["android-arm64-v8a"] == same["ios-arm64"]
    assert len(set(same.values())) == 3
    for row in edges:
        figures = row["measures"]["figures"]
        assert set(figures) == {"size_mb", "first_token_s", "decode_tokens_per_s", "peak_memory_mb", "token_agreement"}
        here = row["target"] == "edge-x86_64"
        assert all(each["measured"] is (here or name == "size_mb") for name, each in figures.items())
        assert all("estimated" in each["method"] for each in figures.values() if not each["measured"])
        agreement = figures["token_agreement"]
        assert 0 <= agreement["lower"] <= agreement["value"] <= agreement["upper"] <= 1
        assert agreement["value"] > (0.5 if row["level"] == "light" else 0.1)
        assert figures["peak_memory_mb"]["value"] < 400
        config = json.loads((user.trial.store.root / row["path"] / "genai_config.json").read_text())
        options = config["model"]["decoder"]["session_options"]
        assert options.get("intra_op_num_threads") == {"edge-x86_64": None, "embedded-armv7": 4}.get(row["target"], 2)
    (made,) = result.asset_materializations_for_node("models__edge_builds")
    assert (made.metadata["folders"].value, made.metadata["builds"].value, made.metadata["models"].value) == (12, 9, 6)
    assert "~" in str(made.metadata["passports"].value)
    assert "data:image/png;base64" in str(made.metadata["picture"].value)

    before, runs = user.digests, len(trainings(user))
    (user.trial.store.root / edges[0]["path"] / "model.onnx.data").write_bytes(b"damaged")
    damaged = checks.edge_builds_are_whole_and_answer(
        store=user.trial.store, warehouse=user.trial.warehouse, inference=Inference(user.trial.settings)
    )
    assert isinstance(damaged, AssetCheckResult)
    assert "model.onnx.data was changed" in str(damaged.metadata["found"].value)
    again = user.run(*all_parts)
    assert again.success
    assert set(failed_checks(again)) == {"every_level_reaches_its_size"}
    assert user.digests == before
    assert len(trainings(user)) == runs


def trainings(user: User) -> list[Any]:
    client = user.trial.client()
    (experiment,) = [each for each in client.search_experiments() if each.name == "models"]
    found = client.search_runs([experiment.experiment_id])
    return [run for run in found if run.data.metrics.get("tokens_per_s")]


def test_a_partition_without_weights_here_is_skipped_and_the_others_stay(user: User) -> None:
    skipped = user.run(assets.distilled, model="phi-4-mini")
    assert skipped.success
    assert not skipped.asset_materializations_for_node("models__distilled")


def test_a_base_that_a_server_holds_is_skipped_with_what_would_change_that(sources: Any, row: Any) -> None:
    served = ModelIdentity("ollama", "tiny:1b", "r", None, None, None, 64, 37)
    catalogue_row = {**row("tiny", ollama="tiny:1b"), "licence": "MIT"}
    with pytest.raises(SkippedPartition, match=r"tiny is reached by ollama, .* needs its weights: put its folder"):
        base_of({"model": "tiny", "revision": "r"}, catalogue_row, sources({"tiny:1b": served}))


def test_a_base_that_changed_since_it_was_resolved_is_refused(sources: Any, row: Any, base_folder: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"another revision .*Materialise models/foundation"):
        base_of({"model": "tiny", "revision": "other"}, {**row("tiny", folder=str(base_folder)), "licence": "MIT"}, sources())


def test_corrupted_weights_fail_the_asset_and_keep_what_was_made(user: User) -> None:
    assert user.run(assets.distilled).success
    before = user.rows(DISTILLED)
    weights = user.folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    result = user.run(assets.distilled)
    assert not result.success
    assert "cannot be used" in said_by_the_failed_step(result)
    assert user.rows(DISTILLED) == before
    assert (user.trial.store.root / before[0]["path"]).is_dir()


def test_weights_that_cannot_be_exported_leave_nothing_behind(base_folder: Path, tmp_path: Path) -> None:
    (base_folder / "model.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(PermanentFailure, match="cannot be built for edge targets"):
        edge.exported(Store(tmp_path), base_folder, "tiny", {})
    assert list((tmp_path / "artifacts" / "edge").iterdir()) == []


def test_a_full_disk_is_an_error_that_says_so_and_leaves_nothing_behind(
    single_precision: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnx

    from lenovo_pipeline.models.compression.quantising import EIGHT

    store = Store(tmp_path)

    def copied(folder: Path) -> Mapping[str, Any]:
        for path in single_precision.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        return {}

    single = kept(store, "edge", {"kind": "single"}, copied)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(onnx, "save_model", full)
        with pytest.raises(PermanentFailure, match=r"cannot be written \(No space left on device\).*Free some space"):
            edge.with_bits(store, single, EIGHT, {})
    assert [path.name for path in single.folder.parent.iterdir()] == [single.folder.name]
    assert not edge.with_bits(store, single, EIGHT, {}).reused
    assert edge.with_bits(store, single, EIGHT, {}).reused


def test_a_kill_in_the_middle_of_an_export_leaves_no_half_build_for_the_next_run(base_folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from lenovo_pipeline.models.compression.edge import exported\n"
        "from lenovo_pipeline.resources.store import Store\n"
        "exported(Store(Path(sys.argv[1])), Path(sys.argv[2]), 'tiny', {})"
    )
    command = [sys.executable, "-c", code, str(tmp_path), str(base_folder)]
    running = subprocess.Popen(command, cwd=PROJECT_ROOT, start_new_session=True)
    place = tmp_path / "artifacts" / "edge"
    while running.poll() is None and not list(place.glob(".*.new")):
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert [path.name for path in place.iterdir() if not path.name.startswith(".")] == []
    made = edge.exported(Store(tmp_path), base_folder, "tiny", {})
    assert not made.reused
    assert (made.folder / "manifest.json").is_file()
