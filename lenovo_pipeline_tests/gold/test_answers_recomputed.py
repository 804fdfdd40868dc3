"""Every answer, computed once more from the records by other means: DuckDB SQL over the frames."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pandas as pd
import pytest

from lenovo_pipeline.gold.tables import CATEGORIES

Program = dict[str, Any]
_USED = (
    "devices", "firmware", "components", "departments", "incidents", "processes", "customers", "journeys", "documents",
    "support_articles", "technical_docs",
)  # fmt: skip
_NAMES = {"department_id": "departments", "component_id": "components"}


class Truth:
    """The world in SQL."""

    def __init__(self, frames: dict[str, pd.DataFrame]) -> None:
        self.db = duckdb.connect(":memory:")
        for name in _USED:
            frame = frames[name].copy()
            for column in ("facts", "parameters"):
                if column in frame:
                    frame[column] = [v if isinstance(v, str) else json.dumps(v) for v in frame[column]]
            self.db.register("given", frame)
            extra = {
                "devices": ", strftime(release_date::DATE, '%Y') AS release_year",
                "incidents": ", strftime(started_at, '%Y-%m') AS started_month",
                "journeys": ", strftime(started_at, '%Y-%m') AS started_month",
            }.get(name, "")
            self.db.execute(f"CREATE TABLE {name} AS SELECT *{extra} FROM given")
            self.db.unregister("given")

    def rows(self, sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
        return self.db.execute(sql, values).fetchall()

    def where(self, conditions: list[list[Any]]) -> tuple[str, list[Any]]:
        parts, values = [], []
        for column, operator, value in conditions:
            if isinstance(value, list):
                parts.append(f"{column} {operator} ?::VARCHAR[]")
            elif isinstance(value, str):
                parts.append(f"CAST({column} AS VARCHAR) {operator} ?")
            else:
                parts.append(f"CAST({column} AS DOUBLE) {operator} CAST(? AS DOUBLE)")
            values.append(value)
        return " AND ".join(parts), values

    def entity(self, reference: Program) -> tuple[str, str]:
        """Table and id of the one record that a reference describes."""
        table, sql_and_values = reference["table"], self.where([[c, "=", v] for c, v in reference["where"].items()])
        found = self.rows(f"SELECT {_id(table)} FROM {table} WHERE {sql_and_values[0]}", sql_and_values[1])
        assert len(found) == 1, f"{reference} describes {len(found)} records"
        record_id = found[0][0]
        for column, target in reference["path"]:
            [(next_id,)] = self.rows(f"SELECT {column} FROM {table} WHERE {_id(table)} = ?", [record_id])
            if isinstance(next_id, list):
                [next_id] = next_id
            table, record_id = target, next_id
        return table, record_id

    def value(self, reference: Program, column: str) -> Any:
        table, record_id = self.entity(reference)
        [(value,)] = self.rows(f"SELECT {column} FROM {table} WHERE {_id(table)} = ?", [record_id])
        if column in _NAMES:
            [(value,)] = self.rows(f"SELECT name FROM {_NAMES[column]} WHERE {_id(_NAMES[column])} = ?", [value])
        if column == "fixed_firmware_id":
            [(value,)] = self.rows("SELECT version FROM firmware WHERE firmware_id = ?", [value])
        return value

    def versions(self, title: str) -> list[tuple[Any, ...]]:
        """Version, facts, publication and id of the versions of a document, the one in force first."""
        return self.rows(
            """WITH RECURSIVE chain AS (
                 SELECT * FROM documents d
                 WHERE title = ? AND NOT EXISTS (SELECT 1 FROM documents n WHERE n.supersedes_id = d.document_id)
                 UNION ALL SELECT d.* FROM documents d JOIN chain c ON d.document_id = c.supersedes_id)
               SELECT version, facts, published_at, document_id FROM chain ORDER BY version DESC""",
            [title],
        )


def _id(table: str) -> str:
    return {
        "devices": "device_id", "firmware": "firmware_id", "components": "component_id", "departments": "department_id",
        "incidents": "incident_id", "processes": "process_id", "customers": "customer_id", "journeys": "journey_id",
        "documents": "document_id", "support_articles": "article_id", "technical_docs": "technical_doc_id",
    }[table]  # fmt: skip


def _scaled(value: Any, unit: str | None) -> Any:
    return value * 100 if unit == "1" else value


def _lookup(truth: Truth, p: Program) -> Any:
    return _scaled(truth.value(p["entity"], p["column"]), p["unit"])


def _fact(truth: Truth, p: Program) -> Any:
    return json.loads(truth.value(p["entity"], "facts"))[p["fact"]]


def _parameter(truth: Truth, p: Program) -> Any:
    [value] = [q[p["field"]] for q in json.loads(truth.value(p["entity"], "parameters")) if q["name"] == p["parameter"]]
    return value


def _element(truth: Truth, p: Program) -> Any:
    return truth.value(p["entity"], p["column"])[p["position"]]


def _aggregate(truth: Truth, p: Program) -> Any:
    sql, values = truth.where([[c, "=", v] for c, v in p["where"].items()])
    column = {"count": "count(*)", "mean": "avg({c})", "range": "max({c}) - min({c})"}.get(p["function"], p["function"] + "({c})")
    [(value,)] = truth.rows(f"SELECT {column.format(c=p.get('column'))} FROM {p['table']} WHERE {sql}", values)
    return _scaled(value, p.get("unit"))


def _compare(truth: Truth, p: Program) -> Any:
    first, second = (truth.value(entity, p["column"]) for entity in p["entities"])
    assert first != second
    if p["asked"] == "difference":
        return _scaled(abs(first - second), p["unit"])
    if p["asked"] == "whether":
        return (first > second) == p["larger"]
    winner = p["entities"][0 if (first > second) == p["larger"] else 1]
    return truth.value(winner, "error_code" if winner["table"] == "incidents" else "name")


def _filter(truth: Truth, p: Program) -> Any:
    sql, values = truth.where(p["conditions"])
    found = truth.rows(f"SELECT {p['column'] or 'count(*)'} FROM {p['table']} WHERE {sql}", values)
    return [row[0] for row in found]


def _lacks(truth: Truth, p: Program) -> Any:
    return not any(p["word"].lower() in port.lower() for port in truth.value(p["entity"], p["column"]))


def _not_bought(truth: Truth, p: Program) -> Any:
    _, journey = truth.entity(p["entity"])
    return [
        row[0]
        for row in truth.rows(
            """SELECT d.name
               FROM (SELECT unnest(quoted_device_ids) AS quoted, bought_device_ids FROM journeys WHERE journey_id = ?) j
               JOIN devices d ON d.device_id = j.quoted WHERE NOT list_contains(j.bought_device_ids, j.quoted)""",
            [journey],
        )
    ]


def _extreme(truth: Truth, p: Program) -> Any:
    sql, values = truth.where([[c, "=", v] for c, v in p["where"].items()])
    order = "DESC" if p["last"] else "ASC"
    found = truth.rows(f"SELECT {p['column']}, {p['by']} FROM {p['table']} WHERE {sql} ORDER BY 2 {order} LIMIT 2", values)
    assert found[0][1] != found[1][1]
    return found[0][0]


def _current(truth: Truth, p: Program) -> Any:
    return json.loads(truth.versions(p["title"])[0][1])[p["fact"]]


def _still(truth: Truth, p: Program) -> Any:
    return bool(_current(truth, p) == p["suggested"])


def _change(truth: Truth, p: Program) -> Any:
    latest, before = (json.loads(version[1])[p["fact"]] for version in truth.versions(p["title"])[:2])
    return abs(latest - before)


def _since(truth: Truth, p: Program) -> Any:
    latest, before = truth.versions(p["title"])[:2]
    assert json.loads(latest[1])[p["fact"]] != json.loads(before[1])[p["fact"]]
    return latest[2]


def _latest(truth: Truth, p: Program) -> Any:
    return truth.versions(p["title"])[0][{"version": 0, "published_at": 2}[p["column"]]]


def _days_between(truth: Truth, p: Program) -> Any:
    _, device = truth.entity(p["entity"])
    [(days,)] = truth.rows(
        """SELECT date_diff('day', b.release_date::DATE, a.release_date::DATE)
           FROM devices a JOIN devices b ON b.device_id = a.predecessor_id WHERE a.device_id = ?""",
        [device],
    )
    return days


def _earlier(truth: Truth, p: Program) -> Any:
    first, second = (truth.value(entity, p["by"]) for entity in p["entities"])
    assert first != second
    return truth.value(p["entities"][0 if first < second else 1], p["column"])


def _latest_journey(truth: Truth, p: Program) -> Any:
    column = "quoted_device_ids" if p["column"] == "quoted" else p["column"]
    sql = f"SELECT {column} FROM journeys WHERE customer_id = ? ORDER BY started_at DESC LIMIT 1"
    [(value,)] = truth.rows(sql, [p["customer_id"]])
    if column != "quoted_device_ids":
        return value
    [device] = value
    [(name,)] = truth.rows("SELECT name FROM devices WHERE device_id = ?", [device])
    return name


OPERATIONS: dict[str, Callable[[Truth, Program], Any]] = {
    "lookup": _lookup,
    "fact": _fact,
    "parameter": _parameter,
    "element": _element,
    "aggregate": _aggregate,
    "compare": _compare,
    "filter": _filter,
    "lacks": _lacks,
    "not_bought": _not_bought,
    "extreme": _extreme,
    "conflict_current": _current,
    "conflict_still": _still,
    "conflict_change": _change,
    "conflict_since": _since,
    "latest": _latest,
    "days_between": _days_between,
    "earlier": _earlier,
    "latest_journey": _latest_journey,
}


def agrees(question: dict[str, Any], value: Any) -> bool:
    """Whether the recomputed value is the canonical answer."""
    if question["answer_type"] == "list":
        return sorted(question["answer_items"]) == sorted(value)
    if isinstance(value, list):
        [value] = value
    if question["answer_type"] == "yes_no":
        return bool(question["answer"] == ("yes" if value else "no"))
    if question["answer_type"] == "number":
        return abs(float(question["answer"]) - float(value)) < 0.006
    return bool(question["answer"] == (str(value)[:10] if hasattr(value, "year") else str(value)))


@pytest.fixture(scope="module")
def truth(frames: dict[str, pd.DataFrame]) -> Iterator[Truth]:
    truth = Truth(frames)
    yield truth
    truth.db.close()


@pytest.mark.parametrize("category", [c for c in CATEGORIES if c != "unanswerable"])
def test_sql_over_the_records_gives_the_same_answers(category: str, questions: pd.DataFrame, truth: Truth) -> None:
    asked = questions[questions["category"] == category].to_dict("records")
    assert len(asked) > 50
    wrong = []
    for question in asked:
        row = {str(k): v for k, v in question.items()}
        value = OPERATIONS[row["program"]["op"]](truth, row["program"])
        if not agrees(row, value):
            wrong.append((row["question"], row["answer"], value))
    assert not wrong


def test_a_wrong_answer_is_noticed(questions: pd.DataFrame, truth: Truth) -> None:
    numbers = questions[(questions["answer_type"] == "number") & (questions["category"] == "aggregate")]
    row = {str(k): v for k, v in numbers.iloc[0].items()}
    value = OPERATIONS[row["program"]["op"]](truth, row["program"])
    assert agrees(row, value)
    assert not agrees(row | {"answer": str(float(row["answer"]) + 1)}, value)
