"""The graph that tables stand for, and its synchronisation with a real server."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lenovo_pipeline.contracts import Table, conform
from lenovo_pipeline.failures import PermanentFailure, TransientFailure
from lenovo_pipeline.knowledge.agreement import compare_states, disagreements
from lenovo_pipeline.knowledge.graph import desired_graph
from lenovo_pipeline.knowledge.graph_model import LABELS, NODES, RELATIONSHIP_KINDS, RELATIONSHIPS, TABLES
from lenovo_pipeline.knowledge.graph_sync import delete_nodes, read_graph_state, synchronise
from lenovo_pipeline.resources.graph import GraphStore
from lenovo_pipeline.resources.graph_server import GraphServer

_ROWS = 6


def _value(table: Table, name: str, row: int) -> object:
    column = table.column(name)
    if name == table.key[0]:
        return f"{table.name}-{row}"
    if column.references:
        target = column.references.split(".")[1]
        ends = [f"{target}-{(row + step) % _ROWS}" for step in (1, 2)]
        return ends if column.is_list else ends[0]
    # Every third value that may be missing is.
    if column.nullable and row % 3 == 0:
        return None
    plain = {
        "integer": row + 1,
        "number": row + 0.5,
        "boolean": True,
        "json": "{}",
        "date": date(2024, 1, 1 + row),
        "timestamp": datetime(2024, 1, 1 + row, 8, 30),
    }
    text = f"{name} {row // 2}" if name == "series" else f"{name} {row}"
    return [text] if column.is_list else plain.get(column.type, text)


def small_world() -> dict[str, pd.DataFrame]:
    """A few rows of every table, made from the contracts: each reference resolves."""
    rows = range(_ROWS)
    return {
        t.qualified_name: pd.DataFrame([{name: _value(t, name, row) for name in t.column_names} for row in rows]) for t in TABLES
    }


def edited(world: dict[str, pd.DataFrame], table: str, row: int, **values: Any) -> dict[str, pd.DataFrame]:
    frame = world[table].copy()
    for name, value in values.items():
        frame.at[row, name] = value
    return {**world, table: frame}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    with GraphStore(GraphServer(tmp_path_factory.mktemp("store") / "graph")) as store:
        yield store


@pytest.fixture
def store(server: GraphStore) -> GraphStore:
    server.write("MATCH (n) DETACH DELETE n")
    return server


def problems(store: GraphStore, world: dict[str, pd.DataFrame]) -> list[str]:
    return disagreements(compare_states("graph", desired_graph(world).state(), read_graph_state(store)))


def test_every_node_and_relationship_kind_comes_from_columns_of_its_contract() -> None:
    for node in NODES:
        for name in (node.key, node.name, *node.properties):
            assert not node.table.column(name).is_list, f"{node.label}.{name} is no scalar"
    for relationship in RELATIONSHIPS:
        assert {relationship.start, relationship.end} <= set(LABELS)
        for name in (relationship.start_column, relationship.end_column):
            relationship.table.column(name)


def test_no_relationship_refers_to_another_table_than_that_of_its_label() -> None:
    tables = {node.label: (node.table, node.key) for node in NODES}
    for relationship in RELATIONSHIPS:
        for label, name in ((relationship.start, relationship.start_column), (relationship.end, relationship.end_column)):
            table, key = tables[label]
            column = relationship.table.column(name)
            if column.references:
                assert column.references == f"{table.qualified_name}.{key}"
            else:
                assert (relationship.table.qualified_name, name) == (table.qualified_name, key)


def test_nothing_that_makes_or_splits_gold_questions_and_no_address_is_in_the_graph() -> None:
    world = small_world()
    graph = desired_graph(world)
    held = {name for properties in graph.nodes["properties"] for name in properties}
    assert held.isdisjoint({"text", "facts", "template", "anchor", "email", "contact_name", "contact_email", "parameters"})
    assert {"id", "name", "content_hash"} <= held


def test_a_graph_has_each_node_and_each_pair_once_and_every_kind() -> None:
    graph = desired_graph(small_world())
    assert not graph.nodes.duplicated(["label", "id"]).any()
    assert not graph.relationships.duplicated(["kind", "start", "end"]).any()
    assert set(graph.nodes["label"]) == set(LABELS)
    assert set(graph.relationships["kind"]) == set(RELATIONSHIP_KINDS)
    assert graph.unresolved == {}
    series = graph.nodes[graph.nodes["label"] == "Series"]
    assert sorted(series["id"]) == ["series 0", "series 1", "series 2"]


def test_upstream_and_downstream_columns_make_the_same_relationship() -> None:
    world = small_world()
    world["enterprise.processes"]["upstream_ids"] = [[] for _ in range(_ROWS)]
    world["enterprise.processes"]["downstream_ids"] = [[] for _ in range(_ROWS)]
    world = edited(world, "enterprise.processes", 0, downstream_ids=["processes-1"])
    world = edited(world, "enterprise.processes", 1, upstream_ids=["processes-0"])
    feeds = desired_graph(world).relationships.query("kind == '(Process)-[FEEDS]->(Process)'")
    assert list(zip(feeds["start"], feeds["end"], strict=True)) == [("processes-0", "processes-1")]


def test_frames_as_made_conformed_and_reordered_give_the_same_graph() -> None:
    world = small_world()
    plain = desired_graph(world).digest()
    assert desired_graph({t.qualified_name: conform(world[t.qualified_name], t) for t in TABLES}).digest() == plain
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in world.items()}
    assert desired_graph(shuffled).digest() == plain
    stamped = world["enterprise.devices"].assign(release_date=pd.to_datetime(world["enterprise.devices"]["release_date"]))
    assert desired_graph({**world, "enterprise.devices": stamped}).digest() == plain


def test_a_relationship_to_a_record_that_is_not_there_is_left_out_and_counted() -> None:
    world = edited(small_world(), "enterprise.incidents", 0, device_id="DEV-GONE")
    assert desired_graph(world).unresolved == {"(Incident)-[AFFECTS]->(Device)": 1}


def test_missing_tables_and_columns_are_all_named() -> None:
    world = small_world()
    del world["enterprise.customers"]
    world["enterprise.devices"] = world["enterprise.devices"].drop(columns=["cpu", "series"])
    with pytest.raises(PermanentFailure) as caught:
        desired_graph(world)
    for expected in ("enterprise.customers", "'cpu'", "'series'", "make run"):
        assert expected in str(caught.value)


@pytest.mark.parametrize("columns", [[], ["file_id", "path"]])
def test_uploads_may_be_missing_or_empty(columns: list[str]) -> None:
    world = {name: frame for name, frame in small_world().items() if name.startswith("enterprise.")}
    without = desired_graph(world).digest()
    uploads = {t.qualified_name: pd.DataFrame(columns=list(t.column_names)) for t in TABLES if t.stage == "uploads"}
    assert desired_graph({**world, **uploads}).digest() == without


def test_a_first_synchronisation_writes_all_and_a_second_nothing(store: GraphStore) -> None:
    world = small_world()
    graph = desired_graph(world)
    first = synchronise(store, graph, batch=7)
    assert (first.nodes_written, first.relationships_written) == (len(graph.nodes), len(graph.relationships))
    assert problems(store, world) == []
    second = synchronise(store, graph)
    assert second.written == 0
    assert (second.nodes_deleted, second.relationships_deleted) == (0, 0)
    assert (second.nodes_unchanged, second.relationships_unchanged) == (len(graph.nodes), len(graph.relationships))


def test_properties_arrive_as_they_were(store: GraphStore) -> None:
    synchronise(store, desired_graph(small_world()))
    [row] = store.read("MATCH (d:Device {id: $id}) RETURN properties(d) AS p", id="devices-1")
    assert row["p"]["name"] == "name 1"
    assert row["p"]["memory_gb"] == 2
    assert row["p"]["price_usd"] == 1.5
    assert row["p"]["release_date"] == "2024-01-02"
    [row] = store.read("MATCH (i:Incident {id: $id}) RETURN i.started_at AS at", id="incidents-1")
    assert row["at"] == "2024-01-02T08:30:00"


def test_questions_over_several_steps_are_answered(store: GraphStore) -> None:
    synchronise(store, desired_graph(small_world()))
    rows = store.read(
        "MATCH (a:Article)-[:EXPLAINS]->(:Incident)-[:AFFECTS]->(d:Device)-[:IN_SERIES]->(s:Series) "
        "WHERE a.id = $article RETURN d.id AS device, s.name AS series",
        article="support_articles-0",
    )
    assert rows == [{"device": "devices-2", "series": "series 1"}]


def test_one_edited_article_is_the_only_node_written_again(store: GraphStore) -> None:
    world = small_world()
    synchronise(store, desired_graph(world))
    changed = edited(world, "enterprise.support_articles", 2, title="Another title", severity=None)
    counts = synchronise(store, desired_graph(changed))
    assert (counts.nodes_written, counts.relationships_written, counts.relationships_deleted) == (1, 0, 0)
    [row] = store.read("MATCH (a:Article {id: 'support_articles-2'}) RETURN a.name AS name, a.severity AS severity")
    assert row == {"name": "Another title", "severity": None}


def test_a_moved_reference_moves_the_relationship(store: GraphStore) -> None:
    world = small_world()
    synchronise(store, desired_graph(world))
    counts = synchronise(store, desired_graph(edited(world, "enterprise.incidents", 0, device_id="devices-5")))
    assert (counts.nodes_written, counts.relationships_written, counts.relationships_deleted) == (0, 1, 1)
    rows = store.read("MATCH (:Incident {id: 'incidents-0'})-[:AFFECTS]->(d) RETURN d.id AS id")
    assert rows == [{"id": "devices-5"}]


def test_what_vanished_from_the_tables_goes_from_the_graph(store: GraphStore) -> None:
    world = small_world()
    synchronise(store, desired_graph(world))
    less = {**world, "uploads.files": world["uploads.files"].iloc[:2], "uploads.texts": world["uploads.texts"].iloc[:0]}
    counts = synchronise(store, desired_graph(less))
    assert counts.nodes_deleted == _ROWS - 2
    assert counts.relationships_deleted == len(desired_graph(world).relationships.query("kind.str.startswith('(Upload)')"))
    assert problems(store, less) == []


@pytest.mark.parametrize(
    "damage",
    [
        "MATCH (d:Device {id: 'devices-1'}) DETACH DELETE d",
        "MATCH (d:Device {id: 'devices-1'}) SET d.content_hash = 'old'",
        "MATCH (d:Device {id: 'devices-1'}) REMOVE d.content_hash",
        "CREATE (:Device {id: 'DEV-NOBODY'})",
        "CREATE (:Device {name: 'without an id'})",
        "MATCH (:Incident)-[r:AFFECTS]->(:Device) DELETE r",
        "MATCH (:Incident)-[r:AFFECTS]->(:Device) SET r.content_hash = 'old'",
        "MATCH (i:Incident {id: 'incidents-0'}), (d:Device {id: 'devices-1'}) CREATE (i)-[:AFFECTS]->(d)",
        "MATCH (i:Incident {id: 'incidents-0'}), (d:Device {id: 'devices-4'}) CREATE (i)-[:AFFECTS]->(d)",
        "CREATE (:Gadget {id: 'of an older mapping', content_hash: 'x'})",
        "MATCH (i:Incident {id: 'incidents-0'}), (d:Device {id: 'devices-4'}) CREATE (i)-[:BROKE {content_hash: 'x'}]->(d)",
    ],
)
def test_damage_done_to_the_store_is_reported_and_repaired(store: GraphStore, damage: str) -> None:
    world = small_world()
    synchronise(store, desired_graph(world))
    store.write(damage)
    assert problems(store, world) != []
    synchronise(store, desired_graph(world))
    assert problems(store, world) == []


def test_nodes_of_other_labels_are_not_ours_to_touch(store: GraphStore) -> None:
    store.write("CREATE (:Recipe {id: 'soup'})-[:NEEDS]->(:Recipe {id: 'broth'})")
    world = small_world()
    synchronise(store, desired_graph(world))
    assert problems(store, world) == []
    assert store.read("MATCH (:Recipe)-[r:NEEDS]->(:Recipe) RETURN count(r) AS n") == [{"n": 1}]


def test_a_database_of_somebody_else_is_refused_before_anything_is_deleted(store: GraphStore) -> None:
    store.write("CREATE (:Device {id: 'theirs'})")
    with pytest.raises(PermanentFailure, match=r"holds 1 nodes with the labels Device.*LENOVO_NEO4J_DATABASE"):
        synchronise(store, desired_graph(small_world()))
    assert store.read("MATCH (n) RETURN n.id AS id") == [{"id": "theirs"}]


def test_a_person_is_forgotten_with_all_relationships(store: GraphStore) -> None:
    synchronise(store, desired_graph(small_world()))
    assert delete_nodes(store, [("User", "users-1")]) == 1
    assert store.read("MATCH (u:User {id: 'users-1'}) RETURN u") == []
    state = read_graph_state(store)
    assert not state["id"].str.contains("users-1").any()
    with pytest.raises(KeyError, match="no label 'Person'"):
        delete_nodes(store, [("Person", "users-1")])


def test_text_that_looks_like_cypher_is_stored_as_text(store: GraphStore) -> None:
    nasty = "'}) DETACH DELETE n // `\" \\ \u0000 型号 😀"
    world = edited(small_world(), "enterprise.devices", 0, name=nasty, series=nasty)
    synchronise(store, desired_graph(world))
    assert problems(store, world) == []
    assert store.read("MATCH (d:Device {id: 'devices-0'}) RETURN d.name AS name") == [{"name": nasty}]


def test_a_server_killed_in_the_middle_is_a_transient_failure_and_the_next_run_completes(tmp_path: Path) -> None:
    world = small_world()
    graph = desired_graph(world)
    with GraphStore(GraphServer(tmp_path / "graph")) as store:
        assert store.server is not None
        store.read("RETURN 1")
        heard = []

        def kill_after_the_third_step(message: str) -> None:
            heard.append(message)
            if len(heard) == 3:
                assert store.server is not None and store.server.pid is not None
                os.kill(store.server.pid, signal.SIGKILL)

        with pytest.raises(TransientFailure, match="the embedded graph server died"):
            synchronise(store, graph, batch=3, say=kill_after_the_third_step)
        counts = synchronise(store, graph)
        assert 0 < counts.nodes_written < len(graph.nodes)
        assert problems(store, world) == []


def test_a_run_killed_in_the_middle_of_writing_is_completed_by_the_next(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        import importlib.util, sys, time
        from pathlib import Path
        spec = importlib.util.spec_from_file_location("world", {__file__!r})
        module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)
        def pause(message):
            print(message, flush=True)
            if message.startswith("relationships"):
                time.sleep(60)
        store = module.GraphStore(module.GraphServer(Path({str(tmp_path / "graph")!r})))
        module.synchronise(store, module.desired_graph(module.small_world()), batch=3, say=pause)
        """
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("relationships"):
            break
    child.kill()
    child.wait()
    child.stdout.close()
    world = small_world()
    with GraphStore(GraphServer(tmp_path / "graph")) as store:
        deadline = time.monotonic() + 30
        while True:
            try:
                assert problems(store, world) != []
                break
            except TransientFailure:
                # The killed run's server may take a moment to follow it.
                assert time.monotonic() < deadline
        counts = synchronise(store, desired_graph(world))
        assert counts.nodes_unchanged == len(desired_graph(world).nodes)
        assert counts.relationships_written > 0
        assert problems(store, world) == []
