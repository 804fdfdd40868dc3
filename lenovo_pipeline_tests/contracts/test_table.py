"""A declaration that contradicts itself is refused, with every contradiction."""

import duckdb
import pytest

from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.contracts.table import DUCKDB_TYPES


def test_every_contradiction_of_a_declaration_is_listed() -> None:
    column = Column(name="a", type="text", description="Text.", nullable=True)
    with pytest.raises(ValueError, match=r"trial\.things") as caught:
        Table(
            stage="trial",
            name="things",
            description="Wrong in all ways.",
            columns=(column, column, Column(name="content_hash", type="text", description="Reserved.")),
            key=("a", "b"),
            partitioned=True,
        )
    said = str(caught.value)
    for expected in ("'a' is declared twice", "'b' is not a column", "'a' may not be nullable", "'content_hash'", "'model'"):
        assert expected in said


def test_the_ddl_makes_a_table_of_the_declared_types_in_duckdb() -> None:
    columns = tuple(Column(name=f"c {kind}", type=kind, description=kind, nullable=kind != "text") for kind in DUCKDB_TYPES)  # type: ignore[arg-type]
    table = Table(stage="main", name="all_types", description="Every type.", columns=columns, key=("c text",))
    connection = duckdb.connect()
    connection.execute(table.ddl())
    made = connection.execute(
        "SELECT column_name, data_type, is_nullable FROM information_schema.columns ORDER BY ordinal_position"
    ).fetchall()
    expected = [(c.name, DUCKDB_TYPES[c.type], "YES" if c.nullable else "NO") for c in columns] + [
        ("content_hash", "VARCHAR", "NO")
    ]
    assert made == expected


def test_an_unknown_column_is_refused_with_those_that_exist() -> None:
    table = Table(
        stage="trial", name="t", description="T.", columns=(Column(name="a", type="text", description="A."),), key=("a",)
    )
    with pytest.raises(KeyError, match="it has a"):
        table.column("b")
