"""Evaluation prompts: enough, balanced, reproducible, disjoint by split, and right: every answer is computed anew in SQL."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb
import pandas as pd
import pytest

from lenovo_pipeline.contracts import conform
from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.gold.drafts import REFUSAL
from lenovo_pipeline.prompts.evaluation.balance import balance_report, imbalances
from lenovo_pipeline.prompts.evaluation.leaks import find_leaks, record_anchors
from lenovo_pipeline.prompts.evaluation.make import TASKS, make_evaluation_prompts
from lenovo_pipeline.prompts.evaluation.records import rounded
from lenovo_pipeline.prompts.tables import CATEGORIES, EVALUATION_PROMPTS

SEED, SCALE = 11, 0.1

Program = dict[str, Any]


def test_at_scale_one_there_are_ten_thousand_distinct_balanced_prompts() -> None:
    frames = build_world(77, 1.0)
    made = make_evaluation_prompts(frames, 77, 1.0)
    assert imbalances(made, 1.0) == []
    assert len(made) >= 10_000
    assert made["prompt"].is_unique
    assert made["task_type"].nunique() >= 20
    assert find_leaks(made, record_anchors(frames)) == []


def test_prompts_fit_their_contract_and_hold_their_parts(prompts: pd.DataFrame) -> None:
    conform(prompts, EVALUATION_PROMPTS)
    assert prompts["prompt_id"].is_unique
    for row in prompts.to_dict("records"):
        assert row["context"] in row["prompt"]
        assert row["question"] in row["prompt"]
    assert not prompts["prompt"].str.contains(r"\{\w+\}").any()
    assert set(prompts["category"]) == set(CATEGORIES)


def test_the_same_world_gives_the_same_prompts_and_another_seed_gives_others(
    frames: dict[str, pd.DataFrame], prompts: pd.DataFrame
) -> None:
    again = make_evaluation_prompts({name: frame.sample(frac=1, random_state=1) for name, frame in frames.items()}, SEED, SCALE)
    pd.testing.assert_frame_equal(again, prompts)
    assert set(make_evaluation_prompts(frames, SEED + 1, SCALE)["prompt_id"]) != set(prompts["prompt_id"])


def test_missing_tables_are_named(frames: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(KeyError, match="process_metrics"):
        make_evaluation_prompts({name: frame for name, frame in frames.items() if name != "process_metrics"}, SEED, SCALE)


def test_the_report_shows_every_dimension_and_imbalance_is_found(prompts: pd.DataFrame) -> None:
    assert imbalances(prompts, SCALE) == []
    report = balance_report(prompts)
    for dimension in ("category", "task_type", "language", "difficulty", "series", "split"):
        assert f"## {dimension}" in report
    few = prompts.drop(prompts.index[prompts["language"] == "zh-Hant"][:200])
    assert any("language zh-Hant has" in one for one in imbalances(few, 0.05))
    assert any("at least 10000 expected" in one for one in imbalances(prompts, 1.0))
    one_task = prompts[prompts["task_type"] == "quote_total"]
    assert any("1 task types" in one for one in imbalances(one_task, SCALE))


def test_leaks_between_splits_are_found(frames: dict[str, pd.DataFrame], prompts: pd.DataFrame) -> None:
    anchors = record_anchors(frames)
    assert find_leaks(prompts, anchors) == []
    test = prompts[prompts["split"] == "test"]
    assert "belongs to test, not to train" in find_leaks(test.head(1).assign(split="train"), anchors)[0]
    train = prompts[prompts["split"] == "train"]
    foreign: Any = train.head(1).assign(record_ids=[test["record_ids"].iloc[0]])
    assert any("belongs to test" in one for one in find_leaks(foreign, anchors))
    nowhere: Any = train.head(1).assign(record_ids=pd.Series([["NONE"]], index=train.index[:1]))
    assert any("is no record" in one for one in find_leaks(nowhere, anchors))
    copied = pd.concat([test.head(1), train.head(1).assign(context=test["context"].iloc[0], question=test["question"].iloc[0])])
    assert any("the same task" in one for one in find_leaks(copied, anchors))
    told = [test.head(1), train.head(1)]
    sentence = "The second read of a slow sector fails the whole drive."
    assert any("a sentence" in one for one in find_leaks(pd.concat(told).assign(answer=sentence), anchors))


def test_numbers_near_a_half_are_not_asked_for() -> None:
    assert rounded(2.25, 1) is None
    assert rounded(2.26, 1) == 2.3
    assert rounded(-0.125, 2) is None


class Truth:
    """The world in SQL."""

    def __init__(self, frames: dict[str, pd.DataFrame]) -> None:
        self.db = duckdb.connect(":memory:")
        for name, frame in frames.items():
            given = frame.copy()
            for column in ("facts", "parameters"):
                if column in given:
                    given[column] = [value if isinstance(value, str) else json.dumps(value) for value in given[column]]
            self.db.register("given", given)
            self.db.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
            self.db.unregister("given")

    def all(self, sql: str, *values: Any) -> list[Any]:
        return self.db.execute(sql, list(values)).fetchall()

    def one(self, sql: str, *values: Any) -> Any:
        [(value,)] = self.all(sql, *values)
        return value

    def column(self, sql: str, *values: Any) -> list[Any]:
        return [row[0] for row in self.all(sql, *values)]


_AMONG = "list_contains(?::VARCHAR[], {})"
_DEVICES = "FROM devices WHERE " + _AMONG.format("device_id")
_INCIDENTS = "FROM incidents WHERE " + _AMONG.format("incident_id")
_SEVERE = "severity IN ('high', 'critical')"
_PARAMETERS = """(SELECT unnest(from_json(parameters, '[{"name":"VARCHAR","value":"DOUBLE","unit":"VARCHAR","minimum":"DOUBLE",
    "maximum":"DOUBLE","section":"VARCHAR"}]'), recursive := true) FROM technical_docs WHERE technical_doc_id = ?)"""
_HOURS = "date_diff('minute', date_trunc('minute', detected_at), date_trunc('minute', resolved_at)) / 60.0"


def _error_code_lookup(t: Truth, p: Program) -> Any:
    column = "error_code" if p["level"] == 2 else "name"
    return t.one(f"SELECT {column} FROM incidents JOIN components USING (component_id) WHERE incident_id = ?", p["incident"])


def _severity_triage(t: Truth, p: Program) -> Any:
    order = "list_position(['low', 'medium', 'high', 'critical'], severity) DESC, affected_users DESC"
    return t.one(f"SELECT error_code {_INCIDENTS} ORDER BY {order} LIMIT 1", p["ids"])


def _fix_selection(t: Truth, p: Program) -> Any:
    sql = "SELECT version FROM incidents LEFT JOIN firmware f ON f.firmware_id = fixed_firmware_id WHERE incident_id = ?"
    return t.one(sql, p["incident"]) or REFUSAL


def _firmware_order(t: Truth, p: Program) -> Any:
    versions = t.column("SELECT version FROM firmware WHERE device_id = ? ORDER BY released_on", p["device"])
    place = versions.index(p["version"])
    return [versions[-1], versions[place + 1], len(versions) - place - 1][p["level"]]


def _warranty_status(t: Truth, p: Program) -> Any:
    sql = "SELECT (?::DATE + to_months(warranty_months::INTEGER))::DATE FROM devices WHERE device_id = ?"
    ends = t.one(sql, p["bought"], p["device"])
    asked = date.fromisoformat(p["asked"])
    return [asked <= ends, ends.isoformat(), (ends - asked).days][p["level"]]


def _support_status(t: Truth, p: Program) -> Any:
    if p["level"] == 1:
        return t.column(f"SELECT name {_DEVICES} AND end_of_support::DATE >= ?::DATE", p["ids"], p["asked"])
    days = t.one(f"SELECT date_diff('day', ?::DATE, min(end_of_support)::DATE) {_DEVICES}", p["asked"], p["ids"])
    return days >= 0 if p["level"] == 0 else days


def _quote_total(t: Truth, p: Program) -> Any:
    prices = dict(t.all(f"SELECT device_id, price_usd {_DEVICES}", p["ids"]))
    total = sum(prices[i] * count for i, count in zip(p["ids"], p["units"], strict=True))
    reduced = p["level"] == 1 or (p["level"] == 2 and total > p["threshold"])
    return total * (100 - p["discount"]) / 100 if reduced else total


def _parameter_lookup(t: Truth, p: Program) -> Any:
    return t.one(f"SELECT value FROM {_PARAMETERS} WHERE name = ?", p["manual"], p["parameter"])


def _limit_check(t: Truth, p: Program) -> Any:
    sql = f"SELECT ? BETWEEN minimum AND maximum FROM {_PARAMETERS} WHERE name = ?"
    # The parameters are bound in the order of the text: the value, the manual, the name.
    return all(t.one(sql, value, p["manual"], name) for value, name in zip(p["values"], p["parameters"], strict=True))


def _parameter_listing(t: Truth, p: Program) -> Any:
    condition = ("section = ?", "unit = ?", "value > (minimum + maximum) / 2 AND ? IS NOT NULL")[p["level"]]
    value = (p["section"], p["unit"], "any")[p["level"]]
    return t.column(f"SELECT name FROM {_PARAMETERS} WHERE {condition}", p["manual"], value)


def _parameter_headroom(t: Truth, p: Program) -> Any:
    figure = ("maximum - value", "value - minimum", "100 * (value - minimum) / (maximum - minimum)")[p["level"]]
    return t.one(f"SELECT {figure} FROM {_PARAMETERS} WHERE name = ?", p["manual"], p["parameter"])


def _spec_comparison(t: Truth, p: Program) -> Any:
    return t.one(f"SELECT name {_DEVICES} ORDER BY {p['column']} {'DESC' if p['largest'] else 'ASC'} LIMIT 1", p["ids"])


def _device_filter(t: Truth, p: Program) -> Any:
    conditions = " AND ".join(f"{column} {sign} ?" for column, sign, _ in p["conditions"])
    return t.column(f"SELECT name {_DEVICES} AND {conditions}", p["ids"], *(bound for _, _, bound in p["conditions"]))


def _model_fit(t: Truth, p: Program) -> Any:
    memory = t.one("SELECT memory_gb FROM devices WHERE device_id = ?", p["device"])
    if p["level"] == 0:
        return memory - p["size"] * p["bits"] / 8
    if p["level"] == 1:
        return p["size"] * p["bits"] / 8 <= memory - p["reserve"]
    return max(size for size in p["offered"] if size * p["bits"] / 8 <= memory - p["reserve"])


def _battery_estimate(t: Truth, p: Program) -> Any:
    held = dict(t.all(f"SELECT device_id, {p['column']} {_DEVICES}", p["ids"]))
    hours = [held[i] / use for i, use in zip(p["ids"], p["draws"], strict=True)]
    if p["level"] == 1:
        return t.one("SELECT name FROM devices WHERE device_id = ?", p["ids"][hours.index(max(hours))])
    return hours[0] if p["level"] == 0 else 100 - 100 * p["spent"] / hours[0]


def _journey_pipeline(t: Truth, p: Program) -> Any:
    among = "FROM journeys WHERE " + _AMONG.format("journey_id")
    if p["level"] == 0:
        return t.one("SELECT value_usd FROM journeys WHERE journey_id = ?", p["journey"])
    if p["level"] == 1:
        return t.one(f"SELECT sum(value_usd) {among} AND outcome = 'won'", p["ids"])
    return t.one(f"SELECT 100.0 * avg((outcome = 'won')::INTEGER) {among} AND outcome <> 'open'", p["ids"])


def _document_fact(t: Truth, p: Program) -> Any:
    sql = "SELECT CAST(json_extract(facts, ?) AS DOUBLE) FROM documents WHERE document_id = ?"
    if p["level"] < 2:
        return t.one(sql, f"$.{p['fact']}", p["document"])
    first, second = (t.one(sql, f"$.{p['fact']}", document) for document in p["ids"])
    return abs(first - second)


def _portfolio_figures(t: Truth, p: Program) -> Any:
    return t.one(
        f"SELECT {('max(x)', 'avg(x)', 'max(x) - avg(x)')[p['level']]} FROM (SELECT price_usd AS x {_DEVICES})", p["ids"]
    )


def _price_ranking(t: Truth, p: Program) -> Any:
    names = t.column(f"SELECT name {_DEVICES} ORDER BY price_usd", p["ids"])
    if p["level"] < 2:
        return names[0] if p["level"] == 0 else names[-2]
    return names.index(t.one("SELECT name FROM devices WHERE device_id = ?", p["device"]))


def _sla_compliance(t: Truth, p: Program) -> Any:
    target = t.one("SELECT target_rate FROM processes WHERE process_id = ?", p["process"])
    sql = f"FROM process_metrics WHERE process_id = ? AND {_AMONG.format('strftime(month::DATE, $$%Y-%m-%d$$)')}"
    if p["level"] == 2:
        return t.one(f"SELECT 100.0 * (1 - sum(breached) / sum(completed)) {sql}", p["process"], p["months"])
    kept = t.all(f"SELECT strftime(month::DATE, '%Y-%m'), 1 - breached / completed >= ? {sql}", target, p["process"], p["months"])
    return kept[0][1] if p["level"] == 0 else [month for month, fine in kept if not fine]


def _process_sequence(t: Truth, p: Program) -> Any:
    steps = t.one("SELECT steps FROM processes WHERE process_id = ?", p["process"])
    first, last = steps.index(p["a"]), steps.index(p["b"])
    return [steps[first + 1], last + 1, last - first - 1][p["level"]]


def _incident_monitoring(t: Truth, p: Program) -> Any:
    if p["level"] == 1:
        return t.one(f"SELECT sum(affected_users) {_INCIDENTS}", p["ids"])
    least = p["bound"] if p["level"] == 2 else 0
    return t.one(f"SELECT count(*) {_INCIDENTS} AND {_SEVERE} AND affected_users >= ?", p["ids"], least)


def _resolution_time(t: Truth, p: Program) -> Any:
    if p["level"] == 1:
        return t.one(f"SELECT error_code {_INCIDENTS} ORDER BY {_HOURS} DESC LIMIT 1", p["ids"])
    return t.one(f"SELECT avg({_HOURS}) {_INCIDENTS}", p["ids"])


ANEW: dict[str, Callable[[Truth, Program], Any]] = {
    "error_code_lookup": _error_code_lookup,
    "severity_triage": _severity_triage,
    "fix_selection": _fix_selection,
    "firmware_order": _firmware_order,
    "warranty_status": _warranty_status,
    "support_status": _support_status,
    "quote_total": _quote_total,
    "symptom_routing": lambda t, p: t.one("SELECT category FROM incidents WHERE incident_id = ?", p["incident"]),
    "parameter_lookup": _parameter_lookup,
    "limit_check": _limit_check,
    "parameter_listing": _parameter_listing,
    "parameter_headroom": _parameter_headroom,
    "spec_comparison": _spec_comparison,
    "device_filter": _device_filter,
    "model_fit": _model_fit,
    "battery_estimate": _battery_estimate,
    "journey_pipeline": _journey_pipeline,
    "document_fact": _document_fact,
    "portfolio_figures": _portfolio_figures,
    "price_ranking": _price_ranking,
    "sla_compliance": _sla_compliance,
    "process_sequence": _process_sequence,
    "incident_monitoring": _incident_monitoring,
    "resolution_time": _resolution_time,
}


@pytest.fixture(scope="module")
def truth(frames: dict[str, pd.DataFrame]) -> Truth:
    return Truth(frames)


def agrees(row: dict[Any, Any], expected: Any) -> bool:
    if row["answer_type"] == "yes_no":
        return bool(row["answer"] == ("yes" if expected else "no"))
    if row["answer_type"] == "list":
        return sorted(row["answer_items"]) == sorted(expected)
    if row["answer_type"] == "number":
        # Rounded answers carry the precision that the question asks for.
        digits = len(row["answer"].partition(".")[2])
        return (
            abs(float(row["answer"]) - float(expected)) <= 0.5 * 10 ** -min(digits, 2) + 1e-6
            if digits
            else (abs(float(row["answer"]) - float(expected)) < 0.051)
        )
    return bool(row["answer"] == expected)


@pytest.mark.parametrize("task", [task.name for task in TASKS])
def test_every_answer_is_computed_anew_from_the_records(task: str, prompts: pd.DataFrame, truth: Truth) -> None:
    rows = prompts[(prompts["task_type"] == task) & (prompts["language"] != "zh-Hant")].to_dict("records")
    assert len(rows) >= 20
    wrong = [(row["prompt"], row["answer"]) for row in rows if not agrees(row, ANEW[task](truth, row["program"]))]
    assert wrong == []
