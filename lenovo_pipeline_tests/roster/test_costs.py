"""Costs are what was measured, added up; what nobody measured is unknown with its reason, and the check can fail."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dagster import AssetCheckResult

from lenovo_pipeline.evaluation.builds import Built
from lenovo_pipeline.evaluation.tables import RAW_FOUNDATION
from lenovo_pipeline.measures.header import Header
from lenovo_pipeline.models.availability import price_of
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster import checks
from lenovo_pipeline.roster.cost_plots import draw_costs, headline, shown
from lenovo_pipeline.roster.costs import Sources, busy, make_costs
from lenovo_pipeline.roster.policy import Costs
from lenovo_pipeline.roster.reader import cost_line
from lenovo_pipeline.roster.tables import COST

MODEL, NAME = "lenovo-nano", "lenovo-nano/open-book"
ADAPTER, STACKED = "lenovo-nano/lora/device_support", "lenovo-nano/stacked/all"
HEADER = "0123456789abcdef"
MADE_BY = Header(NAME, {}, 4, "f" * 16, "", ("correct",), 2, 60.0, 1, "m", {}, {}).to_json()


def answers(candidate: str, times: list[float | None], **changes: Any) -> pd.DataFrame:
    """Rows of a score table, as far as costs are made of them: two tokens in and one out more from answer to answer."""
    rows = [
        {
            "model": MODEL,
            "candidate": candidate,
            "question_id": f"Q-{number}",
            "tokens_in": 10 + 2 * number,
            "tokens_out": 1 + number,
            "latency_s": time,
            "header": HEADER,
            "made_by": MADE_BY,
            **changes,
        }
        for number, time in enumerate(times)
    ]
    return pd.DataFrame(rows)


def build(name: str, **changes: Any) -> Built:
    row = {
        "model": MODEL,
        "build": name,
        "method": "lora",
        "format": "adapter",
        "artifact": f"files of {name}",
        "base": "base",
        "training_set": "T",
        "size_bytes": 500_000,
        "target": None,
        "measures": {"training_s": 30.0},
        "made_by": "{}",
        **changes,
    }
    return Built((row,), "adapters")


@pytest.fixture
def sources(tmp_path: Path) -> Callable[..., Sources]:
    folder = tmp_path / "nano"
    folder.mkdir()
    (folder / "training_record.json").write_text(json.dumps({"hours": 2}))

    def make(**changes: Any) -> Sources:
        return Sources(
            **{
                "scores": {"raw_foundation": answers(NAME, [1.0, 3.0, 2.0, 4.0])},
                "agentic": None,
                "attempts": None,
                "builds": [],
                "foundation": {MODEL: {"source": "folder", "size_bytes": 19_000_000}},
                "catalogue": {MODEL: {"folder_id": "nano", "price": None}},
                "root": tmp_path,
                **changes,
            }
        )

    return make


def one(found: Sources, costs: Costs | None = None, entry: str = NAME) -> dict[str, Any]:
    made = make_costs(found, costs or Costs(machine_hour=3.6))
    (row,) = [row for row in made.to_dict("records") if row["entry"] == entry]
    return {str(name): None if value is None or value != value else value for name, value in row.items() if name != "unknown"} | {
        "unknown": row["unknown"]
    }


def test_tokens_time_and_money_are_the_means_of_the_answers(sources: Any) -> None:
    row = one(sources())
    assert (row["answers"], row["tokens_in"], row["tokens_out"], row["answer_s"]) == (4, 13.0, 2.5, 2.5)
    # In twos: the machine was busy 3 s, then 4 s, for four answers; an hour at 3.60 makes 0.001 a second.
    assert row["machine_s"] == 7 / 4
    assert row["machine_per_1000"] == row["per_1000"] == pytest.approx(1.75)
    assert row["build_s"] == 7_200
    assert row["size_mb"] == 19.0
    assert row["price_per_1000"] is None
    assert "price_per_1000: the catalogue states no price" in row["unknown"]
    assert "energy: no meter was read" in row["unknown"]


def test_a_machine_is_busy_for_the_longest_answer_of_each_group() -> None:
    assert busy([1, 3, 2], 2) == 5
    assert busy([1, 3, 2], 1) == 6
    assert busy([], 8) == 0


def test_what_failed_costs_nothing_and_what_was_not_counted_is_unknown(sources: Any) -> None:
    row = one(sources(scores={"raw_foundation": answers(NAME, [1.0, None], tokens_out=None)}))
    assert (row["answers"], row["answer_s"], row["tokens_out"]) == (1, 1.0, None)
    assert "tokens_out: not every answer came with a count" in row["unknown"]
    nothing = one(sources(scores={"raw_foundation": answers(NAME, [None, None])}))
    assert (nothing["answers"], nothing["answer_s"], nothing["per_1000"]) == (0, None, None)
    assert {"answer_s: nothing was answered", "per_1000: its time was not measured"} <= set(nothing["unknown"])


def test_a_stated_price_is_added_and_one_in_another_currency_is_not(sources: Any) -> None:
    price = {"currency": "USD", "input_per_million": 100.0, "output_per_million": 400.0}
    priced = {MODEL: {"folder_id": None, "price": json.dumps(price)}}
    row = one(sources(catalogue=priced))
    assert row["price_per_1000"] == pytest.approx(13.0 * 100 / 1_000 + 2.5 * 400 / 1_000)
    assert row["per_1000"] == pytest.approx(1.75 + row["price_per_1000"])
    abroad = one(sources(catalogue=priced), Costs(currency="EUR"))
    assert abroad["price_per_1000"] is None
    assert "price_per_1000: the catalogue states it in USD, the policy counts in EUR" in abroad["unknown"]
    found = price_of({"price": json.dumps(price)})
    assert found is not None and found.of(1_000_000, 0) == 100.0
    assert price_of({"price": None}) is None


def test_what_runs_elsewhere_takes_no_machine_and_without_a_price_nobody_knows(sources: Any) -> None:
    row = one(sources(foundation={MODEL: {"source": "github", "size_bytes": None}}))
    assert (row["machine_per_1000"], row["per_1000"], row["size_mb"]) == (None, None, None)
    assert "machine_per_1000: it runs on somebody else's machines" in row["unknown"]
    assert "per_1000: the catalogue states no price" in row["unknown"]


def test_training_counts_with_that_of_everything_it_was_made_from_once(sources: Any) -> None:
    lora = build(ADAPTER)
    stacked = build(STACKED, method="stacked", measures={}, made_by=json.dumps({"adapters": [lora.row["artifact"]] * 2}))
    scores = {"adapter": pd.concat([answers(ADAPTER, [1.0]), answers(STACKED, [1.0])])}
    found = sources(scores=scores, builds=[lora, stacked])
    assert one(found, entry=ADAPTER)["build_s"] == 7_230
    assert one(found, entry=STACKED)["build_s"] == 7_230
    assert one(found, entry=ADAPTER)["size_mb"] == 19.5
    untimed = one(sources(scores=scores, builds=[build(ADAPTER, measures={})]), entry=ADAPTER)
    assert untimed["build_s"] is None
    assert f"build_s: nobody timed {ADAPTER}" in untimed["unknown"]


def test_memory_counts_only_where_it_was_measured(sources: Any) -> None:
    def with_memory(measured: bool) -> Built:
        figures = {"peak_memory_mb": {"value": 90.0, "measured": measured}}
        return build("edge", method="edge", format="onnx", measures={"figures": figures}, training_set=None)

    scores = {"mobile_model": answers("edge", [1.0])}
    assert one(sources(scores=scores, builds=[with_memory(True)]), entry="edge")["peak_memory_mb"] == 90.0
    assert one(sources(scores=scores, builds=[with_memory(False)]), entry="edge")["peak_memory_mb"] is None


def test_code_without_a_model_weighs_nothing_and_is_timed_alone(sources: Any) -> None:
    row = one(sources(scores={"baselines": answers("first-sentence", [1.0, 3.0], model="")}), entry="first-sentence")
    assert (row["machine_s"], row["build_s"], row["size_mb"]) == (2.0, 0.0, 0.0)


def test_an_agent_is_counted_by_attempts(sources: Any) -> None:
    agentic = pd.DataFrame(
        [
            {"model": MODEL, "candidate": f"{MODEL}/desk", "kind": "model", "workflow": "desk", "header": HEADER},
            {"model": MODEL, "candidate": "no-op/desk", "kind": "no-op", "workflow": "desk", "header": HEADER},
        ]
    )
    attempt = {"model": MODEL, "workflow": "desk", "build": "agent", "tokens_in": 100, "tokens_out": 10}
    attempts = pd.DataFrame([{**attempt, "seconds": 1.0}, {**attempt, "seconds": 3.0}])
    found = sources(scores={}, agentic=agentic, attempts=attempts)
    row = one(found, entry=f"{MODEL}/desk")
    assert (row["answers"], row["tokens_in"], row["machine_s"]) == (2, 100.0, 2.0)
    assert len(make_costs(found, Costs())) == 1


@pytest.fixture
def stored(sources: Any, warehouse: Warehouse) -> Warehouse:
    """The costs in a warehouse, beside the answers that they were made of."""
    warehouse.replace(COST, make_costs(sources(), Costs()))
    frame = answers(NAME, [1.0, 3.0, 2.0, 4.0])
    with warehouse.write() as connection:
        connection.register("_scores", frame)
        connection.execute("CREATE SCHEMA evaluation")
        connection.execute(f"CREATE TABLE {RAW_FOUNDATION.qualified_name} AS FROM _scores")
    return warehouse


def judged(warehouse: Warehouse) -> AssetCheckResult:
    store = Store(Path(warehouse.database).parent)
    result = checks.costs_are_what_was_measured(warehouse=warehouse, store=store)
    assert isinstance(result, AssetCheckResult)
    return result


def test_costs_that_were_measured_pass_and_others_are_found(stored: Warehouse) -> None:
    assert judged(stored).passed
    with stored.write() as connection:
        connection.execute("UPDATE roster.cost SET tokens_in = 1, per_1000 = 9, peak_memory_mb = NULL, unknown = []")
        connection.execute(f"INSERT INTO {RAW_FOUNDATION.qualified_name} SELECT * REPLACE ('new' AS candidate) FROM"
                           f" {RAW_FOUNDATION.qualified_name}")  # fmt: skip
    result = judged(stored)
    assert not result.passed
    said = str(result.metadata["found"].value)
    for expected in (
        "new was measured, but has no costs",
        f"{NAME}: tokens_in is 1, the score tables say 13",
        f"{NAME}: peak_memory_mb is missing, and nothing says why",
        f"{NAME}: 1,000 answers cost 9, machine time and price make",
    ):
        assert expected in said


def test_costs_are_told_in_a_table_a_picture_and_a_line(sources: Any, tmp_path: Path) -> None:
    made = make_costs(sources(), Costs())
    board = pd.DataFrame([{"candidate": NAME, "metric": "correct", "slice": "answerable", "value": 0.4}])
    assert "unknown" in shown(made) and NAME in shown(made)
    assert headline(made).startswith("1,000 answers cost 0.0486 USD")
    assert set(draw_costs(made, board, tmp_path / "cost")) == {"cost"}
    assert (tmp_path / "cost" / "cost.svg").is_file()
    assert draw_costs(made, board.iloc[:0], tmp_path / "none") == {}
    (row,) = made.astype(object).where(made.notna(), None).to_dict("records")
    assert cost_line(row) == (
        "cost of 1,000 answers 0.0486 USD: an answer takes 1.75 s of the machine, 2.5 s of waiting, 13 tokens in, 2 out; "
        "training took 7,200 s"
    )
