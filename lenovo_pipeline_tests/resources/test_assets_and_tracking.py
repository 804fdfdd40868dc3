"""What every asset carries, how it fails and is tried again, and what each leaves in the warehouse and in MLflow."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from dagster import AssetKey, DagsterEventType, ExecuteInProcessResult, ResourceParam, StaticPartitionsDefinition, TableSchema

from lenovo_pipeline.contracts import HASH_COLUMN, Column, Table
from lenovo_pipeline.failures import PermanentFailure, TransientFailure
from lenovo_pipeline.resources import attempts
from lenovo_pipeline.resources.assets import StoreReport, store_asset, table_asset
from lenovo_pipeline.resources.checks import contract_check, violations_check
from lenovo_pipeline.resources.markdown import markdown_table
from lenovo_pipeline.resources.tracking import Tracking
from lenovo_pipeline.resources.warehouse import Warehouse

if TYPE_CHECKING:
    from mlflow.entities import Run

PEOPLE = Table(
    stage="enterprise",
    name="people",
    description="People.",
    columns=(
        Column(name="person_id", type="text", description="Key.", pattern=r"P\d"),
        Column(name="full_name", type="text", description="Name.", personal=True),
        Column(name="height", type="number", description="Height.", unit="cm", nullable=True, maximum=250),
    ),
    key=("person_id",),
)
VISITS = Table(
    stage="knowledge",
    name="visits",
    description="Visits.",
    columns=(
        Column(name="visit_id", type="integer", description="Key."),
        Column(name="person_id", type="text", description="Who.", references="enterprise.people.person_id"),
        Column(name="length", type="number", description="Length.", derived_from=("enterprise.people.height",)),
    ),
    key=("visit_id",),
)
TABLES = (PEOPLE, VISITS)


def rows(height: float | None = 170.0) -> pd.DataFrame:
    return pd.DataFrame({"person_id": ["P1", "P2"], "full_name": ["Ada Secret", "Bob Hidden"], "height": [height, None]})


@table_asset(PEOPLE)
def people() -> pd.DataFrame:
    """Makes people."""
    return rows()


@table_asset(VISITS, people=PEOPLE)
def visits(people: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for i, person in enumerate(people["person_id"]):
        yield pd.DataFrame({"visit_id": [i], "person_id": [person], "length": [1.5]})


@store_asset("roster", "shelf", description="A shelf.", kinds={"neo4j"}, deps=[VISITS, "enterprise/people"], columns=VISITS)
def shelf(warehouse: ResourceParam[Warehouse]) -> StoreReport:
    count = len(warehouse.load(VISITS))
    return StoreReport(
        data_version=f"v{count}", counts={"books": count, "odd": float("nan"), "endless": float("inf")}, metadata={"note": "n"}
    )


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "RETRY_WAIT_S", 0)


def materialization(result: ExecuteInProcessResult, key: str) -> Any:
    (event,) = [
        event
        for event in result.all_events
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION and event.asset_key == AssetKey(key.split("/"))
    ]
    return event.step_materialization_data.materialization


def tracked_runs(trial: Any, experiment: str) -> Sequence["Run"]:
    client = trial.client()
    found = client.get_experiment_by_name(experiment)
    return [] if found is None else client.search_runs([found.experiment_id])


def test_a_run_leaves_tables_metadata_data_versions_and_one_mlflow_run_for_each_asset(trial: Any) -> None:
    result = trial.run(people, visits, shelf, contract_check(PEOPLE), contract_check(VISITS), tables=TABLES)
    assert result.success

    assert trial.warehouse.load(VISITS)["person_id"].tolist() == ["P1", "P2"]

    made = materialization(result, "knowledge/visits")
    said = {name: value.value for name, value in made.metadata.items()}
    assert (said["dagster/row_count"], said["changed"]) == (2, True)
    assert said["bytes"] > 0
    assert said["seconds"] >= 0
    assert made.tags["dagster/data_version"] == trial.warehouse.described(VISITS)["digest"]
    assert materialization(result, "roster/shelf").tags["dagster/data_version"] == "v2"
    assert materialization(result, "roster/shelf").metadata["note"].value == "n"

    (parent,) = tracked_runs(trial, "runs")
    assert parent.info.status == "FINISHED"
    for experiment, asset, metrics in (
        ("enterprise", "enterprise/people", {"rows": 2.0}),
        ("knowledge", "knowledge/visits", {"rows": 2.0}),
        ("roster", "roster/shelf", {"books": 2.0}),
    ):
        (run,) = tracked_runs(trial, experiment)
        assert run.info.status == "FINISHED"
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.data.tags["dagster_run_id"] == result.run_id
        assert run.data.tags["asset"] == asset
        assert metrics.items() <= run.data.metrics.items()
        assert materialization(result, asset).metadata["mlflow_run_id"].value == run.info.run_id
    (shelf_run,) = tracked_runs(trial, "roster")
    assert set(shelf_run.data.metrics) == {"books", "seconds"}
    assert {evaluation.passed for evaluation in result.get_asset_check_evaluations()} == {True}


def test_no_personal_value_reaches_metadata_or_logs(trial: Any) -> None:
    result = trial.run(people, contract_check(PEOPLE), tables=TABLES)
    preview = materialization(result, "enterprise/people").metadata["preview"].value
    assert "P1" in preview
    assert "full_name" not in preview
    for entry in trial.instance.all_logs(result.run_id):
        assert "Secret" not in str(entry)


def test_a_second_run_says_unchanged_and_keeps_the_data_versions(trial: Any) -> None:
    first = trial.run(people, visits, tables=TABLES)
    second = trial.run(people, visits, tables=TABLES)
    for key in ("enterprise/people", "knowledge/visits"):
        before, after = materialization(first, key), materialization(second, key)
        assert after.metadata["changed"].value is False
        assert after.tags["dagster/data_version"] == before.tags["dagster/data_version"]
    runs = tracked_runs(trial, "enterprise")
    assert len(runs) == 2
    assert len(tracked_runs(trial, "runs")) == 2


def test_every_declared_asset_carries_what_an_asset_must_carry() -> None:
    for definition, kinds in ((people, {"python", "duckdb"}), (visits, {"python", "duckdb"}), (shelf, {"python", "neo4j"})):
        (spec,) = definition.specs
        assert spec.group_name == spec.key.path[0]
        assert spec.description
        assert len(spec.owners) == 1
        assert kinds <= spec.kinds
        assert spec.tags["stage"] == spec.key.path[0]
        assert spec.code_version
        assert spec.freshness_policy is not None
        schema = spec.metadata["dagster/column_schema"]
        assert isinstance(schema, TableSchema)
        assert schema.columns[-1].name == HASH_COLUMN
        (reference,) = spec.metadata["dagster/code_references"].code_references
        assert reference.file_path == __file__
    (spec,) = visits.specs
    assert {
        column: [str(dep.asset_key.path) for dep in deps]
        for column, deps in spec.metadata["dagster/column_lineage"].deps_by_column.items()
    } == {
        "person_id": ["['enterprise', 'people']"],
        "length": ["['enterprise', 'people']"],
    }
    assert {key.path[-1] for key in shelf.dependency_keys} == {"visits", "people"}


def failures_of(result: ExecuteInProcessResult) -> list[str]:
    found = []
    for event in result.all_events:
        if event.event_type == DagsterEventType.STEP_FAILURE:
            data = event.step_failure_data
            found.append(str(data.user_failure_data.description if data.user_failure_data else data.error))
    return found


def restarts(result: ExecuteInProcessResult) -> int:
    return sum(event.event_type == DagsterEventType.STEP_RESTARTED for event in result.all_events)


def test_a_transient_failure_is_tried_again_until_it_heals(trial: Any) -> None:
    tries: list[int] = []

    @table_asset(PEOPLE)
    def people() -> pd.DataFrame:
        tries.append(1)
        if len(tries) < 3:
            raise TransientFailure("the server went away", remedy="Wait.")
        return rows()

    result = trial.run(people, tables=TABLES)
    assert result.success
    assert (len(tries), restarts(result)) == (3, 2)
    assert [run.info.status for run in tracked_runs(trial, "enterprise")] == ["FINISHED"]


def test_a_transient_failure_that_does_not_heal_fails_once_with_its_reason(trial: Any) -> None:
    tries: list[int] = []

    @store_asset("enterprise", "people", description="People.")
    def people() -> StoreReport:
        tries.append(1)
        raise TransientFailure("the server went away", remedy="Wait.")

    result = trial.run(people, tables=TABLES)
    assert not result.success
    assert len(tries) == 1 + attempts.RETRIES
    (run,) = tracked_runs(trial, "enterprise")
    assert (run.info.status, run.data.tags["error"]) == ("FAILED", "TransientFailure")
    (parent,) = tracked_runs(trial, "runs")
    assert parent.info.status == "FAILED"


def test_rows_that_fail_on_their_way_into_the_warehouse_are_tried_again_too(trial: Any) -> None:
    tries: list[int] = []

    @table_asset(PEOPLE)
    def people() -> Iterator[pd.DataFrame]:
        tries.append(1)
        yield rows().iloc[:1]
        if len(tries) == 1:
            raise TransientFailure("the server went away", remedy="Wait.")
        yield rows().iloc[1:]

    result = trial.run(people, tables=TABLES)
    assert result.success
    assert len(tries) == 2
    assert trial.warehouse.load(PEOPLE)["person_id"].tolist() == ["P1", "P2"]


@pytest.mark.parametrize("how", ["raised", "contract", "in pieces"])
def test_a_permanent_failure_is_not_tried_again_stops_what_follows_and_is_tracked(trial: Any, how: str) -> None:
    trial.run(people, visits, tables=TABLES)
    tries: list[int] = []

    @table_asset(PEOPLE)
    def broken() -> Any:
        tries.append(1)
        if how == "raised":
            raise PermanentFailure("the input is wrong", remedy="Mend it.")
        wrong = rows().assign(height="tall")
        return wrong if how == "contract" else iter([rows(180.0), wrong])

    result = trial.run(broken, visits, tables=TABLES)
    assert not result.success
    assert (len(tries), restarts(result)) == (1, 0)
    (reason,) = failures_of(result)
    assert ("Mend it." if how == "raised" else "column 'height'") in reason
    assert trial.warehouse.load(PEOPLE)["height"].tolist()[0] == 170.0
    last = tracked_runs(trial, "enterprise")[0]
    assert last.info.status == "FAILED"
    assert last.data.tags["error"] == ("PermanentFailure" if how == "raised" else "ContractError")
    assert len(tracked_runs(trial, "knowledge")) == 1


def test_an_unexpected_error_leaves_a_failed_run_that_names_it(trial: Any) -> None:
    @table_asset(PEOPLE)
    def people() -> pd.DataFrame:
        return pd.DataFrame({})["nothing"].to_frame()

    assert not trial.run(people, tables=TABLES).success
    (run,) = tracked_runs(trial, "enterprise")
    assert (run.info.status, run.data.tags["error"]) == ("FAILED", "KeyError")


def test_a_blocking_check_that_fails_keeps_bad_rows_from_what_follows(trial: Any) -> None:
    @table_asset(PEOPLE)
    def people() -> pd.DataFrame:
        return rows(height=1000.0)

    result = trial.run(people, visits, contract_check(PEOPLE), tables=TABLES)
    assert not result.success
    (evaluation,) = result.get_asset_check_evaluations()
    assert not evaluation.passed
    assert evaluation.blocking
    found = evaluation.metadata["found"].value
    assert "height" in str(found)
    assert "1000" in str(found)
    with pytest.raises(PermanentFailure, match="has not been made yet"):
        trial.warehouse.load(VISITS)


def test_a_check_says_what_it_found_up_to_twenty_times_and_passes_only_when_it_found_nothing(trial: Any) -> None:
    found: list[str] = [f"violation {i}" for i in range(25)]

    @violations_check(PEOPLE)
    def people_are_fine(warehouse: ResourceParam[Warehouse]) -> list[str]:
        """All is well."""
        assert len(warehouse.load(PEOPLE)) == 2
        return found

    result = trial.run(people, people_are_fine, tables=TABLES)
    (evaluation,) = result.get_asset_check_evaluations()
    assert not evaluation.passed
    assert evaluation.metadata["violations"].value == 25
    said = str(evaluation.metadata["found"].value)
    assert "violation 19" in said
    assert "violation 20" not in said
    assert "5 more" in said
    found.clear()
    (evaluation,) = trial.run(people, people_are_fine, tables=TABLES).get_asset_check_evaluations()
    assert evaluation.passed


def test_a_check_that_cannot_look_does_not_pass(trial: Any) -> None:
    @violations_check(PEOPLE)
    def people_are_fine(warehouse: ResourceParam[Warehouse]) -> list[str]:
        warehouse.load(VISITS)
        return []

    result = trial.run(people, people_are_fine, tables=TABLES)
    assert not result.success
    assert not [evaluation for evaluation in result.get_asset_check_evaluations() if evaluation.passed]


def test_partitions_of_one_table_are_written_side_by_side(trial: Any) -> None:
    table = Table(
        stage="roster",
        name="builds",
        description="Builds.",
        columns=(
            Column(name="model", type="text", description="Model."),
            Column(name="size", type="integer", description="Size."),
        ),
        key=("model",),
        partitioned=True,
    )

    @table_asset(table, partitions_def=StaticPartitionsDefinition(["nano", "phi"]))
    def builds(context: Any) -> pd.DataFrame:
        return pd.DataFrame({"model": [context.partition_key], "size": [1]})

    for model in ("nano", "phi", "nano"):
        assert trial.run(builds, tables=[table], partition=model).success
    assert trial.warehouse.load(table)["model"].tolist() == ["nano", "phi"]


def test_a_preview_survives_any_text() -> None:
    frame = pd.DataFrame({"a|b": ["x|y\n| z", "long " * 100]})
    lines = markdown_table(frame).splitlines()
    assert len(lines) == 4
    assert lines[2] == "| x\\|y \\| z |"
    assert len(lines[3]) < 100
    assert "no rows" in markdown_table(frame.iloc[:0])


def test_an_open_tracking_never_steers_another_one(tmp_path: Path, empty_tracking_database: Path) -> None:
    places = [tmp_path / name for name in ("first", "second")]
    for place in places:
        place.mkdir()
        shutil.copy(empty_tracking_database, place / "mlflow.db")
    first = Tracking(places[0] / "mlflow.db", places[0] / "artifacts")
    first.record("trial", "of the first")
    assert "MLFLOW_TRACKING_URI" not in os.environ
    second = Tracking(places[1] / "mlflow.db", places[1] / "artifacts")
    second.record("trial", "of the second")
    for tracking, mine in ((first, "of the first"), (second, "of the second")):
        client = tracking.client()
        experiment = client.get_experiment_by_name("trial")
        assert experiment is not None
        names = {run.info.run_name for run in client.search_runs([experiment.experiment_id])}
        assert names == {"trial/nothing", f"trial/{mine}"}
        tracking.close()
