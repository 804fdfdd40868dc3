"""Tables that are never replaced: rows stay, keys are unique in the database itself, and a failure changes nothing."""

from pathlib import Path

import duckdb
import pytest

from lenovo_pipeline.contracts import Column, ContractError, Table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.ledger import Ledger
from lenovo_pipeline.resources.published import publish, snapshot_problems
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse

COLUMNS = (
    Column(name="id", type="text", description="Key."),
    Column(name="verdict", type="text", description="Verdict."),
)
NOTES = Table(stage="roster", name="notes", description="Notes.", key=("id",), columns=COLUMNS, min_rows=0)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(str(tmp_path / "warehouse.duckdb"))


@pytest.fixture
def notes(warehouse: Warehouse) -> Ledger:
    return Ledger(warehouse, NOTES)


def test_an_appended_row_stays_as_it_is(notes: Ledger) -> None:
    assert notes.rows() == []
    assert notes.append([{"id": "1", "verdict": "held"}]).changed
    again = notes.append([{"id": "1", "verdict": "promoted"}, {"id": "2", "verdict": "held"}])
    assert (again.rows, again.changed) == (2, True)
    assert notes.rows() == [{"id": "1", "verdict": "held"}, {"id": "2", "verdict": "held"}]
    before = notes.append([])
    assert (before.rows, before.changed, before.digest) == (2, False, again.digest)


def test_a_put_row_takes_the_place_of_its_key_and_a_removed_one_goes(notes: Ledger) -> None:
    notes.put([{"id": "1", "verdict": "a"}, {"id": "2", "verdict": "b"}])
    written = notes.put([{"id": "1", "verdict": "c"}], remove=[("2",)])
    assert notes.rows() == [{"id": "1", "verdict": "c"}]
    assert written.changed
    assert not notes.put([{"id": "1", "verdict": "c"}]).changed


def test_the_database_itself_refuses_a_second_row_for_a_key(notes: Ledger, warehouse: Warehouse) -> None:
    notes.append([{"id": "1", "verdict": "held"}])
    with pytest.raises(duckdb.ConstraintException), warehouse.write() as connection:
        connection.execute("INSERT INTO roster.notes VALUES ('1', 'promoted', 'hash')")
    assert [row["verdict"] for row in notes.rows()] == ["held"]


def test_a_row_that_does_not_fit_leaves_everything_as_it_was(notes: Ledger) -> None:
    notes.append([{"id": "1", "verdict": "held"}])
    with pytest.raises(ContractError):
        notes.append([{"id": "2", "verdict": None}])
    assert len(notes.rows()) == 1


def test_a_ledger_of_other_columns_is_refused_and_not_dropped(notes: Ledger, warehouse: Warehouse) -> None:
    notes.append([{"id": "1", "verdict": "held"}])
    changed = Table(stage="roster", name="notes", description="Notes.", key=("id",), columns=COLUMNS[:1], min_rows=0)
    for use in (Ledger(warehouse, changed).rows, lambda: Ledger(warehouse, changed).append([{"id": "2"}])):
        with pytest.raises(PermanentFailure, match="never replaced"):
            use()
    assert len(notes.rows()) == 1


def test_a_snapshot_holds_the_ledger_too(notes: Ledger, warehouse: Warehouse, tmp_path: Path) -> None:
    notes.append([{"id": "1", "verdict": "held"}])
    store = Store(tmp_path / "store")
    store.open()
    first = publish(store, warehouse, made_by={})
    assert snapshot_problems(store, warehouse) == []
    notes.put([{"id": "2", "verdict": "held"}], remove=[("1",)])
    assert publish(store, warehouse, made_by={}).version != first.version
    assert snapshot_problems(store, warehouse) == []
