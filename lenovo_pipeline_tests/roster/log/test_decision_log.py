"""Whatever is done to the log of decisions beside a run is found and named, and nothing is promoted until it is put right."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetCheckResult

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.ledger import Ledger
from lenovo_pipeline.resources.published import publish
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.resources.warehouse import Warehouse
from lenovo_pipeline.roster import checks
from lenovo_pipeline.roster.decide import decide
from lenovo_pipeline.roster.deploying.book import Book
from lenovo_pipeline.roster.log.chain import FIRST, Head, head_of, seal
from lenovo_pipeline.roster.log.decisions import DecisionLog
from lenovo_pipeline.roster.log.heads import Heads
from lenovo_pipeline.roster.reader import require_log, status
from lenovo_pipeline.roster.record import record_decisions, record_deployments
from lenovo_pipeline.roster.tables import DECISIONS

NOON = datetime(2026, 3, 1, 12)
Make = Callable[..., Any]
OLD_COLUMNS = "* EXCLUDE (sequence, follows, hash)"


def decide_on(log: DecisionLog, policy: Make, entry: Make, figures: Make, correct: float) -> int:
    """Decide on two entries, the first of which has this share of right answers."""
    found = {"one": figures(correct=correct), "two": figures()}
    return record_decisions(log, decide(policy(), [entry("one"), entry("two")], found), NOON)[1]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, policy: Make, entry: Make, figures: Make) -> Path:
    """The files of a log of six decisions."""
    place = tmp_path_factory.mktemp("log")
    with Warehouse(str(place / "warehouse.duckdb")).kept_open() as warehouse:
        log = DecisionLog(warehouse, Heads(place / "deployments.db"))
        assert [decide_on(log, policy, entry, figures, correct) for correct in (0.7, 0.9, 0.2)] == [2, 2, 2]
    return place


@pytest.fixture
def kept(written: Path, tmp_path: Path) -> Iterator[DecisionLog]:
    """That log, to be tampered with."""
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    with Warehouse(str(tmp_path / "warehouse.duckdb")).kept_open() as warehouse:
        yield DecisionLog(warehouse, Heads(tmp_path / "deployments.db"))


@pytest.fixture
def add(kept: DecisionLog, policy: Make, entry: Make, figures: Make) -> Callable[[float], int]:
    """Decide again, with this share of right answers; returns how many decisions were added."""
    return partial(decide_on, kept, policy, entry, figures)


def change(log: DecisionLog, *statements: str) -> None:
    with log.warehouse.write() as connection:
        for statement in statements:
            connection.execute(statement)


def sealed_again(log: DecisionLog) -> None:
    """What somebody does who knows how the chain is made: every hash anew."""
    rows = sorted(Ledger(log.warehouse, DECISIONS).rows(), key=lambda row: row["sequence"])
    previous = FIRST
    for number, row in enumerate(rows, start=1):
        row |= {"sequence": number, "follows": previous}
        previous = row["hash"] = seal(row)
        change(
            log,
            f"UPDATE roster.decisions SET sequence = {number}, follows = '{row['follows']}', hash = '{previous}' "
            f"WHERE decision_id = '{row['decision_id']}'",
        )


def test_a_log_that_only_runs_wrote_to_has_nothing_wrong(kept: DecisionLog) -> None:
    assert kept.problems() == []
    rows = kept.rows()
    assert [row["sequence"] for row in rows] == [*range(1, len(rows) + 1)]
    assert rows[0]["follows"] == FIRST and rows[-1]["hash"] == kept.heads.confirmed()[-1].hash
    assert [head.rows for head in kept.heads.confirmed()] == [2, 4, 6]


UNSEALED = "; ".join(f"ALTER TABLE roster.decisions DROP COLUMN {name}" for name in ("sequence", "follows", "hash"))

NO_NUMBERS = "ALTER TABLE roster.decisions ALTER sequence DROP NOT NULL"

TAMPERED: dict[str, tuple[str, str]] = {
    "the verdict of one": (
        "UPDATE roster.decisions SET verdict = 'rejected' WHERE sequence = 6",
        "number 6.* was altered after it was written",
    ),
    "the text of a rule": (
        "UPDATE roster.decisions SET rules = replace(rules, '>= 0.6', '>= 0.1') WHERE sequence = 3",
        "number 3.* was altered after it was written",
    ),
    "the note of a rule of the last one": (
        "UPDATE roster.decisions SET rules = replace(rules, 'lower bound', 'bound') WHERE sequence = 6",
        "number 6.* was altered after it was written",
    ),
    "a limit of the policy": (
        "UPDATE roster.decisions SET policy = replace(policy, '0.6', '0.5') WHERE sequence = 1",
        "number 1.* was altered after it was written",
    ),
    "when it was decided": (
        "UPDATE roster.decisions SET decided_at = decided_at - INTERVAL 1 DAY WHERE sequence = 2",
        "number 2.* was altered after it was written",
    ),
    "the headers that it cites": (
        "UPDATE roster.decisions SET headers = ['ffffffffffffffff'] WHERE sequence = 2",
        "number 2.* was altered after it was written",
    ),
    "the first one removed": ("DELETE FROM roster.decisions WHERE sequence = 1", "number 1 is gone"),
    "some in the middle removed": (
        "DELETE FROM roster.decisions WHERE sequence IN (3, 4)",
        r"numbers 3 to 4 are gone: .*number 5",
    ),
    "the last one removed": (
        "DELETE FROM roster.decisions WHERE sequence = 6",
        "the log ends too early: 6 decisions were written, 5 are there",
    ),
    "all removed": ("DELETE FROM roster.decisions", "the log ends too early: 6 decisions were written, 0 are there"),
    "the table removed": ("DROP TABLE roster.decisions", "the log ends too early: 6 decisions were written, 0 are there"),
    "two exchanged": (
        "UPDATE roster.decisions SET sequence = 9 - sequence WHERE sequence IN (4, 5)",
        "number 4.* does not follow the decision before it",
    ),
    "one added in the middle": (
        "INSERT INTO roster.decisions SELECT * REPLACE ('DEC-0000000000000000' AS decision_id) FROM roster.decisions "
        "WHERE sequence = 2",
        "DEC-0000000000000000.* has the number of another decision|number 2.* has the number of another decision",
    ),
    "one added at the end": (
        "INSERT INTO roster.decisions SELECT * REPLACE ('DEC-0000000000000000' AS decision_id, 7 AS sequence, hash AS follows) "
        "FROM roster.decisions WHERE sequence = 6",
        "1 decisions were added by something else than a run: DEC-0000000000000000",
    ),
    "rules that are no JSON": (
        "ALTER TABLE roster.decisions ALTER rules TYPE VARCHAR; UPDATE roster.decisions SET rules = '[{' WHERE sequence = 3",
        "number 3.* was altered after it was written",
    ),
    "a number taken away": (
        f"{NO_NUMBERS}; UPDATE roster.decisions SET sequence = NULL WHERE sequence = 3",
        "number None.* was altered after it was written: it has lost its number",
    ),
    "all numbers of another type": (
        "ALTER TABLE roster.decisions ALTER sequence TYPE VARCHAR",
        "number 3.* was altered after it was written: it has lost its number",
    ),
    "the rules of all removed, and what sealed them": (
        f"UPDATE roster.decisions SET rules = '[]'; {UNSEALED}",
        "the table of decisions has lost its columns sequence, follows, hash",
    ),
    "the last of each line removed, and what sealed them": (
        f"DELETE FROM roster.decisions WHERE sequence > 4; {UNSEALED}",
        "the table of decisions has lost its columns sequence, follows, hash",
    ),
    "the rules as a whole": ("ALTER TABLE roster.decisions DROP COLUMN rules", "has lost its columns rules"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_is_found_named_and_stops_decisions_and_promotions(
    what: str, kept: DecisionLog, add: Callable[[float], int], tmp_path: Path
) -> None:
    statement, said = TAMPERED[what]
    change(kept, statement)
    result = checks.decision_log_is_as_written(kept.warehouse, Store(tmp_path))
    assert isinstance(result, AssetCheckResult) and not result.passed
    book = Book(kept.heads.path)
    with pytest.raises(PermanentFailure, match=rf"tampered with.*({said}).*make restore"):
        add(0.8)
    with pytest.raises(PermanentFailure, match=said):
        record_deployments(kept, book, [("production", "desk", "one"), ("production", "desk", "two")])
    assert book.history() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE roster.decisions SET rules = replace(rules, '>= 0.6', '>= 0.1') WHERE sequence = 3",
        "DELETE FROM roster.decisions WHERE sequence = 1",
        "DELETE FROM roster.decisions WHERE sequence = 6",
        "UPDATE roster.decisions SET sequence = 9 - sequence WHERE sequence IN (4, 5)",
    ],
)
def test_hashes_made_anew_do_not_hide_it_since_the_head_is_kept_apart(kept: DecisionLog, statement: str) -> None:
    change(kept, statement)
    sealed_again(kept)
    assert kept.problems()


def test_a_log_whose_head_is_gone_is_not_believed(kept: DecisionLog) -> None:
    kept.heads.path.unlink()
    with pytest.raises(PermanentFailure, match="nothing says that the log ends with its 6 decisions: their head is gone"):
        kept.rows()


def test_heads_cannot_be_removed_and_a_damaged_file_is_an_error_in_words(kept: DecisionLog) -> None:
    with sqlite3.connect(kept.heads.path) as connection, pytest.raises(sqlite3.IntegrityError, match="never removed"):
        connection.execute("DELETE FROM decision_heads")
    for part in kept.heads.path.parent.glob("deployments.db*"):
        part.write_bytes(b"no database" * 100)
    with pytest.raises(PermanentFailure, match=r"the head of the decision log.*make restore"):
        kept.rows()


@pytest.mark.parametrize("killed_in", ["announce", "append", "confirm"])
def test_a_kill_at_any_point_of_writing_leaves_a_log_that_can_be_added_to(
    killed_in: str, kept: DecisionLog, add: Callable[[float], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dies(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Ledger if killed_in == "append" else Heads, killed_in, dies)
        add(0.65)
    assert kept.problems() == []
    assert add(0.65) == (0 if killed_in == "confirm" else 1)
    assert kept.problems() == []
    assert len(kept.rows()) == 7
    assert add(0.66) == 1
    assert kept.heads.announced() is None


@pytest.mark.parametrize("there_already", [True, False], ids=["there already", "twice at once"])
def test_decisions_that_would_stand_twice_are_refused_and_the_log_can_be_added_to(
    there_already: bool, kept: DecisionLog, add: Callable[[float], int]
) -> None:
    before = kept.rows()
    row = {name: value for name, value in before[-1].items() if name not in ("sequence", "follows", "hash")}
    new = {**row, "decision_id": "DEC-0000000000000000"}
    with pytest.raises(PermanentFailure, match=r"1 of [12] would stand in it twice"):
        kept.append([row] if there_already else [new, new])
    assert kept.rows() == before
    assert add(0.65) == 1


def test_a_person_lets_a_cut_log_go_on_and_the_reason_is_kept(kept: DecisionLog, add: Callable[[float], int]) -> None:
    change(kept, "DELETE FROM roster.decisions WHERE sequence > 4")
    said = kept.accept(actor="mei", reason="the disk was full")
    assert said.startswith("The log goes on after its 4 decisions") and "6 decisions were written" in said
    assert add(0.2) == 2
    assert kept.problems() == []
    with sqlite3.connect(kept.heads.path) as connection:
        assert ("mei", "the disk was full") in connection.execute("SELECT actor, reason FROM decision_heads").fetchall()
    assert "nothing is to be accepted" in kept.accept(actor="mei", reason="again")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE roster.decisions SET verdict = 'rejected' WHERE sequence = 1",
        TAMPERED["rules that are no JSON"][0],
        TAMPERED["a number taken away"][0],
        UNSEALED,
    ],
)
def test_a_broken_log_is_set_aside_and_begins_again(
    statement: str, kept: DecisionLog, add: Callable[[float], int], tmp_path: Path
) -> None:
    change(kept, statement)
    said = kept.accept(actor="mei", reason="looked into it")
    assert said.startswith("The log begins again; its 6 decisions lie in")
    (aside,) = tmp_path.glob("decisions-*.json")
    assert len(json.loads(aside.read_text())) == 6
    assert add(0.2) == 2
    assert head_of(kept.rows()).rows == 2


def old(log: DecisionLog) -> None:
    """The log as it was written before there was a chain."""
    change(
        log,
        f"CREATE TABLE roster.older AS SELECT {OLD_COLUMNS} FROM roster.decisions",
        "DROP TABLE roster.decisions",
        "ALTER TABLE roster.older RENAME TO decisions",
        "UPDATE pipeline.tables SET contract = 'older' WHERE qualified_name = 'roster.decisions'",
    )
    log.heads.path.unlink()


def test_a_log_from_before_there_was_a_chain_is_taken_over(kept: DecisionLog, add: Callable[[float], int]) -> None:
    before = {row["decision_id"]: row["rules"] for row in kept.rows()}
    old(kept)
    assert kept.problems() == []
    assert {row["decision_id"]: row["rules"] for row in kept.rows()} == before
    places = {row["decision_id"]: row["sequence"] for row in kept.rows()}
    assert all(row["previous"] is None or places[row["previous"]] < row["sequence"] for row in kept.rows())
    assert (add(0.2), add(0.3)) == (0, 1)


def test_an_older_log_that_was_altered_is_refused(kept: DecisionLog) -> None:
    old(kept)
    change(kept, "UPDATE roster.decisions SET verdict = 'rejected'")
    with pytest.raises(PermanentFailure, match="was altered after it was written"):
        kept.rows()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM roster.decisions WHERE sequence = 8", "it ends where no log ever ended"),
        (TAMPERED["rules that are no JSON"][0], r"DEC-\w+ \(number 3, .* was altered after it was written"),
        (TAMPERED["a number taken away"][0], r"DEC-\w+ \(number None, .* it has lost its number"),
        (f"{NO_NUMBERS}; UPDATE roster.decisions SET sequence = NULL", "number None, .* it has lost its number"),
    ],
)
def test_a_person_promotes_nothing_by_a_snapshot_that_was_tampered_with(
    statement: str, said: str, kept: DecisionLog, add: Callable[[float], int], tmp_path: Path
) -> None:
    store = Store(tmp_path)
    change(kept, "CREATE TABLE roster.deployments (entry VARCHAR)")
    publish(store, kept.warehouse, made_by={})
    require_log(store)
    add(0.8)
    require_log(store)  # Decisions that were added since are no tampering.
    publish(store, kept.warehouse, made_by={})
    snapshot = Warehouse(str(store.published.resolve() / "warehouse.duckdb"))
    with snapshot.write() as connection:
        connection.execute(statement)
    with pytest.raises(PermanentFailure, match=said):
        require_log(store)


def test_a_snapshot_whose_rules_are_no_json_is_an_error_that_names_the_decision(kept: DecisionLog, tmp_path: Path) -> None:
    store = Store(tmp_path)
    change(
        kept,
        "CREATE TABLE roster.deployments (entry VARCHAR)",
        "CREATE TABLE roster.entries AS SELECT 'one' AS entry",
        "ALTER TABLE roster.decisions ALTER rules TYPE VARCHAR",
        "UPDATE roster.decisions SET rules = '[{'",
    )
    publish(store, kept.warehouse, made_by={})
    with pytest.raises(
        PermanentFailure, match=r"the decision DEC-\w+ was altered after it was written: its rules cannot be read"
    ):
        status(store)


def test_a_head_is_told_by_its_number_and_hash() -> None:
    assert head_of([]) == Head(0, FIRST)
