"""The texts of whole worlds: facts verbatim, voices apart, Chinese in its share, time running forward."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.contracts import conform, digest
from lenovo_pipeline.enterprise import tables
from lenovo_pipeline.enterprise.anchors import split_of
from lenovo_pipeline.enterprise.components import make_components
from lenovo_pipeline.enterprise.customers import make_customers
from lenovo_pipeline.enterprise.departments import make_departments
from lenovo_pipeline.enterprise.devices import make_devices
from lenovo_pipeline.enterprise.firmware import make_firmware
from lenovo_pipeline.enterprise.incidents import make_incidents
from lenovo_pipeline.enterprise.journeys import make_journeys
from lenovo_pipeline.enterprise.processes import make_processes
from lenovo_pipeline.enterprise.seeding import WORLD_END
from lenovo_pipeline.enterprise.texts.articles import make_support_articles
from lenovo_pipeline.enterprise.texts.chats import make_chat_messages
from lenovo_pipeline.enterprise.texts.documents import make_documents
from lenovo_pipeline.enterprise.texts.records import (
    with_customer_texts,
    with_device_texts,
    with_incident_texts,
    with_journey_texts,
    with_process_texts,
)
from lenovo_pipeline.enterprise.texts.rendering import day, fact_value, missing, moment, quantity, rating, sentence, share
from lenovo_pipeline.enterprise.texts.similarity import near_duplicate_share
from lenovo_pipeline.enterprise.texts.technical import make_technical_docs
from lenovo_pipeline.enterprise.texts.voices import fact_term
from lenovo_pipeline.enterprise.users import make_users


@dataclass(frozen=True)
class World:
    frames: dict[str, pd.DataFrame]

    def __getattr__(self, name: str) -> list[dict[str, Any]]:
        return self.frames[name].to_dict("records")  # type: ignore[return-value]

    def names(self, table: str, key: str, column: str = "name") -> dict[str, Any]:
        return dict(zip(self.frames[table][key], self.frames[table][column], strict=True))


def build(seed: int, scale: float) -> World:
    devices = make_devices(seed, scale)
    firmware, departments, components = make_firmware(devices, seed), make_departments(), make_components()
    users = make_users(departments, devices, seed, scale)
    incidents = make_incidents(devices, firmware, components, seed, scale)
    customers, processes = make_customers(users, seed, scale), make_processes(departments, users, seed, scale)
    journeys = make_journeys(customers, devices, seed, scale)
    articles = make_support_articles(incidents, devices, firmware, components, users, seed, scale)
    frames = {
        "components": components,
        "firmware": firmware,
        "departments": departments,
        "users": users,
        "devices": with_device_texts(devices, seed),
        "incidents": with_incident_texts(incidents, devices, components, firmware, seed),
        "processes": with_process_texts(processes, departments, users, seed),
        "customers": with_customer_texts(customers, users, seed),
        "journeys": with_journey_texts(journeys, customers, devices, seed),
        "support_articles": articles,
        "documents": make_documents(departments, users, devices, customers, processes, seed, scale),
        "technical_docs": make_technical_docs(devices, firmware, users, seed, scale),
        "chat_messages": make_chat_messages(incidents, articles, users, devices, seed, scale),
    }
    declared = {table.name: table for table in tables.TABLES}
    return World({name: conform(frame, declared[name]) for name, frame in frames.items()})


TEXT_TABLES = (
    "devices", "incidents", "processes", "customers", "journeys", "support_articles", "documents", "technical_docs",
)  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return build(7, 1.0)


@pytest.fixture(scope="module", params=[(1, 0.1), (99, 0.1), (2026, 0.3)], ids=str)
def any_world(request: pytest.FixtureRequest) -> World:
    return build(*request.param)


@pytest.fixture(scope="module", params=["full", "small"])
def each_world(request: pytest.FixtureRequest, world: World) -> World:
    return world if request.param == "full" else build(31, 0.1)


def absent(record: dict[str, Any], facts: list[Any]) -> list[Any]:
    return [(record["template"], fact) for fact in facts if fact and fact not in record["text"]]


def test_device_texts_state_every_specification(each_world: World) -> None:
    names = each_world.names("devices", "device_id")
    for d in each_world.devices:
        units = (
            ("cpu_cores", "cores"), ("memory_gb", "GB"), ("storage_gb", "GB"), ("display_inch", "inch"),
            ("refresh_rate_hz", "Hz"), ("battery_mah", "mAh"), ("battery_wh", "Wh"), ("power_supply_w", "W"),
            ("rack_units", "U"), ("weight_kg", "kg"), ("price_usd", "USD"), ("warranty_months", "month"),
        )  # fmt: skip
        facts = [quantity(d[column], unit, d["language"]) for column, unit in units if not missing(d[column])]
        facts += [d["name"], d["machine_type"], d["cpu"], d["display_resolution"], d["operating_system"], *d["ports"]]
        facts += [day(d["release_date"]), day(d["end_of_support"])]
        facts += [names[d[column]] for column in ("predecessor_id", "successor_id") if not missing(d[column])]
        assert absent(d, facts) == []


def test_incident_texts_state_where_when_why_and_the_fix(each_world: World) -> None:
    devices, components = each_world.names("devices", "device_id"), each_world.names("components", "component_id")
    firmware = each_world.names("firmware", "firmware_id", "version")
    for i in each_world.incidents:
        facts = [i["incident_id"], devices[i["device_id"]], components[i["component_id"]], firmware[i["firmware_id"]]]
        facts += [i["error_code"], i["severity"], *(sentence(i[column]) for column in ("symptom", "cause", "fix"))]
        facts += [moment(i["started_at"]), moment(i["detected_at"]), quantity(i["affected_users"], "user", i["language"])]
        facts += [] if missing(i["resolved_at"]) else [moment(i["resolved_at"])]
        facts += [] if missing(i["fixed_firmware_id"]) else [firmware[i["fixed_firmware_id"]]]
        assert absent(i, facts) == []


def test_process_texts_state_steps_owner_service_level_and_neighbours(each_world: World) -> None:
    names, users = each_world.names("processes", "process_id"), each_world.names("users", "user_id")
    departments = each_world.names("departments", "department_id")
    for p in each_world.processes:
        facts = [p["name"], p["process_family"], departments[p["department_id"]], users[p["owner_id"]], *p["steps"]]
        facts += [quantity(p["sla_hours"], "h", p["language"]), share(p["target_rate"]), day(p["established_on"])]
        facts += [names[i] for i in [*p["upstream_ids"], *p["downstream_ids"]]]
        assert absent(p, facts) == []


def test_customer_texts_state_type_industry_place_and_people(each_world: World) -> None:
    users = each_world.names("users", "user_id")
    for c in each_world.customers:
        facts = [c["name"], c["customer_type"].replace("_", " "), c["industry"], c["country"], c["city"], c["contact_name"]]
        assert absent(c, [*facts, users[c["account_manager_id"]], day(c["customer_since"])]) == []


def test_journey_texts_state_devices_order_and_satisfaction(each_world: World) -> None:
    devices, customers = each_world.names("devices", "device_id"), each_world.names("customers", "customer_id")
    for j in each_world.journeys:
        facts = [customers[j["customer_id"]], day(j["started_at"]), j["stage"]]
        facts += [devices[i] for i in [*j["quoted_device_ids"], *j["bought_device_ids"]]]
        if j["bought_device_ids"]:
            facts += [quantity(j["units"], "unit", j["language"]), quantity(j["value_usd"], "USD")]
        facts += [] if missing(j["satisfaction"]) else [rating(j["satisfaction"])]
        facts += [] if missing(j["ended_at"]) else [day(j["ended_at"])]
        assert absent(j, facts) == []


def test_documents_state_their_facts_subject_author_and_date(each_world: World) -> None:
    users = each_world.names("users", "user_id")
    subjects = {
        "device_ids": each_world.names("devices", "device_id"),
        "customer_id": each_world.names("customers", "customer_id"),
        "process_id": each_world.names("processes", "process_id"),
    }
    for d in each_world.documents:
        facts = [d["title"], users[d["author_id"]], day(d["published_at"])]
        for name, value in json.loads(d["facts"]).items():
            facts.append(fact_value(name, value, d["language"]))
            assert fact_term(name, d["language"]).lower() in d["text"].lower()
        named = [*d["device_ids"], d["customer_id"], d["process_id"]]
        facts += [names[key] for names in subjects.values() for key in named if key in names]
        assert absent(d, facts) == []


def test_articles_state_symptom_cause_steps_devices_firmware_and_code(each_world: World) -> None:
    devices = each_world.names("devices", "device_id")
    firmware = each_world.names("firmware", "firmware_id", "version")
    codes = each_world.names("incidents", "incident_id", "error_code")
    for a in each_world.support_articles:
        facts = [a["title"], a["symptom"], a["cause"], a["severity"]]
        facts += [f"{i}. {step}" for i, step in enumerate(a["resolution_steps"], start=1)]
        facts += [devices[i] for i in a["device_ids"]] + [firmware[i] for i in a["firmware_ids"]]
        facts += [a["incident_id"], codes[a["incident_id"]]] if a["incident_id"] else []
        assert absent(a, facts) == []
        assert a["resolution_steps"]


def test_technical_docs_state_every_parameter_in_its_section(each_world: World) -> None:
    titles = each_world.names("technical_docs", "technical_doc_id", "title")
    for t in each_world.technical_docs:
        parts = dict(part.split("\n\n", 1) for part in t["text"].split("\n\n## ")[1:])
        assert list(parts) == t["section_titles"]
        parameters = json.loads(t["parameters"])
        assert len(parameters) >= 6
        for p in parameters:
            assert p["minimum"] < p["value"] < p["maximum"]
            assert p["name"].lower() in parts[p["section"]].lower()
            for column in ("value", "minimum", "maximum"):
                assert quantity(p[column], p["unit"], t["language"]) in parts[p["section"]]
        assert absent(t, [titles[i] for i in t["related_doc_ids"]]) == []


def test_every_text_has_a_title_and_several_sections(each_world: World) -> None:
    for table in TEXT_TABLES:
        for text in each_world.frames[table]["text"]:
            assert text.startswith("# ")
            assert 2 <= text.count("\n## ") <= 7
            assert "{" not in text and "||" not in text and "\n\n\n" not in text


def test_template_families_never_cross_splits(world: World) -> None:
    splits: dict[str, set[str]] = {}
    for table in TEXT_TABLES:
        for template, anchor in zip(world.frames[table]["template"], world.frames[table]["anchor"], strict=True):
            splits.setdefault(template, set()).add(split_of(anchor))
    assert {template: found for template, found in splits.items() if len(found) > 1} == {}
    for table in TEXT_TABLES:
        used = set(world.frames[table]["template"])
        for split in ("train", "test"):
            assert sum(splits[template] == {split} for template in used) >= 3


def test_headings_of_test_texts_do_not_occur_in_other_texts(world: World) -> None:
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for table in TEXT_TABLES:
        for text, anchor in zip(world.frames[table]["text"], world.frames[table]["anchor"], strict=True):
            found[split_of(anchor) == "test"] |= {line for line in text.splitlines() if line.startswith("## ")}
    assert found[True] & found[False] == set()


def test_hardly_any_pair_of_texts_is_alike(world: World) -> None:
    everything = [text for table in (*TEXT_TABLES, "chat_messages") for text in world.frames[table]["text"]]
    assert near_duplicate_share(everything) < 0.001
    assert near_duplicate_share([text for table in TEXT_TABLES for text in world.frames[table]["text"]]) < 0.0005


def test_about_eight_percent_of_texts_are_chinese_in_both_scripts_and_in_test_too(world: World) -> None:
    spoken = pd.concat([world.frames[table][["language", "text"]] for table in (*TEXT_TABLES, "chat_messages")])
    assert 0.07 <= (spoken["language"] != "en").mean() <= 0.09
    rows = pd.concat([world.frames[table][["language", "anchor", "text"]] for table in TEXT_TABLES])
    assert 0.07 <= (rows["language"] != "en").mean() <= 0.09
    in_test = rows[(rows["language"] != "en") & (rows["anchor"].map(split_of) == "test")]
    assert len(in_test) >= 25
    assert set(in_test["language"]) == {"zh-Hans", "zh-Hant"}
    for text in rows.loc[rows["language"] != "en", "text"]:
        assert sum("\u4e00" <= c <= "\u9fff" for c in text) >= 20
    simplified = set("固屏软网务显态应").union("这说为")
    assert not any(simplified - set("固") & set(text) for text in rows.loc[rows["language"] == "zh-Hant", "text"])


def test_a_later_version_comes_later_and_changes_a_fact(each_world: World) -> None:
    documents = {d["document_id"]: d for d in each_world.documents}
    later = [d for d in documents.values() if d["supersedes_id"]]
    assert len(later) >= 0.25 * len(documents)
    for d in later:
        before = documents[d["supersedes_id"]]
        assert d["version"] == before["version"] + 1
        assert d["published_at"] > before["published_at"]
        same = ("document_type", "title", "anchor", "language", "customer_id", "process_id", "device_ids")
        assert all(d[column] == before[column] for column in same)
        facts, old = json.loads(d["facts"]), json.loads(before["facts"])
        assert facts.keys() == old.keys() and facts != old
        assert day(before["published_at"]) in d["text"]
    assert all(d["version"] == 1 for d in documents.values() if not d["supersedes_id"])


def test_all_twelve_document_types_and_ten_and_twelve_categories_occur(world: World) -> None:
    assert set(world.frames["documents"]["document_type"]) == set(tables.DOCUMENT_TYPES)
    assert set(world.frames["support_articles"]["category"]) == set(tables.ARTICLE_CATEGORIES)
    assert set(world.frames["technical_docs"]["category"]) == set(tables.TECHNICAL_CATEGORIES)
    assert [len(world.frames[t]) for t in ("documents", "support_articles", "technical_docs")] == [200, 500, 150]


def test_nothing_is_written_before_its_time(any_world: World) -> None:
    hired = any_world.names("users", "user_id", "hired_on")
    released = any_world.names("devices", "device_id", "release_date")
    resolved = any_world.names("incidents", "incident_id", "resolved_at")
    detected = any_world.names("incidents", "incident_id", "detected_at")
    firmware = any_world.names("firmware", "firmware_id", "released_on")
    for table in ("documents", "support_articles", "technical_docs"):
        for record in getattr(any_world, table):
            on = record["published_at"].date()
            assert hired[record["author_id"]] <= on <= WORLD_END.date()
            assert all(released[i] <= on for i in record["device_ids"])
    for a in any_world.support_articles:
        assert not a["incident_id"] or resolved[a["incident_id"]] <= a["published_at"]
        assert all(firmware[i] <= a["published_at"].date() for i in a["firmware_ids"])
    published = any_world.names("technical_docs", "technical_doc_id", "published_at")
    for t in any_world.technical_docs:
        assert all(published[i] <= t["published_at"] for i in t["related_doc_ids"])
    articles = any_world.names("support_articles", "article_id", "published_at")
    for m in any_world.chat_messages:
        assert hired[m["user_id"]] <= m["sent_at"].date() and released[m["device_id"]] <= m["sent_at"].date()
        assert m["sent_at"] <= WORLD_END
        assert not m["article_id"] or articles[m["article_id"]] < m["sent_at"]
        assert not m["incident_id"] or detected[m["incident_id"]] <= m["sent_at"]


def test_chats_alternate_are_rated_at_their_end_and_point_to_articles(world: World) -> None:
    messages = world.frames["chat_messages"]
    assert messages["chat_id"].nunique() == 300
    assert set(messages["intent"]) == {"troubleshoot", "how_to", "order", "warranty", "complaint", "status"}
    for _, chat in messages.groupby("chat_id"):
        assert 2 <= len(chat) <= 8
        assert chat["position"].tolist() == list(range(1, len(chat) + 1))
        assert chat["role"].tolist() == [("user", "assistant")[i % 2] for i in range(len(chat))]
        assert chat["sent_at"].tolist() == sorted(chat["sent_at"])
        assert chat["rating"].iloc[:-1].isna().all()
        assert chat["language"].nunique() == chat["user_id"].nunique() == chat["resolved"].nunique() == 1
    assert messages["article_id"].notna().sum() > 20
    assert messages["rating"].notna().sum() > 100
    assert 0.3 < messages.drop_duplicates("chat_id")["resolved"].mean() < 0.95


def test_another_seed_writes_other_texts() -> None:
    assert set(build(3, 0.1).frames["devices"]["text"]).isdisjoint(build(4, 0.1).frames["devices"]["text"])


def test_the_same_seed_writes_the_same_texts_whatever_the_hash_seed() -> None:
    code = (
        "import sys, importlib.util as u; s = u.spec_from_file_location('w', sys.argv[1]); m = u.module_from_spec(s);"
        "sys.modules['w'] = m; s.loader.exec_module(m); w = m.build(5, 0.1);"
        "print(m.digest(h for f in w.frames.values() for h in f['content_hash']))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code, __file__],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert printed == {digest(h for frame in build(5, 0.1).frames.values() for h in frame["content_hash"])}
