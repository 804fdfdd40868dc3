"""What a change would touch, and what an entry was made from, are read from the snapshot alone, down to examples and records."""

from pathlib import Path
from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster.blast import blast_radius, downstream, shown
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.reader import opened
from lenovo_pipeline.roster.tracing import trace
from lenovo_pipeline.settings import PROJECT_ROOT, Settings

GRAPH: dict[str, dict[str, Any]] = {
    name: {"deps": deps, "code_version": "v", "modules": modules}
    for name, deps, modules in (
        ("enterprise/devices", [], ["enterprise.assets"]),
        ("knowledge/chunks", ["enterprise/devices"], ["knowledge.chunking"]),
        ("gold/questions", ["enterprise/devices"], ["gold.assets"]),
        ("models/catalogue", [], []),
        ("models/foundation", ["models/catalogue"], []),
        ("models/training_sets", ["gold/questions"], ["models.training"]),
        ("models/adapters", ["models/training_sets", "models/foundation"], ["models.training"]),
        ("models/merged", ["models/adapters"], []),
        ("evaluation/items", ["gold/questions", "knowledge/chunks"], []),
        ("evaluation/adapter", ["evaluation/items", "models/adapters"], ["evaluation.scoring"]),
        ("evaluation/baselines", ["evaluation/items"], ["evaluation.scoring"]),
        ("roster/policy", [], ["roster.policy"]),
        ("roster/decisions", ["evaluation/adapter", "evaluation/baselines", "roster/policy"], ["roster.policy"]),
    )
}
BUILDS = """CREATE TABLE models.{} AS SELECT * FROM (VALUES {})
t(build, method, domain, artifact, path, base_revision, training_set, made_by)"""
MADE = (
    "CREATE SCHEMA enterprise; CREATE SCHEMA gold; CREATE SCHEMA models; CREATE SCHEMA evaluation; CREATE SCHEMA roster;"
    "CREATE SCHEMA knowledge; CREATE SCHEMA IF NOT EXISTS pipeline;"
    "CREATE TABLE pipeline.tables (qualified_name VARCHAR, model VARCHAR, digest VARCHAR, rows BIGINT);"
    "CREATE TABLE pipeline.recipes (subject VARCHAR, reads VARCHAR);"
    "CREATE TABLE enterprise.devices AS SELECT unnest(['DEV-1', 'DEV-2', 'DEV-3']) AS device_id;"
    "CREATE TABLE knowledge.chunks AS SELECT * FROM (VALUES ('C1', 'DEV-1'), ('C2', 'DEV-2'), ('C3', 'DEV-3'))"
    " t(chunk_id, record_id);"
    "CREATE TABLE gold.questions AS SELECT * FROM (VALUES ('Q1', ['DEV-1'], []::VARCHAR[]), ('Q2', ['DEV-2'], []::VARCHAR[]))"
    " t(question_id, evidence_ids, alternate_ids);"
    "CREATE TABLE models.catalogue AS SELECT 'nano' AS name, 'data/models/nano' AS folder_id;"
    "CREATE TABLE models.training_sets AS SELECT * FROM (VALUES ('T1', 'desk', 'train', 'Q0', ['DEV-2'], 'set1'))"
    " t(example_id, domain, split, question_id, record_ids, version);"
    + BUILDS.format(
        "adapters", "('nano/lora/desk', 'lora', 'desk', 'art1', 'artifacts/a', 'r1', 'set1', '{\"versions\": {\"peft\": \"1\"}}')"
    )
    + ";"
    + BUILDS.format("merged", "('nano/merged', 'merged', 'all', 'art2', 'artifacts/b', 'r1', NULL, '{\"adapter\": \"art1\"}')")
    + ";"
    "CREATE TABLE evaluation.items AS SELECT * FROM (VALUES ('Q1', ['C1']), ('Q2', ['C2'])) t(question_id, passage_ids);"
    "CREATE TABLE evaluation.adapter AS SELECT * FROM (VALUES ('Q1', 1.0, 'yes', NULL, 'h1'), ('Q2', 0.0, 'no', NULL, 'h1'))"
    " t(question_id, correct, said, failure, header);"
    "CREATE TABLE evaluation.baselines AS SELECT * FROM (VALUES ('Q1', 0.0, 'x', NULL, 'h2'))"
    " t(question_id, correct, said, failure, header);"
    "CREATE TABLE evaluation.headers AS SELECT * FROM (VALUES"
    ' (\'h1\', \'nano/lora/desk\', \'adapter\', \'{"described": {"artifact": "art1"}, "packages": {"torch": "2"}}\'),'
    " ('h2', 'first', 'baselines', '{}')) t(header, candidate, kind, made_by);"
    "CREATE TABLE roster.entries AS SELECT * FROM (VALUES ('nano/lora/desk', ['h1']), ('first', ['h2'])) t(entry, headers);"
    "CREATE TABLE roster.decisions (decision_id VARCHAR); CREATE TABLE roster.deployments (entry VARCHAR);"
)


NOTED = """INSERT INTO pipeline.recipes VALUES ('gold/questions', '[["enterprise.devices", "", "1/2"]]')"""


@pytest.fixture
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    made = Store(tmp_path / "store")
    made.open()
    warehouse = Warehouse(str(made.warehouse))
    with warehouse.write() as connection:
        connection.execute(MADE + getattr(request, "param", ""))
    publish(made, warehouse, made_by={}, graph=GRAPH)
    Book(made.deployments).promote("production", "desk", "nano/lora/desk", "DEC-1", actor="test", reason="it is good")
    return made


def touched(store: Store, what: str) -> tuple[set[str], set[str], set[str]]:
    radius = blast_radius(store, Settings(profile="smoke"), what)
    return set(radius.builds), set(radius.evaluations), set(radius.entries)


@pytest.mark.parametrize(
    ("what", "builds", "evaluations", "entries"),
    [
        ("DEV-1", set(), {"h1", "h2"}, {"nano/lora/desk", "first"}),
        ("DEV-2", {"nano/lora/desk", "nano/merged"}, {"h1"}, {"nano/lora/desk"}),
        ("DEV-3", set(), set(), set()),
        ("nano", {"nano/lora/desk", "nano/merged"}, {"h1"}, {"nano/lora/desk"}),
        ("nano/lora/desk", {"nano/lora/desk", "nano/merged"}, {"h1"}, {"nano/lora/desk"}),
        ("peft", {"nano/lora/desk", "nano/merged"}, {"h1"}, {"nano/lora/desk"}),
        ("torch", set(), {"h1"}, {"nano/lora/desk"}),
        ("evaluation/baselines", set(), {"h2"}, {"first"}),
        ("lenovo_pipeline/roster/policy.py", set(), set(), {"nano/lora/desk", "first"}),
        ("data/policy/roster.yaml", set(), set(), {"nano/lora/desk", "first"}),
        ("data/policy/../policy/roster.yaml", set(), set(), {"nano/lora/desk", "first"}),
        (f"{PROJECT_ROOT}/data/./uploads/../policy/roster.yaml", set(), set(), {"nano/lora/desk", "first"}),
        ("data/models/../models/nano", {"nano/lora/desk", "nano/merged"}, {"h1"}, {"nano/lora/desk"}),
    ],
)
def test_a_change_touches_the_rows_that_hold_it_and_no_others(
    store: Store, what: str, builds: set[str], evaluations: set[str], entries: set[str]
) -> None:
    assert touched(store, what) == (builds, evaluations, entries)


@pytest.mark.parametrize(
    ("what", "again"),
    [
        ("DEV-3", {"enterprise/devices", "gold/questions"}),
        ("nano", {"models/foundation"}),
        ("data/policy/roster.yaml", {"roster/policy"}),
        ("lenovo_pipeline/roster/policy.py", set()),
        ("lenovo_pipeline/gold/assets.py", {"gold/questions"}),
    ],
)
@pytest.mark.parametrize("store", [NOTED], indirect=True)
def test_what_reads_a_change_is_made_again_and_what_follows_looks_again(store: Store, what: str, again: set[str]) -> None:
    radius = blast_radius(store, Settings(profile="smoke"), what)
    assert set(radius.again) == again
    assert set(radius.assets) >= again


def test_an_agent_is_touched_by_whatever_its_tools_read_and_traced_to_its_attempts(tmp_path: Path) -> None:
    made = Store(tmp_path / "store")
    made.open()
    warehouse = Warehouse(str(made.warehouse))
    with warehouse.write() as connection:
        connection.execute(MADE)
        connection.execute(
            "CREATE OR REPLACE TABLE roster.entries AS SELECT *, 'adapter' AS kind FROM roster.entries;"
            "INSERT INTO roster.entries VALUES ('nano/triage', ['h3'], 'agentic_workflow'); CREATE SCHEMA agents;"
            "CREATE TABLE evaluation.agentic_workflow AS SELECT 'nano' AS model, 'triage' AS workflow, 'h3' AS header;"
            "CREATE TABLE agents.attempts AS SELECT 'nano' AS model, 'triage' AS workflow, 'agent' AS build, * FROM"
            " (VALUES ('T1', true, NULL), ('T2', false, 'nothing was written')) t(task_id, success, shortfall)"
        )
    agents = {"evaluation/agentic_workflow": {"deps": ["knowledge/chunks"], "code_version": "v", "modules": []}}
    publish(made, warehouse, made_by={}, graph={**GRAPH, **agents})
    assert touched(made, "DEV-3") == (set(), {"h3"}, {"nano/triage"})
    assert touched(made, "models/merged")[2] == set()
    with opened(made) as snapshot:
        lines = trace(snapshot, "nano/triage", ["h3"])
    assert lines[0].split("attempts of ")[1] == (
        "triage (h3), answered by agent: 2 tasks in agents.attempts; 1 succeeded, 1 did not"
    )
    assert "did not succeed: T2 “nothing was written”" in lines[1]


def test_what_runs_is_named(store: Store) -> None:
    radius = blast_radius(store, Settings(profile="smoke"), "DEV-2")
    assert radius.running == ("nano/lora/desk for desk (production)",)
    assert "running now: nano/lora/desk for desk (production)" in shown(radius)


def test_an_unknown_name_is_answered_with_similar_ones(store: Store) -> None:
    with pytest.raises(PermanentFailure, match=r"'knowledge/chunk' is no asset.*Did you mean knowledge/chunks"):
        touched(store, "knowledge/chunk")


@pytest.mark.parametrize("what", [f"lenovo_pipeline/{'x' * 5000}.py", "x" * 5000, "/" * 5000])
def test_a_path_that_no_disk_holds_is_unknown(store: Store, what: str) -> None:
    with pytest.raises(PermanentFailure, match="is no asset, record, file") as refused:
        touched(store, what)
    assert len(str(refused.value)) < 500


def test_a_name_that_is_no_text_is_said_and_the_snapshot_not_blamed(store: Store) -> None:
    with pytest.raises(PermanentFailure, match="is no text in UTF-8"):
        touched(store, b"DEV-\xff".decode(errors="surrogateescape"))


def test_a_snapshot_without_a_graph_says_what_to_run(tmp_path: Path, store: Store) -> None:
    bare = Store(tmp_path / "bare")
    bare.open()
    publish(bare, Warehouse(str(store.warehouse)), made_by={})
    with pytest.raises(PermanentFailure, match=r"without the graph of assets.*make run"):
        touched(bare, "DEV-1")


def test_a_publication_that_knows_no_graph_keeps_the_last_one(store: Store) -> None:
    publish(store, Warehouse(str(store.warehouse)), made_by={"again": 1})
    assert touched(store, "DEV-3") == (set(), set(), set())


def test_downstream_follows_every_way_once() -> None:
    assert downstream(GRAPH, ["models/catalogue"]) == {
        "models/catalogue",
        "models/foundation",
        "models/adapters",
        "models/merged",
        "evaluation/adapter",
        "roster/decisions",
    }


def test_an_entry_is_traced_to_its_items_build_examples_and_records(store: Store) -> None:
    with opened(store) as snapshot:
        said = "\n".join(trace(snapshot, "nano/lora/desk", ["h1"]))
    assert "items of h1: 2 in evaluation.adapter; 1 right, 1 not, 0 without a score" in said
    assert "not right: Q2 “no”" in said
    assert "answered by 2 records: DEV-1, DEV-2" in said
    assert "build nano/lora/desk (lora), artifact art1 in artifacts/a, base revision r1" in said
    assert "chosen from training set set1: 1 example: T1" in said
    assert "made from 1 record: DEV-2" in said
