"""What a person reads of a run: figures, what failed and why, what was skipped and why."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from dagster import AssetExecutionContext, ResourceParam, StaticPartitionsDefinition

from lenovo_pipeline.commands.execution import execute
from lenovo_pipeline.commands.summary import RunSummary
from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.failures import PermanentFailure, SkippedPartition, TransientFailure
from lenovo_pipeline.resources import attempts
from lenovo_pipeline.resources.assets import StoreReport, store_asset, table_asset
from lenovo_pipeline.resources.checks import contract_check, violations_check
from lenovo_pipeline.resources.warehouse import Warehouse


def table_of(name: str, maximum: int | None = None) -> Table:
    return Table(
        stage="enterprise",
        name=name,
        description=name,
        columns=(Column(name="id", type="integer", description="Key.", maximum=maximum),),
        key=("id",),
    )


BASE = Table(
    stage="models",
    name="base",
    description="base",
    columns=(Column(name="model", type="text", description="Key."),),
    key=("model",),
    partitioned=True,
)
TUNED = replace(BASE, name="tuned", min_rows=0)
FIRST, SECOND, THIRD, APART = table_of("first", maximum=1000), table_of("second"), table_of("third"), table_of("apart")
TABLES = (FIRST, SECOND, THIRD, APART, BASE, TUNED)


@table_asset(FIRST)
def first() -> pd.DataFrame:
    return pd.DataFrame({"id": range(1000)})


@table_asset(SECOND, first=FIRST)
def second(first: pd.DataFrame) -> pd.DataFrame:
    return first[["id"]]


@table_asset(THIRD, second=SECOND)
def third(second: pd.DataFrame) -> pd.DataFrame:
    return second[["id"]].head(3)


@table_asset(APART)
def apart() -> pd.DataFrame:
    return pd.DataFrame({"id": [1]})


@table_asset(BASE, partitions_def=StaticPartitionsDefinition(["nano", "phi"]), deps=[FIRST])
def base(context: AssetExecutionContext) -> pd.DataFrame:
    if context.partition_key == "phi":
        raise SkippedPartition("phi cannot be reached. Start a server.")
    return pd.DataFrame({"model": [context.partition_key]})


@table_asset(SECOND, base=BASE)
def from_base(base: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"id": range(len(base))})


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "RETRY_WAIT_S", 0)


@pytest.fixture
def run(trial: Any) -> Callable[..., tuple[RunSummary, list[str], str]]:
    def execute_everything(*parts: Any, model: str | None = None) -> tuple[RunSummary, list[str], str]:
        said: list[str] = []
        job = trial.definitions(*parts, tables=TABLES).resolve_job_def("everything")
        summary = execute(job, trial.instance, said.append, model=model)
        return summary, said, summary.text(trial.settings.store, 12.4)

    return execute_everything


def test_a_run_that_succeeds_is_summed_up(run: Any) -> None:
    summary, said, text = run(first, second, third, apart, contract_check(FIRST))
    assert summary.succeeded
    assert "Run succeeded: 4 of 4 assets (0 unchanged), 2,004 rows, " in text
    assert "12 s" in text
    assert "Checks: 1 evaluated, 0 failed, 0 warned" in text
    assert "Skipped assets: none" in text
    assert len(said) == 4
    assert said[-1].startswith("[  4/4] ")
    (line,) = [line for line in said if "enterprise/first" in line]
    assert "1,000 rows" in line
    _, _, again = run(first, second, third, apart)
    assert "4 of 4 assets (4 unchanged)" in again


def test_a_failed_asset_is_named_with_its_remedy_and_what_it_held_up_is_skipped_with_the_reason(run: Any) -> None:
    @table_asset(FIRST)
    def broken() -> pd.DataFrame:
        raise PermanentFailure("the catalogue is empty", remedy="Fill it.")

    summary, said, text = run(broken, second, third, apart)
    assert not summary.succeeded
    assert "Run FAILED: 1 of 4 assets" in text
    assert "failed asset  enterprise/first: the catalogue is empty. Fill it." in text
    assert "Skipped assets: 2" in text
    assert "enterprise/second: enterprise/first failed" in text
    assert "enterprise/third: enterprise/second was skipped" in text
    assert any(line.strip().startswith("FAILED enterprise/first") for line in said)
    assert "Traceback" not in text
    assert "File " not in text


def test_a_failed_blocking_check_is_named_and_what_it_held_up_is_skipped_with_the_reason(run: Any) -> None:
    @table_asset(FIRST)
    def too_many() -> pd.DataFrame:
        return pd.DataFrame({"id": range(2000)})

    summary, said, text = run(too_many, second, third, apart, contract_check(FIRST))
    assert not summary.succeeded
    assert "1 evaluated, 1 failed" in text
    assert "failed check  enterprise/first: first_fit_their_contract" in text
    assert "column_values_to_be_between" in text
    assert "enterprise/second: a blocking check of enterprise/first failed" in text
    assert "enterprise/third: enterprise/second was skipped" in text
    assert any("CHECK FAILED" in line for line in said)


def test_a_failed_check_that_does_not_block_fails_the_summary_and_skips_nothing(run: Any) -> None:
    @violations_check(FIRST)
    def first_is_odd(warehouse: ResourceParam[Warehouse]) -> list[str]:
        """Odd."""
        return ["it is even"]

    summary, _, text = run(first, second, third, apart, first_is_odd)
    assert not summary.succeeded
    assert "it is even" in text
    assert "Skipped assets: none" in text


@pytest.mark.parametrize(("count", "shown"), [(3, 3), (12, 8), (40, 8)])
def test_what_a_check_found_is_shown_in_whole_lines_with_how_many_more_there_are_and_where(
    run: Any, count: int, shown: int
) -> None:
    @violations_check(FIRST)
    def first_is_odd(warehouse: ResourceParam[Warehouse]) -> list[str]:
        """Odd."""
        return [f"row {number:02} of enterprise.first is even, not odd" for number in range(count)]

    _, said, text = run(first, first_is_odd)
    lines = [line.strip() for line in text.splitlines() if line.startswith("      ")]
    assert lines[:shown] == [f"- row {number:02} of enterprise.first is even, not odd" for number in range(shown)]
    place = "make ui, then http://127.0.0.1:3000/assets/enterprise/first?view=checks&checkDetail=first_is_odd"
    assert lines[shown:] == ([f"- … and {count - shown} more: {place}"] if count > shown else [])
    assert any(lines[shown - 1] in line for line in said)


def test_a_partition_that_cannot_be_made_is_skipped_with_its_reason_and_fails_nothing(run: Any) -> None:
    checked = contract_check(BASE)
    summary, said, text = run(first, base, from_base, third, apart, checked, model="phi")
    assert summary.succeeded
    assert "Run succeeded: 2 of 5 assets" in text
    assert "Skipped assets: 3" in text
    assert "  models/base: phi cannot be reached. Start a server." in text
    assert "  enterprise/second: models/base was skipped" in text
    assert "  enterprise/third: enterprise/second was skipped" in text
    assert any("skipped models/base: phi cannot be reached" in line for line in said)


def test_each_partition_keeps_its_rows_and_what_is_made_from_all_of_them_sees_them_all(run: Any, trial: Any) -> None:
    run(first, base, from_base, third, apart, model="nano")
    again = base_for("phi")
    summary, _, text = run(first, again, from_base, third, apart, model="phi")
    assert summary.succeeded
    assert "Skipped assets: none" in text
    assert trial.warehouse.load(BASE)["model"].tolist() == ["nano", "phi"]
    assert trial.warehouse.load(SECOND)["id"].tolist() == [0, 1]


def base_for(*models: str) -> Any:
    @table_asset(BASE, partitions_def=StaticPartitionsDefinition(["nano", "phi"]), deps=[FIRST])
    def base(context: AssetExecutionContext) -> pd.DataFrame:
        assert context.partition_key in models
        return pd.DataFrame({"model": [context.partition_key]})

    return base


def test_a_model_that_is_no_partition_is_refused_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    from lenovo_pipeline.commands.run import main

    for option in ("--model", "--partition"):
        assert main([option, "nope"]) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: there is no model 'nope'; the catalogue's partitions are lenovo-nano, phi-4-mini, ")
        assert "data/catalogue/models.yaml" in said


def test_a_check_that_breaks_is_a_failure_of_the_run(run: Any) -> None:
    @violations_check(FIRST, blocking=True)
    def first_is_odd(warehouse: ResourceParam[Warehouse]) -> list[str]:
        raise KeyError("no such thing")

    summary, _, text = run(first, second, third, apart, first_is_odd)
    assert not summary.succeeded
    assert "no such thing" in text
    assert "enterprise/first_is_odd" not in summary.planned


def test_a_retried_asset_is_said_and_counts_as_made(run: Any) -> None:
    tries: list[int] = []

    @table_asset(FIRST)
    def shaky() -> Iterator[pd.DataFrame]:
        tries.append(1)
        if len(tries) == 1:
            raise TransientFailure("the server is away", remedy="Wait.")
        yield pd.DataFrame({"id": [1]})

    summary, said, text = run(shaky, second, third, apart)
    assert summary.succeeded
    assert any("enterprise/first is tried again" in line for line in said)
    assert "4 of 4 assets" in text


def test_a_store_asset_without_rows_is_shown_without_them(run: Any) -> None:
    @store_asset("roster", "shelf", description="Shelf.")
    def shelf() -> StoreReport:
        return StoreReport(data_version="1", counts={"books": 2})

    summary, said, _ = run(first, second, third, apart, shelf)
    assert summary.succeeded
    (line,) = [line for line in said if "roster/shelf" in line]
    assert "rows" not in line
    assert "0 B" not in line


def test_a_store_in_use_is_a_reason_and_no_traceback(run: Any, trial: Any) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from lenovo_pipeline.resources.store import Store\n"
        f"with Store(Path({str(trial.store.root)!r})).held('run 4711', 0): print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        summary, _, text = run(first, second, third, apart)
        other.communicate("")
    assert not summary.succeeded
    assert "still in use by run 4711" in text, text
    assert "Traceback" not in text
    assert "0 of 4 assets" in text
    assert run(first, second, third, apart)[0].succeeded


def test_a_table_that_may_be_empty_is_empty_where_its_partition_is_skipped_and_what_follows_goes_on(run: Any, trial: Any) -> None:
    @table_asset(TUNED, partitions_def=StaticPartitionsDefinition(["nano", "phi"]), deps=[FIRST])
    def tuned(context: AssetExecutionContext) -> pd.DataFrame:
        if context.partition_key == "phi":
            raise SkippedPartition("phi is served, and tuning needs its weights.")
        return pd.DataFrame({"model": [context.partition_key]})

    @table_asset(SECOND, tuned=TUNED)
    def from_tuned(tuned: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"id": range(10 + len(tuned))})

    run(first, tuned, from_tuned, contract_check(TUNED), model="nano")
    summary, said, _ = run(first, tuned, from_tuned, contract_check(TUNED), model="phi")
    assert summary.succeeded
    assert "  skipped models/tuned: phi is served, and tuning needs its weights." in said
    assert len(trial.warehouse.load(SECOND)) == 11, "the other model's rows are there, and this one has none"
    assert trial.warehouse.load(TUNED, model="phi").empty
