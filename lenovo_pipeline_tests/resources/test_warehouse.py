"""The warehouse writes a table whole or not at all, with the contract's types, and says what is wrong with its file."""

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lenovo_pipeline.contracts import HASH_COLUMN, Column, ContractError, Table, conform
from lenovo_pipeline.contracts.table import DUCKDB_TYPES, ColumnType
from lenovo_pipeline.failures import PermanentFailure, TransientFailure
from lenovo_pipeline.resources import warehouse as module
from lenovo_pipeline.resources.stored_tables import to_arrow
from lenovo_pipeline.resources.warehouse import Warehouse


def table_of(*columns: tuple[str, ColumnType], partitioned: bool = False) -> Table:
    return Table(
        stage="trial",
        name="parts",
        description="Parts.",
        columns=(
            Column(name="id", type="text", description="Key."),
            *(Column(name=name, type=kind, description=name, nullable=name != "model") for name, kind in columns),
        ),
        key=("model", "id") if partitioned else ("id",),
        partitioned=partitioned,
    )


PARTS = table_of(("count", "integer"), ("colour", "text"))
BUILDS = table_of(("model", "text"), ("size", "integer"), partitioned=True)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(str(tmp_path / "warehouse.duckdb"))


def parts(*rows: tuple[str, int | None, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["id", "count", "colour"])


def stored(warehouse: Warehouse, table: Table = PARTS, model: str | None = None) -> list[tuple[Any, ...]]:
    return list(warehouse.load(table, model=model)[list(table.column_names)].itertuples(index=False, name=None))


_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)
_NUMBER = st.floats(allow_nan=False, allow_infinity=False)
_INTEGER = st.integers(-(2**63), 2**63 - 1)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=4,
)
_VALUES: dict[ColumnType, st.SearchStrategy[Any]] = {
    "text": _TEXT,
    "integer": _INTEGER,
    "number": _NUMBER,
    "boolean": st.booleans(),
    "date": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "timestamp": st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),
    "json": st.dictionaries(_TEXT, _JSON, max_size=2) | st.lists(_JSON, max_size=2),
    "text[]": st.lists(_TEXT, max_size=3),
    "integer[]": st.lists(_INTEGER, max_size=3),
    "number[]": st.lists(_NUMBER, max_size=3),
}
EVERY_TYPE = table_of(*((f"a {kind}", kind) for kind in _VALUES))
_ROWS = st.lists(st.tuples(*(st.none() | values for values in _VALUES.values())), max_size=12)


def test_the_round_trip_covers_every_type() -> None:
    assert set(_VALUES) == set(DUCKDB_TYPES)


@pytest.fixture(scope="module")
def one_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Warehouse(str(tmp_path_factory.mktemp("round_trip") / "warehouse.duckdb"))


@given(rows=_ROWS)
@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_what_is_loaded_is_what_was_written_value_for_value_and_type_for_type(
    one_warehouse: Warehouse, rows: list[tuple[Any, ...]]
) -> None:
    frame = pd.DataFrame([(f"{i:02}", *row) for i, row in enumerate(rows)], columns=list(EVERY_TYPE.column_names), dtype=object)
    written = one_warehouse.replace(EVERY_TYPE, frame)
    loaded = one_warehouse.load(EVERY_TYPE)
    expected = conform(frame, EVERY_TYPE)
    again = conform(loaded, EVERY_TYPE)
    for name in expected.columns:
        wanted, found = expected[name].tolist(), again[name].tolist()
        assert found == wanted
        assert list(map(type, found)) == list(map(type, wanted))
    assert loaded[HASH_COLUMN].tolist() == expected[HASH_COLUMN].tolist()
    assert not one_warehouse.replace(EVERY_TYPE, loaded).changed
    assert written.rows == len(rows)


def test_a_frame_with_its_columns_in_another_order_lands_under_the_right_names(warehouse: Warehouse) -> None:
    warehouse.replace(PARTS, parts(("a", 1, "red"))[["colour", "id", "count"]])
    assert stored(warehouse) == [("a", 1, "red")]


def test_an_empty_frame_makes_an_empty_table(warehouse: Warehouse) -> None:
    written = warehouse.replace(PARTS, parts())
    assert (written.rows, written.changed) == (0, True)
    assert list(warehouse.load(PARTS).columns) == ["id", "count", "colour", HASH_COLUMN]
    assert not warehouse.replace(PARTS, parts()).changed


def test_a_table_can_be_emptied_and_filled_again_and_changed_many_times(warehouse: Warehouse) -> None:
    for rows in ([("a", 1, "red")], [], [("a", 2, "red"), ("b", 1, None)], [("b", 1, None)], [("a", 1, "red")]):
        assert warehouse.replace(PARTS, parts(*rows)).changed
        assert stored(warehouse) == rows


def test_equal_rows_are_not_written_again_whatever_their_order(warehouse: Warehouse) -> None:
    first = warehouse.replace(PARTS, parts(("a", 1, "red"), ("b", None, None)))
    written_at = warehouse.described(PARTS)
    again = warehouse.replace(PARTS, parts(("b", None, None), ("a", 1, "red")))
    assert (first.changed, again.changed) == (True, False)
    assert (again.digest, again.rows, again.bytes) == (first.digest, first.rows, first.bytes)
    assert warehouse.described(PARTS) == written_at


def test_rows_that_come_in_pieces_say_whether_they_changed_anything(warehouse: Warehouse) -> None:
    pieces = [parts(("a", 1, "red")), parts(("b", 2, "blue")), parts()]
    first = warehouse.replace(PARTS, iter(pieces))
    again = warehouse.replace(PARTS, iter(reversed(pieces)))
    whole = warehouse.replace(PARTS, pd.concat(pieces))
    assert (first.changed, again.changed, whole.changed) == (True, False, False)
    assert first.digest == again.digest == whole.digest
    assert stored(warehouse) == [("a", 1, "red"), ("b", 2, "blue")]


def test_a_new_column_makes_the_table_anew_with_all_its_rows(warehouse: Warehouse) -> None:
    warehouse.replace(PARTS, parts(("a", 1, "red")))
    wider = table_of(("count", "integer"), ("colour", "text"), ("weight", "number"))
    written = warehouse.replace(wider, parts(("a", 1, "red")).assign(weight=[2.5]))
    assert written.changed
    assert stored(warehouse, wider) == [("a", 1, "red", 2.5)]


def test_the_same_rows_under_another_type_are_written_again(warehouse: Warehouse) -> None:
    warehouse.replace(PARTS, parts())
    retyped = table_of(("count", "number"), ("colour", "text"))
    assert warehouse.replace(retyped, parts()).changed
    assert warehouse.frame("SELECT data_type FROM information_schema.columns WHERE column_name = 'count'").iloc[0, 0] == "DOUBLE"


def test_a_second_piece_that_does_not_fit_leaves_the_old_rows(warehouse: Warehouse) -> None:
    warehouse.replace(PARTS, parts(("a", 1, "red")))
    before = warehouse.described(PARTS)

    def pieces() -> Iterator[pd.DataFrame]:
        yield parts(("b", 2, "blue"))
        yield pd.DataFrame({"id": ["c"], "count": [1.5], "colour": ["green"]})

    with pytest.raises(ContractError, match="fraction"):
        warehouse.replace(PARTS, pieces())
    assert stored(warehouse) == [("a", 1, "red")]
    assert warehouse.described(PARTS) == before


def test_an_exception_between_two_tables_of_one_transaction_takes_both_back(warehouse: Warehouse) -> None:
    other = Table(stage="trial", name="others", description="Others.", columns=PARTS.columns, key=PARTS.key)
    with pytest.raises(RuntimeError, match="between"), warehouse.write():
        warehouse.replace(PARTS, parts(("a", 1, "red")))
        assert stored(warehouse) == [("a", 1, "red")]
        raise RuntimeError("between")
    with warehouse.write():
        warehouse.replace(other, parts(("b", 2, None)))
    with pytest.raises(PermanentFailure, match="has not been made yet"):
        warehouse.load(PARTS)
    assert stored(warehouse, other) == [("b", 2, None)]


def test_a_large_frame_is_written_in_slices_with_no_row_lost(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_PER_CHUNK", 3)
    sizes: list[int] = []
    monkeypatch.setattr(module, "to_arrow", lambda frame, table: sizes.append(len(frame)) or to_arrow(frame, table))  # type: ignore[func-returns-value]
    frame = parts(*((f"{i}", i, None) for i in range(8)))
    written = warehouse.replace(PARTS, frame)
    assert sizes == [3, 3, 2]
    assert written.rows == 8
    assert stored(warehouse) == list(frame.itertuples(index=False, name=None))
    assert not warehouse.replace(PARTS, frame).changed


def test_a_partition_is_replaced_alone(warehouse: Warehouse) -> None:
    nano = pd.DataFrame({"id": ["x"], "model": ["nano"], "size": [1]})
    phi = pd.DataFrame({"id": ["x"], "model": ["phi"], "size": [2]})
    warehouse.replace(BUILDS, nano, model="nano")
    warehouse.replace(BUILDS, phi, model="phi")
    assert warehouse.replace(BUILDS, nano.assign(size=3), model="nano").changed
    assert stored(warehouse, BUILDS, "nano") == [("x", "nano", 3)]
    assert stored(warehouse, BUILDS, "phi") == [("x", "phi", 2)]
    assert stored(warehouse, BUILDS) == [("x", "nano", 3), ("x", "phi", 2)]
    assert not warehouse.replace(BUILDS, phi, model="phi").changed
    with pytest.raises(PermanentFailure, match="has not been made yet"):
        warehouse.load(BUILDS, model="llama")


def test_a_table_that_was_never_made_is_no_empty_table(warehouse: Warehouse) -> None:
    for table in (PARTS, BUILDS):
        with pytest.raises(PermanentFailure, match="has not been made yet") as caught:
            warehouse.load(table)
        assert "--select '*trial/parts'" in caught.value.remedy
    assert warehouse.described(PARTS) is None


@pytest.mark.parametrize("partitioned", [False, True])
def test_a_table_of_an_older_contract_is_refused_with_what_to_run(warehouse: Warehouse, partitioned: bool) -> None:
    model = "nano" if partitioned else ""
    old = BUILDS if partitioned else PARTS
    new = table_of(("model", "text"), ("size", "number"), partitioned=True) if partitioned else table_of(("colour", "text"))
    row = {"id": "x", "model": "nano", "size": 1, "count": 1, "colour": None}
    warehouse.replace(old, pd.DataFrame([{name: row[name] for name in old.column_names}]), model=model)
    for asked in {None, model or None}:
        with pytest.raises(PermanentFailure, match="another version of the code") as caught:
            warehouse.load(new, model=asked)
        assert "--select 'trial/parts*'" in caught.value.remedy


def test_a_warehouse_that_another_process_has_open_may_be_tried_again(warehouse: Warehouse) -> None:
    warehouse.replace(PARTS, parts(("a", 1, None)))
    code = f"import duckdb, sys; c = duckdb.connect({warehouse.database!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        for use in (lambda: warehouse.load(PARTS), lambda: warehouse.replace(PARTS, parts())):
            with pytest.raises(TransientFailure, match="open in another process"):
                use()
        other.communicate("")
    assert stored(warehouse) == [("a", 1, None)]


@pytest.mark.parametrize("damage", ["garbage", "empty", "half", "flipped"])
def test_a_damaged_warehouse_says_so_and_what_to_do(tmp_path: Path, damage: str) -> None:
    # The folder's name must not be taken for the lock that another process holds.
    place = tmp_path / "block store" / "warehouse.duckdb"
    place.parent.mkdir()
    warehouse = Warehouse(str(place))
    warehouse.replace(PARTS, parts(*((f"{i:06}", i, f"colour {i * 7919 % 10007}") for i in range(20_000))))
    whole = place.read_bytes()
    middle = len(whole) // 2
    place.write_bytes(
        {
            "garbage": b"no database " * 400,
            "empty": b"",
            "half": whole[:middle],
            "flipped": whole[:12_288] + bytes(255 - byte for byte in whole[12_288:]),
        }[damage]
    )
    with pytest.raises(PermanentFailure, match="cannot be read") as caught:
        warehouse.load(PARTS)
    assert "make restore" in caught.value.remedy


def test_a_mistake_in_a_query_is_not_blamed_on_the_file(warehouse: Warehouse) -> None:
    import duckdb

    with pytest.raises(duckdb.CatalogException):
        warehouse.frame("SELECT * FROM nowhere.at_all")


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on the size of files")
def test_no_space_left_while_writing_leaves_the_old_rows(warehouse: Warehouse) -> None:
    warehouse.replace(PARTS, parts(("a", 1, "red")))
    size = Path(warehouse.database).stat().st_size
    code = textwrap.dedent(f"""
        import resource
        import numpy as np
        import pandas as pd
        from lenovo_pipeline.contracts import Column, Table
        from lenovo_pipeline.failures import PermanentFailure
        from lenovo_pipeline.resources.warehouse import Warehouse

        warehouse = Warehouse({warehouse.database!r})
        table = Table(stage="trial", name="parts", description="Parts.", key=("id",), columns=(
            Column(name="id", type="text", description="Key."),
            Column(name="count", type="integer", description="count", nullable=True),
            Column(name="colour", type="text", description="colour", nullable=True)))
        hexes = [np.random.default_rng(i).bytes(40).hex() for i in range(20_000)]
        resource.setrlimit(resource.RLIMIT_FSIZE, ({size} + 200_000, resource.RLIM_INFINITY))
        try:
            warehouse.replace(table, pd.DataFrame({{"id": hexes, "count": 1, "colour": None}}))
        except PermanentFailure as error:
            print("refused:", error)
        print(warehouse.load(table).to_dict("records"))
    """)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "refused:" in ended.stdout, ended.stderr
    assert "Free some space" in ended.stdout
    assert "'id': 'a'" in ended.stdout
    assert stored(warehouse) == [("a", 1, "red")]
    assert warehouse.replace(PARTS, parts(("b", 2, "blue"))).changed
    assert stored(warehouse) == [("b", 2, "blue")]


def test_what_is_read_is_noted_by_table_and_model_and_what_cannot_be_noted_says_so(warehouse: Warehouse) -> None:
    warehouse.replace(PARTS, parts(("a", 1, "red")))
    builds = Table(
        stage="trial", name="builds", description="Builds.", columns=BUILDS.columns, key=("model", "id"), partitioned=True
    )
    warehouse.replace(builds, pd.DataFrame({"id": ["x"], "model": ["nano"], "size": [1]}), model="nano")
    every, one = ("trial.parts", ""), ("trial.builds", "nano")
    ways: list[tuple[Callable[[], object], set[tuple[str, str]] | None]] = [
        (lambda: warehouse.load(PARTS), {every}),
        (lambda: warehouse.load(builds, model="nano"), {one}),
        (lambda: warehouse.load(builds), {("trial.builds", "")}),
        (lambda: list(warehouse.slices(PARTS)), {every}),
        (lambda: warehouse.repeated(PARTS, ["id"]), {every}),
        (lambda: warehouse.distinct("trial.parts", "id"), {every}),
        (
            lambda: warehouse.frame('WITH p AS (SELECT id FROM "trial".parts AS "odd AS name") SELECT * FROM p, trial.builds b'),
            {every, ("trial.builds", "")},
        ),
        (lambda: warehouse.fingerprint("trial.parts"), set()),
        (lambda: warehouse.frame("SELECT now()"), None),
        (lambda: warehouse.frame("SELECT count(*) FROM trial.parts, information_schema.tables"), None),
        (lambda: warehouse.frame("SELECT count(*) FROM trial.parts, duckdb_tables()"), None),
        (lambda: warehouse.described(PARTS), None),
        (lambda: warehouse.read().__enter__(), None),
        (lambda: (warehouse.described(PARTS), warehouse.load(PARTS)), None),
    ]
    for read, expected in ways:
        with warehouse.noting_reads() as reads:
            read()
        assert reads.tables == expected
    warehouse.load(builds)
    assert reads.tables is None


def test_a_fingerprint_tells_rows_apart_whatever_their_order_and_is_never_stale(warehouse: Warehouse) -> None:
    with warehouse.kept_open():
        assert warehouse.fingerprint("trial.parts") == ""
        found = []
        for rows in ([("a", 1, "red")], [("a", 1, "red"), ("b", 2, None)], [("b", 2, None), ("a", 1, "red")], []):
            warehouse.replace(PARTS, parts(*rows))
            found.append(warehouse.fingerprint("trial.parts"))
            assert warehouse.fingerprint("trial.parts") == found[-1]
        assert found[1] == found[2]
        assert len(set(found)) == 3
        with warehouse.write() as connection:
            assert warehouse.fingerprint("trial.parts") == found[-1]
            connection.execute("INSERT INTO trial.parts SELECT 'c', 3, NULL, 'hash'")
            assert warehouse.fingerprint("trial.parts") != found[-1]
        assert warehouse.fingerprint("trial.parts") != found[-1]
