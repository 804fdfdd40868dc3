"""The parts of an erasure: who is meant, where they stand, and removing what deletion leaves behind."""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dagster import DagsterInstance, job, op

from lenovo_pipeline.commands.forgetting import scrub, traces
from lenovo_pipeline.commands.forgetting.people import Person, Sought, resolve
from lenovo_pipeline.contracts import Column, Table
from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.privacy import FILE, Tombstones
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.vectors import Vectors
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.uploads.records import Limits

JANE = Person("USR-1", "Jane Smith", "jane.smith.1@lenovo.example")
WEI = Person("CUS-4", "王伟", "wei.wang.4@customer.example")
WORLD = [
    JANE,
    Person("USR-2", "Jane Smithson", "jane.smithson.2@lenovo.example"),
    Person("USR-3", "Mary-Jane Smith", "mary.jane.smith.3@lenovo.example"),
    WEI,
    Person("USR-5", "Ola Nordmann", "ola.nordmann.5@lenovo.example"),
    Person("CUS-6", "Ola Nordmann", "ola.nordmann.6@customer.example"),
]
NOTES = Table(
    stage="trial",
    name="notes",
    description="Notes.",
    columns=(Column(name="id", type="text", description="Key."), Column(name="text", type="text", description="Text.")),
    key=("id",),
)


def sought(who: str, *, stored: list[Person] | None = None, known: Tombstones | None = None, occurs: bool = False) -> Sought:
    return resolve(who, WORLD if stored is None else stored, WORLD, known or Tombstones(), lambda stranger: occurs)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.open()
    return made


@pytest.mark.parametrize("who", ["USR-1", "usr-1", "JANE.smith.1@lenovo.example", "Jane  Smith", "smith, jane"])
def test_a_person_is_found_by_id_address_or_full_name(who: str) -> None:
    found = sought(who)
    assert (found.records, found.names, found.addresses) == (("USR-1",), ("Jane Smith",), (JANE.address,))


def test_a_name_in_chinese_characters_brings_its_romanised_form(tmp_path: Path) -> None:
    assert sought("王伟").names == ("王伟", "wei wang")


def test_an_ambiguous_name_lists_the_ids_of_those_who_have_it() -> None:
    with pytest.raises(PermanentFailure, match="CUS-6, USR-5") as error:
        sought("Ola Nordmann")
    assert "Nordmann" not in str(error.value)
    assert sought("USR-5").shared_with == ("CUS-6",)


@pytest.mark.parametrize(
    ("who", "said"), [("USR-99", "nobody with the id"), ("Jane", "one word"), ("No Body", "nobody of that name")]
)
def test_somebody_unknown_is_refused_with_what_to_give(who: str, said: str) -> None:
    with pytest.raises(PermanentFailure, match=said) as error:
        sought(who)
    assert "customer id" in str(error.value)


def test_somebody_who_stands_in_uploads_alone_is_found_and_so_is_one_already_erased() -> None:
    assert sought("No Body", occurs=True) == Sought(names=("No Body",))
    erased = Tombstones().with_person(addresses=["x@y.example"], erased_at="")
    assert sought("X@y.example", known=erased) == Sought(addresses=("X@y.example",))


def test_the_stored_people_come_before_those_of_another_world() -> None:
    assert sought("USR-1", stored=[Person("USR-1", "Old Name", "old@lenovo.example")]).names == ("Old Name",)
    assert sought("USR-1", stored=[]).names == ("Jane Smith",)


def test_namesakes_and_longer_names_of_people_who_stay_do_not_count_as_remains() -> None:
    jane = sought("USR-1")
    assert jane.others == ("Mary-Jane Smith",)
    assert jane.is_in("by Jane Smith")
    assert not jane.is_in("by Mary-Jane Smith and Jane Smithson")
    assert jane.is_in_raw("by Mary-Jane Smith")
    ola = sought("USR-5")
    assert not ola.is_in("Ola Nordmann came")
    assert ola.is_in("ola.nordmann.5@lenovo.example")


def test_every_row_column_name_and_cell_of_the_warehouse_is_searched(store: Store) -> None:
    warehouse = Warehouse(str(store.warehouse))
    warehouse.replace(NOTES, pd.DataFrame({"id": ["a", "b", "c", "d"], "text": ["SMITH,  Jane", "Jane", "Smith", "x王伟y"]}))
    with warehouse.write() as connection:
        connection.execute("CREATE SCHEMA uploads")
        connection.execute("CREATE TABLE uploads.t AS SELECT 1 AS \"Jane Smith\", ['Mary-Jane Smith'] AS names")
    assert traces.in_tables(warehouse, sought("USR-1")) == {"trial.notes": 1, "uploads.t": 1}
    assert traces.in_tables(warehouse, sought("CUS-4")) == {"trial.notes": 1}
    assert traces.in_tables(warehouse, sought("USR-5")) == {}


def test_every_file_of_the_store_is_searched_by_its_bytes(store: Store) -> None:
    (store.root / "a.bin").write_bytes(b"\x00\x0aJane Smithjane.smith.1@lenovo.example\x01")
    (store.root / "b.json").write_text('"\\u738b\\u4f1f"')
    (store.root / "deep").mkdir()
    (store.root / "deep" / "c.log.gz").write_bytes(gzip.compress(b"JANE SMITH"))
    (store.root / "d.txt").write_text("Mary-Jane Smith")
    (store.root / "empty").touch()
    (store.root / FILE).write_text("Jane Smith")
    jane = {path.name: count for path, count in traces.in_files(store, sought("USR-1")).items()}
    assert jane == {"a.bin": 2, "c.log.gz": 1}
    assert [path.name for path in traces.in_files(store, sought("CUS-4"))] == ["b.json"]
    assert traces.in_files(store, Sought(names=("A B",), shared_names=("A B",))) == {}


def test_the_users_own_files_are_named_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("first,last\nAnn,Lee\nJane,Smith\nBo,Ek\n")
    (tmp_path / "b.md").write_text("# One\n\nNothing.\n\n# Two\n\nJane Smith, too.\n")
    (tmp_path / "jane_smith.txt").write_text("Nothing.")
    (tmp_path / "broken.pdf").write_bytes(b"Jane Smith")
    found = traces.in_uploads(tmp_path, Limits(), sought("USR-1"))
    assert found == {"a.csv": ["line 3"], "b.md": ["section 'Two'"], "jane_smith.txt": ["its own name"]}
    assert traces.in_uploads(tmp_path / "missing", Limits(), sought("USR-1")) == {}


def test_a_rewritten_warehouse_holds_the_same_rows_and_no_deleted_bytes(store: Store) -> None:
    warehouse = Warehouse(str(store.warehouse))
    secret = "Jane Smith of the long and never compressed signature"
    warehouse.replace(
        NOTES, pd.DataFrame({"id": [f"{i:05}" for i in range(3000)], "text": [f"{secret} {i}" for i in range(3000)]})
    )
    kept = warehouse.replace(NOTES, pd.DataFrame({"id": ["1"], "text": ["kept"]}))
    assert secret.encode() in store.warehouse.read_bytes()
    assert scrub.rewrite_warehouse(warehouse)
    assert secret.encode() not in store.warehouse.read_bytes()
    assert warehouse.load(NOTES)["text"].tolist() == ["kept"]
    # Keys and constraints came along: the same write is seen as no change, another one replaces.
    assert not warehouse.replace(NOTES, pd.DataFrame({"id": ["1"], "text": ["kept"]})).changed
    assert warehouse.described(NOTES) == {**(warehouse.described(NOTES) or {}), "digest": kept.digest}
    assert warehouse.replace(NOTES, pd.DataFrame({"id": ["2"], "text": ["new"]})).changed
    assert sorted(path.name for path in store.root.iterdir()) == ["format.json", "warehouse.duckdb"]


def test_a_warehouse_elsewhere_is_not_rewritten() -> None:
    assert not scrub.rewrite_warehouse(Warehouse("md:analytics"))


def test_a_rewritten_vector_store_holds_the_same_entries_and_no_deleted_ones(store: Store) -> None:
    vectors = Vectors(store.chroma)
    collection = vectors.create("uploads", "trial-encoder")
    documents = ["kept words", "Jane Smith was here"]
    collection.add(
        ids=["a", "b"],
        embeddings=np.array([[1.0, 0.0], [0.6, 0.8]], dtype=np.float32),
        documents=documents,
        metadatas=[{"n": 1}, {"who": JANE.address}],
    )
    collection.delete(ids=["b"])
    assert traces.in_files(store, sought("USR-1"))
    assert scrub.rewrite_vectors(vectors) == 1
    assert traces.in_files(store, sought("USR-1")) == {}
    held = vectors.collection("uploads", "trial-encoder").get(include=["documents", "metadatas", "embeddings"])
    vectors.close()
    assert (held["ids"], held["documents"], held["metadatas"]) == (["a"], ["kept words"], [{"n": 1}])
    assert np.asarray(held["embeddings"]).tolist() == [[1.0, 0.0]]


def test_vectors_that_name_the_person_are_found(store: Store) -> None:
    vectors = Vectors(store.chroma)
    vectors.create("support", "e").add(
        ids=["a", "b", "c"],
        embeddings=np.array([[1.0, 0.0]] * 3, dtype=np.float32),
        documents=["x", "Smith, Jane", "y"],
        metadatas=[{"title": "王伟"}, {"title": ""}, {"title": ""}],
    )
    assert traces.in_vectors(vectors, sought("USR-1")) == ["b"]
    assert traces.in_vectors(vectors, sought("CUS-4")) == ["a"]
    vectors.close()


def test_logs_and_alerts_that_quote_the_person_are_removed_and_others_stay(store: Store) -> None:
    store.dagster.mkdir()
    with DagsterInstance.local_temp(str(store.dagster)) as instance:

        @op
        def quoting() -> None:
            raise ValueError("found 'Jane Smith' where a number should be")

        @op
        def silent() -> None:
            return

        @job
        def talkative() -> None:
            quoting()

        @job
        def quiet() -> None:
            silent()

        loud = talkative.execute_in_process(instance=instance, raise_on_error=False).run_id
        still = quiet.execute_in_process(instance=instance).run_id
        store.alerts.mkdir()
        (store.alerts / f"{loud}.json").write_text('{"message": "found \'Jane Smith\'"}')
        (store.alerts / "other.json").write_text("{}")
        jane = sought("USR-1")
        found = traces.in_files(store, jane)
        assert any(path.is_relative_to(store.dagster) for path in found)
        scrub.clean_logs(store, instance, list(found), jane, lambda line: None)
        assert not instance.has_run(loud)
        assert instance.has_run(still)
        assert [path.name for path in store.alerts.iterdir()] == ["other.json"]
        assert traces.in_files(store, jane) == {}


def test_deleted_rows_of_an_sqlite_file_are_wiped(store: Store) -> None:
    with closing(sqlite3.connect(store.mlflow)) as connection:
        # Some builds of SQLite wipe by themselves; ours to test is the other kind.
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE params (value TEXT)")
        connection.execute("INSERT INTO params VALUES ('Jane Smith')")
        connection.commit()
        connection.execute("DELETE FROM params")
        connection.commit()
    jane = sought("USR-1")
    assert traces.in_files(store, jane)
    with DagsterInstance.ephemeral() as instance:
        scrub.clean_logs(store, instance, [store.mlflow], jane, lambda line: None)
    assert traces.in_files(store, jane) == {}


def test_snapshots_but_the_published_one_are_removed(store: Store) -> None:
    for name in ("published-1", "published-2"):
        (store.root / name).mkdir()
    store.published.symlink_to("published-2")
    assert scrub.remove_snapshots(store) == 1
    assert (store.root / "published-2").is_dir()
    assert not (store.root / "published-1").exists()


def test_leftovers_of_killed_writers_go_whatever_their_age(store: Store) -> None:
    (store.root / "uploads-abc").mkdir()
    (store.root / "uploads-abc" / "copy-0").write_text("Jane Smith")
    (store.root / ".warehouse.duckdb.77.new").write_text("Jane Smith")
    scrub.remove_leftovers(store)
    assert sorted(path.name for path in store.root.iterdir()) == ["format.json"]
