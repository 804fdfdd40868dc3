"""Real runs of the job that evaluates a model: from its scores to the snapshot, and a failing model beside a good one."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml
from dagster import DagsterInstance, ExecuteInProcessResult

from lenovo_pipeline.build import build_defs
from lenovo_pipeline.evaluation.kinds import baseline_contenders
from lenovo_pipeline.evaluation.scoring import score_all
from lenovo_pipeline.evaluation.tables import BASELINES, RAW_FOUNDATION, WORKFLOW_KINDS
from lenovo_pipeline.measures.runner import RunSettings
from lenovo_pipeline.models.catalogue import read_catalogue
from lenovo_pipeline.models.tables import CATALOGUE
from lenovo_pipeline.resources.inference import ModelIdentity, Reach
from lenovo_pipeline.resources.inference.model_folder import identify
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.reader import status, why
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

Make = Callable[..., Any]


_NEEDING_OTHER_STAGES = ("agentic_workflow", "probes", "robustness", "bias", "stress")
"""Assets that are made from prompts, attempts and passages, which are not there; they have tests of their own."""


class Served:
    """Models by name of the folder or tag that they are reached by."""

    def __init__(self, **backends: Any) -> None:
        self.backends = backends

    def reach(self, source: Any) -> Reach:
        return Reach(self._backend(source) is not None, "There is no such model.")

    def open(self, source: Any, *, adapter: Path | None = None) -> Any:
        return self._backend(source)

    def _backend(self, source: Any) -> Any:
        return next((backend for name, backend in self.backends.items() if name in str(source.identifier)), None)


class Factory:
    """The stages evaluation and roster on a warehouse that holds what they need, with models of the test."""

    def __init__(self, settings: Settings, instance: DagsterInstance) -> None:
        self.settings, self.instance = settings, instance
        self.store = Store(settings.store)
        self.warehouse = Warehouse(str(self.store.warehouse))

    def evaluate(self, model: str, served: Served) -> ExecuteInProcessResult:
        defs = build_defs(settings=self.settings, resources={"inference": served})
        job = defs.resolve_job_def("evaluate_model")
        # What is built from a model, and what is put around one, has tests of its own.
        chosen = [
            key
            for key in job.asset_layer.selected_asset_keys
            if (key.path[0] in ("evaluation", "roster") or key.path == ["models", "foundation"])
            and not (key.path[0] == "evaluation" and key.path[1] in (*WORKFLOW_KINDS, *_NEEDING_OTHER_STAGES))
        ]
        return job.execute_in_process(
            instance=self.instance, partition_key=model, raise_on_error=False, asset_selection=sorted(chosen)
        )

    def versions(self) -> dict[str, str]:
        rows = self.warehouse.frame("SELECT qualified_name || ' ' || model AS name, digest FROM pipeline.tables")
        return dict(zip(rows["name"], rows["digest"], strict=True))

    def metadata(self, result: ExecuteInProcessResult, asset: str) -> dict[str, Any]:
        (event,) = [
            event
            for event in result.get_asset_materialization_events()
            if event.asset_key is not None and "/".join(event.asset_key.path) == asset
        ]
        return {name: value.value for name, value in event.materialization.metadata.items()}


@pytest.fixture
def factory(settings: Settings, instance: DagsterInstance, empty_tracking_database: Path, gold: Any) -> Factory:
    settings.store.mkdir(parents=True)
    made = Factory(settings, instance)
    made.store.open()
    shutil.copy(empty_tracking_database, made.store.mlflow)
    gold.store(made.warehouse)
    rows = read_catalogue(settings.catalogue).rows()
    made.warehouse.replace(CATALOGUE, pd.DataFrame(rows, columns=list(CATALOGUE.column_names)))
    contenders = baseline_contenders(gold.asked()[1], settings.seed)
    scored = score_all(contenders, BASELINES, None, logs=settings.store, settings=RunSettings(seed=settings.seed))
    made.warehouse.replace(BASELINES, scored.frame)
    return made


def test_a_model_is_evaluated_decided_on_and_published_and_one_that_fails_touches_nothing_of_it(
    factory: Factory, reader: Make, tmp_path: Path
) -> None:
    good = Served(**{"lenovo-nano": Known(reader()), "phi4-mini": Dying(reader(dies_after=5))})
    first = factory.evaluate("lenovo-nano", good)
    assert first.success, [event.message for event in first.all_events if event.is_failure]
    assert "lenovo-nano/open-book" in factory.metadata(first, "evaluation/leaderboard")["headline"]
    assert factory.metadata(first, "evaluation/raw_foundation")["asked"] == 42
    assert 0 < factory.metadata(first, "evaluation/raw_foundation")["minimum_detectable_effect"] < 1
    before = factory.versions()

    again = factory.evaluate("lenovo-nano", good)
    assert again.success
    assert factory.metadata(again, "evaluation/raw_foundation")["asked"] == 0
    assert factory.versions() == before
    assert factory.metadata(again, "roster/decisions")["added"] == 0

    other = factory.evaluate("phi-4-mini", good)
    assert other.success, [event.message for event in other.all_events if event.is_failure]
    after = factory.versions()
    assert after["evaluation.raw_foundation lenovo-nano"] == before["evaluation.raw_foundation lenovo-nano"]
    assert factory.metadata(other, "evaluation/raw_foundation")["failures"] == 37
    failed = factory.warehouse.load(RAW_FOUNDATION, model="phi-4-mini")
    assert failed["failure"].str.contains("the connection was refused").sum() == 37

    gone = factory.evaluate("phi-4-mini", Served(**{"lenovo-nano": Known(reader())}))
    assert gone.success, "a model that cannot be reached is skipped and no failure"
    assert factory.versions() == after

    # Without the identity that models/foundation resolved, it is not asked at all.
    factory.settings = factory.settings.model_copy(update={"seed": factory.settings.seed + 1})
    changed = factory.evaluate("lenovo-nano", Served(**{"lenovo-nano": reader()}))
    assert not changed.success
    assert any("is another model" in str(event.event_specific_data) for event in changed.get_step_failure_events())
    assert factory.versions() == after
    factory.settings = factory.settings.model_copy(update={"seed": factory.settings.seed - 1})

    said, _ = status(factory.store)
    assert "0 entries in production, 9 candidates" in said
    assert "held" in why(factory.store, "phi-4-mini/open-book")
    with duckdb.connect(str(factory.store.published / "warehouse.duckdb"), read_only=True) as snapshot:
        ((headers,),) = snapshot.execute("SELECT count(*) FROM evaluation.headers").fetchall()
    assert headers == 9

    broken = tmp_path / "broken.yaml"
    policy = yaml.safe_load(factory.settings.policy.read_text(encoding="utf-8"))
    policy["use_cases"]["support_desk"]["floors"][0]["metric"] = "magic"
    broken.write_text(yaml.safe_dump(policy), encoding="utf-8")
    factory.settings = factory.settings.model_copy(update={"policy": broken})
    refused = factory.evaluate("lenovo-nano", good)
    assert not refused.success
    assert any("metric 'magic' is unknown" in str(event.event_specific_data) for event in refused.get_step_failure_events())
    assert factory.versions() == after


class Known:
    """The bundled model as far as its identity goes, answering as the test says."""

    def __init__(self, backend: Any) -> None:
        self.backend = backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def identity(self) -> ModelIdentity:
        return identify(PROJECT_ROOT / "data" / "models" / "lenovo-nano")


class Dying:
    """A served model whose answers end midway; its identity can still be asked for."""

    def __init__(self, backend: Any) -> None:
        self.backend = backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def identity(self) -> ModelIdentity:
        return ModelIdentity("ollama", "phi4-mini", "sha256:1", None, None, None, None, None)
