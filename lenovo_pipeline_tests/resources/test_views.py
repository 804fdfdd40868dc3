"""Retrieval and agents read copies of allow-listed tables: no way leads from them to gold, to the pipeline's notes or a file."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import pytest

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.gold.tables import QUESTIONS
from lenovo_pipeline.resources.views import Views, open_views
from lenovo_pipeline.resources.warehouse import Warehouse

PARTS = Table(
    stage="enterprise",
    name="parts",
    description="Parts.",
    key=("part_id",),
    columns=(
        Column(name="part_id", type="text", description="Id."),
        Column(name="weight_kg", type="number", description="Weight.", unit="kg"),
        Column(name="anchor", type="text", description="Anchor."),
        Column(name="template", type="text", description="Template."),
    ),
)
ATTEMPTS = (
    "SELECT * FROM gold.answers",
    "SELECT * FROM pipeline.tables",
    "SELECT anchor FROM enterprise.parts",
    "SELECT template FROM enterprise.parts",
    "SELECT * FROM '{file}'",
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM query('SELECT * FROM gold.answers')",
    "SELECT * FROM query_table('gold.answers')",
    "SELECT * FROM warehouse.gold.answers",
    "WITH gold AS (SELECT * FROM '{file}') SELECT * FROM gold",
    "CREATE VIEW v AS SELECT * FROM read_parquet('{file}')",
    "EXPORT DATABASE '{folder}/stolen'",
    "COPY (SELECT * FROM gold.answers) TO '{folder}/stolen.parquet'",
    "SELECT * FROM glob('{folder}/*')",
    "ATTACH '{file}' AS w",
    "ATTACH '{file}' AS w (READ_ONLY)",
    "SELECT 1; ATTACH '{file}' AS w; SELECT * FROM w.gold.answers",
    "SET enable_external_access = true",
    "PRAGMA enable_external_access = true",
    "COPY enterprise.parts TO '{folder}/stolen.csv'",
    "DROP TABLE enterprise.parts",
    "DELETE FROM enterprise.parts",
    "INSERT INTO enterprise.parts VALUES ('P-3', 1.0)",
    "INSTALL httpfs",
    "EXPLAIN ANALYZE DELETE FROM enterprise.parts",
)


ANSWERS = Table(
    stage="gold",
    name="answers",
    description="Answers.",
    key=("answer",),
    columns=(Column(name="answer", type="text", description="Answer."),),
)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    found = Warehouse(str(tmp_path / "warehouse.duckdb"))
    rows = {"part_id": ["P-1", "P-2"], "weight_kg": [1.5, 2.5], "anchor": ["series:A"] * 2, "template": ["t"] * 2}
    found.replace(PARTS, pd.DataFrame(rows))
    found.replace(ANSWERS, pd.DataFrame({"answer": ["a secret answer"]}))
    return found


@pytest.fixture
def views(warehouse: Warehouse) -> Iterator[Views]:
    with open_views(warehouse, [PARTS]) as opened:
        yield opened


def test_a_view_holds_the_rows_of_its_table(views: Views) -> None:
    assert views.rows("SELECT part_id FROM enterprise.parts WHERE weight_kg > $least", {"least": 2.0}) == [("P-2",)]
    assert list(views.records("SELECT * FROM enterprise.parts LIMIT 1")) == [{"part_id": "P-1", "weight_kg": 1.5}]


def test_tables_of_gold_and_of_later_stages_are_refused(warehouse: Warehouse) -> None:
    with (
        pytest.raises(PermanentFailure, match=r"gold\.answers, gold\.questions may not be read"),
        open_views(warehouse, [PARTS, ANSWERS, QUESTIONS]),
    ):
        pass


def test_a_table_that_was_never_made_is_named(warehouse: Warehouse) -> None:
    other = Table(stage="enterprise", name="others", description="Others.", key=("part_id",), columns=PARTS.columns)
    with pytest.raises(PermanentFailure, match=r"enterprise\.others has not been made yet"), open_views(warehouse, [other]):
        pass


@pytest.mark.parametrize("kept_open", [False, True])
def test_no_query_leaves_the_views(warehouse: Warehouse, tmp_path: Path, kept_open: bool) -> None:
    """Whether or not this process holds the warehouse open meanwhile."""
    with warehouse.kept_open() if kept_open else nullcontext(), open_views(warehouse, [PARTS]) as views:
        for query in ATTEMPTS:
            with pytest.raises(PermanentFailure):
                views.rows(query.format(file=tmp_path / "warehouse.duckdb", folder=tmp_path))
            assert len(views.rows("SELECT * FROM enterprise.parts")) == 2, query
    assert not (tmp_path / "stolen.csv").exists()


def test_the_catalogue_of_the_views_knows_nothing_but_the_views(views: Views) -> None:
    assert views.rows("SELECT table_schema, table_name FROM information_schema.tables") == [("enterprise", "parts")]
    assert views.rows("SELECT DISTINCT database_name FROM duckdb_databases() WHERE NOT internal") == [("memory",)]


def test_views_for_templates_answer_alike_keep_the_pruning_of_columns_and_stay_locked(warehouse: Warehouse, views: Views) -> None:
    query = "SELECT part_id FROM enterprise.parts WHERE list_contains($ids, part_id) ORDER BY weight_kg DESC, part_id LIMIT 1"
    with open_views(warehouse, [PARTS], templates=True) as quick:
        assert quick.rows(query, {"ids": ["P-1", "P-2"]}) == views.rows(query, {"ids": ["P-1", "P-2"]}) == [("P-2",)]
        [(left_out,)] = quick.rows("SELECT value FROM duckdb_settings() WHERE name = 'disabled_optimizers'")
        assert "join_order" in left_out.split(",") and {"top_n", "unused_columns"}.isdisjoint(left_out.split(","))
        with pytest.raises(PermanentFailure):
            quick.rows("SET disabled_optimizers = ''")
