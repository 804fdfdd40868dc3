"""Nothing is made or judged again while all that it follows from is as it was; whatever changed, it is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dagster import (
    AssetKey,
    DagsterEventType,
    DagsterInstance,
    ExecuteInProcessResult,
    ResourceParam,
    StaticPartitionsDefinition,
)

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources import recipes
from lenovo_pipeline.resources.assets import table_asset
from lenovo_pipeline.resources.checks import contract_check, violations_check
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.settings import Settings


def table_of(name: str, *columns: str) -> Table:
    return Table(
        stage="enterprise",
        name=name,
        description=name,
        columns=(
            Column(name="id", type="text", description="Key."),
            *(Column(name=each, type="integer", description=each, maximum=100) for each in columns),
        ),
        key=("id",),
    )


SOURCE, ASIDE, MADE = table_of("source", "amount"), table_of("aside", "amount"), table_of("made", "total")
TABLES = (SOURCE, ASIDE, MADE)
# What the assets below did: which functions ran, and what the sources hold.
ran: list[str] = []
amounts: dict[str, list[int]] = {}


@pytest.fixture(autouse=True)
def fresh() -> None:
    ran.clear()
    amounts.update(source=[1, 2], aside=[10])


def rows(name: str) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"{i}" for i in range(len(amounts[name]))], "amount": amounts[name]})


@table_asset(SOURCE)
def source() -> pd.DataFrame:
    return rows("source")


@table_asset(ASIDE)
def aside() -> pd.DataFrame:
    return rows("aside")


@table_asset(MADE, deps=[ASIDE], source=SOURCE, pure=True)
def made(
    context: Any, source: pd.DataFrame, warehouse: ResourceParam[Warehouse], settings: ResourceParam[Settings]
) -> pd.DataFrame:
    ran.append("made")
    context.add_output_metadata({"note": "said by the function"})
    more = warehouse.frame("WITH a AS (SELECT * FROM enterprise.aside) SELECT sum(amount) AS s FROM a")["s"][0]
    return pd.DataFrame({"id": ["sum"], "total": [int(source["amount"].sum() + more) % settings.seed]})


@violations_check(MADE, pure=True)
def totals_are_small(warehouse: ResourceParam[Warehouse]) -> list[str]:
    """No total is above fifty."""
    ran.append("check")
    rows = warehouse.load(MADE).to_dict("records")
    return [f"{row['id']} is {row['total']}" for row in rows if row["total"] > 50]


PARTS = (source, aside, made, totals_are_small, contract_check(MADE))


def materialized(result: ExecuteInProcessResult, name: str) -> dict[str, Any]:
    (event,) = [
        event
        for event in result.all_events
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION and event.asset_key == AssetKey(["enterprise", name])
    ]
    found = event.step_materialization_data.materialization
    return {name: value.value for name, value in found.metadata.items()} | {"version": (found.tags or {})["dagster/data_version"]}


def checked(result: ExecuteInProcessResult) -> dict[str, tuple[bool, bool]]:
    """For each check whether it passed, and whether that is an earlier verdict."""
    return {each.check_name: (each.passed, "reused" in each.metadata) for each in result.get_asset_check_evaluations()}


def run(trial: Any, *parts: Any) -> list[str]:
    """Run all, or these, and say what was really made and judged."""
    ran.clear()
    assert trial.run(*(parts or PARTS), tables=TABLES).success
    return list(ran)


def test_what_nothing_changed_for_is_neither_made_nor_judged_again_and_says_the_same(trial: Any) -> None:
    first = trial.run(*PARTS, tables=TABLES)
    assert ran == ["made", "check"]
    assert checked(first) == {"totals_are_small": (True, False), "made_fit_their_contract": (True, False)}
    second = trial.run(*PARTS, tables=TABLES)
    assert ran == ["made", "check"]
    assert checked(second) == {"totals_are_small": (True, True), "made_fit_their_contract": (True, True)}
    before, after = materialized(first, "made"), materialized(second, "made")
    for name in ("dagster/row_count", "bytes", "preview", "note", "version"):
        assert after[name] == before[name]
    assert (after["changed"], after["reused"]) == (False, True)
    assert after["mlflow_run_id"] != before["mlflow_run_id"]
    experiment = trial.client().get_experiment_by_name("enterprise").experiment_id
    tracked = trial.client().get_run(after["mlflow_run_id"])
    assert (tracked.info.experiment_id, tracked.data.tags["reused"]) == (experiment, "true")
    expectations = [
        each.metadata["expectations"].value for each in second.get_asset_check_evaluations() if len(each.metadata) > 2
    ]
    assert expectations
    assert min(expectations) > 0


def test_a_third_run_still_says_what_the_first_one_said(trial: Any) -> None:
    run(trial)
    run(trial)
    third = trial.run(*PARTS, tables=TABLES)
    assert materialized(third, "made")["note"] == "said by the function"


@pytest.mark.parametrize("name", ["source", "aside"])
def test_a_changed_input_is_followed_whether_it_came_as_a_frame_or_was_read(trial: Any, name: str) -> None:
    run(trial)
    amounts[name] = [7]
    assert run(trial) == ["made", "check"]
    assert run(trial) == []


def test_a_result_that_did_not_change_is_not_judged_again(trial: Any) -> None:
    run(trial)
    amounts["source"] = [2, 1]
    assert run(trial) == ["made"]


def test_another_version_of_the_code_makes_and_judges_anew(trial: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run(trial)
    monkeypatch.setattr(recipes, "code_version", lambda function, whole: "other")
    assert run(trial) == ["made", "check"]
    assert run(trial) == []


def test_another_package_makes_and_judges_anew(trial: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run(trial)
    monkeypatch.setattr(recipes, "_packages", lambda: "duckdb-99")
    assert run(trial) == ["made", "check"]


def test_another_setting_makes_anew_what_is_given_the_settings(trial: Any) -> None:
    run(trial)
    trial.settings = trial.settings.model_copy(update={"seed": 3})
    assert run(trial) == ["made", "check"]
    assert run(trial) == []


@pytest.mark.parametrize(
    "change", ["UPDATE enterprise.made SET total = 5", "DELETE FROM enterprise.made", "DROP TABLE enterprise.made"]
)
def test_a_table_that_was_touched_by_hand_is_made_and_judged_anew(trial: Any, change: str) -> None:
    run(trial)
    with trial.warehouse.write() as connection:
        connection.execute(change)
        if change.startswith("DROP"):
            connection.execute("DELETE FROM pipeline.tables WHERE qualified_name = 'enterprise.made'")
    assert "made" in run(trial)
    assert trial.warehouse.load(MADE)["total"].tolist() == [13]


def test_a_row_changed_by_hand_in_what_was_read_is_noticed(trial: Any) -> None:
    run(trial)
    with trial.warehouse.write() as connection:
        connection.execute("UPDATE enterprise.aside SET amount = 11")
    assert run(trial, source, made, totals_are_small) == ["made", "check"]


def test_a_deleted_warehouse_is_filled_again(trial: Any) -> None:
    run(trial)
    trial.store.warehouse.unlink()
    assert run(trial) == ["made", "check"]


def test_an_instance_that_knows_nothing_of_the_rows_has_them_made_again(trial: Any, tmp_path: Path) -> None:
    run(trial)
    (tmp_path / "other").mkdir()
    with DagsterInstance.ephemeral(str(tmp_path / "other")) as other:
        trial.instance = other
        assert "made" in run(trial)


def test_a_table_of_another_contract_is_made_again(trial: Any) -> None:
    run(trial)
    wider = replace(MADE, columns=(*MADE.columns, Column(name="note", type="text", description="Note.", nullable=True)))

    @table_asset(wider, source=SOURCE, pure=True)
    def made(source: pd.DataFrame) -> pd.DataFrame:
        ran.append("wider")
        return pd.DataFrame({"id": ["sum"], "total": [1], "note": [None]})

    ran.clear()
    assert trial.run(source, aside, made, tables=(SOURCE, ASIDE, wider)).success
    assert ran == ["wider"]


def test_rows_that_could_not_be_written_leave_no_recipe(trial: Any) -> None:
    """As a kill does: the recipe is in the transaction of the rows."""
    broken = [True]

    @table_asset(MADE, source=SOURCE, pure=True)
    def made(source: pd.DataFrame) -> Iterator[pd.DataFrame]:
        ran.append("made")
        yield pd.DataFrame({"id": ["a"], "total": [1]})
        if broken:
            raise PermanentFailure("the second piece is missing", remedy="Mend it.")

    assert not trial.run(source, made, tables=TABLES).success
    assert trial.warehouse.fingerprint("pipeline.recipes") == ""
    broken.clear()
    assert run(trial, source, made) == ["made"]
    assert run(trial, source, made) == []


def test_a_check_that_failed_is_looked_at_again_and_one_that_passed_before_no_longer_counts(trial: Any) -> None:
    run(trial)
    amounts["source"] = [60]
    for _ in range(2):
        ran.clear()
        result = trial.run(*PARTS, tables=TABLES)
        assert "check" in ran
        assert checked(result)["totals_are_small"] == (False, False)
    amounts["source"] = [1, 2]
    run(trial)
    assert run(trial) == []


def test_what_a_function_closes_over_is_part_of_its_recipe(trial: Any) -> None:
    problems: list[str] = []

    @violations_check(MADE, pure=True)
    def nothing_is_wrong(warehouse: ResourceParam[Warehouse]) -> list[str]:
        """Nothing is wrong."""
        ran.append("closed")
        warehouse.load(MADE)
        return problems

    parts = (source, aside, made, nothing_is_wrong)
    assert run(trial, *parts) == ["made", "closed"]
    assert run(trial, *parts) == []
    problems.append("now there is")
    assert checked(trial.run(*parts, tables=TABLES))["nothing_is_wrong"] == (False, False)


@pytest.mark.parametrize("how", ["a connection", "a register", "no table"])
def test_what_reads_past_what_can_be_noted_is_judged_every_time(trial: Any, how: str) -> None:
    def read(warehouse: Warehouse) -> None:
        if how == "a connection":
            with warehouse.read() as connection:
                connection.execute("SELECT * FROM enterprise.made").fetchall()
        elif how == "a register":
            warehouse.described(MADE)
        else:
            warehouse.frame("SELECT count(*) FROM duckdb_tables()")
            warehouse.frame("SELECT count(*) FROM information_schema.tables")

    @violations_check(MADE, pure=True)
    def looked_at(warehouse: ResourceParam[Warehouse]) -> list[str]:
        """Nothing is wrong."""
        ran.append("looked")
        read(warehouse)
        return []

    parts = (source, aside, made, looked_at)
    assert run(trial, *parts) == ["made", "looked"]
    assert run(trial, *parts) == ["looked"]


@pytest.mark.parametrize("declare", [table_asset(MADE, pure=True), violations_check(MADE, pure=True)])
def test_a_function_that_is_given_more_than_a_recipe_names_cannot_be_declared_pure(declare: Callable[[Any], Any]) -> None:
    def made(store: ResourceParam[Store]) -> Any:
        return None

    with pytest.raises(TypeError, match="declared pure but takes store"):
        declare(made)


def test_a_model_partition_is_kept_alone(trial: Any) -> None:
    table = Table(
        stage="enterprise",
        name="builds",
        description="Builds.",
        columns=(
            Column(name="model", type="text", description="Model."),
            Column(name="size", type="integer", description="Size."),
        ),
        key=("model",),
        partitioned=True,
    )

    @table_asset(table, partitions_def=StaticPartitionsDefinition(["nano", "phi"]), source=SOURCE, pure=True)
    def builds(context: Any, source: pd.DataFrame) -> pd.DataFrame:
        ran.append(context.partition_key)
        return pd.DataFrame({"model": [context.partition_key], "size": [len(source)]})

    for model in ("nano", "phi", "nano", "phi"):
        assert trial.run(source, builds, tables=[SOURCE, table], partition=model).success
    assert ran == ["nano", "phi"]
    with trial.warehouse.write() as connection:
        connection.execute("UPDATE enterprise.builds SET size = 9 WHERE model = 'phi'")
    for model in ("nano", "phi"):
        assert trial.run(source, builds, tables=[SOURCE, table], partition=model).success
    assert ran == ["nano", "phi", "phi"]
