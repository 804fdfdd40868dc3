"""Every rule is clean on a generated world and finds what a test breaks."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.enterprise.causality import RULES, unresolved_references, violations
from lenovo_pipeline.enterprise.rules import in_circles
from lenovo_pipeline.enterprise.seeding import INTERACTIONS_START
from lenovo_pipeline.enterprise.tables import TABLES

World = dict[str, pd.DataFrame]
LONG_AGO, FUTURE = date(2015, 1, 2), date(2030, 1, 1)
LONG_AGO_MOMENT, FUTURE_MOMENT = datetime(2015, 1, 2), datetime(2030, 1, 1)
_TABLES = {table.name: table for table in TABLES}


def test_a_generated_world_obeys_every_rule(world: World) -> None:
    assert violations(world).empty


def test_every_reference_of_a_generated_world_resolves(world: World) -> None:
    for table in TABLES:
        assert unresolved_references(world, table).empty, table.name


@pytest.mark.parametrize(
    ("table", "column"), [(t.name, c.name) for t in TABLES for c, _, _ in t.references()], ids=lambda value: str(value)
)
def test_a_reference_to_nothing_is_found(world: World, table: str, column: str) -> None:
    is_list = _TABLES[table].column(column).is_list
    broken = world[table].copy()
    nowhere: Any = ["DEV-NOWHERE"] if is_list else "DEV-NOWHERE"
    broken.at[broken.index[0], column] = nowhere
    found = unresolved_references({**world, table: broken}, _TABLES[table])
    assert len(found) == 1
    key = _TABLES[table].key[0]
    assert found["table"].tolist() == [table] and str(found["id"].iloc[0]).startswith(str(broken[key].iloc[0]))
    assert column in found["problem"].iloc[0] and "DEV-NOWHERE" in found["problem"].iloc[0]


Condition = Callable[[pd.DataFrame], Any]


def _filled(column: str) -> Condition:
    return lambda frame: frame[column].notna()


def _some(column: str) -> Condition:
    return lambda frame: frame[column].map(len) > 0


def _outcome(outcome: str) -> Condition:
    return lambda frame: frame["outcome"] == outcome


def _everywhere(frame: pd.DataFrame) -> Any:
    return pd.Series(True, index=frame.index)


def _own(column: str) -> Callable[["pd.Series[Any]"], Any]:
    return lambda row: [row[column]]


BREAKS: list[tuple[str, Condition, dict[str, Any], str]] = [
    ("devices", _everywhere, {"end_of_support": LONG_AGO}, "support ends before the release"),
    ("devices", _everywhere, {"release_date": FUTURE}, "released in the future"),
    (
        "devices",
        _filled("successor_id"),
        {"successor_id": lambda row: row["device_id"]},
        "predecessor and successor do not name each other",
    ),
    (
        "devices",
        _filled("predecessor_id"),
        {"predecessor_id": lambda row: row["device_id"]},
        "predecessor and successor do not name each other",
    ),
    ("devices", _filled("predecessor_id"), {"release_date": LONG_AGO}, "released before its predecessor"),
    ("firmware", _everywhere, {"released_on": LONG_AGO}, "released before its device"),
    ("firmware", _everywhere, {"released_on": FUTURE}, "released in the future"),
    ("firmware", _filled("previous_id"), {"released_on": LONG_AGO}, "released before the firmware that it replaces"),
    ("firmware", _filled("previous_id"), {"device_id": "DEV-MOTO-G86"}, "replaces firmware of another device"),
    ("users", _everywhere, {"hired_on": FUTURE}, "hired in the future"),
    ("users", _everywhere, {"manager_id": lambda row: row["user_id"]}, "is above himself"),
    ("incidents", _everywhere, {"detected_at": LONG_AGO_MOMENT}, "noticed before it began"),
    ("incidents", _filled("resolved_at"), {"resolved_at": LONG_AGO_MOMENT}, "fixed before it was noticed"),
    ("incidents", _everywhere, {"started_at": FUTURE_MOMENT}, "began in the future"),
    ("incidents", _everywhere, {"detected_at": FUTURE_MOMENT}, "noticed in the future"),
    ("incidents", _everywhere, {"resolved_at": FUTURE_MOMENT}, "fixed in the future"),
    ("incidents", _everywhere, {"started_at": LONG_AGO_MOMENT}, "broke before the device was released"),
    ("incidents", _everywhere, {"started_at": LONG_AGO_MOMENT}, "broke under firmware that was not released"),
    ("incidents", _everywhere, {"started_at": datetime(2040, 1, 1)}, "began after the end of support"),
    (
        "incidents",
        _everywhere,
        {"fixed_firmware_id": lambda row: row["firmware_id"]},
        "fixed by firmware that was released before it began",
    ),
    (
        "incidents",
        _filled("fixed_firmware_id"),
        {"resolved_at": LONG_AGO_MOMENT},
        "fixed before the firmware that fixed it was released",
    ),
    ("incidents", _filled("fixed_firmware_id"), {"resolved_at": None}, "open although firmware fixed it"),
    ("incidents", lambda f: f["device_id"] != "DEV-MOTO-G86", {"device_id": "DEV-MOTO-G86"}, "names firmware of another device"),
    ("interactions", _everywhere, {"started_at": FUTURE_MOMENT}, "lies outside the 30 days"),
    ("interactions", _everywhere, {"started_at": LONG_AGO_MOMENT}, "used before the device was released"),
    ("interactions", _everywhere, {"started_at": LONG_AGO_MOMENT}, "done before the user was hired"),
    ("interactions", _filled("incident_id"), {"started_at": INTERACTIONS_START}, "caused by an incident that had not begun"),
    ("interactions", _everywhere, {"incident_id": "INC-100001"}, "caused by an incident that was fixed"),
    ("interactions", _filled("incident_id"), {"device_id": "DEV-MOTO-G100"}, "caused by an incident of another device"),
    ("interactions", _everywhere, {"device_id": "DEV-NOT-MINE"}, "done on a device that the user does not have"),
    ("processes", _some("upstream_ids"), {"upstream_ids": []}, "upstream and downstream do not name each other"),
    ("processes", _some("downstream_ids"), {"downstream_ids": []}, "upstream and downstream do not name each other"),
    ("processes", _everywhere, {"upstream_ids": _own("process_id")}, "waits, in the end, for itself"),
    ("processes", _everywhere, {"established_on": FUTURE}, "established in the future"),
    ("processes", _everywhere, {"established_on": LONG_AGO}, "established before its owner was hired"),
    ("process_metrics", _everywhere, {"month": LONG_AGO.replace(day=1)}, "measured before it existed"),
    ("process_metrics", _everywhere, {"month": date(2026, 10, 1)}, "measured in a month that is not over"),
    ("process_metrics", _everywhere, {"breached": 1_000_000}, "more cases late than completed"),
    ("process_metrics", _everywhere, {"mean_hours": 1e6}, "mean above the 95th percentile"),
    ("journeys", _filled("ended_at"), {"ended_at": LONG_AGO_MOMENT}, "ends before it begins"),
    ("journeys", _everywhere, {"started_at": FUTURE_MOMENT}, "begins in the future"),
    ("journeys", _everywhere, {"ended_at": FUTURE_MOMENT}, "ends in the future"),
    ("journeys", _everywhere, {"started_at": LONG_AGO_MOMENT}, "begins before the customer's first contract"),
    ("journeys", _outcome("won"), {"quoted_device_ids": []}, "devices bought that were not quoted"),
    ("journeys", _outcome("won"), {"units": 0}, "won without devices, units or value"),
    ("journeys", _outcome("won"), {"bought_device_ids": []}, "won without devices, units or value"),
    ("journeys", _outcome("lost"), {"value_usd": 10.0}, "not won, yet something was bought"),
    ("journeys", _outcome("lost"), {"bought_device_ids": lambda r: r["quoted_device_ids"]}, "not won, yet something was bought"),
    ("journeys", _outcome("won"), {"stage": "awareness"}, "won before the stage of purchase"),
    ("journeys", _outcome("lost"), {"ended_at": None}, "open and ended contradict each other"),
    ("journeys", _outcome("open"), {"outcome": "lost"}, "open and ended contradict each other"),
    ("journeys", _everywhere, {"started_at": LONG_AGO_MOMENT}, "quotes a device before its release"),
    ("journeys", _everywhere, {"started_at": datetime(2040, 1, 1)}, "quotes a device out of support"),
    ("touchpoints", _everywhere, {"happened_at": LONG_AGO_MOMENT}, "happened before its journey began"),
    (
        "touchpoints",
        lambda f: f["note"].str.contains("signed"),
        {"happened_at": FUTURE_MOMENT},
        "happened after its journey ended",
    ),
    ("touchpoints", _everywhere, {"happened_at": FUTURE_MOMENT}, "happens in the future"),
    ("touchpoints", lambda f: f["stage"] == "awareness", {"happened_at": FUTURE_MOMENT}, "goes back to an earlier stage"),
    ("touchpoints", _everywhere, {"happened_at": LONG_AGO_MOMENT}, "talks about a device before its release"),
    ("touchpoints", _everywhere, {"happened_at": LONG_AGO_MOMENT}, "in charge before being hired"),
    ("documents", _everywhere, {"published_at": FUTURE_MOMENT}, "published in the future"),
    ("documents", _everywhere, {"published_at": LONG_AGO_MOMENT}, "published before its author was hired"),
    ("documents", _some("device_ids"), {"published_at": LONG_AGO_MOMENT}, "published before a device that it is about"),
    ("documents", _filled("supersedes_id"), {"published_at": LONG_AGO_MOMENT}, "published before the version that it supersedes"),
    ("documents", _everywhere, {"version": 40}, "version is not one more than the version before"),
    ("documents", _filled("supersedes_id"), {"document_type": "unheard_of"}, "supersedes a document of another type"),
    ("documents", _everywhere, {"supersedes_id": lambda row: row["document_id"]}, "supersedes, in the end, itself"),
    ("support_articles", _filled("incident_id"), {"published_at": LONG_AGO_MOMENT}, "published before its incident was fixed"),
    ("support_articles", _some("firmware_ids"), {"published_at": LONG_AGO_MOMENT}, "published before firmware that it names"),
    ("support_articles", _filled("incident_id"), {"device_ids": []}, "does not name the device of its incident"),
    ("support_articles", _everywhere, {"published_at": FUTURE_MOMENT}, "published in the future"),
    ("technical_docs", _everywhere, {"published_at": LONG_AGO_MOMENT}, "published before its author was hired"),
    ("technical_docs", _some("device_ids"), {"published_at": LONG_AGO_MOMENT}, "published before a device that it is about"),
    ("chat_messages", _everywhere, {"position": 99}, "positions of its chat are not 1, 2, 3 …"),
    ("chat_messages", lambda f: f["position"] == 2, {"sent_at": LONG_AGO_MOMENT}, "sent before the message in front of it"),
    ("chat_messages", _everywhere, {"sent_at": FUTURE_MOMENT}, "sent in the future"),
    ("chat_messages", _filled("incident_id"), {"sent_at": LONG_AGO_MOMENT}, "about an incident that had not begun"),
    ("chat_messages", _filled("article_id"), {"sent_at": LONG_AGO_MOMENT}, "points to an article that was not published"),
    ("chat_messages", _everywhere, {"sent_at": LONG_AGO_MOMENT}, "about a device before its release"),
    ("chat_messages", _everywhere, {"sent_at": LONG_AGO_MOMENT}, "sent by a user before being hired"),
    ("chat_messages", lambda f: f["position"] == 1, {"rating": 3}, "rated before the chat was over"),
]


def _problems(world: World, table: str) -> set[tuple[str, str]]:
    found = violations(world, [rule for rule in RULES if rule.table == table])
    return set(zip(found["id"].tolist(), found["problem"].tolist(), strict=True))


@pytest.mark.parametrize(("table", "condition", "changes", "problem"), BREAKS, ids=[f"{b[0]}: {b[3]}" for b in BREAKS])
def test_a_broken_record_is_found(world: World, table: str, condition: Condition, changes: dict[str, Any], problem: str) -> None:
    frame = world[table].astype(object)
    row = frame.index[condition(frame).to_numpy(dtype=bool)][0]
    before = frame.loc[row]
    for column, value in changes.items():
        frame.at[row, column] = value(before) if callable(value) else value
    found = _problems({**world, table: frame}, table)
    key = str(before[_TABLES[table].key[0]])
    assert (key, problem) in found


def test_assigned_devices_must_be_released(world: World) -> None:
    devices = world["devices"].astype(object)
    carried = world["users"]["device_ids"].iloc[0][0]
    devices.loc[devices["device_id"] == carried, "release_date"] = FUTURE
    found = _problems({**world, "devices": devices}, "users")
    assert (world["users"]["user_id"].iloc[0], "is assigned a device that is not released") in found


def test_a_contact_beyond_the_reached_stage_is_found(world: World) -> None:
    journeys = world["journeys"].astype(object)
    late = world["touchpoints"][world["touchpoints"]["stage"] == "purchase"].iloc[0]
    journeys.loc[journeys["journey_id"] == late["journey_id"], "stage"] = "awareness"
    found = _problems({**world, "journeys": journeys}, "touchpoints")
    assert (late["touchpoint_id"], "beyond the stage that its journey reached") in found


def test_an_article_about_an_open_incident_is_found(world: World) -> None:
    incidents = world["incidents"].astype(object)
    article = world["support_articles"].dropna(subset=["incident_id"]).iloc[0]
    incidents.loc[incidents["incident_id"] == article["incident_id"], "resolved_at"] = None
    found = _problems({**world, "incidents": incidents}, "support_articles")
    assert (article["article_id"], "explains an incident that is still open") in found


def test_two_documents_that_supersede_the_same_version_are_found(world: World) -> None:
    documents = world["documents"].astype(object)
    later = documents[documents["supersedes_id"].notna()].iloc[:2]
    documents.loc[later.index[1], "supersedes_id"] = later["supersedes_id"].iloc[0]
    found = _problems({**world, "documents": documents}, "documents")
    expected = "supersedes a version that another document supersedes too"
    assert {(i, expected) for i in later["document_id"]} <= found


def test_the_list_of_breaks_leaves_no_rule_out(world: World) -> None:
    assert {rule.table for rule in RULES} <= {table for table, *_ in BREAKS}


def test_circles_are_found_and_chains_are_not() -> None:
    assert in_circles({"a": ["b"], "b": ["c"]}) == []
    assert sorted(in_circles({"a": ["b"], "b": ["a"], "c": ["a"], "d": []})) == ["a", "b", "c"]
    assert in_circles({}) == []


def test_a_moment_on_the_boundary_breaks_no_rule(world: World) -> None:
    incidents = world["incidents"].astype(object)
    row = incidents.index[incidents["resolved_at"].notna() & incidents["fixed_firmware_id"].isna()][0]
    for column in ("detected_at", "resolved_at"):
        incidents.loc[row, column] = incidents["started_at"][row]
    assert _problems({**world, "incidents": incidents}, "incidents") == set()
