"""The tools over real stores: what they tell, what they refuse, and what they leave in the sandbox."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from lenovo_pipeline.agents.tasks.task import Task
from lenovo_pipeline.agents.tools.catalogue import KINDS, SPECS
from lenovo_pipeline.agents.tools.interface import Actor
from lenovo_pipeline.agents.tools.stores import WITHHELD
from lenovo_pipeline.agents.tools.toolbox import StoreToolbox, open_toolbox
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline_tests.agents.conftest import Place

Row = dict[str, Any]


@pytest.fixture
def task(place: Place) -> Task:
    """Somebody who may see one customer."""
    seen = place.rows("customers")[0]["customer_id"]
    return replace(place.task("ticket"), actor=Actor("support_agent", frozenset({seen})))


def device(place: Place, family: str = "Laptop") -> Row:
    return next(row for row in place.rows("devices") if row["family"] == family)


def test_a_device_is_looked_up_by_its_name_written_loosely_and_by_its_id(place: Place, task: Task) -> None:
    one = device(place)
    with place.toolbox(task) as tools:
        for said in (one["name"], one["name"].upper(), one["device_id"]):
            result = tools.call("look_up_device", {"device": said, "attribute": "memory"})
            assert result.ok, result.error
            assert result.value["memory"] == f"{one['memory_gb']} GB"


def test_a_device_of_another_generation_is_not_taken_for_one_that_is_known(place: Place, task: Task) -> None:
    with place.toolbox(task) as tools:
        result = tools.call("look_up_device", {"device": f"{device(place)['series']} Gen 77", "attribute": "memory"})
    assert (result.ok, result.error_kind) == (False, "not_found")
    assert result.text.startswith("missing:")


def test_comparing_says_which_device_has_more(place: Place, task: Task) -> None:
    rows = sorted(place.rows("devices"), key=lambda row: float(row["price_usd"]))
    low, high = rows[0], rows[-1]
    with place.toolbox(task) as tools:
        result = tools.call("compare_devices", {"first": low["name"], "second": high["name"], "attribute": "price"})
        same = tools.call("compare_devices", {"first": low["name"], "second": low["device_id"], "attribute": "price"})
        words = tools.call("compare_devices", {"first": low["name"], "second": high["name"], "attribute": "system"})
    assert result.value["more"] == high["name"]
    assert same.text.startswith("contradictory:")
    assert words.error_kind == "bad_arguments" and "memory" in words.text


def test_the_graph_tells_what_the_records_tell(place: Place, task: Task) -> None:
    incident = place.rows("incidents")[0]
    names = {row["device_id"]: row["name"] for row in place.rows("devices")}
    with place.toolbox(task) as tools:
        result = tools.call("query_graph", {"relation": "device", "start": incident["error_code"]})
    assert [one["name"] for one in result.value] == [names[incident["device_id"]]]


@pytest.mark.parametrize("said", ["x' OR 1=1 --", "DEV-1}) DETACH DELETE n //", "'; DROP TABLE enterprise.devices; --"])
def test_no_text_becomes_part_of_a_query(place: Place, task: Task, said: str) -> None:
    with place.toolbox(task) as tools:
        for name, arguments in (
            ("query_graph", {"relation": "successor", "start": said}),
            ("run_analytics", {"report": "incidents", "subject": said}),
            ("read_article", {"article": said}),
            ("look_up_device", {"device": said, "attribute": "memory"}),
            ("assign_ticket", {"ticket": said, "team": "hardware"}),
        ):
            assert tools.call(name, arguments).error_kind == "not_found"
    assert place.stores.rows("SELECT count(*) FROM enterprise.devices") == [(len(place.world["devices"]),)]


def test_reading_tools_have_no_way_to_write(place: Place, task: Task) -> None:
    one = device(place)
    calls = {
        "search_knowledge": {"query": one["name"]},
        "read_article": {"article": place.rows("support_articles")[0]["article_id"]},
        "look_up_device": {"device": one["name"], "attribute": "memory"},
        "compare_devices": {"first": one["name"], "second": device(place, "Server")["name"], "attribute": "price"},
        "query_graph": {"relation": "incidents", "start": place.rows("incidents")[0]["device_id"]},
        "run_analytics": {"report": "incidents", "subject": one["name"]},
    }
    assert set(calls) == {spec.name for spec in SPECS if not spec.writes}
    with place.toolbox(task) as tools:
        for name, arguments in calls.items():
            result = tools.call(name, arguments)
            assert result.ok, (name, result.error)
        assert tools.state() == {}
    with pytest.raises(PermanentFailure, match="SELECT"):
        place.stores.rows("DELETE FROM enterprise.devices")


def test_gold_cannot_be_reached_through_the_views(place: Place) -> None:
    with pytest.raises(PermanentFailure, match="refused a query"):
        place.stores.rows("SELECT * FROM gold.questions")


def test_what_belongs_to_another_customer_is_neither_told_nor_done(place: Place, task: Task) -> None:
    other = place.rows("customers")[1]
    theirs = next(row for row in place.rows("documents") if row["customer_id"] not in (None, *task.actor.customer_ids))
    day = str(date.fromisoformat(task.today) + timedelta(days=9))
    with place.toolbox(task) as tools:
        for name, arguments in (
            ("run_analytics", {"report": "value", "subject": other["name"]}),
            ("query_graph", {"relation": "journeys", "start": other["customer_id"]}),
            ("schedule_visit", {"customer": other["name"], "device": device(place)["name"], "day": day}),
            ("read_article", {"article": theirs["document_id"]}),
        ):
            result = tools.call(name, arguments)
            assert (result.ok, result.error_kind) == (False, "forbidden"), name
            assert result.text.startswith("forbidden:")
        assert tools.state() == {}


def test_searching_shows_nothing_confidential_of_other_customers(place: Place, task: Task) -> None:
    others = [row for row in place.rows("customers") if not task.actor.may_see(row["customer_id"])]
    with place.toolbox(task) as tools:
        for row in others[:8]:
            result = tools.call("search_knowledge", {"query": f"contact address of {row['name']}"})
            for secret in (row["contact_email"], row["contact_name"]):
                assert secret not in result.text and secret not in str(result.value)


def test_a_secret_that_slips_into_a_text_is_withheld_and_ones_own_is_not(place: Place, task: Task) -> None:
    customers = place.rows("customers")
    secret, mine = (
        next(row["contact_email"] for row in customers if task.actor.may_see(row["customer_id"]) == own) for own in (False, True)
    )
    row = {"document_id": "FILE-1", "title": "Notes", "text": f"ask {secret} or {mine}"}
    with place.toolbox(replace(task, setup={"documents": (row,)})) as tools:
        shown = tools.call("read_article", {"article": "FILE-1"})
    assert shown.text.endswith(f"ask {WITHHELD} or {mine}")
    assert secret not in str(shown.value)


def test_a_ticket_is_opened_once_however_often_it_is_asked_for(place: Place, task: Task) -> None:
    arguments = {"device": device(place)["name"], "problem": "battery", "priority": "high"}
    with place.toolbox(task) as tools:
        first, again = tools.call("open_ticket", arguments), tools.call("open_ticket", arguments)
        assert first.value["rows"] == again.value["rows"] and again.value["done_before"]
        assert len(tools.state()["tickets"]) == 1
        tools.call("open_ticket", arguments, request_id="one")
        tools.call("open_ticket", arguments, request_id="one")
        assert len(tools.state()["tickets"]) == 2
        other = tools.call("hand_over", {"reason": "asked"}, request_id="one")
        assert not other.ok
        assert "handovers" not in tools.state()


def test_a_part_is_only_ordered_for_a_device_that_has_it(place: Place, task: Task) -> None:
    with place.toolbox(task) as tools:
        wrong = tools.call("order_part", {"part": "battery pack", "device": device(place, "Server")["name"], "quantity": 2})
        none = tools.call("order_part", {"part": "battery pack", "device": device(place)["name"], "quantity": 0})
        right = tools.call("order_part", {"part": "battery pack", "device": device(place)["name"], "quantity": "2"})
        assert tools.state()["orders"][0]["quantity"] == 2
    assert wrong.text.startswith("contradictory:") and none.text.startswith("contradictory:")
    assert right.ok


def test_a_visit_is_planned_for_a_day_to_come(place: Place, task: Task) -> None:
    own = next(iter(task.actor.customer_ids))
    given = {"customer": own, "device": device(place)["name"]}
    with place.toolbox(task) as tools:
        past = tools.call("schedule_visit", {**given, "day": "2001-01-01"})
        odd = tools.call("schedule_visit", {**given, "day": "next Tuesday"})
        assert tools.state() == {}
    assert past.text.startswith("contradictory:")
    assert odd.error_kind == "bad_arguments" and "YYYY-MM-DD" in odd.text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, ("device is missing", "problem is missing", "priority is missing")),
        ({"device": 7, "problem": "battery", "priority": "soon"}, ("device is no string", "priority must be one of low")),
        ({"device": "x" * 3_000, "problem": "battery", "priority": "low"}, ("3000 characters",)),
        ({"device": "X", "problem": "battery", "priority": "low", "sudo": True}, ("there is no argument sudo",)),
        ([1, 2], ("no JSON object",)),
        ("text", ("no JSON object",)),
        (None, ("no JSON object",)),
    ],
)
def test_broken_arguments_are_all_named_and_nothing_is_written(
    place: Place, task: Task, arguments: Any, told: tuple[str, ...]
) -> None:
    with place.toolbox(task) as tools:
        result = tools.call("open_ticket", arguments)
        assert tools.state() == {}
        assert len(tools.records) == 1
    assert result.error_kind == "bad_arguments"
    for each in told:
        assert each in result.text


def test_an_invented_tool_is_named_with_those_that_there_are(place: Place, task: Task) -> None:
    with place.toolbox(task) as tools:
        result = tools.call("delete_everything", {"now": True})
    assert result.error_kind == "unknown_tool"
    assert all(name in result.text for name in KINDS)


def test_a_toolbox_offers_only_the_tools_that_it_was_opened_with(place: Place, task: Task) -> None:
    tools = open_toolbox(place.stores, task, tools=("read_article",))
    try:
        assert [spec.name for spec in tools.specs] == ["read_article"]
        assert tools.call("hand_over", {"reason": "asked"}).error_kind == "unknown_tool"
    finally:
        tools.close()
    with pytest.raises(PermanentFailure, match="no tool teleport"):
        open_toolbox(place.stores, task, tools=("teleport",))


def test_every_specification_is_a_json_schema_that_takes_what_the_tool_takes(place: Place, task: Task) -> None:
    from jsonschema import Draft202012Validator

    for spec in SPECS:
        Draft202012Validator.check_schema(spec.parameters_schema())
    for one in place.made:
        for turn in one.task.reference:
            for call in turn.calls:
                schema = KINDS[call.tool].spec.parameters_schema()
                assert not list(Draft202012Validator(schema).iter_errors(dict(call.arguments)))


def test_closing_a_toolbox_leaves_no_file(place: Place, task: Task) -> None:
    tools = open_toolbox(place.stores, task)
    assert isinstance(tools, StoreToolbox)
    path = tools.sandbox.path
    assert path is not None and path.exists()
    tools.close()
    assert not path.parent.exists()
    assert not tools.call("hand_over", {"reason": "asked"}).ok
