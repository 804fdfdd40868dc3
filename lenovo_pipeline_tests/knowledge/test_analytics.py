"""Each table of analytics, computed again record by record from the frames that it is made of."""

from collections import defaultdict
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.contracts import Table
from lenovo_pipeline.enterprise.tables import TABLES as ENTERPRISE_TABLES
from lenovo_pipeline.enterprise.world import build_world
from lenovo_pipeline.knowledge import analytics, tables
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.uploads import tables as uploads

STAGES = ("awareness", "consideration", "evaluation", "purchase", "deployment", "support", "renewal")
Rows = list[dict[str, Any]]
World = dict[str, Rows]
NEEDED = (
    "devices",
    "departments",
    "users",
    "interactions",
    "processes",
    "process_metrics",
    "customers",
    "journeys",
    "touchpoints",
    "chat_messages",
)

FILES = [
    ("UPF-" + "a" * 24, "a.csv", "csv", 10, 3, 1, 1, "loaded"),
    ("UPF-" + "b" * 24, "b.csv", "csv", 20, 5, 0, 0, "loaded"),
    ("UPF-" + "c" * 24, "c.csv", "csv", 1, 0, 9, 0, "failed"),
    ("UPF-" + "d" * 24, "d.bin", None, None, 0, 0, 0, "failed"),
    ("UPF-" + "e" * 24, "e.pdf", "pdf", 7, 0, 0, 2, "loaded"),
]
MENTIONS = [(0, ["D1", "D2"]), (0, ["D2"]), (1, ["D2", "D3"]), (4, []), (4, ["D1"])]


def _uploads() -> dict[str, tuple[Table, pd.DataFrame]]:
    files = pd.DataFrame(
        [
            {
                **dict.fromkeys(uploads.FILES.column_names),
                **{
                    "file_id": i,
                    "path": path,
                    "reader": reader,
                    "bytes": size,
                    "rows_read": loaded + rejected,
                    "rows_loaded": loaded,
                },
                **{"rows_rejected": rejected, "texts": texts, "status": status, "table_names": [], "notes": [], "read_with": "x"},
            }
            for i, path, reader, size, loaded, rejected, texts, status in FILES
        ]
    ).astype(object)
    texts = pd.DataFrame(
        [
            {"text_id": f"T{n}", "file_id": FILES[i][0], "title": "t", "section": None, "position": 1}
            | {"language": "en", "text": "t", "mentioned_device_ids": devices}
            for n, (i, devices) in enumerate(MENTIONS)
        ]
    )
    return {"files": (uploads.FILES, files), "texts": (uploads.TEXTS, texts)}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The smallest world, uploads of our own, and the analytics tables in the order in which the assets make them."""
    made = Warehouse(str(tmp_path_factory.mktemp("analytics") / "warehouse.duckdb"))
    frames = build_world(20_261, 0.1, NEEDED)
    with made.write():
        for table in ENTERPRISE_TABLES:
            if table.name in frames:
                made.replace(table, frames[table.name])
        for table, frame in _uploads().values():
            made.replace(table, frame)
        for table, query in (
            (tables.USAGE, analytics.USAGE),
            (tables.PROCESS_PERFORMANCE, analytics.PROCESS_PERFORMANCE),
            (tables.JOURNEY_CONVERSION, analytics.JOURNEY_CONVERSION),
            (tables.CHAT_ANALYTICS, analytics.CHAT_ANALYTICS),
            (tables.UPLOAD_INVENTORY, analytics.UPLOAD_INVENTORY),
            (tables.ANALYTICS, analytics.ANALYTICS),
        ):
            made.replace(table, made.frame(query))
    return made


@pytest.fixture(scope="module")
def world(warehouse: Warehouse) -> World:
    frames = {table.name: warehouse.load(table) for table in ENTERPRISE_TABLES if table.name in NEEDED}
    return {name: records(frame) for name, frame in frames.items()}


def records(frame: pd.DataFrame) -> Rows:
    columns = {str(name): [None if value != value else value for value in frame[name].tolist()] for name in frame.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def stored(warehouse: Warehouse, table: Table) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = records(warehouse.load(table).drop(columns="content_hash"))
    found = {tuple(row[name] for name in table.key): row for row in rows}
    assert len(found) == len(rows), "the key is not unique"
    return found


def same(found: dict[tuple[Any, ...], dict[str, Any]], expected: dict[tuple[Any, ...], dict[str, Any]], tolerance: float) -> None:
    assert found.keys() == expected.keys()
    assert expected
    for key, values in expected.items():
        for name, value in values.items():
            given = found[key][name]
            if isinstance(value, float):
                assert given == pytest.approx(value, abs=tolerance), (key, name)
            else:
                assert given == value, (key, name)


def _by(rows: Rows, column: str) -> dict[Any, dict[str, Any]]:
    return {row[column]: row for row in rows}


def test_usage_counts_people_sessions_actions_and_hours_of_each_department_and_device(warehouse: Warehouse, world: World) -> None:
    users, departments, devices = (
        _by(world["users"], "user_id"),
        _by(world["departments"], "department_id"),
        _by(world["devices"], "device_id"),
    )
    groups: dict[tuple[Any, ...], Rows] = defaultdict(list)
    for row in world["interactions"]:
        groups[(users[row["user_id"]]["department_id"], row["device_id"])].append(row)
    expected = {
        (department, device): {
            "department": departments[department]["name"],
            "device": devices[device]["name"],
            "people": len({row["user_id"] for row in rows}),
            "sessions": len({row["session_id"] for row in rows}),
            "actions": len(rows),
            "hours": sum(row["duration_s"] for row in rows) / 3600,
            "errors": sum(row["action"] == "report_error" for row in rows),
            "incident_actions": sum(row["incident_id"] is not None for row in rows),
        }
        for (department, device), rows in groups.items()
    }
    same(stored(warehouse, tables.USAGE), expected, 0.0051)
    assert any(values["errors"] for values in expected.values())
    assert any(values["incident_actions"] for values in expected.values())


def test_process_performance_compares_each_process_with_what_was_agreed(warehouse: Warehouse, world: World) -> None:
    departments = _by(world["departments"], "department_id")
    months = sorted({row["month"] for row in world["process_metrics"]})
    expected = {}
    for process in world["processes"]:
        rows = [row for row in world["process_metrics"] if row["process_id"] == process["process_id"]]
        recent = [row for row in rows if row["month"] in months[-3:]]
        completed = sum(row["completed"] for row in rows)
        kept = 1 - sum(row["breached"] for row in rows) / completed if completed else None
        recently = sum(row["completed"] for row in recent)
        expected[(process["process_id"],)] = {
            "process": process["name"],
            "department": departments[process["department_id"]]["name"],
            "sla_hours": float(process["sla_hours"]),
            "target_rate": float(process["target_rate"]),
            "completed": completed,
            "kept_rate": kept,
            "recent_kept_rate": 1 - sum(row["breached"] for row in recent) / recently if recently else None,
            "mean_hours": sum(row["mean_hours"] * row["completed"] for row in rows) / completed if completed else None,
            "meets_target": kept >= process["target_rate"] if kept is not None else None,
        }
    same(stored(warehouse, tables.PROCESS_PERFORMANCE), expected, 0.0051)
    assert len({values["meets_target"] for values in expected.values()}) == 2


def _reach(world: World) -> dict[str, list[tuple[dict[str, Any], int]]]:
    """Journeys by customer type, each with the furthest stage that it reached (from 1; 0 without a touchpoint)."""
    customers = _by(world["customers"], "customer_id")
    furthest: dict[str, int] = defaultdict(int)
    for touch in world["touchpoints"]:
        furthest[touch["journey_id"]] = max(furthest[touch["journey_id"]], STAGES.index(touch["stage"]) + 1)
    by_type: dict[str, list[tuple[dict[str, Any], int]]] = defaultdict(list)
    for journey in world["journeys"]:
        by_type[customers[journey["customer_id"]]["customer_type"]].append((journey, furthest[journey["journey_id"]]))
    return by_type


def test_journey_conversion_counts_who_reaches_each_stage_and_wins(warehouse: Warehouse, world: World) -> None:
    expected = {}
    for customer_type, journeys in _reach(world).items():
        for position, stage in enumerate(STAGES, start=1):
            there = [journey for journey, furthest in journeys if furthest >= position]
            won = [journey for journey in there if journey["outcome"] == "won"]
            expected[(customer_type, stage)] = {
                "stage_position": position,
                "journeys": len(journeys),
                "reached": len(there),
                "reach_rate": len(there) / len(journeys),
                "won": len(won),
                "value_usd": float(sum(journey["value_usd"] or 0 for journey in won)),
            }
    same(stored(warehouse, tables.JOURNEY_CONVERSION), expected, 0.0051)


def test_every_stage_of_the_world_is_one_that_the_query_knows(world: World) -> None:
    assert {touch["stage"] for touch in world["touchpoints"]} <= set(STAGES)


def _chats(world: World) -> dict[str, Rows]:
    chats: dict[str, Rows] = defaultdict(list)
    for message in world["chat_messages"]:
        chats[message["chat_id"]].append(message)
    return chats


def test_chat_analytics_counts_every_chat_once(warehouse: Warehouse, world: World) -> None:
    devices = _by(world["devices"], "device_id")
    groups: dict[tuple[Any, ...], list[Rows]] = defaultdict(list)
    for messages in _chats(world).values():
        assert len({(m["intent"], m["language"], m["device_id"]) for m in messages}) == 1, "a chat is about one thing"
        first = messages[0]
        groups[(first["intent"], first["language"], devices[first["device_id"]]["family"])].append(messages)
    expected = {}
    for key, chats in groups.items():
        ratings = [[m["rating"] for m in messages if m["rating"] is not None] for messages in chats]
        rated = [sum(given) / len(given) for given in ratings if given]
        expected[key] = {
            "chats": len(chats),
            "messages": sum(map(len, chats)),
            "resolved_rate": sum(any(m["resolved"] for m in messages) for messages in chats) / len(chats),
            "article_rate": sum(any(m["article_id"] for m in messages) for messages in chats) / len(chats),
            "mean_rating": sum(rated) / len(rated) if rated else None,
        }
    same(stored(warehouse, tables.CHAT_ANALYTICS), expected, 0.00051)
    assert sum(row["chats"] for row in stored(warehouse, tables.CHAT_ANALYTICS).values()) == len(_chats(world))


def test_upload_inventory_counts_each_file_and_each_device_once(warehouse: Warehouse) -> None:
    found = {
        key: tuple(row[name] for name in ("files", "bytes", "rows_loaded", "rows_rejected", "texts", "devices"))
        for key, row in stored(warehouse, tables.UPLOAD_INVENTORY).items()
    }
    assert found == {
        ("csv", "loaded"): (2, 30, 8, 1, 1, 3),
        ("csv", "failed"): (1, 1, 0, 9, 0, 0),
        ("none", "failed"): (1, 0, 0, 0, 0, 0),
        ("pdf", "loaded"): (1, 7, 0, 0, 2, 1),
    }


def test_the_headline_figures_are_those_of_the_records(warehouse: Warehouse, world: World) -> None:
    users, departments = _by(world["users"], "user_id"), _by(world["departments"], "department_id")
    expected: dict[tuple[Any, ...], dict[str, Any]] = {}

    def add(topic: str, subject: str, measure: str, value: float) -> None:
        key = (topic, subject, measure)
        expected[key] = {"value": expected.get(key, {"value": 0.0})["value"] + value}

    for row in world["interactions"]:
        department = departments[users[row["user_id"]]["department_id"]]["name"]
        add("usage", department, "hours", row["duration_s"] / 3600)
        add("usage", department, "incident_actions", float(row["incident_id"] is not None))
    performance = stored(warehouse, tables.PROCESS_PERFORMANCE).values()
    for department in {row["department"] for row in performance}:
        judged = [
            row["meets_target"] for row in performance if row["department"] == department and row["meets_target"] is not None
        ]
        add("process_performance", department, "processes_meeting_target", sum(judged) / len(judged))
    for customer_type, journeys in _reach(world).items():
        won = [journey for journey, _ in journeys if journey["outcome"] == "won"]
        add("journey_conversion", customer_type, "win_rate", len(won) / len(journeys))
        add("journey_conversion", customer_type, "value_usd", float(sum(journey["value_usd"] or 0 for journey in won)))
    chats = _chats(world)
    for messages in chats.values():
        intent = messages[0]["intent"]
        same_intent = sum(other[0]["intent"] == intent for other in chats.values())
        add("chat_analytics", intent, "chats", 1.0)
        add("chat_analytics", intent, "resolved_rate", any(m["resolved"] for m in messages) / same_intent)
    add("upload_inventory", "all", "files", float(len(FILES)))
    add("upload_inventory", "all", "rows_loaded", float(sum(file[4] for file in FILES)))
    found = stored(warehouse, tables.ANALYTICS)
    hours = {key for key in found if key[2] == "hours"}
    # Hours are summed from figures that are rounded to a hundredth for each device.
    same({k: v for k, v in found.items() if k in hours}, {k: v for k, v in expected.items() if k in hours}, 0.7)
    same({k: v for k, v in found.items() if k not in hours}, {k: v for k, v in expected.items() if k not in hours}, 0.0051)


def test_without_uploads_the_inventory_is_empty_and_the_totals_are_zero(warehouse: Warehouse) -> None:
    with pytest.raises(RuntimeError, match="back"), warehouse.write():
        for table, frame in _uploads().values():
            warehouse.replace(table, frame.iloc[:0])
        warehouse.replace(tables.UPLOAD_INVENTORY, warehouse.frame(analytics.UPLOAD_INVENTORY))
        warehouse.replace(tables.ANALYTICS, warehouse.frame(analytics.ANALYTICS))
        assert len(warehouse.load(tables.UPLOAD_INVENTORY)) == 0
        assert [row["value"] for key, row in stored(warehouse, tables.ANALYTICS).items() if key[0] == "upload_inventory"] == [
            0.0,
            0.0,
        ]
        raise RuntimeError("back")
